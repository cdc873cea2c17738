//! Live status: a stream of events, each naming a session that changed. It reads the database, so it hears of changes
//! that other processes made.

use super::Answer;
use crate::{App, auth::login::Viewer};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::Timestamp;
use futures::{Stream, StreamExt, stream};
use std::{collections::HashMap, convert::Infallible, time::Duration};
use tower_sessions::Session;

/// How often changes are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A change becomes visible when its transaction ends, which can be a little after the time that it carries.
const OVERLAP_SECONDS: f64 = 3.0;
/// After so many looks the login is asked for again: a stream must not outlive it.
const LOOKS_PER_LOGIN: u32 = 5;

/// `GET /events/sessions`
pub async fn sessions(State(app): State<App>, viewer: Viewer, login: Session, headers: HeaderMap) -> Answer {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let since = last.map_or_else(|| app.now(), Timestamp);
    let stream = changes(Watch { app, login, viewer, since, told: HashMap::new(), looks: 0 });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}

struct Watch {
    app: App,
    login: Session,
    viewer: Viewer,
    since: Timestamp,
    /// What was told, with the time of its change, as far back as the overlap reaches.
    told: HashMap<domain::SessionId, Timestamp>,
    looks: u32,
}

fn changes(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(watch, |mut watch| async move {
        tokio::time::sleep(LOOK_EVERY).await;
        watch.looks += 1;
        if watch.looks.is_multiple_of(LOOKS_PER_LOGIN) && watch.is_signed_out().await {
            return None;
        }
        let events = watch.look().await;
        Some((stream::iter(events), watch))
    })
    .flatten()
}

impl Watch {
    async fn is_signed_out(&self) -> bool {
        // As it is kept now, not as it was read when the stream began.
        let kept = self.login.load().await;
        let viewer = Viewer::of(&self.app, &self.login, self.viewer.address).await;
        kept.is_ok() && viewer.is_ok_and(|viewer| viewer.is_none_or(|viewer| viewer.owes_second_factor))
    }

    async fn look(&mut self) -> Vec<Result<Event, Infallible>> {
        let from = self.since.plus_seconds(-OVERLAP_SECONDS);
        // A database that is away is told by the pages; the stream goes on when it is back.
        let Ok(changed) = self.app.db.sessions_changed(self.viewer.tenant.id, from).await else { return Vec::new() };
        self.told.retain(|_, at| *at > from);
        let fresh: Vec<_> = changed.into_iter().filter(|(id, at)| self.told.get(id) != Some(at)).collect();
        fresh
            .into_iter()
            .map(|(id, at)| {
                self.told.insert(id, at);
                self.since = self.since.max(at);
                Ok(Event::default().event("session").id(at.0.to_string()).data(id.to_string()))
            })
            .collect()
    }
}

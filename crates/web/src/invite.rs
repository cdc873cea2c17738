//! Links by which somebody sets a password, on their way: by mail, or to whoever made them.

use crate::{App, auth::link, dashboard::origin, pages::when::When};
use axum::http::HeaderMap;
use domain::{tenant::Tenant, user::User};
use storage::db::user_links::{LinkKind, NewLink};

/// What became of a link.
pub struct HandedOver {
    /// The link; `None` where the mail server took it.
    pub url: Option<String>,
    /// Why it could not be sent.
    pub failure: Option<String>,
}

/// Sends a link by mail, or gives it back where that is not possible. `by` is who made it, if it was a person.
pub async fn hand_over(
    app: &App,
    (tenant, by): (&Tenant, Option<&str>),
    headers: &HeaderMap,
    user: &User,
    (token, link): (&str, &NewLink),
) -> HandedOver {
    let url = link::address(&origin(app, headers), token);
    let Some(mailer) = &app.mailer else { return HandedOver { url: Some(url), failure: None } };
    let (subject, text) = mail((tenant, by), user, link, &url);
    match mailer.send(&user.email, &user.full_name, &subject, text).await {
        Ok(()) => HandedOver { url: None, failure: None },
        Err(error) => {
            tracing::warn!(%error, user = %user.id, "a mail could not be sent");
            HandedOver { url: Some(url), failure: Some(error.to_string()) }
        }
    }
}

fn mail((tenant, by): (&Tenant, Option<&str>), user: &User, link: &NewLink, url: &str) -> (String, String) {
    let until = When::new(link.expires_at, &tenant.timezone);
    let (name, until, organisation) = (&user.full_name, until.exact(), &tenant.name);
    match link.kind {
        LinkKind::Invitation => {
            let invites = match by {
                Some(by) => format!("{by} invites you to {organisation} on TrainAR."),
                None => format!("You are invited to {organisation} on TrainAR."),
            };
            let text = format!(
                "Hello {name},\n\n{invites}\nOpen this link to set your password. It is good once, until {until}.\n\n{url}\n"
            );
            (format!("Your login for {organisation}"), text)
        }
        LinkKind::Reset => {
            let by = by.unwrap_or(organisation);
            let text = format!(
                "Hello {name},\n\n{by} made a link for you to set a new password. It is good once, until {until}.\n\n{url}\n\nIf you did not ask for it, tell an administrator.\n"
            );
            ("A new password for TrainAR".to_owned(), text)
        }
    }
}

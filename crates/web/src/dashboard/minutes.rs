//! Reports, Minutes: the page, its form, and the ledger as a file.

use super::{Answer, failed, forbidden, own_form, page};
use crate::{
    App,
    auth::login::Viewer,
    minutes_report::MinutesReport,
    pages::{
        layout::{Area, Layout},
        minutes::{Chart, LedgerRow, Left, MinutesForm, MinutesPage, show_day, show_seconds},
    },
};
use axum::{
    Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Timestamp, audit::Actor, minutes::ReportPeriod, user::UserRole};
use serde::Deserialize;
use storage::{
    DbError,
    db::{
        minute_rows::{MinuteCursor, MinuteRow},
        minutes::{By, NewPack},
    },
};
use tower_sessions::Session;
use uuid::Uuid;

/// Rows of one page of the ledger, and rows that are read at once for the file.
const PAGE_SIZE: u64 = 50;
const AT_ONCE: u64 = 1000;
/// More are a slip of the finger.
const MOST_MINUTES: i64 = 10_000_000;

/// What the address says.
#[derive(Deserialize)]
pub struct Wanted {
    period: Option<String>,
    before: Option<String>,
}

/// Minutes that an administrator adds or adjusts.
#[derive(Deserialize)]
pub struct Change {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    reason: String,
}

/// `GET /reports/minutes`: a period that is unknown is this month.
pub async fn show(State(app): State<App>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Answer {
    page(&minutes(&app, &viewer, &wanted, MinutesForm::default()).await?)
}

/// `POST /reports/minutes`
pub async fn change(State(app): State<App>, viewer: Viewer, login: Session, Form(change): Form<Change>) -> Answer {
    if viewer.user.role != UserRole::Admin {
        return Err(forbidden(&viewer));
    }
    own_form(&login, &viewer, &change.csrf_token).await?;
    let problem = match apply(&app, &viewer, &change).await {
        Ok(()) => return Ok(Redirect::to("/reports/minutes").into_response()),
        Err(Refusal::Problem(problem)) => problem,
        Err(Refusal::Failed(response)) => return Err(response),
    };
    let adjusts = change.what == "adjust";
    let form = MinutesForm {
        adjusts,
        minutes: change.minutes,
        reason: change.reason,
        problem: Some(problem),
        ..MinutesForm::default()
    };
    let shown = minutes(&app, &viewer, &Wanted { period: None, before: None }, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
}

/// `GET /reports/minutes.csv`: the ledger of a period, oldest row last.
pub async fn file(State(app): State<App>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Answer {
    let tenant = &viewer.tenant;
    let period = period_of(&wanted);
    let days = period.days(app.now().date(&tenant.timezone));
    let instants = days.instants(&tenant.timezone);
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(COLUMNS).map_err(failed)?;
    let mut before = None;
    loop {
        let rows = app.db.minute_rows(tenant.id, instants, before, AT_ONCE).await.map_err(failed)?;
        for row in &rows {
            file.write_record(record(row)).map_err(failed)?;
        }
        before = rows.last().map(cursor_of);
        if (rows.len() as u64) < AT_ONCE {
            break;
        }
    }
    let bytes = file.into_inner().map_err(failed)?;
    let name = format!("attachment; filename=\"minutes-{}-{}.csv\"", days.first, days.last);
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)], bytes)
        .into_response())
}

const COLUMNS: [&str; 12] = [
    "time",
    "kind",
    "cause",
    "seconds",
    "included_seconds",
    "purchased_seconds",
    "counted",
    "session_id",
    "session_name",
    "period",
    "reason",
    "user",
];

fn record(row: &MinuteRow) -> [String; 12] {
    let t = &row.transaction;
    [
        t.created_at.to_string(),
        t.kind.to_string(),
        t.cause.to_string(),
        t.seconds.to_string(),
        t.included_seconds.to_string(),
        (t.seconds - t.included_seconds).to_string(),
        t.counted.to_string(),
        t.session_id.map(|id| id.to_string()).unwrap_or_default(),
        words(row.session_name.as_deref()),
        t.period.clone().unwrap_or_default(),
        words(t.reason.as_deref()),
        words(row.user_name.as_deref()),
    ]
}

/// What people typed: a spreadsheet shall not take it for a formula.
fn words(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

enum Refusal {
    Problem(String),
    Failed(Response),
}

async fn apply(app: &App, viewer: &Viewer, change: &Change) -> Result<(), Refusal> {
    let refuse = |problem: &str| Refusal::Problem(problem.to_owned());
    let minutes: i64 = change.minutes.trim().parse().unwrap_or(0);
    let reason = change.reason.trim().to_owned();
    if minutes == 0 || minutes.abs() > MOST_MINUTES {
        return Err(refuse("Give whole minutes, at most 10,000,000, and not 0. Nothing was changed."));
    }
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(refuse("Give a reason of at most 500 characters. Nothing was changed."));
    }
    let (tenant, now) = (viewer.tenant.id, app.now());
    let by = By { actor: Actor::user(&viewer.user), address: Some(viewer.address) };
    if !["adjust", "pack"].contains(&change.what.as_str()) {
        return Err(refuse("Choose whether to add a pack or to adjust. Nothing was changed."));
    }
    let done = if change.what == "adjust" {
        app.db.adjust_minutes(tenant, minutes * 60, &reason, by, now).await.map(drop)
    } else if minutes < 0 {
        return Err(refuse("A pack has 1 minute or more. Choose Adjust to take minutes away. Nothing was changed."));
    } else {
        let idempotency_key = change.key.parse::<Uuid>().ok().map(|key| format!("form:{key}"));
        let pack = NewPack { seconds: minutes * 60, reason: Some(reason), idempotency_key };
        app.db.add_minutes(tenant, pack, by, now).await.map(drop)
    };
    done.map_err(|error| match error {
        DbError::Rule(rule) => {
            let text = rule.to_string();
            let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
            Refusal::Problem(format!("{}{rest}. Nothing was changed.", first.to_uppercase()))
        }
        error => Refusal::Failed(failed(error)),
    })
}

fn period_of(wanted: &Wanted) -> ReportPeriod {
    wanted.period.as_deref().and_then(|word| word.parse().ok()).unwrap_or_default()
}

async fn minutes(app: &App, viewer: &Viewer, wanted: &Wanted, form: MinutesForm) -> Result<MinutesPage, Response> {
    let (tenant, now) = (&viewer.tenant, app.now());
    let period = period_of(wanted);
    let report = MinutesReport::of(app, tenant, period, now).await.map_err(failed)?;
    let before = wanted.before.as_deref().and_then(read_cursor);
    let mut rows = app.db.minute_rows(tenant.id, report.instants, before, PAGE_SIZE + 1).await.map_err(failed)?;
    let more = rows.len() as u64 > PAGE_SIZE;
    rows.truncate(PAGE_SIZE as usize);
    let older = rows.last().filter(|_| more).map(cursor_of).map(|c| format!("{}.{}", c.at.0, c.id));
    let who = viewer.signed_in();
    let may_add = who.is_admin && report.balance.is_some();
    let form =
        may_add.then(|| MinutesForm { csrf_token: who.csrf_token.clone(), key: Uuid::new_v4().to_string(), ..form });
    Ok(MinutesPage {
        layout: Layout::new("Minutes", Area::Reports, who),
        form,
        period,
        dates: (show_day(report.days.first), show_day(report.days.last)),
        left: Left::of(&report, tenant.included_minutes),
        runway: report.runway.map(|runway| runway.sentence()),
        used: show_seconds(report.total.used),
        not_charged: Some(report.total.not_charged)
            .filter(|seconds| *seconds > 0 && report.balance.is_some())
            .map(show_seconds),
        chart: Chart::of(&report),
        rows: rows.into_iter().map(|row| LedgerRow::new(row, &tenant.timezone)).collect(),
        older,
        is_later_page: before.is_some(),
    })
}

fn cursor_of(row: &MinuteRow) -> MinuteCursor {
    MinuteCursor { at: row.transaction.created_at, id: row.transaction.id }
}

fn read_cursor(text: &str) -> Option<MinuteCursor> {
    let (at, id) = text.split_once('.')?;
    Some(MinuteCursor { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? })
}

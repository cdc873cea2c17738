//! The report of minutes: what is left, what a period used by day, and how long the rest lasts. The page and the API show the same.

use crate::App;
use domain::{
    Timestamp,
    minutes::{Days, RUNWAY_DAYS, ReportPeriod, Runway},
    tenant::Tenant,
};
use jiff::civil::Date;
use std::collections::BTreeMap;
use storage::{
    DbError,
    db::{minute_rows::MinuteUse, minutes::Balance},
};

/// What there is to say of a tenant's minutes.
#[derive(Clone, Debug)]
pub struct MinutesReport {
    /// What it covers.
    pub days: Days,
    /// The same as instants: from the first to before the second.
    pub instants: (Timestamp, Timestamp),
    /// What is left now; `None` where minutes are not counted.
    pub balance: Option<Balance>,
    /// How long it lasts; `None` where minutes are not counted.
    pub runway: Option<Runway>,
    /// Every day of the period with what was written on it.
    pub by_day: Vec<(Date, MinuteUse)>,
    /// All of it.
    pub total: MinuteUse,
}

impl MinutesReport {
    /// The report of a tenant in a period, as of `now`.
    pub async fn of(app: &App, tenant: &Tenant, period: ReportPeriod, now: Timestamp) -> Result<Self, DbError> {
        let zone = &tenant.timezone;
        let days = period.days(now.date(zone));
        let instants = days.instants(zone);
        let used = app.db.minutes_used(tenant.id, instants.0, instants.1).await?;
        let balance = app.db.minute_balance(tenant.id, now).await?;
        let runway = match balance {
            Some(balance) => Some(runway(app, tenant, balance, now).await?),
            None => None,
        };
        let mut total = MinuteUse::default();
        let mut by_day: BTreeMap<Date, MinuteUse> = days.all().map(|day| (day, MinuteUse::default())).collect();
        for used in &used {
            total.add(used);
            by_day.entry(used.at.date(zone)).or_default().add(used);
        }
        Ok(Self { days, instants, balance, runway, by_day: by_day.into_iter().collect(), total })
    }

    /// Whether nothing was written in the period.
    pub fn is_empty(&self) -> bool {
        self.by_day.iter().all(|(_, used)| used.used == 0)
    }
}

async fn runway(app: &App, tenant: &Tenant, balance: Balance, now: Timestamp) -> Result<Runway, DbError> {
    let day = 86_400.0;
    let since = now.plus_seconds(-day * RUNWAY_DAYS as f64);
    let used = app.db.minutes_used(tenant.id, since, now.plus_seconds(1.0)).await?;
    let used = used.iter().map(|used| used.used).sum();
    let first = app.db.first_minute_used(tenant.id).await?;
    let days = first.map_or(RUNWAY_DAYS, |first| (now.seconds_since(first.max(since)) / day).ceil() as i64);
    Ok(Runway::of(balance.pool.left(), used, days))
}

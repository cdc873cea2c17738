//! Minutes: the append-only ledger of a tenant's active session time, in seconds.

use crate::{MinuteTransactionId, SessionId, Span, TenantId, Timestamp, UserId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a row of the ledger is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MinuteKind {
    /// Refreshed monthly.
    Included,
    /// Bought; does not expire.
    Purchased,
    /// Spent by a session.
    Used,
    /// Put right, with a reason.
    Adjusted,
}

/// Why a row was written.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MinuteCause {
    /// A month's included minutes.
    Granted,
    /// What was left of an earlier month's.
    Lapsed,
    /// The included minutes of a month were changed within it.
    IncludedChanged,
    /// A pack was bought.
    Pack,
    /// A session ended.
    Session,
    /// What is known of the active time of a session has changed.
    SessionChanged,
    /// A session took more than was left.
    NotCharged,
    /// By a person, who says why.
    ByHand,
}

impl MinuteCause {
    /// The kind of its rows.
    pub fn kind(self) -> MinuteKind {
        match self {
            Self::Granted | Self::Lapsed => MinuteKind::Included,
            Self::Pack => MinuteKind::Purchased,
            Self::Session => MinuteKind::Used,
            Self::IncludedChanged | Self::SessionChanged | Self::NotCharged | Self::ByHand => MinuteKind::Adjusted,
        }
    }

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Granted => "Included minutes of the month",
            Self::Lapsed => "Included minutes lapsed",
            Self::IncludedChanged => "Included minutes changed",
            Self::Pack => "Pack added",
            Self::Session => "Session",
            Self::SessionChanged => "Session corrected",
            Self::NotCharged => "Not charged",
            Self::ByHand => "Adjusted by hand",
        }
    }
}

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct MinuteTransaction {
    pub id: MinuteTransactionId,
    pub tenant_id: TenantId,
    pub kind: MinuteKind,
    pub cause: MinuteCause,
    /// Seconds; negative where they leave the pool.
    pub seconds: i64,
    /// How much of `seconds` the included minutes gave or got; the rest is of the purchased ones.
    pub included_seconds: i64,
    /// Whether it changes the balance: not where the tenant's minutes were not counted.
    pub counted: bool,
    pub session_id: Option<SessionId>,
    /// The month of included minutes, such as `2026-11`.
    pub period: Option<String>,
    /// One sentence for people.
    pub reason: Option<String>,
    /// Who added or adjusted; `None` for the operator, for a program, and for what happens by itself.
    pub user_id: Option<UserId>,
    pub created_at: Timestamp,
}

/// What a tenant has, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Of this month's included minutes.
    pub included: i64,
    /// Of all that was bought or given.
    pub purchased: i64,
}

/// What a pool gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Taken {
    pub included: i64,
    pub purchased: i64,
    /// What nothing was left for.
    pub beyond: i64,
}

impl Pool {
    /// Seconds that are left.
    pub fn left(&self) -> i64 {
        self.included + self.purchased
    }

    /// Takes seconds, included ones first, and never more than there are.
    pub fn take(&self, seconds: i64) -> Taken {
        let included = seconds.min(self.included).max(0);
        let purchased = (seconds - included).min(self.purchased).max(0);
        Taken { included, purchased, beyond: seconds - included - purchased }
    }
}

/// Seconds of a session that count: from its start to its end, without its pauses. All in seconds on the session's clock;
/// a pause without an end lasts to the end of the session.
pub fn active_seconds(end: f64, pauses: &[(f64, Option<f64>)]) -> i64 {
    let pauses = pauses.iter().map(|(from, to)| Span::new(*from, to.unwrap_or(end).max(*from))).collect();
    let active = Span::new(0.0, end.max(0.0)).without(&Span::merged(pauses));
    // A clock's last digit is no second.
    (active.iter().map(Span::duration).sum::<f64>() + 1e-6) as i64
}

/// The month in which an instant lies, as a tenant in `timezone` reads it: `2026-11`.
pub fn month(at: Timestamp, timezone: &str) -> String {
    at.date(timezone).strftime("%Y-%m").to_string()
}

/// How long minutes will last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runway {
    /// More than a year.
    Plenty,
    /// About so many days, 7 to 365.
    Days(i64),
    /// Less than a week.
    Few,
    /// Nothing is left.
    None,
    /// There are minutes, and nothing was used by which it could be told how long they last.
    Unknown,
}

/// Over how many days use is looked at to tell how long minutes last.
pub const RUNWAY_DAYS: i64 = 28;

impl Runway {
    /// From the seconds left and those used in the last `days` days, which are at most [`RUNWAY_DAYS`]: fewer where the
    /// first use is not as long ago.
    pub fn of(left: i64, used: i64, days: i64) -> Self {
        if left < 60 {
            return Self::None;
        }
        if used <= 0 {
            return Self::Unknown;
        }
        let lasts = left as f64 / used as f64 * days.clamp(1, RUNWAY_DAYS) as f64;
        match lasts {
            days if days > 365.0 => Self::Plenty,
            days if days < 7.0 => Self::Few,
            days => Self::Days(days.round() as i64),
        }
    }

    /// The sentence of the report.
    pub fn sentence(self) -> String {
        match self {
            Self::Plenty => "Plenty of minutes remaining.".into(),
            Self::Days(days) => format!("About {days} days of minutes remaining."),
            Self::Few => "Consider purchasing more minutes.".into(),
            Self::None => "No minutes left. Consider purchasing more minutes.".into(),
            Self::Unknown => "Nothing was used in the last 28 days, so it cannot be told how long they last.".into(),
        }
    }
}

/// Whole minutes of seconds, downwards.
pub fn whole_minutes(seconds: i64) -> i64 {
    seconds.max(0) / 60
}

/// What a report covers: days of the tenant's calendar, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Days {
    pub first: Date,
    pub last: Date,
}

/// The choices of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum ReportPeriod {
    /// From the first of this month to today.
    #[default]
    ThisMonth,
    /// The whole month before.
    LastMonth,
    /// 30 days, today being the last.
    #[strum(serialize = "last-30-days")]
    Last30Days,
    /// 90 days, today being the last.
    #[strum(serialize = "last-90-days")]
    Last90Days,
    /// From 1 January to today.
    ThisYear,
}

impl ReportPeriod {
    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::ThisMonth => "This month",
            Self::LastMonth => "Last month",
            Self::Last30Days => "Last 30 days",
            Self::Last90Days => "Last 90 days",
            Self::ThisYear => "This year",
        }
    }

    /// Its days, where today is `today`.
    pub fn days(self, today: Date) -> Days {
        use jiff::ToSpan;
        let before = |days: i64| today.saturating_sub(days.days());
        match self {
            Self::ThisMonth => Days { first: today.first_of_month(), last: today },
            Self::LastMonth => {
                let last = today.first_of_month().saturating_sub(1.day());
                Days { first: last.first_of_month(), last }
            }
            Self::Last30Days => Days { first: before(29), last: today },
            Self::Last90Days => Days { first: before(89), last: today },
            Self::ThisYear => Days { first: today.first_of_year(), last: today },
        }
    }
}

impl Days {
    /// Every day, in order.
    pub fn all(self) -> impl Iterator<Item = Date> {
        self.first.series(jiff::ToSpan::day(1)).take_while(move |day| *day <= self.last)
    }

    /// The instants at which the first day begins and the day after the last one, in `timezone`: days of a change to or from
    /// summer time have 23 or 25 hours.
    pub fn instants(self, timezone: &str) -> (Timestamp, Timestamp) {
        let after = self.last.saturating_add(jiff::ToSpan::day(1));
        (Timestamp::start_of(self.first, timezone), Timestamp::start_of(after, timezone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn included_minutes_go_first_and_nothing_goes_below_zero() {
        let pool = Pool { included: 60, purchased: 100 };
        for (seconds, taken) in
            [(0, (0, 0, 0)), (50, (50, 0, 0)), (61, (60, 1, 0)), (160, (60, 100, 0)), (200, (60, 100, 40))]
        {
            let (included, purchased, beyond) = taken;
            assert_eq!(pool.take(seconds), Taken { included, purchased, beyond });
        }
        assert_eq!(Pool::default().take(9), Taken { included: 0, purchased: 0, beyond: 9 });
    }

    #[test]
    fn pauses_do_not_count() {
        assert_eq!(active_seconds(100.9, &[]), 100);
        assert_eq!(active_seconds(-3.0, &[]), 0);
        assert_eq!(active_seconds(100.0, &[(10.0, Some(20.0)), (15.0, Some(30.0)), (90.0, None)]), 70);
        assert_eq!(active_seconds(100.0, &[(200.0, None), (0.0, Some(300.0))]), 0);
        assert_eq!(active_seconds(0.1 + 0.2 + 0.7, &[]), 1);
    }

    #[test]
    fn a_month_is_one_of_the_tenant() {
        let at: Timestamp = serde_json::from_str("\"2026-10-31T23:30:00Z\"").expect("valid");
        assert_eq!(month(at, "Europe/Berlin"), "2026-11");
        assert_eq!(month(at, "America/New_York"), "2026-10");
    }

    #[test]
    fn how_long_minutes_last_is_told_from_use_only() {
        let day = 3600;
        for (left, used, days, expected) in [
            (59, 1000, 28, Runway::None),
            (0, 0, 28, Runway::None),
            (6000, 0, 28, Runway::Unknown),
            (365 * day, 28 * day, 28, Runway::Days(365)),
            (366 * day, 28 * day, 28, Runway::Plenty),
            (7 * day, 28 * day, 28, Runway::Days(7)),
            (6 * day, 28 * day, 28, Runway::Few),
            // Two days of use, and both were in these two days.
            (10 * day, 2 * day, 2, Runway::Days(10)),
        ] {
            assert_eq!(Runway::of(left, used, days), expected, "{left} {used} {days}");
        }
    }

    #[test]
    fn periods_are_whole_days() {
        let today = date(2024, 3, 31);
        let days = |period: ReportPeriod| {
            let Days { first, last } = period.days(today);
            (first, last)
        };
        assert_eq!(days(ReportPeriod::ThisMonth), (date(2024, 3, 1), today));
        assert_eq!(days(ReportPeriod::LastMonth), (date(2024, 2, 1), date(2024, 2, 29)));
        assert_eq!(days(ReportPeriod::Last30Days), (date(2024, 3, 2), today));
        assert_eq!(days(ReportPeriod::ThisYear), (date(2024, 1, 1), today));
        assert_eq!(ReportPeriod::Last30Days.days(today).all().count(), 30);
        assert_eq!("last-30-days".parse(), Ok(ReportPeriod::Last30Days));
    }

    #[test]
    fn the_day_on_which_summer_time_begins_has_23_hours() {
        let day = Days { first: date(2026, 3, 29), last: date(2026, 3, 29) };
        let (from, to) = day.instants("Europe/Berlin");
        assert_eq!(to.seconds_since(from), 23.0 * 3600.0);
    }
}

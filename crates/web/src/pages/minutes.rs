//! Reports, Minutes: what is left, what was used by day, and the ledger.

use super::{layout::Layout, when::When};
use crate::minutes_report::MinutesReport;
use askama::Template;
use domain::{
    SessionId,
    minutes::{MinuteCause, ReportPeriod, whole_minutes},
    time::show_duration,
};
use jiff::civil::Date;
use storage::db::minute_rows::{MinuteRow, MinuteUse};
use strum::VariantArray;

/// Height of the chart in its own units.
const HEIGHT: f64 = 100.0;
/// Width of a day, and of its bar.
const DAY: f64 = 10.0;
const BAR: f64 = 7.0;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/minutes.html")]
pub struct MinutesPage {
    /// The frame.
    pub layout: Layout,
    /// Of the form; `None` for whoever may not add minutes.
    pub form: Option<MinutesForm>,
    /// The period that is shown.
    pub period: ReportPeriod,
    /// Its first and last day.
    pub dates: (String, String),
    /// What is left; `None` where minutes are not counted.
    pub left: Option<Left>,
    /// How long it lasts, in a sentence.
    pub runway: Option<String>,
    /// Used in the period: `4h 12m`.
    pub used: String,
    /// What of it nothing was left for; `None` where there is none, or minutes are not counted.
    pub not_charged: Option<String>,
    /// The use by day; `None` where there is none.
    pub chart: Option<Chart>,
    /// The ledger, newest first.
    pub rows: Vec<LedgerRow>,
    /// Where the older rows begin.
    pub older: Option<String>,
    /// Whether this is not the first page of the ledger.
    pub is_later_page: bool,
}

/// What a tenant has, in whole minutes.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Left {
    pub remaining: i64,
    pub included: i64,
    /// That each month brings.
    pub monthly: u32,
    pub purchased: i64,
    /// Of sessions that run.
    pub reserved: i64,
}

/// What somebody typed, and what was wrong with it.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct MinutesForm {
    pub csrf_token: String,
    /// The same form adds one pack, however often it is sent.
    pub key: String,
    pub adjusts: bool,
    pub minutes: String,
    pub reason: String,
    pub problem: Option<String>,
}

/// Bars of seconds by day, the included below, then the purchased, then the rest.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Units of the drawing.
    pub width: f64,
    /// What the upper edge means: `120 min`.
    pub top: String,
    /// What the middle means.
    pub middle: String,
    /// One for each day; a day without use is a gap.
    pub days: Vec<ChartDay>,
    /// Whether any bar is of included, of purchased minutes, of others.
    pub has: [bool; 3],
    /// Whether minutes are counted at all.
    pub is_counted: bool,
}

/// A day of the chart and of the table behind it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ChartDay {
    /// `21 Nov 2026`
    pub date: String,
    pub bars: Vec<Bar>,
    /// `12m 05s`: all, of included, of purchased minutes, others; `—` where there is nothing.
    pub cells: [String; 4],
    pub is_empty: bool,
}

/// A piece of a bar.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Bar {
    pub class: &'static str,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A row of the ledger.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct LedgerRow {
    pub at: When,
    pub what: &'static str,
    pub cause: MinuteCause,
    /// `None` where it is about no session.
    pub session: Option<(SessionId, Option<String>)>,
    pub reason: Option<String>,
    pub user: Option<String>,
    /// `+20m 00s`, `−4m 12s`
    pub amount: String,
    pub is_less: bool,
    pub is_counted: bool,
}

impl MinutesPage {
    /// Every period with whether it is the shown one.
    pub fn periods(&self) -> Vec<(ReportPeriod, bool)> {
        ReportPeriod::VARIANTS.iter().map(|period| (*period, *period == self.period)).collect()
    }

    /// The address of the newest rows.
    pub fn newest_url(&self) -> String {
        format!("/reports/minutes?period={}#ledger", self.period)
    }

    /// The address of the older rows.
    pub fn older_url(&self) -> Option<String> {
        Some(format!("/reports/minutes?period={}&before={}#ledger", self.period, self.older.as_deref()?))
    }
}

/// `21 Nov 2026`
pub fn show_day(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// `4h 12m`, `0s`, and `−` before what is negative.
pub fn show_seconds(seconds: i64) -> String {
    let sign = if seconds < 0 { "−" } else { "" };
    format!("{sign}{}", show_duration(Some(seconds.abs() as f64)))
}

impl Left {
    /// What a report says; `None` where minutes are not counted.
    pub fn of(report: &MinutesReport, monthly: Option<u32>) -> Option<Self> {
        let balance = report.balance?;
        Some(Self {
            remaining: whole_minutes(balance.pool.left()),
            included: whole_minutes(balance.pool.included),
            monthly: monthly.unwrap_or(0),
            purchased: whole_minutes(balance.pool.purchased),
            reserved: whole_minutes(balance.reserved),
        })
    }
}

impl Chart {
    /// The use of each day of a report; `None` where there is none.
    pub fn of(report: &MinutesReport) -> Option<Self> {
        if report.is_empty() {
            return None;
        }
        let most = report.by_day.iter().map(|(_, used)| pieces(used).iter().sum::<i64>()).max().unwrap_or(0);
        let top = round_minutes(most as f64 / 60.0);
        let day = |(number, (date, used)): (usize, &(Date, MinuteUse))| {
            let mut y = HEIGHT;
            let mut bars = Vec::new();
            for (seconds, class) in pieces(used).into_iter().zip(["bar-included", "bar-purchased", "bar-other"]) {
                let height = seconds as f64 / 60.0 / top * HEIGHT;
                y -= height;
                if seconds > 0 {
                    bars.push(Bar { class, x: number as f64 * DAY + (DAY - BAR) / 2.0, y, width: BAR, height });
                }
            }
            let cell = |seconds: i64| if seconds == 0 { "—".into() } else { show_seconds(seconds) };
            let cells = [used.used, used.included, used.purchased(), used.not_charged].map(cell);
            ChartDay { date: show_day(*date), bars, cells, is_empty: used.used == 0 }
        };
        let has = |class: &str| report.by_day.iter().any(|(_, used)| pieces(used)[index(class)] > 0);
        Some(Self {
            width: report.by_day.len() as f64 * DAY,
            top: format!("{top} min"),
            middle: format!("{} min", top / 2.0),
            days: report.by_day.iter().enumerate().map(day).collect(),
            has: ["included", "purchased", "other"].map(has),
            is_counted: report.balance.is_some(),
        })
    }
}

/// Seconds of included and of purchased minutes, and others; what a correction took back is no bar.
fn pieces(used: &MinuteUse) -> [i64; 3] {
    [used.included, used.purchased(), used.not_charged].map(|seconds| seconds.max(0))
}

fn index(class: &str) -> usize {
    ["included", "purchased", "other"].iter().position(|known| *known == class).unwrap_or(2)
}

/// The next round number of minutes: 1, 2, 4, 6, 10, 20, 40, 60, …
fn round_minutes(minutes: f64) -> f64 {
    let ten = 10_f64.powf(minutes.max(1.0).log10().floor());
    [1.0, 2.0, 4.0, 6.0, 10.0].map(|step| step * ten).into_iter().find(|top| *top >= minutes).unwrap_or(10.0 * ten)
}

impl LedgerRow {
    /// A row as it is read in `timezone`.
    pub fn new(row: MinuteRow, timezone: &str) -> Self {
        let MinuteRow { transaction: t, session_name, user_name } = row;
        let sign = if t.seconds > 0 { "+" } else { "" };
        Self {
            at: When::new(t.created_at, timezone),
            what: t.cause.label(),
            cause: t.cause,
            session: t.session_id.map(|id| (id, session_name)),
            reason: t.reason,
            user: user_name,
            amount: format!("{sign}{}", show_seconds(t.seconds)),
            is_less: t.seconds < 0,
            is_counted: t.counted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_ends_at_a_round_number() {
        for (minutes, top) in
            [(0.2, 1.0), (1.0, 1.0), (3.0, 4.0), (11.0, 20.0), (60.0, 60.0), (61.0, 100.0), (999.0, 1000.0)]
        {
            assert_eq!(round_minutes(minutes), top, "{minutes}");
        }
    }

    #[test]
    fn what_was_taken_back_is_shown_as_such() {
        assert_eq!(show_seconds(-252), "−4m 12s");
        assert_eq!(show_seconds(0), "0s");
    }
}

//! The report of minutes in every state.

use super::{check, check_without, facts::*};
use crate::{
    minutes_report::MinutesReport,
    pages::{
        layout::{Area, Layout},
        minutes::{Chart, LedgerRow, Left, MinutesForm, MinutesPage, show_day, show_seconds},
    },
};
use askama::Template;
use domain::minutes::{MinuteCause, MinuteTransaction, Pool, ReportPeriod, Runway};
use std::collections::BTreeMap;
use storage::db::{
    minute_rows::{MinuteRow, MinuteUse},
    minutes::Balance,
};

fn row(n: u128, cause: MinuteCause, seconds: i64, reason: Option<&str>) -> MinuteRow {
    let is_session = matches!(cause, MinuteCause::Session | MinuteCause::SessionChanged | MinuteCause::NotCharged);
    let transaction = MinuteTransaction {
        id: id(n),
        tenant_id: id(1),
        kind: cause.kind(),
        cause,
        seconds,
        included_seconds: 0,
        counted: true,
        session_id: is_session.then(|| id(n)),
        period: None,
        reason: reason.map(Into::into),
        user_id: None,
        created_at: NOON.plus_seconds(-3600.0 * n as f64),
    };
    let session_name = (is_session && n != 4).then(|| "Boiler <service>".into());
    MinuteRow { transaction, session_name, user_name: (cause == MinuteCause::Pack).then(|| "Priya Raman".into()) }
}

fn report(is_used: bool, balance: Option<Balance>) -> MinutesReport {
    let days = ReportPeriod::ThisMonth.days(NOON.date(ZONE));
    let used = |n: usize| match n % 5 {
        _ if !is_used => MinuteUse::default(),
        0 => MinuteUse { used: 1800, included: 1800, ..MinuteUse::default() },
        1 => MinuteUse { used: 5400, included: 1800, not_charged: 600, ..MinuteUse::default() },
        2 => MinuteUse { used: -60, included: -60, ..MinuteUse::default() },
        _ => MinuteUse::default(),
    };
    let by_day: Vec<_> = days.all().enumerate().map(|(n, day)| (day, used(n))).collect();
    let mut total = MinuteUse::default();
    by_day.iter().for_each(|(_, used)| total.add(used));
    let runway = balance.map(|_| Runway::Days(41));
    MinutesReport { days, instants: days.instants(ZONE), balance, runway, by_day, total }
}

fn render(report: &MinutesReport, rows: Vec<MinuteRow>, form: Option<MinutesForm>, later: bool) -> String {
    MinutesPage {
        layout: Layout::new("Minutes", Area::Reports, who()),
        form,
        period: ReportPeriod::ThisMonth,
        dates: (show_day(report.days.first), show_day(report.days.last)),
        left: Left::of(report, Some(600)),
        runway: report.runway.map(|runway| runway.sentence()),
        used: show_seconds(report.total.used),
        not_charged: (report.total.not_charged > 0 && report.balance.is_some())
            .then(|| show_seconds(report.total.not_charged)),
        chart: Chart::of(report),
        older: (!rows.is_empty()).then(|| "1.a".into()),
        rows: rows.into_iter().map(|row| LedgerRow::new(row, ZONE)).collect(),
        is_later_page: later,
    }
    .render()
    .unwrap()
}

/// Every state by name.
pub fn pages() -> BTreeMap<&'static str, String> {
    let balance = Some(Balance { pool: Pool { included: 7259, purchased: 72_000 }, reserved: 60 });
    let form = |problem: Option<&str>| {
        Some(MinutesForm {
            csrf_token: "csrf-1".into(),
            key: "k".into(),
            adjusts: problem.is_some(),
            reason: "Invoice \"7\"".into(),
            problem: problem.map(Into::into),
            ..MinutesForm::default()
        })
    };
    let rows = vec![
        row(1, MinuteCause::Session, -1258, None),
        row(2, MinuteCause::Pack, 72_000, Some("Invoice 2026-118")),
        row(3, MinuteCause::NotCharged, 600, Some("No minutes were left for 10m 00s of this session")),
        row(4, MinuteCause::SessionChanged, 60, Some("Active time corrected from 5m 00s to 4m 00s")),
    ];
    BTreeMap::from([
        ("minutes", render(&report(true, balance), rows.clone(), form(None), false)),
        ("minutes-refused", render(&report(true, balance), rows.clone(), form(Some("Only 2 minutes are left.")), true)),
        ("minutes-not-counted", render(&report(true, None), rows, None, false)),
        ("minutes-none", render(&report(false, balance), Vec::new(), None, false)),
        ("minutes-no-older", render(&report(false, balance), Vec::new(), None, true)),
    ])
}

#[test]
fn the_report_says_what_is_left_what_was_used_and_why() {
    check(
        "minutes",
        &[
            "<h1>Minutes</h1>",
            "period=this-month\" aria-current=\"true\">This month<",
            ">Last 30 days<",
            ">Remaining</dt><dd><b>1320</b> min",
            "1 of them kept for running sessions",
            ">Included</dt><dd><b>120</b> min",
            "left of 600 each month",
            ">Purchased</dt><dd><b>1200</b> min",
            ">Used</dt><dd><b>8h 26m</b>",
            "1 Nov 2026 to 21 Nov 2026",
            "40m 00s of it not charged",
            "About 41 days of minutes remaining.",
            "100 min",
            "<title>1 Nov 2026: 30m 00s</title>",
            "Show as a table",
            ">1 Nov 2026</td>",
            "Add or adjust minutes",
            "value=\"csrf-1\"",
            "minutes.csv?period=this-month",
            "Boiler &#60;service&#62;</a>",
            "−20m 58s",
            "Pack added",
            "Invoice 2026-118",
            "Priya Raman",
            "+20h 00m",
            ">erased</span>",
            "before=1.a#ledger\">Older",
        ],
    );
    check(
        "minutes-refused",
        &["role=\"alert\"", "Only 2 minutes are left.", "selected", "Invoice &#34;7&#34;", "Newest"],
    );
    check("minutes-not-counted", &["Not counted", "No session is refused", ">Used</li>"]);
    check_without("minutes-not-counted", &["Add or adjust", "Remaining</dt><dd><b>", ">Not charged</li>"]);
    check("minutes-none", &["No usage data for this period", "No entries in this period"]);
    check_without("minutes-none", &["<rect class=\"bar", "Download as CSV", "%"]);
    check("minutes-no-older", &["No older entries", "Back to the newest"]);
}

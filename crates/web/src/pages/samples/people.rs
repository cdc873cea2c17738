//! The pages about people in every state.

use super::{check, check_without, facts::*};
use crate::pages::{
    audit::{AuditFilter, AuditPage, AuditRow},
    layout::{Area, Layout},
};
use askama::Template;
use domain::audit::{Action, Actor, ActorKind, Noted, Target};
use std::collections::BTreeMap;
use uuid::Uuid;

fn noted(n: u128, actor: Actor, action: &str, target: Option<(&str, &str)>, detail: &[(&str, &str)]) -> Noted {
    Noted {
        id: id::<Uuid>(n),
        at: NOON.plus_seconds(-3000.0 * n as f64),
        actor,
        action: action.into(),
        target: target.map(|(kind, name)| Target {
            kind: kind.into(),
            id: id::<Uuid>(n).to_string(),
            name: name.into(),
        }),
        detail: detail.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect(),
        address: (n != 4).then(|| "192.0.2.7".into()),
    }
}

fn audit(rows: &[Noted], filter: AuditFilter, older: bool, is_later_page: bool) -> String {
    AuditPage {
        layout: Layout::new("Audit log", Area::Settings, who()),
        filter,
        rows: rows.iter().map(|row| AuditRow::new(row, ZONE)).collect(),
        older: older.then(|| "1.a b".into()),
        is_later_page,
        timezone: ZONE.into(),
    }
    .render()
    .unwrap()
}

/// Every state by name.
pub fn pages() -> BTreeMap<&'static str, String> {
    let priya = || Actor { kind: ActorKind::User, id: Some(id::<Uuid>(9)), name: "Priya Raman".into() };
    let rows = [
        noted(1, priya(), "seat.added", Some(("seat", "Marek Kowalczyk")), &[("role", "Trainer")]),
        noted(2, Actor::device(id(3), "Vuzix M400"), "device.paired", Some(("seat", "")), &[("serial", "")]),
        noted(3, priya(), "user.signed_in", Some(("user", "Priya Raman")), &[]),
        noted(4, Actor::operator(), Action::DeviceRevoked.into(), None, &[]),
        noted(5, Actor::unknown(), "later.thing", Some(("user", "<b>Priya")), &[]),
    ];
    let filter = || AuditFilter { who: "Priya & Co".into(), action: "seat.added".into(), ..AuditFilter::default() };
    BTreeMap::from([
        ("audit", audit(&rows, AuditFilter::default(), true, false)),
        ("audit-filtered", audit(&rows[..1], filter(), true, true)),
        ("audit-none", audit(&[], AuditFilter::default(), false, false)),
        ("audit-none-match", audit(&[], filter(), false, false)),
        ("audit-no-older", audit(&[], AuditFilter::default(), false, true)),
    ])
}

#[test]
fn the_log_says_who_did_what_when_from_where() {
    check(
        "audit",
        &[
            "<h1>Audit log</h1>",
            ">Audit log</a>",
            ">When<",
            ">Who<",
            ">What<",
            "title=\"21 Nov 2026, 09:14:37 GMT\">21 Nov 2026, 09:14<",
            "Priya Raman",
            "Added a seat</span>: <b>Marek Kowalczyk</b>",
            "role: Trainer",
            "192.0.2.7",
            "Vuzix M400",
            ">Device<",
            "Paired a device</span>: <b>seat 01934C5E</b>",
            "title=\"user.signed_in\">Signed in</span></td>",
            "Command line",
            ">—<",
            "Somebody",
            ">later.thing</span>: <b>&#60;b&#62;Priya",
            "href=\"/settings/audit?before=1.a+b\">Older",
        ],
    );
    check_without("audit", &["serial:", "Newest"]);
    check(
        "audit-filtered",
        &["value=\"seat.added\" selected", "Newest", "?who=Priya+%26+Co&#38;action=seat.added&#38;before="],
    );
    check("audit-none", &["Nothing noted yet"]);
    check("audit-none-match", &["Nothing like this was noted"]);
    check("audit-no-older", &["No older entries"]);
}

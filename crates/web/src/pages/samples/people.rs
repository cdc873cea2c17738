//! The pages about people in every state.

use super::{check, check_without, facts::*};
use crate::pages::{
    account::{AccountPage, LoginRow},
    audit::{AuditFilter, AuditPage, AuditRow},
    error::ErrorPage,
    first_run::{FirstRunPage, Typed},
    forgot::{Forgot, ForgotPage},
    layout::{Area, Layout, SignedIn},
    operator::{Offer, OperatorBanner, OperatorPage},
    pair::Qr,
    person_export::{ExportShown, PersonExportPage},
    second_factor::{RecoveryCodesPage, SecondFactorPage, SecondFactorRequiredPage, SignInCodePage},
    set_password::{SetPassword, SetPasswordPage},
    sign_in::{SignInNotice, SignInPage},
    sign_in_problem::{ProviderProblem, SignInProblemPage},
    users::{FactorRule, MadeLink, TypedInvitation, UserPage, UserRow, UsersPage},
    when::When,
};
use askama::Template;
use domain::audit::{Action, Actor, ActorKind, Noted, Target};
use domain::user::{UserRole, UserStatus};
use std::collections::BTreeMap;
use storage::db::user_links::LinkKind;
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

fn row(n: u128, name: &str, role: UserRole, status: UserStatus) -> UserRow {
    let when = |seconds| Some(When::new(NOON.plus_seconds(seconds), ZONE));
    UserRow {
        id: id(n),
        full_name: name.into(),
        email: format!("{n}@northgate.example"),
        role,
        status,
        last_signed_in: if status == UserStatus::Invited { None } else { when(-9e4) },
        has_second_factor: n == 1,
        link_until: if n == 3 { when(6e5) } else { None },
    }
}

fn made(url: Option<&str>, failure: Option<&str>, kind: LinkKind) -> Option<MadeLink> {
    Some(MadeLink {
        kind,
        full_name: "Noor Haddad".into(),
        email: "3@northgate.example".into(),
        url: url.map(Into::into),
        failure: failure.map(Into::into),
        until: When::new(NOON.plus_seconds(6e5), ZONE),
    })
}

const LINK: Option<&str> = Some("https://training.northgate.example/set-password?token=x");

fn users(made: Option<MadeLink>, problem: Option<&str>) -> String {
    UsersPage {
        layout: Layout::new("Users", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        users: vec![
            row(1, "Marek Kowalczyk", UserRole::Member, UserStatus::Active),
            row(2, "Priya Raman", UserRole::Admin, UserStatus::Active),
            row(3, "Noor Haddad", UserRole::Member, UserStatus::Invited),
            row(4, "Ilse Verhoeven-Vandenbroucke", UserRole::Admin, UserStatus::Invited),
            row(5, "Sam Okafor", UserRole::Member, UserStatus::Deactivated),
        ],
        by_mail: problem.is_some(),
        factor_rule: match (&made, problem) {
            (Some(_), _) => FactorRule::RequiredByOperator,
            (None, Some(_)) => FactorRule::Required,
            (None, None) => FactorRule::Free,
        },
        typed: TypedInvitation {
            full_name: problem.map(|_| "No\"or").unwrap_or_default().into(),
            ..Default::default()
        },
        problem: problem.map(Into::into),
        made,
    }
    .render()
    .unwrap()
}

fn user(user: UserRow, is_self: bool, made: Option<MadeLink>, problem: Option<&str>) -> String {
    let user_has_keys = user.status != UserStatus::Invited;
    UserPage {
        layout: Layout::new(user.full_name.clone(), Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        linked_since: user.has_second_factor.then(|| When::new(NOON, ZONE)),
        user,
        is_self,
        logins: 2,
        keys: [("Report", user_has_keys)]
            .into_iter()
            .filter(|(_, has)| *has)
            .map(|(name, _)| (id(7), name.into()))
            .collect(),
        problem: problem.map(Into::into),
        made,
    }
    .render()
    .unwrap()
}

fn set_password(state: SetPassword, problem: Option<&'static str>) -> String {
    SetPasswordPage::new(state, problem).render().unwrap()
}

fn person_export(own: bool, export: ExportShown) -> String {
    let (title, area) = if own { ("Your data", Area::Account) } else { ("Data of Sam Duarte", Area::Settings) };
    PersonExportPage {
        layout: Layout::new(title, area, who()),
        csrf_token: "csrf-1".into(),
        name: "Sam Duarte".into(),
        user: (!own).then(|| domain::UserId(Uuid::nil())),
        export,
    }
    .render()
    .unwrap()
}

fn open_link(is_invitation: bool) -> SetPassword {
    SetPassword::Open {
        token: "tok".into(),
        full_name: "Noor Haddad".into(),
        email: "3@northgate.example".into(),
        is_invitation,
    }
}

fn account(logins: usize, problem: Option<&str>, notice: Option<&'static str>) -> String {
    let login = |n: usize| LoginRow {
        id: format!("login-{n}"),
        browser: "Chrome on Windows".into(),
        address: "192.0.2.7".into(),
        since: When::new(NOON.plus_seconds(-9e5), ZONE),
        seen: When::new(NOON, ZONE),
        is_this: n == 0,
    };
    AccountPage {
        layout: Layout::new("Account", Area::Account, who()),
        csrf_token: "csrf-1".into(),
        has_password: logins < 4,
        full_name: "Priya Raman".into(),
        email: "2@northgate.example".into(),
        second_factor: (logins > 1).then(|| (When::new(NOON, ZONE), 9)),
        factor_required: logins > 3,
        logins: (0..logins).map(login).collect(),
        problem: problem.map(Into::into),
        notice,
    }
    .render()
    .unwrap()
}

fn second_factor(problem: Option<&'static str>) -> String {
    SecondFactorPage {
        layout: Layout::new("Second factor", Area::Account, who()),
        csrf_token: "csrf-1".into(),
        qr: Qr::new("otpauth://totp/TrainAR:x".into()).unwrap(),
        secret: "GEZD GNBV".into(),
        problem,
    }
    .render()
    .unwrap()
}

fn second_factor_required(problem: Option<&'static str>) -> String {
    let layout = Layout::new("Second factor", Area::Account, who());
    SecondFactorRequiredPage { layout, csrf_token: "csrf-1".into(), has_password: problem.is_some(), problem }
        .render()
        .unwrap()
}

fn recovery_codes() -> String {
    let layout = Layout::new("Recovery codes", Area::Account, who());
    RecoveryCodesPage { layout, codes: vec!["7f3k9-0qm2x".into(), "abcde-fghjk".into()] }.render().unwrap()
}

fn sign_in_code(problem: Option<&'static str>) -> String {
    let layout = Layout::signed_out("Sign in");
    SignInCodePage { layout, csrf_token: "csrf-1".into(), next: "/tasks".into(), problem }.render().unwrap()
}

fn provider(next: &str) -> String {
    SignInPage { provider: Some("Sign in with <Northgate>".into()), ..SignInPage::new("csrf-1", next) }
        .render()
        .unwrap()
}

fn not_signed_in(why: ProviderProblem) -> String {
    SignInProblemPage::new("Sign in with Northgate", why, "").render().unwrap()
}

fn offer(offer: Offer) -> String {
    OperatorPage::new(offer).render().unwrap()
}

/// A page while an operator may look, or looks.
fn looked_at(is_self: bool, has_begun: bool) -> String {
    let banner = OperatorBanner {
        id: Uuid::nil(),
        is_self,
        has_begun,
        reason: "case <4711>".into(),
        until: When::new(NOON, ZONE),
    };
    ErrorPage::looks_only(SignedIn { operators: vec![banner], ..who() }).render().unwrap()
}

fn first_run(timezone: &str, problem: Option<&str>) -> String {
    let typed = Typed { organisation: "Northgate".into(), timezone: timezone.into(), ..Typed::default() };
    let zones = ["Europe/London", "UTC"].map(Into::into).to_vec();
    FirstRunPage::new(typed, zones, problem.map(Into::into)).render().unwrap()
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
    let marek = || row(1, "Marek Kowalczyk", UserRole::Member, UserStatus::Active);
    let noor = || row(3, "Noor Haddad", UserRole::Member, UserStatus::Invited);
    let sam = || row(5, "Sam Okafor", UserRole::Member, UserStatus::Deactivated);
    let notice = |notice| SignInPage { notice: Some(notice), ..SignInPage::new("csrf-1", "") }.render().unwrap();
    BTreeMap::from([
        ("users", users(None, None)),
        ("users-refused", users(None, Some("This is not an e-mail address."))),
        ("users-link", users(made(LINK, None, LinkKind::Invitation), None)),
        ("users-sent", users(made(None, None, LinkKind::Invitation), None)),
        ("users-not-sent", users(made(LINK, Some("no answer"), LinkKind::Invitation), None)),
        ("user", user(marek(), false, None, None)),
        ("user-refused", user(marek(), false, None, Some("Nothing was changed: this is the last."))),
        ("user-link", user(marek(), false, made(LINK, None, LinkKind::Reset), None)),
        ("user-invited", user(noor(), false, None, None)),
        ("user-deactivated", user(sam(), false, None, None)),
        ("user-self", user(marek(), true, None, None)),
        ("set-password", set_password(open_link(true), None)),
        ("set-password-again", set_password(open_link(false), Some("The two passwords differ."))),
        ("set-password-used", set_password(SetPassword::Used, None)),
        ("set-password-expired", set_password(SetPassword::Expired, None)),
        ("set-password-unknown", set_password(SetPassword::Unknown, None)),
        ("forgot", ForgotPage::new(Forgot::Ask).render().unwrap()),
        ("forgot-too-many", ForgotPage::new(Forgot::TooMany).render().unwrap()),
        ("forgot-asked", ForgotPage::new(Forgot::Asked).render().unwrap()),
        ("forgot-no-mail", ForgotPage::new(Forgot::NoMail).render().unwrap()),
        ("account", account(3, None, Some("Your name is changed."))),
        ("account-refused", account(1, Some("The present password is wrong."), None)),
        ("account-factor-required", account(4, None, None)),
        ("second-factor-required", second_factor_required(None)),
        ("second-factor-required-refused", second_factor_required(Some("The present password is wrong."))),
        ("person-export", person_export(true, ExportShown::None)),
        ("person-export-preparing", person_export(true, ExportShown::Preparing { asked: When::new(NOON, ZONE) })),
        (
            "person-export-ready",
            person_export(
                false,
                ExportShown::Ready {
                    made: When::new(NOON, ZONE),
                    size: "1.2 GB".into(),
                    until: When::new(NOON.plus_seconds(604_800.0), ZONE),
                },
            ),
        ),
        ("person-export-failed", person_export(false, ExportShown::Failed { asked: When::new(NOON, ZONE) })),
        ("second-factor", second_factor(None)),
        ("second-factor-refused", second_factor(Some("This is not the code."))),
        ("recovery-codes", recovery_codes()),
        ("sign-in-code", sign_in_code(None)),
        ("sign-in-code-refused", sign_in_code(Some("This is not the code."))),
        ("first-run", first_run("", None)),
        ("first-run-refused", first_run("Europe/London", Some("This is not the setup code."))),
        (
            "operator",
            offer(Offer::Open {
                token: "tok".into(),
                tenant: "Northgate & Sons".into(),
                reason: "case <4711>".into(),
                until: When::new(NOON, ZONE),
            }),
        ),
        ("operator-used", offer(Offer::Used)),
        ("operator-over", offer(Offer::Over)),
        ("operator-unknown", offer(Offer::Unknown)),
        ("operator-too-many", offer(Offer::TooMany)),
        ("operator-looks", looked_at(true, true)),
        ("operator-is-looking", looked_at(false, true)),
        ("operator-may-look", looked_at(false, false)),
        ("error-busy", ErrorPage::busy().render().unwrap()),
        ("sign-in-provider", provider("/tasks?a=b")),
        ("sign-in-provider-away", not_signed_in(ProviderProblem::Unreachable)),
        ("sign-in-provider-refuses", not_signed_in(ProviderProblem::Refused)),
        ("sign-in-provider-denied", not_signed_in(ProviderProblem::Denied)),
        ("sign-in-provider-late", not_signed_in(ProviderProblem::TooLate)),
        ("sign-in-provider-elsewhere", not_signed_in(ProviderProblem::NotBegunHere)),
        ("sign-in-provider-not-believed", not_signed_in(ProviderProblem::NotBelieved)),
        ("sign-in-provider-clock", not_signed_in(ProviderProblem::Clock)),
        ("sign-in-provider-unverified", not_signed_in(ProviderProblem::Unverified(None))),
        ("sign-in-provider-nobody", not_signed_in(ProviderProblem::Nobody(Some("<b>@x.example".into())))),
        ("sign-in-provider-deactivated", not_signed_in(ProviderProblem::Deactivated)),
        ("sign-in-provider-another", not_signed_in(ProviderProblem::Another)),
        ("sign-in-provider-too-many", not_signed_in(ProviderProblem::TooMany)),
        ("sign-in-password-set", notice(SignInNotice::PasswordSet)),
        ("sign-in-set-up", notice(SignInNotice::SetUp)),
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

#[test]
fn users_have_a_status_and_what_can_be_done_about_it() {
    check(
        "users",
        &[
            "<h1>Users</h1>",
            ">Name<",
            ">Email<",
            ">Role<",
            ">Status<",
            ">Last signed in<",
            "Marek Kowalczyk",
            ">Member<",
            ">Active<",
            "20 Nov 2026, 09:04",
            ">Administrator<",
            "Noor Haddad",
            ">Invited<",
            "Link good until",
            ">Never<",
            "No open link: make a new one",
            ">Deactivated<",
            "No mail server is set",
        ],
    );
    check("users-refused", &["role=\"alert\"", "not an e-mail", "value=\"No&#34;or\"", "leaves by mail"]);
    check(
        "users-link",
        &["Invitation for Noor Haddad", "shown this once", "/set-password?token=x", "good once, until"],
    );
    check("users-sent", &["Mail sent to 3@northgate.example"]);
    check("users-not-sent", &["could not be sent: no answer", "/set-password?token=x"]);
    check_without("users-sent", &["token="]);
    check("user", &["Change role", "Make a link for a new password", "Sign out everywhere", "Deactivate</button>"]);
    check("user-invited", &["The last link is good until", "New invitation link"]);
    check("user-deactivated", &["Reactivate</button>"]);
    check_without("user-deactivated", &["Change role", "Make a link", "Deactivate</button>"]);
    check("user-self", &["This is you."]);
    check_without("user-self", &["Change role", "Deactivate</button>"]);
}

#[test]
fn a_link_says_what_became_of_it() {
    check("set-password", &["Welcome, Noor Haddad", "value=\"tok\"", "autocomplete=\"new-password\"", "Set password"]);
    check("set-password-again", &["Set a new password", "role=\"alert\"", "differ"]);
    for page in ["set-password-used", "set-password-expired", "set-password-unknown"] {
        check(page, &["This link", "href=\"/forgot-password\""]);
        check_without(page, &["<form"]);
    }
    check("forgot-no-mail", &["Ask an administrator"]);
    check_without("forgot-no-mail", &["<form"]);
    check("sign-in-password-set", &["Your password is set"]);
    check_without("sign-in-password-set", &["/sign-in/openid"]);
    check(
        "sign-in-provider",
        &["href=\"/sign-in/openid?next=%2Ftasks%3Fa%3Db\">Sign in with &#60;", "or with a password"],
    );
    check(
        "sign-in-provider-nobody",
        &["no login here", "&#60;b&#62;@x.example", "href=\"/sign-in/openid\"", "Back to"],
    );
    check("sign-in-provider-unverified", &["has not verified any address of yours"]);
}

#[test]
fn everybody_sees_where_he_is_signed_in() {
    check(
        "account",
        &[
            "Your name is changed.",
            "Chrome on Windows",
            "This one",
            "192.0.2.7",
            "value=\"login-1\"",
            "Sign out everywhere else",
        ],
    );
    check_without("account", &["value=\"login-0\""]);
    check_without("account-refused", &["Sign out everywhere else"]);
}

#[test]
fn an_operator_and_who_is_looked_at_read_why_and_until_when() {
    check("operator", &["Look at Northgate &#38; Sons", "case &#60;4711&#62;", "value=\"tok\"", "Begin</button>"]);
    for page in ["operator-used", "operator-over", "operator-unknown", "operator-too-many"] {
        check_without(page, &["<form"]);
    }
    check(
        "operator-looks",
        &["You look at Northgate Heating as operator", "case &#60;4711&#62;", "/sign-out\"", "only looks"],
    );
    check("operator-is-looking", &["is looking", "without changing anything", "/end\"", "End access"]);
    check("operator-may-look", &["may look"]);
    check("error-busy", &["Too many people", "Nothing was changed"]);
}

#[test]
fn all_data_of_a_person_is_a_file_in_some_state() {
    check("person-export", &["There is none now", "action=\"/account/data\"", "Prepare the file"]);
    check("person-export-preparing", &["It is being prepared", "Look again"]);
    check_without("person-export-preparing", &["<form method=\"post\" action=\"/account/data\""]);
    let user = "/settings/users/00000000-0000-0000-0000-000000000000/data";
    check("person-export-ready", &["1.2 GB", "is then erased", &format!("href=\"{user}/file\""), "Prepare it anew"]);
    check("person-export-failed", &["role=\"alert\"", "could not be made", &format!("action=\"{user}\"")]);
}

#[test]
fn a_second_factor_is_set_up_and_asked_for() {
    check("second-factor", &["data-link=\"otpauth://totp/TrainAR:x\"", "qr-dark", "GEZD GNBV", "one-time-code"]);
    check("second-factor-refused", &["role=\"alert\"", "not the code"]);
    check("recovery-codes", &["shown this once", "7f3k9-0qm2x", "I have kept them"]);
    check("sign-in-code", &["One more step", "value=\"/tasks\"", "one-time-code"]);
    check("account", &["Recovery codes left: <b>9</b>", "New recovery codes", "/account/second-factor/remove"]);
    check("account-refused", &["/account/second-factor/begin"]);
    check("users", &[">Second factor<", ">On<", ">Off<"]);
    check("users", &["Each administrator chooses", "now that would be 2", "value=\"yes\">Require a second factor"]);
    check("users-refused", &["Required: an administrator", "value=\"no\">Leave it to each"]);
    check("users-link", &["Required on this whole installation"]);
    check_without("users-link", &["name=\"required\""]);
    check("second-factor-required", &["first</h1>", "/account/second-factor/begin"]);
    check("second-factor-required-refused", &["role=\"alert\"", "password is wrong", "aria-describedby=\"problem\""]);
    check("account-factor-required", &["New recovery codes", "Administrators need a second factor here"]);
    check("account-factor-required", &["have no password here", "/forgot-password"]);
    check_without("account-factor-required", &["/account/second-factor/remove", "type=\"password\""]);
    check_without("second-factor-required", &["type=\"password\""]);
    check("user", &["name=\"revoke_keys\"", "made, too: Report<"]);
    check("user-deactivated", &["they still work", ">Report · <", "/revoke\""]);
    check_without("user-invited", &["revoke_keys"]);
    check("user", &["Linked since", "/openid\"", "Unlink</button>"]);
    check_without("user-invited", &["Unlink"]);
    check("user", &["Reset second factor"]);
    check_without("user-invited", &["Reset second factor"]);
}

#[test]
fn the_first_run_takes_the_timezone_of_the_browser_until_one_was_chosen() {
    check("first-run", &["Setup code", "data-own-timezone", "<option selected>UTC"]);
    check("first-run-refused", &["role=\"alert\"", "<option selected>Europe/London"]);
    check_without("first-run-refused", &["data-own-timezone"]);
}

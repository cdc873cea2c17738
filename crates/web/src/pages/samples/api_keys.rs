//! The pages of API keys in every state.

use super::{check, check_without, facts::*};
use crate::pages::{
    api_keys::{ApiKeysPage, KeyForm, MadeKey, RevokeKeyPage},
    layout::{Area, Layout},
};
use askama::Template;
use domain::{
    ApiKeyId, TenantId, UserId,
    api_key::{ApiKey, Scope},
    user::{User, UserRole},
};
use std::collections::BTreeMap;
use strum::VariantArray;

fn key(n: u128, name: &str, scopes: &[Scope]) -> ApiKey {
    ApiKey {
        id: id::<ApiKeyId>(n),
        tenant_id: id::<TenantId>(1),
        name: name.into(),
        first_characters: format!("tak_x{n}Qz_"),
        scopes: scopes.to_vec(),
        made_by: (n != 2).then(|| id::<UserId>(1)),
        created_at: NOON.plus_seconds(-5e6),
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    }
}

fn page(keys: &[ApiKey]) -> ApiKeysPage {
    let maker = User {
        id: id::<UserId>(1),
        tenant_id: id::<TenantId>(1),
        email: "priya@northgate.example".into(),
        full_name: "Priya Raman".into(),
        role: UserRole::Admin,
        is_active: true,
        created_at: NOON,
    };
    let layout = Layout::new("API keys", Area::Settings, who());
    ApiKeysPage::new(layout, "csrf-1".into(), keys, &[maker], KeyForm::default(), NOON, ZONE)
}

/// Every state by name.
pub fn pages() -> BTreeMap<&'static str, String> {
    let used = ApiKey {
        last_used_at: Some(NOON.plus_seconds(-190.0)),
        expires_at: Some(NOON.plus_seconds(9e6)),
        ..key(1, "Monthly report <script>", &[Scope::SessionsRead, Scope::ProceduresRead])
    };
    let expired =
        ApiKey { expires_at: Some(NOON), ..key(2, "Warehouse import of everything that there is", Scope::VARIANTS) };
    let keys = [used, expired, key(3, "Tasks", &[Scope::TasksWrite])];
    let all = page(&keys);
    let made = MadeKey::new(&keys[0], format!("tak_{}", "x".repeat(43)), "https://training.northgate.example");
    let form = KeyForm { name: "Report".into(), scopes: vec![Scope::UsersRead], days: Some(90), ..KeyForm::default() };
    let refused = ApiKeysPage { form, problem: Some("Tick what the key may do."), ..all.clone() };
    let revoke = RevokeKeyPage { layout: all.layout.clone(), csrf_token: "csrf-1".into(), key: all.keys[0].clone() };
    BTreeMap::from([
        ("api-keys", all.render().unwrap()),
        ("api-keys-none", page(&[]).render().unwrap()),
        ("api-keys-made", ApiKeysPage { made: Some(made), ..all.clone() }.render().unwrap()),
        ("api-keys-refused", refused.render().unwrap()),
        ("api-key-revoke", revoke.render().unwrap()),
    ])
}

#[test]
fn keys_show_who_made_them_what_they_may_and_when_they_were_used() {
    check(
        "api-keys",
        &[
            "<h1>API keys</h1>",
            ">Name<",
            ">Scopes<",
            ">Made<",
            ">Last used<",
            ">Expires<",
            "Monthly report &#60;script&#62;",
            "tak_x1Qz_…",
            ">sessions:read<",
            ">procedures:read<",
            "by Priya Raman",
            ">3 minutes ago<",
            "5 Mar 2027",
            "Warehouse",
            "by the command line",
            ">Expired<",
            ">Never<",
            ">Make a key<",
            "value=\"sessions:read\"",
            "value=\"webhooks:manage\"",
            ">Make key<",
        ],
    );
    check_without("api-keys", &["shown this once", " checked", "curl"]);
    check("api-keys-none", &["No API keys yet", "Make key"]);
    check(
        "api-keys-refused",
        &["role=\"alert\"", "Tick what", "value=\"Report\"", "value=\"90\" selected", "value=\"users:read\" checked"],
    );
    check("api-key-revoke", &["Revoke Monthly report", "tak_x1Qz_…", "Last used", ">Revoke<", "Keep it"]);
}

#[test]
fn a_key_is_shown_once_with_a_line_to_try_it() {
    check(
        "api-keys-made",
        &[
            "is made",
            "shown this once",
            "value=\"tak_xxx",
            "Copy key",
            "curl -i -H &#39;Authorization: Bearer tak_xxx",
            "https://training.northgate.example/api/v1/sessions?limit=1&#39;",
            "Copy line",
        ],
    );
}

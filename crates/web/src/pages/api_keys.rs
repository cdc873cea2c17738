//! Settings, API keys: which programs have access, and a form for one more. And the page that asks before one is revoked.

use super::{amounts::show_ago, layout::Layout, when::When};
use askama::Template;
use domain::{
    ApiKeyId, Timestamp,
    api_key::{ApiKey, Scope},
    text::visible,
    user::User,
};
use strum::VariantArray;

/// How long a key can be made to last, in days and in words.
const LIVES: [(u32, &str); 4] = [(30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "A year")];
/// Longest name, in characters.
const LONGEST_NAME: usize = 100;

/// The page of all keys.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/api_keys.html")]
pub struct ApiKeysPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// The keys, the newest first.
    pub keys: Vec<KeyRow>,
    /// The key that was just made.
    pub made: Option<MadeKey>,
    /// What the form holds.
    pub form: KeyForm,
    /// Why the form was refused.
    pub problem: Option<&'static str>,
}

/// A key as the table shows it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct KeyRow {
    pub id: ApiKeyId,
    pub name: String,
    pub first_characters: String,
    pub scopes: Vec<Scope>,
    pub made_by: String,
    /// Whether whoever made it has been deactivated since.
    pub maker_is_gone: bool,
    pub made_at: When,
    /// `3 minutes ago`, with the exact time.
    pub used: Option<(String, When)>,
    pub expires_at: Option<When>,
    pub has_expired: bool,
}

/// A key that was just made, shown this once.
#[derive(Clone, Debug)]
pub struct MadeKey {
    /// What it is called.
    pub name: String,
    /// The key.
    pub token: String,
    /// A line for a terminal that tries it.
    pub curl: String,
}

/// What the form of a new key holds.
#[derive(Clone, Debug, Default)]
pub struct KeyForm {
    /// What the key is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How many days it is good; `None` is for ever.
    pub days: Option<u32>,
    /// Whether something else was sent than what can be chosen.
    pub has_odd_life: bool,
}

/// The page that asks before a key is revoked.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/api_key_revoke.html")]
pub struct RevokeKeyPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into the form.
    pub csrf_token: String,
    /// The key.
    pub key: KeyRow,
}

impl ApiKeysPage {
    /// The page of `keys`, made by some of `users`, as it is `now` in `timezone`.
    pub fn new(
        layout: Layout,
        csrf_token: String,
        keys: &[ApiKey],
        users: &[User],
        form: KeyForm,
        now: Timestamp,
        timezone: &str,
    ) -> Self {
        let keys = keys.iter().map(|key| KeyRow::new(key, users, now, timezone)).collect();
        Self { layout, csrf_token, keys, made: None, form, problem: None }
    }

    fn scopes(&self) -> &'static [Scope] {
        Scope::VARIANTS
    }

    fn lives(&self) -> [(u32, &'static str); 4] {
        LIVES
    }
}

impl KeyRow {
    fn new(key: &ApiKey, users: &[User], now: Timestamp, timezone: &str) -> Self {
        let user = |id| users.iter().find(|user| user.id == id);
        let maker = key.made_by.map(|id| user(id).map_or("", |user| &user.full_name));
        let when = |at| When::new(at, timezone);
        Self {
            id: key.id,
            name: key.name.clone(),
            first_characters: key.first_characters.clone(),
            scopes: key.scopes.clone(),
            made_by: maker.unwrap_or("the command line").to_owned(),
            maker_is_gone: key.made_by.is_some_and(|id| user(id).is_none_or(|user| !user.is_active)),
            made_at: when(key.created_at),
            used: key.last_used_at.map(|at| (show_ago(now.seconds_since(at)), when(at))),
            expires_at: key.expires_at.map(when),
            has_expired: key.has_expired(now),
        }
    }
}

impl MadeKey {
    /// `key` with its token, for a server that programs reach at `origin`.
    pub fn new(key: &ApiKey, token: String, origin: &str) -> Self {
        let first = [
            (Scope::SessionsRead, "sessions?limit=1"),
            (Scope::ProceduresRead, "procedures?limit=1"),
            (Scope::UsersRead, "users?limit=1"),
        ];
        let path = first.iter().find(|(scope, _)| key.may(*scope)).map_or("openapi.json", |(_, path)| path);
        let curl = format!("curl -i -H 'Authorization: Bearer {token}' '{origin}/api/v1/{path}'");
        Self { name: key.name.clone(), token, curl }
    }
}

impl KeyForm {
    /// Reads the fields of a form; a box that is ticked is a field `scope`.
    pub fn read(fields: &[(String, String)]) -> Self {
        let all = |name: &'static str| fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim());
        let life = all("days").next().unwrap_or_default();
        let days = life.parse().ok().filter(|days| LIVES.iter().any(|l| l.0 == *days));
        Self {
            name: all("name").next().map(visible).unwrap_or_default(),
            scopes: all("scope").filter_map(|word| word.parse().ok()).collect(),
            has_odd_life: !life.is_empty() && days.is_none(),
            days,
        }
    }

    /// Why no key can be made of it.
    pub fn problem(&self) -> Option<&'static str> {
        if !(1..=LONGEST_NAME).contains(&self.name.chars().count()) {
            return Some("Say in 1 to 100 characters what the key is for. No key was made.");
        }
        if self.has_odd_life {
            return Some("Choose how long the key is good. No key was made.");
        }
        self.scopes.is_empty().then_some("Tick what the key may do. No key was made.")
    }

    fn has(&self, scope: &Scope) -> bool {
        self.scopes.contains(scope)
    }

    fn lasts(&self, days: &u32) -> bool {
        self.days == Some(*days)
    }
}

//! `trainar key`: access of programs to the API of a tenant.

use super::create::{find_tenant, report};
use crate::{assemble, settings::Settings};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::{
    Clock, SystemClock,
    api_key::Scope,
    audit::{Action, Actor, Entry},
};
use serde_json::json;
use std::process::ExitCode;
use storage::db::api_keys::NewApiKey;

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make an API key; it is shown once
    Create(CreateKey),
}

#[derive(Debug, Args)]
pub struct CreateKey {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// What it is for
    #[arg(long)]
    name: String,
    /// What it may do; give it once for each scope
    ///
    /// sessions:read, procedures:read, tasks:read, tasks:write, users:read, users:manage, skills:execute, webhooks:manage
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scope)]
    scopes: Vec<Scope>,
    /// Days after which it opens nothing any more; good until it is revoked when left out
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Key {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let Self::Create(args) = self;
        let name = args.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 {
            bail!("--name must have 1 to 100 characters");
        }
        let db = assemble::db(&settings).await?;
        let tenant = find_tenant(&db, &args.tenant).await?;
        let (made, now) = (web::new_api_token(), SystemClock.now());
        let new = NewApiKey {
            name,
            token_hash: made.hash,
            first_characters: made.first_characters,
            scopes: args.scopes,
            made_by: None,
            expires_at: args.days.map(|days| now.plus_seconds(f64::from(days) * 86_400.0)),
        };
        let by = Entry::new(Actor::operator(), Action::ApiKeyMade);
        let key = db.create_api_key(tenant.id, new, by, now).await?;
        let scopes: Vec<_> = key.scopes.iter().map(Scope::to_string).collect();
        let value =
            json!({ "api_key_id": key.id, "api_key": made.token, "scopes": scopes, "expires_at": key.expires_at });
        let text =
            format!("API key {}\n{}\nIt is shown this once. It may {}.", key.name, made.token, scopes.join(", "));
        report(args.json, value, &text);
        Ok(ExitCode::SUCCESS)
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    use strum::VariantArray;
    let known = || Scope::VARIANTS.iter().map(Scope::to_string).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("there is no scope {text:?}; there is {}", known()))
}

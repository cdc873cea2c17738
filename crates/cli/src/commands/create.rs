//! `trainar tenant|user|seat create`: what exists before anybody can sign in. And what of a tenant can be changed.

use super::minutes::Included;
use crate::{assemble, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::{
    Clock, SystemClock, TenantId,
    audit::{Action, Actor, Entry},
    retention::{LONGEST_DAYS, Retention},
    seat::SeatRole,
    tenant,
    text::visible,
    user::UserRole,
};
use serde_json::json;
use std::{
    io::{IsTerminal, Read},
    process::ExitCode,
};
use storage::{
    Db, DbError,
    db::{
        people::{NewDevice, NewUser},
        tenants::NewTenant,
        user_links::LinkKind,
    },
};

#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Create a tenant
    Create(CreateTenant),
    /// Change a tenant
    Set(SetTenant),
    /// Minutes of active session time: what is left, and more of them
    #[command(subcommand)]
    Minutes(super::minutes::Minutes),
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args([
    "upload_keep_hours", "included_minutes", "keep_recording_days", "keep_clips_days", "keep_transcript_days",
])))]
pub struct SetTenant {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// Hours that an unfinished upload is kept open; 0 takes the installation's `limits.upload_keep_hours`
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(0..=87_600))]
    upload_keep_hours: Option<u32>,
    /// Minutes of active session time that each month brings, or `unlimited`: they are then not counted
    #[arg(long, value_name = "MINUTES")]
    included_minutes: Option<Included>,
    #[command(flatten)]
    keep: Keep,
}

/// How long what was recorded is kept.
#[derive(Debug, Args)]
pub struct Keep {
    /// Days after the end of a session at which its recording goes; 0 keeps it
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=i64::from(LONGEST_DAYS)))]
    keep_recording_days: Option<u32>,
    /// Days after which its clips and their thumbnails go; 0 keeps them
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=i64::from(LONGEST_DAYS)))]
    keep_clips_days: Option<u32>,
    /// Days after which its transcript goes; 0 keeps it
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=i64::from(LONGEST_DAYS)))]
    keep_transcript_days: Option<u32>,
}

impl Keep {
    /// What is not said stays.
    fn of(&self, now: Retention) -> Retention {
        let days = |said: Option<u32>, now: Option<u32>| said.map_or(now, |days| Some(days).filter(|days| *days > 0));
        Retention {
            recording_days: days(self.keep_recording_days, now.recording_days),
            clips_days: days(self.keep_clips_days, now.clips_days),
            transcript_days: days(self.keep_transcript_days, now.transcript_days),
        }
    }
}

#[derive(Debug, Args)]
pub struct CreateTenant {
    /// Its name, unique on this installation
    #[arg(long)]
    name: String,
    /// IANA name of its timezone
    #[arg(long, default_value = "UTC")]
    timezone: String,
    /// Language of its Dashboard (BCP 47)
    #[arg(long, default_value = "en")]
    language: String,
    /// Country (ISO 3166-1, two letters)
    #[arg(long, default_value = "GB")]
    country: String,
    #[command(flatten)]
    keep: Keep,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Tenant {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let args = match self {
            Self::Create(args) => args,
            Self::Set(args) => return args.run(&settings).await,
            Self::Minutes(args) => return args.run(&settings).await,
        };
        let name = visible(&args.name);
        if name.is_empty() || name.chars().count() > 200 {
            bail!("--name must have 1 to 200 characters");
        }
        jiff::tz::TimeZone::get(&args.timezone).with_context(|| {
            format!("--timezone {:?} is unknown; give an IANA name such as Europe/London", args.timezone)
        })?;
        if args.country.len() != 2 {
            bail!("--country takes two letters, such as GB");
        }
        let new = NewTenant {
            name,
            timezone: args.timezone,
            language: args.language,
            country: args.country.to_uppercase(),
            retention: args.keep.of(Retention::default()),
            upload_limit_bytes: (settings.limits.upload_gigabytes * 1e9) as u64,
        };
        let db = assemble::db(&settings).await?;
        let tenant = db.create_tenant(new, SystemClock.now()).await.map_err(|e| taken(e, "a tenant with this name"))?;
        let created = Entry::new(Actor::operator(), Action::TenantCreated).on("tenant", tenant.id, tenant.name.clone());
        note(&db, tenant.id, created).await?;
        report(
            args.json,
            json!({ "tenant_id": tenant.id, "name": tenant.name }),
            &format!("tenant {} {}", tenant.id, tenant.name),
        );
        Ok(ExitCode::SUCCESS)
    }
}

impl SetTenant {
    async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let db = assemble::db(settings).await?;
        let tenant = find_tenant(&db, &self.tenant).await?;
        if let Some(hours) = self.upload_keep_hours {
            db.set_upload_keep_hours(tenant.id, Some(hours).filter(|hours| *hours > 0)).await?;
            let changed = Entry::new(Actor::operator(), Action::UploadKeepChanged).with("hours", hours);
            note(&db, tenant.id, changed).await?;
            match hours {
                0 => println!("{} keeps unfinished uploads open as long as this installation", tenant.name),
                hours => println!("{} keeps unfinished uploads open for {hours} hours", tenant.name),
            }
        }
        if let Some(included) = self.included_minutes {
            included.set(&db, &tenant).await?;
        }
        let retention = self.keep.of(tenant.retention);
        if retention != tenant.retention {
            db.set_retention(tenant.id, retention, &retention.set_by(Actor::operator()), SystemClock.now()).await?;
            println!("{} keeps {}", tenant.name, retention.said());
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Create a user
    Create(CreateUser),
    /// Make a link by which a user sets a password, once, within 24 hours
    Link(UserLink),
}

#[derive(Debug, Args)]
pub struct UserLink {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// E-mail address of the user
    email: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct CreateUser {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// E-mail address, to sign in with
    #[arg(long)]
    email: String,
    /// Full name
    #[arg(long)]
    name: String,
    /// admin or member
    #[arg(long, default_value = "member")]
    role: UserRole,
    /// Read the password from the standard input; asked for or made up otherwise
    #[arg(long)]
    password_stdin: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl User {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let args = match self {
            Self::Create(args) => args,
            Self::Link(args) => return args.run(&settings).await,
        };
        let email = domain::user::normalise_email(&args.email);
        if !domain::user::is_email(&email) {
            bail!("--email {:?} is not an e-mail address", args.email);
        }
        let full_name = visible(&args.name);
        if full_name.is_empty() || full_name.chars().count() > 200 {
            bail!("--name must have 1 to 200 characters");
        }
        let (password, made_up) = password(args.password_stdin)?;
        let db = assemble::db(&settings).await?;
        let tenant = find_tenant(&db, &args.tenant).await?;
        let new = NewUser { email, full_name, role: args.role, password_hash: web::hash_password(&password)? };
        let user = db
            .create_user(tenant.id, new, SystemClock.now())
            .await
            .map_err(|e| taken(e, "a user with this address"))?;
        let created = Entry::new(Actor::operator(), Action::UserCreated).on_user(&user);
        let created = created.with("email", user.email.clone()).with("role", user.role.label());
        note(&db, tenant.id, created).await?;
        let mut text = format!("user {} {}", user.id, user.email);
        let mut value = json!({ "user_id": user.id, "email": user.email });
        if made_up {
            text += &format!("\npassword {password}\nIt is shown this once.");
            value["password"] = password.into();
        }
        report(args.json, value, &text);
        Ok(ExitCode::SUCCESS)
    }
}

impl UserLink {
    async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let db = assemble::db(settings).await?;
        let tenant = find_tenant(&db, &self.tenant).await?;
        let email = domain::user::normalise_email(&self.email);
        let user = db.users(tenant.id).await?.into_iter().find(|user| user.email == email);
        let user = user.with_context(|| format!("tenant {} has no user {email}", tenant.name))?;
        let now = SystemClock.now();
        let (token, link) = web::new_link(LinkKind::Reset, web::LINK_SECONDS, now);
        let entry = Entry::new(Actor::operator(), Action::UserResetLinkMade);
        let until = link.expires_at;
        db.open_link(tenant.id, user.id, link, &entry, now)
            .await?
            .with_context(|| format!("{email} is deactivated: an administrator can reactivate"))?;
        let url = web::link_address(&settings.server.origin(), &token);
        report(
            self.json,
            json!({ "url": url, "expires_at": until }),
            &format!("{url}\nGood once, until {}. It is shown this once.", until.show_exact(&tenant.timezone)),
        );
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Debug, Subcommand)]
pub enum Seat {
    /// Create a seat for a user, with a device token
    Create(CreateSeat),
}

#[derive(Debug, Args)]
pub struct CreateSeat {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
    /// E-mail address of the user
    #[arg(long)]
    user: String,
    /// trainer or trainee
    #[arg(long, default_value = "trainer")]
    role: SeatRole,
    /// What the device is
    #[arg(long, default_value = "smart glasses")]
    model: String,
    /// Serial number of the device
    #[arg(long, default_value = "")]
    serial: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Seat {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let Self::Create(args) = self;
        let db = assemble::db(&settings).await?;
        let tenant = find_tenant(&db, &args.tenant).await?;
        let email = domain::user::normalise_email(&args.user);
        let user = db.users(tenant.id).await?.into_iter().find(|u| u.email == email).with_context(|| {
            format!("tenant {} has no user {email}; create one with `trainar user create`", tenant.name)
        })?;
        let now = SystemClock.now();
        let seat = db.create_seat(tenant.id, user.id, args.role, now).await?;
        let (token, token_hash) = web::new_device_token();
        let device = NewDevice { model: args.model, serial: args.serial, software_version: String::new(), token_hash };
        let device = db.pair_device(tenant.id, seat.id, device, now).await?;
        let added = Entry::new(Actor::operator(), Action::SeatAdded).on("seat", seat.id, user.full_name.clone());
        note(&db, tenant.id, added.with("role", args.role.label())).await?;
        let paired = Entry::new(Actor::operator(), Action::DevicePaired).on("seat", seat.id, user.full_name);
        note(&db, tenant.id, paired.with("model", device.model.clone()).with("serial", device.serial.clone())).await?;
        let value = json!({ "seat_id": seat.id, "device_id": device.id, "device_token": token });
        let text = format!("seat {} ({})\ndevice token {token}\nIt is shown this once.", seat.id.short(), seat.id);
        report(args.json, value, &text);
        Ok(ExitCode::SUCCESS)
    }
}

/// Notes in the audit log of a tenant what the operator did.
pub async fn note(db: &Db, tenant: TenantId, entry: Entry) -> Result<()> {
    Ok(db.audit(tenant, &entry, SystemClock.now()).await?)
}

/// The tenant that a person names.
pub async fn find_tenant(db: &Db, wanted: &str) -> Result<tenant::Tenant> {
    let tenants = db.tenants().await?;
    let names: Vec<_> = tenants.iter().map(|t| t.name.clone()).collect();
    tenants.into_iter().find(|t| t.name == wanted || t.id.to_string() == wanted).with_context(|| {
        match names.as_slice() {
            [] => "there is no tenant yet; create one with `trainar tenant create --name NAME`".to_owned(),
            names => format!("there is no tenant {wanted:?}; there is {}", names.join(", ")),
        }
    })
}

fn password(from_stdin: bool) -> Result<(String, bool)> {
    let given = if from_stdin {
        let mut text = String::new();
        std::io::stdin().take(4096).read_to_string(&mut text).context("cannot read the password")?;
        text.trim_end_matches(['\r', '\n']).to_owned()
    } else if std::io::stdin().is_terminal() {
        rpassword::prompt_password("Password (empty makes one up): ")?
    } else {
        String::new()
    };
    if given.is_empty() && !from_stdin {
        return Ok((web::made_up_password(), true));
    }
    if given.chars().count() < web::SHORTEST_PASSWORD {
        bail!("the password must have at least {} characters", web::SHORTEST_PASSWORD);
    }
    Ok((given, false))
}

fn taken(e: DbError, what: &str) -> anyhow::Error {
    match e {
        DbError::Exists(_) => anyhow::anyhow!("{what} exists already"),
        e => e.into(),
    }
}

pub fn report(as_json: bool, value: serde_json::Value, text: &str) {
    if as_json { println!("{value}") } else { println!("{text}") }
}

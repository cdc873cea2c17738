//! `trainar hold …`: what is under a legal hold does not go by age and is not erased.

use super::create::find_tenant;
use crate::{assemble, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use domain::{
    Clock, SessionId, SystemClock,
    audit::{Action, Actor, Entry},
    legal_hold::LONGEST_REASON,
};
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub enum Hold {
    /// Hold a session, or everything of a tenant
    Place {
        #[command(flatten)]
        of: Of,
        /// Id of the session, as in its page's address; without it everything is held
        #[arg(long, value_name = "ID")]
        session: Option<SessionId>,
        /// Why; administrators read it
        #[arg(long)]
        reason: String,
    },
    /// List the holds that stand
    List(Of),
    /// Lift a hold: from then on ages count again, and what is too old goes
    Lift {
        #[command(flatten)]
        of: Of,
        /// Id of the hold
        hold: Uuid,
    },
}

#[derive(Debug, Args)]
pub struct Of {
    /// Name or id of the tenant
    #[arg(long)]
    tenant: String,
}

impl Hold {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let db = assemble::db(&settings).await?;
        let (Self::Place { of, .. } | Self::List(of) | Self::Lift { of, .. }) = &self;
        let (tenant, now) = (find_tenant(&db, &of.tenant).await?, SystemClock.now());
        let operator = |action| Entry::new(Actor::operator(), action);
        match self {
            Self::Place { session, reason, .. } => {
                let reason = reason.trim();
                if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
                    bail!("--reason must have 1 to {LONGEST_REASON} characters");
                }
                let by = (None, operator(Action::LegalHoldPlaced));
                let placed = db.place_hold(tenant.id, session, reason, by, now).await?;
                let id = placed.with_context(|| format!("tenant {} has no such session", tenant.name))?;
                println!("hold {id} stands");
            }
            Self::Lift { hold, .. } => {
                if !db.lift_hold(tenant.id, hold, operator(Action::LegalHoldLifted), now).await? {
                    bail!("tenant {} has no hold {hold}", tenant.name);
                }
                println!("hold {hold} is lifted");
            }
            Self::List(_) => {
                let mut table = Table::new();
                table.load_preset(UTF8_FULL_CONDENSED).set_header(["hold", "of", "reason", "since"]);
                for hold in db.legal_holds(tenant.id).await? {
                    let of = hold.session.map_or("everything".into(), |(id, name)| format!("{id} {name}"));
                    table.add_row([hold.id.to_string(), of, hold.reason, hold.placed_at.show_exact("UTC")]);
                }
                println!("{table}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

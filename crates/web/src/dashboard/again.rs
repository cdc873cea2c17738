//! Who is signed in proves it once more, before what cannot be undone.

use super::{account, failed, second_factor};
use crate::{
    App,
    auth::login::{Viewer, is_fresh},
};
use axum::response::Response;
use tower_sessions::Session;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The present password: not of who signs in elsewhere.
    pub password: bool,
    /// A code of the second factor.
    pub code: bool,
}

/// What this viewer has to give.
pub async fn asked(app: &App, viewer: &Viewer) -> Result<Asked, Response> {
    let (tenant, user) = (viewer.tenant.id, viewer.user.id);
    let hash = app.db.password_hash(tenant, user).await.map_err(failed)?;
    let factor = app.db.second_factor(tenant, user).await.map_err(failed)?;
    Ok(Asked { password: hash.is_some_and(|hash| !hash.is_empty()), code: factor.is_some() })
}

/// Why it was not proven; `None` where it was.
pub async fn refused(
    app: &App,
    viewer: &Viewer,
    login: &Session,
    password: String,
    code: &str,
) -> Result<Option<&'static str>, Response> {
    let asked = asked(app, viewer).await?;
    account::guess(app, viewer).await?;
    if !asked.password && !is_fresh(app, login).await? {
        return Ok(Some("Sign out, sign in again, and do this within ten minutes. Nothing was erased."));
    }
    if asked.password && !account::fits(app, viewer, password).await? {
        return Ok(Some("The present password is wrong. Nothing was erased."));
    }
    if asked.code && !second_factor::is_taken(app, &viewer.user, code, viewer.address).await? {
        return Ok(Some("The code is wrong, or was used before. Nothing was erased."));
    }
    Ok(None)
}

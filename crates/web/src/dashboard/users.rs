//! Settings, Users: invitations, roles, activity.

use super::{Answer, Id, failed, missing, own_form, page, seats::Plain};
use crate::{
    App,
    auth::{
        link::{self, HANDED_SECONDS, INVITATION_SECONDS},
        login::{Administrator, Viewer},
    },
    invite,
    pages::{
        layout::{Area, Layout},
        users::{FactorRule, MadeLink, TypedInvitation, UserPage, UserRow, UsersPage},
        when::When,
    },
};
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    UserId,
    api_key::ApiKey,
    audit::Action,
    text::visible,
    user::{User, UserRole, UserStatus, is_email, normalise_email},
};
use serde::Deserialize;
use storage::{
    DbError,
    db::{
        user_links::{Invitation, LinkKind, NewLink},
        users::UserOverview,
    },
};
use tower_sessions::Session;

/// An invitation as the form sends it.
#[derive(Deserialize)]
pub struct NewUser {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

/// Whether the keys that a user made go, too.
#[derive(Deserialize)]
pub struct Deactivation {
    #[serde(default)]
    csrf_token: String,
    /// `yes`, or anything else.
    #[serde(default)]
    revoke_keys: String,
}

/// Another role.
#[derive(Deserialize)]
pub struct NewRole {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    role: String,
}

/// `GET /settings/users`
pub async fn list(State(app): State<App>, Administrator(viewer): Administrator) -> Answer {
    page(&users(&app, &viewer).await?)
}

/// `POST /settings/users`: invites somebody.
pub async fn invite(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    headers: HeaderMap,
    Form(new): Form<NewUser>,
) -> Answer {
    own_form(&login, &viewer, &new.csrf_token).await?;
    let (full_name, email) = (visible(&new.full_name), normalise_email(&new.email));
    let typed = TypedInvitation { email: email.clone(), full_name: full_name.clone(), is_admin: new.role == "admin" };
    let refuse = async |problem: &str| {
        let shown = UsersPage { typed: typed.clone(), problem: Some(problem.into()), ..users(&app, &viewer).await? };
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
    };
    let Ok(role) = new.role.parse::<UserRole>() else { return refuse("Choose a role. Nobody was invited.").await };
    if full_name.is_empty() || full_name.chars().count() > 200 {
        return refuse("Give a name of 1 to 200 characters. Nobody was invited.").await;
    }
    if !is_email(&email) {
        return refuse("This is not an e-mail address. Nobody was invited.").await;
    }
    let now = app.now();
    let (token, link) = link::new_link(LinkKind::Invitation, INVITATION_SECONDS, now);
    let new = Invitation { email, full_name, role };
    let invited = app.db.invite_user(viewer.tenant.id, new, link.clone(), &viewer.did(Action::UserInvited), now).await;
    let user = match invited {
        Ok(user) => user,
        Err(DbError::Exists(_)) => {
            return refuse(
                "Somebody with this address has a login already, here or in another organisation of this installation.",
            )
            .await;
        }
        Err(error) => return Err(failed(error)),
    };
    let made = hand_over(&app, &viewer, &headers, &user, &token, &link).await;
    let shown = UsersPage { made: Some(made), ..users(&app, &viewer).await? };
    once(page(&shown)?)
}

/// `GET /settings/users/{id}`
pub async fn show(State(app): State<App>, Administrator(viewer): Administrator, Id(id): Id<UserId>) -> Answer {
    page(&user(&app, &viewer, id).await?)
}

/// `POST /settings/users/{id}/role`
pub async fn change_role(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<UserId>,
    login: Session,
    Form(form): Form<NewRole>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let Ok(role) = form.role.parse::<UserRole>() else { return refused(&app, &viewer, id, "choose a role").await };
    let entry = viewer.did(Action::UserRoleChanged);
    let changed = app.db.change_role(viewer.tenant.id, id, role, viewer.user.id, &entry, app.now()).await;
    changed_or_refused(&app, &viewer, id, changed).await
}

/// `POST /settings/users/{id}/deactivate`
pub async fn deactivate(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<UserId>,
    login: Session,
    Form(form): Form<Deactivation>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let entry = viewer.did(Action::UserDeactivated);
    let changed = app.db.deactivate_user(viewer.tenant.id, id, viewer.user.id, &entry, app.now()).await;
    if form.revoke_keys == "yes" && matches!(changed, Ok(Some(_))) {
        for key in keys_of(&app, &viewer, id).await? {
            let by = viewer.did(Action::ApiKeyRevoked);
            app.db.revoke_api_key(viewer.tenant.id, key.id, by, app.now()).await.map_err(failed)?;
        }
    }
    changed_or_refused(&app, &viewer, id, changed).await
}

/// `POST /settings/users/{id}/reactivate`
pub async fn reactivate(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<UserId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let entry = viewer.did(Action::UserReactivated);
    let changed = app.db.reactivate_user(viewer.tenant.id, id, &entry, app.now()).await;
    changed_or_refused(&app, &viewer, id, changed).await
}

/// `POST /settings/users/{id}/link`: another invitation, or a link for a new password.
pub async fn make_link(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<UserId>,
    login: Session,
    headers: HeaderMap,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let now = app.now();
    let found = overview(&app, &viewer, id).await?;
    let (kind, seconds, action) = match found.status {
        UserStatus::Invited => (LinkKind::Invitation, INVITATION_SECONDS, Action::UserInvitedAgain),
        _ => (LinkKind::Reset, HANDED_SECONDS, Action::UserResetLinkMade),
    };
    let (token, link) = link::new_link(kind, seconds, now);
    let made = app.db.open_link(viewer.tenant.id, id, link.clone(), &viewer.did(action), now).await.map_err(failed)?;
    let Some(somebody) = made else {
        return refused(&app, &viewer, id, "this user is deactivated: reactivate first").await;
    };
    let made = hand_over(&app, &viewer, &headers, &somebody, &token, &link).await;
    let shown = UserPage { made: Some(made), ..user(&app, &viewer, id).await? };
    once(page(&shown)?)
}

/// `POST /settings/users/{id}/sign-out`: everywhere.
pub async fn sign_out(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<UserId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    overview(&app, &viewer, id).await?;
    let keep = (id == viewer.user.id).then_some(viewer.login.as_str());
    let entry = viewer.did(Action::UserLoginsEnded);
    app.db.end_logins(viewer.tenant.id, id, keep, &entry, app.now()).await.map_err(failed)?;
    Ok(Redirect::to(&format!("/settings/users/{id}")).into_response())
}

/// `POST /settings/users/{id}/second-factor`: resets it; every login of the user ends.
pub async fn reset_second_factor(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<UserId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    if id == viewer.user.id {
        return refused(&app, &viewer, id, "remove your own second factor on your account page").await;
    }
    overview(&app, &viewer, id).await?;
    let (tenant, now) = (viewer.tenant.id, app.now());
    let entry = viewer.did(Action::SecondFactorReset);
    if app.db.remove_second_factor(tenant, id, &entry, now).await.map_err(failed)? {
        let entry = viewer.did(Action::UserLoginsEnded);
        app.db.end_logins(tenant, id, None, &entry, now).await.map_err(failed)?;
    }
    Ok(Redirect::to(&format!("/settings/users/{id}")).into_response())
}

/// `POST /settings/users/{id}/openid`: forgets as whom the provider knows a user.
pub async fn unlink(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<UserId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    overview(&app, &viewer, id).await?;
    let entry = viewer.did(Action::OpenIdUnlinked);
    app.db.unlink_openid(viewer.tenant.id, id, &entry, app.now()).await.map_err(failed)?;
    Ok(Redirect::to(&format!("/settings/users/{id}")).into_response())
}

/// Sends a link by mail, or has it shown where that is not possible.
async fn hand_over(
    app: &App,
    viewer: &Viewer,
    headers: &HeaderMap,
    user: &User,
    token: &str,
    link: &NewLink,
) -> MadeLink {
    let by = (&viewer.tenant, Some(viewer.user.full_name.as_str()));
    let handed = invite::hand_over(app, by, headers, user, (token, link)).await;
    MadeLink {
        kind: link.kind,
        full_name: user.full_name.clone(),
        email: user.email.clone(),
        url: handed.url,
        failure: handed.failure,
        until: When::new(link.expires_at, &viewer.tenant.timezone),
    }
}

/// What is shown once is kept by no browser.
fn once(answer: Response) -> Answer {
    Ok(([(header::CACHE_CONTROL, "no-store")], answer).into_response())
}

async fn changed_or_refused(app: &App, viewer: &Viewer, id: UserId, changed: Result<Option<User>, DbError>) -> Answer {
    match changed {
        Ok(Some(_)) => Ok(Redirect::to(&format!("/settings/users/{id}")).into_response()),
        Ok(None) => Err(missing(viewer)),
        Err(DbError::Rule(rule)) => refused(app, viewer, id, &rule.to_string()).await,
        Err(error) => Err(failed(error)),
    }
}

async fn refused(app: &App, viewer: &Viewer, id: UserId, why: &str) -> Answer {
    let problem = Some(format!("Nothing was changed: {why}."));
    let shown = UserPage { problem, ..user(app, viewer, id).await? };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
}

async fn overview(app: &App, viewer: &Viewer, id: UserId) -> Result<UserOverview, Response> {
    let found = app.db.user_overview(viewer.tenant.id, id, app.now()).await.map_err(failed)?;
    found.ok_or_else(|| missing(viewer))
}

/// The keys that a user made and that were not revoked.
async fn keys_of(app: &App, viewer: &Viewer, id: UserId) -> Result<Vec<ApiKey>, Response> {
    let all = app.db.api_keys(viewer.tenant.id).await.map_err(failed)?;
    Ok(all.into_iter().filter(|key| key.made_by == Some(id)).collect())
}

async fn users(app: &App, viewer: &Viewer) -> Result<UsersPage, Response> {
    let tenant = &viewer.tenant;
    let found = app.db.user_overviews(tenant.id, app.now()).await.map_err(failed)?;
    let with_factor = app.db.users_with_second_factor(tenant.id).await.map_err(failed)?;
    let who = viewer.signed_in();
    Ok(UsersPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Users", Area::Settings, who),
        users: found
            .iter()
            .map(|found| UserRow::new(found, with_factor.contains(&found.user.id), &tenant.timezone))
            .collect(),
        by_mail: app.mailer.is_some(),
        factor_rule: match (app.settings.admins_need_second_factor, tenant.admins_need_second_factor) {
            (true, _) => FactorRule::RequiredByOperator,
            (_, true) => FactorRule::Required,
            _ => FactorRule::Free,
        },
        typed: TypedInvitation::default(),
        problem: None,
        made: None,
    })
}

async fn user(app: &App, viewer: &Viewer, id: UserId) -> Result<UserPage, Response> {
    let found = overview(app, viewer, id).await?;
    let logins = app.db.logins_of(viewer.tenant.id, id, app.now()).await.map_err(failed)?;
    let factor = app.db.second_factor(viewer.tenant.id, id).await.map_err(failed)?;
    let linked = app.db.openid_link(viewer.tenant.id, id).await.map_err(failed)?;
    let who = viewer.signed_in();
    Ok(UserPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new(found.user.full_name.clone(), Area::Settings, who),
        is_self: id == viewer.user.id,
        linked_since: linked.map(|at| When::new(at, &viewer.tenant.timezone)),
        user: UserRow::new(&found, factor.is_some(), &viewer.tenant.timezone),
        logins: logins.len(),
        keys: keys_of(app, viewer, id).await?.into_iter().map(|key| (key.id, key.name)).collect(),
        problem: None,
        made: None,
    })
}

//! `/api/v1/users`: who has a login; inviting, roles and activity by the rules of the Dashboard.

use super::{
    input::{Id, Input},
    query::{Asked, Cursor, Limit},
    words,
};
use crate::{
    App,
    auth::{
        api_key::{Key, UsersManage, UsersRead},
        link::{INVITATION_SECONDS, new_link},
    },
    invite,
    problem::{Problem, ProblemDetails},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{
    Timestamp, UserId,
    audit::Action,
    text,
    user::{User, UserRole, UserStatus, is_email, normalise_email},
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use storage::{
    DbError,
    db::user_links::{Invitation, LinkKind, NewLink},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartOfList {
    /// The `next` of the answer before.
    #[param(inline)]
    pub after: Option<Cursor>,
    /// How many at most.
    #[param(inline)]
    pub limit: Option<Limit>,
}

/// Some users.
#[derive(Serialize, ToSchema)]
pub struct Users {
    /// The oldest first.
    users: Vec<UserState>,
    /// Send it as `after` to get the rest; null where there is none.
    next: Option<Cursor>,
}

/// Somebody with a login.
#[derive(Serialize, ToSchema)]
pub struct UserState {
    id: Uuid,
    email: String,
    full_name: String,
    #[schema(schema_with = words::word::<UserRole>)]
    role: UserRole,
    /// Whether the login works.
    is_active: bool,
    #[schema(schema_with = words::instant)]
    created_at: Timestamp,
}

/// Who is to be invited.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteUser {
    /// One address has one login on the whole installation.
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = "email", example = "noor@example.com")]
    email: String,
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    full_name: String,
    #[garde(skip)]
    #[schema(schema_with = words::word::<UserRole>)]
    role: UserRole,
}

/// What of a user is changed: one of them at a time.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// Another role.
    #[garde(skip)]
    #[schema(schema_with = words::optional_word::<UserRole>)]
    role: Option<UserRole>,
    /// `false` shuts out login and devices at once, `true` lets them in again.
    #[garde(skip)]
    is_active: Option<bool>,
}

/// Somebody who was invited, and the link by which he sets a password.
#[derive(Serialize, ToSchema)]
pub struct InvitedUser {
    user: UserState,
    invitation: InvitationLink,
}

/// A link by which somebody sets a password, once.
#[derive(Serialize, ToSchema)]
pub struct InvitationLink {
    /// Whether it left by mail.
    sent: bool,
    /// The link, to be handed over; null where it left by mail.
    url: Option<String>,
    #[schema(schema_with = words::instant)]
    expires_at: Timestamp,
}

/// What was ended.
#[derive(Serialize, ToSchema)]
pub struct EndedLogins {
    /// How many logins there were.
    ended: u64,
}

/// The users of the organisation, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", params(PartOfList), security(("api_key" = ["users:read"])),
    responses((status = 200, body = Users))
)]
pub async fn list(
    State(app): State<App>,
    key: Key<UsersRead>,
    Asked(asked): Asked<PartOfList>,
) -> Result<Json<Users>, Problem> {
    let after = asked.after.map(|cursor| cursor.0);
    let page = app.db.user_page(key.tenant, after, asked.limit.unwrap_or_default().0).await?;
    Ok(Json(Users { users: page.rows.into_iter().map(Into::into).collect(), next: page.next.map(Cursor) }))
}

/// One user.
#[utoipa::path(
    get, path = "/api/v1/users/{user}", tag = "users", params(("user" = Uuid, Path)),
    security(("api_key" = ["users:read"])),
    responses(
        (status = 200, body = UserState),
        (status = 404, description = "No such user", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn show(State(app): State<App>, key: Key<UsersRead>, Id(id): Id<UserId>) -> Result<Json<UserState>, Problem> {
    let found = app.db.user(key.tenant, id).await?.ok_or_else(|| Problem::not_found("user"))?;
    Ok(Json(found.into()))
}

/// Invites somebody. Without a mail server, and where the mail could not be sent, the answer holds the link, this once.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", security(("api_key" = ["users:manage"])),
    request_body = InviteUser,
    responses(
        (status = 201, description = "Invited", body = InvitedUser),
        (status = 409, description = "Somebody has a login with this address", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn invite(
    State(app): State<App>,
    key: Key<UsersManage>,
    headers: HeaderMap,
    Input(new): Input<InviteUser>,
) -> Result<(StatusCode, Json<InvitedUser>), Problem> {
    let new =
        Invitation { email: normalise_email(&new.email), full_name: text::visible(&new.full_name), role: new.role };
    if !is_email(&new.email) {
        return Err(Problem::invalid("email: this is no e-mail address; nobody was invited"));
    }
    if new.full_name.is_empty() {
        return Err(Problem::invalid("full_name: nothing of it can be seen; nobody was invited"));
    }
    let now = app.now();
    let (token, link) = new_link(LinkKind::Invitation, INVITATION_SECONDS, now);
    let by = key.did(Action::UserInvited);
    let user = app.db.invite_user(key.tenant, new, link.clone(), &by, now).await.map_err(|error| match error {
        DbError::Exists(_) => {
            let detail =
                "somebody with this address has a login already, here or in another organisation of this installation";
            Problem::new(StatusCode::CONFLICT, "email-taken", detail)
        }
        error => error.into(),
    })?;
    let invitation = hand_over(&app, &key, &headers, &user, (&token, &link)).await?;
    Ok((StatusCode::CREATED, Json(InvitedUser { user: user.into(), invitation })))
}

/// Makes another invitation link for somebody who has not set a password yet; the one before is void.
#[utoipa::path(
    post, path = "/api/v1/users/{user}/invitation", tag = "users", params(("user" = Uuid, Path)),
    security(("api_key" = ["users:manage"])),
    responses(
        (status = 200, body = InvitationLink),
        (status = 404, description = "No such user", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The user has accepted an invitation, or is deactivated", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn invite_again(
    State(app): State<App>,
    key: Key<UsersManage>,
    headers: HeaderMap,
    Id(id): Id<UserId>,
) -> Result<Json<InvitationLink>, Problem> {
    let now = app.now();
    let found = app.db.user_overview(key.tenant, id, now).await?.ok_or_else(unknown)?;
    let not_invited = || {
        let detail = "this user is not invited any more: a link for a new password is made in the Dashboard";
        Problem::new(StatusCode::CONFLICT, "not-invited", detail)
    };
    if found.status != UserStatus::Invited {
        return Err(not_invited());
    }
    let (token, link) = new_link(LinkKind::Invitation, INVITATION_SECONDS, now);
    let by = key.did(Action::UserInvitedAgain);
    let user = app.db.open_link(key.tenant, id, link.clone(), &by, now).await?.ok_or_else(not_invited)?;
    Ok(Json(hand_over(&app, &key, &headers, &user, (&token, &link)).await?))
}

/// Changes the role of a user, or deactivates or reactivates one. The last active administrator stays.
#[utoipa::path(
    patch, path = "/api/v1/users/{user}", tag = "users", params(("user" = Uuid, Path)),
    security(("api_key" = ["users:manage"])),
    request_body = Option<ChangeUser>,
    responses(
        (status = 200, body = UserState),
        (status = 404, description = "No such user", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "No active administrator would be left", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn change(
    State(app): State<App>,
    key: Key<UsersManage>,
    Id(id): Id<UserId>,
    Input(change): Input<ChangeUser>,
) -> Result<Json<UserState>, Problem> {
    let (db, tenant, now) = (&app.db, key.tenant, app.now());
    let changed = match (change.role, change.is_active) {
        (Some(_), Some(_)) => {
            return Err(Problem::invalid("change role or is_active, one at a time; nothing was changed"));
        }
        (Some(role), None) => db.change_role(tenant, id, role, None, &key.did(Action::UserRoleChanged), now).await?,
        (None, Some(false)) => db.deactivate_user(tenant, id, None, &key.did(Action::UserDeactivated), now).await?,
        (None, Some(true)) => db.reactivate_user(tenant, id, &key.did(Action::UserReactivated), now).await?,
        (None, None) => db.user(tenant, id).await?,
    };
    Ok(Json(changed.ok_or_else(unknown)?.into()))
}

/// Ends every login of a user in every browser. Devices stay paired.
#[utoipa::path(
    delete, path = "/api/v1/users/{user}/logins", tag = "users", params(("user" = Uuid, Path)),
    security(("api_key" = ["users:manage"])),
    responses(
        (status = 200, body = EndedLogins),
        (status = 404, description = "No such user", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn end_logins(
    State(app): State<App>,
    key: Key<UsersManage>,
    Id(id): Id<UserId>,
) -> Result<Json<EndedLogins>, Problem> {
    app.db.user(key.tenant, id).await?.ok_or_else(unknown)?;
    let by = key.did(Action::UserLoginsEnded);
    Ok(Json(EndedLogins { ended: app.db.end_logins(key.tenant, id, None, &by, app.now()).await? }))
}

async fn hand_over(
    app: &App,
    key: &Key<UsersManage>,
    headers: &HeaderMap,
    user: &User,
    (token, link): (&str, &NewLink),
) -> Result<InvitationLink, Problem> {
    let tenant = app.db.tenant(key.tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?;
    let handed = invite::hand_over(app, (&tenant, None), headers, user, (token, link)).await;
    Ok(InvitationLink { sent: handed.url.is_none(), url: handed.url, expires_at: link.expires_at })
}

fn unknown() -> Problem {
    Problem::not_found("user")
}

impl From<User> for UserState {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            email: user.email,
            full_name: user.full_name,
            role: user.role,
            is_active: user.is_active,
            created_at: user.created_at,
        }
    }
}

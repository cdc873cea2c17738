//! `/api/v1/users`: who has a login.

use super::{
    input::Id,
    query::{Asked, Cursor, Limit},
    words,
};
use crate::{
    App,
    auth::api_key::{Key, UsersRead},
    problem::{Problem, ProblemDetails},
};
use axum::{Json, extract::State};
use domain::{
    Timestamp, UserId,
    user::{User, UserRole},
};
use serde::{Deserialize, Serialize};
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

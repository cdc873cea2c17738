//! What the address of a list asks for: filters, and which part of the list.

use crate::{App, problem::Problem};
use axum::{
    extract::{FromRequestParts, Query, rejection::QueryRejection},
    http::request::Parts,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error};
use storage::db::lists::After;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};
use uuid::Uuid;

/// The parameters of a query. One that is unknown, twice there or no such value is refused.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, app).await;
        let wrong = |error: QueryRejection| Problem::bad_request(format!("the query does not fit: {error}"));
        read.map(|Query(asked)| Self(asked)).map_err(wrong)
    }
}

/// How many rows are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub u64);

impl Limit {
    const USUAL: u64 = 50;
    const MOST: u64 = 100;
}

impl Default for Limit {
    fn default() -> Self {
        Self(Self::USUAL)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let limit = u64::deserialize(d)?;
        if (1..=Self::MOST).contains(&limit) { Ok(Self(limit)) } else { Err(D::Error::custom("limit takes 1 to 100")) }
    }
}

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        let limit = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(Self::MOST as f64));
        limit.default(Some(Self::USUAL.into())).into()
    }
}

impl ToSchema for Limit {}

/// A place in a list, as text that means nothing to whoever holds it.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(pub After);

/// Length of a cursor in bytes: a time and an id.
const BYTES: usize = 8 + 16;

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let wrong = || D::Error::custom("after takes the `next` of an earlier answer");
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(text).ok().and_then(|b| b.try_into().ok()).ok_or_else(wrong)?;
        let (at, id) = bytes.split_at(8);
        let at = Timestamp(i64::from_be_bytes(at.try_into().map_err(|_| wrong())?));
        Ok(Self(After { at, id: Uuid::from_slice(id).map_err(|_| wrong())? }))
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let bytes = [self.0.at.0.to_be_bytes().as_slice(), self.0.id.as_bytes()].concat();
        s.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]{32}$")).into()
    }
}

impl ToSchema for Cursor {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let after = After { at: Timestamp(-5), id: Uuid::from_u128(7) };
        let text = serde_json::to_string(&Cursor(after)).unwrap();
        assert_eq!(text.len(), 34);
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap().0, after);
        for wrong in ["\"\"", "\"AAAA\"", "7", "\"!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""] {
            assert!(serde_json::from_str::<Cursor>(wrong).is_err(), "{wrong}");
        }
    }
}

//! How types of the domain, which know nothing of HTTP, are described.

use std::fmt::Display;
use strum::VariantArray;
use utoipa::openapi::{
    Object,
    schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type},
};

/// A word of a closed set.
pub fn word<T: VariantArray + Display>() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(T::VARIANTS.iter().map(T::to_string))).build()
}

/// A word of a closed set, or nothing yet.
pub fn optional_word<T: VariantArray + Display>() -> Object {
    let words = T::VARIANTS.iter().map(|w| Some(w.to_string())).chain([None]);
    ObjectBuilder::new().schema_type(optional(Type::String)).enum_values(Some(words)).build()
}

/// An instant: RFC 3339.
pub fn instant() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build()
}

/// An instant, or nothing yet.
pub fn optional_instant() -> Object {
    let format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
    ObjectBuilder::new().schema_type(optional(Type::String)).format(format).build()
}

fn optional(of: Type) -> SchemaType {
    SchemaType::Array(vec![of, Type::Null])
}

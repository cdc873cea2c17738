//! How types of the domain, which know nothing of HTTP, are described.

use std::fmt::Display;
use strum::VariantArray;
use utoipa::openapi::{
    Array, Object,
    schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type},
};

/// No session has more parts.
const MOST_PARTS: u32 = 10_000_000;

/// A word of a closed set.
pub fn word<T: VariantArray + Display>() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(T::VARIANTS.iter().map(T::to_string))).build()
}

/// Words of a closed set, at least one.
pub fn words<T: VariantArray + Display>() -> Array {
    ArrayBuilder::new().items(word::<T>()).min_items(Some(1)).max_items(Some(20)).build()
}

/// Words of a closed set, at least one; or nothing.
pub fn optional_words<T: VariantArray + Display>() -> Array {
    let words = ArrayBuilder::new().items(word::<T>()).min_items(Some(1)).max_items(Some(20));
    words.schema_type(optional(Type::Array)).build()
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

/// An id, or none.
pub fn optional_id() -> Object {
    let format = Some(SchemaFormat::KnownFormat(KnownFormat::Uuid));
    let digits = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";
    ObjectBuilder::new().schema_type(optional(Type::String)).format(format).pattern(Some(digits)).build()
}

/// The number of a part.
pub fn part_number() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(MOST_PARTS)).build()
}

/// Numbers of parts, at most 100,000.
pub fn part_numbers() -> Array {
    ArrayBuilder::new().items(part_number()).max_items(Some(100_000)).build()
}

fn optional(of: Type) -> SchemaType {
    SchemaType::Array(vec![of, Type::Null])
}

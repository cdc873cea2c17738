//! The description of the API as a page for people: made of the OpenAPI document itself, an anchor for each operation and
//! each type.

use super::layout::Layout;
use askama::Template;
use serde_json::Value;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/api_docs.html")]
pub struct ApiDocsPage {
    /// The frame.
    pub layout: Layout,
    /// Where programs reach the server.
    pub origin: String,
    /// The API.
    pub api: ApiView,
}

/// The API as the page shows it.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct ApiView {
    pub about: Prose,
    pub version: String,
    pub groups: Vec<Group>,
    pub types: Vec<TypeView>,
}

/// Operations that belong together.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Group {
    pub name: String,
    pub about: Prose,
    pub operations: Vec<OperationView>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct OperationView {
    pub id: String,
    /// Upper case.
    pub method: String,
    pub path: String,
    pub about: Prose,
    /// `an API key with the scope sessions:read`, `a device token`.
    pub callers: Vec<String>,
    pub parameters: Vec<Field>,
    pub body: Option<Body>,
    pub answers: Vec<AnswerView>,
    /// How `curl` calls it, without the address of the server.
    pub curl: Curl,
}

/// The words of a line of `curl` before and after the address of the server.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Curl {
    pub before: String,
    pub after: String,
}

/// What a request carries.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Body {
    pub content_type: String,
    pub kind: Kind,
}

/// One answer of an operation.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct AnswerView {
    pub status: String,
    pub about: Prose,
    pub kind: Option<Kind>,
}

/// A type of the document.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct TypeView {
    pub name: String,
    pub about: Prose,
    pub fields: Vec<Field>,
    /// What it is, where it has no fields.
    pub kind: Option<Kind>,
}

/// A parameter, or a field of a type.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Field {
    pub name: String,
    /// `query`, `header`, `path`; empty for a field.
    pub place: String,
    pub kind: Kind,
    pub required: bool,
    pub about: Prose,
}

/// What a value is: pieces of text, some of which are names of types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kind(pub Vec<Piece>);

/// A text in which some pieces stand between backticks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prose(pub Vec<Piece>);

/// A piece of text; the flag marks code or the name of a type.
pub type Piece = (bool, String);

impl ApiView {
    /// Reads an OpenAPI document.
    pub fn of(document: &Value) -> Self {
        let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        let operations = operations(document);
        let groups = tags.iter().map(|tag| {
            let name = text(&tag["name"]);
            let its = operations.iter().filter(|(of, _)| *of == name).map(|(_, operation)| operation.clone());
            Group { about: Prose::of(&text(&tag["description"])), operations: its.collect(), name }
        });
        let types = entries(&document["components"]["schemas"]).map(|(name, schema)| TypeView::of(name, schema));
        Self {
            about: Prose::of(&text(&document["info"]["description"])),
            version: text(&document["info"]["version"]),
            groups: groups.filter(|group| !group.operations.is_empty()).collect(),
            types: types.collect(),
        }
    }
}

fn operations(document: &Value) -> Vec<(String, OperationView)> {
    let usual = &document["security"];
    let paths = entries(&document["paths"]);
    let all = paths.flat_map(|(path, item)| entries(item).map(move |(method, operation)| (path, method, operation)));
    all.map(|(path, method, operation)| {
        let security = if operation["security"].is_array() { &operation["security"] } else { usual };
        (text(&operation["tags"][0]), OperationView::of(path, method, operation, security))
    })
    .collect()
}

impl OperationView {
    fn of(path: &str, method: &str, operation: &Value, security: &Value) -> Self {
        let about = [text(&operation["summary"]), text(&operation["description"])].join(" ");
        let parameters: Vec<_> = items(&operation["parameters"]).map(Field::of_parameter).collect();
        let content = entries(&operation["requestBody"]["content"]).next();
        let body =
            content.map(|(kind, content)| Body { content_type: kind.to_owned(), kind: Kind::of(&content["schema"]) });
        let answers = entries(&operation["responses"]).map(|(status, answer)| AnswerView {
            status: status.to_owned(),
            about: Prose::of(&text(&answer["description"])),
            kind: entries(&answer["content"]).next().map(|(_, content)| Kind::of(&content["schema"])),
        });
        let callers: Vec<_> = items(security).map(caller).collect();
        let method = method.to_uppercase();
        Self {
            id: text(&operation["operationId"]),
            curl: Curl::of(&method, path, security, &parameters, body.as_ref()),
            method,
            path: path.to_owned(),
            about: Prose::of(&about),
            callers,
            parameters,
            body,
            answers: answers.collect(),
        }
    }
}

fn caller(requirement: &Value) -> String {
    match entries(requirement).next() {
        Some(("api_key", scopes)) => {
            format!("an API key with the scope {}", items(scopes).map(text).collect::<Vec<_>>().join(" and "))
        }
        Some(("device_token", _)) => "a device token".into(),
        Some((other, _)) => other.to_owned(),
        None => "nothing: open to everybody".into(),
    }
}

impl Curl {
    fn of(method: &str, path: &str, security: &Value, parameters: &[Field], body: Option<&Body>) -> Self {
        let mut before = match method {
            "GET" => "curl".to_owned(),
            "HEAD" => "curl -I".to_owned(),
            other => format!("curl -X {other}"),
        };
        let token = items(security).find_map(|one| match entries(one).next()?.0 {
            "api_key" => Some("tak_…"),
            _ => Some("tdt_…"),
        });
        if let Some(token) = token {
            before += &format!(" -H 'Authorization: Bearer {token}'");
        }
        for header in parameters.iter().filter(|p| p.place == "header" && p.required) {
            let value = if header.name == "Tus-Resumable" { "1.0.0" } else { "…" };
            before += &format!(" -H '{}: {value}'", header.name);
        }
        if let Some(body) = body {
            let data = if body.content_type == "application/json" { "-d '{…}'" } else { "--data-binary @FILE" };
            before += &format!(" -H 'Content-Type: {}' {data}", body.content_type);
        }
        Self { before, after: path.to_owned() }
    }
}

impl TypeView {
    fn of(name: &str, schema: &Value) -> Self {
        // What is flattened into it stands in the parts of `allOf`.
        let parts = || std::iter::once(schema).chain(items(&schema["allOf"]));
        let required: Vec<_> = parts().flat_map(|part| items(&part["required"]).map(text)).collect();
        let fields = parts().flat_map(|part| entries(&part["properties"])).map(|(name, field)| Field {
            name: name.to_owned(),
            place: String::new(),
            kind: Kind::of(field),
            required: required.iter().any(|r| r == name),
            about: Prose::of(&about(field)),
        });
        let fields: Vec<_> = fields.collect();
        let others: Vec<_> = items(&schema["allOf"]).filter(|part| part["$ref"].is_string()).map(Kind::of).collect();
        let kind = match (fields.is_empty(), others.is_empty()) {
            (true, _) => Some(Kind::of(schema)),
            (false, false) => Some(Kind::joined("all of ", others, ", ")),
            (false, true) => None,
        };
        Self { name: name.to_owned(), about: Prose::of(&text(&schema["description"])), fields, kind }
    }
}

fn about(field: &Value) -> String {
    let own = text(&field["description"]);
    let inner = || items(&field["oneOf"]).map(|one| text(&one["description"])).find(|text| !text.is_empty());
    if own.is_empty() { inner().unwrap_or_default() } else { own }
}

impl Field {
    fn of_parameter(parameter: &Value) -> Self {
        Self {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            kind: Kind::of(&parameter["schema"]),
            required: parameter["required"].as_bool().unwrap_or(false),
            about: Prose::of(&text(&parameter["description"])),
        }
    }
}

impl Kind {
    fn of(schema: &Value) -> Self {
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
            return Self(vec![(true, name.to_owned())]);
        }
        for (of, before, between) in [("oneOf", "", " or "), ("allOf", "", " with ")] {
            if schema[of].is_array() {
                return Self::joined(before, items(&schema[of]).map(Self::of).collect(), between);
            }
        }
        if schema["enum"].is_array() {
            let words = items(&schema["enum"]).map(|word| word.as_str().map_or("null".into(), |w| format!("\"{w}\"")));
            return Self(vec![(false, words.collect::<Vec<_>>().join(", "))]);
        }
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().map(text).collect(),
            kind => vec![text(kind)],
        };
        if kinds.iter().any(|kind| kind == "array") {
            let mut inner = Self::of(&schema["items"]);
            inner.0.insert(0, (false, "list of ".into()));
            return inner;
        }
        let format = text(&schema["format"]);
        let shown = match format.as_str() {
            "" | "int32" | "int64" | "float" | "double" => kinds.join(" or "),
            format => kinds.join(" or ").replace("string", format),
        };
        let bound = |name: &str| schema[name].as_f64();
        let range = match (bound("minimum"), bound("maximum"), bound("maxLength")) {
            (Some(least), Some(most), _) => format!(", {least} to {most}"),
            (_, _, Some(most)) => format!(", at most {most} characters"),
            _ => String::new(),
        };
        Self(vec![(false, shown + &range)])
    }

    fn joined(before: &str, kinds: Vec<Self>, between: &str) -> Self {
        let mut pieces = vec![(false, before.to_owned())];
        for (n, kind) in kinds.into_iter().enumerate() {
            if n > 0 {
                pieces.push((false, between.to_owned()));
            }
            pieces.extend(kind.0);
        }
        pieces.retain(|(_, text)| !text.is_empty());
        Self(pieces)
    }
}

impl Prose {
    /// A text with code between backticks.
    pub fn of(text: &str) -> Self {
        let pieces = text.trim().split('`').enumerate().map(|(n, piece)| (n % 2 == 1, piece.to_owned()));
        Self(pieces.filter(|(_, piece)| !piece.is_empty()).collect())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_read_as_people_say_them() {
        let said = |schema: Value| Kind::of(&schema).0.into_iter().map(|(_, text)| text).collect::<String>();
        assert_eq!(said(json!({ "type": "string", "format": "uuid" })), "uuid");
        assert_eq!(said(json!({ "type": ["string", "null"], "format": "date-time" })), "date-time or null");
        assert_eq!(
            said(json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 100 })),
            "integer, 1 to 100"
        );
        assert_eq!(said(json!({ "type": "array", "items": { "$ref": "#/components/schemas/Part" } })), "list of Part");
        assert_eq!(said(json!({ "oneOf": [{ "$ref": "#/a/B" }, { "type": "null" }] })), "B or null");
        assert_eq!(said(json!({ "type": "string", "enum": ["a", null] })), "\"a\", null");
        assert_eq!(Prose::of("Send `a` now").0, [(false, "Send ".into()), (true, "a".into()), (false, " now".into())]);
    }

    #[test]
    fn every_operation_and_every_type_of_the_document_is_on_the_page() {
        let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
        let api = ApiView::of(&document);
        let shown: usize = api.groups.iter().map(|group| group.operations.len()).sum();
        let there: usize = entries(&document["paths"]).map(|(_, item)| entries(item).count()).sum();
        assert_eq!(shown, there, "a tag is missing");
        assert_eq!(api.types.len(), entries(&document["components"]["schemas"]).count());
        let ids: std::collections::BTreeSet<_> = api.groups.iter().flat_map(|g| &g.operations).map(|o| &o.id).collect();
        assert_eq!(ids.len(), there, "an operation id stands twice");
        for operation in api.groups.iter().flat_map(|g| &g.operations) {
            assert!(!operation.callers.is_empty() && !operation.answers.is_empty(), "{}", operation.id);
        }
    }
}

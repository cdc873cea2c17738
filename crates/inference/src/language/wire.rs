//! What goes over the wire: the chat completions of the OpenAI API, as its many servers speak it.

use super::{LanguageError, LanguageSettings, Question, Usage, refusal};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

/// A way to ask for JSON.
pub struct Form {
    /// By schema, else any JSON object.
    schema: bool,
    /// The limit's newer name, and no temperature: what hosted models that reason insist on.
    newer: bool,
}

/// Tried in this order.
pub const FORMS: [Form; 3] =
    [Form { schema: true, newer: false }, Form { schema: true, newer: true }, Form { schema: false, newer: false }];

/// The body of a request.
pub fn request(question: &Question<'_>, settings: &LanguageSettings, form: &Form) -> Value {
    let mut content = vec![json!({ "type": "text", "text": question.material })];
    for (what, jpeg) in &question.pictures {
        let url = format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(jpeg));
        content.push(json!({ "type": "text", "text": what }));
        content.push(json!({ "type": "image_url", "image_url": { "url": url, "detail": "low" } }));
    }
    // Servers without eyes often take nothing but a string.
    let content = if question.pictures.is_empty() { json!(question.material) } else { Value::Array(content) };
    let response_format = match form.schema {
        true => json!({ "type": "json_schema", "json_schema": {
            "name": "procedures", "strict": true, "schema": question.schema,
        } }),
        false => json!({ "type": "json_object" }),
    };
    let mut body = json!({
        "model": settings.model,
        "messages": [
            { "role": "system", "content": question.instructions },
            { "role": "user", "content": content },
        ],
        "response_format": response_format,
        "stream": false,
    });
    if form.newer {
        body["max_completion_tokens"] = json!(settings.max_tokens);
    } else {
        body["max_tokens"] = json!(settings.max_tokens);
        body["temperature"] = json!(0);
    }
    body
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    /// Many servers leave it out, or fill it as they like.
    #[serde(default)]
    usage: Value,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

/// Its parts are values, since what a server puts there is not always what the API says.
#[derive(Deserialize)]
struct Message {
    /// A string, or a list of parts.
    #[serde(default)]
    content: Value,
    #[serde(default)]
    refusal: Value,
}

/// The most tokens that one request can have cost: whoever counts more counts wrong.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// Read.
    pub input: u64,
    /// Written.
    pub output: u64,
}

impl Most {
    /// Tokens that a server's own template may add to what it is sent.
    const TEMPLATE: u64 = 1024;

    /// Of a request of this many bytes: no token is made of less than one.
    pub fn of(request_bytes: usize, settings: &LanguageSettings) -> Self {
        Self { input: request_bytes as u64 + Self::TEMPLATE, output: settings.max_tokens.into() }
    }
}

/// The text of an answer.
pub fn answer(body: &[u8], most: Most, usage: &mut Usage) -> Result<String, LanguageError> {
    let completion: Completion = serde_json::from_slice(body)
        .map_err(|e| LanguageError::Malformed(format!("the server's own JSON is wrong at column {}", e.column())))?;
    count(&completion.usage, most, usage);
    let choice = completion.choices.into_iter().next().ok_or(LanguageError::Empty)?;
    let content = text(&choice.message.content);
    match choice.finish_reason.as_deref() {
        _ if refusal::is_field(&choice.message.refusal) || refusal::is_part(&choice.message.content) => {
            return Err(LanguageError::Refused);
        }
        Some("content_filter" | "refusal" | "safety" | "SAFETY") => return Err(LanguageError::Refused),
        Some("length") => return Err(LanguageError::CutShort),
        _ if refusal::is_text(&content) => return Err(LanguageError::Refused),
        _ => {}
    }
    Some(content).filter(|c| !c.trim().is_empty()).ok_or(LanguageError::Empty)
}

/// Adds what a server counted, as far as it can be true.
fn count(told: &Value, most: Most, usage: &mut Usage) {
    let mut tokens = |name: &str, most: u64| match told.get(name) {
        None | Some(Value::Null) => 0,
        Some(number) => {
            let number = number.as_u64();
            usage.doubtful |= number.is_none_or(|n| n > most);
            number.map_or(0, |n| n.min(most))
        }
    };
    let (input, output) = (tokens("prompt_tokens", most.input), tokens("completion_tokens", most.output));
    usage.input_tokens += input;
    usage.output_tokens += output;
}

/// The text of a content; that of its parts, one after the other.
fn text(content: &Value) -> String {
    let parts = content.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str());
    content.as_str().map_or_else(|| parts.collect(), str::to_owned)
}

/// What a server says of a request that it does not take: short, one line, without the key.
pub fn complaint(body: &[u8], key: &str) -> String {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = said.pointer("/error/message").or(said.get("error")).or(said.get("message")).and_then(Value::as_str);
    let said = said.unwrap_or("it does not say why");
    let said = if key.is_empty() { said.to_owned() } else { said.replace(key, "***") };
    said.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_short_and_never_holds_the_key() {
        let body = format!(r#"{{"error":{{"message":"bad key sk-1\n\u0007 {}"}}}}"#, "x".repeat(900));
        let said = complaint(body.as_bytes(), "sk-1");
        assert!(said.starts_with("bad key *** ") && said.chars().count() == 200, "{said}");
        assert_eq!(complaint(b"<html>", ""), "it does not say why");
    }
}

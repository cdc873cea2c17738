//! Refusal: whether a model says that it does not want to, in whatever place and words it says so.

use serde_json::Value;

/// What somebody says who refuses, in lower case, with plain apostrophes.
const WORDS: &[&str] = &[
    "i can't",
    "i cannot",
    "i can not",
    "i won't",
    "i will not",
    "i'm unable",
    "i am unable",
    "i'm not able",
    "i am not able",
    "i must decline",
    "i have to decline",
    "i decline",
    "i refuse",
    "i don't feel comfortable",
    "i'm not comfortable",
    "i'm not allowed",
    "i am not allowed",
    "we can't",
    "we cannot",
    "can't help with",
    "cannot help with",
    "can't assist",
    "cannot assist",
    "unable to help",
    "unable to assist",
    "unable to comply",
    "as an ai",
    "against my guidelines",
    "against policy",
    "ich kann nicht",
    "ich kann dabei nicht",
    "ich kann ihnen",
    "kann ich nicht",
    "ich darf nicht",
    "je ne peux pas",
    "je ne suis pas en mesure",
    "no puedo",
    "non posso",
    "não posso",
    "ik kan niet",
    "kan ik niet",
];
/// Characters in which a refusal has said that it is one.
const BEGINNING: usize = 400;

/// Whether the text, which should be JSON, holds none and refuses instead.
pub fn is_text(content: &str) -> bool {
    let answer = content.rsplit_once("</think>").map_or(content, |(_, answer)| answer).trim();
    if let Ok(Value::Object(fields)) = serde_json::from_str(answer) {
        return fields.get("refusal").is_some_and(is_field) && !fields.contains_key("segments");
    }
    let beginning: String = answer.chars().take(BEGINNING).collect();
    let beginning = beginning.to_lowercase().replace(['\u{2019}', '\u{2018}'], "'");
    !answer.contains('{') && WORDS.iter().any(|words| beginning.contains(words))
}

/// Whether the field `refusal` says anything but no.
pub fn is_field(refusal: &Value) -> bool {
    match refusal {
        Value::Null | Value::Bool(false) => false,
        Value::String(words) => !words.trim().is_empty(),
        Value::Array(parts) => !parts.is_empty(),
        _ => true,
    }
}

/// Whether a content that is a list has a part that refuses.
pub fn is_part(content: &Value) -> bool {
    content.as_array().into_iter().flatten().any(|part| part["type"] == "refusal" || is_field(&part["refusal"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_other_prose() {
        for refused in [
            "I'm sorry, I can't help with that.",
            "I\u{2019}m sorry, but I can\u{2019}t assist with that request.",
            "<think>\n{hm}\n</think>\n\nI cannot comply.",
            "As an AI language model, I do not judge people.",
            "Unfortunately I am unable to analyse recordings of people.",
            "Es tut mir leid, dabei kann ich nicht helfen.",
            r#"{"refusal": "I would rather not"}"#,
        ] {
            assert!(is_text(refused), "{refused}");
        }
        for other in [
            "",
            "I would cut it at 55 seconds.",
            "Sure! Here you are",
            r#"{"segments": [{"title": "I can't help with that"}]}"#,
            r#"{"segments": [], "refusal": "none"}"#,
            r#"I can't be exact, but here: {"segments": []}"#,
            r#"{"segments": [{"title": "I cannot"#,
        ] {
            assert!(!is_text(other), "{other}");
        }
    }
}

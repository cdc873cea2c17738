//! The client against a server that answers well, and against one that misbehaves in every way we could think of.
//! No model runs here: the protocol is tested, not what a model says.

#![allow(clippy::unwrap_used)]

use inference::language::{Language, LanguageError, LanguageSettings, Question, Usage};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::language_server::{LanguageServer, Reply, completion};
use tokio::time::Instant;

const KEY: &str = "sk-very-secret";

fn settings(endpoint: String, seconds: f64) -> LanguageSettings {
    LanguageSettings {
        endpoint,
        api_key: KEY.into(),
        model: "some-model".into(),
        timeout: Duration::from_secs_f64(seconds),
        max_tokens: 500,
        input_price: 2.0,
        output_price: 10.0,
        send_pictures: false,
    }
}

fn language(endpoint: String, seconds: f64) -> Language {
    testkit::install_tls();
    Language::new(settings(endpoint, seconds)).unwrap()
}

async fn ask_with(language: &Language, pictures: Vec<(String, Vec<u8>)>) -> (Result<String, LanguageError>, Usage) {
    let schema = json!({ "type": "object" });
    let question = Question { instructions: "divide", material: "<recording>".into(), pictures, schema: &schema };
    let mut usage = Usage::default();
    let deadline = Instant::now() + language.settings().timeout;
    (language.ask(&question, deadline, &mut usage).await, usage)
}

async fn ask(server: &LanguageServer, seconds: f64) -> (Result<String, LanguageError>, Usage) {
    ask_with(&language(server.endpoint(), seconds), Vec::new()).await
}

#[tokio::test]
async fn a_good_answer_is_read_and_counted() {
    let server = LanguageServer::always(Reply::says("{}"));
    let language = language(format!("{}/", server.endpoint()), 30.0);
    let (answer, usage) = ask_with(&language, Vec::new()).await;
    assert_eq!(answer, Ok("{}".into()));
    assert_eq!(usage, Usage { requests: 1, input_tokens: 1000, output_tokens: 200, doubtful: false });
    assert!((language.cost(&usage).unwrap() - 0.004).abs() < 1e-12);
    let asked = &server.asked()[0];
    assert!(asked.line.starts_with("POST /v1/chat/completions "), "{}", asked.line);
    assert_eq!(asked.header("authorization"), Some("Bearer sk-very-secret"));
    assert_eq!((asked.instructions(), asked.material()), ("divide", "<recording>"));
    let format = &asked.body["response_format"];
    assert_eq!((&format["type"], &format["json_schema"]["strict"]), (&json!("json_schema"), &json!(true)));
    assert_eq!((&asked.body["stream"], &asked.body["max_tokens"]), (&json!(false), &json!(500)));
}

#[tokio::test]
async fn pictures_go_as_data_beside_their_words() {
    let server = LanguageServer::always(Reply::says("{}"));
    let (answer, _) = ask_with(&language(server.endpoint(), 30.0), vec![("at 55 s".into(), vec![0xff, 0xd8])]).await;
    answer.unwrap();
    let content = server.asked()[0].body["messages"][1]["content"].clone();
    assert_eq!(content[0]["text"], "<recording>");
    assert_eq!(
        (&content[1]["text"], &content[2]["image_url"]["url"]),
        (&json!("at 55 s"), &json!("data:image/jpeg;base64,/9g="))
    );
}

#[tokio::test]
async fn a_server_that_refuses_a_form_is_asked_in_another_and_remembered() {
    let server = LanguageServer::start(|_, asked| match asked.body["response_format"]["type"].as_str() {
        Some("json_object") => Reply::says("{}"),
        _ => Reply::error(400, "response_format json_schema is not supported"),
    });
    let language = language(server.endpoint(), 30.0);
    assert_eq!(ask_with(&language, Vec::new()).await.0, Ok("{}".into()));
    assert_eq!(ask_with(&language, Vec::new()).await.1.requests, 1);
    assert_eq!(server.asked().len(), 4);

    let server =
        LanguageServer::start(|_, asked| match asked.body.get("max_tokens").or(asked.body.get("temperature")) {
            Some(_) => Reply::error(400, "use max_completion_tokens"),
            None => Reply::says("{}"),
        });
    assert_eq!(ask(&server, 30.0).await.0, Ok("{}".into()));
    assert_eq!(server.asked()[1].body["max_completion_tokens"], 500);

    let server = LanguageServer::always(Reply::error(400, &format!("no {KEY}\n{}", "x".repeat(5000))));
    let (answer, usage) = ask(&server, 30.0).await;
    let said = answer.unwrap_err().to_string();
    assert!(said.contains("400: no ***") && said.len() < 300 && usage.requests == 3, "{said}");
}

#[rstest]
#[case::busy(429)]
#[case::broken(500)]
#[case::overloaded(503)]
#[tokio::test]
async fn what_may_pass_is_asked_once_more(#[case] status: u16) {
    let again = move |n: usize| match n {
        0 => Reply::Whole(status, vec!["Retry-After: 0".into()], String::new()),
        _ => Reply::says("{}"),
    };
    let server = LanguageServer::start(move |n, _| again(n));
    let (answer, usage) = ask(&server, 30.0).await;
    assert_eq!((answer, usage.requests), (Ok("{}".into()), 2));

    let server = LanguageServer::always(Reply::Whole(status, vec!["Retry-After: 0".into()], String::new()));
    let (answer, usage) = ask(&server, 30.0).await;
    assert!(matches!(answer, Err(LanguageError::Busy | LanguageError::Server(_))), "{answer:?}");
    assert_eq!(usage.requests, 2);
}

#[tokio::test]
async fn a_pause_that_a_server_names_is_kept_and_never_outlasts_the_deadline() {
    let server = LanguageServer::always(Reply::Whole(429, vec!["Retry-After: 86400".into()], String::new()));
    let (answer, usage) = ask(&server, 0.5).await;
    assert_eq!((answer, usage.requests), (Err(LanguageError::TimedOut), 1));
}

fn with(change: impl FnOnce(&mut Value)) -> Reply {
    let mut body = completion(r#"{"a": 1}"#);
    change(&mut body);
    Reply::ok(body)
}

#[rstest]
#[case::no_key(Reply::error(401, "wrong key sk-very-secret"), LanguageError::Unauthorised(401))]
#[case::forbidden(Reply::error(403, ""), LanguageError::Unauthorised(403))]
#[case::no_model(Reply::error(404, "model not found"), LanguageError::NotFound("some-model".into()))]
#[case::silence(Reply::Silence, LanguageError::TimedOut)]
#[case::drips(Reply::Drip(r#"{"choices": [], "x": ""#.into()), LanguageError::TimedOut)]
#[case::drips_blanks(Reply::Drip(" ".into()), LanguageError::TimedOut)]
#[case::endless(Reply::Endless(r#"{"choices":["#.into(), r#"{"message":{"content":"{}"}},"#.into()), LanguageError::TooLarge)]
#[case::endless_stream(Reply::Endless(String::new(), "data: {\"choices\":[]}\n\n".into()), LanguageError::TooLarge)]
#[case::no_choices(with(|b| b["choices"] = json!([])), LanguageError::Empty)]
#[case::null(with(|b| b["choices"][0]["message"]["content"] = Value::Null), LanguageError::Empty)]
#[case::blank(with(|b| b["choices"][0]["message"]["content"] = json!("\n ")), LanguageError::Empty)]
#[case::refusal(with(|b| b["choices"][0]["message"]["refusal"] = json!("I cannot")), LanguageError::Refused)]
#[case::refuses_in_words(Reply::says("I\u{2019}m sorry, but I can\u{2019}t help with that."), LanguageError::Refused)]
#[case::refuses_in_json(Reply::says(r#"{"refusal": "I would rather not"}"#), LanguageError::Refused)]
#[case::refuses_in_a_part(
    with(|b| b["choices"][0]["message"]["content"] = json!([{ "type": "refusal", "refusal": "no" }])),
    LanguageError::Refused
)]
#[case::refuses_with_a_flag(with(|b| b["choices"][0]["message"]["refusal"] = json!(true)), LanguageError::Refused)]
#[case::filtered(with(|b| b["choices"][0]["finish_reason"] = json!("content_filter")), LanguageError::Refused)]
#[case::cut_short(with(|b| b["choices"][0]["finish_reason"] = json!("length")), LanguageError::CutShort)]
#[tokio::test]
async fn whatever_a_server_does_ends_as_an_error_that_says_so(#[case] reply: Reply, #[case] error: LanguageError) {
    let server = LanguageServer::always(reply);
    let patience = if error == LanguageError::TimedOut { 0.5 } else { 30.0 };
    let (answer, usage) = ask(&server, patience).await;
    assert_eq!(answer, Err(error.clone()));
    assert_eq!(usage.requests, 1, "nothing is gained by asking again");
    assert!(!error.to_string().contains(KEY));
    assert!(error.sentence().ends_with("the built-in result stands."), "{}", error.sentence());
}

#[rstest]
#[case::page(Reply::ok("<html>busy</html>"))]
#[case::nothing(Reply::ok(""))]
#[case::another_api(Reply::ok(r#"{"choices": [{"text": "hello"}]}"#))]
#[case::half(Reply::Whole(200, vec![], completion("{}").to_string()[..60].to_owned()))]
#[tokio::test]
async fn an_answer_of_another_kind_cannot_be_read(#[case] reply: Reply) {
    let server = LanguageServer::always(reply);
    let (answer, _) = ask(&server, 30.0).await;
    assert!(matches!(answer, Err(LanguageError::Malformed(_))), "{answer:?}");
}

#[tokio::test]
async fn usage_may_be_missing() {
    let server = LanguageServer::always(with(|body| {
        body.as_object_mut().unwrap().remove("usage");
    }));
    let language = language(server.endpoint(), 30.0);
    let (answer, usage) = ask_with(&language, Vec::new()).await;
    assert_eq!((answer, usage.input_tokens), (Ok(r#"{"a": 1}"#.into()), 0));
    assert_eq!(language.cost(&usage), None, "nothing is not known to be free");
}

#[rstest]
#[case::more_than_was_asked_for(json!({ "prompt_tokens": 700, "completion_tokens": 501 }), 700, 500)]
#[case::absurd(json!({ "prompt_tokens": u64::MAX, "completion_tokens": 1u64 << 62 }), 0, 500)]
#[case::negative(json!({ "prompt_tokens": 10, "completion_tokens": -7 }), 10, 0)]
#[case::no_number(json!({ "prompt_tokens": 10, "completion_tokens": "many" }), 10, 0)]
#[case::half(json!({ "prompt_tokens": 10, "completion_tokens": 0.5 }), 10, 0)]
#[tokio::test]
async fn tokens_that_there_cannot_be_are_not_believed(#[case] told: Value, #[case] input: u64, #[case] output: u64) {
    let server = LanguageServer::always(with(|body| body["usage"] = told.clone()));
    let (answer, usage) = ask(&server, 30.0).await;
    assert_eq!(answer, Ok(r#"{"a": 1}"#.into()));
    assert!(usage.doubtful && usage.output_tokens == output, "{usage:?}");
    match input {
        // No more tokens than there were bytes, with some for what a server adds.
        0 => {
            let sent = server.asked()[0].header("content-length").unwrap().parse::<u64>().unwrap();
            assert!((sent..sent + 2000).contains(&usage.input_tokens), "{usage:?} of {sent} bytes");
        }
        _ => assert_eq!(usage.input_tokens, input),
    }
}

#[tokio::test]
async fn an_answer_in_parts_is_one_text() {
    let parts = json!([{ "type": "text", "text": "{\"a\":" }, { "type": "text", "text": " 1}" }]);
    let server = LanguageServer::always(with(|body| body["choices"][0]["message"]["content"] = parts.clone()));
    assert_eq!(ask(&server, 30.0).await.0, Ok(r#"{"a": 1}"#.into()));
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_once_more() {
    let server = LanguageServer::start(|n, _| match n {
        0 => Reply::Cut(completion("{}").to_string()),
        _ => Reply::says("{}"),
    });
    assert_eq!(ask(&server, 30.0).await.0, Ok("{}".into()));
    let (answer, usage) = ask_with(&language("http://127.0.0.1:9/v1".into(), 30.0), Vec::new()).await;
    assert!(matches!(answer, Err(LanguageError::Unreachable(_))), "{answer:?}");
    assert_eq!(usage.requests, 2);
}

#[tokio::test]
async fn key_and_transcript_go_to_no_other_address() {
    let other = LanguageServer::always(Reply::says("{}"));
    let location = format!("Location: {}/chat/completions", other.endpoint());
    let server = LanguageServer::always(Reply::Whole(307, vec![location], String::new()));
    assert_eq!(ask(&server, 30.0).await.0, Err(LanguageError::Redirected));
    assert!(other.asked().is_empty());
}

#[test]
fn the_key_is_not_printed() {
    let language = language("http://127.0.0.1:9/v1".into(), 1.0);
    let printed = format!("{language:?}");
    assert!(printed.contains("some-model") && !printed.contains(KEY), "{printed}");
}

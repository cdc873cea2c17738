//! What a language model cost adds up; what the session says of it belongs to the outcome that is shown.

use crate::harness::{at, on_both};
use domain::language::LanguageUse;
use storage::db::procedures::Outcome;
use uuid::Uuid;

pub fn asked(cost: Option<f64>) -> LanguageUse {
    LanguageUse { model: "m".into(), requests: 2, input_tokens: 3_000_000_000, output_tokens: 40, cost, note: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_adds_up_over_attempts() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await.id;
        assert_eq!(place.db.language_use(crew.tenant, session).await.unwrap(), None);
        for cost in [None, Some(0.25), Some(0.5), None] {
            place.db.add_language_use(crew.tenant, session, &asked(cost), at(1)).await.unwrap();
        }
        let last = LanguageUse { model: "another".into(), ..LanguageUse::default() };
        place.db.add_language_use(crew.tenant, session, &last, at(2)).await.unwrap();
        let sum = place.db.language_use(crew.tenant, session).await.unwrap().unwrap();
        let tokens = (sum.requests, sum.input_tokens, sum.output_tokens);
        assert_eq!((sum.model.as_str(), tokens, sum.cost), ("another", (8, 12_000_000_000, 160), Some(0.75)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_note_is_that_of_the_outcome_that_is_shown() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await.id;
        let note = async || place.db.language_use(crew.tenant, session).await.unwrap().unwrap().note;
        let worker = Uuid::now_v7();
        for (second, said) in [(1, Some("too late".to_owned())), (11, None)] {
            let job = place.claim(worker, at(second)).await.unwrap();
            let before = place.db.language_use(crew.tenant, session).await.unwrap().and_then(|known| known.note);
            place.db.add_language_use(crew.tenant, session, &asked(None), at(second)).await.unwrap();
            assert_eq!(note().await, before);
            let outcome = Outcome { language_note: said.clone(), ..Outcome::default() };
            assert!(place.db.approve(&job, worker, &outcome, at(second + 1)).await.unwrap());
            assert_eq!(note().await, said);
            place.db.process_again(crew.tenant, session, at(second + 2)).await.unwrap();
        }
    })
    .await;
}

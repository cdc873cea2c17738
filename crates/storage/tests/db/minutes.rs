//! The ledger of minutes: what months bring, what sessions take, and that nothing goes below zero, whoever comes at once.

use crate::harness::{Crew, Place, at, new_upload, on_both};
use domain::{
    SessionId, Timestamp,
    audit::Actor,
    minutes::{MinuteCause, Pool},
    recording::Place as PartPlace,
    session::Session,
};
use storage::{
    Db, DbError,
    db::{
        Rule,
        audit::AuditFilter,
        minutes::{By, NewPack},
        sessions::{NewSession, PhaseLimits, Stop},
        unfinished::FILE_KEY,
        uploads::NewUpload,
    },
};
use tokio::task::JoinSet;

const LIMITS: PhaseLimits = PhaseLimits { heartbeat_seconds: 120.0, upload_seconds: 3600.0 };

fn new_session(began: Option<Timestamp>, key: Option<String>) -> NewSession {
    NewSession { name: "s".into(), task_id: None, idempotency_key: key, started_at: began }
}

fn operator() -> By {
    By { actor: Actor::operator(), address: None }
}

fn by(crew: &Crew) -> By {
    By { actor: Actor::user(&crew.user), address: None }
}

/// A tenant whose minutes are counted, with so many purchased and none included.
async fn with_minutes(place: &Place, name: &str, minutes: i64) -> Crew {
    let crew = place.crew(name).await;
    place.db.set_included_minutes(crew.tenant, Some(0), operator(), at(0)).await.unwrap();
    if minutes > 0 {
        let pack = NewPack { seconds: minutes * 60, reason: None, idempotency_key: None };
        place.db.add_minutes(crew.tenant, pack, operator(), at(0)).await.unwrap();
    }
    crew
}

async fn pool(place: &Place, crew: &Crew, now: Timestamp) -> Pool {
    place.db.minute_balance(crew.tenant, now).await.unwrap().unwrap().pool
}

/// The ledger, oldest first: cause, seconds, and what of them is of the included ones.
async fn ledger(place: &Place, crew: &Crew) -> Vec<(MinuteCause, i64, i64)> {
    let rows = place.db.minute_rows(crew.tenant, (at(-1 << 40), at(1 << 40)), None, 1000).await.unwrap();
    rows.into_iter().rev().map(|r| r.transaction).map(|t| (t.cause, t.seconds, t.included_seconds)).collect()
}

/// The part of a session that goes from one second to another.
async fn part(place: &Place, session: &Session, part: u32, (from, to): (u64, u64), now: Timestamp) {
    let at_place = PartPlace { part, run: part, start_ms: from * 1000, duration_ms: Some((to - from) * 1000) };
    let new = NewUpload { place: at_place, ..new_upload(Some(4)) };
    let upload = place.db.create_upload(session.tenant_id, session.id, new, now).await.unwrap();
    place.append(&upload, 0, 4, now).await.unwrap();
}

/// A session of so many seconds with a recording.
async fn ran(place: &Place, crew: &Crew, from: i64, seconds: i64) -> SessionId {
    let session = place.recording(crew, at(from)).await;
    part(place, &session, 1, (0, seconds as u64), at(from + seconds)).await;
    let stop = Stop { at_seconds: Some(seconds as f64), ..Stop::with_parts(Some(1)) };
    place.db.stop_session(crew.tenant, session.id, &stop, at(from + seconds)).await.unwrap();
    session.id
}

/// 100 devices start at the same moment on connections of two processes, and 5 minutes are left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_sessions_that_start_at_once_five_minutes_let_in_five() {
    on_both(async |place| {
        let crew = with_minutes(place, "acme", 5).await;
        let other = place.at.open().await;
        let mut starts = JoinSet::new();
        for n in 0..100 {
            let (db, seat): (Db, _) = (if n % 2 == 0 { place.db.clone() } else { other.clone() }, crew.seat.clone());
            starts.spawn(async move {
                match db.start_session(&seat, new_session(None, Some(format!("key {n}"))), at(1)).await {
                    Ok((session, true)) => Some(session),
                    Err(DbError::Rule(Rule::NoMinutes)) => None,
                    other => panic!("{other:?}"),
                }
            });
        }
        let begun: Vec<Session> = starts.join_all().await.into_iter().flatten().collect();
        assert_eq!(begun.len(), 5);
        assert_eq!(place.number("SELECT count(*) FROM sessions").await, 5);
        let balance = place.db.minute_balance(crew.tenant, at(2)).await.unwrap().unwrap();
        assert_eq!((balance.pool.left(), balance.reserved, balance.available()), (300, 300, 0));

        // All of them run for longer than what is left, and end at the same moment, each twice; somebody looks all the while.
        let (db, tenant) = (other.clone(), crew.tenant);
        let looking = tokio::spawn(async move {
            loop {
                let left = db.minute_balance(tenant, at(602)).await.unwrap().unwrap().pool.left();
                assert!((0..=300).contains(&left), "{left} seconds are left");
                if left == 0 {
                    return;
                }
            }
        });
        let mut stops = JoinSet::new();
        for (n, session) in begun.iter().chain(&begun).enumerate() {
            let (db, id) = (if n % 2 == 0 { place.db.clone() } else { other.clone() }, session.id);
            let tenant = crew.tenant;
            stops.spawn(async move {
                db.stop_session(tenant, id, &Stop::with_parts(Some(1)), at(601)).await.unwrap().unwrap()
            });
        }
        assert_eq!(stops.join_all().await.len(), 10);
        looking.await.unwrap();
        let rows = ledger(place, &crew).await;
        let sum = |cause| rows.iter().filter(|row| row.0 == cause).map(|row| row.1).sum::<i64>();
        assert_eq!(sum(MinuteCause::Session), -5 * 600, "used is the truth");
        assert_eq!(sum(MinuteCause::NotCharged), 5 * 600 - 300);
        assert_eq!(rows.iter().filter(|row| row.0 == MinuteCause::Session).count(), 5, "each once");
        let balance = place.db.minute_balance(crew.tenant, at(602)).await.unwrap().unwrap();
        assert_eq!((balance.pool.left(), balance.reserved), (0, 0));
    })
    .await;
}

/// The first request of a month comes to many servers at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_month_is_brought_once_and_what_was_left_of_the_last_one_lapses() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        place.db.set_included_minutes(crew.tenant, Some(10), operator(), at(0)).await.unwrap();
        let pack = NewPack { seconds: 300, reason: None, idempotency_key: None };
        place.db.add_minutes(crew.tenant, pack, operator(), at(0)).await.unwrap();
        ran(place, &crew, 1, 120).await;
        assert_eq!(pool(place, &crew, at(200)).await, Pool { included: 480, purchased: 300 }, "included ones first");
        let month = 40 * 86_400;
        let servers = [place.at.open().await, place.at.open().await, place.db.clone()];
        let mut asked = JoinSet::new();
        for n in 0..30 {
            let (db, tenant) = (servers[n % 3].clone(), crew.tenant);
            asked.spawn(async move {
                if n % 2 == 0 {
                    db.refresh_minutes(at(month)).await.unwrap();
                }
                db.minute_balance(tenant, at(month)).await.unwrap().unwrap().pool
            });
        }
        for pool in asked.join_all().await {
            assert_eq!(pool, Pool { included: 600, purchased: 300 });
        }
        let rows = ledger(place, &crew).await;
        use MinuteCause::{Granted, Lapsed, Pack, Session};
        let expected =
            [(Granted, 600, 600), (Pack, 300, 0), (Session, -120, -120), (Lapsed, -480, -480), (Granted, 600, 600)];
        assert_eq!(rows, expected);
        // A server whose clock is behind takes nothing back.
        assert_eq!(place.db.refresh_minutes(at(300)).await.unwrap(), 0);
        assert_eq!(pool(place, &crew, at(300)).await, Pool { included: 600, purchased: 300 });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_begins_in_the_timezone_of_the_tenant() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        place.sql("UPDATE tenants SET timezone = 'Pacific/Auckland'").await.unwrap();
        // 30 November 2026, 10:00 and 11:00 UTC: 23:00 there, and the first second of December.
        let last_hour = Timestamp(1_796_032_800_000_000);
        place.db.set_included_minutes(crew.tenant, Some(10), operator(), last_hour).await.unwrap();
        assert_eq!(place.db.refresh_minutes(last_hour.plus_seconds(3599.0)).await.unwrap(), 0);
        assert_eq!(place.db.refresh_minutes(last_hour.plus_seconds(3600.0)).await.unwrap(), 1);
        let periods = place.texts("SELECT period FROM minute_transactions WHERE cause = 'granted' ORDER BY 1").await;
        assert_eq!(periods, ["2026-11", "2026-12"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_active_time_counts_and_late_facts_are_further_rows() {
    on_both(async |place| {
        let crew = with_minutes(place, "acme", 60).await;
        let (db, tenant) = (&place.db, crew.tenant);
        let session = place.recording(&crew, at(0)).await;
        part(place, &session, 1, (0, 100), at(100)).await;
        assert!(db.pause(tenant, session.id, 100_000, at(100)).await.unwrap());
        let stop = Stop { at_seconds: Some(500.0), ..Stop::with_parts(Some(1)) };
        db.stop_session(tenant, session.id, &stop, at(510)).await.unwrap();
        use MinuteCause::{Pack, Session, SessionChanged};
        let mut rows = vec![(MinuteCause::Granted, 0, 0), (Pack, 3600, 0), (Session, -100, 0)];
        assert_eq!(ledger(place, &crew).await, rows);
        // Nothing is charged again by saying it again.
        db.stop_session(tenant, session.id, &stop, at(520)).await.unwrap();
        assert_eq!(ledger(place, &crew).await, rows);
        // The pause had ended, which comes late.
        assert!(db.resume(tenant, session.id, 400_000, at(600)).await.unwrap());
        rows.push((SessionChanged, -100, 0));
        assert_eq!(ledger(place, &crew).await, rows);
        // There was a second one.
        assert!(db.pause(tenant, session.id, 450_000, at(700)).await.unwrap());
        rows.push((SessionChanged, 50, 0));
        assert_eq!(ledger(place, &crew).await, rows);
        assert_eq!(pool(place, &crew, at(800)).await, Pool { included: 0, purchased: 3600 - 150 });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_fell_silent_counts_to_the_last_word_of_its_device() {
    on_both(async |place| {
        let crew = with_minutes(place, "acme", 60).await;
        let (db, tenant) = (&place.db, crew.tenant);
        // It recorded for 100 seconds, said for the last time that it runs after 300, and was never heard of again.
        let session = place.recording(&crew, at(0)).await;
        part(place, &session, 1, (0, 100), at(100)).await;
        db.heartbeat(tenant, session.id, at(300)).await.unwrap();
        assert_eq!(db.end_silent_sessions(LIMITS, at(500)).await.unwrap(), 1);
        let mut rows =
            vec![(MinuteCause::Granted, 0, 0), (MinuteCause::Pack, 3600, 0), (MinuteCause::Session, -300, 0)];
        assert_eq!(ledger(place, &crew).await, rows);
        // Two days later it delivers what it had recorded out of reach: until second 900, whenever that arrives.
        part(place, &session, 2, (100, 900), at(172_800)).await;
        rows.push((MinuteCause::SessionChanged, -600, 0));
        assert_eq!(ledger(place, &crew).await, rows);
        // And then says when it was really stopped.
        let stop = Stop { at_seconds: Some(880.0), ..Stop::with_parts(Some(2)) };
        db.stop_session(tenant, session.id, &stop, at(180_001)).await.unwrap();
        rows.push((MinuteCause::SessionChanged, 20, 0));
        assert_eq!(ledger(place, &crew).await, rows);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_recorded_and_what_was_brought_as_a_file_costs_nothing() {
    on_both(async |place| {
        let crew = with_minutes(place, "acme", 2).await;
        let (db, tenant) = (&place.db, crew.tenant);
        let nothing = place.recording(&crew, at(0)).await;
        db.stop_session(tenant, nothing.id, &Stop::with_parts(Some(0)), at(300)).await.unwrap();
        let silent = place.recording(&crew, at(0)).await;
        db.heartbeat(tenant, silent.id, at(100)).await.unwrap();
        assert_eq!(db.end_silent_sessions(LIMITS, at(500)).await.unwrap(), 1);
        let balance = db.minute_balance(tenant, at(600)).await.unwrap().unwrap();
        assert_eq!((balance.available(), balance.reserved), (120, 0), "what was kept for them is free again");
        // A file is no session that was active, and is taken when nothing is left, too.
        db.adjust_minutes(tenant, -120, "tried out", operator(), at(700)).await.unwrap();
        let file = db.start_session(&crew.seat, new_session(Some(at(0)), Some(format!("{FILE_KEY}1"))), at(700)).await;
        let (file, _) = file.unwrap();
        part(place, &file, 1, (0, 9), at(701)).await;
        db.stop_session(tenant, file.id, &Stop::with_parts(Some(1)), at(800)).await.unwrap();
        use MinuteCause::{ByHand, Granted, Pack};
        assert_eq!(ledger(place, &crew).await, [(Granted, 0, 0), (Pack, 120, 0), (ByHand, -120, 0)]);
    })
    .await;
}

/// Parts were announced, so the session is charged; they never come, so it is given back; they do come, so it is charged.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_never_arrives_is_given_back() {
    on_both(async |place| {
        let crew = with_minutes(place, "acme", 60).await;
        let session = place.recording(&crew, at(0)).await;
        place.db.stop_session(crew.tenant, session.id, &Stop::with_parts(Some(1)), at(90)).await.unwrap();
        assert_eq!(place.db.end_silent_sessions(LIMITS, at(9000)).await.unwrap(), 1);
        part(place, &session, 1, (0, 90), at(10_000)).await;
        let of_session: Vec<_> = ledger(place, &crew).await.into_iter().skip(2).collect();
        use MinuteCause::{Session, SessionChanged};
        assert_eq!(of_session, [(Session, -90, 0), (SessionChanged, 90, 0), (SessionChanged, -90, 0)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_minute_a_new_session_is_refused_and_one_that_took_place_is_taken() {
    on_both(async |place| {
        let crew = with_minutes(place, "acme", 1).await;
        let start = async |began, key: &str, now| {
            place.db.start_session(&crew.seat, new_session(began, Some(key.to_owned())), now).await
        };
        let (running, is_new) = start(None, "a", at(0)).await.unwrap();
        assert!(is_new);
        let refused = start(None, "b", at(1)).await.unwrap_err();
        assert!(matches!(refused, DbError::Rule(Rule::NoMinutes)), "{refused}");
        // Its own answer was lost: the session runs.
        assert_eq!(start(None, "a", at(2)).await.unwrap(), (running.clone(), false));
        // It began 119 and 120 seconds ago.
        assert!(start(Some(at(81)), "c", at(200)).await.is_err());
        let (late, _) = start(Some(at(80)), "c", at(200)).await.unwrap();
        part(place, &late, 1, (0, 40), at(200)).await;
        let stop = Stop { at_seconds: Some(40.0), ..Stop::with_parts(Some(1)) };
        place.db.stop_session(crew.tenant, late.id, &stop, at(201)).await.unwrap();
        // A running one is never cut off, however little is left.
        part(place, &running, 1, (0, 600), at(600)).await;
        place.db.stop_session(crew.tenant, running.id, &Stop::with_parts(Some(1)), at(600)).await.unwrap();
        use MinuteCause::{Granted, NotCharged, Pack, Session};
        let rows = [(Granted, 0, 0), (Pack, 60, 0), (Session, -40, 0), (Session, -600, 0), (NotCharged, 580, 0)];
        assert_eq!(ledger(place, &crew).await, rows);
        assert_eq!(pool(place, &crew, at(700)).await.left(), 0);
        let used = place.db.minutes_used(crew.tenant, at(0), at(1000)).await.unwrap();
        let total = used.iter().fold((0, 0, 0), |t, u| (t.0 + u.used, t.1 + u.purchased(), t.2 + u.not_charged));
        assert_eq!(total, (640, 60, 580));
        // It turns out to have been shorter: what was not charged goes first.
        place.db.pause(crew.tenant, running.id, 10_000, at(700)).await.unwrap();
        assert_eq!(pool(place, &crew, at(700)).await.left(), 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_minutes_are_not_counted_use_is_written_and_nothing_refused() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        ran(place, &crew, 0, 90).await;
        assert_eq!(place.db.minute_balance(crew.tenant, at(100)).await.unwrap(), None);
        let used = place.db.minutes_used(crew.tenant, at(0), at(1000)).await.unwrap();
        assert_eq!(used.iter().map(|u| (u.used, u.not_charged, u.purchased())).collect::<Vec<_>>(), [(90, 90, 0)]);
        let pack = NewPack { seconds: 60, reason: None, idempotency_key: None };
        let refused = place.db.add_minutes(crew.tenant, pack, operator(), at(100)).await.unwrap_err();
        assert!(matches!(refused, DbError::Rule(Rule::MinutesNotCounted)), "{refused}");
        // Counted from now on, it begins with what the month brings.
        place.db.set_included_minutes(crew.tenant, Some(5), operator(), at(200)).await.unwrap();
        assert_eq!(pool(place, &crew, at(200)).await, Pool { included: 300, purchased: 0 });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packs_adjustments_and_a_changed_month() {
    on_both(async |place| {
        let crew = with_minutes(place, "acme", 0).await;
        let (db, tenant) = (&place.db, crew.tenant);
        let pack =
            |key: &str| NewPack { seconds: 600, reason: Some("Invoice 7".into()), idempotency_key: Some(key.into()) };
        let (first, is_new) = db.add_minutes(tenant, pack("k"), by(&crew), at(1)).await.unwrap();
        assert!(is_new);
        assert_eq!(db.add_minutes(tenant, pack("k"), by(&crew), at(2)).await.unwrap(), (first, false));
        let few = db.adjust_minutes(tenant, -601, "wrong", operator(), at(3)).await.unwrap_err();
        assert!(matches!(few, DbError::Rule(Rule::TooFewMinutes(10))), "{few}");
        db.set_included_minutes(tenant, Some(10), operator(), at(4)).await.unwrap();
        assert_eq!(pool(place, &crew, at(5)).await, Pool { included: 600, purchased: 600 });
        db.adjust_minutes(tenant, -700, "tried out", by(&crew), at(6)).await.unwrap();
        assert_eq!(pool(place, &crew, at(6)).await, Pool { included: 0, purchased: 500 });
        // What is used of a month cannot be taken back.
        db.set_included_minutes(tenant, Some(5), operator(), at(7)).await.unwrap();
        assert_eq!(pool(place, &crew, at(7)).await, Pool { included: 0, purchased: 500 });
        db.set_included_minutes(tenant, Some(12), operator(), at(8)).await.unwrap();
        assert_eq!(pool(place, &crew, at(8)).await, Pool { included: 120, purchased: 500 });
        db.adjust_minutes(tenant, 30, "goodwill", operator(), at(9)).await.unwrap();
        let rows = db.minute_rows(tenant, (at(0), at(99)), None, 2).await.unwrap();
        assert_eq!(rows[0].transaction.reason.as_deref(), Some("goodwill"));
        let cursor =
            storage::db::minute_rows::MinuteCursor { at: rows[1].transaction.created_at, id: rows[1].transaction.id };
        let older = db.minute_rows(tenant, (at(0), at(99)), Some(cursor), 9).await.unwrap();
        assert_eq!(older.iter().filter_map(|row| row.user_name.as_deref()).count(), 2);
        assert_eq!(rows.len() + older.len(), ledger(place, &crew).await.len());
        let noted = db.audit_page(tenant, &AuditFilter::default(), None, 99).await.unwrap().entries;
        let acts: Vec<_> = noted.iter().rev().skip(1).map(|n| (n.actor.name.as_str(), n.label())).collect();
        let (user, operator) = (crew.user.full_name.as_str(), "Operator");
        let changed = (operator, "Changed the included minutes");
        let adjusted = "Adjusted minutes";
        let expected = [(user, "Added minutes"), changed, (user, adjusted), changed, changed, (operator, adjusted)];
        assert_eq!(acts, expected, "what was refused and what was said twice is not noted");
        let erased = db.erase_tenant(tenant, at(10)).await.unwrap().unwrap();
        assert_eq!(erased.rows["minute_transactions"], (rows.len() + older.len()) as u64);
    })
    .await;
}

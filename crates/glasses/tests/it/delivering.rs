//! From the spool to the server, whatever goes wrong on the way.

use crate::server::{Fault, Server};
use domain::SeatId;
use glasses::{
    Backoff, GlassesError, Moment, Seat,
    delivery::{Delivery, Shared, Until},
    news::News,
    spool::{Event, OpenSession, Spool},
};
use rstest::rstest;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::sync::{
    mpsc::{UnboundedReceiver, unbounded_channel},
    watch,
};
use uuid::Uuid;

struct Place {
    spool: Arc<Spool>,
    server: Server,
    shared: Shared,
    news: UnboundedReceiver<News>,
    _folder: TempDir,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path()).await;
        let (sender, news) = unbounded_channel();
        let spool = Arc::new(Spool::open(folder.path()).unwrap().0);
        Self { spool, server, shared: Shared::new(sender), news, _folder: folder }
    }

    fn pair_with(&self, seat: &Seat) {
        let mut credentials = self.spool.credentials().unwrap();
        credentials.seat = Some(seat.clone());
        Spool::pair(self.spool.root(), &credentials).unwrap();
    }

    fn begin(&self, parts: u32) -> OpenSession {
        let start = Event::Start { name: None, task_id: None, began: Moment::now(), seat: None };
        let mut open = self.spool.begin(&start).unwrap();
        for number in 0..parts {
            let (start_ms, duration_ms) = if number == 0 { (0, 0) } else { (u64::from(number - 1) * 2000, 2000) };
            open.part(1, start_ms, duration_ms, &bytes(open.session().key(), number + 1)).unwrap();
        }
        open
    }

    /// A session of one part that was recorded for a seat.
    fn session_of(&self, seat: &Seat) -> Uuid {
        let start = Event::Start { name: None, task_id: None, began: Moment::now(), seat: Some(seat.clone()) };
        let mut open = self.spool.begin(&start).unwrap();
        open.part(1, 0, 0, &bytes(open.session().key(), 1)).unwrap();
        open.event(&Event::Stop { at_ms: 0, abnormal: false }).unwrap();
        self.shared.written(None);
        open.session().key()
    }

    /// A session that is over.
    fn session(&self, parts: u32) -> Uuid {
        let mut open = self.begin(parts);
        open.event(&Event::Stop { at_ms: u64::from(parts) * 2000, abnormal: false }).unwrap();
        open.session().key()
    }

    fn delivery(&self) -> Delivery {
        let mut delivery = Delivery::new(self.spool.clone(), self.shared.clone());
        let quickly = Duration::from_millis(5);
        delivery.backoff = Backoff { first: quickly, longest: quickly, give_up_after: None };
        delivery
    }

    async fn deliver(&self) -> Result<usize, GlassesError> {
        tokio::time::timeout(Duration::from_secs(60), self.delivery().run(until(Until::Delivered))).await.unwrap()
    }

    /// The server has these parts of a session, byte for byte.
    #[track_caller]
    fn arrived(&self, session: Uuid, parts: impl IntoIterator<Item = u32>) {
        self.server.look(|kept| {
            let id = kept.sessions[&session];
            let there = kept.parts.iter().filter(|((of, _), _)| *of == id);
            let there: Vec<_> = there.map(|((_, number), part)| (*number, part.bytes.clone())).collect();
            let wanted: Vec<_> = parts.into_iter().map(|number| (number, bytes(session, number))).collect();
            assert!(there == wanted, "other parts than wanted, or other bytes: {:?}", kept.log);
        });
    }

    fn log(&self) -> Vec<String> {
        self.server.look(|kept| kept.log.clone())
    }

    fn heard(&mut self) -> Vec<News> {
        std::iter::from_fn(|| self.news.try_recv().ok()).collect()
    }
}

fn until(until: Until) -> watch::Receiver<Until> {
    watch::Sender::new(until).subscribe()
}

fn bytes(session: Uuid, part: u32) -> Vec<u8> {
    format!("{session} {part} ").repeat(20).into_bytes()
}

#[tokio::test]
async fn everything_arrives_and_nothing_stays() {
    let place = Place::new().await;
    let first = place.session(3);
    let second = place.session(2);
    assert_eq!(place.deliver().await.unwrap(), 0);
    place.arrived(first, 1..=3);
    place.arrived(second, 1..=2);
    let once = ["start", "stop", "part 1", "part 2", "part 3", "start", "stop", "part 1", "part 2"];
    assert_eq!(place.log(), once, "the oldest session first, one request a part");
    assert!(place.spool.sessions().unwrap().is_empty());
    place.server.look(|kept| assert_eq!(kept.reports.last().unwrap()["sessions"], serde_json::json!([])));
}

#[tokio::test]
async fn the_newest_part_of_the_running_session_goes_first() {
    let place = Place::new().await;
    place.session(2);
    let running = place.begin(4);
    place.shared.written(Some(running.session().key()));
    let delivering = tokio::spawn(place.delivery().run(until(Until::Dropped)));
    let all = 2 + 4 + 3;
    while place.log().len() < all {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    delivering.abort();
    let log = place.log();
    assert_eq!(log[..3], ["start", "part 1", "part 4"], "its header, then its newest");
    assert_eq!(log[3..7], ["start", "stop", "part 1", "part 2"], "then the oldest session");
    assert_eq!(log[7..], ["part 2", "part 3"]);
}

#[rstest]
#[case::portal(Fault::Portal)]
#[case::lost_answer(Fault::LostAnswer)]
#[case::broken(Fault::HalfThenError)]
#[case::unavailable(Fault::Problem(503, "unavailable"))]
#[case::full(Fault::Problem(507, "storage-full"))]
#[case::locked(Fault::Problem(423, "locked"))]
#[case::mismatch(Fault::Problem(460, "checksum"))]
#[case::broken_body(Fault::BrokenBody)]
#[tokio::test]
async fn a_fault_now_and_then_costs_time_only(#[case] fault: Fault) {
    let place = Place::new().await;
    let session = place.session(6);
    // Every second request, and some in a row.
    let faults = [fault, Fault::None, fault, Fault::None, fault, fault, Fault::None];
    place.server.look(|kept| kept.faults = faults.iter().copied().cycle().take(40).collect::<VecDeque<_>>());
    assert_eq!(place.deliver().await.unwrap(), 0);
    place.arrived(session, 1..=6);
    place.server.look(|kept| assert_eq!(kept.sessions.len(), 1, "started once"));
}

#[rstest]
#[case::portal(Fault::Portal)]
#[case::revoked(Fault::Problem(401, "unauthorized"))]
#[case::refused(Fault::Problem(403, "forbidden"))]
#[case::no_minutes(Fault::Problem(402, "no-minutes"))]
#[tokio::test]
async fn nothing_is_removed_that_the_server_has_not(#[case] fault: Fault) {
    let mut place = Place::new().await;
    let session = place.session(3);
    place.server.look(|kept| kept.always = Some(fault));
    let delivering = place.delivery().run(until(Until::Dropped));
    let _ = tokio::time::timeout(Duration::from_millis(300), delivering).await;
    assert_eq!(place.spool.sessions().unwrap()[0].contents().unwrap().held().count(), 3);
    let heard = place.heard();
    let said = |wanted: fn(&News) -> bool| heard.iter().filter(|news| wanted(news)).count();
    match fault {
        Fault::Portal => assert_eq!(said(|news| matches!(news, News::NoNetwork { .. })), 1),
        Fault::Problem(401, _) => assert_eq!(said(|news| *news == News::Unpaired), 1),
        Fault::Problem(402, _) => {
            assert_eq!(said(|news| *news == News::NoMinutes), 1);
            assert_eq!(News::NoMinutes.spoken().unwrap(), "No minutes left. Ask your administrator.");
        }
        _ => assert_eq!(said(|news| matches!(news, News::Refused { .. })), 1),
    }
    place.server.look(|kept| kept.always = None);
    assert_eq!(place.deliver().await.unwrap(), 0);
    place.arrived(session, 1..=3);
}

#[tokio::test]
async fn a_part_that_was_deleted_there_is_removed_here() {
    let place = Place::new().await;
    let session = place.session(3);
    place.server.look(|kept| kept.deleted = vec![2]);
    assert_eq!(place.deliver().await.unwrap(), 0);
    place.arrived(session, [1, 3]);
}

#[tokio::test]
async fn breaks_are_told_in_order_and_before_the_stop() {
    let place = Place::new().await;
    let mut open = place.begin(2);
    open.event(&Event::Pause { at_ms: 2000 }).unwrap();
    open.event(&Event::Resume { at_ms: 5000 }).unwrap();
    open.delete(500, 1000).unwrap();
    open.event(&Event::Stop { at_ms: 9000, abnormal: false }).unwrap();
    assert_eq!(place.deliver().await.unwrap(), 0);
    assert_eq!(place.log(), ["start", "pause", "resume", "delete", "stop", "part 1"]);
    place.server.look(|kept| {
        let stop = kept.stops.values().next().unwrap();
        let wanted = serde_json::json!({ "parts": 2, "missing": [2], "at_seconds": 9.0, "abnormal": false });
        assert_eq!(*stop, wanted);
    });
}

#[tokio::test]
async fn after_a_restart_nothing_is_sent_twice() {
    let place = Place::new().await;
    let session = place.session(5);
    // Done, and the device dies before it learns so.
    let mut delivery = place.delivery();
    delivery.backoff.first = Duration::from_secs(60);
    delivery.backoff.longest = delivery.backoff.first;
    let dying = tokio::spawn(delivery.run(until(Until::Delivered)));
    // The start, the report, the stop and the question what is there, and then the first part.
    place.server.look(|kept| kept.faults = [vec![Fault::None; 4], vec![Fault::LostAnswer]].concat().into());
    while place.log().last().is_none_or(|last| last != "part 1") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dying.abort();
    let _ = dying.await;
    assert_eq!(place.deliver().await.unwrap(), 0);
    place.arrived(session, 1..=5);
    let log = place.log();
    for number in 1..=5 {
        let times = log.iter().filter(|line| **line == format!("part {number}")).count();
        assert!(times == 1, "part {number} went {times} times: {log:?}");
    }
}

#[tokio::test]
async fn a_damaged_part_is_kept_apart_and_said_to_be_missing() {
    let mut place = Place::new().await;
    let session = place.session(3);
    let held = place.spool.sessions().unwrap()[0].clone();
    let part = held.contents().unwrap().parts[1].name.clone();
    std::fs::write(held.path().join(format!("{part}.part")), b"torn").unwrap();
    assert_eq!(place.deliver().await.unwrap(), 0);
    place.arrived(session, [1, 3]);
    place.server.look(|kept| assert_eq!(kept.stops.values().next().unwrap()["missing"], serde_json::json!([2])));
    assert!(place.heard().iter().any(|news| matches!(news, News::SetApart { .. })));
    assert_eq!(place.spool.set_aside().len(), 1);
}

fn seat_of(name: &str) -> Seat {
    Seat { seat_id: SeatId(Uuid::now_v7()), user_name: name.into(), tenant_name: "Northwind".into() }
}

#[tokio::test]
async fn another_seat_does_not_get_what_was_recorded_before() {
    let mut place = Place::new().await;
    let [anna, ben] = ["Anna", "Ben"].map(seat_of);
    let [annas, bens] = [&anna, &ben].map(|seat| place.session_of(seat));
    place.pair_with(&ben);
    assert_eq!(place.deliver().await.unwrap(), 1);
    place.arrived(bens, [1]);
    place.server.look(|kept| assert!(!kept.sessions.contains_key(&annas)));
    let refused = |place: &mut Place| {
        let details = place.heard().into_iter().find_map(|news| match news {
            News::Refused { detail } => Some(detail),
            _ => None,
        });
        details.unwrap()
    };
    let said = refused(&mut place);
    assert!(said.contains("the seat of Anna at Northwind") && said.contains("the seat of Ben"), "{said}");
    // Whose it is stands in the name, too.
    let held = place.spool.sessions().unwrap()[0].clone();
    let start = std::fs::read_dir(held.path()).unwrap().map(|file| file.unwrap().path());
    let start = start.into_iter().find(|path| path.to_string_lossy().contains("/e000001-u")).unwrap();
    std::fs::write(start, b"torn").unwrap();
    assert_eq!(place.deliver().await.unwrap(), 1);
    let said = refused(&mut place);
    assert!(said.contains("belongs to another seat"), "{said}");
    place.pair_with(&anna);
    assert_eq!(place.deliver().await.unwrap(), 0);
    place.arrived(annas, [1]);
}

#[tokio::test]
async fn a_deletion_holds_where_its_file_is_damaged() {
    let place = Place::new().await;
    let mut open = place.begin(4);
    open.delete(2000, 4000).unwrap();
    open.event(&Event::Stop { at_ms: 6000, abnormal: false }).unwrap();
    let session = open.session().key();
    for file in std::fs::read_dir(open.session().path()).unwrap().map(|file| file.unwrap().path()) {
        if file.file_name().unwrap().to_str().unwrap().contains("-x2000-4000-") {
            std::fs::write(file, b"").unwrap();
        }
    }
    assert_eq!(place.deliver().await.unwrap(), 0);
    place.arrived(session, [1, 2, 4]);
    assert!(place.log().iter().any(|line| line == "delete"), "{:?}", place.log());
}

#[tokio::test]
async fn a_device_that_is_paired_anew_while_it_runs_delivers_for_whom_it_is_then() {
    let mut place = Place::new().await;
    let [anna, ben] = ["Anna", "Ben"].map(seat_of);
    place.pair_with(&anna);
    let running = tokio::spawn(place.delivery().run(until(Until::Dropped)));
    let first = place.session_of(&anna);
    while !place.spool.sessions().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    place.pair_with(&ben);
    let second = place.session_of(&ben);
    while !place.spool.sessions().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.abort();
    place.arrived(first, [1]);
    place.arrived(second, [1]);
    assert!(!place.heard().iter().any(|news| matches!(news, News::Refused { .. })));
}

//! The server dies at any moment of the processing, and the next one goes on to the same result.

use crate::support::{Outcome, Place, Rows, Running, captions, sample, until};
use domain::{SessionId, TenantId, job::Step};
use std::{collections::BTreeMap, fs, path::Path, time::Duration};

/// A session whose every byte is here and that no worker has seen.
struct Waiting {
    place: Place,
    tenant: TenantId,
    session: SessionId,
}

/// Everything that the processing of a session leaves.
type Left = (Outcome, BTreeMap<String, i64>);

impl Waiting {
    async fn new() -> Self {
        let place = Place::new().set("SERVER__WORK", "false");
        let pairing = place.pair("Harbour");
        let server = place.serve().await;
        let device = pairing.at(&server);
        let session = device.record(&sample(), Some(&captions())).await;
        assert_eq!(device.state(session).await["phase"], "processing");
        server.stop();
        Self { place: place.set("SERVER__WORK", "true"), tenant: pairing.tenant, session }
    }

    fn copy(&self) -> Self {
        Self { place: self.place.copy(), ..*self }
    }

    /// Starts a server, waits for the end, stops it, and looks at what is left.
    async fn finish(&self) -> Left {
        let server = self.place.serve().await;
        let mut rows = Rows::open(&self.place.data()).await;
        until("the session is processed", async || {
            let sql = "SELECT phase FROM sessions WHERE phase = 'done'";
            rows.text(sql).await
        })
        .await;
        server.stop();
        self.place.is_tidy();
        (Outcome::on_disk(&self.place.data(), self.tenant, self.session).await, rows.counts().await)
    }
}

/// Makes the end of `step` take for ever, inside the transaction that would write it.
async fn hold(rows: &mut Rows, step: Step) {
    rows.run(
        "CREATE TABLE test_many (n); INSERT INTO test_many WITH RECURSIVE c(x) AS \
         (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 5000) SELECT x FROM c",
    )
    .await;
    let burn = "BEGIN SELECT count(*) FROM test_many a, test_many b, test_many c WHERE a.n * b.n * c.n < 0; END";
    rows.run(&format!(
        "CREATE TRIGGER test_hold BEFORE UPDATE ON step_runs \
         WHEN NEW.step = '{step}' AND NEW.state = 'done' {burn}"
    ))
    .await;
    if step == Step::Approve {
        rows.run(&format!(
            "CREATE TRIGGER test_hold_approved BEFORE UPDATE ON sessions WHEN NEW.status = 'completed' {burn}"
        ))
        .await;
    }
}

async fn let_go(rows: &mut Rows) {
    rows.run("DROP TRIGGER test_hold; DROP TRIGGER IF EXISTS test_hold_approved; DROP TABLE test_many").await;
}

async fn begins(rows: &mut Rows, step: Step) {
    until(&format!("{step} begins"), async || {
        let sql = format!("SELECT step FROM step_runs WHERE step = '{step}' AND state = 'running'");
        rows.text(&sql).await
    })
    .await;
}

/// Waits until the step has done all but write down that it is done.
async fn is_held(rows: &mut Rows) {
    let mut busy = 0;
    until("the end of the step is held up", async || {
        busy = if rows.busy().await { busy + 1 } else { 0 };
        (busy > 20).then_some(())
    })
    .await;
}

#[track_caller]
fn same(case: &str, found: &Left, expected: &Left) {
    assert_eq!(found.0.objects, expected.0.objects, "{case}: objects");
    assert_eq!(found.1, expected.1, "{case}: rows");
    assert_eq!(found.0, expected.0, "{case}");
}

#[tokio::test]
async fn at_every_step() {
    let waiting = Waiting::new().await;
    let undisturbed = waiting.copy().finish().await;
    assert!((2..=4).contains(&undisturbed.0.procedures.len()), "{:?}", undisturbed.0.procedures);
    assert_eq!(undisturbed.0.steps.len(), Step::count());

    // One session that is killed at every step, twice: when the step has begun, and when only its last line is missing.
    let mut rows = Rows::open(&waiting.place.data()).await;
    let chunks = objects(&waiting, "uploads");
    for (step, _) in &undisturbed.0.steps {
        hold(&mut rows, *step).await;
        for late in [false, true] {
            let server = waiting.place.serve().await;
            begins(&mut rows, *step).await;
            if late {
                is_held(&mut rows).await;
            }
            server.kill();
        }
        let_go(&mut rows).await;
        if *step == Step::Receive {
            // Killed a moment earlier it would have left the pieces of the upload, already replaced by the whole.
            for chunk in &chunks {
                fs::create_dir_all(Path::new(chunk).parent().unwrap()).unwrap();
                fs::copy(sample(), chunk).unwrap();
            }
        }
    }
    same("killed at every step", &waiting.finish().await, &undisturbed);
    // A crash costs the step that was running and no other. Two of them run at the same time.
    let often = "SELECT step FROM step_runs WHERE step NOT IN ('transcribe', 'observe') AND attempts > 3";
    assert_eq!(rows.text(often).await, None, "a step ran again that had ended");
}

fn objects(case: &Waiting, kind: &str) -> Vec<String> {
    let folder = case.place.data().join(format!("objects/tenants/{}/{kind}", case.tenant));
    let list = std::process::Command::new("find").arg(folder).args(["-type", "f"]).output().unwrap();
    let found: Vec<String> = String::from_utf8(list.stdout).unwrap().lines().map(str::to_owned).collect();
    assert!(!found.is_empty());
    found
}

#[tokio::test]
async fn at_random_moments() {
    let waiting = Waiting::new().await;
    let undisturbed = waiting.copy().finish().await;
    for round in 0..2 {
        let case = waiting.copy();
        let mut moments = Vec::new();
        for _ in 0..4 {
            let server: Running = case.place.serve().await;
            // The first needs no lease to run out.
            let least = if moments.is_empty() { 0 } else { 900 };
            let moment = least + rand::random_range(0..1200);
            moments.push(moment);
            tokio::time::sleep(Duration::from_millis(moment)).await;
            server.kill();
        }
        same(&format!("round {round}, killed after {moments:?} ms"), &case.finish().await, &undisturbed);
    }
}

//! What has reached its age is in no file of the installation any more; what was found in it stays, and says so.

use crate::support::{Dashboard, Place, Rows, captions, holding, pieces_of_the_recording, sample, until};

/// Sentences that were said and stand in nothing that stays.
async fn said_only(rows: &mut Rows) -> Vec<String> {
    let stays = "SELECT coalesce(group_concat(procedure_name || description), '') || coalesce((SELECT group_concat( \
                 coalesce(summary, '') || coalesce(score, '')) FROM sessions), '') FROM procedures";
    let stays = rows.text(stays).await.unwrap();
    let text = captions();
    let lines = text.lines().filter(|line| line.len() > 20 && !line.contains("-->") && !stays.contains(line));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_has_reached_its_age_is_gone_though_the_server_was_killed() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let device = pairing.at(&server);
    let session = device.record(&sample(), Some(&captions())).await;
    device.completed(session).await;
    let running = device.start().await.id;
    let mut rows = Rows::open(&place.data()).await;
    let said = said_only(&mut rows).await;
    assert!(said.len() > 5 && holding(&place.data(), &said).len() > 2);
    assert!(!holding(&place.data(), &pieces_of_the_recording()).is_empty());
    let dashboard = Dashboard::sign_in(&server, &pairing).await;
    let page = format!("/sessions/{session}");
    let html = dashboard.page(&page).await;
    let media = dashboard.media(&html);
    assert!(media.len() >= 3, "{media:?}");
    let procedure = html.split("href=\"/procedures/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    server.kill();

    let keep = ["--keep-recording-days", "7", "--keep-clips-days", "7", "--keep-transcript-days", "7"];
    let set = place.run(&[&["tenant", "set", "--tenant", "Harbour"], keep.as_slice()].concat());
    assert!(set.code == 0 && set.stdout.contains("recording: 7 days"), "{set}");
    // As if it was eight days ago; the running session, too.
    rows.run("UPDATE sessions SET last_heartbeat_at = last_heartbeat_at - 8 * 86400000000 WHERE phase = 'done'").await;
    let server = place.serve().await;
    until("the objects and the words have gone", async || {
        (holding(&place.data(), &said).is_empty() && holding(&place.data(), &pieces_of_the_recording()).is_empty())
            .then_some(())
    })
    .await;
    let dashboard = Dashboard::sign_in(&server, &pairing).await;
    let html = dashboard.page(&page).await;
    assert!(html.contains("The recording was removed on <time") && html.contains("/procedures/"), "{html}");
    let html = dashboard.page(&format!("/procedures/{procedure}")).await;
    assert!(html.contains("The clip was removed on <time"), "{html}");
    for address in media {
        let path = address.split_once("/media/").unwrap().1;
        let answer = reqwest::get(format!("{}/media/{path}", server.base())).await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    let again = place.run(&["session", "process-again", "--tenant", "Harbour", &session.to_string()]);
    assert!(again.code == 1 && again.stderr.contains("removed by age"), "{again}");
    let noted = rows.text("SELECT detail FROM audit_entries WHERE action = 'data.removed_by_age'").await.unwrap();
    assert_eq!(noted, r#"{"clips":1,"recording":1,"transcript":1}"#);
    let device = pairing.at(&server);
    assert_eq!(device.state(running).await["phase"], "recording");
    server.stop();
}

//! Every page in every state: the strings the product promises are there, and what it promises not to have is not.

mod api_keys;
mod facts;
mod minutes;
mod people;
mod privacy;
mod settings;
mod states;
mod webhooks;

use super::{session::SessionLive, sessions::SessionFilter, sessions::SessionRowFragment};
use askama::Template;
use facts::session;
use states::{list, pages, row, rows, whole};

/// Checks that the texts stand in the page in this order.
fn check(page: &str, texts: &[&str]) {
    let html = &pages()[page];
    let mut rest = html.split_once("<main").unwrap().1;
    for text in texts {
        rest = rest.split_once(text).unwrap_or_else(|| panic!("{page}: {text:?} is missing or out of order\n{html}")).1;
    }
}

fn check_without(page: &str, texts: &[&str]) {
    let html = &pages()[page];
    for text in texts {
        assert!(!html.contains(text), "{page}: {text:?} must not be there");
    }
}

#[test]
fn what_is_doubtful_about_a_recording_stands_below_it() {
    let remarks = [
        "Video Recording</h2>",
        ">The file is cut off after 758 s of 1200 s.<",
        "Session Summary</h2>",
        ">The language model did",
    ];
    check("session-with-remarks", &remarks);
    check_without("session", &["cut off", "language model"]);
}

#[test]
fn the_gaps_of_a_recording_are_listed_below_it() {
    let gaps = [
        "Video Recording</h2>",
        "<video",
        "<summary>5 gaps, at least 63h 01m in all<",
        ">0:00</span> Before the start: Deleted by the engineer (4s)<",
        ">5:00 – 5:02</span> Not recorded (2s)<",
        "data-start=\"720\" data-end=\"1320\" data-notice=\"Paused, 63h 00m skipped\"",
        ">12:00 – 22:00</span> Paused (63h 00m)<",
        ">25:00 – 26:00</span> Deleted by the engineer (1m 00s)<",
        ">31:58</span> At the end: Not recorded<",
        ">Procedures<",
    ];
    check("session-with-gaps", &gaps);
    check_without("session", &["data-gaps", "data-gap-notice"]);
}

#[test]
fn the_list_has_its_filters_and_columns() {
    check(
        "sessions",
        &[
            "<h1>Sessions</h1>",
            ">All<",
            ">Completed<",
            ">In Progress<",
            ">Failed<",
            ">All roles<",
            ">Trainer<",
            ">Trainee<",
            ">Thumbnail<",
            ">Session Name<",
            ">Role<",
            ">Status<",
            ">Duration<",
            ">Procedures<",
            ">Date<",
        ],
    );
    check("sessions", &["In Progress</span><span class=\"under\">Recording<", ">—<", ">—<", ">Started<"]);
    check(
        "sessions",
        &[">Uploading 63%<", ">Processing 5 of 9: naming<", ">5 procedures<", ">1 procedure<", ">1h 04m<"],
    );
    check(
        "sessions",
        &["Failed</span>", ">The camera was covered or dark for most of the recording.<", "20m 58s", ">—<"],
    );
    check("sessions", &["rel=\"next\" href=\"/sessions?before=b2xkZXI%3D\"", "Older"]);
    check_without("sessions", &["rel=\"prev\""]);
    check("sessions-second-page", &["rel=\"prev\" href=\"/sessions?after=bmV3ZXI%3D\"", "Newer"]);
    check("sessions-none", &["No sessions yet", "Start training session"]);
    check(
        "sessions-none-match",
        &["aria-current=\"true\">Failed<", "aria-current=\"true\">Trainee<", "No sessions match"],
    );
}

#[test]
fn a_row_on_its_own_is_the_row_of_the_list() {
    for row in rows() {
        let html = SessionRowFragment { row }.render().unwrap();
        assert!(pages()["sessions"].contains(html.trim()), "{html}");
    }
}

#[test]
fn a_session_shows_its_parts_in_the_order_of_the_product() {
    check(
        "session",
        &[
            "<h1>Replace the diverter valve",
            ">Completed</span>",
            "User",
            "Marek Kowalczyk",
            "Seat ID",
            ">7F3A91C2<",
            "Total duration",
            "20m 58s",
            "Started",
            "<time datetime=\"2026-11-21T02:34:37Z\" title=\"21 Nov 2026, 02:34:37 GMT\">21 Nov 2026, 02:34<",
            "Completed",
            "21 Nov 2026, 03:04",
            "Video Recording",
            "Fullscreen",
            "<video controls",
            "<track kind=\"captions\"",
            "<track kind=\"chapters\"",
            ">Procedures<",
            "<ol",
            "Isolate the boiler",
            "Turn off",
            "Session Summary",
            "Score",
            "<b>81</b>",
            "<meter",
            "Narration",
            ">88<",
            "Order",
            "not enough evidence",
            "Safety",
            "Marek replaces",
            "Trainer notes",
            "Watch the retaining spring",
            "Linked Task",
            "Replace the diverter valve, 14 Mill Lane",
            ">jobber<",
            "J-48213",
            ">In Progress<",
            "https://secure.getjobber.com",
            "View Task",
        ],
    );
    check_without(
        "session",
        &["Approve", "Reject", "Transcript", "Export", "Skills", "role=\"tab\"", "contenteditable", "<textarea"],
    );
}

#[test]
fn a_session_without_a_part_says_so_in_the_products_words() {
    check(
        "session-no-recording",
        &["Failed</span>", "stopped before any video", "No recording was captured for this session"],
    );
    check(
        "session-no-recording",
        &["No procedures extracted for this session", "Summary not provided by Training App."],
    );
    check("session-no-recording", &["Linked Task", "href=\"/tasks/", "View Task"]);
    check("session-failed", &["Failed</span>", "Only 2 of 21 minutes", "<video", "No procedures extracted"]);
    check("session-recording", &["In Progress</span>", ">Recording<", "still running"]);
    check("session-uploading", &[">Uploading 63%<", "still uploading: 63%", "<progress max=\"100\" value=\"63\""]);
    check("session-processing", &[">Processing 5 of 9: naming<", "step 5 of 9, naming"]);
    check("session-unscored", &["Not enough evidence for a score"]);
    for page in ["session-failed", "session-recording", "session-unscored"] {
        check_without(page, &["Linked Task", "View Task"]);
    }
    check_without("session-recording", &["Fullscreen", "<video", "No procedures extracted", "Summary not provided"]);
}

#[test]
fn the_parts_alone_are_the_parts_of_the_page() {
    let parts = SessionLive { session: whole() }.render().unwrap();
    assert!(pages()["session"].contains(parts.trim()));
}

#[test]
fn a_procedure_has_its_clip_its_place_and_a_link_to_share() {
    check(
        "procedure",
        &["href=\"/sessions/", "Procedure 2 of 5 · 1m 34s", "<h1>Remove the diverter", "Unclip", "<video"],
    );
    check("procedure", &["value=\"https://training.northgate.example/procedures/", "Copy link", "Previous", "Next"]);
    check("procedure-first-without-clip", &["Procedure 1 of 5", "There is no clip of this procedure", "Next"]);
    check_without("procedure-first-without-clip", &["Previous", "<video"]);
}

#[test]
fn the_other_pages_say_what_they_are_for() {
    check(
        "sign-in-refused",
        &["role=\"alert\"", "do not match", "value=\"csrf-1\"", "value=\"priya@northgate.example\""],
    );
    check("sign-in-limited", &["Too many attempts. Wait 2 minutes"]);
    check("task", &[">jobber<", "J-48213", "In Progress", "No hot water", "Marek Kowalczyk", "22 Nov 2026"]);
    check(
        "task-files",
        &[
            "<img src=\"/tasks/",
            "alt=\"Boiler plate &#60;left&#62;.jpg\"",
            "wiring-1.pdf",
            "1.2 MB, added by Priya Shah",
            "Remove",
            "Add file",
        ],
    );
    check("task-full", &["role=\"alert\"", "more than 10 MB", "at most 20 files"]);
    check_without("task-full", &["type=\"file\""]);
    check("tasks", &["New task", "Replace the diverter valve", "Marek Kowalczyk", "overdue", "before=1.2"]);
    check("tasks-none-found", &["value=\"boiler\"", "Show all tasks"]);
    check("task-form-refused", &["Edit task", "role=\"alert\"", "Give a title", "value=\"2026-11-22\""]);
    check("error-404", &["404", "Page not found"]);
    check("error-500", &["500", "our side", "01934c5e7a10"]);
}

/// The Content-Security-Policy takes neither inline script nor inline style; an id is unique; what is typed is escaped.
#[test]
fn no_page_breaks_the_rules_of_all_pages() {
    for (name, html) in pages() {
        for banned in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
            assert!(!html.contains(banned), "{name}: {banned}");
        }
        assert!(
            html.split("<script").skip(1).all(|script| script.contains("src=") && script.contains("></script>")),
            "{name}"
        );
        let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice");
        assert!(
            html.contains("<html lang=\"en\">") && html.contains("class=\"skip\"") && html.contains("<h1"),
            "{name}"
        );
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
    }
    let hostile =
        list(vec![row(session(3, "<img src=x onerror=alert(1)>\""), None, 0)], SessionFilter::default(), None, None);
    assert!(!hostile.contains("<img src=x") && hostile.contains("img src=x onerror"));
}

/// Writes every state to `target/pages`, to be looked at: `cargo nextest run -p web --run-ignored only write_pages`.
#[test]
#[ignore = "writes files to look at"]
fn write_pages() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/pages");
    std::fs::create_dir_all(folder).unwrap();
    for (name, html) in pages() {
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
}

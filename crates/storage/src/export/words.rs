//! What stands in each table, in words that a person understands.

/// A table in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub table: &'static str,
    pub title: &'static str,
    /// One or two sentences.
    pub meaning: &'static str,
}

const fn words(table: &'static str, title: &'static str, meaning: &'static str) -> Words {
    Words { table, title, meaning }
}

/// In the order in which a person wants to read them.
const ALL: &[Words] = &[
    words("tenants", "Organisation", "The organisation and its settings."),
    words("users", "People", "Everybody with a login or a seat: name, e-mail address, role."),
    words("seats", "Seats", "Licences to run sessions, each of one person."),
    words(
        "devices",
        "Devices",
        "Glasses, phones and programs that were paired with a seat, and when they were last heard of.",
    ),
    words("notices", "Notices", "What the organisation says about recording, and what it asks before it."),
    words(
        "consents",
        "Consents",
        "When somebody agreed to what the organisation asks before a recording, and to which version of it.",
    ),
    words(
        "sessions",
        "Sessions",
        "Training sessions from start to stop: when, how long, with which score and summary.",
    ),
    words("recordings", "Recordings", "Which film belongs to which session, and how long it is."),
    words("recording_parts", "Parts of recordings", "The pieces in which a recording arrived from the device."),
    words(
        "session_breaks",
        "Pauses and deletions",
        "Stretches of a session that were paused, or deleted by the wearer.",
    ),
    words("utterances", "What was said", "The words spoken in a session, with the second at which they were said."),
    words("frames", "Camera frames", "Single pictures of the camera that were asked for during a session."),
    words(
        "procedures",
        "Procedures",
        "Pieces of work that were found in a session, each with a name, a description and a clip.",
    ),
    words("tasks", "Tasks", "Work orders, and to whom they are assigned."),
    words("task_changes", "Changes of tasks", "Who brought a task to which status, and when."),
    words("task_attachments", "Files of tasks", "Files that were added to a task."),
    words("legal_holds", "Legal holds", "What must not be erased, and why."),
    words("minute_transactions", "Minutes", "The ledger of minutes: what was added, and what each session used."),
    words("minute_reservations", "Minutes held", "Minutes that a running session keeps for itself until it has ended."),
    words("audit_entries", "Audit log", "Who did what, when, and from which address."),
    words("erasures", "Erasures", "What was erased, as ids and counts, and the signed records of it."),
    words(
        "api_keys",
        "API keys",
        "Access of programs: name, rights, and when it was last used. The keys themselves are kept nowhere.",
    ),
    words("webhooks", "Webhooks", "Addresses of other programs that are told when something happens."),
    words("webhook_events", "Webhook events", "What those programs were told: ids and states only."),
    words("webhook_deliveries", "Webhook deliveries", "When each of them was told, and what it answered."),
    words("skills", "Skills", "Tools that the live assistant can use."),
    words("documents", "Documents", "Documents that the assistant can search."),
    words("document_chunks", "Pieces of documents", "The text of these documents, in pieces."),
    words("uploads", "Uploads", "Files on their way from a device: how much has arrived."),
    words("upload_chunks", "Pieces of uploads", "The pieces in which an upload arrived."),
    words("removals", "Removals", "Sessions of which deleted stretches are being removed just now."),
    words("jobs", "Jobs", "The processing of sessions: begun, ended, failed."),
    words("step_runs", "Steps", "The steps of that processing and what each came to."),
    words("tenant_queues", "Queue", "How much of the organisation is processed at once."),
    words(
        "language_uses",
        "Language model",
        "How much a language model was asked about a session, and what that cost.",
    ),
    words(
        "person_exports",
        "Exports of a person's data",
        "When a file such as this one was asked for, and until when it is kept.",
    ),
    words(
        "openid_identities",
        "Sign-in by a provider",
        "As whom somebody is known to the provider by which they sign in.",
    ),
    words(
        "operator_accesses",
        "Access of the operator",
        "When whoever runs this installation looked at the organisation's data, and why.",
    ),
    words("logins", "Logins", "Browsers in which somebody is signed in."),
    words(
        "user_links",
        "Links",
        "Invitations and links for a new password: when they were made and used. The links themselves are kept nowhere.",
    ),
    words(
        "pairing_codes",
        "Pairing codes",
        "Codes by which a device is paired: when they were made. The codes themselves are kept nowhere.",
    ),
    words("second_factors", "Second factor", "Since when signing in asks for a code of an authenticator app."),
    words(
        "recovery_codes",
        "Recovery codes",
        "Which recovery codes of the second factor were used. The codes themselves are kept nowhere.",
    ),
];

/// The words for a table; a table without words stands for itself.
pub(super) fn of(table: &str) -> (&str, &'static str) {
    let known = ALL.iter().find(|known| known.table == table);
    known.map_or((table, "Rows of the database."), |known| (known.title, known.meaning))
}

/// Where a table stands among the others when a person reads them.
pub(super) fn place(table: &str) -> usize {
    ALL.iter().position(|known| known.table == table).unwrap_or(ALL.len())
}

/// Whether somebody has written words for a table.
pub fn has_words(table: &str) -> bool {
    ALL.iter().any(|known| known.table == table)
}

//! The page of one procedure: its clip and a link to share.

use super::{layout::Layout, player::Player, when::When};
use askama::Template;
use domain::{ProcedureId, SessionId, time::show_duration};

/// The page of one procedure.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/procedure.html")]
pub struct ProcedurePage {
    /// The frame.
    pub layout: Layout,
    /// Its name.
    pub procedure_name: String,
    /// May be empty.
    pub description: String,
    /// Its place among the shown procedures of its session, from 1.
    pub position: usize,
    /// How many procedures of the session are shown.
    pub total: usize,
    /// Length of the clip in seconds.
    pub duration_seconds: f64,
    /// The clip; `None` where there is none.
    pub player: Option<Player>,
    /// When the clip went by age.
    pub removed: Option<When>,
    /// Whole address of this page, to be passed on.
    pub share_url: String,
    /// The session it was found in.
    pub session_id: SessionId,
    /// Name of that session.
    pub session_name: String,
    /// The procedure before it.
    pub previous: Option<Neighbour>,
    /// The procedure after it.
    pub next: Option<Neighbour>,
}

/// A procedure beside this one.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its id.
    pub id: ProcedureId,
    /// Its name.
    pub procedure_name: String,
}

impl ProcedurePage {
    fn duration(&self) -> String {
        show_duration(Some(self.duration_seconds))
    }
}

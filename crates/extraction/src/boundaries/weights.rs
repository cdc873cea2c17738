//! Weights: what each signal speaks for a boundary or a segment, as log odds.

use super::{
    learned::LEARNED,
    signals::{COUNT, Signal, Values, values},
};
use crate::Granularity;

/// What the captions of a recording are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What somebody said.
    Speech,
    /// A title that somebody wrote for each step.
    Labels,
}

/// Set by hand: no recording with marked pieces of work and without words is at hand.
pub const UNHEARD: Values = values([
    (Signal::Scene, 2.0),
    (Signal::Resumes, 1.5),
    (Signal::Boundary, -6.5),
    (Signal::LengthSquared, -0.4),
    (Signal::FirstLengthSquared, -0.4),
    (Signal::LastLengthSquared, -0.4),
    (Signal::Scatter, -1.5),
]);

/// By hand as well: a changed scene where words are known, and steps announced in full, which nobody does in the
/// recordings that there are to learn from.
const BY_HAND: [(Signal, f64); 2] = [(Signal::Scene, 1.2), (Signal::AnnouncesStep, 6.0)];

/// What a column of the learned weights is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// How it is called.
    pub name: &'static str,
    /// What the captions are.
    pub kind: Kind,
    /// How finely to cut.
    pub granularity: Granularity,
    /// Whether sentence embeddings are known.
    pub meanings: bool,
}

/// The columns of [`LEARNED`].
pub const COLUMNS: [Column; 6] = [
    column("speech coarse", Kind::Speech, Granularity::Coarse, false),
    column("speech fine", Kind::Speech, Granularity::Fine, false),
    column("labels", Kind::Labels, Granularity::Coarse, false),
    column("speech coarse with embeddings", Kind::Speech, Granularity::Coarse, true),
    column("speech fine with embeddings", Kind::Speech, Granularity::Fine, true),
    column("labels with embeddings", Kind::Labels, Granularity::Coarse, true),
];

const fn column(name: &'static str, kind: Kind, granularity: Granularity, meanings: bool) -> Column {
    Column { name, kind, granularity, meanings }
}

/// The weights that fit. Labels are only ever grouped; each by itself is the fine level.
pub fn of(kind: Kind, granularity: Granularity, meanings: bool) -> Values {
    let granularity = if kind == Kind::Labels { Granularity::Coarse } else { granularity };
    let fits = |c: &&Column| c.kind == kind && c.granularity == granularity && c.meanings == meanings;
    let mut weights = COLUMNS.iter().find(fits).map_or([0.0; COUNT], |c| learned(*c));
    BY_HAND.iter().for_each(|(signal, weight)| weights[*signal as usize] = *weight);
    weights
}

/// One column of what was learned.
pub fn learned(column: Column) -> Values {
    let mut weights = [0.0; COUNT];
    if let Some(i) = COLUMNS.iter().position(|c| *c == column) {
        LEARNED.iter().for_each(|(signal, row)| weights[*signal as usize] = row[i]);
    }
    weights
}

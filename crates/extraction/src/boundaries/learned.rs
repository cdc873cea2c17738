//! Learned weights: log odds of each signal, a column for each kind of captions, level and, where sentence
//! embeddings are known, with them. Written by `cargo run -p cli --example learn`; see docs/design/extraction.md.

use super::signals::Signal;

/// In the order of [`super::weights::COLUMNS`].
#[rustfmt::skip]
#[allow(clippy::approx_constant, reason = "learned, not meant")]
pub const LEARNED: &[(Signal, [f64; 6])] = &[
    // speech coarse | speech fine | labels | speech coarse with embeddings | speech fine with embeddings | labels with embeddings
    (Signal::MovesOn,               [  2.162,   1.292,   0.000,   2.204,   1.299,   0.000]),
    (Signal::AnnouncesStep,         [  0.000,   0.000,   0.000,   0.000,   0.000,   0.000]),
    (Signal::Announces,             [ -0.289,   0.064,   0.000,  -0.323,   0.018,   0.000]),
    (Signal::Opens,                 [  1.461,   0.413,   0.000,   1.290,   0.341,   0.000]),
    (Signal::Ended,                 [  2.744,   1.994,   0.000,   2.708,   1.929,   0.000]),
    (Signal::GoesOn,                [  0.155,  -0.577,   0.000,   0.088,  -0.671,   0.000]),
    (Signal::MidSentence,           [ -0.645,  -0.146,   0.000,  -0.647,  -0.058,   0.000]),
    (Signal::Closes,                [  0.481,   0.339,   0.000,   0.597,   0.515,   0.000]),
    (Signal::PauseRank,             [  0.082,   0.177,   0.358,   0.130,   0.185,   0.260]),
    (Signal::Pause,                 [ -0.799,  -0.508,   1.064,  -0.631,  -0.420,   1.080]),
    (Signal::Rate,                  [ -0.737,  -0.104,   0.000,  -0.842,  -0.190,   0.000]),
    (Signal::Dip,                   [  0.283,   0.189,  -0.159,   0.380,   0.188,  -0.412]),
    (Signal::WideDip,               [  0.893,   0.231,  -0.034,   0.435,  -0.128,  -0.126]),
    (Signal::NewTerms,              [  0.000,   0.000,  -0.088,   0.000,   0.000,  -0.084]),
    (Signal::Repeats,               [  0.000,   0.000,  -1.233,   0.000,   0.000,  -0.510]),
    (Signal::MeaningDip,            [  0.000,   0.000,   0.000,  -0.193,   0.018,   0.306]),
    (Signal::WideMeaningDip,        [  0.000,   0.000,   0.000,   0.751,   0.764,   0.108]),
    (Signal::SameMeaning,           [  0.000,   0.000,   0.000,   0.000,   0.000,  -0.844]),
    (Signal::Scene,                 [  0.000,   0.000,   0.000,   0.000,   0.000,   0.000]),
    (Signal::Resumes,               [  0.000,   0.000,   0.000,   0.000,   0.000,   0.000]),
    (Signal::Boundary,              [ -4.331,  -3.095,  -2.250,  -4.324,  -3.257,  -2.096]),
    (Signal::Length,                [  1.097,   0.157,   0.576,   1.012,  -0.031,   0.461]),
    (Signal::LengthSquared,         [ -0.894,  -0.314,   0.237,  -0.913,  -0.424,   0.181]),
    (Signal::FirstLength,           [ -0.541,  -0.397,   0.314,  -0.457,  -0.205,   0.229]),
    (Signal::FirstLengthSquared,    [ -0.447,  -0.597,   0.724,  -0.470,  -0.788,   0.651]),
    (Signal::LastLength,            [ -0.556,  -0.439,   0.428,  -0.628,  -0.318,   0.431]),
    (Signal::LastLengthSquared,     [ -0.211,   0.062,   0.502,  -0.267,  -0.063,   0.406]),
    (Signal::Scatter,               [ -0.258,  -1.345,  -1.121,  -0.309,  -1.483,  -1.160]),
    (Signal::Utterances,            [  0.000,   0.000,   0.046,   0.000,   0.000,   0.066]),
    (Signal::OneUtterance,          [  0.000,   0.000,   1.840,   0.000,   0.000,   1.806]),
];

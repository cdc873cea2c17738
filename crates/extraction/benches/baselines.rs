//! Baselines and the built-in extraction on every data set and level, as the tables of docs/design/baselines.md.
//! `cargo bench -p extraction --bench baselines`, with the data in `../shared/data` or `TRAINAR_TEST_DATA`.

#![allow(clippy::unwrap_used, missing_docs)]

use extraction::{
    Granularity,
    baselines::{Baseline, c99, equal, texttiling, tfidf},
    evaluate::{Evaluation, Meeting, Method, Recording, evaluate},
};
use std::{fs, path::Path};

fn main() {
    let Some(data) = testkit::data() else { return };
    let (coarse, fine) = (Granularity::Coarse, Granularity::Fine);
    let (tinyrec, goalstep) = (folder(&data.join("tinyrec")), folder(&data.join("goalstep")));
    table("TinyRec", coarse, &tinyrec, true);
    table("TinyRec", fine, &tinyrec, true);
    table("Goal-Step", coarse, &goalstep, true);
    // Goal-Step marks the same segments at both levels: only the built-in extraction, told to cut finely, differs.
    table("Goal-Step", fine, &goalstep, false);
    // Over so many hours most settings would take long to try.
    table("QMSum", coarse, &meetings(&data.join("qmsum/meetings.json.gz")), false);
}

fn table(name: &str, granularity: Granularity, recordings: &[Recording], try_settings: bool) {
    println!("\n### {name}, {granularity:?}, {} recordings\n", recordings.len());
    println!("| method | setting | tIoU | F1@tIoU | F1@10s | F1@30s | Pk | count error | ROUGE-L |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let mean = |method: Method| {
        let all: Vec<Evaluation> =
            recordings.iter().map(|r| evaluate(r, granularity, method, &[], None).unwrap()).collect();
        Evaluation::mean(&all)
    };
    let row = |method: &str, setting: &str, e: &Evaluation| {
        let m = e.segments;
        let (tiou, f1, near, far, pk) = (m.tiou, m.f1_at_tiou, m.f1_at_10s, m.f1_at_30s, m.pk);
        let (count, rouge) = (m.count, e.titles.rouge_l);
        println!(
            "| {method} | {setting} | {tiou:.3} | {f1:.3} | {near:.3} | {far:.3} | {pk:.3} | {count:.1} | {rouge:.3} |"
        );
    };
    for (label, settings) in settings() {
        row(label, "default", &mean(Method::Baseline(settings[0])));
        let tried = if try_settings || label == "equal parts" { &settings[..] } else { &[] };
        let all = tried.iter().map(|s| (s, mean(Method::Baseline(*s))));
        let worth = |e: &Evaluation| e.segments.tiou + e.segments.f1_at_tiou + e.segments.f1_at_30s - e.segments.pk;
        if let Some((best, e)) = all.max_by(|a, b| worth(&a.1).total_cmp(&worth(&b.1))) {
            row(label, &format!("best, in-sample: {}", said(best)), &e);
        }
    }
    row("built-in", "", &mean(Method::BuiltIn));
    row("marked segments given", "", &mean(Method::Given));
}

/// Each baseline with the settings that are tried, the default first.
fn settings() -> Vec<(&'static str, Vec<Baseline>)> {
    let mut equal = vec![Baseline::Equal(Default::default())];
    equal.extend(
        [30.0, 45.0, 60.0, 90.0, 120.0, 200.0, 300.0, 450.0, 600.0]
            .map(|seconds| Baseline::Equal(equal::Parameters { seconds })),
    );
    let mut texttiling = vec![Baseline::TextTiling(Default::default())];
    for sequence_words in [10, 20, 40] {
        for block in [5, 10, 20] {
            for cutoff in [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0] {
                let p = texttiling::Parameters { sequence_words, block, cutoff, ..Default::default() };
                texttiling.push(Baseline::TextTiling(p));
            }
        }
    }
    let mut c99 = vec![Baseline::C99(Default::default())];
    for unit_words in [0, 20, 40] {
        for mask in [5, 11, 21] {
            for c in [0.5, 1.2, 2.0, 3.0] {
                c99.push(Baseline::C99(c99::Parameters { mask, c, unit_words }));
            }
        }
    }
    let mut tfidf = vec![Baseline::TfIdf(Default::default())];
    for block_seconds in [30.0, 60.0, 90.0, 150.0] {
        for smoothing in [0, 1, 3] {
            for cutoff in [-0.5, 0.0, 0.5, 1.0, 1.5, 2.0] {
                tfidf.push(Baseline::TfIdf(tfidf::Parameters { block_seconds, smoothing, cutoff }));
            }
        }
    }
    vec![("equal parts", equal), ("TextTiling", texttiling), ("C99", c99), ("TF-IDF", tfidf)]
}

fn said(baseline: &Baseline) -> String {
    match baseline {
        Baseline::Equal(p) => format!("{} s", p.seconds),
        Baseline::TextTiling(p) => format!("w {}, k {}, cutoff {}", p.sequence_words, p.block, p.cutoff),
        Baseline::C99(p) => format!("mask {}, c {}, units of {} words", p.mask, p.c, p.unit_words.max(1)),
        Baseline::TfIdf(p) => format!("{} s, smoothing {}, cutoff {}", p.block_seconds, p.smoothing, p.cutoff),
    }
}

fn folder(path: &Path) -> Vec<Recording> {
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let read = |f| serde_json::from_slice::<Recording>(&fs::read(f).unwrap()).unwrap().checked().unwrap();
    files.iter().map(read).filter(|r| !r.coarse.is_empty()).collect()
}

fn meetings(path: &Path) -> Vec<Recording> {
    let file = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    let all: Vec<Meeting> = serde_json::from_reader(file).unwrap();
    all.into_iter().map(|m| m.recording().unwrap()).collect()
}

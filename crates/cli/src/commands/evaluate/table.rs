//! The table of an evaluation: a line per recording, the mean, and what it stands on.

use super::Report;
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use extraction::{
    Granularity,
    evaluate::{Measures, TitleMeasures},
};

/// Wider than a narrow terminal, so that no figure breaks in two.
pub fn table(report: &Report) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    let similarity = report.mean.titles.similarity.is_some();
    let mut header =
        vec!["recording", "marked", "found", "tIoU", "F1@tIoU", "F1@10s", "F1@30s", "Pk", "count error", "ROUGE-L"];
    header.extend(similarity.then_some("similarity"));
    table.set_header(header);
    for r in &report.recordings {
        let e = &r.evaluation;
        table.add_row(row(&r.name, &e.marked.to_string(), &e.found.to_string(), &e.segments, &e.titles));
    }
    let mean = format!("mean of {}", report.recordings.len());
    table.add_row(row(&mean, "", "", &report.mean.segments, &report.mean.titles));
    format!("{table}\n{}", caption(report))
}

fn row(name: &str, marked: &str, found: &str, m: &Measures, titles: &TitleMeasures) -> Vec<Cell> {
    let three = |x: f64| format!("{x:.3}");
    let mut figures = vec![marked.to_owned(), found.to_owned()];
    figures.extend([m.tiou, m.f1_at_tiou, m.f1_at_10s, m.f1_at_30s, m.pk].map(three));
    figures.push(format!("{:.1}", m.count));
    figures.push(three(titles.rouge_l));
    figures.extend(titles.similarity.map(three));
    let right = figures.into_iter().map(|f| Cell::new(f).set_alignment(CellAlignment::Right));
    [Cell::new(name)].into_iter().chain(right).collect()
}

fn caption(report: &Report) -> String {
    let level = if report.granularity == Granularity::Fine { "fine" } else { "coarse" };
    let notes: String = report.notes.iter().map(|note| format!("\n{note}")).collect();
    format!("{}, {level}, {}{notes}", report.data_set.display(), report.method)
}

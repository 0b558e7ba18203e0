//! The table and the chart.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use crate::target::{Family, Target};
use crate::workload::Workload;

/// What one run of a workload gave.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figure {
    pub value: f64,
    pub p99: Option<f64>,
    /// The share of messages that were sent and never handled.
    pub lost: f64,
    /// CPU seconds of both processes for a million messages or requests.
    pub cpu_per_million: Option<f64>,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.value))?;
        if let Some(p99) = self.p99 {
            write!(f, ", p99 {}", shown(p99))?;
        }
        if self.lost > 0.0 {
            write!(f, ", {:.1} % lost", self.lost * 100.0)?;
        }
        if let Some(cpu) = self.cpu_per_million {
            write!(f, ", {cpu:.2} CPU s per million")?;
        }
        Ok(())
    }
}

/// Everything that was measured, round by round.
#[derive(Debug, Default)]
pub struct Figures(BTreeMap<Workload, BTreeMap<Target, Vec<Figure>>>);

/// A row: medians, and the ratio to the hand-written loop within each round.
struct Row {
    target: Target,
    value: f64,
    ratio: Option<f64>,
    ratios: Vec<f64>,
    lost: f64,
    cpu: Option<f64>,
    cpu_ratio: Option<f64>,
}

impl Figures {
    pub fn add(&mut self, workload: Workload, target: Target, figure: Figure) {
        self.0.entry(workload).or_default().entry(target).or_default().push(figure);
    }

    fn rows(&self, workload: Workload) -> Vec<Row> {
        let Some(targets) = self.0.get(&workload) else { return Vec::new() };
        let row = |(&target, figures): (&Target, &Vec<Figure>)| {
            let baseline = targets.get(&target.baseline()).filter(|_| target != target.baseline());
            let pairs: Vec<_> = figures.iter().zip(baseline.into_iter().flatten()).collect();
            let ratios: Vec<f64> = pairs.iter().map(|(ours, theirs)| ours.value / theirs.value).collect();
            let cpu = pairs
                .iter()
                .filter_map(|(ours, theirs)| Some(ours.cpu_per_million? / theirs.cpu_per_million?));
            Row {
                target,
                value: median(figures.iter().map(|figure| figure.value)).unwrap_or_default(),
                ratio: median(ratios.iter().copied()),
                lost: figures.iter().map(|figure| figure.lost).fold(0.0, f64::max),
                cpu: median(figures.iter().filter_map(|figure| figure.cpu_per_million)),
                cpu_ratio: median(cpu),
                ratios,
            }
        };
        targets.iter().map(row).collect()
    }

    /// A table in Markdown for each workload.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for &workload in self.0.keys() {
            let _ = writeln!(text, "\n### {workload}: {}\n", workload.meaning());
            text += "| | median | to the loop | each round | CPU s per million | to the loop | lost |\n";
            text += "| --- | --- | --- | --- | --- | --- | --- |\n";
            for row in self.rows(workload) {
                let ratio = |ratio: Option<f64>| ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
                let each: Vec<String> = row.ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
                let _ = writeln!(
                    text,
                    "| {} | {} | {} | {} | {} | {} | {} |",
                    row.target,
                    shown(row.value),
                    ratio(row.ratio),
                    each.join(" "),
                    ratio(row.cpu),
                    ratio(row.cpu_ratio),
                    if row.lost > 0.0 { format!("{:.1} %", row.lost * 100.0) } else { "0".to_owned() },
                );
            }
        }
        text
    }

    /// Bars, one group for each workload; the longest of a group is its largest figure.
    pub fn chart(&self) -> String {
        const WIDTH: f64 = 900.0;
        const LABEL: f64 = 190.0;
        const BAR: f64 = 16.0;
        let (mut bars, mut y) = (String::new(), 24.0);
        for &workload in self.0.keys() {
            let rows = self.rows(workload);
            let most = rows.iter().map(|row| row.value).fold(f64::MIN_POSITIVE, f64::max);
            let hint = if workload.is_cost() { ", less is better" } else { "" };
            let _ = writeln!(
                bars,
                r#"<text class="head" x="12" y="{y}">{workload}: {}{hint}</text>"#,
                workload.meaning()
            );
            y += 10.0;
            for row in rows {
                let class = match row.target.family {
                    Family::HandWritten(_) => "limit",
                    Family::Systemge(_) => "systemge",
                    #[cfg(feature = "peers")]
                    _ => "peer",
                };
                let width = row.value / most * (WIDTH - LABEL - 130.0);
                let middle = y + BAR - 4.0;
                let _ = writeln!(
                    bars,
                    r#"<text x="{}" y="{middle}" text-anchor="end">{}</text><rect class="{class}" x="{LABEL}" y="{y}" width="{width:.1}" height="{}" rx="2"/><text x="{:.1}" y="{middle}">{}{}</text>"#,
                    LABEL - 8.0,
                    row.target,
                    BAR - 2.0,
                    LABEL + width + 6.0,
                    shown(row.value),
                    if row.lost > 0.0 { format!(" ({:.1} % lost)", row.lost * 100.0) } else { String::new() },
                );
                y += BAR + 2.0;
            }
            y += 28.0;
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\">\n<style>\n\
             text {{ font: 12px system-ui, sans-serif; fill: #1c2733 }} .head {{ font-weight: 600; font-size: 13px }}\n\
             .limit {{ fill: #9aa7b4 }} .systemge {{ fill: #0b7a75 }} .peer {{ fill: #c98b3f }}\n\
             @media (prefers-color-scheme: dark) {{ text {{ fill: #dde5ec }} .systemge {{ fill: #2fb8b0 }} }}\n\
             </style>\n{bars}</svg>\n"
        )
    }
}

/// A figure with about three digits.
pub fn shown(figure: f64) -> String {
    match figure {
        figure if figure < 100.0 => format!("{figure:.1}"),
        figure if figure < 10_000.0 => format!("{figure:.0}"),
        figure if figure < 1e6 => format!("{:.0} k", figure / 1e3),
        figure => format!("{:.2} M", figure / 1e6),
    }
}

fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

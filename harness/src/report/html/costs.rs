//! What subjects keep beside what they cost, as a plot in a table: each row has its figures in words, too, so the plot
//! needs no reader of its own.
//!
//! The axis is logarithmic and the same for all rows of one operation: with equal guarantees, a distance is a ratio.

use askama::Template;
use crashworthy::Category;
use strum::VariantArray;

use super::case::Words;
use crate::{
    report::{
        terminal::rows::title,
        throughput::{amount_in_words, duration, notes, size, standing_in_words},
    },
    throughput::{Comparison, Measured, SubjectCosts, Work},
};

/// Where the plot begins and ends in its cell, in percent of the cell's width: a mark at the end is still whole.
const PLOT: (f64, f64) = (3.0, 97.0);

/// See the module.
#[derive(Template)]
#[template(path = "costs.html")]
pub(super) struct CostsView {
    labels: Vec<String>,
    groups: Vec<(&'static str, Vec<String>)>,
    charts: Vec<Chart>,
    notes: Vec<Words>,
}

/// All that was measured of one operation.
struct Chart {
    title: String,
    ticks: Vec<Tick>,
    blocks: Vec<Block>,
}

/// A decade of the axis.
struct Tick {
    at: String,
    label: String,
}

/// The subjects side by side at one size with so many clients.
struct Block {
    title: String,
    rows: Vec<Row>,
}

struct Row {
    label: String,
    kept: String,
    amount: String,
    mark: Option<Mark>,
}

/// A median and its interval, in percent of the cell's width.
struct Mark {
    low: String,
    median: String,
    high: String,
}

impl CostsView {
    pub(super) fn new(comparison: &Comparison) -> Self {
        let subjects = &comparison.subjects;
        let groups = Category::VARIANTS.iter().map(|category| {
            let cells = subjects.iter().map(|subject| {
                let group = subject.standing.iter().find(|group| group.category == *category);
                group.map_or_else(|| "not certified".to_owned(), standing_in_words)
            });
            (title(*category), cells.collect())
        });
        Self {
            labels: subjects.iter().map(|subject| subject.label.clone()).collect(),
            groups: groups.collect(),
            charts: Work::VARIANTS.iter().filter_map(|work| chart(*work, subjects)).collect(),
            notes: notes(comparison).into_iter().map(Words::new).collect(),
        }
    }

    pub(super) fn html(&self) -> String {
        self.render().expect("writing to a string does not fail")
    }
}

fn chart(work: Work, subjects: &[SubjectCosts]) -> Option<Chart> {
    let axis = Axis::of(subjects.iter().flat_map(|subject| &subject.costs).filter_map(|cost| {
        match &cost.measured {
            Measured::Cost { nanos, .. } if cost.cell.work == work => Some((nanos.low, nanos.high)),
            _ => None,
        }
    }));
    let cells = subjects.first()?.costs.iter().map(|cost| cost.cell);
    let blocks: Vec<_> = cells
        .filter(|cell| cell.work == work)
        .map(|cell| {
            let clients = crate::report::text::count(cell.clients, "client");
            let rows = subjects.iter().map(|subject| {
                let cost = subject.costs.iter().find(|cost| cost.cell == cell);
                let mark = match cost.map(|cost| &cost.measured) {
                    Some(Measured::Cost { nanos, .. }) => axis.as_ref().map(|axis| Mark {
                        low: axis.at(nanos.low),
                        median: axis.at(nanos.median),
                        high: axis.at(nanos.high),
                    }),
                    _ => None,
                };
                Row {
                    label: subject.label.clone(),
                    kept: kept(subject),
                    amount: cost.map_or_else(
                        || "not measured".to_owned(),
                        |cost| amount_in_words(&cost.measured),
                    ),
                    mark,
                }
            });
            Block { title: format!("{}, {clients}", size(cell.bytes)), rows: rows.collect() }
        })
        .collect();
    let ticks = axis.iter().flat_map(Axis::ticks).collect();
    (!blocks.is_empty()).then(|| Chart { title: work.to_string(), ticks, blocks })
}

/// In short what stands in the table of groups.
fn kept(subject: &SubjectCosts) -> String {
    let sum = |part: fn(&crate::throughput::Standing) -> usize| {
        subject.standing.iter().map(part).sum::<usize>()
    };
    match sum(|group| group.upheld + group.refuted + group.not_measured) {
        0 => "not certified".to_owned(),
        all => format!("{} of {all}", sum(|group| group.upheld)),
    }
}

/// Whole decades of nanoseconds.
struct Axis {
    /// Exponents of ten.
    decades: (i32, i32),
}

impl Axis {
    /// From the least to the greatest of some intervals in nanoseconds, all above zero; `None` without any.
    fn of(intervals: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let (low, high) = intervals
            .reduce(|all, interval| (all.0.min(interval.0), all.1.max(interval.1)))
            .filter(|(low, high)| *low > 0.0 && high.is_finite())?;
        let first = low.log10().floor() as i32;
        Some(Self { decades: (first, (high.log10().ceil() as i32).max(first + 1)) })
    }

    fn at(&self, nanos: f64) -> String {
        let (first, last) = (f64::from(self.decades.0), f64::from(self.decades.1));
        let share = (nanos.log10() - first) / (last - first);
        format!("{:.2}", PLOT.0 + share * (PLOT.1 - PLOT.0))
    }

    fn ticks(&self) -> impl Iterator<Item = Tick> {
        (self.decades.0..=self.decades.1).map(|exponent| {
            let nanos = 10_f64.powi(exponent);
            let label = duration(nanos);
            // A decade is one significant digit.
            let label = label.replace(".00", "").replace(".0", "");
            Tick { at: self.at(nanos), label }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_are_equal_distances() {
        let axis = Axis::of([(2_000.0, 5_000.0), (30_000.0, 90_000.0)].into_iter()).unwrap();
        assert_eq!(axis.decades, (3, 5));
        assert_eq!([1e3, 1e4, 1e5].map(|nanos| axis.at(nanos)), ["3.00", "50.00", "97.00"]);
        let labels: Vec<_> = axis.ticks().map(|tick| tick.label).collect();
        assert_eq!(labels, ["1 µs", "10 µs", "100 µs"]);
    }

    #[test]
    fn an_axis_has_a_width_and_nothing_has_no_axis() {
        let axis = Axis::of([(1e6, 1e6)].into_iter()).unwrap();
        assert_eq!(axis.decades, (6, 7));
        assert!(Axis::of(std::iter::empty()).is_none());
    }
}

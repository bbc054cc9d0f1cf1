//! A table of text: with aligned columns for a terminal, with bars for Markdown.

use textwrap::core::display_width;

/// Between two columns.
const GAP: &str = "  ";

/// See the module. Its first row is the header.
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    pub(super) fn new(header: impl Iterator<Item = String>) -> Self {
        Self(vec![header.collect()])
    }

    pub(super) fn row(&mut self, cells: impl Iterator<Item = String>) {
        self.0.push(cells.collect());
    }

    /// Columns as wide as their widest cell.
    pub(super) fn aligned(&self) -> String {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| display_width(cell)).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| {
                format!("{cell}{:pad$}", "", pad = width - display_width(cell))
            });
            let line = cells.collect::<Vec<_>>().join(GAP);
            format!("  {}\n", line.trim_end())
        };
        self.0.iter().map(line).collect()
    }

    /// As GitHub reads it. A bar in a cell would end it.
    pub(super) fn markdown(&self) -> String {
        let line = |row: &Vec<String>| {
            let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut lines: Vec<String> = self.0.iter().map(line).collect();
        let columns = self.0.first().map_or(0, Vec::len);
        lines.insert(1.min(lines.len()), format!("{}|\n", "| --- ".repeat(columns)));
        lines.concat()
    }
}

//! Lines of a page: escaped, wrapped at its width, indented, and coloured only where colour is wanted.
//! Nothing is said by colour alone. All text is escaped here, so that no caller can forget it.

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, core::display_width};

use crate::report::text::printable;

/// Columns of a field's name in the header.
const FIELD_COLUMNS: usize = 10;
/// Further indentation of the second and later lines of a paragraph, in columns.
const HANGING_COLUMNS: usize = 2;
/// Columns of an id in a row: the longest of the catalogue fits.
const ID_COLUMNS: usize = 24;

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const DOUBTFUL: Style = AnsiColor::Yellow.on_default();

/// See the module.
pub(super) struct Page {
    out: String,
    color: bool,
    width: usize,
}

impl Page {
    pub(super) fn new(color: bool, width: usize) -> Self {
        Self { out: String::new(), color, width }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// An empty line between two blocks.
    pub(super) fn gap(&mut self) {
        self.out.push('\n');
    }

    pub(super) fn title(&mut self, text: &str) {
        self.wrapped(0, HANGING_COLUMNS, text, BOLD);
    }

    /// A heading with a remark beside it.
    pub(super) fn heading(&mut self, text: &str, remark: &str) {
        let remark = printable(remark);
        if remark.is_empty() {
            self.wrapped(0, HANGING_COLUMNS, text, BOLD);
        } else if display_width(text) + 2 + display_width(&remark) <= self.width {
            let (text, remark) = (self.painted(text, BOLD), self.painted(&remark, DIM));
            self.push(&format!("{text}  {remark}"));
        } else {
            self.wrapped(0, HANGING_COLUMNS, text, BOLD);
            self.wrapped(2, 0, &remark, DIM);
        }
    }

    /// A named value of the header.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        let columns = self.width.saturating_sub(2 + FIELD_COLUMNS);
        for (n, line) in lines(value, columns).into_iter().enumerate() {
            let name = if n == 0 { name } else { "" };
            let name = self.painted(&format!("{name:<FIELD_COLUMNS$}"), DIM);
            self.push(&format!("  {name}{line}"));
        }
    }

    pub(super) fn warning(&mut self, text: &str) {
        self.wrapped(2, 0, text, DOUBTFUL.bold());
    }

    /// A row of the table: a verdict and an id on the left, a figure on the right, and a remark between
    /// them if there is room. The remark, where there was none.
    pub(super) fn row<'a>(
        &mut self,
        (verdict, style): (&str, Style),
        id: &str,
        remark: &'a str,
        figure: &str,
    ) -> Option<&'a str> {
        let id = format!("{id:<ID_COLUMNS$}");
        let used = 2 + display_width(verdict) + 2 + display_width(&id);
        let with_remark = used + 2 + display_width(remark);
        let fits = with_remark + 2 + display_width(figure) <= self.width;
        let used = if fits { with_remark } else { used };
        let pad = self.width.saturating_sub(used + display_width(figure));
        let (verdict, id) = (self.painted(verdict, style), self.painted(&id, BOLD));
        let remark_shown =
            if fits { format!("  {}", self.painted(remark, DIM)) } else { String::new() };
        let figure = self.painted(figure, DIM);
        self.push(&format!("  {verdict}  {id}{remark_shown}{:pad$}{figure}", ""));
        (!fits).then_some(remark)
    }

    /// The heading of a part of a table with two sides.
    pub(super) fn table_heading(&mut self, text: &str, words: bool) {
        let side = |name: &str| format!("{name:>columns$}", columns = side_columns(words));
        let text = format!("{text:<columns$}", columns = 5 + ID_COLUMNS);
        let text = self.painted(&text, BOLD);
        let sides = self.painted(&format!("{}  {}", side("A"), side("B")), DIM);
        self.push(&format!("{text}{sides}"));
    }

    /// A row of a table with two sides: each has a mark, words where there is room for them, and a figure.
    pub(super) fn compared(
        &mut self,
        differs: bool,
        id: &str,
        sides: [super::comparison::Cell; 2],
        words: bool,
    ) {
        let sign = if differs { "≠" } else { " " };
        let id = self.painted(&format!("{id:<ID_COLUMNS$}"), BOLD);
        let sides = sides.map(|(mark, word, figure, style)| {
            let verdict = if words { format!("{mark} {word}") } else { word_mark(mark, &word) };
            let pad = side_columns(words).saturating_sub(display_width(&verdict));
            let verdict = self.painted(&verdict, style);
            format!("{verdict}{}", self.painted(&format!("{figure:>pad$}"), DIM))
        });
        let sign = self.painted(sign, DOUBTFUL.bold());
        self.push(&format!("  {sign} {id} {}  {}", sides[0], sides[1]));
    }

    pub(super) fn paragraph(&mut self, indent: usize, text: &str) {
        self.wrapped(indent, HANGING_COLUMNS, text, PLAIN);
    }

    pub(super) fn aside(&mut self, indent: usize, text: &str) {
        self.wrapped(indent, HANGING_COLUMNS, text, DIM);
    }

    /// A documented sentence, aligned inside its quotation marks.
    pub(super) fn quotation(&mut self, indent: usize, text: &str) {
        self.wrapped(indent, 1, &format!("“{text}”"), DIM);
    }

    /// Text with a word before it, aligned beside the word.
    pub(super) fn labelled(&mut self, indent: usize, label: &str, text: &str) {
        self.wrapped(indent, display_width(label) + 1, &format!("{label} {text}"), PLAIN);
    }

    /// Where the strike fell.
    pub(super) fn strike(&mut self, indent: usize, text: &str) {
        self.wrapped(indent, HANGING_COLUMNS, text, BAD.bold());
    }

    /// The overall answer: a word, and what it means beside it.
    pub(super) fn answer(&mut self, word: &str, style: Style, text: &str) {
        let indent = display_width(word) + 2;
        let columns = self.width.saturating_sub(indent);
        for (n, line) in lines(text, columns).into_iter().enumerate() {
            let word =
                if n == 0 { self.painted(word, style.bold()) } else { " ".repeat(indent - 2) };
            self.push(&format!("{word}  {line}"));
        }
    }

    /// A line that is never wrapped, because it is there to be copied.
    pub(super) fn verbatim(&mut self, indent: usize, text: &str) {
        self.push(&format!("{:indent$}{}", "", printable(text)));
    }

    fn wrapped(&mut self, indent: usize, hang: usize, text: &str, style: Style) {
        let columns = self.width.saturating_sub(indent);
        for (n, line) in hanging(text, columns, columns.saturating_sub(hang)).iter().enumerate() {
            let indent = if n == 0 { indent } else { indent + hang };
            let line = self.painted(line, style);
            self.push(&format!("{:indent$}{line}", ""));
        }
    }

    fn painted(&self, text: &str, style: Style) -> String {
        if self.color && style != PLAIN && !text.trim().is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn push(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }
}

/// Columns of one side of a table.
const fn side_columns(words: bool) -> usize {
    if words { 22 } else { 11 }
}

/// A mark with what words would have said besides the verdict.
fn word_mark(mark: &str, word: &str) -> String {
    format!("{mark}{}", if word.ends_with('*') { "*" } else { " " })
}

fn lines(text: &str, columns: usize) -> Vec<String> {
    hanging(text, columns, columns)
}

/// Wrapped lines: the first up to `first` columns wide, the others up to `others`.
fn hanging(text: &str, first: usize, others: usize) -> Vec<String> {
    let text = printable(text);
    let gap = " ".repeat(first - others);
    let options = Options::new(first.max(1))
        .subsequent_indent(&gap)
        // Said explicitly, because the defaults depend on what other crates switch on.
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let wrapped = textwrap::wrap(&text, options);
    let cut = |(n, line): (usize, &std::borrow::Cow<'_, str>)| {
        line.get(if n == 0 { 0 } else { gap.len() }..).unwrap_or_default().to_owned()
    };
    wrapped.iter().enumerate().map(cut).collect()
}

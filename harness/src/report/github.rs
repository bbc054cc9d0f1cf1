//! What a GitHub Actions job shows besides its log: annotations, and the page of the job.
//!
//! Annotations are workflow commands, lines on stdout that begin with `::`; what others wrote is escaped in them as
//! the runner undoes it. The runner keeps ten errors and ten warnings of a step, so no more are printed, and the
//! last says how many there were. The page is what `$GITHUB_STEP_SUMMARY` names, and is appended to.
//!
//! Source: docs.github.com, "Workflow commands for GitHub Actions".

use std::{
    env,
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    Format, Progress, Reporter, summary, tally,
    text::{self, printable},
};
use crate::judge::{Case, Certificate, Rating, Verdict};

/// Annotations of one level that a step may have.
const ANNOTATIONS_MAX: usize = 10;
/// Longest message in characters: it is shown in a box beside the log.
const MESSAGE_CHARS_MAX: usize = 600;

/// See the module.
#[derive(Debug)]
pub struct GitHub {
    directory: PathBuf,
    annotates: bool,
    page: Option<PathBuf>,
}

impl GitHub {
    /// The output, where this process runs in GitHub Actions. `directory` is the one of the certificate; where stdout
    /// is for programs nothing is printed there.
    pub fn here(format: Format, directory: &Path) -> Option<Self> {
        if !is_here() {
            return None;
        }
        let page = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        Some(Self {
            directory: directory.to_owned(),
            annotates: format == Format::Human,
            page: page.map(PathBuf::from),
        })
    }

    fn append(&self, page: &Path, certificate: &Certificate, cases: &[&Case]) -> io::Result<()> {
        let text = summary::render(certificate, cases, &self.directory);
        OpenOptions::new().create(true).append(true).open(page)?.write_all(text.as_bytes())
    }
}

impl Reporter for GitHub {
    fn report(&mut self, progress: &Progress<'_>) {
        let Progress::Finished { certificate, cases } = progress else { return };
        if self.annotates
            && let Err(error) = io::stdout().write_all(annotations(certificate).as_bytes())
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            eprintln!("cannot write annotations to stdout: {error}");
        }
        if let Some(page) = &self.page
            && let Err(error) = self.append(page, certificate, cases)
        {
            eprintln!(
                "cannot append to {}, which GITHUB_STEP_SUMMARY names: {error}; the same text is in {}",
                page.display(),
                self.directory.join(summary::FILE).display()
            );
        }
    }
}

/// Whether this process runs in GitHub Actions.
pub(super) fn is_here() -> bool {
    env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// A page for people in which no line is a workflow command: what a subject says may be wrapped so that it comes to
/// the beginning of a line. The older form, `##[name]`, counts wherever it stands in a line.
///
/// Source: github.com/actions/runner, `src/Runner.Common/ActionCommand.cs`.
pub(super) fn defused(page: &str) -> String {
    let defused = page.split_inclusive('\n').map(|line| {
        let line = line.replace("##[", "##·[");
        let text = line.trim_start();
        if text.starts_with("::") {
            let (indent, _) = line.split_at(line.len() - text.len());
            format!("{indent}· {text}")
        } else {
            line
        }
    });
    defused.collect()
}

/// How much an annotation matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
}

/// One line for everything that keeps the certificate from being one, the run's own troubles first; before all, what
/// is worse than in a baseline.
fn annotations(certificate: &Certificate) -> String {
    let mut found: Vec<(Level, String, String)> = Vec::new();
    let worse = certificate.measured.iter().flat_map(|measured| &measured.worse);
    found.extend(worse.map(|sentence| {
        let title = "crashworthy: worse than the baseline".to_owned();
        (Level::Error, title, printable(sentence))
    }));
    let subject = printable(&certificate.subject.command);
    if certificate.interrupted {
        let title = format!("crashworthy: {subject} interrupted");
        let message = format!(
            "the run was interrupted before its end ({}); certify again",
            tally::in_short(certificate)
        );
        found.push((Level::Error, title, message));
    }
    if certificate.verdict == Rating::HarnessBroken {
        let broken =
            certificate.guarantees.iter().find(|row| row.verdict == Verdict::HarnessBroken);
        let reason = broken.and_then(|row| row.reason.as_deref()).unwrap_or("no reason was given");
        let title = "crashworthy: the harness itself is the suspect".to_owned();
        found.push((Level::Error, title, printable(reason)));
    } else {
        let claims = certificate.guarantees.iter().filter(|row| row.claimed);
        for row in claims.filter(|row| row.verdict == Verdict::Refuted) {
            let summary = printable(row.summary.as_deref().unwrap_or("no summary was given"));
            let title = format!("crashworthy: {} of {subject} refuted", row.id);
            found.push(if certificate.is_charged(row) {
                (Level::Error, title, summary)
            } else {
                (Level::Warning, title + ", as in the baseline", summary)
            });
        }
        for (reason, ids) in tally::by_reason(certificate, Verdict::NotMeasured) {
            let what = match &ids[..] {
                [alone] => alone.to_string(),
                several => text::count(several.len(), "claim"),
            };
            let title = format!("crashworthy: {what} of {subject} not measured");
            found.push((Level::Warning, title, printable(reason)));
        }
    }
    lines(&found)
}

/// The annotations, as many as a step may have.
fn lines(found: &[(Level, String, String)]) -> String {
    let mut out = String::new();
    for level in [Level::Error, Level::Warning] {
        let lines: Vec<_> = found.iter().filter(|(of, ..)| *of == level).collect();
        // The last one that there is room for says that there are more.
        let shown = if lines.len() > ANNOTATIONS_MAX { ANNOTATIONS_MAX - 1 } else { lines.len() };
        for (_, title, message) in &lines[..shown] {
            out += &command(level, title, message);
        }
        if let Some(more) = lines.len().checked_sub(shown).filter(|more| *more > 0) {
            let title = format!("crashworthy: {more} more");
            out += &command(level, &title, "the certificate has all of them");
        }
    }
    out
}

/// A workflow command, as one line.
fn command(level: Level, title: &str, message: &str) -> String {
    let word = match level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let cut: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
    format!("::{word} title={}::{}\n", property(title), data(&cut))
}

/// A message, escaped as the runner undoes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value: colons and commas end it, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::report::fixture::{hostile, outcomes};

    #[test]
    fn as_the_runner_reads_them() {
        let told = outcomes()
            .into_iter()
            .map(|(name, certificate, _)| format!("{name}\n{}", annotations(&certificate)));
        assert_snapshot!(told.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn nothing_breaks_out_of_its_line() {
        let (mut certificate, _) = hostile();
        certificate.interrupted = true;
        for line in annotations(&certificate).lines() {
            assert!(line.starts_with("::error title=") || line.starts_with("::warning title="));
            assert!(!line.chars().any(char::is_control), "{line:?}");
            let (title, _) = line["::error title=".len()..].split_once("::").expect("a message");
            assert!(!title.contains([',', ':']), "{title}");
        }
        assert_eq!(property("a,b:c%\r\n"), "a%2Cb%3Ac%25%0D%0A");
        assert_eq!(data("a,b:c%0A"), "a,b:c%250A");
    }

    #[test]
    fn no_line_of_a_page_is_a_command() {
        let page = "found\n  ::error::x\n::add-mask::y\n a ::b\na ##[group]c\n";
        let shown = "found\n  · ::error::x\n· ::add-mask::y\n a ::b\na ##·[group]c\n";
        assert_eq!(defused(page), shown);
    }

    #[test]
    fn a_step_gets_no_more_than_it_may_have() {
        let (_, mut certificate, _) = outcomes().remove(3);
        for row in &mut certificate.guarantees {
            row.claimed = true;
            row.reason = Some(format!("because of {}", row.id));
        }
        let text = annotations(&certificate);
        let count = |word: &str| text.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!((count("::error"), count("::warning")), (1, ANNOTATIONS_MAX));
        let more = certificate.guarantees.len() - (ANNOTATIONS_MAX - 1);
        assert!(text.contains(&format!("{more} more")), "{text}");
    }

    #[test]
    fn the_page_is_appended_to() {
        let root = tempfile::tempdir().expect("there is room");
        let page = root.path().join("summary");
        std::fs::write(&page, "of an earlier command\n").expect("there is room");
        let mut github = GitHub {
            directory: root.path().to_owned(),
            annotates: false,
            page: Some(page.clone()),
        };
        let (_, certificate, _) = outcomes().remove(0);
        github.report(&Progress::SoFar { certificate: &certificate, cases: &[] });
        github.report(&Progress::Finished { certificate: &certificate, cases: &[] });
        let text = std::fs::read_to_string(&page).expect("it is there");
        let expected = summary::render(&certificate, &[], root.path());
        assert_eq!(text, format!("of an earlier command\n{expected}"));
    }
}

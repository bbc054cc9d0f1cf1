//! Progress on stderr and the certificate on stdout: a bar on a terminal, elsewhere plain lines without
//! control codes, at most one a scenario, as logs of CI want them.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Style, render};
use crate::{
    judge::{Case, Certificate},
    report::{
        Format, Progress, Reporter,
        failure::Failure,
        github,
        text::{self, printable},
    },
};

/// Width of the page where stdout is not a terminal, in columns.
const WIDTH_DEFAULT: usize = 80;
/// How often the bar moves although nothing happened.
const TICK: Duration = Duration::from_millis(120);

/// See the module.
pub struct TerminalReporter {
    format: Format,
    directory: PathBuf,
    run: Run,
    face: Face,
    failure: Failure,
}

/// What is known of the run so far.
#[derive(Debug, Default)]
struct Run {
    scenarios: usize,
    planned: usize,
    refuted: usize,
}

enum Face {
    Bar(ProgressBar),
    Plain(Box<dyn Write + Send>),
}

impl TerminalReporter {
    /// Shows progress on stderr, and the certificate on stdout. `directory` is the one that
    /// [`RunFiles`](crate::report::files::RunFiles) writes to.
    pub fn new(format: Format, directory: &Path) -> Self {
        let face = if io::stderr().is_terminal() {
            Face::Bar(bar())
        } else {
            Face::Plain(Box::new(io::stderr()))
        };
        let failure = Failure::default();
        Self { format, directory: directory.to_owned(), run: Run::default(), face, failure }
    }

    #[cfg(test)]
    pub(super) fn plain(out: impl Write + Send + 'static) -> Self {
        Self {
            format: Format::Human,
            directory: PathBuf::new(),
            run: Run::default(),
            face: Face::Plain(Box::new(out)),
            failure: Failure::default(),
        }
    }

    fn say(&mut self, line: &str) {
        if let Face::Plain(out) = &mut self.face {
            // Nobody is left to be told that stderr is closed.
            let _ = writeln!(out, "{}", printable(line));
        }
    }

    fn show(&mut self, certificate: &Certificate, cases: &[&Case]) {
        let text = match self.format {
            Format::Human => {
                // Colours would hide from the eye here what the runner sees there.
                let color = !github::is_here();
                let style = Style { color, width: width(), directory: &self.directory };
                let page = render(certificate, cases, style);
                if color { page } else { github::defused(&page) }
            }
            Format::Json => match serde_json::to_string_pretty(certificate) {
                Ok(json) => json + "\n",
                Err(error) => {
                    self.failure
                        .note(Err(format!("cannot write the certificate as JSON: {error}")));
                    return;
                }
            },
        };
        let mut out = anstream::stdout();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.failure.note(Err(format!("cannot write the certificate to stdout: {error}")));
        }
    }
}

impl Reporter for TerminalReporter {
    fn report(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Started { subject, seed, scenarios, workloads } => {
                self.run.scenarios = scenarios + workloads;
                let all = text::count(*scenarios, "scenario");
                let more = match workloads {
                    0 => String::new(),
                    n => format!(" and {}", text::count(*n, "generated workload")),
                };
                let line = format!("certifying {subject}, seed {seed}, {all}{more}");
                self.say(&line);
                if let Face::Bar(bar) = &self.face {
                    // Also where the bar is all there is: without the seed a crash cannot be repeated.
                    bar.println(printable(&line));
                    bar.set_prefix(format!("0/{}", self.run.scenarios));
                }
            }
            Progress::Greeted(subject) => {
                let name = format!("{} {}", subject.name, subject.version);
                self.say(&format!("the subject is {}", name.trim()));
            }
            Progress::Planned { scenario, trials } => {
                self.run.planned += 1;
                self.say(&self.run.line(scenario, *trials));
                if let Face::Bar(bar) = &self.face {
                    bar.inc_length(*trials as u64);
                    bar.set_prefix(format!("{}/{}", self.run.planned, self.run.scenarios));
                    bar.set_message(self.run.message(scenario));
                }
            }
            Progress::Trial => {
                if let Face::Bar(bar) = &self.face {
                    bar.inc(1);
                    // How many crash states and schedules there are is known when they have been tried.
                    if bar.length().is_some_and(|planned| planned < bar.position()) {
                        bar.set_length(bar.position());
                    }
                }
            }
            Progress::More(trials) => {
                if let Face::Bar(bar) = &self.face {
                    bar.inc_length(*trials as u64);
                }
            }
            Progress::Refuted(case) => {
                self.run.refuted += 1;
                self.say(&format!("refuted {} in {}", case.guarantee, case.evidence.scenario.name));
            }
            Progress::SoFar { .. } => {}
            Progress::Finished { certificate, cases } => {
                if let Face::Bar(bar) = &self.face {
                    bar.finish_and_clear();
                }
                self.show(certificate, cases);
            }
        }
    }

    fn failure(&self) -> Option<&str> {
        self.failure.why()
    }
}

impl Run {
    fn line(&self, scenario: &str, trials: usize) -> String {
        let line = format!("scenario {}/{}: {scenario}", self.planned, self.scenarios);
        match trials {
            0 => line,
            n => format!("{line}, {}", text::count(n, "trial")),
        }
    }

    fn message(&self, scenario: &str) -> String {
        let scenario = printable(scenario);
        match self.refuted {
            0 => scenario,
            n => format!("{scenario}, {n} refuted so far"),
        }
    }
}

fn bar() -> ProgressBar {
    let template = "scenario {prefix} {bar:20} {pos}/{len} trials {wide_msg}";
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ");
    let bar = ProgressBar::new(0).with_style(style);
    bar.enable_steady_tick(TICK);
    bar
}

/// Columns of the terminal that standard output is.
pub fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    size.map_or(WIDTH_DEFAULT, |size| usize::from(size.ws_col)).max(1)
}

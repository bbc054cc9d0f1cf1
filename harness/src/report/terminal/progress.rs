//! Progress on stderr and the certificate on stdout: a bar on a terminal, elsewhere plain lines without
//! control codes, at most one a scenario, as logs of CI want them.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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

impl Face {
    /// The bar, where there is a terminal that it can be drawn on: one that is dumb gets lines, as a file does.
    fn of(bar: ProgressBar) -> Self {
        if bar.is_hidden() { Self::Plain(Box::new(io::stderr())) } else { Self::Bar(bar) }
    }
}

impl TerminalReporter {
    /// Shows progress on stderr, and the certificate on stdout. `directory` is the one that
    /// [`RunFiles`](crate::report::files::RunFiles) writes to.
    pub fn new(format: Format, directory: &Path) -> Self {
        let face = Face::of(bar(ProgressDrawTarget::stderr()));
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
                    lengthen(bar, *trials);
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
                    lengthen(bar, *trials);
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

/// A bar without a length is empty, and one of length 0 is full: it has none before something is planned.
fn bar(target: ProgressDrawTarget) -> ProgressBar {
    let template = "scenario {prefix} {bar:20} {pos}/{len} trials {wide_msg}";
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ");
    let bar = ProgressBar::with_draw_target(None, target).with_style(style);
    bar.enable_steady_tick(TICK);
    bar
}

fn lengthen(bar: &ProgressBar, trials: usize) {
    if trials > 0 {
        bar.set_length(bar.length().unwrap_or_default() + trials as u64);
    }
}

/// Columns of the terminal that standard output is.
pub fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    size.map_or(WIDTH_DEFAULT, |size| usize::from(size.ws_col)).max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that keeps what was last drawn.
    #[derive(Clone, Debug, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl Screen {
        fn bar(&self) -> ProgressBar {
            bar(ProgressDrawTarget::term_like(Box::new(self.clone())))
        }

        fn drawn(&self, bar: &ProgressBar) -> String {
            self.0.lock().expect("no test panics with it").clear();
            bar.force_draw();
            self.0.lock().expect("no test panics with it").clone()
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().expect("no test panics with it").push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn where_nothing_can_be_drawn_there_are_lines() {
        // What a terminal is that says of itself that it is dumb.
        assert!(matches!(Face::of(bar(ProgressDrawTarget::hidden())), Face::Plain(_)));
        assert!(matches!(Face::of(Screen::default().bar()), Face::Bar(_)));
    }

    #[test]
    fn a_bar_begins_empty() {
        let screen = Screen::default();
        let bar = screen.bar();
        lengthen(&bar, 0);
        let drawn = screen.drawn(&bar);
        assert!(drawn.contains("0/0 trials") && !drawn.contains('━'), "{drawn}");
        lengthen(&bar, 2);
        bar.inc(1);
        let drawn = screen.drawn(&bar);
        assert!(drawn.contains("1/2 trials") && drawn.contains("━━━━━"), "{drawn}");
    }
}

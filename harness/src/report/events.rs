//! `events.jsonl`: what a run does, while it does it, as JSON Lines. `reports/schema/events-1.json` documents it.
//!
//! Each line is written whole by one call as soon as there is something to say, so that others can follow a run,
//! and so that one that is killed leaves what it did up to then. Only `finished` ends a stream: without it the run
//! goes on, or was killed.

mod account;
mod read;
mod record;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant, SystemTime},
};

pub use account::Account;
pub use read::{ReadError, read};
pub use record::{Claims, EVENTS_SCHEMA, Event, Line};

use super::{Progress, Reporter, failure::Failure, files::unwritable};

/// The file's name in the output directory.
pub const FILE: &str = "events.jsonl";

/// Trials are counted at most this often: they may take less than a millisecond each.
const TRIALS_EVERY: Duration = Duration::from_millis(100);

/// See the module.
pub struct Events {
    out: Box<dyn Write + Send>,
    /// The file, where it is one: a run begins at its beginning.
    file: Option<File>,
    started: Instant,
    /// Trials that are over, and how many of them were told.
    trials: usize,
    told: usize,
    told_at: Instant,
    /// Why nothing is written any more.
    failure: Failure,
}

impl Events {
    /// Writes to the file in `directory`, which exists.
    ///
    /// # Errors
    /// What failed, on what, and what to do.
    pub fn create(directory: &Path) -> io::Result<Self> {
        let path = directory.join(FILE);
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(|error| unwritable("open", &path, &error))?;
        let out = file.try_clone().map_err(|error| unwritable("open", &path, &error))?;
        Ok(Self { file: Some(file), ..Self::to(out) })
    }

    fn to(out: impl Write + Send + 'static) -> Self {
        let now = Instant::now();
        Self {
            out: Box::new(out),
            file: None,
            started: now,
            trials: 0,
            told: 0,
            told_at: now,
            failure: Failure::default(),
        }
    }

    fn tell(&mut self, event: Event) {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A line that is missing is not made good by the next one.
        if self.failure.why().is_some() {
            return;
        }
        let line = Line { schema: EVENTS_SCHEMA, ms, event };
        let written = serde_json::to_vec(&line).map_err(io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            self.out.write_all(&bytes).and_then(|()| self.out.flush())
        });
        if let Err(error) = written {
            self.failure.note(Err(format!(
                "cannot write {FILE}: {error}; the stream of events ends here, the run goes on"
            )));
        }
    }

    fn tell_trials(&mut self) {
        if self.trials > self.told {
            (self.told, self.told_at) = (self.trials, Instant::now());
            self.tell(Event::Trials { done: self.trials });
        }
    }
}

impl Reporter for Events {
    fn report(&mut self, progress: &Progress<'_>) {
        let event = match progress {
            Progress::Trial => {
                self.trials += 1;
                if self.told_at.elapsed() >= TRIALS_EVERY {
                    self.tell_trials();
                }
                return;
            }
            Progress::SoFar { .. } => return,
            Progress::Started { subject, seed, scenarios, workloads } => {
                self.started = Instant::now();
                // What is there is of an earlier run; what is appended comes to the beginning.
                if let Some(Err(error)) = self.file.as_ref().map(|file| file.set_len(0)) {
                    eprintln!("cannot empty {FILE}: {error}; it goes on behind an earlier run");
                }
                Event::Started {
                    at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
                    subject: (*subject).to_owned(),
                    seed: *seed,
                    scenarios: *scenarios,
                    workloads: *workloads,
                }
            }
            Progress::Greeted(subject) => {
                Event::Greeted { name: subject.name.clone(), version: subject.version.clone() }
            }
            Progress::Planned { scenario, trials } => {
                Event::Planned { scenario: (*scenario).to_owned(), trials: *trials }
            }
            Progress::More(trials) => Event::More { trials: *trials },
            Progress::Refuted(case) => Event::refuted(case),
            Progress::Finished { certificate, .. } => Event::finished(certificate),
        };
        self.tell_trials();
        self.tell(event);
    }

    fn failure(&self) -> Option<&str> {
        self.failure.why()
    }
}

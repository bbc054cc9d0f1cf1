//! What a run did up to where its stream stops, for people.

use std::fmt::{self, Display, Formatter};

use super::{Event, Line};
use crate::report::text::{count, printable, thousands};

/// What a stream tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    started: Event,
    subject: Option<(String, String)>,
    scenarios_begun: usize,
    last_scenario: Option<String>,
    trials_planned: usize,
    trials_done: usize,
    refuted: Vec<(u64, Event)>,
    finished: Option<Event>,
    last_ms: u64,
    /// Whether the stream ends in the middle of a line.
    pub is_torn: bool,
}

impl Account {
    pub(super) fn begin(line: Line) -> Result<Self, &'static str> {
        if !matches!(line.event, Event::Started { .. }) {
            return Err("a stream begins with `started`");
        }
        Ok(Self {
            started: line.event,
            subject: None,
            scenarios_begun: 0,
            last_scenario: None,
            trials_planned: 0,
            trials_done: 0,
            refuted: Vec::new(),
            finished: None,
            last_ms: line.ms,
            is_torn: false,
        })
    }

    pub(super) fn add(&mut self, line: Line) -> Result<(), &'static str> {
        if self.finished.is_some() {
            return Err("a stream ends with `finished`");
        }
        self.last_ms = line.ms;
        match line.event {
            Event::Started { .. } => return Err("a stream has one run, and another begins here"),
            Event::Greeted { name, version } => self.subject = Some((name, version)),
            Event::Planned { scenario, trials } => {
                self.scenarios_begun += 1;
                self.last_scenario = Some(scenario);
                self.trials_planned = self.trials_planned.saturating_add(trials);
            }
            Event::More { trials } => {
                self.trials_planned = self.trials_planned.saturating_add(trials);
            }
            Event::Trials { done } => self.trials_done = done,
            Event::Refuted { .. } => self.refuted.push((line.ms, line.event)),
            Event::Finished { .. } => self.finished = Some(line.event),
            Event::Other => {}
        }
        Ok(())
    }

    /// Why this is not the stream of a run that came to its end, and what to do; nothing where it is.
    pub fn trouble(&self) -> Option<String> {
        if self.finished.is_some() {
            return None;
        }
        let after = seconds(self.last_ms);
        let (place, whose) = if self.is_torn {
            ("in the middle of a line", "the run was killed there")
        } else {
            ("without `finished`", "the run goes on, or was killed there")
        };
        Some(format!(
            "the events stop after {after}, {place}: {whose}; the certificate beside them says `interrupted` and what \
             was known: certify again for a whole one"
        ))
    }
}

impl Display for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Event::Started { at, subject, seed, scenarios, workloads } = &self.started else {
            return Ok(());
        };
        writeln!(f, "{}, seed {seed}, begun {}", printable(subject), printable(at))?;
        if let Some((name, version)) = &self.subject {
            let name = format!("{name} {version}");
            writeln!(f, "  the subject is {}", printable(name.trim()))?;
        } else {
            writeln!(f, "  the subject has not answered")?;
        }
        let all = scenarios.saturating_add(*workloads);
        write!(f, "  {} of {} begun", thousands(self.scenarios_begun), count(all, "scenario"))?;
        match &self.last_scenario {
            Some(last) => writeln!(f, ", last {}", printable(last))?,
            None => writeln!(f)?,
        }
        let (done, planned) = (self.trials_done, self.trials_planned);
        if done > planned {
            // How many crash states and schedules there are is known when they have been tried.
            writeln!(f, "  {} over", count(done, "trial"))?;
        } else {
            writeln!(f, "  {} of {} over", thousands(done), count(planned, "planned trial"))?;
        }
        for (ms, event) in &self.refuted {
            let Event::Refuted { guarantee, scenario, summary, .. } = event else { continue };
            let (after, scenario) = (seconds(*ms), printable(scenario));
            writeln!(
                f,
                "  refuted {guarantee} in {scenario}, after {after}: {}",
                printable(summary)
            )?;
        }
        if let Some(Event::Finished { verdict, interrupted, exit_code, claims, .. }) =
            &self.finished
        {
            let cut = if *interrupted { ", interrupted" } else { "" };
            let after = seconds(self.last_ms);
            writeln!(f, "  finished after {after}: {verdict}{cut}, exit code {exit_code}")?;
            writeln!(
                f,
                "  claims: {} upheld, {} refuted, {} not measured",
                claims.upheld, claims.refuted, claims.not_measured
            )?;
        }
        Ok(())
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}

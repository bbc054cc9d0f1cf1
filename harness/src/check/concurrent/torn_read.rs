//! `no-torn-read`: every read returns one whole value that somebody had begun to write to that path.
//!
//! Which of them it may be is the business of `linearizable`.

use super::timeline::{Content, Timed, Timeline, contents};
use crate::{
    check::{Finding, Judgement, words},
    history::{Invocation, Outcome, Phase, Reply},
    scenario::Plant,
    subject::Bytes,
};

/// Looks every value that was read up among those written.
pub(super) fn judge(timeline: &Timeline<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    for timed in &timeline.operations {
        let (Invocation::ReadFile { path }, Outcome::Ok(Reply::Data(seen))) =
            (&timed.entry.invocation, &timed.entry.outcome)
        else {
            continue;
        };
        if timed.entry.phase == Phase::SetUp || !timeline.is_file(path) {
            continue;
        }
        judgement.comparisons += 1;
        let written = written(timeline, path, timed);
        if written.contains(&seen) {
            continue;
        }
        let right = match written.as_slice() {
            [] => "an error for a missing file".to_owned(),
            [one] => words::value(one),
            several => {
                format!("one of {}", contents(several.iter().map(|value| Content::Whole(value))))
            }
        };
        judgement.findings.push(Finding {
            entry: Some(timed.index),
            summary: format!(
                "{} read {} and got {}, which nobody wrote; {right} would have been right",
                timeline.who(timed),
                timeline.place(path),
                words::value(seen),
            ),
        });
    }
    judgement
}

/// The values whose writes began before `reader` ended.
fn written<'a>(timeline: &Timeline<'a>, path: &str, reader: &Timed<'_>) -> Vec<&'a Bytes> {
    let planted = timeline.evidence.scenario.plants.iter().filter_map(|plant| match plant {
        Plant::File { path: planted, data } if planted == path => Some(data),
        _ => None,
    });
    let written = timeline
        .at(path)
        .filter(|writer| reader.returned.is_none_or(|returned| writer.invoked < returned));
    let written = written.filter_map(|writer| match writer.content()? {
        Content::Whole(data) => Some(data),
        Content::Absent => None,
    });
    planted.chain(written).collect()
}

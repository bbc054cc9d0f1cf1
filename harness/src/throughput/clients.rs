//! Processes of one subject on one root, and what they do in a slice.
//!
//! Requests are made ready before the clock starts. All clients start together, and the clock stops when the last
//! one has its last answer.

use std::{
    path::Path,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::Work;
use crate::{
    history::Invocation,
    subject::{
        Bytes, Launcher, Limits, NoAnswer, Plain, Prepared, Subject,
        protocol::{Hello, Refusal},
    },
};

/// Files of each client that are read or overwritten in turn: a few, so that none is special.
const FILES: u64 = 4;

/// See the module.
pub(super) struct Clients {
    launcher: Launcher,
    processes: Vec<Plain>,
    /// Names that were used, per client.
    turn: u64,
    /// Sizes for which there are files to read and to overwrite.
    kept: Vec<usize>,
}

/// What a slice consists of.
#[derive(Clone, Copy)]
enum Sort {
    /// Operations on files.
    Real,
    /// The same on the empty path.
    Refused,
}

impl Clients {
    /// Starts `count` processes and opens `root` in each; what the first says of itself.
    pub(super) fn start(
        subject: &Subject,
        limits: Limits,
        root: &Path,
        count: usize,
    ) -> Result<(Self, Hello), String> {
        let subject = Arc::new(subject.clone());
        let launcher = Launcher::new(&subject, limits).map_err(|error| error.to_string())?;
        let mut clients = Self { launcher, processes: Vec::new(), turn: 0, kept: Vec::new() };
        let mut hello = Hello::default();
        for _ in 0..count {
            let process = clients.launcher.plain.start();
            let mut process = process.map_err(|error| format!("it does not start: {error}"))?;
            let greeted = process.greet(root, &subject.options);
            clients.processes.push(process);
            hello = greeted?;
        }
        Ok((clients, hello))
    }

    /// Has every client do `count` operations, and as many refused ones; how long one of each takes a client, in
    /// nanoseconds. With `refused_first`, those come first.
    pub(super) fn slice(
        &mut self,
        work: Work,
        bytes: usize,
        count: u64,
        refused_first: bool,
    ) -> Result<(f64, f64), String> {
        let turn = self.turn;
        self.turn += count;
        self.keep(bytes)?;
        let value = content(bytes, turn);
        let new = |client, n| new_file(client, turn + n);
        if work == Work::Delete {
            self.run(count, Sort::Real, |client, n| write(new(client, n), &value))?;
        }
        let real = |client: usize, n: u64| match work {
            Work::Write => write(new(client, n), &value),
            Work::Overwrite => write(kept_file(client, bytes, (turn + n) % FILES), &value),
            Work::Read => {
                Invocation::ReadFile { path: kept_file(client, bytes, (turn + n) % FILES) }
            }
            Work::Delete => Invocation::DeleteFile { path: new(client, n) },
        };
        let refused = |_, _| match work {
            Work::Write | Work::Overwrite => write(String::new(), &value),
            Work::Read => Invocation::ReadFile { path: String::new() },
            Work::Delete => Invocation::DeleteFile { path: String::new() },
        };
        let (timed, protocol) = if refused_first {
            let protocol = self.run(count, Sort::Refused, refused)?;
            (self.run(count, Sort::Real, real)?, protocol)
        } else {
            let timed = self.run(count, Sort::Real, real)?;
            (timed, self.run(count, Sort::Refused, refused)?)
        };
        if work == Work::Write {
            self.run(count, Sort::Real, |client, n| Invocation::DeleteFile {
                path: new(client, n),
            })?;
        }
        let each = |taken: Duration| taken.as_secs_f64() * 1e9 / count as f64;
        Ok((each(timed), each(protocol)))
    }

    /// Makes sure that there are files of this size to read and to overwrite.
    fn keep(&mut self, bytes: usize) -> Result<(), String> {
        if !self.kept.contains(&bytes) {
            let value = content(bytes, u64::MAX);
            self.run(FILES, Sort::Real, |client, n| write(kept_file(client, bytes, n), &value))?;
            self.kept.push(bytes);
        }
        Ok(())
    }

    fn run(
        &mut self,
        count: u64,
        sort: Sort,
        invocation: impl Fn(usize, u64) -> Invocation,
    ) -> Result<Duration, String> {
        let mut ready: Vec<(&mut Plain, Vec<(Invocation, Prepared)>)> = Vec::new();
        for (client, process) in self.processes.iter_mut().enumerate() {
            let requests = (0..count).map(|n| {
                let invocation = invocation(client, n);
                let prepared = process.prepare(&invocation);
                (invocation, prepared)
            });
            let requests = requests.collect();
            ready.push((process, requests));
        }
        let barrier = Barrier::new(ready.len());
        // The clients look at the clock: a thread that waits for them may come to it when they have long begun.
        let spans = thread::scope(|scope| {
            let threads: Vec<_> = ready
                .into_iter()
                .map(|(process, requests)| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        barrier.wait();
                        let begun = Instant::now();
                        requests.iter().try_for_each(|request| ask(process, request, sort))?;
                        Ok((begun, Instant::now()))
                    })
                })
                .collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().expect("a client does not panic")
            };
            threads.into_iter().map(join).collect::<Result<Vec<_>, String>>()
        })?;
        let begun = spans.iter().map(|(begun, _)| *begun).min();
        let ended = spans.iter().map(|(_, ended)| *ended).max();
        Ok(begun.zip(ended).map_or(Duration::ZERO, |(begun, ended)| ended - begun))
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        for process in &self.processes {
            // A process that cannot be collected now ends with this one.
            let _ = self.launcher.bury(process);
        }
    }
}

fn ask(
    process: &mut Plain,
    (invocation, request): &(Invocation, Prepared),
    sort: Sort,
) -> Result<(), String> {
    match (process.ask_prepared(request), sort) {
        (Ok(Ok(answer)), Sort::Real) => check(invocation, &answer),
        (Ok(Err(_)), Sort::Refused) => Ok(()),
        (Ok(Ok(_)), Sort::Refused) => Err(format!(
            "it did not refuse {} of the empty path, so what the protocol takes cannot be told apart; have it \
             answer InvalidPath",
            invocation.operation()
        )),
        (Ok(Err(Refusal { kind, message })), Sort::Real) => {
            Err(format!("its {invocation} failed: {kind}: {message}"))
        }
        (Err(NoAnswer::Broken(why)), _) => Err(format!("at {invocation}, {why}")),
        (Err(NoAnswer::Killed), _) => Err(format!("it was killed at {invocation}")),
    }
}

/// Who reads less is not faster.
fn check(invocation: &Invocation, answer: &Value) -> Result<(), String> {
    let Invocation::ReadFile { path } = invocation else { return Ok(()) };
    let expected = size_of(path).div_ceil(3) * 4;
    match answer.as_str().map(str::len) {
        Some(length) if length == expected => Ok(()),
        other => Err(format!(
            "its {invocation} returned {} characters of base64, where {expected} were written",
            other.unwrap_or_default()
        )),
    }
}

fn write(path: String, data: &Bytes) -> Invocation {
    Invocation::WriteFile { path, data: data.clone() }
}

fn new_file(client: usize, turn: u64) -> String {
    format!("bench/{client}/new-{turn}.bin")
}

fn kept_file(client: usize, bytes: usize, file: u64) -> String {
    format!("bench/{client}/kept-{file}-{bytes}.bin")
}

/// The size in the name of a kept file, in bytes.
fn size_of(path: &str) -> usize {
    let digits = path.rsplit('-').next().unwrap_or_default().trim_end_matches(".bin");
    digits.parse().unwrap_or_default()
}

/// Bytes that nobody can compress or leave out; others for another seed.
fn content(bytes: usize, seed: u64) -> Bytes {
    let mut state = seed;
    let byte = || {
        // Knuth's MMIX generator: good enough to be incompressible, and fast.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(byte).take(bytes).collect::<Vec<u8>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_kept_file_is_in_its_name() {
        assert_eq!(size_of(&kept_file(3, 65_536, 2)), 65_536);
    }

    #[test]
    fn contents_have_their_size_and_differ() {
        assert_eq!(content(1024, 1).len(), 1024);
        assert_ne!(content(1024, 1), content(1024, 2));
        assert!(content(1024, 1).iter().collect::<std::collections::BTreeSet<_>>().len() > 200);
    }
}

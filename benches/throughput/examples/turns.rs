//! Equals in turns: the reference backend beside every peer that keeps the same, as ratios within one run.
//!
//! Criterion measures one thing for a while and then the next, minutes apart. Here all take turns in short rounds,
//! and what is compared is what each took in the same round; so a machine that also does other things slows all down
//! alike. A ratio of 2 is a peer that takes twice as long as the reference backend.
//!
//! `cargo run --release -p crashworthy-benches --example turns -- [ROUNDS [JOB/SIZE/WRITERS…]]`, for example `-- 9
//! write/1-KiB/1`.

use std::{env, process::ExitCode, time::Duration};

use crashworthy::Result;
use crashworthy_benches::{Job, Load, Peer, Place, Size, peers};
use crashworthy_harness::throughput::Estimate;
use strum::VariantArray;

/// Rounds where none are asked for: enough for an interval.
const ROUNDS: usize = 9;
/// How long one peer measures in one round.
const SLICE: Duration = Duration::from_millis(60);
/// How many write at once.
const WRITERS: [u64; 2] = [1, 4];
/// Most operations in a slice.
const OPERATIONS_MAX: f64 = 400.0;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let rounds = arguments.next().map_or(Ok(ROUNDS), |text| text.parse());
    let Ok(rounds @ 1..) = rounds else {
        eprintln!("the first argument is how many rounds to make, 1 or more");
        return ExitCode::from(2);
    };
    let wanted: Vec<String> = arguments.collect();
    println!("| work | keeps | peer | time | against `fs` | interval | rounds |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (job, size, writers) in works() {
        let name = format!("{job}/{size}/{writers}");
        if !wanted.is_empty() && !wanted.iter().any(|prefix| name.starts_with(prefix.as_str())) {
            continue;
        }
        if let Err(error) = compare(&name, job, size, writers, rounds) {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn works() -> impl Iterator<Item = (Job, Size, u64)> {
    Job::VARIANTS.iter().flat_map(|job| {
        Size::VARIANTS.iter().flat_map(|size| WRITERS.map(|writers| (*job, *size, writers)))
    })
}

struct Contestant {
    name: String,
    step: String,
    load: Load,
    /// Seconds for one operation, by round.
    rounds: Vec<f64>,
    _place: Place,
}

/// Each step of the ladder by itself, so that nobody pays for the syncs of others that keep more.
fn compare(name: &str, job: Job, size: Size, writers: u64, rounds: usize) -> Result<()> {
    let mut steps: Vec<(String, Vec<Peer>)> = Vec::new();
    for peer in peers() {
        let step = job.step(&peer);
        match steps.iter_mut().find(|(other, _)| *other == step) {
            Some((_, peers)) => peers.push(peer),
            None => steps.push((step, vec![peer])),
        }
    }
    steps.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (step, peers) in steps {
        let mut contestants = Vec::new();
        for peer in peers {
            let place = Place::new().expect("the directory to measure in can be written");
            let backend = peer.open(place.path()).expect("a fresh directory can be opened");
            let load = Load::new(backend, job, size, writers)?;
            contestants.push(Contestant {
                name: peer.name,
                step: step.clone(),
                load,
                rounds: Vec::new(),
                _place: place,
            });
        }
        for round in 0..rounds {
            let many = contestants.len();
            for turn in 0..many {
                // Nobody is always the first.
                contestants[(turn + round) % many].measure()?;
            }
        }
        print(name, &contestants);
    }
    Ok(())
}

impl Contestant {
    fn measure(&mut self) -> Result<()> {
        // The first slice is there to find the pace.
        let pace = match self.rounds.last() {
            Some(pace) => *pace,
            None => self.load.run(2)?.as_secs_f64() / 2.0,
        };
        let count = (SLICE.as_secs_f64() / pace).clamp(2.0, OPERATIONS_MAX) as u64;
        self.rounds.push(self.load.run(count)?.as_secs_f64() / count as f64);
        Ok(())
    }
}

/// The first of a step, where it is one of ours, is what the others are compared with.
fn print(name: &str, contestants: &[Contestant]) {
    let ours = contestants.iter().find(|contestant| contestant.name.starts_with("fs,"));
    let reference = ours.unwrap_or(&contestants[0]);
    for contestant in contestants {
        let pairs = contestant.rounds.iter().zip(&reference.rounds);
        let ratios: Vec<f64> = pairs.map(|(theirs, ours)| theirs / ours).collect();
        let (Some(time), Some(ratio)) = (Estimate::of(&contestant.rounds), Estimate::of(&ratios))
        else {
            continue;
        };
        println!(
            "| {name} | {} | {} | {:.3} ms | {:.2} | {:.2}–{:.2} | {} |",
            contestant.step,
            contestant.name,
            time.median * 1e3,
            ratio.median,
            ratio.low,
            ratio.high,
            ratio.n
        );
    }
}

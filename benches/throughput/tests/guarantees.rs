//! What each peer keeps is certified here by the same harness that certifies everything else: whoever stands on a
//! step of the ladder has every guarantee up to it upheld, and one of the next step refuted. So nobody is compared
//! with less than what it is said to keep, and nobody is talked down.
//!
//! The executable is also the worker of its peers.

use std::{process::ExitCode, sync::Arc};

use crashworthy::{Error, Guarantee, Operation, Result as Answer, StorageBackend, StoragePath};
use crashworthy_benches::{Keeps, Peer, peers};
use crashworthy_harness::{
    explore::{Campaign, Profile},
    judge::{Certificate, Verdict},
    report::{Progress, Reporter},
    scenario::{self, Scenario},
    subject::{self, Backend, Limits, Subject},
};
use libtest_mimic::{Arguments, Failed, Trial};
use strum::VariantArray;

/// The scenarios of these certificates: those that tell the steps apart.
const SCENARIOS: &[&str] = &[
    "crash-during-overwrite",
    "crash-during-delete",
    "power-first-write",
    "power-overwrite",
    "power-delete",
    "power-delete-twice",
];

fn main() -> ExitCode {
    let backends: Vec<_> = peers().into_iter().map(backend).collect();
    subject::become_worker_if_asked(&backends);
    let tests = peers().into_iter().map(|peer| {
        Trial::test(peer.name.clone(), move || keeps(&peer.name, peer.writes, peer.deletes))
    });
    libtest_mimic::run(&Arguments::from_args(), tests.collect()).exit_code()
}

/// A peer as a subject of the harness.
fn backend(peer: Peer) -> Backend {
    Backend::new(peer.name.clone(), move |root, _| {
        peer.open(root)
            .map(Opened)
            .map_err(|error| Error::from_io(Operation::Open, root.to_string_lossy(), error))
    })
}

fn keeps(name: &str, writes: Keeps, deletes: Keeps) -> Result<(), Failed> {
    let certificate = certify(name)?;
    let kept = (kept(&certificate, Keeps::of_writes), kept(&certificate, Keeps::of_deletes));
    if kept == (Some(writes), Some(deletes)) {
        return Ok(());
    }
    let said =
        |kept: Option<Keeps>| kept.map_or("what was not measured".into(), |kept| kept.to_string());
    let rows = certificate.guarantees.iter().filter(|row| row.verdict != Verdict::Upheld);
    let rows: Vec<_> = rows.map(|row| format!("{} is {}", row.id, row.verdict)).collect();
    Err(format!(
        "its writes are said to keep {writes}, and keep {}; its deletes {deletes}, and keep {}\n{}",
        said(kept.0),
        said(kept.1),
        rows.join("\n"),
    )
    .into())
}

/// The highest step up to which everything is upheld; something of the next one is refuted, or it is not known.
fn kept(certificate: &Certificate, of: fn(Keeps) -> &'static [Guarantee]) -> Option<Keeps> {
    let has = |step: Keeps, verdict: Verdict| {
        let rows = certificate.guarantees.iter().filter(move |row| of(step).contains(&row.id));
        rows.filter(|row| row.verdict == verdict).count()
    };
    let upheld = |step: &&Keeps| has(**step, Verdict::Upheld) == of(**step).len();
    let steps = Keeps::VARIANTS.iter().take_while(upheld).count();
    let known = Keeps::VARIANTS.get(steps).is_none_or(|next| has(*next, Verdict::Refuted) > 0);
    known.then(|| Keeps::VARIANTS[steps - 1])
}

fn certify(name: &str) -> Result<Certificate, Failed> {
    let all = Keeps::VARIANTS.iter().flat_map(|step| [step.of_writes(), step.of_deletes()]);
    let campaign = Campaign {
        subject: Subject::of_this_executable(name)?.without_fork_server(),
        claims: None,
        scenarios: scenarios(),
        profile: Profile::Quick,
        generate: false,
        shrink: false,
        seed: 0,
        jobs: 1,
        limits: Limits::default(),
        time_budget: None,
        only: Some(all.flatten().copied().collect()),
        partition: None,
    };
    let outcome = campaign.run(&mut Silent).map_err(|error| error.to_string())?;
    Ok(outcome.certificate)
}

fn scenarios() -> Vec<Arc<Scenario>> {
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|scenario| SCENARIOS.contains(&scenario.name.as_str()));
    assert_eq!(scenarios.len(), SCENARIOS.len(), "a scenario was renamed");
    scenarios
}

struct Silent;

impl Reporter for Silent {
    fn report(&mut self, _: &Progress<'_>) {}
}

/// A boxed backend as a backend.
struct Opened(Box<dyn StorageBackend>);

impl StorageBackend for Opened {
    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Answer<()> {
        self.0.write_file(path, data)
    }

    fn read_file(&self, path: &StoragePath) -> Answer<Vec<u8>> {
        self.0.read_file(path)
    }

    fn list_files(&self, directory: &StoragePath) -> Answer<Vec<String>> {
        self.0.list_files(directory)
    }

    fn create_directory(&self, path: &StoragePath) -> Answer<()> {
        self.0.create_directory(path)
    }

    fn exists(&self, path: &StoragePath) -> Answer<bool> {
        self.0.exists(path)
    }

    fn delete_file(&self, path: &StoragePath) -> Answer<()> {
        self.0.delete_file(path)
    }

    fn recover(&self) -> Answer<()> {
        self.0.recover()
    }
}

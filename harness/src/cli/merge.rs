//! `crashworthy merge`.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    Stop,
    certify::{Reporters, keep_regressions},
    ratchet,
};
use crate::{
    explore,
    judge::{certificate, merge as join},
    report::{Format, Progress, Reporter, events::Events, files::RunFiles, shards},
};

/// Puts the shards of one run together: their certificate is that of a run on one machine.
#[derive(Debug, clap::Args)]
pub(super) struct Merge {
    /// The folders that `certify --partition` wrote, all of one run
    #[arg(value_name = "SHARD_DIR", required = true)]
    shards: Vec<PathBuf>,

    /// Where certificate and counterexamples go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Fail where anything is worse than in this file, and for nothing else
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// What goes to standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn merge(arguments: &Merge) -> Result<u8, Stop> {
    let baseline = arguments.baseline.as_deref().map(ratchet::load).transpose()?;
    let read = |folder: &PathBuf| {
        let shard = shards::read(folder).map_err(Stop::usage)?;
        Ok((folder.display().to_string(), shard))
    };
    let shards = arguments.shards.iter().map(read).collect::<Result<_, Stop>>()?;
    let mut merged = join(shards).map_err(Stop::usage)?;
    merged.frame.interrupted = explore::is_cut_short(&merged.docket);
    let certificate = certificate(&merged.frame, &merged.docket, merged.totals);
    if let Some(baseline) = &baseline {
        baseline.suits(&certificate.profile, None, &certificate.subject.options)?;
    }
    let frame = &merged.frame;
    let cases = explore::told(frame.claims.as_ref(), frame.only.as_deref(), &merged.docket);
    shards::spare(&arguments.out, None).map_err(Stop::usage)?;
    let files = RunFiles::create(&arguments.out)
        .map_err(Stop::usage)?
        .started_by(merged.command, merged.options);
    shards::remove(&arguments.out).map_err(Stop::usage)?;
    let mut events = Events::create(&arguments.out).map_err(Stop::usage)?;
    let covered = || certificate.guarantees.iter().filter_map(|row| row.coverage.as_ref());
    let scenarios: BTreeSet<_> = covered().flat_map(|it| &it.scenarios).collect();
    // The shards have streams of their own: here is what became of them.
    events.report(&Progress::Started {
        subject: &certificate.subject.command,
        seed: certificate.seed,
        scenarios: scenarios.len(),
        workloads: covered().map(|it| it.generated).max().unwrap_or_default(),
    });
    events.report(&Progress::Greeted(&certificate.subject));
    let mut reporters = Reporters::of(files, events, &arguments.out, arguments.format)
        .measured_by(baseline.clone(), merged.frame.only.clone());
    reporters.report(&Progress::Finished {
        certificate: &certificate,
        cases: &cases.iter().collect::<Vec<_>>(),
    });
    keep_regressions(&explore::regressions(&cases), &arguments.out)?;
    reporters.all_written(&arguments.out)?;
    let asked = merged.frame.only.as_deref();
    ratchet::exit_code(baseline.as_ref(), &certificate, asked, arguments.format)
}

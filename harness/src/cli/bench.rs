//! `crashworthy bench`: what subjects cost, beside what they keep.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use clap::Args;
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use serde_json::{Map, Value};

use super::{
    Stop,
    args::{LimitArguments, duration, options},
    certify::{end_subjects_on_interrupt, limits, runs_of},
    exit, print, program,
};
use crate::{
    judge::Certificate,
    report::{
        certificates,
        runs::LATEST,
        throughput::{Format, render},
    },
    subject::{self, Subject, watchdog},
    throughput::{Bench, BenchError, Comparison, Measured, Standing},
};

#[derive(Debug, Args)]
pub(super) struct BenchArguments {
    /// Built-in backends, each with options of its own if need be: fs,durability=none [default: fs]
    #[arg(value_name = "SUBJECT")]
    subjects: Vec<String>,

    /// Any program that speaks the protocol, after `--`
    #[arg(last = true, value_name = "CMD")]
    program: Vec<OsString>,

    /// Passed to every subject with every `open`
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = options)]
    options: Value,

    /// How long to measure, all subjects together
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    time: Duration,

    /// Where the files go; a disk, not memory [default: the folder of temporary files, or this one]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,

    /// What a subject keeps: its certificate, or the folder of its run (repeatable) [default: that of
    /// its latest run below reports/runs, if that had the same options]
    #[arg(long, value_name = "DIR|FILE")]
    certificate: Vec<PathBuf>,

    /// What goes to standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// The result as JSON, into a file besides
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    limits: LimitArguments,
}

pub(super) fn bench(arguments: &BenchArguments) -> Result<u8, Stop> {
    let subjects = subjects(arguments)?;
    let certificates = arguments.certificate.iter().map(|path| certificate(path));
    let certificates = certificates.collect::<Result<Vec<_>, Stop>>()?;
    suit(&certificates, &subjects)?;
    if let Some(out) = &arguments.out {
        writable(out)?;
    }
    let bench = Bench {
        subjects,
        time: arguments.time,
        limits: limits(&arguments.limits),
        directory: arguments.directory.clone().unwrap_or_else(directory),
    };
    end_subjects_on_interrupt()?;
    let mut comparison = bench.run().map_err(|error| match error {
        BenchError::NullSubject(_) => Stop::harness(error),
        BenchError::Unusable { .. } | BenchError::Place { .. } => Stop::usage(error),
    })?;
    certify(&mut comparison, &bench.subjects, &certificates);
    if let Some(out) = &arguments.out {
        std::fs::write(out, render(&comparison, Format::Json)).map_err(|error| {
            Stop::harness(format!("failed to write {}: {error}", out.display()))
        })?;
    }
    print::text(&render(&comparison, arguments.format))?;
    Ok(if watchdog::is_interrupted() {
        exit::INTERRUPTED
    } else if is_whole(&comparison) {
        0
    } else {
        exit::NOT_MEASURED
    })
}

fn is_whole(comparison: &Comparison) -> bool {
    let costs = comparison.subjects.iter().flat_map(|subject| &subject.costs);
    costs.clone().next().is_some()
        && !costs.into_iter().any(|cost| matches!(cost.measured, Measured::NotMeasured { .. }))
}

/// What was asked for, each with its label.
fn subjects(arguments: &BenchArguments) -> Result<Vec<(String, Subject)>, Stop> {
    let mut subjects = Vec::new();
    for text in &arguments.subjects {
        subjects.push((text.clone(), builtin(text, &arguments.options)?));
    }
    if let Some((program, rest)) = arguments.program.split_first() {
        let mut subject =
            Subject::command(program, rest).map_err(|_| program::not_startable(program))?;
        subject.options = arguments.options.clone();
        subjects.push((subject.label.clone(), subject));
    }
    if subjects.is_empty() {
        subjects.push(("fs".into(), builtin("fs", &arguments.options)?));
    }
    Ok(subjects)
}

/// `NAME` or `NAME,OPTION=VALUE,…`
fn builtin(text: &str, common: &Value) -> Result<Subject, Stop> {
    let mut parts = text.split(',');
    let name = parts.next().unwrap_or_default();
    if !subject::backends().iter().any(|backend| backend.name() == name) {
        return Err(program::not_built_in(name, "bench"));
    }
    let mut options: Map<String, Value> = common.as_object().cloned().unwrap_or_default();
    for part in parts {
        let Some((option, value)) = part.split_once('=') else {
            return Err(Stop::usage(format!(
                "{part:?} in {text:?} is no option; write it as OPTION=VALUE, for example fs,durability=none"
            )));
        };
        options.insert(option.to_owned(), value.into());
    }
    let mut subject = Subject::of_this_executable(name).map_err(Stop::harness)?;
    subject.options = Value::Object(options);
    Ok(subject)
}

/// Where temporary files go, or this folder, where that is memory.
fn directory() -> PathBuf {
    let temporary = std::env::temp_dir();
    match statfs(&temporary) {
        Ok(stat) if stat.filesystem_type() != TMPFS_MAGIC => temporary,
        _ => PathBuf::from("."),
    }
}

fn writable(out: &Path) -> Result<(), Stop> {
    std::fs::OpenOptions::new().append(true).create(true).open(out).map(drop).map_err(|error| {
        Stop::usage(format!(
            "cannot write {}: {error}; choose another file with --out",
            out.display()
        ))
    })
}

/// Whether each certificate is of something that will be measured: found out before minutes of measuring, not after.
fn suit(named: &[(PathBuf, Certificate)], subjects: &[(String, Subject)]) -> Result<(), Stop> {
    let strange = named
        .iter()
        .find(|(_, certificate)| subjects.iter().all(|(_, subject)| !is_of(certificate, subject)));
    match strange {
        None => Ok(()),
        Some((path, certificate)) => Err(Stop::usage(format!(
            "{} is the certificate of {:?}{}, which is not measured; name one of a subject that is",
            path.display(),
            certificate.subject.command,
            certificate.subject.options_in_words().map_or_else(
                || " without options".to_owned(),
                |options| format!(" with {options}")
            )
        ))),
    }
}

fn is_of(certificate: &Certificate, subject: &Subject) -> bool {
    let options = subject.options.as_object();
    certificate.subject.command == subject.label
        && options.is_none_or(|options| *options == certificate.subject.options)
}

/// Puts what certificates say beside the costs.
fn certify(
    comparison: &mut Comparison,
    subjects: &[(String, Subject)],
    named: &[(PathBuf, Certificate)],
) {
    for (costs, (_, subject)) in comparison.subjects.iter_mut().zip(subjects) {
        let found = named.iter().find(|(_, certificate)| is_of(certificate, subject)).cloned();
        let latest = || latest(subject).filter(|(_, certificate)| is_of(certificate, subject));
        if let Some((path, certificate)) = found.or_else(latest) {
            costs.certificate = Some(path.display().to_string());
            if let Some(written) = modified(&path) {
                costs.certified_at = Some(humantime::format_rfc3339_seconds(written).to_string());
                let is_newer = |file: &PathBuf| modified(file).is_some_and(|at| at > written);
                let files = subject.files().into_iter().filter(is_newer);
                costs.changed_since = files.map(|file| file.display().to_string()).collect();
            }
            costs.standing = Standing::of(&certificate);
        }
    }
}

fn modified(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

/// The certificate of the latest run.
fn latest(subject: &Subject) -> Option<(PathBuf, Certificate)> {
    certificate(&runs_of(subject).join(LATEST)).ok()
}

fn certificate(path: &Path) -> Result<(PathBuf, Certificate), Stop> {
    let certificate = certificates::read(path).map_err(Stop::usage)?;
    Ok((certificates::file(path), certificate))
}

//! The files in `examples/ci/` that people copy: that they are what they say, and that they work. The workflow is
//! checked by actionlint, in `.ci/run`.
//!
//! The Slurm script is run for real where Slurm is installed (a controller and one node, in a temporary folder, ended
//! by their ids), and as a job of an imaginary Slurm in any case.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};
use serde_json::Value;

use crate::program::{crashworthy, install, said, source};

pub(crate) const TESTS: &[crate::Test] = &[
    ("ci_files::slurm_imagined", slurm_imagined),
    ("ci_files::slurm_real", slurm_real),
    ("ci_files::kubernetes", kubernetes),
    ("ci_files::workflow", workflow),
];

/// What the jobs certify: little, and refuted by nobody.
const ASKED: [&str; 3] = ["fs", "--guarantee", "kill-atomic-write"];
/// How many parts.
const PARTS: u32 = 2;
/// How long a scheduler may take to start, and its jobs to end.
const PATIENCE: Duration = Duration::from_secs(120);

fn example(name: &str) -> PathBuf {
    source("../examples/ci").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(example(name)).unwrap()
}

/// The documents of a YAML file.
fn documents(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&text(name)).unwrap()
}

/// A command as a job has it.
fn job(program: impl AsRef<std::ffi::OsStr>, at: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(at)
        .env_remove("CI")
        .env("CRASHWORTHY", env!("CARGO_BIN_EXE_crashworthy"))
        .env("CRASHWORTHY_RUNS", at.join("runs"));
    command
}

fn is_merged(at: &Path) {
    let merged = crashworthy(at, &["merge", "runs/shard-1", "runs/shard-2", "--out", "runs/all"]);
    assert_eq!(merged.status.code(), Some(0), "{}", said(&merged));
    assert!(said(&merged).contains("CERTIFIED"), "{}", said(&merged));
}

fn slurm_imagined() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let task = |task: u32, first: u32, last: u32, count: u32| -> Output {
        let variables = [
            ("SLURM_ARRAY_TASK_ID", task),
            ("SLURM_ARRAY_TASK_MIN", first),
            ("SLURM_ARRAY_TASK_MAX", last),
            ("SLURM_ARRAY_TASK_COUNT", count),
            ("SLURM_CPUS_PER_TASK", 1),
        ];
        let mut job = job(example("slurm-array.sh"), at);
        job.args(ASKED).envs(variables.map(|(name, value)| (name, value.to_string())));
        job.output().unwrap()
    };
    for (first, last, count) in [(0, 1, 2), (1, 3, 2)] {
        let gap = task(1, first, last, count);
        assert_eq!(gap.status.code(), Some(2), "{}", said(&gap));
        assert!(said(&gap).contains("--array=1-4"), "{}", said(&gap));
    }
    let alone = job(example("slurm-array.sh"), at).args(ASKED).output().unwrap();
    assert_eq!(alone.status.code(), Some(2), "{}", said(&alone));
    for part in 1..=PARTS {
        let done = task(part, 1, PARTS, PARTS);
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    }
    is_merged(at);
}

/// A process that is ended, by its id, when nobody needs it any more.
struct Daemon(Child);

impl Daemon {
    fn start(command: &mut Command) -> Self {
        let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(silent.spawn().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM);
        let until = Instant::now() + Duration::from_secs(10);
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < until {
            thread::sleep(Duration::from_millis(50));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `sinfo` or the like says, as soon as it says what is wanted.
fn wait_for(command: impl Fn() -> Command, wanted: &str) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let text = command().output().map(|output| said(&output)).unwrap_or_default();
        if text.contains(wanted) || Instant::now() > until {
            return text;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A node as `slurmd -C` describes this machine, and its name.
fn node() -> (String, String) {
    let output = Command::new("slurmd").arg("-C").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().next().expect("a description of this machine").to_owned();
    let name = line.split_whitespace().next().and_then(|word| word.strip_prefix("NodeName="));
    (name.expect("its name").to_owned(), line)
}

fn slurm_conf(at: &Path) -> String {
    let (name, node) = node();
    let (controller, daemon) = (free_port(), free_port());
    let at = at.display();
    format!(
        "ClusterName=crashworthy\nSlurmctldHost={name}(127.0.0.1)\nSlurmctldPort={controller}\nSlurmdPort={daemon}\n\
         AuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket={at}/munge.socket\n\
         SlurmUser=root\nSlurmdUser=root\nStateSaveLocation={at}/state\nSlurmdSpoolDir={at}/spool\n\
         SlurmctldPidFile={at}/slurmctld.pid\nSlurmdPidFile={at}/slurmd.pid\n\
         SlurmctldLogFile={at}/slurmctld.log\nSlurmdLogFile={at}/slurmd.log\n\
         ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSwitchType=switch/none\nMpiDefault=none\n\
         ReturnToService=2\nSelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\n\
         JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none\n\
         {node} NodeAddr=127.0.0.1 State=UNKNOWN\n\
         PartitionName=all Nodes={name} Default=YES MaxTime=INFINITE State=UP\n"
    )
}

fn slurm_real() {
    let programs = ["munged", "slurmctld", "slurmd", "sbatch", "sinfo"];
    if !Uid::effective().is_root() || programs.iter().any(|name| which::which(name).is_err()) {
        eprintln!(
            "Slurm is not installed, or this is not root: the script was run as an imaginary job only"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for name in ["state", "spool"] {
        fs::create_dir(at.join(name)).unwrap();
    }
    let conf = at.join("slurm.conf");
    fs::write(&conf, slurm_conf(at)).unwrap();
    fs::write(at.join("munge.key"), [7; 1024]).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o400);
    fs::set_permissions(at.join("munge.key"), private).unwrap();
    let file = |name: &str| at.join(name).display().to_string();
    let _munge = Daemon::start(
        Command::new("munged")
            .args(["--foreground", "--force"])
            .args(
                ["key", "pid", "log", "seed"]
                    .map(|name| format!("--{name}-file={}", file(&format!("munge.{name}")))),
            )
            .arg(format!("--socket={}", file("munge.socket"))),
    );
    let until = Instant::now() + PATIENCE;
    while !at.join("munge.socket").exists() && Instant::now() < until {
        thread::sleep(Duration::from_millis(50));
    }
    let slurm = |program: &str| {
        let mut command = job(program, at);
        command.env("SLURM_CONF", &conf);
        command
    };
    let _controller = Daemon::start(slurm("slurmctld").arg("-D"));
    let _node = Daemon::start(slurm("slurmd").arg("-D"));
    let nodes = wait_for(|| slurm("sinfo"), "idle");
    let log = || fs::read_to_string(at.join("slurmctld.log")).unwrap_or_default();
    assert!(nodes.contains("idle"), "{nodes}{}", log());
    let array = format!("--array=1-{PARTS}");
    let submitted = slurm("timeout")
        .arg(PATIENCE.as_secs().to_string())
        .args(["sbatch", "--wait", &array, "--cpus-per-task=1"])
        .arg(example("slurm-array.sh"))
        .args(ASKED)
        .output()
        .unwrap();
    let logs: String = (1..=PARTS)
        .map(|part| at.join(format!("crashworthy-{part}.log")))
        .map(|path| fs::read_to_string(path).unwrap_or_default())
        .collect();
    assert_eq!(submitted.status.code(), Some(0), "{}{logs}{}", said(&submitted), log());
    assert!(logs.contains("ONE SHARD"), "{logs}");
    is_merged(at);
}

fn kubernetes() {
    let documents = documents("kubernetes-indexed-job.yaml");
    let [shards, merge] = &documents[..] else { panic!("two jobs: {documents:?}") };
    for job in [shards, merge] {
        assert_eq!(job["apiVersion"], "batch/v1");
        assert_eq!(job["kind"], "Job");
        assert_eq!(job["spec"]["template"]["spec"]["restartPolicy"], "Never");
    }
    let spec = &shards["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    assert_eq!(spec["backoffLimitPerIndex"], 0, "what is refuted is not tried again");
    let container = &spec["template"]["spec"]["containers"][0];
    let parts = spec["completions"].as_u64().expect("a number");
    let said = container["env"][0]["value"].as_str().expect("a word");
    assert_eq!(said, parts.to_string(), "as many shards as pods");

    // Its script, run as the last pod would, with a command that only says how it was called.
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("fake.sh");
    fs::write(&text, "#!/bin/sh\necho \"$@\"\n").unwrap();
    install(&text, &folder.path().join("crashworthy"));
    let words = |value: &Value| -> Vec<String> {
        let words = value.as_array().expect("a list").iter();
        words.map(|word| word.as_str().expect("a word").to_owned()).collect()
    };
    let command = words(&container["command"]);
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new(&command[0])
        .args(&command[1..])
        .args(words(&container["args"]))
        .env("PATH", path)
        .env("SHARDS", said)
        .env("JOB_COMPLETION_INDEX", (parts - 1).to_string())
        .output()
        .unwrap();
    let called = String::from_utf8(output.stdout).unwrap();
    assert!(called.contains("--partition hash:4/4 --out /runs/shard-4"), "{called}");
}

/// What actionlint does not know: that the parts are as many as the jobs say they are.
fn workflow() {
    let workflow = &documents("github-actions.yml")[0];
    let shards = workflow["jobs"]["shard"]["strategy"]["matrix"]["shard"].as_array().unwrap();
    assert_eq!(workflow["env"]["SHARDS"].as_u64(), Some(shards.len() as u64));
    let numbers: Vec<u64> = shards.iter().filter_map(Value::as_u64).collect();
    assert_eq!(numbers, (1..=shards.len() as u64).collect::<Vec<_>>());
    assert_eq!(workflow["jobs"]["shard"]["strategy"]["fail-fast"], false);
    assert_eq!(workflow["jobs"]["merge"]["needs"], "shard");
    // Its header says how to make every baseline that its jobs measure by.
    let text = text("github-actions.yml");
    let measured =
        text.split("--baseline ").skip(1).filter_map(|rest| rest.split_whitespace().next());
    let mut baselines = 0;
    for baseline in measured {
        let made = |line: &str| line.contains("baseline update") && line.ends_with(baseline);
        assert!(text.lines().any(|line| line.starts_with('#') && made(line)), "{baseline}");
        baselines += 1;
    }
    assert_eq!(baselines, 2);
}

//! What `crashworthy init` writes, certified out of the box: it runs, what it claims is upheld, and it is not upheld
//! for nothing — the same files with a worse backend are refuted, and with nothing claimed they are no pass.

use std::{fs, path::Path};

use serde_json::Value;

use crate::command::{self, Run};

pub(crate) const TESTS: &[crate::Test] = &[
    ("init::python_is_certified_out_of_the_box", python),
    ("init::node_is_certified_out_of_the_box", node),
];

/// Enough to compare something for everything that a skeleton claims.
const SCENARIOS: &[&str] =
    &["read-your-write", "overwrite-replaces", "missing-is-error", "crash-during-write"];
const CLAIMS: &str = "my_backend.claims.toml";
/// What a skeleton claims.
const CLAIMED: &[&str] = &[
    "read-your-write",
    "overwrite-replaces",
    "missing-is-error",
    "kill-atomic-write",
    "kill-durable-ack",
];

fn python() {
    out_of_the_box(
        "python",
        &["python3", "-B", "my_backend.py"],
        ("temporary.write_bytes(data)", "target.write_bytes(data); temporary.write_bytes(data)"),
        // Each kill takes processes that are slow to start: one language is enough for that.
        "crash-during-write",
    );
}

fn node() {
    out_of_the_box(
        "node",
        &["node", "my_backend.mjs"],
        ("await fs.writeFile(temporary, data)", "await fs.writeFile(temporary, data.subarray(1))"),
        "read-your-write",
    );
}

/// With `bad` in the place of `good` it is refuted, which shows in the scenario `found_out_in`.
fn out_of_the_box(language: &str, subject: &[&str], (good, bad): (&str, &str), found_out_in: &str) {
    let folder = tempfile::tempdir().unwrap();
    let run = command::run(folder.path(), &["init", "--language", language]);
    assert_eq!(run.exit_code, 0, "{}", run.stderr);
    assert!(run.stdout.contains(&format!("-- {}", subject[0])), "{}", run.stdout);

    let run = certify(folder.path(), subject, SCENARIOS);
    assert_eq!(run.exit_code, 0, "{}{}", run.stdout, run.stderr);
    let certificate: Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = certificate["guarantees"].as_array().unwrap();
    let claimed: Vec<_> = rows.iter().filter(|row| row["claimed"] == true).collect();
    assert_eq!(claimed.len(), CLAIMED.len());
    for row in claimed {
        assert_eq!(row["verdict"], "upheld", "{row}");
        assert!(row["trials"].as_u64() > Some(0), "{row}");
    }

    // A backend that writes in place, or stores less than it is given, is found out.
    let backend = folder.path().join(subject.last().unwrap());
    let text = fs::read_to_string(&backend).unwrap();
    assert!(text.contains(good), "the skeleton has changed");
    fs::write(&backend, text.replace(good, bad)).unwrap();
    assert_eq!(certify(folder.path(), subject, &[found_out_in]).exit_code, 1);

    // Whoever claims nothing does not pass.
    let claims = fs::read_to_string(folder.path().join(CLAIMS)).unwrap();
    let nothing = claims.split_inclusive("[claims]\n").next().unwrap();
    fs::write(folder.path().join(CLAIMS), nothing).unwrap();
    fs::write(&backend, text).unwrap();
    assert_eq!(certify(folder.path(), subject, &["read-your-write"]).exit_code, 3);
}

fn certify(folder: &Path, subject: &[&str], scenarios: &[&str]) -> Run {
    let claimed = CLAIMED.join(",");
    let mut words =
        vec!["certify", "--format", "json", "--claims", CLAIMS, "--guarantee", &claimed];
    for scenario in scenarios {
        words.extend(["--scenario", scenario]);
    }
    words.push("--");
    words.extend(subject);
    command::run(folder, &words)
}

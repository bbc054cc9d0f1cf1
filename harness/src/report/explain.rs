//! The page of each guarantee, as `crashworthy explain ID` shows it: the statement, why it matters,
//! how it is tested, how to fix a backend that breaks it, and where it was seen: a public report of that kind, as
//! its repository and number, in our own words.
//!
//! The pages are Markdown files, so that they can be read and linked without the program. They are
//! embedded through a `match`: a guarantee without a page does not compile.

use crashworthy::Guarantee;

/// How a scenario file is written.
pub const SCENARIO_FILES: &str = include_str!("../../../scenarios/README.md");

macro_rules! pages {
    ($($guarantee:ident: $id:literal,)*) => {
        /// The page of `guarantee`, in Markdown; its first line is `# ` and the id.
        pub fn page(guarantee: Guarantee) -> &'static str {
            match guarantee {
                $(Guarantee::$guarantee => {
                    include_str!(concat!("../../guarantees/", $id, ".md"))
                })*
            }
        }
    };
}

pages! {
    ReadYourWrite: "read-your-write",
    OverwriteReplaces: "overwrite-replaces",
    MissingIsError: "missing-is-error",
    WriteCreatesParents: "write-creates-parents",
    ListExact: "list-exact",
    MkdirRecursive: "mkdir-recursive",
    DeleteIdempotent: "delete-idempotent",
    DeleteFilesOnly: "delete-files-only",
    DeterministicLayout: "deterministic-layout",
    PathFidelity: "path-fidelity",
    Confined: "confined",
    KillAtomicWrite: "kill-atomic-write",
    KillDurableAck: "kill-durable-ack",
    KillAtomicDelete: "kill-atomic-delete",
    KillDurableDelete: "kill-durable-delete",
    KillRetryHeals: "kill-retry-heals",
    KillOrphansInvisible: "kill-orphans-invisible",
    KillOrphansReclaimed: "kill-orphans-reclaimed",
    KillRecoveryIdempotent: "kill-recovery-idempotent",
    PowerAtomicWrite: "power-atomic-write",
    PowerDurableAck: "power-durable-ack",
    PowerDurableMkdir: "power-durable-mkdir",
    PowerAtomicDelete: "power-atomic-delete",
    PowerDurableDelete: "power-durable-delete",
    PowerPrefixOrder: "power-prefix-order",
    PowerRetryHeals: "power-retry-heals",
    PowerNeighboursIntact: "power-neighbours-intact",
    NoTornRead: "no-torn-read",
    LastWriteWins: "last-write-wins",
    Linearizable: "linearizable",
    SameContentSafe: "same-content-safe",
    NoSpuriousError: "no-spurious-error",
    CrashIsolated: "crash-isolated",
    ErrorReported: "error-reported",
    ErrorPreservesOld: "error-preserves-old",
    ErrorLeavesNoOrphan: "error-leaves-no-orphan",
    FsyncFailureHonest: "fsync-failure-honest",
    ShortWriteHandled: "short-write-handled",
    InterruptHandled: "interrupt-handled",
    RecoversAfterFault: "recovers-after-fault",
    BitrotDetected: "bitrot-detected",
}

#[cfg(test)]
mod tests {

    use super::*;

    /// One screen: a page is read in a terminal, in the middle of something else.
    const LINES_MAX: usize = 32;
    const COLUMNS_MAX: usize = 100;

    const SECTIONS: [&str; 4] = [
        "## Why it matters",
        "## How it is tested",
        "## How to fix a backend that breaks it",
        "## Seen elsewhere",
    ];
    /// Pages without a public report: none was found that is of exactly this kind.
    const NOT_SEEN: &[Guarantee] = &[
        Guarantee::DeterministicLayout,
        Guarantee::PowerAtomicDelete,
        Guarantee::PowerNeighboursIntact,
    ];

    #[test]
    fn every_page_is_of_its_guarantee_and_complete() {
        for &guarantee in Guarantee::ALL {
            let page = page(guarantee);
            assert!(page.starts_with(&format!("# {guarantee}\n")), "{guarantee}");
            let sections: Vec<_> = page.lines().filter(|line| line.starts_with("## ")).collect();
            let expected = if NOT_SEEN.contains(&guarantee) { &SECTIONS[..3] } else { &SECTIONS };
            assert_eq!(sections, expected, "{guarantee}");
            assert!(page.lines().count() <= LINES_MAX, "{guarantee} has more than one screen");
            let widest = page.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(COLUMNS_MAX), "{guarantee} is wider than a screen: {widest:?}");
        }
    }

    /// A report is named so that it can be found: `owner/repository#number`.
    #[test]
    fn reports_are_named() {
        for &guarantee in Guarantee::ALL {
            let Some((_, seen)) = page(guarantee).split_once(SECTIONS[3]) else { continue };
            let (report, _) =
                seen.trim_start().split_once(": ").expect("a report, then a sentence");
            let (repository, number) = report.split_once('#').expect("a number");
            assert!(repository.split('/').count() == 2, "{guarantee}: {report}");
            assert!(number.parse::<u32>().is_ok(), "{guarantee}: {report}");
        }
    }

    #[test]
    fn one_page_as_it_is_shown() {
        insta::assert_snapshot!(page(Guarantee::KillAtomicWrite));
    }
}

//! The certificate of a run that has not ended: what would be said if nothing came after this.
//!
//! It is never better than the truth. It says `interrupted`; nothing is upheld, since nothing was explored to its
//! end, so that all it can say for sure is what was refuted; and so it is never `certified`.

use std::time::Duration;

use super::{
    Case, Certificate, Counterexample, Docket, Frame, Rating, SubjectIdentity, Totals, Verdict,
    certificate,
};
use crate::report::story;

/// See the module.
#[derive(Debug)]
pub struct SoFar {
    certificate: Certificate,
    cases: Vec<Case>,
}

impl SoFar {
    /// What is known at the beginning. `frame` is interrupted, and says why nothing is measured.
    pub fn new(frame: &Frame) -> Self {
        let mut certificate = certificate(frame, &Docket::default(), Totals::default());
        // The frame's word for it, held here as well: whatever it says, this is no whole run.
        certificate.interrupted = true;
        for row in certificate.guarantees.iter_mut().filter(|row| row.verdict == Verdict::Upheld) {
            row.verdict = Verdict::NotMeasured;
            row.reason = Some("the run has not ended".to_owned());
        }
        if certificate.verdict == Rating::Certified {
            certificate.verdict = Rating::Inconclusive;
        }
        Self { certificate, cases: Vec::new() }
    }

    /// The subject has said who it is.
    pub fn greeted(&mut self, subject: &SubjectIdentity) {
        self.certificate.subject = subject.clone();
    }

    /// One more trial is over.
    pub fn trial(&mut self) {
        self.certificate.totals.trials += 1;
    }

    /// This long after the beginning.
    pub fn after(&mut self, elapsed: Duration) {
        self.certificate.totals.wall_seconds = elapsed.as_secs_f64();
    }

    /// A trial has refuted a guarantee. What this run does not judge is not noted.
    pub fn refuted(&mut self, case: &Case) {
        let guarantees = &mut self.certificate.guarantees;
        let Some(row) = guarantees.iter_mut().find(|row| row.id == case.guarantee) else { return };
        row.verdict = Verdict::Refuted;
        row.reason = None;
        row.trials = row.trials.max(1);
        row.counterexample = Some(Counterexample::path(case.guarantee));
        row.summary = Some(story::summary(case));
        if row.claimed {
            self.certificate.verdict = Rating::Refuted;
        }
        if self.cases.iter().all(|known| known.guarantee != case.guarantee) {
            self.cases.push(case.clone());
        }
    }

    /// What would be said now.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What refuted the guarantees, in the order in which it was found.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }
}

#[cfg(test)]
mod tests {
    use crashworthy::{Guarantee, fs::Profile};

    use super::*;
    use crate::report::fixture;

    fn frame(only: Option<Vec<Guarantee>>) -> Frame {
        Frame {
            subject: SubjectIdentity::default(),
            claims: Some(fixture::claims(Profile::Documented)),
            recovers: false,
            profile: "quick".into(),
            seed: 7,
            interrupted: false,
            unmeasurable: None,
            broken: None,
            only,
            partition: None,
            elsewhere: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn nothing_is_better_than_what_was_seen() {
        let mut so_far = SoFar::new(&frame(None));
        let certificate = so_far.certificate();
        assert!(certificate.interrupted, "whatever the frame says");
        assert_eq!(certificate.verdict, Rating::Inconclusive);
        for row in &certificate.guarantees {
            assert_eq!(row.verdict, Verdict::NotMeasured, "{}", row.id);
            assert!(row.reason.is_some(), "{}", row.id);
        }

        so_far.refuted(&fixture::emptied());
        so_far.trial();
        so_far.after(Duration::from_millis(1500));
        let certificate = so_far.certificate();
        assert_eq!(certificate.verdict, Rating::Refuted);
        assert!(certificate.interrupted);
        let refuted = certificate.guarantees.iter().find(|row| row.verdict == Verdict::Refuted);
        let row = refuted.expect("one is refuted");
        assert_eq!(row.id, Guarantee::KillAtomicWrite);
        assert_eq!((row.trials, &row.reason), (1, &None));
        assert_eq!((certificate.totals.trials, certificate.totals.wall_seconds), (1, 1.5));
        assert_eq!(so_far.cases().len(), 1);
    }

    #[test]
    fn what_is_not_claimed_refutes_nothing_and_what_is_not_judged_is_not_told() {
        let mut frame = frame(None);
        frame.claims = Some(crashworthy::Claims::new().with(Guarantee::ReadYourWrite, "It reads."));
        let mut so_far = SoFar::new(&frame);
        so_far.refuted(&fixture::emptied());
        assert_eq!(so_far.certificate().verdict, Rating::Inconclusive);
        assert_eq!(so_far.cases().len(), 1);

        frame.only = Some(vec![Guarantee::ReadYourWrite]);
        let mut so_far = SoFar::new(&frame);
        so_far.refuted(&fixture::emptied());
        assert_eq!(so_far.cases().len(), 0);
    }
}

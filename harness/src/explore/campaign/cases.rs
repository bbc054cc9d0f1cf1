//! The cases that a certificate tells of, made ready for people when all is judged: reduced until nothing can be left
//! out, and seen once more, moment by moment. No verdict depends on it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crashworthy::{Claims, Guarantee};

use super::{Shared, lock};
use crate::{
    explore::{
        shrink,
        sweep::{Sweep, Workplace},
        trial::Stage,
    },
    judge::{Case, Docket, deciding},
    trace::pin,
};

/// The cases of a certificate: the smallest against every refuted guarantee, of those that are asked for where not
/// all are.
pub fn told(claims: Option<&Claims>, only: Option<&[Guarantee]>, docket: &Docket) -> Vec<Case> {
    docket
        .cases(|guarantee| deciding(claims, guarantee))
        .filter(|case| only.is_none_or(|only| only.contains(&case.guarantee)))
        .cloned()
        .collect()
}

impl Shared<'_> {
    /// Reduces every case that is told. One that cannot be reduced stays as it is.
    pub(super) fn shrink(&self, docket: &mut Docket, processors: &[usize]) {
        let claims = self.campaign.claims.as_ref();
        self.replace_each(docket, processors, &|case, workplace| {
            let is_claimed = claims.is_none_or(|claims| claims.get(case.guarantee).is_some());
            let sweep = Sweep {
                scenario: &case.evidence.scenario,
                seed: self.campaign.seed,
                effort: self.effort,
                first_only: false,
                allotment: None,
                is_over: &|| self.is_over(),
            };
            shrink::shrink(case, is_claimed, &sweep, workplace).ok().flatten()
        });
    }

    /// Sees every case that is told once more, for reports. Where that cannot be done, they say so.
    pub(super) fn reenact(&self, docket: &mut Docket, processors: &[usize]) {
        self.replace_each(docket, processors, &|case, workplace| {
            let mut stage = Stage {
                subject: workplace.subject,
                launcher: &mut workplace.launcher,
                scratch: &mut workplace.scratch,
                scenario: &case.evidence.scenario,
                baseline: Arc::clone(&case.evidence.baseline),
            };
            let sights = stage.reenact(case).ok()?;
            Some(Case { sights, ..case.clone() })
        });
    }

    /// Puts what is made of every case that is told in its place, on as many threads as the campaign has.
    fn replace_each(
        &self,
        docket: &mut Docket,
        processors: &[usize],
        make: &(dyn Fn(&Case, &mut Workplace<'_>) -> Option<Case> + Sync),
    ) {
        let cases = told(self.campaign.claims.as_ref(), self.campaign.only.as_deref(), docket);
        let next = AtomicUsize::new(0);
        let made = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for job in 0..self.campaign.jobs.clamp(1, cases.len().max(1)) {
                let (cases, next, made) = (&cases, &next, &made);
                let processor =
                    (!processors.is_empty()).then(|| processors[job % processors.len()]);
                scope.spawn(move || {
                    if let Some(processor) = processor {
                        pin::pin_to(processor);
                    }
                    let Ok(mut workplace) = self.workplace() else { return };
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                        if self.is_over() {
                            return;
                        }
                        if let Some(case) = make(case, &mut workplace) {
                            lock(made).push(case);
                        }
                    }
                });
            }
        });
        for case in made.into_inner().unwrap_or_else(PoisonError::into_inner) {
            docket.replace(case);
        }
    }
}

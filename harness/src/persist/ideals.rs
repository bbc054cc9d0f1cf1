//! Order ideals: the subsets of a partially ordered set that hold, with each element, all that must come
//! before it. Every ideal is what some legal order has persisted at some moment, and the reverse.
//!
//! All of them, when they are few; else the ideals that lack few elements or hold few, then random ones.
//! Elements are numbered so that each comes after those before it.

use std::iter;

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// A partially ordered set.
#[derive(Clone, Debug, Default)]
pub(super) struct Poset {
    /// For each element, those that must come before it; all have smaller numbers.
    before: Vec<Vec<usize>>,
    /// For each element, those that wait for it.
    after: Vec<Vec<usize>>,
}

impl Poset {
    pub(super) fn new(before: Vec<Vec<usize>>) -> Self {
        let mut after = vec![Vec::new(); before.len()];
        for (element, earlier) in before.iter().enumerate() {
            for earlier in earlier {
                after[*earlier].push(element);
            }
        }
        Self { before, after }
    }

    pub(super) fn len(&self) -> usize {
        self.before.len()
    }

    fn may_join(&self, element: usize, ideal: &[bool]) -> bool {
        self.before[element].iter().all(|before| ideal[*before])
    }

    /// The ideal after this one in descending lexicographic order, in which neighbours share a long
    /// beginning. From the full ideal it leads through all of them to the empty one.
    pub(super) fn next(&self, ideal: &[bool]) -> Option<Vec<bool>> {
        let last = ideal.iter().rposition(|is_in| *is_in)?;
        let mut next = ideal.to_vec();
        next[last] = false;
        for element in last + 1..next.len() {
            next[element] = self.may_join(element, &next);
        }
        Some(next)
    }

    /// Every ideal, the full one first.
    pub(super) fn into_all(self) -> impl Iterator<Item = Vec<bool>> {
        iter::successors(Some(vec![true; self.len()]), move |ideal| self.next(ideal))
    }

    /// How many ideals there are, if not more than `max`.
    pub(super) fn count(&self, max: usize) -> Option<usize> {
        // A chain of n has n + 1 ideals, the fewest; elements that wait for nothing have all their subsets.
        let free = self.before.iter().filter(|before| before.is_empty()).count();
        if self.len() >= max || free >= usize::BITS as usize || 1_usize << free > max {
            return None;
        }
        let mut count = 1;
        let mut ideal = vec![true; self.len()];
        while let Some(next) = self.next(&ideal) {
            (count, ideal) = (count + 1, next);
            if count > max {
                return None;
            }
        }
        Some(count)
    }

    /// Every ideal that lacks at most `distance` elements, fewest first.
    pub(super) fn lacking(&self, distance: usize) -> Vec<Vec<bool>> {
        self.near(distance, true)
    }

    /// Every ideal of at most `distance` elements, fewest first.
    pub(super) fn holding(&self, distance: usize) -> Vec<Vec<bool>> {
        self.near(distance, false)
    }

    /// Grows sets by elements in one direction only, so that each is found once: what is lacking from the
    /// last element down, what is held from the first one up.
    fn near(&self, distance: usize, lacking: bool) -> Vec<Vec<bool>> {
        let mut found = vec![vec![lacking; self.len()]];
        let mut layer: Vec<Vec<usize>> = vec![Vec::new()];
        for _ in 0..distance {
            let mut next = Vec::new();
            for set in &layer {
                let candidates = match (set.last(), lacking) {
                    (None, _) => 0..self.len(),
                    (Some(last), true) => 0..*last,
                    (Some(last), false) => last + 1..self.len(),
                };
                for element in candidates {
                    let needed = if lacking { &self.after[element] } else { &self.before[element] };
                    if needed.iter().all(|needed| set.contains(needed)) {
                        let set: Vec<usize> = set.iter().copied().chain([element]).collect();
                        let mut ideal = vec![lacking; self.len()];
                        for element in &set {
                            ideal[*element] = !lacking;
                        }
                        found.push(ideal);
                        next.push(set);
                    }
                }
            }
            layer = next;
        }
        found
    }

    /// Seeded random ideals: each has its own leaning towards losing or keeping.
    pub(super) fn samples(&self, count: usize, seed: u64) -> Vec<Vec<bool>> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut sample = || {
            let lost = random.random_range(0.0..1.0_f64);
            let mut ideal = vec![false; self.len()];
            for element in 0..self.len() {
                ideal[element] = !random.random_bool(lost) && self.may_join(element, &ideal);
            }
            ideal
        };
        (0..count).map(|_| sample()).collect()
    }
}

//! Medians and how far to trust them, without an assumption about the distribution: times on a machine that does
//! other things, too, are skewed and have outliers.

use serde::{Deserialize, Serialize};

/// The confidence of an interval.
const CONFIDENCE: f64 = 0.95;

/// The median of a sample, and where the true one is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// How many values there were.
    pub n: usize,
    /// The middle value, or half way between the two in the middle.
    pub median: f64,
    /// The lower end of the interval that holds the median of what was sampled, with 95 % confidence. Six values or
    /// more are needed for that; of fewer, it is the smallest.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Estimate {
    /// Of `values`, in any order; `None` without any.
    ///
    /// The interval is that of the sign test: the k-th smallest and the k-th largest value, where a fair coin
    /// thrown n times shows fewer than k heads in at most 2.5 % of all cases.
    /// (Conover, *Practical Nonparametric Statistics*, 3rd edition, section 3.2.)
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let last = n.checked_sub(1)?;
        let median = f64::midpoint(sorted[last / 2], sorted[n / 2]);
        let outside = rank(n).saturating_sub(1);
        Some(Self { n, median, low: sorted[outside], high: sorted[last - outside] })
    }
}

/// The largest k for which fewer than k heads in n throws are improbable enough.
fn rank(n: usize) -> usize {
    let tail_max = (1.0 - CONFIDENCE) / 2.0;
    // Probability of exactly k heads, by recurrence from none; 0.5^n is a number up to n = 1,074.
    let mut probability = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut tail = 0.0;
    for k in 0..n {
        tail += probability;
        if tail > tail_max {
            return k;
        }
        probability *= (n - k) as f64 / (k + 1) as f64;
    }
    // So many values that the first probabilities vanish; the middle is as good as known.
    n / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Estimate {
        Estimate::of(values).expect("there are values")
    }

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(Estimate::of(&[]), None);
        assert_eq!(of(&[3.0, 1.0, 2.0]).median.to_bits(), 2.0_f64.to_bits());
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]).median.to_bits(), 2.5_f64.to_bits());
        assert_eq!(of(&[7.0]), Estimate { n: 1, median: 7.0, low: 7.0, high: 7.0 });
    }

    #[test]
    fn ranks_are_those_of_the_tables_of_the_sign_test() {
        // Of the table A3 (binomial, p = 1/2), two-sided 5 %.
        let expected =
            [(5, 0), (6, 1), (8, 1), (9, 2), (10, 2), (15, 4), (20, 6), (25, 8), (100, 40)];
        for (n, k) in expected {
            assert_eq!(rank(n), k, "n = {n}");
        }
        assert!(rank(2_000) > 900 && rank(2_000) <= 1_000);
    }

    #[test]
    fn an_outlier_moves_neither_the_median_nor_the_interval() {
        let mut values: Vec<f64> = (1..=15).map(f64::from).collect();
        let calm = of(&values);
        values[14] = 1e9;
        assert_eq!(of(&values), calm);
        assert_eq!(calm, Estimate { n: 15, median: 8.0, low: 4.0, high: 12.0 });
    }

    #[test]
    fn few_values_give_the_widest_interval() {
        assert_eq!(of(&[5.0, 1.0, 3.0]), Estimate { n: 3, median: 3.0, low: 1.0, high: 5.0 });
    }
}

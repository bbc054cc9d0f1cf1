//! How many schedules there are, before any is tried.

/// The number of orders of so many steps of each actor: the multinomial coefficient, or `u64::MAX` where it is
/// larger. Actors that wait for each other have fewer.
pub fn estimate(steps: impl IntoIterator<Item = usize>) -> u64 {
    let mut orders: u128 = 1;
    let mut total: u128 = 0;
    for steps in steps {
        for step in 1..=steps as u128 {
            total += 1;
            // Exact at every step: it is the number so far times a binomial coefficient.
            orders = orders * total / step;
            if orders > u128::from(u64::MAX) {
                return u64::MAX;
            }
        }
    }
    orders as u64
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn it_is_the_multinomial_coefficient() {
        for (steps, orders) in [
            (&[][..], 1),
            (&[7], 1),
            (&[0, 3, 0], 1),
            (&[2, 2], 6),
            (&[1, 1, 1, 1], 24),
            (&[10, 10], 184_756),
            (&[4, 4, 4], 34_650),
            (&[33, 33], 7_219_428_434_016_265_740),
        ] {
            assert_eq!(estimate(steps.iter().copied()), orders, "{steps:?}");
        }
    }

    #[test]
    fn too_many_are_as_many_as_fit() {
        assert_eq!(estimate([34, 34]), u64::MAX);
        assert_eq!(estimate([1_000_000; 10]), u64::MAX);
    }
}

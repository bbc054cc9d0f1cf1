//! Times and sizes in the unit that leaves the fewest digits.

/// A time in nanoseconds with three significant digits.
pub(in crate::report) fn duration(nanos: f64) -> String {
    let (value, unit) = match nanos.abs() {
        size if size < 1e3 => (nanos, "ns"),
        size if size < 1e6 => (nanos / 1e3, "µs"),
        size if size < 1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    let decimals = match value.abs() {
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// A size in bytes.
pub(in crate::report) fn size(bytes: usize) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => {
            format!("{} MiB", bytes >> 20)
        }
        bytes if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => {
            format!("{} KiB", bytes >> 10)
        }
        bytes => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_fitting_unit() {
        let shown = [12.0, 999.0, 1_234.0, 45_600.0, 789_000.0, 10_217_829.0, 2.5e9].map(duration);
        assert_eq!(
            shown,
            ["12.0 ns", "999 ns", "1.23 µs", "45.6 µs", "789 µs", "10.2 ms", "2.50 s"]
        );
        assert_eq!(duration(-1_500.0), "-1.50 µs");
    }

    #[test]
    fn sizes_are_whole() {
        assert_eq!(
            [1 << 10, 64 << 10, 1 << 20, 1000].map(size),
            ["1 KiB", "64 KiB", "1 MiB", "1000 B"]
        );
    }
}

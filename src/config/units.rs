//! Sizes and times as people write them: `64KiB`, `10 MB`, `30s`, `500ms`, `2h`.
//!
//! Reading is strict (a number, then at most one unit) and printing is its inverse.

use std::time::Duration;

const SIZES: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

const TIMES_MS: [(&str, u64); 6] =
    [("ms", 1), ("min", 60_000), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a size; a plain number is bytes. Upper and lower case are the same.
pub fn bytes(text: &str) -> Option<u64> {
    with_unit(text, &SIZES, 1)
}

/// Reads a time; a plain number is seconds.
pub fn span(text: &str) -> Option<Duration> {
    with_unit(text, &TIMES_MS, 1_000).map(Duration::from_millis)
}

/// Prints a size with the largest binary unit that loses nothing.
pub fn show_bytes(bytes: u64) -> String {
    let unit = SIZES.iter().take(4).rev().find(|(_, size)| bytes != 0 && bytes.is_multiple_of(*size));
    match unit {
        Some((name, size)) => format!("{}{name}", bytes / size),
        None => bytes.to_string(),
    }
}

/// Prints a time as plain seconds, or in milliseconds if seconds do not fit.
pub fn show_span(span: Duration) -> String {
    if span.subsec_nanos() == 0 { span.as_secs().to_string() } else { format!("{}ms", span.as_millis()) }
}

fn with_unit(text: &str, units: &[(&str, u64)], plain: u64) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim_start();
    let factor = if unit.is_empty() {
        plain
    } else {
        units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, factor)| *factor)?
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_as_people_write_them() {
        assert_eq!(bytes("65536"), Some(65536));
        assert_eq!(bytes("10MiB"), Some(10 << 20));
        assert_eq!(bytes("10 mb"), Some(10_000_000));
        assert_eq!(bytes("2GiB"), Some(2 << 30));
        assert_eq!(span("30"), Some(Duration::from_secs(30)));
        assert_eq!(span("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(span("2h"), Some(Duration::from_secs(7200)));
    }

    #[test]
    fn what_is_not_a_size_or_a_time_is_refused() {
        for text in ["", "MiB", "-1", "1.5MiB", "10 Mi B", "1e3", "99999999999GiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
        for text in ["", "s", "-1s", "1.5s", "10 weeks"] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn printing_is_the_inverse_of_reading() {
        for size in [0, 1, 1023, 1024, 65536, 10 << 20, (10 << 20) + 1, 2 << 30, 1 << 40] {
            assert_eq!(bytes(&show_bytes(size)), Some(size));
        }
        for ms in [0, 1, 999, 1000, 75_000, 86_400_000] {
            let time = Duration::from_millis(ms);
            assert_eq!(span(&show_span(time)), Some(time));
        }
    }
}

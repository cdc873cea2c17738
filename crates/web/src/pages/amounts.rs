//! Amounts for people: bytes, and how long ago something was.

/// `149 MB`, `1.2 GB`, `640 kB`, `12 B`: decimal units, as disks are sold.
pub fn show_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 999.5 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit >= 3 && amount < 99.95);
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// `just now`, `1 minute ago`, `3 hours ago`, `5 days ago`.
pub fn show_ago(seconds: f64) -> String {
    let minutes = (seconds / 60.0).max(0.0) as u64;
    match (minutes, minutes / 60, minutes / 1440) {
        (0, _, _) => "just now".into(),
        (m, 0, _) => format!("{} ago", count(m, "minute")),
        (_, h, 0) => format!("{} ago", count(h, "hour")),
        (_, _, d) => format!("{} ago", count(d, "day")),
    }
}

/// `1 session`, `2 sessions`.
pub fn count(n: u64, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        for (bytes, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (149_000_000, "149 MB"),
            (999_600, "1 MB"),
            (1_250_000_000, "1.2 GB"),
            (64_000_000_000, "64.0 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(show_bytes(bytes), shown);
        }
        for (seconds, shown) in [
            (-5.0, "just now"),
            (59.0, "just now"),
            (61.0, "1 minute ago"),
            (7300.0, "2 hours ago"),
            (432_001.0, "5 days ago"),
        ] {
            assert_eq!(show_ago(seconds), shown);
        }
    }
}

//! Durations and moments for people.

use std::time::Duration;

use jiff::Timestamp;

/// `0s`, `45s`, `12m`, `3h 20m`, `2d 4h`: the two largest units, the smaller one left out where it is zero.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let pair = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large}{large_unit}"),
        small => format!("{large}{large_unit} {small}{small_unit}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => pair(hours, "h", minutes, "m"),
        (days, hours, _) => pair(days, "d", hours, "h"),
    }
}

/// From `earlier` to `later`, zero where they are the wrong way round.
pub fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    later.duration_since(earlier).try_into().unwrap_or(Duration::ZERO)
}

/// `14:05:09Z`.
pub fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// RFC 3339 with whole seconds, for machine output.
pub fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_largest_units() {
        let shown: Vec<String> = [0, 59, 60, 3_599, 3_600, 12_000, 86_400, 190_000]
            .into_iter()
            .map(|seconds| duration(Duration::from_secs(seconds)))
            .collect();
        assert_eq!(shown, ["0s", "59s", "1m", "59m", "1h", "3h 20m", "1d", "2d 4h"]);
    }
}

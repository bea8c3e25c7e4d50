//! Durations as people write them.

use std::time::Duration;

/// Units, largest first, with their seconds.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// Reads `"90s"`, `"15m"`, `"1h30m"`, `"90d"`: whole numbers with units, larger units first.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("“{text}” is no duration; write it as \"90s\", \"15m\", \"1h30m\" or \"90d\"");
    let mut seconds: u64 = 0;
    let mut rest = text.trim();
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.chars().next().ok_or_else(wrong)?;
        // What is left of the iterator are the smaller units: none comes twice or out of order.
        let (_, factor) = units.find(|(known, _)| *known == unit).ok_or_else(wrong)?;
        let part = number.parse::<u64>().ok().and_then(|count| count.checked_mul(*factor));
        seconds = part.and_then(|part| seconds.checked_add(part)).ok_or_else(wrong)?;
        rest = tail.get(unit.len_utf8()..).unwrap_or_default();
    }
    if text.trim().is_empty() {
        return Err(wrong());
    }
    Ok(Duration::from_secs(seconds))
}

/// The shortest text that [`parse`] reads back; parts of a second are dropped.
pub(super) fn write(duration: Duration) -> String {
    let mut left = duration.as_secs();
    if left == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in UNITS {
        if left >= factor {
            text.push_str(&format!("{}{unit}", left / factor));
            left %= factor;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_back() {
        for (text, seconds) in
            [("0s", 0), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("90d", 7_776_000), ("1w1s", 604_801)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
            assert_eq!(parse(&write(Duration::from_secs(seconds))), Ok(Duration::from_secs(seconds)));
        }
        assert_eq!(write(Duration::from_secs(5400)), "1h30m");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            " ",
            "15",
            "m",
            "15 m",
            "1.5h",
            "-1m",
            "15min",
            "1m1h",
            "1m1m",
            "99999999999999999999w",
            "15µ",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

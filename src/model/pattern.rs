//! Patterns as people write them: `*` stands for any text, and case does not matter.

/// Whether the whole text fits.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(place) = rest.find(part) else { return false };
        rest = rest.get(place + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text_and_nothing_else_does() {
        for (pattern, text, fit) in [
            ("azsdk-*", "AzSdk-net/4", true),
            ("*python*", "documentdb-python-sdk/2.3.0", true),
            ("a*c", "abc", true),
            ("a*bc", "abc", true),
            ("ab*bc", "abc", false),
            ("a*b*c", "a-b-b-c", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("abc", "abcd", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
    }
}

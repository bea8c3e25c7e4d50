//! Names as people write them for several at once: `*` stands for any text, nothing included.

/// Whether `text` is as `pattern` says.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The first place leaves most for what follows.
        let Some(place) = rest.find(part) else { return false };
        rest = rest.get(place + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// The same where names have no case, as in Azure.
pub fn matches_any_case(pattern: &str, text: &str) -> bool {
    matches(&pattern.to_lowercase(), &text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, means) in [
            ("a:b", "a:b", true),
            ("a:*", "a:b", true),
            ("*.main", "x:azurerm_cosmosdb_account.main", true),
            ("a*c*e", "abcde", true),
            ("a*c", "abcd", false),
            ("a", "ab", false),
            ("release/2021.7.*", "release/2021.7.3", true),
            ("release/2021.7.*", "release/2021.70", false),
            ("release/*/prod", "release/a/b/prod", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*bc", "abc", true),
            ("ab*bc", "abc", false),
            ("a*b*c", "a-b-b-c", true),
            ("ä*", "äö", true),
            ("A", "a", false),
        ] {
            assert_eq!(matches(pattern, text), means, "{pattern} {text}");
        }
        assert!(matches_any_case("azsdk-*", "AzSdk-net/4"));
    }
}

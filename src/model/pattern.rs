//! Names as people write them for several at once: `*` stands for any text, nothing included.

/// Whether `text` is as `pattern` says.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| matches(tail, &rest[at..]))
        }),
    }
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
            ("ä*", "äö", true),
            ("A", "a", false),
        ] {
            assert_eq!(matches(pattern, text), means, "{pattern} {text}");
        }
        assert!(matches_any_case("Microsoft.DocumentDB/*", "microsoft.documentdb/databaseaccounts"));
    }
}

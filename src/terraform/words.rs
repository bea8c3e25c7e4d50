//! Whole words in bytes, before anything is parsed.
//!
//! May find a word where a parser would see none (in a comment, as part of `a-word`); never misses one.

use memchr::memmem;

/// Whether all words occur.
pub fn holds_all(bytes: &[u8], words: &[String]) -> bool {
    words.iter().all(|word| holds(bytes, word))
}

/// Whether a word occurs that is not part of a longer one.
pub fn holds(bytes: &[u8], word: &str) -> bool {
    memmem::find_iter(bytes, word).any(|start| {
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(start + word.len());
        !before.is_some_and(goes_on) && !after.is_some_and(goes_on)
    })
}

/// Bytes that no name can end before. Others could be part of a name too, but need not be.
fn goes_on(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        for (text, found) in [
            ("local.key", true),
            ("key", true),
            ("x[\"key\"]", true),
            ("a-key-b", true),
            ("keys monkey key_a 1key key", true),
            ("keys monkey key_a 1key", false),
            ("", false),
        ] {
            assert_eq!(holds(text.as_bytes(), "key"), found, "{text}");
        }
        assert!(holds(b"\xFFkey\xFF", "key"));
    }

    #[test]
    fn all_of_them_must_be_there() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(holds_all(b"local.key", &words(&["local", "key"])));
        assert!(!holds_all(b"locals.key", &words(&["local", "key"])));
        assert!(holds_all(b"", &[]));
    }
}

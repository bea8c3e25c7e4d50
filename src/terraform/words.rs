//! Whole words in bytes, before anything is parsed.
//!
//! May find a word where a parser would see none (in a comment, as part of `a-word`); never misses one.

use std::collections::BTreeSet;

use aho_corasick::packed;
use memchr::memmem;

/// As many words as are searched for in one pass.
const WORDS_AT_ONCE: usize = 64;

/// What some bytes are searched for: all words of any of several lists.
///
/// Made for many lists at once: a folder of thousands of files can be asked for hundreds of names.
#[derive(Debug)]
pub struct Sought {
    any_of: Vec<Vec<String>>,
    /// The last word of every list, which tells the lists apart.
    names: Vec<String>,
    searches: Vec<Search>,
}

/// Looks for some of the names, from the one with this number on.
#[derive(Debug)]
enum Search {
    Together(usize, packed::Searcher),
    Alone(usize),
}

impl Sought {
    pub fn new(any_of: Vec<Vec<String>>) -> Sought {
        let names: BTreeSet<&String> = any_of.iter().filter_map(|words| words.last()).collect();
        // What is no plain name can hide another within it, and is looked for by itself.
        let (plain, odd): (Vec<&String>, Vec<&String>) = names.into_iter().partition(|name| is_plain(name));
        let mut searches = Vec::new();
        for (chunk, names) in plain.chunks(WORDS_AT_ONCE).enumerate() {
            let first = chunk * WORDS_AT_ONCE;
            let mut builder = packed::Config::new().match_kind(packed::MatchKind::LeftmostLongest).builder();
            match builder.extend(names.iter().map(|name| name.as_bytes())).build() {
                Some(together) => searches.push(Search::Together(first, together)),
                None => searches.extend((0..names.len()).map(|at| Search::Alone(first + at))),
            }
        }
        searches.extend((0..odd.len()).map(|at| Search::Alone(plain.len() + at)));
        let names = plain.into_iter().chain(odd).cloned().collect();
        Sought { any_of, names, searches }
    }

    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let asks_for_nothing = self.any_of.iter().any(Vec::is_empty);
        asks_for_nothing || {
            let found = self.found(bytes);
            let complete = |words: &Vec<String>| match words.split_last() {
                Some((name, others)) => {
                    found.contains(name.as_str()) && others.iter().all(|word| holds(bytes, word))
                }
                None => true,
            };
            !found.is_empty() && self.any_of.iter().any(complete)
        }
    }

    fn found(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for search in &self.searches {
            match search {
                Search::Together(first, together) => found.extend(
                    together
                        .find_iter(bytes)
                        .filter(|it| is_whole(bytes, it.start(), it.end()))
                        .filter_map(|it| self.names.get(first + it.pattern().as_usize()))
                        .map(String::as_str),
                ),
                Search::Alone(at) => {
                    found.extend(self.names.get(*at).map(String::as_str).filter(|name| holds(bytes, name)));
                }
            }
        }
        found
    }
}

/// Whether a word occurs that is not part of a longer one.
fn holds(bytes: &[u8], word: &str) -> bool {
    memmem::find_iter(bytes, word).any(|start| is_whole(bytes, start, start + word.len()))
}

fn is_whole(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    !before.is_some_and(goes_on) && !bytes.get(end).is_some_and(goes_on)
}

/// Bytes that no name can end before. Others could be part of a name too, but need not be.
fn goes_on(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// Whether a name of Terraform's goes on with this.
pub fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// Whether a text has a value in it, as a word of its own that is no name's.
pub fn has_value(text: &str, value: &str) -> bool {
    !value.is_empty()
        && text.match_indices(value).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + value.len()..].chars().next();
            !before.is_some_and(|c| is_of_name(c) || c == '.') && !after.is_some_and(is_of_name)
        })
}

/// Whether a word is all of such bytes and dashes. Two of them that overlap are parts of one longer name, and then
/// neither is there.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| goes_on(&byte) || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(lists: &[&[&str]]) -> Sought {
        Sought::new(lists.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect())
    }

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
            assert_eq!(sought(&[&["key"]]).is_in(text.as_bytes()), found, "{text}");
        }
        assert!(holds(b"\xFFkey\xFF", "key"));
    }

    #[test]
    fn all_words_of_a_list_must_be_there() {
        let both = sought(&[&["local", "key"], &["var", "other"]]);
        for (text, found) in
            [("local.key", true), ("locals.key", false), ("var.key", false), ("var.a other", true)]
        {
            assert_eq!(both.is_in(text.as_bytes()), found, "{text}");
        }
        assert!(sought(&[&[]]).is_in(b""));
        assert!(!sought(&[]).is_in(b"key"));
    }

    #[test]
    fn no_name_hides_another() {
        let names = ["key", "key_2", "a", "a.key", "ä", "my-key", "2", "y"];
        let all = sought(&names.map(|name| [name]).each_ref().map(|name| name.as_slice()));
        for (text, found) in [
            ("key_2", vec!["key_2"]),
            ("key_2 key", vec!["key", "key_2"]),
            ("a.key", vec!["a", "a.key", "key"]),
            ("key_2x y", vec!["y"]),
            ("my-key", vec!["my-key"]),
            ("ä key", vec!["key", "ä"]),
        ] {
            assert_eq!(all.found(text.as_bytes()), found.into_iter().collect(), "{text}");
        }
    }

    #[test]
    fn hundreds_of_names_are_found_as_one_by_one() {
        let names: Vec<String> = (0..300).map(|number| format!("n{}_{number}", number % 7)).collect();
        let all = Sought::new(names.iter().map(|name| vec![name.clone()]).collect());
        for (at, name) in names.iter().enumerate() {
            let text = format!("x = [local.{name}, other_{name}, {name}x, n{at}]");
            assert_eq!(all.found(text.as_bytes()), BTreeSet::from([name.as_str()]));
        }
    }
}

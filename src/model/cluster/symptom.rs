//! What a person would look up first when pods do not come up: states of containers, and warnings.
//!
//! Texts of the cluster may quote anything, a value of a Secret included: they are kept short, on one line, and runs
//! that could be key material are left out. Nothing is decided by a text.

use jiff::Timestamp;

/// Longer runs of the letters of base64 may be keys. Names and digests of this length are left out with them.
const LONGEST_WORD: usize = 39;

/// Characters of a text that are kept.
const LONGEST_TEXT: usize = 240;

/// What keeps a pod from serving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodTrouble {
    /// Whether it has been tried often enough, or cannot get better by itself.
    pub hopeless: bool,
    /// As “container app: CrashLoopBackOff, restarted 4 times, last exit code 137 (OOMKilled)”.
    pub text: String,
}

/// An event of type Warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// As “Pod catalogservice-deploy-5d8f-x2x4z”.
    pub object: String,
    /// As `FailedMount`.
    pub reason: String,
    pub message: String,
    pub count: u32,
    pub last: Option<Timestamp>,
}

impl PodTrouble {
    pub fn new(hopeless: bool, text: &str) -> PodTrouble {
        PodTrouble { hopeless, text: harmless(text) }
    }
}

impl Warning {
    pub fn new(object: &str, reason: &str, message: &str, count: u32, last: Option<Timestamp>) -> Warning {
        Warning {
            object: harmless(object),
            reason: harmless(reason),
            message: harmless(message),
            count: count.max(1),
            last,
        }
    }
}

/// One line, not long, without anything that could be a key.
pub(super) fn harmless(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut kept = String::new();
    let mut word = String::new();
    for letter in line.chars().chain([' ']) {
        if letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=') {
            word.push(letter);
            continue;
        }
        kept.push_str(if word.len() > LONGEST_WORD { "***" } else { &word });
        word.clear();
        kept.push(letter);
    }
    let kept = kept.trim_end();
    match kept.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", &kept[..end]),
        None => kept.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_key_is_left_out_of_texts() {
        let key = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";
        let trouble = PodTrouble::new(true, &format!("panicked: AccountKey={key};\n  at main"));
        assert_eq!(trouble.text, "panicked: ***; at main");
        let names =
            "catalogservice-deploy-7c9d8b6f5-x2x4z: Back-off pulling image \"afm.azurecr.io/catalog:2026\"";
        assert_eq!(harmless(names), names);
    }

    #[test]
    fn texts_are_one_line_and_not_long() {
        let long = "no room\n".repeat(100);
        let short = harmless(&long);
        assert!(short.chars().count() == LONGEST_TEXT + 1 && short.ends_with('…'), "{short}");
        assert!(!short.contains('\n'));
    }
}

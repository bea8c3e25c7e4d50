//! The last lines of a failed stage's log, fit to be shown.
//!
//! A log may hold secrets that the service's own masking missed. What looks like a key, a token or a password is struck
//! out; a line may lose more than it had to, never less.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::{RunResult, RunState, StageView};

/// How many lines a person needs to see what went wrong.
const LINES: usize = 8;

/// Nobody reads further to the right.
const CHARACTERS: usize = 240;

/// What takes the place of what was struck out.
const STRUCK: &str = "***";

/// From this length on a text of mixed characters is taken for a secret.
const SECRET: usize = 24;

/// Words before a value that is nobody's business.
const TELLING: [&str; 10] =
    ["key", "secret", "password", "passwd", "pwd", "token", "sig", "signature", "bearer", "authorization"];

/// How a token is sent: what comes after is the token.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];

/// The last lines, without colours and times, masked.
pub(super) fn tail(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().rev() {
        let line = plain(line);
        if !line.is_empty() {
            lines.push(masked(&line).chars().take(CHARACTERS).collect());
        }
        if lines.len() == LINES {
            break;
        }
    }
    lines.reverse();
    lines
}

/// Whether what the failed stage printed is known, or there is none.
pub(super) fn is_told(stages: &[StageView]) -> bool {
    let failed = stages.iter().find(|stage| stage.state == RunState::Completed(RunResult::Failed));
    failed.is_none_or(|stage| stage.failure.as_ref().is_some_and(|failure| !failure.lines.is_empty()))
}

/// How often a log that gives nothing is asked for: it may come late, and it may be gone for good, or too long.
const TRIES: u32 = 3;

/// How often the logs of runs that are over were asked for in vain, by run.
pub(super) struct Tries<K>(Mutex<BTreeMap<K, u32>>);

impl<K> Default for Tries<K> {
    fn default() -> Tries<K> {
        Tries(Mutex::default())
    }
}

impl<K: Ord> Tries<K> {
    /// Whether it was asked for often enough.
    pub(super) fn are_up(&self, run: &K) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(run).is_some_and(|tries| *tries >= TRIES)
    }

    pub(super) fn note(&self, run: K) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(run).or_default() += 1;
    }
}

/// Without terminal sequences and without the time that both services put before each line.
fn plain(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else if !character.is_control() || character == '\t' {
            clean.push(character);
        }
    }
    let clean = clean.trim();
    let rest = match clean.split_once(' ') {
        Some((time, rest)) if time.parse::<jiff::Timestamp>().is_ok() => rest,
        _ => clean,
    };
    rest.trim().to_owned()
}

/// Whether what comes next in a line is a secret's value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    No,
    /// A word that tells of one was just there: `AccountKey`, `"password"`.
    Named,
    /// And what gives it: `=`, `:`, `=>`.
    Given,
}

impl Told {
    /// By a character between words.
    fn after(self, first: char) -> Told {
        match (self, first) {
            (Told::No, _) => Told::No,
            (_, ':' | '>') => Told::Given,
            (told, '"' | '\'' | '`' | '\\') => told,
            (told, blank) if blank.is_whitespace() => told,
            // A token may have points in it.
            (Told::Named, '.') => Told::Named,
            _ => Told::No,
        }
    }

    /// By a word, which names a secret or does not, and what stands after it.
    fn by(word: &str, after: &str) -> Told {
        if !tells(word.trim_end_matches('=')) {
            return Told::No;
        }
        if word.ends_with('=') || word.eq_ignore_ascii_case("bearer") {
            return Told::Given;
        }
        // “key vault” and “the key of” tell of no value; “key: x” and “key = x” do.
        let bare = after.starts_with(char::is_whitespace) && !after.trim_start().starts_with(['=', ':']);
        if bare { Told::No } else { Told::Named }
    }
}

/// A line without what looks like a secret.
pub(super) fn masked(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    let (mut told, mut quote) = (Told::No, None);
    while let Some(first) = rest.chars().next() {
        let word_ends = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let is_between = first.is_whitespace() || matches!(first, '"' | '\'' | '`' | '\\' | ':' | '>' | '=');
        if told == Told::Given && !is_between {
            (told, rest) = strike(&mut shown, rest, quote);
            quote = None;
            continue;
        }
        if word_ends == 0 || first == '=' && told != Told::No {
            shown.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            told = if first == '=' { Told::Given } else { told.after(first) };
            quote = Some(first).filter(|first| matches!(first, '"' | '\'' | '`'));
            continue;
        }
        let (word, after) = rest.split_at(word_ends);
        if told == Told::Named && !tells(word) {
            (told, rest) = strike(&mut shown, rest, quote);
            quote = None;
            continue;
        }
        quote = None;
        let mut names = word.match_indices('=').filter_map(|(at, _)| rest.split_at_checked(at + 1));
        if let Some((name, value)) = names.find(|(name, _)| tells(name.trim_end_matches('='))) {
            shown.push_str(name);
            (told, rest) = (Told::Given, value);
            continue;
        }
        shown.push_str(if is_secret(word) { STRUCK } else { word });
        (told, rest) = (Told::by(word, after), after);
    }
    shown
}

/// Strikes a value out, to its closing quote or to the next blank: there may be anything in it. Returns what is told then, and
/// what is left of the line.
fn strike<'a>(shown: &mut String, rest: &'a str, quote: Option<char>) -> (Told, &'a str) {
    let mut before = ' ';
    let ends = rest.find(|c: char| {
        let escaped = std::mem::replace(&mut before, c) == '\\';
        quote.map_or(c.is_whitespace(), |quote| c == quote && !escaped)
    });
    let (mut value, mut after) = rest.split_at(ends.unwrap_or(rest.len()));
    let bare = value.trim_end_matches([';', ',']).len();
    if quote.is_none() && bare > 0 {
        (value, after) = rest.split_at(bare);
    }
    if after.starts_with(' ') && SCHEMES.iter().any(|scheme| value.eq_ignore_ascii_case(scheme)) {
        shown.push_str(value);
        return (Told::Given, after);
    }
    shown.push_str(STRUCK);
    let last = value.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    match (tells(last), value.ends_with([':', '='])) {
        (true, true) => (Told::Given, after),
        (true, false) => (Told::Named, after),
        (false, _) => (Told::No, after),
    }
}

/// What base64, hexadecimal, JWTs and URLs' parts are made of.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '~' | '%')
}

fn tells(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    TELLING.iter().any(|telling| word.ends_with(telling))
}

fn is_secret(word: &str) -> bool {
    if word.len() < SECRET || is_identifier(word) || !word.contains(|c: char| c.is_ascii_alphanumeric()) {
        return false;
    }
    // A path is judged part by part; what ends like base64 is no path.
    let padded = word.ends_with('=') && !word.contains("==/");
    let parts: Vec<&str> = word.split('/').collect();
    padded
        || word.contains('+')
        || parts.iter().any(|part| is_mixed(part))
        || parts.len() == 1 && is_hex(word)
}

/// A part with digits, small and capital letters that is longer than names are.
fn is_mixed(part: &str) -> bool {
    let has = |of: fn(&char) -> bool| part.chars().any(|c| of(&c));
    let letters = has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
    part.len() >= SECRET && !is_identifier(part) && letters && has(char::is_ascii_digit)
}

fn is_hex(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_hexdigit())
}

/// A commit or a GUID: people need these.
fn is_identifier(word: &str) -> bool {
    let guid = word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let hex = word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    hex && (guid || word.len() == 40 && !word.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";

    #[test]
    fn what_looks_like_a_secret_is_struck_out_wherever_it_stands() {
        let jwt = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiI0OTliODRhYyJ9.c2lnbmF0dXJlLXdpdGgtZGlnaXRzLTEyMw";
        for (line, secrets) in [
            (format!("AccountEndpoint=https://x.documents.azure.com:443/;AccountKey={KEY};"), vec![KEY]),
            (format!("value = \"{KEY}\""), vec![KEY]),
            (format!("-> {KEY}"), vec![KEY]),
            (format!("Authorization: Bearer {jwt}"), jwt.split('.').collect()),
            ("password: hunter2".to_owned(), vec!["hunter2"]),
            ("\"clientSecret\": \"abc~DEF\"".to_owned(), vec!["abc~DEF"]),
            ("https://x.blob.core.windows.net/a?sv=2024&sig=abc%2Bdef".to_owned(), vec!["=abc"]),
            ("ghp_16C7e42F292c6912E7710c838347Ae178B4a".to_owned(), vec!["16C7e42F292c"]),
            ("dead0beefdead0beefdead0beefdead0".to_owned(), vec!["dead0beef"]),
            ("12:   administrator_login_password = \"hunter2-Prod\"".to_owned(), vec!["hunter2"]),
            ("export DB_PASSWORD = hunter2".to_owned(), vec!["hunter2"]),
            ("export DB_PASSWORD =hunter2".to_owned(), vec!["hunter2"]),
            ("\"password\" : \"hunter2\"".to_owned(), vec!["hunter2"]),
            ("password : hunter2".to_owned(), vec!["hunter2"]),
            ("password => 'hunter2'".to_owned(), vec!["hunter2"]),
            ("sig\t= abc".to_owned(), vec!["abc"]),
            ("password=P@ss!word".to_owned(), vec!["P@", "@ss", "!word"]),
            ("password=\"a b, c\" more".to_owned(), vec!["a b", "c"]),
            ("password = \"@bc\\\"d\"".to_owned(), vec!["bc", "d\""]),
            ("{\\\"password\\\": \\\"hunter2\\\"}".to_owned(), vec!["hunter2"]),
            ("password: mysecret".to_owned(), vec!["mysecret"]),
            ("in the secret: password: hunter2".to_owned(), vec!["hunter2"]),
            ("Authorization: Basic dTpw".to_owned(), vec!["dTpw"]),
            ("a=b&password=hunter2".to_owned(), vec!["hunter2"]),
        ] {
            let shown = masked(&line);
            for secret in secrets {
                assert!(!shown.contains(secret), "{shown}");
            }
            assert!(shown.contains(STRUCK), "{shown}");
        }
    }

    #[test]
    fn what_people_need_stays() {
        for line in [
            "Error: creating Secret \"CosmosDb-ApiKey\" (Key Vault \"https://afmcprd1-neu-kv.vault.azure.net/\"): 403 Forbidden",
            "HEAD is now at 5f0c2e9a3b1d4f6e8a7c9b0d1e2f3a4b5c6d7e8f promote the flip",
            "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/afmc-prd-rg/providers/Microsoft.KeyVault/vaults/x",
            "##[error]Bash exited with code '1'.",
            "the key vault is soft deleted",
            "count = 2, name = \"x\", the key of it",
        ] {
            assert_eq!(masked(line), line);
        }
    }

    #[test]
    fn the_tail_is_short_and_without_times_colours_and_empty_lines() {
        let mut text: String = (0..40).map(|n| format!("2026-11-27T10:00:00.1234567Z line {n}\n")).collect();
        text.push_str("2026-11-27T10:00:01Z \u{1b}[31mError\u{1b}[0m: no\n\n");
        let lines = tail(&text);
        assert_eq!(lines.len(), LINES);
        assert_eq!((lines[0].as_str(), lines[7].as_str()), ("line 33", "Error: no"));
        assert_eq!(tail(""), Vec::<String>::new());
    }
}

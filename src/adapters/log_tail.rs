//! The last lines of a failed stage's log, fit to be shown.
//!
//! A log may hold secrets that the service's own masking missed. What looks like a key, a token or a password is struck
//! out; a line may lose more than it had to, never less.

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

/// A line without what looks like a secret.
pub(super) fn masked(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    let mut told = false;
    while let Some(first) = rest.chars().next() {
        let word_ends = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        if word_ends == 0 {
            shown.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            // A line may name what comes after it: `AccountKey=…`, `"password": "…"`, `Bearer …`.
            // A token may have points in it.
            told = told && matches!(first, ':' | ' ' | '"' | '\'' | '`' | '>' | '.');
            continue;
        }
        let (word, after) = rest.split_at(word_ends);
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if told && !tells(word) {
            shown.push_str(STRUCK);
        } else if !value.is_empty() && tells(name) {
            shown.push_str(name);
            shown.push('=');
            shown.push_str(STRUCK);
        } else if is_secret(word) {
            shown.push_str(STRUCK);
        } else {
            shown.push_str(word);
        }
        told = tells(word.trim_end_matches('='));
        // “key vault” and “the key of” tell of no value; “key: x”, “key=x” and “Bearer x” do.
        let bare = after.starts_with(' ') && !word.ends_with('=') && !word.eq_ignore_ascii_case("bearer");
        told = told && !bare;
        rest = after;
    }
    shown
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

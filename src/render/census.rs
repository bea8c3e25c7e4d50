//! `keyslot census` for people: who used which key, who has moved, and what nobody can know.

use super::{matrix::columns, span};
use crate::rotation::{Census, User};

/// The table and the judgement. `blind` names what was not asked.
pub fn census(census: &Census, blind: &[&str]) -> String {
    let mut text = table(census);
    for user in census.strangers() {
        text.push_str(&format!("{} uses a key and belongs to no known stamp\n", user.caller));
    }
    for unknown in census.unknowns() {
        text.push_str(&format!("not known: {unknown}\n"));
    }
    for blind in blind {
        text.push_str(&format!("not asked: {blind}\n"));
    }
    let until = census.newest.map_or_else(|| "never".to_owned(), span::time);
    text.push_str(&format!("since {}; the newest row is of {until}\n", span::time(census.since)));
    text
}

fn table(census: &Census) -> String {
    let all: Vec<&User> = census.users.iter().chain(&census.unnamed).collect();
    if all.is_empty() {
        return "nobody used a key, as far as the logs tell\n".to_owned();
    }
    let head = ["KEY", "STAMP", "REQUESTS", "LAST", "", "WHO"].map(str::to_owned);
    let line = |user: &&User| {
        [
            user.kind.map_or_else(|| "not named".to_owned(), |kind| kind.to_string()),
            user.stamp.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            user.count.to_string(),
            span::time(user.last),
            user.kind.map_or("unknown", |_| user.attachment.as_str()).to_owned(),
            user.caller.to_string(),
        ]
    };
    let lines: Vec<[String; 6]> = std::iter::once(head).chain(all.iter().map(line)).collect();
    columns(&lines)
}

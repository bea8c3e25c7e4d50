//! Notes on the consumers, in words.

use std::collections::BTreeMap;

use super::span;
use crate::model::StampName;
use crate::rotation::Note;

/// One line each, under a heading; empty where there is nothing to note.
pub fn notes(notes: &BTreeMap<Note, Vec<StampName>>) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let lines = notes.iter().map(|(note, stamps)| format!("  {} ({})\n", words(note), named(stamps)));
    format!("worth knowing:\n{}", lines.collect::<String>())
}

/// One note as a sentence without a full stop.
pub fn words(note: &Note) -> String {
    match note {
        Note::NotConsuming(workload) => {
            format!("{workload} is named in keyslot.toml and does not get the secret: it is never restarted")
        }
        Note::CronJobMounts(job) => format!("the CronJob {job} gets the secret, afresh with each run"),
        Note::CronJobReads(job, secrets) => format!(
            "the CronJob {job} gets the secret, with each run what the Kubernetes Secret {} holds",
            secrets.join(", ")
        ),
        Note::CronJobSuspended(job) => format!("the CronJob {job} gets the secret, and is suspended"),
        Note::SecretExpires(at) => {
            format!(
                "the secret's current version expires at {}, by what stands beside it",
                span::rfc3339(*at)
            )
        }
        Note::Managed(workload, manager) => format!(
            "{workload} is managed by {manager}, which may take the mark of a restart away and so roll it once more"
        ),
    }
}

fn named(stamps: &[StampName]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = stamps.iter().take(SHOWN).map(StampName::as_str).collect();
    match stamps.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

//! Notes on the consumers and on runs beside the rotation, in words.

use std::collections::BTreeMap;

use super::concern::on_mark;
use super::span;
use crate::model::{ClassFate, LostClass, StampName};
use crate::rotation::{Ahead, Note, RunBeside};

/// One line each, under a heading; empty where there is nothing to note.
pub fn notes(notes: &BTreeMap<Note, Vec<StampName>>) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let lines = notes.iter().map(|(note, stamps)| match stamps.as_slice() {
        [] => format!("  {}\n", words(note)),
        stamps => format!("  {} ({})\n", words(note), named(stamps)),
    });
    format!("worth knowing:\n{}", lines.collect::<String>())
}

/// One note as a sentence without a full stop.
pub fn words(note: &Note) -> String {
    match note {
        Note::NotConsuming(workload) => {
            format!(
                "{workload} is named in keyslot.toml, and its template does not get the secret: it is restarted only where its \
                 pods show that they got it, or where it is accepted by name"
            )
        }
        Note::CronJobMounts(job) => format!("the CronJob {job} gets the secret, afresh with each run"),
        Note::CronJobReads(job, secrets) => format!(
            "the CronJob {job} gets the secret, with each run what the Kubernetes Secret {} holds",
            secrets.join(", ")
        ),
        Note::CronJobSuspended(job) => format!("the CronJob {job} gets the secret, and is suspended"),
        Note::CronJobLeft(job, LostClass { name, fate: ClassFate::Unfilled }) => format!(
            "the CronJob {job} is suspended, and reads the Kubernetes Secret {name}, which nobody fills any more: whoever \
             resumes it starts with the key that stands there"
        ),
        Note::CronJobLeft(job, LostClass { name, .. }) => format!(
            "the CronJob {job} is suspended, and reads a Kubernetes Secret that the SecretProviderClass {name} filled before it \
             was changed: whoever resumes it starts with the key that stands there"
        ),
        Note::SecretExpires(at) => {
            format!(
                "the secret's current version expires at {}, by what stands beside it",
                span::rfc3339(*at)
            )
        }
        Note::SecretNotYetValid(at) => {
            format!(
                "the secret's current version is not valid before {}, by what stands beside it: Key Vault hands it out all the \
                 same, others may not take it",
                span::rfc3339(*at)
            )
        }
        Note::ClusterStopped => format!("its cluster is stopped, and {}", super::reason::STOPPED),
        Note::StampClosed => {
            "closed, and asked for nothing: Azure knows neither its cluster nor its vault".to_owned()
        }
        Note::RunBeside(run) => run_beside(run),
        Note::DeploymentsUnseen(why) => {
            format!("whether something else deploys to the environment is not to be seen: {why}")
        }
        Note::MetricsUnseen(why) => {
            format!(
                "whether Cosmos DB refuses requests of a restarted stamp, its metrics do not tell, for they cannot be read: {why}"
            )
        }
        Note::JournalUnread(why) => format!(
            "since when Kubernetes Secrets hold their key, their dates alone tell, and every restart moves them: the journal \
             cannot be read: {why}"
        ),
        Note::Managed(workload, manager) => {
            format!("{workload} is managed by {manager}; it {}", on_mark(manager))
        }
    }
}

fn run_beside(beside: &RunBeside) -> String {
    let RunBeside { ahead, run, branch, commit, url, stages, who } = beside;
    let run = format!("run {run} of {branch} at {}", commit.short());
    let (who, stages) = (who.join(" or "), stages.join(", "));
    let who = if who.is_empty() { who } else { format!(" by {who}") };
    match ahead {
        Ahead::Runs => format!("{run} is under way and may put the old slot back into the vaults: {url}"),
        Ahead::Waits => format!(
            "{run} waits for approval of {stages}{who} and may put the old slot back into the vaults, also by a plan that it \
             has saved: do not approve it before the new key is confirmed ({url})"
        ),
        Ahead::Again => format!(
            "{run} ended before {stages} was through; tried again, it may put the old slot back into the vaults, also by a \
             plan that it has saved: do not have it tried again before the new key is confirmed ({url})"
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

//! Asking a person at a terminal: when an approval is all that is missing, what it rests on is shown, and typing the
//! account's name gives it. The approval is bound to just that evidence.

use std::io::{self, BufRead as _, Write as _};

use async_trait::async_trait;

use super::beside::not_recorded;
use super::{CliError, Terminal};
use crate::drive::{Driver, TurnEnd};
use crate::model::Slot;
use crate::render;
use crate::rotation::{Gate, Reason, Subject, Why, are_two_people, is_nobody};

/// Somebody who can be asked.
#[async_trait]
pub trait Answers: Send + Sync {
    /// What was typed; `None` where nobody answers.
    async fn answer(&self, question: &str) -> Option<String>;
}

/// Whoever sits before the terminal.
pub struct Typed;

#[async_trait]
impl Answers for Typed {
    /// On a thread of its own that nobody waits for: a stop must not wait for a line.
    async fn answer(&self, question: &str) -> Option<String> {
        let mut err = io::stderr();
        let _ = write!(err, "{question} ").and_then(|()| err.flush());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line).ok().filter(|count| *count > 0);
            let _ = sender.send(read.map(|_| line));
        });
        receiver.await.ok().flatten()
    }
}

/// Runs to the end, and asks on the way where only an approval is missing and somebody is there.
///
/// # Errors
/// As [`Driver::run`].
pub async fn run(
    driver: &mut Driver,
    by: &str,
    answers: Option<&dyn Answers>,
    terminal: &mut Terminal,
) -> Result<TurnEnd, CliError> {
    loop {
        let end = driver.run().await?;
        let (Some(answers), Some((digest, key))) = (answers, missing(&end)) else { return Ok(end) };
        let Some(opened) = driver.fold().rotation().cloned() else { return Ok(end) };
        driver.over(&end);
        if driver.policy().approver_differs && !are_two_people(by, &opened.by) {
            terminal.say(&match is_nobody(by) || is_nobody(&opened.by) {
                true => "policy wants another person than who began this rotation to approve it, and who that is or who you \
                         are is not known: see KEYSLOT_ACTOR in `keyslot rotate --help`"
                    .to_owned(),
                false => format!("{by} began this rotation, and policy wants another person to approve it"),
            });
            return Ok(end);
        }
        let slot = key.unwrap_or(opened.from);
        let report = driver.report_as_seen();
        terminal.say(render::approval::evidence(&report, driver.policy(), &digest, slot).trim_end());
        let account = opened.account.name.as_str();
        let question = format!("To regenerate the {slot} key, type the account's name ({account}):");
        if !agrees(answers, &question, account, terminal).await {
            terminal.say("nothing is approved");
            return Ok(end);
        }
        driver.approve_key(by, Some(digest), key).await.map_err(|error| not_recorded(error.into()))?;
    }
}

/// How often the name may be mistyped, all told.
const TRIES: usize = 3;

/// Whether the account's name was typed. An empty line is a no.
async fn agrees(answers: &dyn Answers, question: &str, account: &str, terminal: &mut Terminal) -> bool {
    for left in (0..TRIES).rev() {
        match answers.answer(question).await.as_deref().map(str::trim) {
            Some(typed) if typed == account => return true,
            Some("") | None => return false,
            Some(_) if left > 0 => terminal.say("that is not the account's name; an empty line ends this"),
            Some(_) => terminal.say("that is not the account's name"),
        }
    }
    false
}

/// The evidence that an approval would be for, where nothing else is missing, and the slot where it is not the one that is
/// retired: then its key's age is told beside it.
fn missing(end: &TurnEnd) -> Option<(String, Option<Slot>)> {
    let TurnEnd::Halted { reasons, .. } = end else { return None };
    let mut others = reasons.iter().filter(|reason| !matches!(reason.why, Why::TargetTooOld { .. }));
    let (Some(Reason { gate: Gate::Approved, why, subject }), None) = (others.next(), others.next()) else {
        return None;
    };
    let key = match subject {
        Subject::Key(slot) => Some(*slot),
        _ => None,
    };
    match why {
        Why::NotApproved { digest } | Why::ApprovedOtherEvidence { digest } => Some((digest.clone(), key)),
        _ => None,
    }
}

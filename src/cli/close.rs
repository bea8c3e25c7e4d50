//! `keyslot close`: a person ends the open rotation, with a reason for the record.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::target::Target;
use super::{CliError, ErrorKind, Exit, Terminal, wiring};
use crate::drive::Silent;
use crate::model::{BranchName, PullEnds, PullState, PullView, Seen};
use crate::render::span;
use crate::rotation::{Left, left_open, unconfirmed};

type Pulls = BTreeMap<PullEnds, Seen<Option<PullView>>>;

/// Close the open rotation without finishing it.
///
/// Nothing in the world is changed by it: a deployed slot stays deployed, and a regeneration that was sent goes on. Its pull
/// requests are looked at first: one that is open could still be merged, when nobody is there for what follows.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 closed; 2 no rotation is open; 3 somebody else is at work; 4 a regeneration was sent and is not confirmed, or a pull request can still be merged; 5 the journal or the forge cannot be reached."
)]
pub struct Close {
    #[command(flatten)]
    pub target: Target,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT", value_parser = super::words::reason)]
    pub because: String,
    /// Close it although a regeneration was sent and nobody has seen the new key accepted yet.
    #[arg(long)]
    pub unconfirmed: bool,
    /// Close it although a pull request of it can still be merged, or cannot be looked at.
    #[arg(long)]
    pub leave_open: bool,
}

impl Close {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        super::block_on(async {
            let mut driver =
                wiring::driver(&chosen, None, &wiring::process_variables, Arc::new(Silent)).await?;
            let sent = unconfirmed(driver.fold());
            if let Some((kind, at)) = sent.filter(|_| !self.unconfirmed) {
                let what = "a regeneration was sent, and the new key is not confirmed";
                let error = CliError::new(ErrorKind::Halted, what)
                    .at(format!("the {kind} key, sent at {}", span::rfc3339(at)))
                    .because("Azure goes on with it, whatever is recorded here; then nobody watches it");
                return Err(error
                    .hint("`keyslot regenerate` follows it to its end")
                    .hint("or close it all the same: --unconfirmed"));
            }
            let pulls = driver.look_at_pulls().await;
            if let Some(error) = refusal(&pulls).filter(|_| !self.leave_open) {
                return Err(error);
            }
            let left = left_open(driver.fold());
            driver.close(&self.because).await?;
            terminal.say("closed");
            for one in left.iter().filter_map(|one| words(one, &pulls)).chain(asked_for(&left, &pulls)) {
                terminal.say(&format!("  left as it is: {one}"));
            }
            if let Some((kind, at)) = sent {
                terminal.warn(&format!(
                    "the regeneration of the {kind} key, sent at {}, goes on in Azure: start no other one, and see \
                     yourself that the new key is accepted",
                    span::rfc3339(at)
                ));
            }
            Ok(Exit::Done)
        })?
    }
}

/// Why it is not closed over its pull requests.
fn refusal(pulls: &Pulls) -> Option<CliError> {
    let open: Vec<&PullView> = pulls.values().filter_map(still_open).collect();
    let leave = "or close the rotation all the same: --leave-open";
    if let Some(first) = open.first() {
        let all: Vec<String> = open.iter().map(|pull| place(pull)).collect();
        let error = CliError::new(ErrorKind::Halted, "a pull request of this rotation can still be merged");
        let error = error.at(all.join(", ")).because(
            "merged after this, its change goes where the base branch is deployed, and nobody restarts what reads the \
             key or looks whether all of them agree",
        );
        let error = match first.auto_merge {
            true => error.because("the forge has been asked to merge it by itself, and goes on with that"),
            false => error,
        };
        return Some(error.hint("close it there, then `keyslot close` again").hint(leave));
    }
    let (ends, blind) = pulls.iter().find_map(|(ends, seen)| Some((ends, seen.what.as_ref().err()?)))?;
    let error = CliError::world("cannot see whether a pull request of this rotation can still be merged")
        .at(format!("from {} to {}", ends.head, ends.base))
        .because(blind.why.clone());
    Some(error.hint("`keyslot close` again when it can be looked at").hint(leave))
}

fn still_open(seen: &Seen<Option<PullView>>) -> Option<&PullView> {
    seen.get()?.as_ref().filter(|pull| pull.state == PullState::Open)
}

fn place(pull: &PullView) -> String {
    format!("pull request {} from {} to {} ({})", pull.number, pull.head_branch, pull.base, pull.url)
}

/// Those whose opening was asked for, and of which no answer came, or which other hands have opened.
fn asked_for(left: &[Left], pulls: &Pulls) -> Vec<String> {
    let known = |pull: &PullView| {
        left.iter().any(|one| matches!(one, Left::Pull { number, .. } if *number == pull.number))
    };
    let open = pulls.values().filter_map(still_open).filter(|pull| !known(pull));
    open.map(|pull| format!("{}: it can still be merged", place(pull))).collect()
}

/// What stays, as far as the journal and the forge tell, in words.
fn words(left: &Left, pulls: &Pulls) -> Option<String> {
    let seen_of = |branch: &BranchName| {
        let of = |(ends, seen): (&PullEnds, _)| (ends.head == *branch).then_some(seen);
        pulls.iter().find_map(of).and_then(|seen: &Seen<Option<PullView>>| seen.get())
    };
    Some(match left {
        Left::Branch(branch) => match seen_of(branch) {
            // It is told by itself.
            Some(Some(pull)) if pull.state == PullState::Open => return None,
            _ => format!("branch {branch}, of which no pull request was opened"),
        },
        Left::Pull { number, branch } => {
            let which = format!("pull request {number} from {branch}");
            let state = seen_of(branch).and_then(Option::as_ref).filter(|pull| pull.number == *number);
            match state.map(|pull| &pull.state) {
                Some(PullState::Closed) => return None,
                Some(PullState::Merged { commit }) => {
                    format!(
                        "{which}: it was merged as {}, and what it changes is deployed some day",
                        commit.short()
                    )
                }
                Some(PullState::Open) => format!("{which}: it can still be merged"),
                None => format!("{which}: close it, unless it is closed, or it can still be merged"),
            }
        }
        Left::Run { run, branch } => format!("run {run} of the pipeline on {branch}, unless it has ended"),
    })
}

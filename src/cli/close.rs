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
    if !open.is_empty() {
        let all: Vec<String> = open.iter().map(|pull| place(pull)).collect();
        let error = CliError::new(ErrorKind::Halted, "a pull request of this rotation can still be merged");
        let error = error.at(all.join(", ")).because(
            "merged after this, its change goes where the base branch is deployed, and nobody restarts what reads the \
             key or looks whether all of them agree",
        );
        let error = match open.iter().any(|pull| pull.auto_merge) {
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
    let others = pulls.values().filter_map(|seen| seen.get()?.as_ref()).filter(|pull| !known(pull));
    let told = |pull: &PullView| stays(&place(pull), &pull.state);
    others.filter_map(told).collect()
}

/// What is to be known of a pull request that stays as it is; nothing of one that is closed.
fn stays(which: &str, state: &PullState) -> Option<String> {
    match state {
        PullState::Open => Some(format!("{which}: it can still be merged")),
        PullState::Merged { commit } => Some(format!(
            "{which}: it was merged as {}, and what it changes is deployed some day",
            commit.short()
        )),
        PullState::Closed => None,
    }
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
            Some(Some(pull)) if pull.state != PullState::Closed => return None,
            Some(Some(pull)) => format!("branch {branch}, whose pull request {} is closed", pull.number),
            _ => format!("branch {branch}, of which no pull request was opened"),
        },
        Left::Pull { number, branch } => {
            let which = format!("pull request {number} from {branch}");
            let state = seen_of(branch).and_then(Option::as_ref).filter(|pull| pull.number == *number);
            match state {
                Some(pull) => return stays(&which, &pull.state),
                None => format!("{which}: close it, unless it is closed, or it can still be merged"),
            }
        }
        Left::Run { run, branch } => format!("run {run} of the pipeline on {branch}, unless it has ended"),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{CommitId, PullNumber};

    fn seen(
        branch: &str,
        number: u64,
        state: PullState,
        auto_merge: bool,
    ) -> (PullEnds, Seen<Option<PullView>>) {
        let ends = PullEnds { head: BranchName::new(branch), base: BranchName::new("main") };
        let pull = PullView {
            number: PullNumber(number),
            url: format!("https://forge/pull/{number}"),
            author: "ada".into(),
            head_branch: ends.head.clone(),
            head: CommitId::new("c0ffee"),
            base: ends.base.clone(),
            state,
            approvals: Vec::new(),
            reviews_wanted: 0,
            unread: Vec::new(),
            auto_merge,
            checks: Vec::new(),
            waits: Vec::new(),
        };
        (ends, Seen { at: Timestamp::UNIX_EPOCH, what: Ok(Some(pull)) })
    }

    #[test]
    fn what_became_of_a_pull_request_that_other_hands_opened_is_told_once() {
        let merged = PullState::Merged { commit: CommitId::new("decade") };
        for (state, word) in [
            (PullState::Open, "it can still be merged"),
            (merged, "it was merged as decade"),
            (PullState::Closed, "branch fix/x, whose pull request #7 is closed"),
        ] {
            let pulls: Pulls = [seen("fix/x", 7, state, false)].into();
            let left = [Left::Branch(BranchName::new("fix/x"))];
            let told = left.iter().filter_map(|one| words(one, &pulls)).chain(asked_for(&left, &pulls));
            let told: Vec<String> = told.collect();
            assert!(told.len() == 1 && told[0].contains(word), "{told:?}");
        }
    }

    #[test]
    fn that_the_forge_merges_one_of_several_by_itself_is_said() {
        let pulls: Pulls =
            [seen("fix/a", 1, PullState::Open, false), seen("fix/b", 2, PullState::Open, true)].into();
        let error = format!("{:?}", refusal(&pulls).unwrap());
        assert!(error.contains("merge it by itself"), "{error}");
    }
}

//! Who merges: people, the forge, keyslot; and that what was merged is what somebody approved.

mod approved;
mod ours;
mod rotations;
mod wish;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::model::{
    BranchName, CommitId, Merging, Promotion, PullApproval, PullCheck, PullDress, PullNumber, PullState,
    PullWait, Respite, Slot, SlotUse,
};
use keyslot::rotation::{
    Acceptance, Decision, Event, Gate, Intent, Leg, Outcome, Produced, Reach, Reason, Step, Subject, Verdict,
    Why,
};
use keyslot::sim::config::RulesConfig;
use keyslot::sim::memory::{CrashMoment, Crashes};
use keyslot::sim::{Command, Fault, Mark, Operation, Target, Trouble, When, WorldConfig};

use crate::backstage::Deed;
use crate::echo::{self, Heard};
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::stage::{Stage, branch, brings, holding, proposal, proposal_branch, steps};

const BY: &str = "keyslot-bot";

/// An open pull request that nothing holds, on a head that is right.
fn open() -> Stage {
    let mut stage = Stage::ready();
    stage.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    let view = stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
    let head = view.head.clone();
    // By the journal alone, where that says so.
    view.is_flip = false;
    view.brings.insert("main".into(), brings("0", false));
    let pull = stage.pull_mut();
    pull.state = PullState::Open;
    pull.waits = vec![PullWait::Mergeable];
    pull.head = head.clone();
    pull.approvals = vec![PullApproval { by: "ada".to_owned(), head, same_change: true }];
    stage
}

/// As if keyslot had pushed this commit.
fn pushed(stage: &mut Stage, commit: &CommitId) {
    let step = Step::PushProposal {
        leg: Leg::Out,
        branch: proposal_branch(),
        parent: CommitId::new("0"),
        to: Slot::Secondary,
    };
    let key = step.key();
    let (generation_before, evidence, commit_made) = (None, String::new(), Some(commit.clone()));
    let secrets = Vec::new();
    let intent = Intent { key, attempt: 1, step, generation_before, evidence, commit: commit_made, secrets };
    let outcome = Outcome::Applied { produced: Produced::Commit(commit.clone()) };
    stage.recorded(stage.now, intent, Some((stage.now, outcome)));
}

fn whys(decision: &Decision) -> Vec<&Why> {
    match &decision.verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.iter().map(|reason| &reason.why).collect()
        }
        Verdict::Act { held, .. } => held.iter().map(|reason| &reason.why).collect(),
        other => panic!("{other:?}"),
    }
}

fn merges(stage: &Stage) -> bool {
    steps(&stage.decide()).iter().any(|step| matches!(step, Step::MergePull { .. }))
}

//! What the journal records: the events of a rotation, in the order in which they were decided and done.
//!
//! An intent stands before every effect and an outcome after it. Nothing here holds a key: fingerprints only.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Gate, Leg, Phase, Step};
use crate::model::{
    Access, AccountId, BranchName, CommitId, EnvironmentName, Fingerprint, FlipBack, KeyKind, Operation,
    PullNumber, Respite, RotationId, Route, RunId, Salt, Slot, StampName, StepKey, WorkloadName,
};

/// The start of a rotation: what it retires, and under which salt fingerprints are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub rotation: RotationId,
    pub environment: EnvironmentName,
    pub account: AccountId,
    pub from: Slot,
    pub access: Access,
    /// Of the key that is to be retired; a later one in the same slot means that it is gone.
    pub retired_generation: Option<Timestamp>,
    pub retired_fingerprint: Option<Fingerprint>,
    pub salt: Salt,
    pub route: Route,
    pub flip_back: FlipBack,
    pub by: String,
    #[serde(default)]
    pub pair: Pair,
    /// Counts from 1: one more where people have turned down what an earlier opening of the same rotation proposed. Its
    /// branches have names of their own.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub round: u32,
    /// Counts from 1: one more each time that this rotation is begun anew after it was closed.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub opening: u32,
    /// The stamps that were configured then: none of them is forgotten because the configuration changes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub stamps: BTreeSet<StampName>,
}

fn first() -> u32 {
    1
}

fn is_first(count: &u32) -> bool {
    *count == first()
}

/// Whether a rotation is one of two, by which the keys in both slots go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Pair {
    #[default]
    Alone,
    /// The other slot's key goes next, when this one is gone and the new one is accepted everywhere.
    First,
    Second,
}

impl Opened {
    /// What an approval names: the rotation's id, and from its second opening on the count of those. Who approved what was
    /// closed has not approved what is begun after it.
    pub fn approval_name(&self) -> String {
        match is_first(&self.opening) {
            true => self.rotation.to_string(),
            false => format!("{}.{}", self.rotation, self.opening),
        }
    }

    /// By what its requests are named: those of an earlier opening are not its own.
    pub fn request_name(&self) -> RotationId {
        RotationId::new(self.approval_name())
    }

    /// The proposal's branch: named by content, never by the clock.
    pub fn proposal_branch(&self, leg: Leg) -> BranchName {
        let suffix = match leg {
            Leg::Out => "",
            Leg::Back => "-back",
        };
        let round = if is_first(&self.round) { String::new() } else { format!("-{}", self.round) };
        BranchName::new(format!("fix/keyslot-{}-{}{suffix}{round}", self.rotation, leg.target(self.from)))
    }

    /// The branch by which the change is proposed to a release branch.
    pub fn promotion_branch(&self, leg: Leg, release: &BranchName) -> BranchName {
        let proposal = self.proposal_branch(leg);
        BranchName::new(format!("{proposal}-to-{}", release.as_str().replace('/', "-")))
    }

    /// The branch by which the change is proposed once more to a base branch that was changed back.
    pub fn agreement_branch(&self, leg: Leg) -> BranchName {
        BranchName::new(format!("{}-once-more", self.proposal_branch(leg)))
    }

    pub fn to(&self) -> Slot {
        self.from.other()
    }

    /// The key that is retired.
    pub fn retires(&self) -> KeyKind {
        KeyKind { slot: self.from, access: self.access }
    }
}

/// A step that is about to be done, with what was seen just before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub key: StepKey,
    pub attempt: u32,
    pub step: Step,
    /// For a regeneration: the key's generation time, as last seen.
    pub generation_before: Option<Timestamp>,
    /// Digest of the evidence behind the decision.
    pub evidence: String,
    /// Of what is about to be pushed: the commit, made beforehand, so that it is known as keyslot's own when the answer to
    /// the push is never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// For a restart: the Kubernetes Secrets of the stamp that were seen just before to hold what its vault held. Whatever
    /// writes to them later, they have held it since then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// What a successful step left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Produced {
    #[default]
    Nothing,
    Pull(PullNumber),
    /// Pushed, or merged into the base branch.
    Commit(CommitId),
    Run(RunId),
    /// A run, and not of the commit that was asked for.
    RunElsewhere {
        run: RunId,
        commit: CommitId,
    },
    /// A Deployment's generation after our patch.
    Generation(i64),
    Operation(Operation),
}

impl Produced {
    /// The run, and of what it is where that is not what was asked for.
    pub fn run(&self) -> Option<(&RunId, Option<&CommitId>)> {
        match self {
            Produced::Run(run) => Some((run, None)),
            Produced::RunElsewhere { run, commit } => Some((run, Some(commit))),
            Produced::Nothing
            | Produced::Pull(_)
            | Produced::Commit(_)
            | Produced::Generation(_)
            | Produced::Operation(_) => None,
        }
    }
}

/// How a step ended, as far as we know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum Outcome {
    Applied {
        produced: Produced,
    },
    /// Nothing left the machine.
    NotSent {
        why: String,
    },
    /// The service said no. `later`: it asked us to come again, and when.
    Refused {
        why: String,
        later: bool,
        #[serde(default, skip_serializing_if = "Respite::is_unsaid")]
        respite: Respite,
    },
    /// Sent, no answer that tells: only a new observation decides.
    Unknown {
        why: String,
    },
}

/// The outcome of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub key: StepKey,
    pub attempt: u32,
    pub outcome: Outcome,
}

/// A person's word that the old key may be regenerated, bound to this rotation and, where given, to the digest
/// of the evidence that they saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    pub rotation: RotationId,
    pub digest: Option<String>,
    /// The slot whose key may be made anew, where it is not the one that the rotation retires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Slot>,
}

/// A person's word that one gate shall not hold for one subject, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    pub by: String,
    pub gate: Gate,
    /// As printed in the reason.
    pub subject: String,
    pub because: String,
    pub until: Timestamp,
    /// What was open when it was accepted ([`Why::accepted_as`](super::Why::accepted_as)); anything else makes the acceptance
    /// void. Absent: whatever comes.
    pub why: Option<String>,
}

impl Acceptance {
    /// As `--accept` and `--withdraw` take it.
    pub fn name(&self) -> String {
        format!("{}:{}", self.gate, self.subject)
    }

    /// Whether it is over at this moment.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.until <= at
    }
}

/// A pod that gets the secret, as it was last seen on a node that does not answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnheardPod {
    pub uid: String,
    pub name: String,
    pub created: Timestamp,
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    Opened(Opened),
    /// The rotation came to this phase for the first time.
    Reached {
        leg: Leg,
        phase: Phase,
    },
    /// Stamps that the configuration has and neither the opening nor an earlier one of these names.
    Joined {
        stamps: Vec<StampName>,
    },
    /// One record holds a whole wave.
    Intended {
        intents: Vec<Intent>,
    },
    Ended {
        ends: Vec<Ended>,
    },
    Approved(Approval),
    Accepted(Acceptance),
    /// What was accepted of this gate for this subject is taken back, whoever had accepted it.
    Withdrawn {
        by: String,
        gate: Gate,
        /// As printed in the reason.
        subject: String,
    },
    /// In confirm: whether the new key was accepted everywhere, recorded when that changes, and again while it stays so.
    Proven {
        fingerprint: Fingerprint,
        accepted: bool,
        /// When that was asked. Absent in older journals: when it was written down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        probed: Option<Timestamp>,
    },
    /// These pods were seen on a node that does not answer: whatever becomes of them, what runs there may run on. None: it
    /// answers again, and what ran there is seen or has ended.
    Unheard {
        stamp: StampName,
        node: String,
        pods: Vec<UnheardPod>,
    },
    /// A rollout that a restart of ours began was seen to have failed: it is not begun again unasked when somebody takes it
    /// back.
    RolloutFailed {
        leg: Leg,
        stamp: StampName,
        workload: WorkloadName,
        restarted_at: String,
    },
    /// The new key has been accepted everywhere for as long as policy says.
    Confirmed,
    /// Somebody asked to go on: what was refused may be tried again.
    Resumed {
        by: String,
        /// A regeneration was seen to have failed, and may be sent again too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
    },
    /// Somebody asked to stop before the next step.
    Paused {
        by: String,
        because: String,
    },
    /// And to go on with the next step.
    Unpaused {
        by: String,
    },
    /// Somebody said which release branch is live.
    ReleaseNamed {
        branch: BranchName,
        by: String,
    },
    Lease {
        holder: String,
        until: Timestamp,
    },
    Released {
        holder: String,
    },
    /// The rotation is over: done, or closed by a person with a reason.
    Closed {
        done: bool,
        reason: String,
    },
}

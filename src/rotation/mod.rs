//! The decision core: a rotation as a pure function of evidence.
//!
//! `decide` takes the folded journal, the world as seen, the policy and the time, and says what to do or why not
//! yet. It never sees HCL, JSON or a socket: it sees claims such as “commit X reads secondary only”. No IO, no
//! clock, no async; everything that it depends on is passed in.
//!
//! - [`Phase`], [`Step`], [`Event`], [`Gate`], [`Reason`]: the vocabulary, as data.
//! - [`Fold`]: the journal's sum. `predicate`: one function a gate. `phases`: one file a phase.
//! - [`decide()`]: walks the phases and stops at the first that has not passed.

mod age;
mod attempt;
mod beside;
mod census;
mod closed;
mod context;
mod decide;
mod estimate;
mod event;
mod failed;
mod fold;
mod foresight;
mod gate;
mod identity;
mod log_reach;
mod note;
mod phase;
mod phases;
pub mod predicate;
mod proven;
mod reach;
mod reason;
mod regeneration;
mod relied;
mod renewal;
mod report;
mod respite;
mod restarts;
mod rests;
pub mod rollout;
mod ruled;
mod stamps;
mod standing;
mod step;
mod subjects;
mod wave;

pub use age::{AgeVerdict, Holders, KeyAge, key_ages};
pub use beside::beside;
pub use census::{
    Attachment, Census, Got, Known, Lens, Lister, SecretReader, Sightings, Signature, Signed, User,
};
pub use closed::is_closed;
pub use context::{Context, Stand};
pub use decide::{Decider, Decision, Verdict, decide, preflight};
pub use estimate::Estimate;
pub use event::{Acceptance, Approval, Ended, Event, Intent, Opened, Outcome, Pair, Produced, UnheardPod};
pub use failed::failed_news;
pub use fold::{Fold, IllegalRecord, Pause, Restarts, StepRecord};
pub use foresight::{Concern, Course, Foresight, Waits, Wave};
pub use gate::Gate;
pub use identity::{default_retire, request_id, restart_target, rotation_id};
pub use note::{Ahead, Note, RunBeside, notes};
pub use phase::{Leg, Phase};
pub use phases::{Unanswered, promoted, unanswered};
pub use predicate::{NOBODY, are_two_people, is_nobody, unheard_news};
pub use proven::Proven;
pub use reach::Reach;
pub use reason::{FailedStage, Opens, Reason, Subject, Waiting, Why, ended_ill, later};
pub use regeneration::{Followed, Regeneration};
pub use relied::{Reliance, Relied};
pub use renewal::{Renewal, renewal};
pub use report::{
    Left, Outlook, PhaseReport, PhaseState, Report, StepReport, left_open, operation, pulls_sent, unconfirmed,
};
pub use restarts::{StampRestart, WorkloadRestart, refusals_since, restarts};
pub use ruled::{Ruled, branches_ahead, forewarnings, ruled};
pub use standing::{Difference, Standing, Unseen};
pub use step::{Purpose, Source, Step};
pub use subjects::subjects;

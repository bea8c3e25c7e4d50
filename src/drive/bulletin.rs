//! What people see on the pull requests of a rotation, kept up to date as far as it can be.
//!
//! Nothing rests on it: it is told when there is nothing else to do, at most once a minute, and a forge that does not
//! take it holds nothing up. That is told once, and tried again after a while.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::lease::Standing;
use super::{Driver, Notice};
use crate::journal::LeaseMove;
use crate::model::{Blindness, CommitId, PullNumber, World};
use crate::ports::{Bulletin, Effect, Fault, Showing};
use crate::render;
use crate::rotation::{Decider, Fold, Outcome, Produced, Reach, Report, later};

/// Between two bulletins.
const PACE: Duration = Duration::from_secs(60);

/// After the forge has not taken one.
const AFTER_FAILURE: Duration = Duration::from_secs(600);

/// So long after its end it is seen to that the pull requests say so.
const LATELY: SignedDuration = SignedDuration::from_hours(1);

/// What is to be told.
#[derive(Default)]
struct Unshown {
    pulls: Vec<(PullNumber, Bulletin)>,
    /// A comment is to be made or changed.
    comments: bool,
    /// Why one of the pull requests cannot be looked at.
    failed: Option<Fault>,
}

/// What was told where, and when something may be told again.
#[derive(Default)]
pub(super) struct Bulletins {
    told: BTreeMap<PullNumber, Bulletin>,
    not_before: Option<Timestamp>,
    /// A failure was told.
    complained: bool,
}

impl Bulletins {
    /// Whether it was told otherwise, or of another head. That a head is seen now which was not then is none.
    fn is_news(&self, pull: PullNumber, bulletin: &Bulletin) -> bool {
        let Some(told) = self.told.get(&pull) else { return true };
        let moved = told.head.is_some() && bulletin.head.is_some() && told.head != bulletin.head;
        moved || *told != Bulletin { head: told.head.clone(), ..bulletin.clone() }
    }
}

impl Driver {
    /// Tells how the rotation stands, where that has changed. At its end it is told whatever the pace.
    pub(super) async fn tell(&mut self) {
        let now = self.ports.clock.now();
        let over = self.fold.closed.is_some();
        let due = over || self.bulletins.not_before.is_none_or(|at| at <= now);
        let pulls = pulls(&self.fold, &self.world);
        if !self.policy.pulls.board || !due || pulls.is_empty() {
            return;
        }
        self.bulletins.not_before = Some(later(now, PACE));
        let Some(bulletin) = render::bulletin::bulletin(&self.report_for_people(), &self.policy) else {
            return;
        };
        let heads = heads(&self.world);
        let of = |pull: PullNumber| (pull, Bulletin { head: heads.get(&pull).cloned(), ..bulletin.clone() });
        let pulls: Vec<(PullNumber, Bulletin)> = pulls
            .into_iter()
            .map(of)
            .filter(|(pull, bulletin)| self.bulletins.is_news(*pull, bulletin))
            .collect();
        if pulls.is_empty() || matches!(self.lease_move(), LeaseMove::Wait { .. }) {
            return;
        }
        let held = self.lease_term().is_some();
        // Whoever begins knows of nothing that was told: seen to be so, it takes no record.
        let Unshown { pulls, comments, mut failed } = match held {
            true => Unshown { comments: true, pulls, failed: None },
            false => self.unshown(pulls).await,
        };
        if comments {
            // Two who tell at once would make two comments.
            match self.hold_lease().await {
                Ok(Standing::Held | Standing::New) => {}
                Ok(Standing::Of { .. }) | Err(_) => return,
            }
        }
        for (pull, bulletin) in pulls {
            match self.ports.forge.publish(pull, &bulletin).await {
                Effect::Applied(()) => {
                    self.bulletins.told.insert(pull, bulletin);
                }
                Effect::NotSent(fault) | Effect::Refused(fault) | Effect::Unknown(fault) => {
                    // One that is locked keeps nothing from the others.
                    let of_all = matches!(fault.kind, Blindness::Throttled | Blindness::Unreachable);
                    failed.get_or_insert(fault);
                    if of_all {
                        break;
                    }
                }
            }
        }
        if let Some(fault) = failed {
            self.not_told(&fault, now);
        }
        if comments && !held {
            // It runs out by itself, too.
            let _ = self.release().await;
        }
    }

    async fn unshown(&mut self, pulls: Vec<(PullNumber, Bulletin)>) -> Unshown {
        let mut unshown = Unshown::default();
        for (pull, bulletin) in pulls {
            match self.ports.forge.shows(pull, &bulletin).await {
                Ok(Showing::All) => {
                    self.bulletins.told.insert(pull, bulletin);
                }
                Ok(showing) => {
                    unshown.comments |= showing == Showing::Less;
                    unshown.pulls.push((pull, bulletin));
                }
                Err(fault) => {
                    unshown.failed.get_or_insert(fault);
                }
            }
        }
        unshown
    }

    /// Tells how the last rotation ended, where whoever ended it did not come to that. Said already, it is not said again.
    pub(super) async fn tell_the_end(&mut self) {
        let now = self.ports.clock.now();
        if self.fold.closed.as_ref().is_some_and(|(at, ..)| now.duration_since(*at) < LATELY) {
            self.tell().await;
        }
    }

    /// What a proposal waits for is told, also by a command that does not wait.
    fn report_for_people(&self) -> Report {
        let reach = match &self.reach {
            Reach::Propose { .. } => Reach::Propose { merge: true },
            other => other.clone(),
        };
        let decider = Decider { reach: &reach, ..self.decider() };
        Report::of(&decider, &self.fold, &self.world, self.ports.clock.now())
    }

    fn not_told(&mut self, fault: &Fault, now: Timestamp) {
        self.bulletins.not_before = Some(later(now, AFTER_FAILURE));
        if !std::mem::replace(&mut self.bulletins.complained, true) {
            self.say(&Notice::NotTold { fault });
        }
    }
}

/// Of the pull requests that were seen.
fn heads(world: &World) -> BTreeMap<PullNumber, CommitId> {
    let seen = world.pulls.values().filter_map(|seen| seen.get()?.as_ref());
    seen.map(|pull| (pull.number, pull.head.clone())).collect()
}

/// The pull requests of this rotation: those that the journal knows, and those that were found.
fn pulls(fold: &Fold, world: &World) -> Vec<PullNumber> {
    let found = world.pulls.values().filter_map(|seen| seen.get()?.as_ref().map(|pull| pull.number));
    let opened = fold.steps.values().filter_map(|record| match &record.outcome {
        Some((_, Outcome::Applied { produced: Produced::Pull(number) })) => Some(*number),
        _ => None,
    });
    let mut pulls: Vec<PullNumber> = opened.chain(found).collect();
    pulls.sort();
    pulls.dedup();
    pulls
}

//! What a rotation would do, and what would be in its way: from evidence, before anything is begun.

use std::collections::BTreeMap;
use std::time::Duration;

use super::estimate::Estimate;
use super::renewal::Renewal;
use super::ruled::Ruled;
use super::{Acceptance, Decision, Leg, Opened, Phase, PhaseReport, Reason, StampRestart, Verdict};
use crate::model::{
    ClusterView, Merging, Policy, Promotion, Propagation, Right, RightView, Route, StampFacts, StampName,
    WorkloadName, World,
};

mod beside;
mod concern;
mod named;
mod room;
mod waits;
mod waves;
mod workloads;
mod world;

pub use concern::Concern;
pub use waits::Waits;
pub use waves::{Course, Wave};

pub(super) use waves::canary;

/// The whole plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Foresight {
    pub opened: Opened,
    /// Whether the rotation is open already.
    pub begun: bool,
    pub phase: Phase,
    /// How far each phase is, of a rotation that is open.
    pub courses: Vec<(Phase, Course)>,
    /// What would hold it now.
    pub holds: Vec<Reason>,
    /// What does not hold it now and would before anything is restarted, as things are.
    pub later: Vec<Reason>,
    /// How far somebody's approval of the regeneration is.
    pub approval: Course,
    /// What people have accepted and what is not over, of a rotation that is open.
    pub acceptances: Vec<Acceptance>,
    pub concerns: Vec<Concern>,
    pub waves: Vec<Wave>,
    pub workloads: Vec<WorkloadName>,
    /// Who merges the pull request.
    pub merging: Merging,
    /// How the change reaches the live release branch.
    pub promotion: Promotion,
    /// Who writes the vaults.
    pub propagation: Propagation,
    pub waits: Waits,
    /// How long the restarts of each stamp may take that is to be restarted; of those that are not seen nobody knows.
    pub rollouts: BTreeMap<StampName, Estimate>,
    /// The target key is made anew first.
    pub renewal: Option<Renewal>,
    /// What is yet to be done with branches, and what the forge's rules make of it.
    pub ruled: Vec<Ruled>,
    /// By whom they are told: the account, or a stamp.
    pub rights: Vec<(String, RightView)>,
}

impl Foresight {
    /// Puts the plan together from the decision that would be made.
    pub fn of(
        opened: &Opened,
        begun: bool,
        decision: &Decision,
        world: &World,
        policy: &Policy,
        rights: Vec<(String, RightView)>,
    ) -> Foresight {
        let holds = match &decision.verdict {
            Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons.clone(),
            Verdict::Act { held, .. } => held.clone(),
            Verdict::Record(_) | Verdict::Done | Verdict::Enough => Vec::new(),
        };
        // On the way of the next release nothing is restarted: units that are built anew begin with the new key.
        let waves = match opened.route {
            Route::NextRelease => Vec::new(),
            Route::Hotfix | Route::VaultFirst => waves::waves(policy, world),
        };
        let soaks = waves.len() > 1;
        let lag = policy.log_lag.unwrap_or_default();
        let told = lag.max(policy.metrics_lag.unwrap_or_default());
        let between = u32::try_from(waves.len().saturating_sub(2)).unwrap_or(u32::MAX);
        let judging = policy.metrics_lag.or(policy.log_lag).unwrap_or_default();
        Foresight {
            opened: opened.clone(),
            begun,
            acceptances: Vec::new(),
            phase: decision.phase,
            courses: Vec::new(),
            holds,
            later: Vec::new(),
            approval: Course::ToCome,
            concerns: world::concerns(opened, world, policy, decision.phase < Phase::Restart),
            waits: Waits {
                renewal: Duration::ZERO,
                settling: policy.vault_lag,
                soak: if soaks { policy.soak + told } else { Duration::ZERO },
                judging: judging.saturating_mul(between),
                quiet: policy.quiet_window + lag,
                confirm: policy.confirm_window,
            },
            rollouts: waves::rollouts(&waves, policy, world),
            waves,
            workloads: policy.workloads.clone(),
            merging: policy.pulls.merging,
            promotion: policy.promotion,
            propagation: policy.propagation,
            renewal: None,
            ruled: Vec::new(),
            rights,
        }
    }

    /// Tells what is done of an open rotation, and what is under way. The waves are those of the way out.
    pub fn begun_with(mut self, phases: &[PhaseReport], restarts: &[StampRestart]) -> Foresight {
        let out = phases.iter().filter(|one| one.leg == Leg::Out);
        self.courses = out.map(|one| (one.phase, Course::of_phase(one.state))).collect();
        let returns = phases.iter().any(|one| one.leg == Leg::Back);
        for (name, course) in self.waves.iter_mut().flat_map(|wave| &mut wave.stamps) {
            let restart = restarts.iter().find(|restart| restart.stamp == *name);
            *course = match restart {
                _ if returns => Course::Done,
                Some(restart) => Course::of_stamp(restart),
                None => Course::ToCome,
            };
        }
        self.waits = self.waits_left();
        self
    }

    /// Notes whether an approval holds: without one, the regeneration is not what is done now.
    pub fn approved(mut self, yes: bool) -> Foresight {
        let sent = self.course(&[Phase::Regenerate]) == Course::Done || self.phase > Phase::Regenerate;
        self.approval = match (yes || sent, self.phase == Phase::Regenerate) {
            (true, _) => Course::Done,
            (false, true) => Course::Running,
            (false, false) => Course::ToCome,
        };
        if self.approval == Course::Running {
            let regenerate = self.courses.iter_mut().filter(|(phase, _)| *phase == Phase::Regenerate);
            regenerate.for_each(|(_, course)| *course = Course::ToCome);
        }
        self
    }

    /// Notes what would hold later, as far as it does not hold now.
    pub fn meeting(mut self, later: Vec<Reason>) -> Foresight {
        self.later = later.into_iter().filter(|one| !self.holds.contains(one)).collect();
        self
    }

    /// How far these phases are together.
    pub fn course(&self, phases: &[Phase]) -> Course {
        let all = self.courses.iter().filter(|(phase, _)| phases.contains(phase));
        Course::of_all(all.map(|(_, course)| *course))
    }

    /// Notes what the forge's rules make of what is done with branches.
    pub fn ruled_by(mut self, ruled: Vec<Ruled>) -> Foresight {
        self.concerns.extend(ruled.iter().flat_map(Ruled::concerns));
        self.ruled = ruled;
        self
    }

    /// Whether it could begin now: nothing holds and no right is known to be missing.
    pub fn may_begin(&self) -> bool {
        self.holds.is_empty() && self.later.is_empty() && !self.lacks_a_right()
    }

    /// Whether a right is known to be missing that is needed.
    pub fn lacks_a_right(&self) -> bool {
        self.rights.iter().any(|(_, right)| right.right == Right::Denied)
    }
}

fn cluster<'w>(world: &'w World, stamp: &StampFacts) -> Option<&'w ClusterView> {
    world.clusters.get(&stamp.name)?.get()
}

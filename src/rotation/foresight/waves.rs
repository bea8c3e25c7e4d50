//! The waves in which stamps are restarted, how far each is, and how long it may take.

use std::collections::BTreeMap;

use super::super::estimate::{Estimate, of_stamp};
use super::super::{PhaseState, StampRestart, Why, WorkloadRestart};
use super::{Foresight, cluster};
use crate::model::{ClusterView, Policy, StampFacts, StampName, World};

/// Stamps that are restarted at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    pub canary: bool,
    pub stamps: Vec<(StampName, Course)>,
}

impl Wave {
    /// How far its stamps are together.
    pub fn course(&self) -> Course {
        Course::of_all(self.stamps.iter().map(|(_, course)| *course))
    }
}

/// How far something is that the plan names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    ToCome,
    Running,
    Done,
}

impl Course {
    /// Of several that belong together.
    pub fn of_all(courses: impl IntoIterator<Item = Course>) -> Course {
        let together = |one: Course, other: Course| if one == other { one } else { Course::Running };
        courses.into_iter().reduce(together).unwrap_or(Course::ToCome)
    }

    pub(super) fn of_phase(state: PhaseState) -> Course {
        match state {
            PhaseState::Done | PhaseState::FoundDone => Course::Done,
            PhaseState::Current | PhaseState::Running => Course::Running,
            PhaseState::Pending => Course::ToCome,
        }
    }

    pub(super) fn of_stamp(restart: &StampRestart) -> Course {
        if restart.is_over() {
            return Course::Done;
        }
        let begun = |it: &WorkloadRestart| match it {
            WorkloadRestart::Restarted(_) | WorkloadRestart::Sent { .. } => true,
            WorkloadRestart::Held(reason) => matches!(reason.why, Why::RolloutUnderWay { .. }),
            WorkloadRestart::Young | WorkloadRestart::NoPods | WorkloadRestart::Due => false,
        };
        let begun = restart.workloads.iter().any(|(_, it)| begun(it));
        if begun { Course::Running } else { Course::ToCome }
    }
}

impl Foresight {
    /// The waves that are not over, with their numbers, from 1.
    pub fn waves_left(&self) -> impl Iterator<Item = (usize, &Wave)> {
        let numbered = self.waves.iter().enumerate().map(|(at, wave)| (at + 1, wave));
        numbered.filter(|(_, wave)| wave.course() != Course::Done)
    }

    /// How long the restarts that are left may take in all, wave after wave. Nothing where none is left.
    pub fn rollout_left(&self) -> Option<Estimate> {
        self.waves_left().map(|(_, wave)| self.rollout_of(wave)).reduce(Estimate::then)
    }

    /// The same with the waits that the policy prescribes.
    pub fn time_left(&self) -> Option<Estimate> {
        let waits = self.waits.total();
        self.rollout_left().map(|total| total.then(Estimate { least: waits, most: Some(waits) }))
    }

    /// How long the restarts of a wave may take, of those that are not over; its stamps are restarted at the same time.
    pub fn rollout_of(&self, wave: &Wave) -> Estimate {
        let left = wave.stamps.iter().filter(|(_, course)| *course != Course::Done);
        let estimates = left.filter_map(|(stamp, _)| self.rollouts.get(stamp).copied());
        estimates.fold(Estimate::NOTHING, Estimate::beside)
    }
}

pub(super) fn rollouts(waves: &[Wave], policy: &Policy, world: &World) -> BTreeMap<StampName, Estimate> {
    let stamps = waves.iter().flat_map(|wave| &wave.stamps);
    let estimate = |stamp: &StampName| {
        let view = world.clusters.get(stamp).and_then(|seen| seen.get());
        view.map_or(Estimate::UNKNOWN, |view| of_stamp(policy, view))
    };
    stamps.map(|(stamp, _)| (stamp.clone(), estimate(stamp))).collect()
}

/// The stamp that would be restarted first, of those that run.
pub(in crate::rotation) fn canary<'p>(policy: &'p Policy, world: &World) -> Option<&'p StampFacts> {
    let runs = |stamp: &&StampFacts| cluster(world, stamp).is_none_or(|view| view.state.has_pods());
    let stamps: Vec<&StampFacts> = policy.stamps.iter().filter(runs).collect();
    let has_pods = |stamp: &StampFacts| {
        // Of a workload that is missing nobody knows.
        let wanted =
            |view: &ClusterView, name| view.workload(name).is_none_or(|workload| workload.desired > 0);
        let wants = |view: &ClusterView| policy.workloads.iter().any(|name| wanted(view, name));
        cluster(world, stamp).is_none_or(wants)
    };
    let first = |wanted: &dyn Fn(&StampFacts) -> bool| stamps.iter().copied().find(|stamp| wanted(stamp));
    first(&|stamp| stamp.live_traffic && has_pods(stamp))
        .or_else(|| first(&has_pods))
        .or_else(|| stamps.first().copied())
}

/// The canary alone, then the others as the policy's wave size says, in the configured order.
pub(super) fn waves(policy: &Policy, world: &World) -> Vec<Wave> {
    let Some(first) = canary(policy, world) else { return Vec::new() };
    let runs = |stamp: &&StampFacts| cluster(world, stamp).is_none_or(|view| view.state.has_pods());
    let others = policy.stamps.iter().filter(runs).filter(|stamp| stamp.name != first.name);
    let rest: Vec<(StampName, Course)> = others.map(|stamp| (stamp.name.clone(), Course::ToCome)).collect();
    let mut waves = vec![Wave { canary: true, stamps: vec![(first.name.clone(), Course::ToCome)] }];
    waves.extend(
        rest.chunks(policy.wave_size.max(1)).map(|stamps| Wave { canary: false, stamps: stamps.to_vec() }),
    );
    waves
}

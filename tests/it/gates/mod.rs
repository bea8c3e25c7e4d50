//! Every gate: what it holds, with what verdict, and that it does not hold without cause.

mod accepted;
mod before;
mod confirm;
mod deploy;
mod quiet;
mod refusals;
mod regenerate;
pub mod restart;
mod rights;
mod rollout;
mod running;
mod target;
mod wave;

use std::time::Duration;

use jiff::SignedDuration;
use keyslot::model::{
    Access, Blindness, ClusterState, ClusterView, CommitId, Credential, CronJobView, DeploymentCondition,
    EvidenceKey, Fingerprint, KeyKind, KeyView, MetricsView, ObjectName, Operation, OperationState,
    OtherMount, PodTrouble, PodView, PullState, RefusedMinute, ReplicaNumber, ResourceKind, Right, RunId,
    RunResult, RunState, RunView, SecretVersion, Seen, SharedStore, Slot, SlotUse, StageEffect, StageView,
    StampFacts, Strategy, SyncedSecretView, Term, Unlisted, Warning, WorkloadKind, WorkloadName,
    WorkloadView,
};
use keyslot::rotation::{
    Acceptance, Event, Gate, Intent, Leg, Outcome, Phase, Produced, Purpose, Reach, Reason, Step, Subject,
    Verdict, Why,
};

use crate::consumers::{become_stateful, idle, nightly, one_more, run_job, stateful, synced};
use crate::stage::{
    HOLDER, Stage, at, branch, deployment, holding, key, proof, requests, stamp, steps, workload,
};

/// Spoils one piece of a stage that would act, and names what must hold then.
type Spoil = fn(&mut Stage);

#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    Waits,
    Halts,
}

fn check(base: fn() -> Stage, cases: &[(&str, Gate, End, Spoil)]) {
    assert!(matches!(base().decide().verdict, Verdict::Act { .. }), "unspoilt: {:?}", base().decide());
    for (name, gate, end, spoil) in cases {
        let mut stage = base();
        spoil(&mut stage);
        let decision = stage.decide();
        assert!(holding(&decision).contains(gate), "{name}: {decision:?}");
        let got = match decision.verdict {
            Verdict::Wait { .. } => End::Waits,
            Verdict::Halt { .. } => End::Halts,
            other => panic!("{name} acts all the same: {other:?}"),
        };
        assert_eq!(got, *end, "{name}");
    }
}

pub fn run(state: RunState, stage: RunState) -> RunView {
    RunView {
        id: RunId::new("11"),
        url: "https://pipelines.example/11".to_owned(),
        branch: "release/0".into(),
        commit: CommitId::new("e".repeat(40)),
        by: "ada".to_owned(),
        state,
        started: at(90_000),
        finished: None,
        stages: vec![StageView::new("deploy-infrastructure", stage, Some(vec![StageEffect::WritesVaults]))],
        more_before: false,
    }
}

fn paused() -> Event {
    Event::Paused { by: "operator".to_owned(), because: "somebody looks into it".to_owned() }
}

/// The journal says that the workload of the stamp was restarted, with a mark of its own.
pub fn restarted(stage: &mut Stage, name: &str, attempt: u32) {
    let step = Step::Restart {
        leg: Leg::Out,
        stamp: stamp(name),
        workload: workload(),
        version: "v2".into(),
        restarted_at: format!("2027-01-15T08:0{attempt}:00Z"),
    };
    let key = step.key();
    let (generation_before, evidence, commit) = (None, String::new(), None);
    let secrets = Vec::new();
    let intent = Intent { key, attempt, step, generation_before, evidence, commit, secrets };
    let outcome = Outcome::Applied { produced: Produced::Generation(i64::from(attempt) + 1) };
    stage.recorded(at(60), intent, Some((at(61), outcome)));
}

/// What a Deployment's controller says of a rollout that is over.
pub fn rolled_out(updated: jiff::Timestamp) -> DeploymentCondition {
    DeploymentCondition {
        kind: "Progressing".to_owned(),
        status: "True".to_owned(),
        reason: "NewReplicaSetAvailable".to_owned(),
        message: String::new(),
        updated: Some(updated),
    }
}

/// Which stamps are restarted now.
pub fn restarts(stage: &Stage) -> Vec<String> {
    let Verdict::Act { steps, .. } = stage.decide().verdict else { return Vec::new() };
    let stamp = |step: &Step| match step {
        Step::Restart { stamp, .. } => Some(stamp.to_string()),
        _ => None,
    };
    steps.iter().filter_map(stamp).collect()
}

/// Four stamps; the first was restarted long ago and is in order.
pub fn three_to_go(wave: usize) -> Stage {
    let mut stage = Stage::before_restart();
    stage.policy.wave_size = wave;
    stage.policy.log_lag = None;
    let east = stage.cluster_mut("east");
    east.pods.iter_mut().for_each(|pod| pod.created = at(90_000));
    for name in ["south", "west"] {
        let (vault, cluster) =
            (stage.world.vaults[&stamp("north")].clone(), stage.world.clusters[&stamp("north")].clone());
        stage.world.vaults.insert(stamp(name), vault);
        stage.world.clusters.insert(stamp(name), cluster);
        stage.world.rooms.insert(stamp(name), stage.world.rooms[&stamp("north")].clone());
        let facts = StampFacts { name: stamp(name), ..stage.policy.stamps[1].clone() };
        stage.policy.stamps.push(facts);
    }
    stage
}

pub fn accepted(gate: Gate, subject: &str) -> (jiff::Timestamp, Event) {
    let acceptance = Acceptance {
        by: "operator".to_owned(),
        gate,
        subject: subject.to_owned(),
        because: "agreed".to_owned(),
        until: at(200_000),
        why: None,
    };
    (at(70), Event::Accepted(acceptance))
}

/// Nothing was done yet: the proposal is next.
pub fn unproposed() -> Stage {
    let mut stage = Stage::ready();
    stage.events.remove(1);
    let primary = SlotUse::Only(Slot::Primary);
    stage.code_mut().base = branch("main", primary);
    stage.code_mut().proposals.clear();
    stage.world.pulls.insert(crate::stage::proposal(), Seen::known(stage.now, None));
    stage
}

/// The canary was replaced half an hour ago and has soaked for its ten minutes.
fn soaked() -> Stage {
    let mut stage = Stage::before_restart();
    let created = stage.now - SignedDuration::from_mins(30);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = created);
    stage
}

fn refused(stage: &mut Stage, region: &str, minutes_ago: i64) {
    let last = stage.now - SignedDuration::from_mins(minutes_ago);
    let mut refused = requests(KeyKind::read_write(Slot::Secondary), region, last);
    (refused.refused, refused.credential) = (true, Credential::Unknown);
    stage.usage_mut().requests.push(refused);
}

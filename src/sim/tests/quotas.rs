//! Quotas and autoscalers: whom they refuse, what is told of it, and how it goes on.

use super::super::config::QuotaConfig;
use super::super::fault::{Fault, Target, Trouble, When};
use super::super::kubernetes::Cluster;
use super::*;

const AT: &str = "2026-01-12T08:00:01Z";

fn cluster(world: &World) -> &Cluster {
    &world.stamp(&stamp()).unwrap().cluster
}

fn catalog(world: &World) -> &Deployment {
    &cluster(world).deployments()[0]
}

fn with_quota(quota: QuotaConfig, change: impl FnOnce(&mut WorkloadConfig)) -> World {
    recorded_with(5, change, |config| config.quotas = vec![quota])
}

fn failure(world: &World) -> Option<String> {
    let condition = catalog(world).status.condition("ReplicaFailure")?;
    Some(format!("{} {}: {}", condition.status, condition.reason, condition.message))
}

#[test]
fn a_full_quota_refuses_the_surge_and_the_condition_and_an_event_say_so() {
    let mut world = with_quota(QuotaConfig::pods(3), |_| {});
    restart(&mut world, CATALOG, AT);
    pass(&mut world, secs(60));
    let told = failure(&world).unwrap();
    let refused = "is forbidden: exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3";
    assert!(told.starts_with("True FailedCreate: pods \"") && told.ends_with(refused), "{told}");
    let events: Vec<_> = cluster(&world).warnings().collect();
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((event.kind, event.reason), ("ReplicaSet", "FailedCreate"));
    assert!(event.message.starts_with("Error creating: ") && event.count >= 5, "{event:?}");
    let status = &catalog(&world).status;
    assert_eq!((status.updated, status.available), (0, 3));
    pass(&mut world, secs(600));
    let reason = catalog(&world).status.condition("Progressing").unwrap().reason;
    assert_eq!(reason, "ProgressDeadlineExceeded");
    // A raised quota is found at the next try, and the rollout goes on by itself.
    world.apply(Command::SetQuota { stamp: stamp(), quota: QuotaConfig::pods(4) }).unwrap();
    pass(&mut world, secs(900));
    assert_eq!((failure(&world), catalog(&world).status.updated), (None, 3));
    assert_eq!(cluster(&world).warnings().count(), 0);
}

#[test]
fn pods_that_are_told_to_end_count_until_they_have() {
    // Room for one more: the old pod that goes gives its place only when it has ended.
    let mut world = with_quota(QuotaConfig::pods(4), |catalog| {
        catalog.ends_in = Span::exactly(secs(50));
    });
    restart(&mut world, CATALOG, AT);
    let mut most = 0;
    for _ in 0..600 {
        pass(&mut world, secs(1));
        most = most.max(cluster(&world).used(&cluster(&world).quotas()[0]).0);
    }
    assert_eq!(most, 4);
    assert_eq!((failure(&world), catalog(&world).status.updated), (None, 3));
}

#[test]
fn processors_are_counted_and_pods_that_name_none_are_refused() {
    let quota = || QuotaConfig::cpu(1000);
    let mut world = with_quota(quota(), |catalog| catalog.cpu = Some(250));
    restart(&mut world, CATALOG, AT);
    pass(&mut world, secs(120));
    assert_eq!(catalog(&world).status.updated, 3);
    let mut world = with_quota(quota(), |_| {});
    restart(&mut world, CATALOG, AT);
    pass(&mut world, secs(20));
    assert!(failure(&world).unwrap().contains("failed quota: team: must specify requests.cpu"));
}

#[test]
fn an_autoscaler_keeps_to_its_limits_and_scales_no_rollout_away() {
    let scale =
        |second, replicas| Fault::new(When::from(secs(second)), Target::any(), Trouble::Scale { replicas });
    let mut world = recorded_with(
        5,
        |catalog| catalog.autoscaler = Some((2, 6)),
        |config| config.faults = vec![scale(10, 5), scale(100, 9), scale(200, 1)],
    );
    let mut told = Vec::new();
    for seconds in [95, 95, 95, 220] {
        pass(&mut world, secs(seconds));
        let autoscaler = cluster(&world).autoscalers()[0];
        told.push((catalog(&world).replicas, autoscaler.wanted > autoscaler.most));
    }
    assert_eq!(told, [(5, false), (6, true), (6, true), (2, false)], "less is given five minutes later");
    let reason = catalog(&world).status.condition("Progressing").unwrap().reason;
    assert_eq!((reason, catalog(&world).status.available), ("NewReplicaSetAvailable", 2));
}

#[test]
fn a_budget_allows_what_serves_beyond_its_least() {
    let mut world = recorded(5, |catalog| {
        catalog.disruption_budget = Some(crate::model::ReplicaNumber::Percent(50));
    });
    let allowed = |world: &World| cluster(world).allowed(&cluster(world).budgets()[0]);
    assert_eq!(allowed(&world), 1, "half of three is two");
    patch(&mut world, CATALOG, DeploymentPatch::scale(2));
    pass(&mut world, secs(30));
    assert_eq!(allowed(&world), 1);
    let name = cluster(&world).pods().next().unwrap().meta.name.to_string();
    let namespace = "workload".to_owned();
    world.apply(Command::DeletePod { stamp: stamp(), namespace, name }).unwrap();
    assert_eq!(allowed(&world), 0);
}

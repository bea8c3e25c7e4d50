//! Requests that Cosmos refuses while a stamp soaks.

use super::*;
use crate::stage::address;

#[test]
fn a_soak_lasts_until_the_logs_have_told_of_it_and_a_refusal_stops_the_wave() {
    let cases: &[(&str, Gate, End, Spoil)] = &[
        ("the logs have not come so far", Gate::NotRefused, End::Waits, |s| {
            s.usage_mut().newest = Some(s.now - SignedDuration::from_mins(21));
        }),
        ("what they have may not be all", Gate::NotRefused, End::Waits, |s| {
            s.policy.log_lag = Some(Duration::from_secs(21 * 60));
        }),
        ("the logs never come so far", Gate::NotRefused, End::Halts, |s| {
            s.policy.log_lag = Some(Duration::from_secs(4 * 60));
            s.usage_mut().newest = Some(s.now - SignedDuration::from_mins(21));
        }),
        ("those of the canary's region have not come so far", Gate::NotRefused, End::Waits, |s| {
            s.usage_mut().requests[0].last = s.now - SignedDuration::from_mins(21);
        }),
        ("the canary's region refuses", Gate::NotRefused, End::Halts, |s| refused(s, "east", 30)),
        ("what was read begins after the canary was restarted", Gate::NotRefused, End::Waits, |s| {
            s.usage_mut().since = s.now - SignedDuration::from_mins(29);
        }),
        ("some region refuses, and nobody knows which is the canary's", Gate::NotRefused, End::Halts, |s| {
            s.policy.stamps[0].region = None;
            refused(s, "west", 5);
        }),
        (
            "some region refuses, and the account is not where the canary is",
            Gate::NotRefused,
            End::Halts,
            |s| {
                s.policy.stamps[0].region = Some("uksouth".to_owned());
                refused(s, "north", 5);
            },
        ),
    ];
    check(soaked, cases);

    let harmless: [fn(&mut Stage); 4] = [
        |s| refused(s, "north", 5),
        |s| refused(s, "east", 31),
        |s| {
            refused(s, "east", 5);
            s.usage_mut().requests.last_mut().unwrap().caller.agent = "keyslot/0.1.0".to_owned();
        },
        |s| {
            (s.policy.log_lag, s.world.usage) = (None, None);
        },
    ];
    for (place, spoil) in harmless.iter().enumerate() {
        let mut stage = soaked();
        spoil(&mut stage);
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{place}: {:?}", stage.decide());
    }
}

#[test]
fn logs_that_end_long_before_now_tell_nothing_of_what_was_refused_since() {
    // The canary is through long ago; the second was begun, so that no soak asks how far the logs have come.
    let mut stage = soaked();
    let third = StampFacts { name: stamp("west"), ..stage.policy.stamps[1].clone() };
    stage.policy.stamps.push(third);
    stage.world.vaults.insert(stamp("west"), stage.world.vaults[&stamp("north")].clone());
    stage.world.clusters.insert(stamp("west"), stage.world.clusters[&stamp("north")].clone());
    stage.world.rooms.insert(stamp("west"), stage.world.rooms[&stamp("north")].clone());
    restarted(&mut stage, "north", 1);
    let created = stage.now - SignedDuration::from_mins(15);
    stage.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = created);
    assert_eq!(restarts(&stage), ["west"], "{:?}", stage.decide());
    let lag = SignedDuration::from_mins(10);
    stage.usage_mut().newest = Some(stage.now - lag * 3);
    assert_eq!(restarts(&stage), ["west"], "late, as rows are: {:?}", stage.decide());
    stage.usage_mut().newest = Some(stage.now - lag * 3 - SignedDuration::from_secs(1));
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    assert!(holding(&stage.decide()).contains(&Gate::NotRefused));
}

/// An SDK asks the account's global name first, and that is served where the account writes.
#[test]
fn what_is_refused_where_the_account_writes_is_of_whoever_was_just_restarted() {
    let told = |region: &str, address: &str| {
        let mut stage = soaked();
        refused_in(&mut stage, region, address, 5);
        let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
        let subjects: Vec<String> = reasons.iter().map(|reason| reason.subject.to_string()).collect();
        subjects.join(" ")
    };
    assert_eq!(told("North Europe", &address(0)), "east");
    assert_eq!(told("north", &address(0)), "east", "from its address, wherever it is refused");
    assert_eq!(told("North Europe", ""), "east");
    assert_eq!(told("North Europe", "198.51.100.7"), "198.51.100.7");
    assert_eq!(told("east", &address(1)), "north", "its own pods are refused there, and not the canary's");
    // Of two that were renewed it is the one that was renewed last before.
    let newest = |minutes_ago: i64| {
        let mut stage = soaked();
        let created = stage.now - SignedDuration::from_mins(10);
        stage.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = created);
        refused_in(&mut stage, "North Europe", "", minutes_ago);
        let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
        reasons.iter().map(|reason| reason.subject.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((newest(20), newest(5)), ("east".to_owned(), "north".to_owned()));
}

fn refused_in(stage: &mut Stage, region: &str, address: &str, minutes_ago: i64) {
    refused(stage, region, minutes_ago);
    stage.usage_mut().requests.last_mut().unwrap().caller.address = address.to_owned();
}

fn refused_at(stage: &mut Stage, address: &str, minutes_ago: i64) {
    refused(stage, "east", minutes_ago);
    stage.usage_mut().requests.last_mut().unwrap().caller.address = address.to_owned();
}

/// Accepts whom the account refuses, as `--accept` records it; the subjects.
fn accept_refusals(stage: &mut Stage) -> Vec<String> {
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let refused = reasons.iter().filter(|reason| reason.gate == Gate::NotRefused);
    let subjects: Vec<String> = refused.clone().map(|reason| reason.subject.to_string()).collect();
    for reason in refused {
        let (at, Event::Accepted(mut acceptance)) = accepted(Gate::NotRefused, &reason.subject.to_string())
        else {
            panic!()
        };
        acceptance.why = Some(reason.why.accepted_as());
        stage.events.push((at, Event::Accepted(acceptance)));
    }
    subjects
}

#[test]
fn an_accepted_refusal_is_of_that_caller_and_of_a_stamp_it_is_that_refusal() {
    let mut stage = soaked();
    refused_at(&mut stage, "198.51.100.7", 25);
    assert_eq!(accept_refusals(&mut stage), ["198.51.100.7"]);
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    refused_at(&mut stage, "198.51.100.7", 1);
    assert_eq!(restarts(&stage), ["north"], "the same one: {:?}", stage.decide());
    let accepted = stage.clone();
    for other in [address(0), address(1), "198.51.100.8".to_owned(), String::new()] {
        let mut stage = accepted.clone();
        refused_at(&mut stage, &other, 1);
        assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "{other}: {:?}", stage.decide());
    }
    // The next one of a stamp is another one.
    let mut ours = soaked();
    refused_at(&mut ours, &address(0), 25);
    assert_eq!(accept_refusals(&mut ours), ["east"]);
    assert_eq!(restarts(&ours), ["north"], "{:?}", ours.decide());
    refused_at(&mut ours, &address(0), 1);
    assert!(matches!(ours.decide().verdict, Verdict::Halt { .. }), "{:?}", ours.decide());
}

#[test]
fn what_the_metrics_count_is_accepted_up_to_twice_as_much_in_a_minute() {
    let counted = |stage: &mut Stage, minutes: &[(i64, u64)]| {
        let ago = |minutes: i64| stage.now - SignedDuration::from_mins(minutes);
        let minute = |(begin, count): &(i64, u64)| RefusedMinute {
            region: "east".to_owned(),
            begin: ago(*begin),
            count: *count,
        };
        let told = ["east", "north"].map(|region| (region.to_owned(), ago(2))).into();
        let view = MetricsView { since: ago(180), refused: minutes.iter().map(minute).collect(), told };
        stage.policy.metrics_lag = Some(Duration::from_secs(5 * 60));
        stage.world.metrics = Some(Seen::known(stage.now, view));
    };
    let mut stage = soaked();
    refused_at(&mut stage, "198.51.100.7", 25);
    counted(&mut stage, &[(25, 9), (24, 10)]);
    assert_eq!(accept_refusals(&mut stage), ["198.51.100.7"], "the logs name somebody, which is better");
    assert_eq!(accept_refusals(&mut stage), ["east"], "nobody has said that it is no more than that");
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    counted(&mut stage, &[(25, 9), (24, 10), (5, 20), (4, 20), (3, 12)]);
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    counted(&mut stage, &[(25, 9), (24, 10), (5, 21)]);
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "{:?}", stage.decide());
}

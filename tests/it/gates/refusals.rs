//! Requests that Cosmos refuses while a stamp soaks.

use super::*;

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
    let created = stage.now - SignedDuration::from_mins(5);
    stage.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = created);
    assert_eq!(restarts(&stage), ["west"], "{:?}", stage.decide());
    let lag = SignedDuration::from_mins(10);
    stage.usage_mut().newest = Some(stage.now - lag * 3);
    assert_eq!(restarts(&stage), ["west"], "late, as rows are: {:?}", stage.decide());
    stage.usage_mut().newest = Some(stage.now - lag * 3 - SignedDuration::from_secs(1));
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    assert!(holding(&stage.decide()).contains(&Gate::NotRefused));
}

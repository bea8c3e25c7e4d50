//! How often, and for how long, the new key has to be found accepted.

use keyslot::model::{KeyProof, ProofVerdict};
use keyslot::render::reason;
use keyslot::rotation::Decision;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

/// What a probe found.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Found {
    Accepted,
    Refused,
    /// No answer came.
    Nothing,
}

/// The key was made anew a while ago.
fn made_anew() -> Stage {
    let mut stage = Stage::ready();
    let key = stage.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap();
    (key.generated, key.fingerprint) =
        (Some(at(99_000)), Some(Fingerprint::of(b"new", &crate::stage::salt())));
    stage
}

/// Looks once more, so much later, and takes down what there is to record. Whether the key is confirmed by it.
fn probe(stage: &mut Stage, after: Duration, found: Found) -> bool {
    stage.now += after.saturating_sub(minutes(1));
    let now = stage.now;
    stage.world.account.as_mut().unwrap().at = now;
    let fingerprint = stage.account_mut().keys[&KeyKind::read_write(Slot::Primary)].fingerprint.clone();
    let mut proof = KeyProof { fingerprint, ..proof(Slot::Primary) };
    proof.regions.values_mut().for_each(|region| {
        region.read = match found {
            Found::Accepted => ProofVerdict::Accepted,
            Found::Refused => ProofVerdict::Refused,
            Found::Nothing => ProofVerdict::NoEvidence("no answer".to_owned()),
        };
    });
    stage.world.proofs.insert(Slot::Primary, Seen::known(now, proof));
    // It takes a moment until that is judged, and the same probe never counts twice.
    for _ in 0..3 {
        stage.now += Duration::from_secs(20);
        if let Verdict::Record(event) = stage.decide().verdict {
            let confirmed = *event == Event::Confirmed;
            stage.events.push((stage.now, *event));
            if confirmed {
                return true;
            }
        }
    }
    false
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// By how many probes it is confirmed that come so often.
fn confirmed_by(every: u64) -> usize {
    let mut stage = made_anew();
    1 + (0..200).position(|_| probe(&mut stage, minutes(every), Found::Accepted)).expect("it ends")
}

#[test]
fn the_window_is_made_of_probes_that_are_close_enough() {
    // A window of half an hour.
    assert_eq!(confirmed_by(2), 16, "2 min apart");
    assert_eq!(confirmed_by(10), 4);
    for (every, what) in [(60, "once an hour"), (24 * 60, "once a day")] {
        assert_eq!(confirmed_by(every), 4, "{what}");
    }
}

#[test]
fn probes_that_are_far_apart_say_what_they_count_for_and_what_helps() {
    let mut stage = made_anew();
    let told = |decision: &Decision| {
        let Verdict::Wait { reasons, until } = &decision.verdict else { panic!("{decision:?}") };
        let reason = reasons.iter().find(|reason| reason.gate == Gate::NewKeyAccepted).expect("a reason");
        let words = format!("{} / {}", reason::why(reason), reason::remedy(reason));
        (words, *until)
    };
    assert!(!probe(&mut stage, minutes(60), Found::Accepted));
    let (words, until) = told(&stage.decide());
    assert!(words.contains("is accepted everywhere since") && !words.contains("--wait"), "{words}");
    assert!(until <= stage.now + minutes(10), "whoever waits probes often enough");
    assert!(!probe(&mut stage, minutes(60), Found::Accepted));
    let (words, _) = told(&stage.decide());
    assert!(words.contains("each counts for 10m at most") && words.contains("10m count so far"), "{words}");
    assert!(words.contains("`--wait` probes often enough"), "{words}");
    // What is refused in between begins it anew.
    assert!(!probe(&mut stage, minutes(60), Found::Refused));
    for more in 1..4 {
        assert!(!probe(&mut stage, minutes(60), Found::Accepted), "{more}");
    }
    assert!(probe(&mut stage, minutes(60), Found::Accepted));
}

#[test]
fn whatever_the_probes_find_and_when_a_key_is_confirmed_by_a_window_that_is_vouched_for() {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[23; 32]);
    let gap = prop_oneof![4 => 1..12_u64, 1 => 12..300_u64];
    let found = prop_oneof![8 => Just(Found::Accepted), 1 => Just(Found::Refused), 1 => Just(Found::Nothing)];
    let probes = prop::collection::vec((gap, found), 1..40);
    let confirmed = std::cell::Cell::new(0);
    TestRunner::new_with_rng(config, rng)
        .run(&probes, |probes| {
            let mut stage = made_anew();
            let (window, reach) = (stage.policy.confirm_window, stage.policy.confirm_reach());
            // When the key was found accepted since it was last refused.
            let mut accepted: Vec<jiff::Timestamp> = Vec::new();
            for (gap, found) in probes {
                let is_confirmed = probe(&mut stage, minutes(gap), found);
                let looked = stage.world.proofs[&Slot::Primary].at;
                match found {
                    Found::Accepted => accepted.push(looked),
                    Found::Refused => accepted.clear(),
                    Found::Nothing => {}
                }
                let gaps =
                    accepted.windows(2).map(|two| Duration::try_from(two[1].duration_since(two[0])).unwrap());
                let vouched: Duration = gaps.map(|gap| gap.min(reach)).sum();
                prop_assert!(
                    !is_confirmed || (vouched >= window && found == Found::Accepted),
                    "{accepted:?}"
                );
                // Nothing is lost of what is enough: at most what lies between two that are written down.
                prop_assert!(
                    is_confirmed || found != Found::Accepted || vouched < window * 2,
                    "{accepted:?}"
                );
                if is_confirmed {
                    confirmed.set(confirmed.get() + 1);
                    break;
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(confirmed.get() > 100, "{} of 300 came to an end", confirmed.get());
}

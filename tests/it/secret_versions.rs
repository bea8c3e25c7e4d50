//! A stamp's secret whose current version is disabled, or has dates beside its value: what is told, and what is held.

use jiff::SignedDuration;
use keyslot::model::{StampName, WorkloadName};
use keyslot::sim::kubernetes::Phase;
use keyslot::sim::vault::Beside;
use keyslot::sim::{Command, World, WorldConfig};
use serde_json::Value;

use crate::harm_scenarios::small;
use crate::live::Live;
use crate::schema::schema_errors;

fn first(world: &World) -> StampName {
    world.stamps().next().unwrap().name.clone()
}

fn edit(live: &Live, beside: Beside) -> StampName {
    live.stage.simulation.world.with(|world| {
        let stamp = first(world);
        world.apply(Command::EditSecret { stamp: stamp.clone(), beside }).unwrap();
        stamp
    })
}

fn keyslot(live: &Live, arguments: &[&str]) -> (i32, String) {
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).args(arguments).output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_version_is_named_by_every_command_and_holds_the_rotation() {
    let live = Live::set(WorldConfig::seeded(31), 60.0);
    let stamp = edit(&live, Beside::default().disabled());

    let (code, text) = keyslot(&live, &["verify"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(&format!("{stamp}: the secret's current version is disabled")), "{text}");
    assert!(!text.contains("not seen") && !text.contains("neither key"), "{text}");
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).args(["verify", "--output", "json"]).output();
    let document: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(schema_errors("verify", &document), [""; 0]);
    let kinds: Vec<&Value> =
        document["differences"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["disabled"], "{document}");
    assert_eq!(document["slot"], Value::Null, "what that vault holds nobody knows: {document}");

    for command in [["plan", "--retire", "primary"].as_slice(), &["rotate", "--retire", "primary"]] {
        let (code, text) = keyslot(&live, command);
        assert_eq!(code, 4, "{command:?}: {text}");
        let held = format!("the secret in the vault of {stamp} is disabled");
        assert!(text.contains(&held), "{command:?}: {text}");
        assert!(text.contains("enable the secret's current version"), "{command:?}: {text}");
        assert!(!text.contains("right to read secrets"), "{command:?}: {text}");
    }
    edit(&live, Beside::default());
    let (code, text) = keyslot(&live, &["verify"]);
    assert_eq!((code, text.contains("everybody uses the primary key")), (0, true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_beside_a_value_are_told_and_keep_nobody_from_it() {
    let live = Live::set(WorldConfig::seeded(32), 60.0);
    let now = live.stage.simulation.world.with(|world| world.now());
    let past = Some(now - SignedDuration::from_hours(24));
    for (beside, told) in [
        (Beside { expires: past, ..Beside::default() }, "the secret's current version expires at"),
        (
            Beside { valid_from: Some(now + SignedDuration::from_hours(48)), ..Beside::default() },
            "is not valid before",
        ),
    ] {
        edit(&live, beside);
        let (code, text) = keyslot(&live, &["verify"]);
        assert_eq!((code, text.contains("everybody uses the primary key")), (0, true), "{text}");
        let (code, text) = keyslot(&live, &["plan"]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains(told), "{text}");
    }
}

/// What becomes of a pod that is to start while the version is disabled.
#[test]
fn a_pod_does_not_start_on_a_version_that_is_disabled() {
    let mut world = World::new(small());
    let stamp = first(&world);
    let workload = WorkloadName::new("workload", "catalogservice-deploy");
    let pending = |world: &World| {
        let cluster = &world.stamp(&stamp).unwrap().cluster;
        cluster.pods().filter(|pod| pod.phase == Phase::Pending).count()
    };
    world.apply(Command::EditSecret { stamp: stamp.clone(), beside: Beside::default().disabled() }).unwrap();
    let patch = keyslot::sim::DeploymentPatch::annotate("restarted", "once");
    world.apply(Command::Patch { stamp: stamp.clone(), workload, patch }).unwrap();
    let then = world.now();
    world.advance_to(then + SignedDuration::from_mins(10));
    assert!(pending(&world) > 0, "they cannot mount");
    world.apply(Command::EditSecret { stamp: stamp.clone(), beside: Beside::default() }).unwrap();
    world.advance_to(then + SignedDuration::from_mins(40));
    assert_eq!(pending(&world), 0);
}

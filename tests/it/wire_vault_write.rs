//! Writing the secret over the wire: what is written, what is left alone, and how it may end.

use std::time::Duration;

use keyslot::model::{Blindness, KeyKind, SecretVersion, Slot};
use keyslot::ports::{Effect, Permit, Vaults};
use keyslot::sim::vault::Beside;
use keyslot::sim::{Command, Operation, Trouble, When, WorldConfig};

use crate::wire_azure::{Rig, faulty};

const KIND: KeyKind = KeyKind { slot: Slot::Secondary, access: keyslot::model::Access::ReadWrite };

/// How many versions the vault has, and whether the last one is the account's key of that kind.
fn versions(rig: &Rig) -> (usize, bool) {
    let stamp = rig.first_stamp();
    rig.simulation.world.with(|world| {
        let vault = &world.stamp(&stamp).unwrap().vault;
        let key = world.account().current(KIND).map(|key| key.id);
        (vault.versions().len(), vault.current().and_then(|version| version.value.key()) == key)
    })
}

fn current(rig: &Rig) -> SecretVersion {
    let stamp = rig.first_stamp();
    rig.simulation.world.with(|world| world.stamp(&stamp).unwrap().vault.current().unwrap().id.clone())
}

async fn write(rig: &Rig, vaults: &dyn Vaults, replaces: &SecretVersion) -> Effect<()> {
    vaults.write(&rig.first_stamp(), KIND, replaces, &rig.permit()).await
}

#[tokio::test]
async fn the_next_version_holds_the_accounts_key() {
    let rig = Rig::new(WorldConfig::default());
    let before = current(&rig);
    assert_eq!(write(&rig, &rig.writing(), &before).await, Effect::Applied(()));
    assert_eq!(versions(&rig), (2, true));
    // The same step once more finds another version, and changes nothing.
    let again = write(&rig, &rig.writing(), &before).await;
    assert!(matches!(&again, Effect::NotSent(fault) if fault.why.contains("another version")), "{again:?}");
    assert_eq!(versions(&rig).0, 2);
}

#[tokio::test]
async fn what_stands_beside_the_value_is_there_again() {
    let rig = Rig::new(WorldConfig::default());
    let (stamp, before) = (rig.first_stamp(), current(&rig));
    let at = |days: i64| {
        rig.simulation.world.with(|world| world.now()) + jiff::SignedDuration::from_hours(24 * days)
    };
    let whole = |at: jiff::Timestamp| jiff::Timestamp::from_second(at.as_second()).unwrap();
    let beside = Beside {
        expires: Some(whole(at(90))),
        valid_from: Some(whole(at(-1))),
        content_type: Some("text/plain".to_owned()),
        tags: [("owner".to_owned(), "team-a".to_owned())].into(),
        ..Beside::default()
    };
    let edit = Command::EditSecret { stamp: stamp.clone(), beside: beside.clone() };
    rig.simulation.world.with(|world| world.apply(edit)).unwrap();
    assert_eq!(write(&rig, &rig.writing(), &before).await, Effect::Applied(()));
    assert_eq!(versions(&rig), (2, true));
    let written = rig
        .simulation
        .world
        .with(|world| world.stamp(&stamp).unwrap().vault.current().map(|version| version.beside.clone()));
    assert_eq!(written, Some(beside.clone()));
    let seen = rig.vaults.look(&stamp, &rig.salt).await.unwrap();
    assert_eq!((seen.expires, seen.valid_from), (beside.expires, beside.valid_from));
}

#[tokio::test]
async fn a_version_that_is_disabled_is_not_written_over() {
    let rig = Rig::new(WorldConfig::default());
    let (stamp, before) = (rig.first_stamp(), current(&rig));
    let edit = Command::EditSecret { stamp: stamp.clone(), beside: Beside::default().disabled() };
    rig.simulation.world.with(|world| world.apply(edit)).unwrap();
    let left = write(&rig, &rig.writing(), &before).await;
    assert!(matches!(&left, Effect::NotSent(fault) if fault.kind == Blindness::Disabled), "{left:?}");
    assert_eq!(versions(&rig).0, 1);
    let fault = rig.vaults.look(&stamp, &rig.salt).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Disabled);
    assert!(fault.why.contains("403 Forbidden SecretDisabled"), "{fault}");
}

#[tokio::test]
async fn nothing_is_written_where_nobody_said_so_or_the_permit_has_run_out() {
    let rig = Rig::new(WorldConfig::default());
    let left = write(&rig, &rig.vaults, &current(&rig)).await;
    assert!(matches!(&left, Effect::NotSent(fault) if fault.remedy.contains("propagate")), "{left:?}");
    let late = Permit { monotonic_deadline: Duration::ZERO, ..rig.permit() };
    let late = rig.writing().write(&rig.first_stamp(), KIND, &current(&rig), &late).await;
    assert!(matches!(late, Effect::NotSent(_)), "{late:?}");
    assert_eq!(versions(&rig).0, 1);
    assert_eq!(rig.simulation.wire.transcript().count("PUT", "/secrets/"), 0);
}

#[tokio::test]
async fn a_refusal_names_the_right_and_a_lost_answer_is_unknown() {
    let write_vault = Operation::WriteVault;
    let rig = Rig::new(faulty(write_vault, When::Nth(1), Trouble::Forbidden));
    let refused = write(&rig, &rig.writing(), &current(&rig)).await;
    let Effect::Refused(fault) = refused else { panic!("{refused:?}") };
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.remedy.contains("set secrets"), "{fault}");
    assert_eq!(versions(&rig).0, 1);

    let rig = Rig::new(faulty(write_vault, When::Nth(1), Trouble::LoseAnswer));
    let lost = write(&rig, &rig.writing(), &current(&rig)).await;
    assert!(matches!(lost, Effect::Unknown(_)), "{lost:?}");
    assert_eq!(versions(&rig), (2, true), "it was done all the same");

    let throttle = Trouble::Throttle { retry_after: Duration::from_secs(5) };
    let rig = Rig::new(faulty(write_vault, When::Nth(1), throttle));
    let throttled = write(&rig, &rig.writing(), &current(&rig)).await;
    assert!(
        matches!(&throttled, Effect::Refused(fault) if fault.kind == Blindness::Throttled),
        "{throttled:?}"
    );
}

//! Tokens that are refused before they end, as where access was revoked and somebody has signed in again: another one is
//! asked for, once, and a running keyslot goes on.

use keyslot::model::{Blindness, KeyKind, Slot};
use keyslot::ports::{Accounts as _, Clusters as _, Effect, Vaults as _};
use keyslot::sim::WorldConfig;
use keyslot::sim::wire::{Simulation, Trouble, Which, WireFault};

use crate::aks::through_azure;
use crate::wire_azure::Rig;

fn asked_for_tokens(simulation: &Simulation) -> usize {
    simulation.wire.transcript().count("POST", "/oauth2/v2.0/token")
}

#[tokio::test]
async fn who_is_let_in_again_is_seen_with_another_token() {
    let rig = Rig::new(WorldConfig::default());
    let first = rig.first_stamp();
    let stamp = through_azure(&rig, false);
    let look = async || {
        rig.cosmos.look(&rig.salt).await.unwrap();
        rig.vaults.look(&first, &rig.salt).await.unwrap();
        stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
    };
    look().await;
    // Azure Resource Manager's, the vaults' and the cluster's.
    assert_eq!(asked_for_tokens(&rig.simulation), 3);
    look().await;
    assert_eq!(asked_for_tokens(&rig.simulation), 3);
    rig.simulation.directory.revoke_all();
    look().await;
    assert_eq!(asked_for_tokens(&rig.simulation), 6);
    look().await;
    assert_eq!(asked_for_tokens(&rig.simulation), 6);
}

#[tokio::test]
async fn an_effect_whose_token_is_refused_is_not_sent_again_and_the_next_one_has_another_token() {
    let rig = Rig::new(WorldConfig::default());
    rig.cosmos.look(&rig.salt).await.unwrap();
    rig.simulation.directory.revoke_all();
    let kind = KeyKind::read_write(Slot::Primary);
    let sent = async |id: &str| rig.cosmos.regenerate(kind, id, &rig.permit()).await;
    let count = || rig.simulation.wire.transcript().count("POST", "/regenerateKey");
    let effect = sent("one").await;
    assert!(matches!(&effect, Effect::Refused(fault) if fault.kind == Blindness::Forbidden), "{effect:?}");
    assert_eq!(count(), 1);
    let effect = sent("two").await;
    assert!(matches!(effect, Effect::Applied(_)), "{effect:?}");
    assert_eq!(count(), 2);
}

#[tokio::test]
async fn whom_nobody_lets_in_does_not_ask_for_tokens_all_the_time() {
    let rig = Rig::new(WorldConfig::default());
    let refused = Trouble::Answer { status: 401, retry_after_seconds: None };
    let which = Which { path: "/databaseAccounts/".to_owned(), ..Which::default() };
    rig.simulation.wire.faults().add(WireFault { which, what: refused, times: u32::MAX });
    for _ in 0..5 {
        let fault = rig.cosmos.look(&rig.salt).await.unwrap_err();
        assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
    }
    assert_eq!(asked_for_tokens(&rig.simulation), 2);
}

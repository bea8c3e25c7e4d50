//! What the stamps' vaults hold, and the Kubernetes Secrets that are filled from them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::reason::later;
use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{Blindness, ClusterState, ClusterView, KeyKind, Slot, StampName, VaultView};

/// The stamp's vault holds the current key of the slot, by fingerprint, enabled. A closed stamp has none.
pub fn propagated(ctx: &Context<'_>, stamp: &StampName, slot: Slot, max: Duration) -> Vec<Reason> {
    let gate = Gate::Propagated;
    let subject = Subject::Stamp(stamp.clone());
    let account = match ctx.account_keys(gate, max.min(ctx.policy.ages.ordinary)) {
        Ok(account) => account,
        Err(reason) => return vec![*reason],
    };
    let vault = match ctx.live_vault(stamp, gate, max) {
        Ok(Some(vault)) => vault,
        Ok(None) => return Vec::new(),
        Err(reason) => return vec![*reason],
    };
    let wanted = &account.key(KeyKind { slot, access: ctx.opened.access }).fingerprint;
    if wanted.as_ref() != Some(&vault.fingerprint) {
        let held = account.slot_of(&vault.fingerprint);
        return vec![Reason::new(gate, subject, Why::VaultHolds { slot: held, wanted: slot })];
    }
    Vec::new()
}

/// The same for a stamp that is only counted: what was well counts as it was seen last, and what was not is judged by a new
/// look.
pub fn counts_as_propagated(ctx: &Context<'_>, stamp: &StampName, slot: Slot) -> Vec<Reason> {
    let counted = propagated(ctx, stamp, slot, ctx.counted());
    if counted.is_empty() { counted } else { propagated(ctx, stamp, slot, ctx.policy.ages.ordinary) }
}

/// The stamp's vault is there with its secret, which is enabled and one of the account's keys, of the access that is rotated:
/// what is not so now would hold once everything is merged. A closed stamp has none.
pub fn vault_sound(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::Preflight;
    let hold = |why| Reason::new(gate, Subject::Stamp(stamp.clone()), why);
    let vault = match ctx.live_vault(stamp, gate, max) {
        Ok(Some(vault)) => vault,
        Ok(None) => return Vec::new(),
        Err(reason) if reason.is_blindness() => return vec![*reason],
        // Whatever hides the cluster, the service itself has said that there is no such vault or no such secret.
        Err(reason) => {
            let missing = ctx.world.vaults.get(stamp).and_then(|seen| seen.what.as_ref().err());
            let missing = missing.filter(|blind| matches!(blind.kind, Blindness::Missing | Blindness::Gone));
            return vec![missing.map_or(*reason, |blind| hold(Why::VaultMissing { why: blind.why.clone() }))];
        }
    };
    let reason = match (ctx.account(gate, max), ctx.account_keys(gate, max)) {
        // Who sees no account is told by other gates.
        (Err(_), _) => None,
        (Ok(_), Err(untold)) => Some(*untold),
        (Ok(_), Ok(account)) => match account.kind_of(&vault.fingerprint) {
            None => Some(hold(Why::VaultHoldsNoKey)),
            Some(kind) if kind.access != ctx.opened.access => Some(hold(Why::VaultHoldsOtherAccess { kind })),
            Some(_) => None,
        },
    };
    reason.into_iter().collect()
}

/// Every Kubernetes Secret that the CSI driver fills from the vault's secret holds the slot's key too, by its
/// own bytes: with rotation off the driver's status objects tell nothing of them. A driver that has rotation on
/// looks at the vault by and by; only where it had its time is there something for a person to do. A CronJob of which
/// no pod is there is named with the Secret that its next run would read.
pub fn synced(ctx: &Context<'_>, stamp: &StampName, slot: Slot, max: Duration) -> Vec<Reason> {
    let gate = Gate::Synced;
    let account = match ctx.account_keys(gate, max) {
        Ok(account) => account,
        Err(reason) => return vec![*reason],
    };
    let cluster = match ctx.cluster(stamp, gate, max) {
        Ok(cluster) => cluster,
        Err(reason) => return vec![*reason],
    };
    let vault = match ctx.live_vault(stamp, gate, max) {
        Ok(Some(vault)) => vault,
        Ok(None) => return Vec::new(),
        Err(reason) => return vec![*reason],
    };
    if cluster.state == ClusterState::Stopped {
        return unread(ctx, stamp);
    }
    let until = later(vault.created, ctx.policy.vault_lag + ctx.policy.settle);
    let wanted = &account.key(KeyKind { slot, access: ctx.opened.access }).fingerprint;
    let mut reasons = Vec::new();
    for secret in cluster.synced.iter().filter(|secret| wanted.as_ref() != Some(&secret.fingerprint)) {
        let full = format!("{}/{}", secret.namespace, secret.name);
        let lags = until > ctx.now;
        let why = match lags {
            true => Why::SyncedSecretLags { secret: full.clone(), until },
            false => Why::SyncedSecretStale { secret: full.clone() },
        };
        reasons.push(Reason::new(gate, Subject::Stamp(stamp.clone()), why));
        let readers = cluster.cron_jobs.iter().filter(|job| !lags && !job.suspended && job.reads(secret));
        reasons.extend(readers.map(|job| {
            let subject = Subject::Object(stamp.clone(), job.object());
            Reason::new(gate, subject, Why::CronJobReadsStale { secret: full.clone() })
        }));
    }
    reasons.extend(contested(ctx, stamp, vault, cluster));
    reasons
}

/// Secrets that hold what the vault holds, and that pods with older files may be written back from: what starts meanwhile
/// may begin with the key before.
fn contested<'a>(
    ctx: &'a Context<'_>,
    stamp: &'a StampName,
    vault: &'a VaultView,
    cluster: &'a ClusterView,
) -> impl Iterator<Item = Reason> + 'a {
    let filled = cluster.synced.iter().filter(|secret| secret.fingerprint == vault.fingerprint);
    filled.filter(|secret| cluster.is_contested(secret, vault, ctx.now)).filter_map(move |secret| {
        // Of one that is not dated, `undated` says what is to be said.
        let until = secret.undisturbed_from()?;
        let pods = cluster.writing_back(secret, vault).map(|pod| pod.name.clone()).collect();
        let secret = format!("{}/{}", secret.namespace, secret.name);
        let why = Why::SyncedSecretContested { secret, pods, until };
        Some(Reason::new(Gate::Synced, Subject::Stamp(stamp.clone()), why))
    })
}

/// A stopped cluster keeps its Secrets, and nobody can read them: pods that start there begin with what they hold. Where
/// another stamp's cluster shows that Secrets are filled from the vault, this one is taken to have them too.
fn unread(ctx: &Context<'_>, stamp: &StampName) -> Vec<Reason> {
    let seen = ctx.world.clusters.values().filter_map(|seen| seen.get());
    let names: BTreeSet<String> =
        seen.flat_map(|it| &it.synced).map(|one| format!("{}/{}", one.namespace, one.name)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let why = Why::SyncedSecretUnread { secrets: names.into_iter().collect() };
    vec![Reason::new(Gate::Synced, Subject::Stamp(stamp.clone()), why)]
}

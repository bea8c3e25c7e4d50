//! Whether there is a stamp that nobody listed, and whether the list that tells is whole.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::attempt::may_have_been_sent;
use super::super::closed::{is_closed, is_gone};
use super::super::{Context, Gate, Reason, Step, StepRecord, Subject, Why};
use crate::model::{Absent, Blind, Blindness, ClusterState, EvidenceKey, ResourceKind, StampName, Unlisted};

/// Every cluster and vault that Azure knows, and that looks like part of a stamp, is configured; and Azure shows
/// whatever is configured and exists. And no stamp is missing that the journal names, one of them is live, and no other
/// environment has stamps of this account. Where the configuration does not say what such a thing looks like, nothing is
/// asked.
pub fn all_listed(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    let mut reasons = taken_out(ctx);
    let others = ctx.policy.same_account.iter().cloned().map(Subject::Environment);
    reasons.extend(others.map(|other| Reason::new(Gate::AllListed, other, Why::AccountOfOther)));
    if ctx.policy.stamps.iter().all(|facts| is_closed(ctx.world, &facts.name)) {
        reasons.push(Reason::new(Gate::AllListed, Subject::Account, Why::NoLiveStamp));
    }
    if !ctx.policy.inventory {
        return reasons;
    }
    let view = match ctx.inventory(Gate::AllListed, max) {
        Err(reason) => {
            reasons.push(*reason);
            return reasons;
        }
        Ok(view) => view,
    };
    let unlisted = view.unlisted.iter().map(|one| held(view.name_of(one), one, false));
    let unattributed = view.unattributed.iter().map(|one| held(view.name_of(one), one, true));
    let unlike = view
        .unlike
        .iter()
        .map(|stamp| Reason::new(Gate::AllListed, Subject::Stamp(stamp.clone()), Why::PatternsMisfit));
    let absent = view.absent.iter().filter_map(|absent| unseen(ctx, absent, max));
    let contradicted = view.shown.iter().filter_map(|(stamp, kind)| contradicted(ctx, stamp, *kind));
    reasons.extend(unlisted.chain(unattributed).chain(unlike).chain(absent).chain(contradicted));
    reasons
}

/// A stamp that counts as closed, of which the list shows the vault: its name is the only one in Azure, so it is there,
/// whatever Azure Resource Manager says of the configured resource group. Names of clusters tell nothing of that kind.
fn contradicted(ctx: &Context<'_>, stamp: &StampName, kind: ResourceKind) -> Option<Reason> {
    if kind != ResourceKind::Vault || !is_closed(ctx.world, stamp) {
        return None;
    }
    let why = format!(
        "it shows the Key Vault of {stamp}, which Azure Resource Manager does not know in the configured resource group: \
         correct that group, or wait until a deleted vault is gone from the list"
    );
    let blind = Blind { kind: Blindness::Changed, why };
    let why = Why::Blind { evidence: EvidenceKey::Inventory, blind };
    Some(Reason::new(Gate::AllListed, Subject::Stamp(stamp.clone()), why))
}

/// Stamps that the rotation has had to do with, and that this configuration does not name (any more, or not yet: somebody else
/// may work with a newer one): nobody looks at them now, and their pods may hold any key.
fn taken_out(ctx: &Context<'_>) -> Vec<Reason> {
    // Of several attempts, only the last one's end is kept.
    let sent =
        |record: &&StepRecord| record.applied || record.intent.attempt > 1 || may_have_been_sent(record);
    let records = ctx.fold.steps.values().filter(sent);
    let named: BTreeSet<&StampName> = records
        .filter_map(|record| match &record.intent.step {
            Step::Restart { stamp, .. } | Step::WriteSecret { stamp, .. } => Some(stamp),
            _ => None,
        })
        .chain(&ctx.opened.stamps)
        .chain(&ctx.fold.joined)
        .collect();
    let configured = |stamp: &StampName| ctx.policy.stamps.iter().any(|facts| facts.name == *stamp);
    let out = named.into_iter().filter(|stamp| !configured(stamp));
    out.map(|stamp| Reason::new(Gate::AllListed, Subject::Stamp(stamp.clone()), Why::StampTakenOut)).collect()
}

fn held(name: String, one: &Unlisted, may_be_listed: bool) -> Reason {
    let Unlisted { kind, name: _, resource_group, location } = one.clone();
    let why = match may_be_listed {
        false => Why::Unlisted { kind, resource_group, location },
        true => Why::Unattributed { resource_group, location },
    };
    Reason::new(Gate::AllListed, Subject::Resource(name), why)
}

/// A list without something that exists is not whole, and whatever else it lacks may exist too.
fn unseen(ctx: &Context<'_>, absent: &Absent, max: Duration) -> Option<Reason> {
    let Absent { stamp, kind, name } = absent;
    let gate = Gate::AllListed;
    match kind {
        ResourceKind::Vault => match ctx.vault(stamp, gate, max) {
            Err(reason) if is_gone(&reason) => return None,
            Err(reason) if reason.is_blindness() => return Some(*reason),
            Ok(_) | Err(_) => {}
        },
        ResourceKind::Cluster => match ctx.cluster(stamp, gate, max) {
            Ok(cluster) if cluster.state == ClusterState::Gone => return None,
            Err(reason) if reason.is_blindness() => return Some(*reason),
            Ok(_) | Err(_) => {}
        },
    }
    let why = format!(
        "it does not show the {kind} {name} of {stamp}, so it is not whole; assign “Reader” on it, or add its subscription \
         to `subscriptions` under [environment.NAME.inventory]"
    );
    let blind = Blind { kind: Blindness::Forbidden, why };
    Some(Reason::new(
        gate,
        Subject::Resource(name.clone()),
        Why::Blind { evidence: EvidenceKey::Inventory, blind },
    ))
}

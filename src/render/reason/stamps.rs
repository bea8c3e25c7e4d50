//! Stamps as a whole: whether all are listed, their clusters, and these clusters' clocks.

use crate::render::span;
use crate::rotation::{Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::StampTakenOut => format!(
            "{subject} is part of this rotation and not in this keyslot.toml (any more, or yet), so nobody sees which key its \
             pods hold"
        ),
        Why::PatternsMisfit => format!(
            "nothing of {subject} fits `names` or `tags` of the inventory: another stamp that is called like it would not be \
             found"
        ),
        Why::AccountOfOther => format!(
            "{subject} of keyslot.toml names the same account, and nobody looks here at who holds a key of its stamps"
        ),
        Why::NoLiveStamp => "every stamp in keyslot.toml counts as closed (Azure knows neither its cluster nor its vault), so \
                             nobody was asked which key he holds"
            .to_owned(),
        Why::Unlisted { kind, resource_group, location } => format!(
            "the {kind} {subject} ({location}, resource group {resource_group}) looks like part of a stamp, and \
             keyslot.toml does not list it"
        ),
        Why::Unattributed { resource_group, location } => format!(
            "the cluster {subject} ({location}, resource group {resource_group}) looks like part of a stamp, and \
             keyslot.toml does not tell whose: not every stamp that is reached by kubeconfig names its cluster in Azure"
        ),
        Why::ClusterGone => {
            format!("Azure knows no cluster of {subject}, and its vault is there all the same")
        }
        Why::ClusterOfOther { other } => {
            format!("{subject} and {other} have one cluster: it shows the same pods")
        }
        Why::ClusterChanging { state } => format!("Azure is at work on the cluster of {subject} ({state})"),
        Why::ClockUnknown => format!(
            "the API server of {subject} does not say what its clock shows (its answers bear no `Date`), so the ages of \
             its pods prove nothing"
        ),
        Why::ClocksDiffer { ahead } => format!(
            "the clock of {subject}'s API server is {} {} this machine's: which pods are older than their vault's key \
             cannot be said",
            span::duration(ahead.unsigned_abs()),
            if ahead.is_positive() { "ahead of" } else { "behind" }
        ),
        in_other_rooms!(stamps) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::StampTakenOut => {
            "take the newest keyslot.toml, or put it back; or, where its cluster and its vault are gone or it left the account, \
             accept it by name"
        }
        Why::PatternsMisfit => {
            "correct `names` or `tags` under [environment.NAME.inventory] so that they fit its vault or its cluster, or accept \
             it by name if no other stamp is called so"
        }
        Why::AccountOfOther => {
            "list the stamps of both in one environment; or bring the other one to the new key too (`keyslot rotate \
             --environment` as far as its restarts), and then accept it by name"
        }
        Why::NoLiveStamp => {
            "correct subscription, resource groups and names of the stamps, or list those that are live; where nobody uses \
             the account any more, accept it"
        }
        Why::Unlisted { .. } => {
            "list its stamp in keyslot.toml, or accept it by name if it does not use the account"
        }
        Why::Unattributed { .. } => {
            "name the stamp's cluster in keyslot.toml (`aks = { resource_group = …, name = … }` beside `kubeconfig`), list \
             its stamp, or accept it by name if it does not use the account"
        }
        Why::ClusterGone => {
            "correct the cluster's name in keyslot.toml; if it was deleted, take the stamp out or accept it"
        }
        Why::ClusterOfOther { .. } => {
            "correct `kubeconfig`, `context` or `aks` of one of the two in keyslot.toml"
        }
        Why::ClusterChanging { .. } => {
            "wait until Azure is done, or cancel what it does; a PodDisruptionBudget that allows no eviction holds its drains \
         (kubectl get pdb -A)"
        }
        Why::ClockUnknown => {
            "have what stands between keyslot and the API server pass its `Date` on; or accept the stamp by name if its \
             clocks are known to be right"
        }
        Why::ClocksDiffer { .. } => "set the clock that is wrong (see `date` here), then run this again",
        in_other_rooms!(stamps) => "",
    };
    text.to_owned()
}

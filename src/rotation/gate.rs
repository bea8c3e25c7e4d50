//! The gates, as a table: what each protects, what harm it keeps away, and whether a person may open it.
//!
//! Invariant (tested): the gates that can never be accepted are exactly those marked so here.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! gates {
    ($($variant:ident $id:literal $never:literal $holds:literal $harm:literal;)*) => {
        /// A named predicate over evidence that opens or holds a step.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Gate {
            $(#[doc = $holds] $variant,)*
        }

        impl Gate {
            pub const ALL: &[Gate] = &[$(Gate::$variant,)*];

            pub fn id(self) -> &'static str {
                match self { $(Gate::$variant => $id,)* }
            }

            /// What it holds for.
            pub fn holds_for(self) -> &'static str {
                match self { $(Gate::$variant => $holds,)* }
            }

            /// What would happen without it.
            pub fn harm(self) -> &'static str {
                match self { $(Gate::$variant => $harm,)* }
            }

            /// Whether no person may open it.
            pub fn never_accepted(self) -> bool {
                match self { $(Gate::$variant => $never,)* }
            }
        }
    };
}

gates! {
    KeysAllowed "keys-allowed" true
        "the account can be read and allows keys at all"
        "the other key seems to be broken, and nobody is told that keys are switched off";
    TargetProven "target-proven" true
        "a signed read and a signed write with the target key succeed in every region"
        "workloads restart onto a key that is refused";
    TargetYoung "target-young" false
        "the target key is younger than policy says"
        "traffic moves to a key that has been lying about for years";
    TreeResolved "tree-resolved" false
        "the tree is parsed whole and every reference to the account is resolved"
        "a change is begun in code that is not understood whole";
    Merged "merged" false
        "the proposal is merged into the base branch"
        "code is deployed that nobody reviewed, and the next release takes it back";
    Validated "validated" false
        "the validation passed on the merged head"
        "a change that was never validated reaches production";
    Promoted "promoted" false
        "the live release branch carries the new slot"
        "the pipeline runs for nothing and writes the old slot";
    RunEnded "run-ended" false
        "a run that writes the vaults has ended well on that commit"
        "a second run is started beside the first";
    Propagated "propagated" true
        "every reachable live vault holds the target key, by fingerprint"
        "pods restart and read the old key once more";
    Synced "synced" false
        "Kubernetes Secrets filled from the vault hold the target key, by their own bytes"
        "pods that read the Secret start with the old key";
    Preflight "preflight" false
        "the workload can be restarted without a gap: not paused, not Recreate, healthy"
        "a restart that rolls nothing, or takes every pod at once";
    Consumers "consumers" false
        "every consumer of the secret is named in the configuration, and follows the vault"
        "the others move to the new key, and one that nobody restarts keeps the old one";
    RolloutSettled "rollout-settled" false
        "no rollout is in flight"
        "a restart on top of a rollout that somebody else waits for";
    Wave "wave" false
        "canary first, then few at once, never the last healthy stamp that takes traffic"
        "a bad start takes every region at once";
    RestartBudget "restart-budget" false
        "no workload is restarted more often than policy allows"
        "a workload is restarted again and again, by something that no restart puts right";
    NotRefused "not-refused" false
        "the account has refused no request of a restarted stamp's region, where logs or metrics tell"
        "stamp after stamp is restarted into the refusals that the first one met";
    OldPodsGone "old-pods-gone" true
        "no pod is left that was created before its stamp was propagated, terminating ones included"
        "pods that still hold the old key are refused";
    NodesHeard "nodes-heard" false
        "every node that had an old pod and did not answer has answered since its pods are gone"
        "a machine that is only cut off goes on with the old key, though its pods were deleted";
    AllListed "all-listed" false
        "every cluster and vault that Azure knows, and that looks like part of a stamp, is configured"
        "a stamp that nobody listed is refused";
    KeyQuiet "key-quiet" false
        "the old key is unused for the quiet window, where Azure or the logs tell"
        "a reader that nobody listed is refused";
    Readers "readers" false
        "every other known reader of the old key has moved, is signed off as gone, or is accepted by name"
        "a reader that comes by once a day, read the secret last week, or is given the key beside it, is refused";
    SlotUnused "slot-unused" true
        "neither code nor vault names the slot that is to be regenerated"
        "a key is regenerated that code is about to bring into use";
    NoHazard "no-hazard" false
        "no run is under way that could write the vaults or the account"
        "a pipeline puts the old slot back while its key dies";
    Approved "approved" true
        "a person approved the regeneration of this rotation"
        "a key is regenerated that nobody meant to regenerate";
    NotPaused "not-paused" true
        "nobody has paused the rotation"
        "keyslot goes on while somebody looks into what is wrong";
    LeaseHeld "lease-held" true
        "the lease is held, in a store that can hold one"
        "a machine regenerates whose journal no other machine can see";
    MayRegenerate "may-regenerate" false
        "keyslot may regenerate the key and list the new one, long enough to see it accepted, and no lock forbids it"
        "a key is regenerated by somebody whose right ends before the new key is seen to work";
    Asked "asked" true
        "the command that runs was asked to do this step"
        "a command that was asked for one phase goes on to change code, pods or keys";
    Settled "settled" false
        "what became of a regeneration whose answer never came is known"
        "a regeneration is sent once more while the first one is under way";
    Regenerated "regenerated" true
        "the regeneration has ended and the key's generation time is later than before"
        "a second regeneration is sent while the first is under way";
    NewKeyAccepted "new-key-accepted" true
        "the new key is accepted in every region, again and again, for the confirmation window"
        "a rotation ends while a region still refuses the new key";
    Agreement "agreement" false
        "base branch, live release and vaults agree"
        "the next release takes everybody back to the other slot unseen";
}

impl Gate {
    /// The gate with this id.
    pub fn from_id(id: &str) -> Option<Gate> {
        Gate::ALL.iter().copied().find(|gate| gate.id() == id)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn the_gates_that_nobody_may_open_are_these() {
        let never: Vec<&str> =
            Gate::ALL.iter().filter(|gate| gate.never_accepted()).map(|gate| gate.id()).collect();
        assert_eq!(
            never,
            [
                "keys-allowed",
                "target-proven",
                "propagated",
                "old-pods-gone",
                "slot-unused",
                "approved",
                "not-paused",
                "lease-held",
                "asked",
                "regenerated",
                "new-key-accepted"
            ]
        );
    }

    #[test]
    fn every_id_leads_back_to_its_gate() {
        for gate in Gate::ALL {
            assert_eq!(Gate::from_id(gate.id()), Some(*gate));
        }
    }
}

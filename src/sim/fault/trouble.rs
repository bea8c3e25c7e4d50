//! What can be wrong with a call, or happen by itself.

use std::time::Duration;

use serde::Serialize;

use crate::model::BranchName;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Trouble {
    // Calls.
    /// The service asks to come later.
    Throttle { retry_after: Duration },
    /// No connection; nothing was received.
    Unreachable,
    /// The service says that the caller may not.
    Forbidden,
    /// The service's firewall turns the caller's address away.
    Firewalled,
    /// It is done, and the answer never arrives.
    LoseAnswer,
    /// The answer takes this long; the world goes on meanwhile.
    Delay { by: Duration },
    // The world.
    /// Neither vault nor cluster of the stamp answers (the stamp itself runs on).
    StampUnreachable,
    /// New pods hang before their containers run.
    NeverReady,
    /// New pods' containers end again and again.
    CrashLoop,
    /// What new pods' processes read of the key is none of the account's: they run and are ready, and every request of
    /// theirs is refused.
    MisreadKey,
    /// The driver cannot mount the secret for new pods: they wait until it can.
    CsiFails,
    /// In a window: the node stops answering. Its pods run on, with the key that they have, whatever the cluster tells
    /// them; after five minutes they are told to end. When the node is back, they hear it.
    NodeLost { node: u32 },
    /// In a window: somebody drains the node. Nothing is scheduled on it, and its pods are evicted as soon as budgets of
    /// disruption let them go.
    Drain { node: u32 },
    /// Somebody pauses the deployment.
    Pause,
    /// From now on the load takes so many pods: autoscalers give their Deployments as many, within their limits, and take none
    /// away before it has been less for five minutes.
    Scale { replicas: u32 },
    /// Somebody runs the whole pipeline of this branch, leaving out the stages named.
    RunPipeline { branch: BranchName, skip: Vec<String> },
    /// Somebody puts the first commit's file back on this branch, undoing what was merged to it.
    Revert { branch: BranchName },
    /// Somebody closes the pull request; the n-th occasion is the n-th one opened. In a window: all open then.
    ClosePull,
    /// Somebody pushes a commit of their own to the pull request's branch, so long after it was opened; the n-th occasion
    /// is the n-th one opened. In a window: to all open then.
    PushToPull { after: Duration },
    /// The account refuses the slot's read-write key in the region, valid or not.
    RefuseKey,
    /// Regenerations take this many times as long.
    SlowRegeneration { factor: u32 },
    /// The regeneration's operation ends as failed and changes no key.
    FailRegeneration,
    /// Mounted files follow the vault this much later.
    CsiLag { by: Duration },
    /// For this long after a write, the vault still answers with the version before.
    StaleVault { by: Duration },
    /// A pull request is not in any list for this long after it was opened.
    ListLag { by: Duration },
    /// In a window: the account's metrics tell nothing of what happens from its beginning on, as long as it lasts.
    MetricsStall,
    /// In a window: no row of what happens from its beginning on comes to the workspace, as long as it lasts; in the region
    /// that is named, or in all.
    LogsStall,
}

impl Trouble {
    pub(super) fn is_call(&self) -> bool {
        match self {
            Trouble::Throttle { .. }
            | Trouble::Unreachable
            | Trouble::Forbidden
            | Trouble::Firewalled
            | Trouble::LoseAnswer
            | Trouble::Delay { .. } => true,
            Trouble::StampUnreachable
            | Trouble::NeverReady
            | Trouble::CrashLoop
            | Trouble::MisreadKey
            | Trouble::CsiFails
            | Trouble::NodeLost { .. }
            | Trouble::Drain { .. }
            | Trouble::Pause
            | Trouble::Scale { .. }
            | Trouble::RunPipeline { .. }
            | Trouble::Revert { .. }
            | Trouble::ClosePull
            | Trouble::PushToPull { .. }
            | Trouble::RefuseKey
            | Trouble::SlowRegeneration { .. }
            | Trouble::FailRegeneration
            | Trouble::CsiLag { .. }
            | Trouble::StaleVault { .. }
            | Trouble::ListLag { .. }
            | Trouble::MetricsStall
            | Trouble::LogsStall => false,
        }
    }

    /// Whether it is something that somebody does at one moment.
    pub(in crate::sim) fn is_deed(&self) -> bool {
        matches!(
            self,
            Trouble::Pause
                | Trouble::Scale { .. }
                | Trouble::RunPipeline { .. }
                | Trouble::Revert { .. }
                | Trouble::ClosePull
                | Trouble::PushToPull { .. }
                | Trouble::NodeLost { .. }
                | Trouble::Drain { .. }
        )
    }
}

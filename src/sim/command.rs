//! What can be done to a world, by keyslot, by people and by tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::config::{Accepting, Flavour, MergeMethod, NodeConfig, QuotaConfig};
use super::forge::{CommitStatus, Mark};
use super::kubernetes::{ClassChange, Made, PodTemplate};
use super::repository::Commit;
use super::vault::Beside;
use crate::model::{
    BranchName, ClusterState, CommitId, KeyKind, KeyMaterial, PullNumber, ReplicaNumber, RunId, StampName,
    WorkloadName,
};

/// What a branch must be for a push to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is, as long as the push is a fast-forward (or makes the branch).
    FastForward,
    /// Whatever it is and whatever gets lost, where no rule forbids that.
    Forced,
    Absent,
    At(CommitId),
}

/// A change of a workload, which for most is a Deployment. `None` leaves a member as it is. What changes nothing bumps
/// nothing: neither generation nor resource version. What the kind does not have is refused.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DeploymentPatch {
    /// Annotations of the pod template; `None` as value removes one.
    pub template_annotations: BTreeMap<String, Option<String>>,
    /// Annotations of the Deployment itself; they are metadata and bump no generation.
    pub annotations: BTreeMap<String, Option<String>>,
    pub image: Option<String>,
    /// A whole template, as a roll back brings an earlier one.
    pub template: Option<Arc<PodTemplate>>,
    pub paused: Option<bool>,
    pub replicas: Option<u32>,
    pub flavour: Option<Flavour>,
    pub max_surge: Option<ReplicaNumber>,
    pub max_unavailable: Option<ReplicaNumber>,
    pub progress_deadline: Option<Duration>,
    pub min_ready: Option<Duration>,
    /// Of StatefulSets and DaemonSets.
    pub on_delete: Option<bool>,
    /// Of StatefulSets.
    pub partition: Option<u32>,
    /// `spec.restartAt` of Rollouts.
    pub restart_at: Option<String>,
    /// Where given and not current: refused as a conflict.
    pub resource_version: Option<u64>,
}

impl DeploymentPatch {
    /// One annotation of the pod template.
    pub fn annotate(key: &str, value: &str) -> DeploymentPatch {
        DeploymentPatch::default().and_annotate(key, value)
    }

    pub fn and_annotate(mut self, key: &str, value: &str) -> DeploymentPatch {
        self.template_annotations.insert(key.to_owned(), Some(value.to_owned()));
        self
    }

    pub fn pause(paused: bool) -> DeploymentPatch {
        DeploymentPatch { paused: Some(paused), ..DeploymentPatch::default() }
    }

    pub fn scale(replicas: u32) -> DeploymentPatch {
        DeploymentPatch { replicas: Some(replicas), ..DeploymentPatch::default() }
    }
}

/// One deed.
#[derive(Clone, Debug)]
pub enum Command {
    /// Moves a branch. `objects` brings the commits that the world may not know yet.
    Push {
        branch: BranchName,
        expected: Expected,
        commit: CommitId,
        objects: Vec<Arc<Commit>>,
        by: String,
    },
    /// Takes a branch away. What was to be merged from it is closed by that, as on GitHub.
    DeleteBranch {
        branch: BranchName,
        by: String,
    },
    OpenPull {
        head: BranchName,
        base: BranchName,
        title: String,
        body: String,
        by: String,
    },
    /// Replaces title or body.
    EditPull {
        number: PullNumber,
        title: Option<String>,
        body: Option<String>,
    },
    ReviewPull {
        number: PullNumber,
        approve: bool,
        by: String,
    },
    /// Starts the check on the current head.
    StartCheck {
        number: PullNumber,
    },
    MergePull {
        number: PullNumber,
        method: Option<MergeMethod>,
        by: String,
    },
    Comment {
        number: PullNumber,
        body: String,
        by: String,
    },
    EditComment {
        comment: u64,
        body: String,
    },
    DeleteComment {
        comment: u64,
    },
    MarkPull {
        number: PullNumber,
        mark: Mark,
    },
    ReportStatus(CommitStatus),
    /// Asks for it to be merged when its rules allow, as long as its head is this one.
    AutoMerge {
        number: PullNumber,
        head: Option<CommitId>,
        method: MergeMethod,
        by: String,
    },
    /// Takes that back.
    NoAutoMerge {
        number: PullNumber,
    },
    /// Puts it into the merge queue.
    Enqueue {
        number: PullNumber,
        head: Option<CommitId>,
    },
    ClosePull {
        number: PullNumber,
        by: String,
    },
    /// A run of the release pipeline; without a commit it is pinned to the branch's head.
    StartRun {
        branch: BranchName,
        commit: Option<CommitId>,
        skip: Vec<String>,
        by: String,
    },
    /// A run of the validation pipeline; without a commit it is pinned to the branch's head.
    StartValidation {
        branch: BranchName,
        commit: Option<CommitId>,
        by: String,
    },
    /// Somebody deploys by other means than the pipeline, or says how that stands, in GitHub's words.
    ReportDeployment {
        environment: String,
        branch: BranchName,
        commit: CommitId,
        state: String,
        by: String,
    },
    CancelRun {
        run: RunId,
    },
    /// Somebody switches the release pipeline off, or on again. What runs already goes on.
    SwitchPipeline {
        accepting: Accepting,
    },
    /// Has the failed stages run again.
    RetryRun {
        run: RunId,
    },
    /// Approves the stage that the run waits at.
    ApproveRun {
        run: RunId,
    },
    Patch {
        stamp: StampName,
        workload: WorkloadName,
        patch: DeploymentPatch,
    },
    /// Somebody makes a Job, a CronJob or a bare pod by hand.
    Make {
        stamp: StampName,
        namespace: String,
        name: String,
        made: Made,
    },
    /// Somebody deletes a Deployment.
    DeleteDeployment {
        stamp: StampName,
        workload: WorkloadName,
    },
    /// Somebody applies the Deployment that was deleted, as the configuration has it: a new one of the same name.
    ApplyDeployment {
        stamp: StampName,
        workload: WorkloadName,
    },
    DeleteJob {
        stamp: StampName,
        namespace: String,
        name: String,
    },
    DeletePod {
        stamp: StampName,
        namespace: String,
        name: String,
    },
    /// Somebody deletes by force what the API has of a node's pods that are told to end. Where the node is only cut off,
    /// their processes run on.
    ForcePods {
        stamp: StampName,
        node: u32,
    },
    /// Somebody deletes a Node that does not answer, and its pods with it; likewise.
    DeleteNode {
        stamp: StampName,
        node: u32,
    },
    Regenerate {
        kind: KeyKind,
        request_id: String,
        /// The application that asks.
        by: String,
    },
    /// Somebody deletes the account.
    DeleteAccount,
    /// What Azure says of a stamp's cluster from now on.
    TellCluster {
        stamp: StampName,
        state: ClusterState,
    },
    /// Somebody takes a stamp down: neither its vault nor its cluster is there any more.
    TakeDown {
        stamp: StampName,
    },
    /// Somebody writes a quota in a stamp's cluster.
    SetQuota {
        stamp: StampName,
        quota: QuotaConfig,
    },
    /// Somebody gives the nodes of a stamp's cluster another size.
    SetNodes {
        stamp: StampName,
        nodes: NodeConfig,
    },
    /// Somebody deletes, renames or edits a SecretProviderClass.
    ChangeClass {
        stamp: StampName,
        namespace: String,
        name: String,
        change: ClassChange,
    },
    /// An outsider, by its place, reads the secret again and uses what it gets from now on.
    OutsiderReads {
        outsider: usize,
    },
    /// Somebody deletes the secret of a stamp's vault, with all its versions.
    DeleteSecret {
        stamp: StampName,
    },
    /// Writes the secret into a stamp's vault by hand, with nothing beside the value; always a new version.
    SetSecret {
        stamp: StampName,
        value: KeyMaterial,
    },
    /// The same with this beside it.
    PutSecret {
        stamp: StampName,
        value: KeyMaterial,
        beside: Beside,
    },
    /// Somebody disables the current version of a stamp's secret, enables it, or edits its dates and tags.
    EditSecret {
        stamp: StampName,
        beside: Beside,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Whether the branch moved; `false` where it already stood there.
    Pushed {
        moved: bool,
    },
    Pull(PullNumber),
    Comment(u64),
    Merged(CommitId),
    Run(RunId),
    /// The Deployment as it stands after the patch.
    Patched {
        generation: i64,
        resource_version: u64,
        changed: bool,
    },
    /// The number of the account's operation that has begun.
    Operation(u64),
    /// The number of the vault version that was made.
    Version(u64),
    Done,
}

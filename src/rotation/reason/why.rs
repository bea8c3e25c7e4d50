//! Every reason for which a gate holds, with what is known of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::Phase;
use super::super::predicate::Deed;
use super::run::{FailedStage, Waiting};
use crate::model::{
    Amount, Blind, BranchName, Caller, ClassFate, CommitId, Demand, DeploymentView, EvidenceKey, Identity,
    KeyKind, LiveBy, NetworkRules, PullHead, PullWait, Refusals, ResourceKind, RunId, RunState,
    SecretVersion, Slot, SlotUse, StampName, Taker, Trace, Validity,
};

/// Why a gate holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Never looked at in this process.
    NotSeen(EvidenceKey),
    TooOld {
        evidence: EvidenceKey,
        age: Duration,
        max: Duration,
    },
    Blind {
        evidence: EvidenceKey,
        blind: Blind,
    },
    LocalAuthDisabled,
    /// The account is in the middle of an operation.
    AccountBusy {
        state: String,
    },
    KeyRefused {
        slot: Slot,
        regions: Vec<String>,
    },
    /// The key is so young that a region may not know it yet.
    KeySpreading {
        slot: Slot,
        regions: Vec<String>,
        until: Timestamp,
    },
    /// `why` is of the first of the regions.
    ProofInconclusive {
        slot: Slot,
        regions: Vec<String>,
        why: String,
        /// There is nothing to try it on, which no time changes.
        lasting: bool,
    },
    /// The account's network rules keep this machine out: it cannot ask whether the key is accepted there.
    KeptOut {
        slot: Slot,
        regions: Vec<String>,
        rules: NetworkRules,
    },
    /// The proof was made of a key that is no longer the slot's.
    ProofOfAnotherKey {
        slot: Slot,
    },
    TargetTooOld {
        age: Option<Duration>,
        max: Duration,
    },
    TreeProblems {
        problems: Vec<String>,
    },
    NoReference,
    PullOpen {
        url: String,
        waits: Vec<PullWait>,
    },
    /// What keyslot would merge is not what it has read: the branch has another head.
    HeadNotJudged {
        head: CommitId,
    },
    /// The head is not the commit that keyslot made, and nobody has approved it.
    PushedSince {
        head: CommitId,
    },
    /// keyslot was configured to merge it, or to have it merged, and may not.
    MergeRefused {
        step: String,
        why: String,
    },
    /// The forge took the wish to merge this head, and has it no longer: somebody has taken it back. `queue`: what merges it is
    /// a merge queue, which takes out what does not pass, too.
    WishTakenBack {
        head: CommitId,
        queue: bool,
    },
    /// It was merged with a change that nobody had approved; `stale` approved another one.
    MergedUnreviewed {
        head: CommitId,
        /// How many have approved it.
        have: usize,
        wanted: u32,
        stale: Vec<String>,
        /// What of the base branch's demands could not be read.
        unread: Vec<String>,
    },
    /// Something else stands on a branch of keyslot's own name, or the change and more.
    BranchOfOthers {
        head: CommitId,
        reads: SlotUse,
        wanted: Slot,
    },
    /// The change stands on commits that the branch it goes to does not have, or has no more: merged, it brings them along.
    BringsAlong {
        head: CommitId,
        base: BranchName,
    },
    /// The branch that it goes to has got another reader since: the head is right, and what merging it makes is not.
    MergeWouldRead {
        base: BranchName,
        reads: SlotUse,
        wanted: Slot,
    },
    /// The branch came to read the slot by a commit that no pull request brought, though reviews are wanted there, or may
    /// be.
    ChangedByOtherHands {
        branch: BranchName,
        wanted: u32,
        unread: Vec<String>,
    },
    PullClosed {
        url: String,
    },
    /// Asked for, not seen yet.
    PullNotListed {
        since: Timestamp,
    },
    /// The pull request is merged, yet the base branch does not read the slot.
    MergedButReads {
        reads: SlotUse,
    },
    /// keyslot has pushed the change to the branch, which does not read the slot any more.
    TakenBack {
        reads: SlotUse,
    },
    CheckNotPassed {
        name: String,
        passed: Option<bool>,
        /// Of what is merged: no later head comes.
        merged: bool,
    },
    /// The validation pipeline runs on this head.
    ValidationRuns {
        pipeline: String,
        url: String,
        state: RunState,
        since: Timestamp,
    },
    /// It ran on this head, and the check that waits for it was not reported.
    ValidationEnded {
        pipeline: String,
        url: String,
        state: RunState,
        at: Option<Timestamp>,
    },
    /// keyslot has started it, and no list shows it yet.
    ValidationAsked {
        pipeline: String,
        run: Option<RunId>,
        /// What it is of, where that is another commit than the head.
        elsewhere: Option<CommitId>,
    },
    /// Nobody has started it on this head.
    ValidationToStart {
        pipeline: String,
        at: Box<PullHead>,
        page: String,
    },
    /// keyslot was configured to start it, and may not.
    ValidationRefused {
        step: String,
        why: String,
    },
    /// Nothing shows the effect of a step yet; look until then.
    OutcomeOpen {
        step: String,
        /// Whether the service has said that it took it; else it is not known whether it arrived.
        taken: bool,
        /// The run that the service named.
        run: Option<RunId>,
        until: Timestamp,
        /// What was said instead of an answer, where something was.
        said: Option<String>,
    },
    /// It was sent again and again, each look since has shown that it did not arrive, and nothing but this was said.
    NeverArrives {
        step: String,
        attempts: u32,
        since: Timestamp,
        said: String,
    },
    /// No answer came to it, yet the activity log shows it: it arrived, and its end is waited for.
    Arrived {
        step: String,
        id: String,
        trace: Trace,
    },
    /// No answer came to it, and by now nothing tells what became of it. `newest` is the newest event that the activity
    /// log shows.
    Untraced {
        step: String,
        sent: Timestamp,
        trace: Trace,
        newest: Option<Timestamp>,
    },
    /// A step was refused, and only a person can change that.
    StepRefused {
        step: String,
        why: String,
    },
    /// A step was refused for now.
    StepDeferred {
        step: String,
        why: String,
        until: Timestamp,
    },
    BranchReads {
        reads: SlotUse,
        wanted: Slot,
    },
    RunUnderWay {
        branch: BranchName,
        commit: CommitId,
        url: String,
    },
    RunWaitsForApproval {
        branch: BranchName,
        commit: CommitId,
        /// Where it is approved.
        url: String,
        waiting: Box<Waiting>,
    },
    /// What it may have written is not to be seen for certain before then.
    RunJustEnded {
        until: Timestamp,
    },
    RunFailed {
        url: String,
        failed: Option<Box<FailedStage>>,
    },
    /// Somebody cancelled it.
    RunCanceled {
        url: String,
    },
    /// keyslot asked for a run of another commit, and this one was started.
    RunOfOtherCommit {
        commit: CommitId,
        asked: CommitId,
        url: String,
    },
    /// The pipeline has stages that the configuration does not declare: a run of them could do anything.
    StagesUndeclared {
        stages: Vec<String>,
        url: String,
    },
    /// A run would move traffic or destroy a unit, and nobody accepted that.
    StagesNotSkipped {
        stages: Vec<String>,
    },
    /// A later run of another branch moved traffic: this branch's unit is not the live one, and a run of it would take
    /// the newer one's place.
    RunOfOlderUnit {
        live: BranchName,
        url: String,
    },
    /// Nobody can tell whether a later run of another branch has moved traffic to its unit.
    TrafficUnknown {
        branch: BranchName,
        /// It may come out by itself.
        going: bool,
        url: String,
    },
    /// No run since then has moved traffic, and older ones are not read.
    TrafficBeyond {
        since: Timestamp,
        url: String,
    },
    /// Other code is deployed to the environment, or is about to be, by whatever.
    DeploymentUnderWay {
        deployment: Box<DeploymentView>,
    },
    /// The push has started one, or will.
    RunAwaited {
        commit: CommitId,
    },
    /// A person starts it.
    RunByHand {
        commit: CommitId,
        skip: Vec<String>,
    },
    /// The run wrote the vaults, yet this vault does not hold the key.
    RunDidNotWrite {
        url: String,
    },
    /// The run that keyslot asked for ended well, and these stages, which write the vaults, were left out of it.
    RunLeftVaultsOut {
        stages: Vec<String>,
        url: String,
    },
    /// The run that keyslot asked for was taken, and no list shows it.
    RunUnlisted {
        since: Timestamp,
    },
    VaultHolds {
        slot: Option<Slot>,
        wanted: Slot,
    },
    /// It holds none of the keys that keyslot may write over, and nobody else writes it.
    VaultByHand {
        wanted: Slot,
    },
    VaultDisabled,
    /// There is no such vault, or no such secret in it, as the service says in these words.
    VaultMissing {
        why: String,
    },
    /// Its value is none of the account's keys: somebody set it by hand, or it was regenerated away.
    VaultHoldsNoKey,
    /// It is a key of the account, and none of those that are rotated: the other access.
    VaultHoldsOtherAccess {
        kind: KeyKind,
    },
    /// It holds the key for so short a time that pods may still be given the one before.
    VaultSettling {
        until: Timestamp,
    },
    /// It does not hold the key, and the vault has held it for less than the driver may take.
    SyncedSecretLags {
        secret: String,
        until: Timestamp,
    },
    SyncedSecretStale {
        secret: String,
    },
    /// It holds the key, and pods are there whose files hold another version: newer drivers write these into it. One that
    /// stands until then is not written so.
    SyncedSecretContested {
        secret: String,
        pods: Vec<String>,
        until: Timestamp,
    },
    /// The cluster is stopped, and keeps Secrets as the other clusters have them; nobody can read what they hold.
    SyncedSecretUnread {
        secrets: Vec<String>,
    },
    /// It, or the key in it, is not there, and running pods read it: they hold what it held when they began.
    SyncedSecretAbsent {
        secret: String,
        pods: Vec<String>,
    },
    /// It was not there at the last look, and pods that run and began since then read it: what it holds, and since when, that
    /// look could not tell.
    SyncedSecretUnlooked {
        secret: String,
        pods: Vec<String>,
    },
    /// It holds the key, and nobody says since when: pods that read it may be older than that.
    SyncedSecretUndated {
        secret: String,
        pods: Vec<String>,
    },
    /// A CronJob's next run would start with what the Secret holds.
    CronJobReadsStale {
        secret: String,
    },
    WorkloadMissing,
    /// Its cluster is looked at in these namespaces alone, for want of a right, and not because the configuration says so.
    NamespacesUnseen {
        looked: Vec<String>,
        /// Those that are known of the others.
        refused: Vec<String>,
    },
    /// It gets the secret, and the configuration does not name it.
    UnlistedWorkload,
    /// Pods get the secret that belong to nothing that can be restarted from here.
    UnlistedPods {
        pods: Vec<String>,
        /// One of them is there for longer than what ends by itself.
        stays: bool,
    },
    /// Pods that get the secret by nothing that shows today, and may have got it when they began: their class is gone, or
    /// was changed since.
    MayHoldSecret {
        /// None where the next pod would get it.
        pods: Vec<String>,
        /// Or the Kubernetes Secret, where nothing tells which class filled it.
        class: String,
        fate: ClassFate,
    },
    /// The configuration names it and it runs, and nothing shows how it gets the secret.
    DoesNotGetSecret {
        pods: usize,
    },
    /// A new pod of it could not start: the SecretProviderClass that it mounts does not exist.
    ClassMissing {
        class: String,
    },
    /// What it mounts names a version of the secret, and so never follows the vault.
    PinnedVersion {
        version: SecretVersion,
    },
    /// Azure knows no such cluster, yet the stamp's vault is there.
    ClusterGone,
    /// Its pods are those that another stamp's cluster shows.
    ClusterOfOther {
        other: StampName,
    },
    /// Azure is at work on the stamp's cluster.
    ClusterChanging {
        state: String,
    },
    Paused,
    Recreate,
    /// Its pods are replaced when somebody deletes them.
    OnDelete,
    /// Only its pods from that ordinal on are replaced.
    Partitioned {
        partition: u32,
        desired: u32,
    },
    RolloutUnderWay {
        updated: u32,
        available: u32,
        desired: u32,
    },
    /// Not enough pods available before anything was done.
    Unhealthy {
        available: u32,
        desired: u32,
        /// Nodes that do not answer, and have pods of it.
        silent: Vec<String>,
    },
    /// A restart of ours had failed, and somebody has taken it back: restarted again, it would fail again where nothing else
    /// was done about it.
    FailedRestartUndone {
        restarted_at: String,
    },
    RolloutFailed {
        message: String,
        /// What a person would look up first: states of containers, warnings of the cluster.
        symptoms: Vec<String>,
    },
    CanaryFirst {
        canary: StampName,
    },
    Soaking {
        canary: StampName,
        /// When its last pod was ready.
        since: Timestamp,
        until: Timestamp,
    },
    WaveFull {
        busy: Vec<StampName>,
    },
    /// The wave has a place again, or another stamp to serve meanwhile, once it is known whom the account refuses of these,
    /// whose restarts are over.
    WaveSettling {
        behind: Vec<StampName>,
    },
    LastHealthyStamp {
        /// Whether another is about to be healthy again, as far as can be seen.
        recovering: bool,
    },
    /// A restart may take every pod away before another serves.
    TakesAll {
        desired: u32,
    },
    /// Not one more of its pods fits into a quota of its namespace.
    NoRoom {
        quota: String,
        resource: String,
        /// Of one pod; `None` where the quota wants an amount to be named, and the pod names none.
        asks: Option<Amount>,
        hard: Amount,
        used: Amount,
        /// Whether pods are about to go that count in it.
        passing: bool,
    },
    /// Its autoscaler wants more pods than it may have, and a restart would take some away.
    AtLimit {
        autoscaler: String,
        most: u32,
    },
    /// Pods wait for room on a node, whoever they are of, and a restart would take some of its own away: their room may go to
    /// those that wait.
    NodesFull {
        waiting: usize,
        /// The first few.
        pods: Vec<String>,
        /// The scheduler's words.
        message: String,
    },
    /// Its rollout is over, and it has not all the pods that it wants: it is being scaled, or has lost some.
    Scaling {
        available: u32,
        desired: u32,
        /// Nodes that do not answer, and have pods of it.
        silent: Vec<String>,
    },
    /// The list of pods shows fewer than the workload's controller counts.
    PodsLeftOut {
        missing: usize,
        listed: usize,
    },
    /// It was restarted as often as policy allows, and still has pods of an older key.
    BudgetSpent {
        restarts: usize,
    },
    /// The API server's answers bear no date: how its clock stands is not known.
    ClockUnknown,
    /// The clocks of the API server and of this machine differ by so much that ages of pods prove nothing.
    ClocksDiffer {
        ahead: SignedDuration,
    },
    /// Somebody asked to stop between two steps.
    PausedByPerson {
        by: String,
        because: String,
        since: Timestamp,
    },
    /// Old pods were deleted while their node did not answer, and it has not answered since, or not for long enough. `back`: when
    /// it will have, where it does now. `lasting`: it does not answer for so long, or is gone, that nobody waits for it.
    DeletedUnheard {
        node: String,
        pods: Vec<String>,
        back: Option<Timestamp>,
        lasting: bool,
    },
    /// `ends`: when the last of those that are told to end has no time left for it.
    OldPods {
        pods: Vec<String>,
        terminating: usize,
        ends: Option<Timestamp>,
    },
    /// A Job's pods that may hold the older key; they keep it until they end.
    JobRuns {
        pods: Vec<String>,
        /// One of them is there for longer than what ends by itself.
        stays: bool,
    },
    /// The node does not answer, or is gone: whatever its pods are told, they may run on. It may come back.
    NodeNotReady {
        node: String,
        pods: Vec<String>,
        since: Option<Timestamp>,
    },
    /// Told to end, and still there long after their time for it was over: nobody on the node does what it is told.
    NodeSilent {
        node: String,
        pods: Vec<String>,
        since: Timestamp,
    },
    /// Nothing of ours will replace them.
    OldPodsStay {
        pods: Vec<String>,
    },
    /// Young by their own stamp's vault, and with a mount of another stamp's that holds an older version, or may.
    OldMountOfOther {
        pods: Vec<String>,
        of: StampName,
        /// Not all of them are told to end.
        stay: bool,
    },
    /// They run, and nothing shows which version of the secret they got. `lasting`: for so long that it will not show by
    /// itself.
    PodsNotMounted {
        pods: Vec<String>,
        /// The stamp whose vault they mount from instead, where they do.
        of: Option<StampName>,
        lasting: bool,
    },
    /// The journal names it, and the configuration does no more.
    StampTakenOut,
    /// Azure shows the stamp, and it does not look like one by what the configuration says of stamps.
    PatternsMisfit,
    /// Another environment names the same account, and its stamps are looked at by nobody here.
    AccountOfOther,
    /// Every configured stamp counts as closed: nobody is left who could hold the old key, or nobody was looked at.
    NoLiveStamp,
    /// It looks like part of a stamp, and the configuration does not name it.
    Unlisted {
        kind: ResourceKind,
        resource_group: String,
        location: String,
    },
    /// It looks like part of a stamp, and may be that of one that does not tell its cluster's name in Azure.
    Unattributed {
        resource_group: String,
        location: String,
    },
    UsedRecently {
        slot: Slot,
        at: Timestamp,
        until: Timestamp,
    },
    /// By its own note it was used then, and no note of another key has come to the end of the quiet window since: the notes
    /// may not come.
    NotesBehind {
        slot: Slot,
        at: Timestamp,
        /// The newest note of any other key.
        reached: Option<Timestamp>,
        wanted: Timestamp,
        /// For so long that somebody should look at it.
        lasting: bool,
    },
    /// The logs show a request that was signed with the key.
    SeenInLogs {
        slot: Slot,
        at: Timestamp,
        until: Timestamp,
        by: Box<Caller>,
        /// The stamp whose pods come from there, where the configuration says so.
        stamp: Option<StampName>,
        count: u64,
    },
    /// Somebody outside of the known stamps used the key, however long ago.
    UsedByStranger {
        slot: Slot,
        at: Timestamp,
        /// Until then it may still move by itself.
        until: Option<Timestamp>,
        by: Caller,
        count: u64,
        /// Whether it uses the other slot's key too, and has for long.
        both: bool,
        /// Why its sign-off does not count, where there is one.
        void: Option<Validity>,
    },
    /// Somebody outside of the known stamps read the secret, and not since the vault has its present version.
    SecretRead {
        vault: StampName,
        at: Timestamp,
        /// Until then it may still move by itself.
        until: Option<Timestamp>,
        by: Box<Identity>,
        from: Box<Caller>,
        count: u64,
        void: Option<Validity>,
    },
    /// The code gives the key to something beside the secret, and nothing tells when that has the new one.
    DeliveredElsewhere {
        /// Whose key is to be regenerated.
        slot: Slot,
        taker: Taker,
        arguments: Vec<String>,
        files: Vec<String>,
    },
    /// The logs show requests that may have been signed with any key.
    KeyNotNamed {
        at: Timestamp,
        until: Timestamp,
        by: Box<Caller>,
        stamp: Option<StampName>,
        count: u64,
    },
    /// What the logs show ends before what must be known.
    LogsBehind {
        /// Where it is one that is behind the others.
        region: Option<String>,
        reached: Option<Timestamp>,
        wanted: Timestamp,
    },
    /// They were asked from then on, and their first row is of much later: what was before, nobody has written down.
    LogsYoung {
        begins: Timestamp,
        wanted: Timestamp,
        /// When they go back far enough, where that is soon.
        until: Option<Timestamp>,
    },
    /// What was read of logs or metrics begins after what must be known.
    WindowShort {
        evidence: EvidenceKey,
        begins: Timestamp,
        wanted: Timestamp,
    },
    /// They have been for so long that somebody should look at them.
    LogsStalled {
        reached: Option<Timestamp>,
        wanted: Timestamp,
    },
    /// The account's metrics tell of no request of anybody in the stamp's region from then on, so that none is told to be
    /// refused says nothing: the metrics do not come, or nobody asks the account there.
    MetricsSilent {
        /// Up to when they tell of something; `None` where they do not in the last hour.
        reached: Option<Timestamp>,
        wanted: Timestamp,
        /// For so long that somebody should look at them.
        lasting: bool,
    },
    /// Neither metrics nor logs tell yet of any request in the stamp's region then or later, so that whom the account refuses
    /// of it is not among what they tell.
    RefusalsUntold {
        /// Which of the two is waited for.
        evidence: EvidenceKey,
        reached: Option<Timestamp>,
        wanted: Timestamp,
        /// For so long that somebody should look at them.
        lasting: bool,
    },
    /// Since its pods were replaced.
    RefusedSince {
        region: String,
        since: Timestamp,
        at: Timestamp,
        by: Caller,
        count: u64,
        /// Whether it comes from no address of a stamp.
        stranger: bool,
    },
    /// The same, by the account's metrics, which name no caller.
    RefusedByMetrics {
        since: Timestamp,
        refusals: Refusals,
    },
    SlotNamed {
        by: String,
    },
    NotApproved {
        digest: String,
    },
    ApproverIsProposer {
        by: String,
    },
    /// Policy wants another person to approve, and who has approved, or who has proposed, is known by no name.
    PersonUnknown {
        proposer: bool,
    },
    ApprovedOtherEvidence {
        digest: String,
    },
    LeaseOfOther {
        holder: String,
        until: Timestamp,
    },
    StoreNotShared,
    /// The service says that we may not.
    /// By what the forge says, one of its rules will refuse this.
    RuleRefuses {
        deed: Deed,
        demand: Demand,
    },
    /// Its cluster says that keyslot may not do this, which restarts take.
    MayNotRestart {
        what: String,
        remedy: String,
    },
    RightMissing {
        remedy: String,
    },
    /// The service does not say whether we may.
    RightUnknown {
        why: String,
        remedy: String,
    },
    /// It ends before the new key can have been confirmed.
    RightEnds {
        until: Timestamp,
        wanted: Timestamp,
    },
    /// The unit was built from code that names the other slot: a newer one takes its place.
    UnitOfOlderCode {
        slot: Slot,
        wanted: Slot,
    },
    /// Nothing but its name says that the release branch is the live one, or what says it differs.
    ReleaseUnclear {
        live_by: LiveBy,
    },
    /// It is not what this command was asked for.
    NotAsked {
        phase: Phase,
        step: String,
    },
    OperationRunning {
        until: Timestamp,
    },
    OperationFailed {
        why: String,
    },
    GenerationNotNewer,
    /// Its generation time is later, and it is the key of before. `lasting`: for so long that somebody should look.
    RetiredKeyGiven {
        slot: Slot,
        lasting: bool,
    },
    NotAcceptedLongEnough {
        since: Option<Timestamp>,
        /// At the earliest.
        until: Option<Timestamp>,
        /// What one probe counts for at most.
        reach: Duration,
        /// What counts so far, where probes were further apart than that.
        counted: Option<Duration>,
    },
}

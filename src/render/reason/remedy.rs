//! What to do about a reason, in words.

use super::{FILLED, delivered, is_class};
use crate::model::{Blindness, ClassFate, EvidenceKey};
use crate::render::{branch_rules, unanswered};
use crate::rotation::{Gate, Phase, Reason, Subject, Why, ended_ill};

/// What opens it, as one sentence without a full stop. Empty where time does.
pub fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::KeyRefused { slot, .. } => {
            return format!(
                "see whether the {slot} key was regenerated just now; else regenerate it first, it is not \
                 in use"
            );
        }
        Why::UnlistedWorkload => return unlisted(&reason.subject),
        Why::RolloutFailed { .. } => return failed(&reason.subject),
        Why::KeptOut { .. } if reason.gate == Gate::NewKeyAccepted => {
            "run `keyslot rotate` where the account lets requests in from (an agent beside the workloads), or let this \
             machine's address in; until then the rotation stays open, and everybody is on the other key"
        }
        Why::KeptOut { .. } => {
            "run keyslot where the workloads run (an agent in their network, which the rules let in), or let this \
             machine's address in (`ipRules`); only a signed request proves a key, so nothing goes on from here"
        }
        Why::RuleRefuses { deed, demand } => branch_rules::remedy(*deed, demand),
        Why::MayNotRestart { remedy, .. } => return remedy.clone(),
        Why::RightMissing { remedy } | Why::RightUnknown { remedy, .. } => return remedy.clone(),
        Why::RightEnds { .. } => "extend the role's activation, or have it assigned for longer",
        Why::UnitOfOlderCode { .. } => "deploy the next release, and let the older unit go",
        Why::ReleaseUnclear { .. } => {
            "name the branch that is live: `keyslot promote --release BRANCH`, or `branch` under \
             [environment.NAME.release]; where the tag means something else, name another as `branch_tag`"
        }
        Why::NotAsked { phase: Phase::Restart, .. } => "name its stamp with --stamp too, or name none",
        Why::NotAsked { phase: Phase::Propose, .. } => "`keyslot propose` does it",
        Why::NotAsked { phase: Phase::Merge, .. } => "have its pull request merged, then `keyslot promote`",
        Why::NotAsked { phase: Phase::Promote, .. } => "`keyslot promote` does it",
        Why::NotAsked { .. } => "`keyslot rotate` does it",
        Why::LocalAuthDisabled => {
            "if its keys shall be used, set disableLocalAuth to false; if not, close the rotation: there is nothing to \
             rotate"
        }
        Why::TreeProblems { .. } => "run `keyslot check` on the branch and mend what it names",
        Why::NoReference => {
            "see that `root` under [environment.NAME.terraform] and the account in keyslot.toml are right"
        }
        Why::PullOpen { .. } => "review and merge it",
        Why::PushedSince { .. } => "let somebody approve it as it is now",
        Why::WishTakenBack { queue: true, .. } => {
            "see why, then put it back into the queue there: keyslot does not do so twice with the same commit"
        }
        Why::WishTakenBack { queue: false, .. } => {
            "merge it, or ask for auto-merge there: keyslot does not do so twice with the same commit"
        }
        Why::MergeRefused { .. } => {
            "merge it; or correct `merge` under [environment.NAME.release.forge] in keyslot.toml"
        }
        Why::MergedUnreviewed { .. } => {
            "look at what was merged and approve the pull request, or accept it by name"
        }
        Why::PullClosed { .. } if reason.gate == Gate::Promoted => {
            "reopen it; or `keyslot close --because …`, then `keyslot propose --retire SLOT` with the slot that this rotation \
             retires, and `keyslot promote`, which opens a fresh one on another branch"
        }
        Why::PullClosed { .. } => {
            "reopen it; or `keyslot close --because …`, after which `keyslot propose` opens a fresh one on another branch"
        }
        Why::MergedButReads { .. } => {
            "it did not bring the change, or somebody changed it back: change the base branch by hand; or \
             `keyslot close --because …`, after which `keyslot propose` opens a fresh one on another branch"
        }
        Why::TakenBack { .. } => {
            "ask who, and why; put it there again by hand, or by `keyslot promote --flip`; or `keyslot close --because …`"
        }
        Why::BranchOfOthers { .. } => {
            "look at what stands there; delete the branch, and keyslot makes it anew; or open its pull request yourself"
        }
        Why::BringsAlong { .. } => {
            "move the branch onto the one that it goes to, as that is now (git rebase), and let it be approved; or put those \
             commits there first; or close its pull request and `keyslot close --because …`, and propose anew"
        }
        Why::MergeWouldRead { .. } => {
            "bring the branch up to date, change the new reader there too, and let it be approved; or close its pull request and \
             `keyslot close --because …`, and propose anew"
        }
        Why::ChangedByOtherHands { .. } => {
            "look at the commit, and accept it by name; or take it back, and let the pull request bring the change"
        }
        Why::CheckNotPassed { .. } => "run the check on this head, or accept it by name",
        Why::ValidationRuns { .. } | Why::ValidationAsked { .. } => {
            "wait for its check, or see what its run waits for"
        }
        Why::ValidationEnded { .. } => {
            "look at the run; start it again on the same branch, or correct `validation` under [environment.NAME.release.forge]"
        }
        Why::ValidationToStart { .. } => {
            "start it there; or let keyslot, with `start = true` under [environment.NAME.release.validation]"
        }
        Why::ValidationRefused { .. } => {
            "start it by hand, or mend the cause; `start = false` under [environment.NAME.release.validation] asks for no more"
        }
        Why::Untraced { .. } => unanswered::BY_HAND,
        Why::Blind { evidence: EvidenceKey::Traces, .. } => unanswered::BY_HAND,
        Why::StepRefused { .. } => "mend the cause: the next run tries it again",
        Why::NeverArrives { .. } => {
            "mend what these words tell of (a webhook that is away, an API server in trouble): the next run tries it again"
        }
        Why::RunFailed { .. } => {
            "mend what failed; then retry the stage, or run the pipeline again on the same commit with the same stages left \
             out"
        }
        Why::RunCanceled { .. } => {
            "ask who cancelled it, and why; when it may run, run it again on the same commit with the same stages left out"
        }
        Why::RunOfOtherCommit { .. } => {
            "cancel it, and find out why the pipeline does not run the commit that it is given; then start the run by hand \
             with the same stages left out, or accept this one by name to have another one asked for"
        }
        Why::StagesUndeclared { .. } => {
            "declare each under [[environment.NAME.release.pipeline.stage]], with its effects or none"
        }
        Why::StagesNotSkipped { .. } => {
            "add it to `skip` under [environment.NAME.release.pipeline], or to `accept` there, with `because`"
        }
        Why::RunOfOlderUnit { .. } => {
            "name the live release branch under [environment.NAME.release], and give the other unit the key by its own \
             route or let it go"
        }
        Why::TrafficUnknown { .. } => {
            "look which unit has the traffic; see that the run comes to its end and that its stages are declared, or accept \
             it by name"
        }
        Why::TrafficBeyond { .. } => {
            "look which unit has the traffic; where it is this branch's, accept that by name"
        }
        Why::DeploymentUnderWay { .. } => {
            "wait for its end, or stop it: it may put the old slot back; or accept it by name"
        }
        Why::RunAwaited { .. } => "see that the workflow is triggered by pushes to this branch",
        Why::RunByHand { .. } => "start it; nothing else is needed here",
        Why::RunDidNotWrite { .. } => {
            "see whether Terraform ignores the value (`ignore_changes`) or the run left the stage out"
        }
        Why::RunLeftVaultsOut { .. } => {
            "see what left the stage out: a condition on how a run began, or an approval that timed out; then run the stage \
             again, or `keyslot resume` to have another run asked for"
        }
        Why::RunUnlisted { .. } => {
            "the list may be late, and is looked at again; where the run is not to be found in the pipeline either, \
             `keyslot resume` has another one asked for"
        }
        Why::RunWaitsForApproval { waiting, .. } if waiting.ours => {
            "approve it, or turn it down: it is a run of the very code that the rotation deploys"
        }
        Why::RunWaitsForApproval { .. } => {
            "turn it down or cancel it: it may put the old slot back, also by a plan that it has saved. Where it holds the \
             rotation, nothing goes on before it is over; do not approve it before the new key is confirmed"
        }
        Why::VaultByHand { .. } => {
            "find out who sets it and who reads it; then set the secret to the key yourself, or remove the stamp"
        }
        Why::VaultDisabled => {
            "enable the secret's current version, or have a new one written: Terraform cannot read one that is disabled, so an \
             apply does not mend it"
        }
        Why::VaultMissing { .. } => {
            "correct `key_vault` of the stamp, or `name` under [environment.NAME.secret], in keyslot.toml; if it is still to \
             be made, or is gone for good, accept the stamp by name"
        }
        Why::VaultHoldsNoKey => {
            "find out who sets it and who reads it; where the next run of the pipeline writes it anyway, accept the stamp by \
             name"
        }
        Why::VaultHoldsOtherAccess { .. } => {
            "set the secret to the key of the right access, or correct the attribute that is written into it; where the next \
             run of the pipeline writes it anyway, accept the stamp by name"
        }
        Why::SyncedSecretStale { .. } => FILLED,
        Why::SyncedSecretUnread { .. } => {
            "start the cluster and have the Secret filled anew, or accept that by name"
        }
        Why::SyncedSecretAbsent { .. } => {
            "restart one workload that mounts its class (`kubectl rollout restart`): the new pods make it, and keyslot \
             restarts whoever reads it; one that is optional and never there is accepted by name"
        }
        Why::SyncedSecretUndated { .. } => {
            "have its `managedFields` kept (who takes them away?); or restart what reads it now, and accept the stamp by \
             name"
        }
        Why::CronJobReadsStale { .. } => {
            "delete the Secret, so that the next pod that mounts its class makes it anew (a driver from 1.6 on lets any pod \
             with old files do so: turn rotation on there); or suspend the CronJob"
        }
        Why::NamespacesUnseen { .. } => {
            "bind the role of `keyslot example cluster-role` in all namespaces again; or name the stamp's `namespaces` in keyslot.toml, if \
             nobody else gets the secret; or accept the stamp by name"
        }
        Why::UnlistedPods { stays: false, .. } => {
            "let it end, or restart it by other means when the vault holds the new key"
        }
        Why::UnlistedPods { stays: true, .. } => {
            "restart it by other means when the vault holds the new key; then accept it by name, or delete it"
        }
        Why::MayHoldSecret { fate: ClassFate::Absent, .. } => {
            "bring the class back (was it renamed?) and restart what mounts it; or accept it by name if it never got the \
             key"
        }
        Why::MayHoldSecret { fate: ClassFate::Filled, .. } => {
            "let the class deliver the key again, or take the Secret out of what reads it and restart that; or accept it \
             by name if the Secret never held the key"
        }
        Why::MayHoldSecret { fate: ClassFate::Unfilled, .. } => {
            "name the Secret in `secretObjects` of the class again, or take it out of what reads it and restart that; or \
             accept it by name if the Secret never held the key"
        }
        Why::MayHoldSecret { fate: ClassFate::OtherVault, .. } => {
            "accept it by name if it is another product's; or let the class name the stamp's vault (`keyvaultName`), or \
             configure the stamp that the vault is of"
        }
        Why::MayHoldSecret { fate: ClassFate::Changed, .. } => {
            "restart it once the vault holds the new key (kubectl rollout restart); or accept it by name if it never got \
             the key"
        }
        Why::DoesNotGetSecret { .. } => {
            "see its SecretProviderClass (kubectl get secretproviderclass): was it renamed, or edited? If it takes the key \
             no more, take it out of `order` once it was restarted; if it gets it by a way that keyslot does not see (Dapr, an \
             operator, a copy of the Secret), accept it by name: it is restarted like the others then, and its old pods count"
        }
        Why::ClassMissing { .. } => {
            "bring the class back, or mount the one that took its place, before anything is restarted"
        }
        Why::PinnedVersion { .. } if is_class(&reason.subject) => {
            "remove `objectVersion` from its object, or change it when the vault has the new version; or delete the class, or \
             accept it by name, if nothing mounts it any more"
        }
        Why::PinnedVersion { .. } => {
            "remove `objectVersion` from the object in the SecretProviderClass, or change it when the vault has the \
             new version"
        }
        Why::OnDelete => {
            "change `updateStrategy` to RollingUpdate; or delete its pods one by one once the vault holds the new key, \
             and run this again"
        }
        Why::Partitioned { .. } => "set `updateStrategy.rollingUpdate.partition` to 0",
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
        Why::NotesBehind { lasting: true, .. } => {
            "no use of another key was noted since: see whether anybody uses the account with the new key, and who uses the old \
             one (its logs name keys); then accept the key by name"
        }
        // The stamp's own pods: they end, and the window with them.
        Why::SeenInLogs { stamp: Some(_), .. } => "",
        Why::SeenInLogs { stamp: None, .. } => {
            "find who it is (`keyslot census`) and move it, or accept it by name"
        }
        Why::UsedByStranger { .. } => {
            "find who it is (`keyslot census`) and move it, sign it off as gone ([[environment.NAME.reader]]), or \
             accept it by name"
        }
        Why::SecretRead { .. } => {
            "let it read the secret again, sign it off as gone ([[environment.NAME.reader]]), or accept it by name"
        }
        Why::DeliveredElsewhere { taker, .. } => delivered::remedy(*taker),
        Why::KeyNotNamed { .. } => {
            "find who it is (`keyslot census`), and accept it by name if it holds another key"
        }
        Why::LogsBehind { reached: None, .. } | Why::LogsStalled { .. } => {
            "see that the account's diagnostic settings send DataPlaneRequests to the workspace"
        }
        Why::LogsYoung { until: None, .. } => {
            "see since when the account's requests are sent to the workspace, and how long it keeps them; say as \
             `census_window` under the environment's policy how far back they go, or accept it by name"
        }
        Why::RefusalsUntold { lasting: false, .. } => "",
        Why::RefusalsUntold { evidence: EvidenceKey::Usage, .. } => {
            "see that the account's diagnostic settings send DataPlaneRequests to the workspace; where nobody asks the account in \
             that region, accept the stamp by name"
        }
        Why::MetricsSilent { .. } | Why::RefusalsUntold { .. } => {
            "see in Azure Monitor whether the account's metric TotalRequests comes; where nobody asks the account in that region, say that \
             metrics are not wanted (`metrics_lag = \"0s\"` under the environment's policy), or accept the stamp by name"
        }
        Why::RefusedByMetrics { refusals, .. } if refusals.before != Some(0) => {
            "find out whether somebody was refused before already (the account's logs name callers); accept the stamp by name \
             if it is none of its pods: that holds for up to twice as many a minute"
        }
        Why::RefusedSince { stranger: true, .. } => {
            "find out who it is: if it is none of the stamps' pods, accept it by its address; else say under the stamp from \
             where its pods come (`addresses`), and see which key they read"
        }
        Why::RefusedSince { stranger: false, .. } | Why::RefusedByMetrics { .. } => {
            "look at the stamp's pods: which key did they read? Mend and restart them, or accept the stamp by name"
        }
        Why::ClusterGone => {
            "correct the cluster's name in keyslot.toml; if it was deleted, take the stamp out or accept it"
        }
        Why::ClusterOfOther { .. } => {
            "correct `kubeconfig`, `context` or `aks` of one of the two in keyslot.toml"
        }
        Why::OldMountOfOther { stay: true, .. } => {
            "restart what they belong to (`kubectl rollout restart`): keyslot restarts by the stamp's own vault alone"
        }
        Why::PodsNotMounted { lasting: true, of: Some(_), .. } => {
            "is it this stamp's cluster (`kubeconfig`, `context`)? If its pods are to read that vault, name it as the stamp's \
             `key_vault`; else name this stamp's vault in their SecretProviderClass"
        }
        Why::PodsNotMounted { lasting: true, of: None, .. } => {
            "is it this stamp's cluster (`kubeconfig`, `context`)? Does its SecretProviderClass name this stamp's vault? \
             Else see the driver's own pods (kubectl get secretproviderclasspodstatus -A)"
        }
        Why::ClusterChanging { .. } => {
            "wait until Azure is done, or cancel what it does; a PodDisruptionBudget that allows no eviction holds its drains \
         (kubectl get pdb -A)"
        }
        Why::NotAcceptedLongEnough { counted: Some(_), .. } => {
            "`--wait` probes often enough; without it, every later turn counts for as much, and it takes that many more"
        }
        Why::WorkloadMissing => "correct `workloads` in keyslot.toml, or deploy it",
        Why::Paused => {
            "kubectl rollout resume (an Argo Rollout: kubectl argo rollouts promote), then run this again"
        }
        Why::Recreate => "change the strategy to RollingUpdate, or accept it by name",
        Why::LastHealthyStamp { recovering: false } => "bring another stamp back to health first",
        Why::TakesAll { .. } => {
            "raise the replicas, or `maxSurge` and lower `maxUnavailable`; or accept the gap by name"
        }
        Why::NoRoom { asks: None, .. } => {
            "name requests and limits in the pod template, or give the namespace a LimitRange with defaults"
        }
        Why::NoRoom { .. } => {
            "raise the quota, or free some of it; or accept by name that the rollout may stop"
        }
        Why::AtLimit { .. } => {
            "wait until there is less to do, or raise `maxReplicas`; or set `maxUnavailable` to 0 so that no pod is missed"
        }
        Why::NodesFull { .. } => {
            "wait until a node autoscaler has made room, add nodes or raise its limit, or take away what waits; or set \
             `maxUnavailable` to 0 so that no pod is missed; or accept by name that fewer may serve for a while"
        }
        Why::BudgetSpent { .. } => {
            "see what brings old pods back (a clock, a controller, somebody who writes the vault); then raise \
             `restart_budget`, or accept it by name"
        }
        Why::ClockUnknown => {
            "have what stands between keyslot and the API server pass its `Date` on; or accept the stamp by name if its \
             clocks are known to be right"
        }
        Why::ClocksDiffer { .. } => "set the clock that is wrong (see `date` here), then run this again",
        Why::PausedByPerson { .. } => "`keyslot resume`, then run this again",
        Why::NodeNotReady { .. } => {
            "see `kubectl get node` and the machine behind it: when it is back, its pods hear that they shall end"
        }
        Why::NodeSilent { .. } => {
            "see `kubectl get node` and the machine behind it. Only when it is certain that it runs no more: delete the \
             Node, and its pods go with it; then accept it by the Node's name"
        }
        Why::DeletedUnheard { back: Some(_), .. } => "",
        Why::DeletedUnheard { back: None, .. } => {
            "see the machine behind it (`az vmss list-instances`), and bring it back, which keyslot sees where it may read \
             nodes; only when it is certain that it runs no more, accept it by the Node's name"
        }
        Why::Blind { evidence: EvidenceKey::Account, blind } if blind.kind == Blindness::Missing => {
            "see whether the account was deleted, or moved to another resource group; if it is gone, end the rotation: \
             `keyslot close --because …`"
        }
        Why::OldPodsStay { .. } => {
            "restart what they belong to, so that they read the key that their vault holds, or delete those that belong to \
             nothing: that it was accepted by name covers no old pod"
        }
        Why::JobRuns { stays: true, .. } => {
            "see whether its work is done and a sidecar alone keeps its pod (`kubectl get pod`): then delete the pod, or the Job; \
             a worker that never ends is deleted, and begins anew with the key that its vault holds"
        }
        Why::NotApproved { .. } if matches!(reason.subject, Subject::Key(_)) => {
            return format!(
                "`keyslot rotate --approve {}` (in a job `--approve ROTATION:{}`)",
                reason.subject, reason.subject
            );
        }
        Why::NotApproved { .. } => "`keyslot rotate --approve`",
        Why::FailedRestartUndone { .. } => {
            "see that it is mended what it failed for, then accept it by name, and it is restarted once more; or restart it \
             by hand: new pods count, whoever made them"
        }
        Why::ApproverIsProposer { .. } => {
            "let another person run `keyslot rotate --approve`; who that is, KEYSLOT_ACTOR says, else the forge's variables, \
             else USER"
        }
        Why::PersonUnknown { proposer: true } => {
            "set KEYSLOT_ACTOR to a name, end the rotation (`keyslot close --because …`) and begin it anew: what is done is \
             found; or set approver_differs = false"
        }
        Why::PersonUnknown { proposer: false } => {
            "set KEYSLOT_ACTOR to the name of who approves, and approve again"
        }
        Why::ApprovedOtherEvidence { .. } => "look at `keyslot explain` and approve again",
        Why::StoreNotShared => {
            "put the journal into a shared store (`state` in keyslot.toml), or say there that there is one \
             operator (`single_operator = true`)"
        }
        Why::OperationFailed { .. } => {
            "look at the account's activity log; then have it tried again: `keyslot rotate` or `keyslot regenerate` (no job \
             does, by `keyslot advance`)"
        }
        Why::RetiredKeyGiven { lasting: true, .. } => {
            "look into the portal whether the key has changed; where it has not, nothing was regenerated: ask Azure's support, \
             or `keyslot close --because …` and begin anew"
        }
        Why::ProofInconclusive { lasting: true, .. } => {
            "name a container of the account in keyslot.toml, under [environment.NAME.account]: \
             `probe = { database = \"…\", container = \"…\" }`; make an empty one where there is none"
        }
        Why::AccountBusy { state } if ended_ill(state) => {
            "look into the account in the portal: an update of it that succeeds ends that state; then run this again"
        }
        Why::NotSeen(_)
        | Why::TooOld { .. }
        | Why::Blind { .. }
        | Why::AccountBusy { .. }
        | Why::KeySpreading { .. }
        | Why::ProofInconclusive { lasting: false, .. }
        | Why::ProofOfAnotherKey { .. }
        | Why::TargetTooOld { .. }
        | Why::HeadNotJudged { .. }
        | Why::PullNotListed { .. }
        | Why::OutcomeOpen { .. }
        | Why::Arrived { .. }
        | Why::StepDeferred { .. }
        | Why::BranchReads { .. }
        | Why::RunUnderWay { .. }
        | Why::VaultHolds { .. }
        | Why::RolloutUnderWay { .. }
        | Why::Scaling { .. }
        | Why::PodsLeftOut { .. }
        | Why::Unhealthy { .. }
        | Why::CanaryFirst { .. }
        | Why::Soaking { .. }
        | Why::WaveFull { .. }
        | Why::WaveSettling { .. }
        | Why::OldPods { .. }
        | Why::JobRuns { stays: false, .. }
        | Why::OldMountOfOther { stay: false, .. }
        | Why::PodsNotMounted { lasting: false, .. }
        | Why::VaultSettling { .. }
        | Why::RunJustEnded { .. }
        | Why::SyncedSecretLags { .. }
        | Why::SyncedSecretContested { .. }
        | Why::SyncedSecretUnlooked { .. }
        | Why::UsedRecently { .. }
        | Why::NotesBehind { lasting: false, .. }
        | Why::LastHealthyStamp { recovering: true }
        | Why::LogsBehind { .. }
        | Why::LogsYoung { until: Some(_), .. }
        | Why::WindowShort { .. }
        | Why::SlotNamed { .. }
        | Why::LeaseOfOther { .. }
        | Why::OperationRunning { .. }
        | Why::GenerationNotNewer
        | Why::RetiredKeyGiven { lasting: false, .. }
        | Why::NotAcceptedLongEnough { counted: None, .. } => "",
    };
    text.to_owned()
}

/// What to add where. The name reads back as the workload wherever it stands.
fn unlisted(subject: &Subject) -> String {
    let name = match subject {
        Subject::Workload(_, workload) => workload.to_string(),
        other => other.to_string(),
    };
    format!(
        "add \"{name}\" to `order` under [environment.NAME.workloads] in keyslot.toml, where it shall be restarted; \
         or accept it by name"
    )
}

/// Where to look first, as it is typed.
fn failed(subject: &Subject) -> String {
    let look = match subject {
        Subject::Workload(stamp, workload) => {
            let namespace = &workload.namespace;
            format!(
                " (with the context of {stamp}: `kubectl -n {namespace} get pods --sort-by .metadata.creationTimestamp`, the new \
                 ones last, then `kubectl -n {namespace} describe pod POD` and `kubectl -n {namespace} logs POD --all-containers`)"
            )
        }
        _ => String::new(),
    };
    format!("look at the new pods' events and logs{look}; roll back or mend, then run again")
}

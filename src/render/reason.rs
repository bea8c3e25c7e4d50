//! Reasons in words. Every match is exhaustive and destructures its case, so that a new reason does not compile
//! until it can be shown.

mod delivered;
mod harm;
mod remedy;
mod reviews;

pub use self::harm::harm;
pub use self::remedy::remedy;
use super::count::counted;
use super::{branch_rules, span, unanswered};
use crate::model::{
    BranchName, ClassFate, DeploymentState, DeploymentView, LiveBy, NetworkRules, PinnedClass, PullHead,
    PullWait, RunState, SlotUse, StampName, Validity,
};
use crate::rotation::{FailedStage, Gate, Reason, Subject, Waiting, Why, ended_ill};

/// Why it does not happen yet, as one sentence without a full stop.
pub fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::NotSeen(evidence) => format!("{evidence} has not been looked at yet"),
        Why::TooOld { evidence, age, max } => format!(
            "what is known of {evidence} is {} old, and at most {} counts",
            span::duration(*age),
            span::duration(*max)
        ),
        Why::Blind { evidence, blind } => format!("{evidence} cannot be seen: {}", blind.why),
        Why::LocalAuthDisabled => {
            "the account has disableLocalAuth set: its keys open nothing, there is nothing to rotate"
                .to_owned()
        }
        Why::AccountBusy { state } if state.is_empty() => {
            "the account does not say whether an operation is under way".to_owned()
        }
        Why::AccountBusy { state } if ended_ill(state) => {
            format!("the account's last operation ended as “{state}”, and nothing is under way")
        }
        Why::AccountBusy { state } => format!("the account is in the middle of an operation ({state})"),
        Why::KeyRefused { slot, regions } => {
            format!("the {slot} key is refused in {}", regions.join(", "))
        }
        Why::KeySpreading { slot, regions, until } => format!(
            "the {slot} key is new and refused in {} yet; until {} that may be the time it takes to spread",
            regions.join(", "),
            span::time(*until)
        ),
        Why::ProofInconclusive { slot, regions, why, lasting: _ } => {
            format!("whether the {slot} key works could not be tried in {}: {why}", regions.join(", "))
        }
        Why::KeptOut { slot, regions, rules } if reason.gate == Gate::NewKeyAccepted => format!(
            "the {slot} key is new by its generation time and fingerprint, and this machine cannot ask Cosmos DB whether \
             it is accepted: {}",
            kept_out(regions, rules)
        ),
        Why::KeptOut { slot, regions, rules } => format!(
            "this machine cannot ask Cosmos DB whether the {slot} key is accepted: {}; nor could it ask that of the new \
             key later",
            kept_out(regions, rules)
        ),
        Why::ProofOfAnotherKey { slot } => {
            format!("the {slot} slot has another key than the one that was proven")
        }
        Why::TargetTooOld { age, max } => {
            let age =
                age.map_or_else(|| "of unknown age".to_owned(), |age| format!("{} old", span::duration(age)));
            format!("the {subject} key is {age}; policy says at most {}", span::duration(*max))
        }
        Why::TreeProblems { problems } => format!("{subject} cannot be changed: {}", problems.join("; ")),
        Why::NoReference => format!("{subject} reads no key of this account"),
        Why::PullOpen { url, waits } => {
            let waits: Vec<String> = waits.iter().map(pull_wait).collect();
            // The address last: where there is one line only, the reasons stand in it.
            format!("pull request {subject} waits: {} ({url})", waits.join(", "))
        }
        Why::HeadNotJudged { head } => format!(
            "pull request {subject} stands on {}, which is not what keyslot has read of its branch",
            head.short()
        ),
        Why::PushedSince { head } => format!(
            "{} on pull request {subject} is not keyslot's own commit, and nobody has approved it: keyslot does not merge it",
            head.short()
        ),
        Why::MergeRefused { step, why } => {
            format!("“{step}” was refused, so somebody has to merge it: {why}")
        }
        Why::WishTakenBack { head, queue: true } => format!(
            "pull request {subject} was put into the merge queue at {}, and is not in it any more: its checks there did not pass, or \
             somebody has taken it out",
            head.short()
        ),
        Why::WishTakenBack { head, queue: false } => format!(
            "the forge was asked to merge pull request {subject} at {} when its rules allow, and somebody has taken that back",
            head.short()
        ),
        Why::MergedUnreviewed { head, have, wanted, stale, unread } => {
            reviews::merged_unreviewed(subject, head, (*have, *wanted), stale, unread)
        }
        Why::BranchOfOthers { head, reads, wanted } => {
            reviews::branch_of_others(subject, head, *reads, *wanted)
        }
        Why::BringsAlong { head, base } => format!(
            "{} on {subject} stands on commits that {base} does not have, or has no more: merged, it brings them there besides \
             the change of slot",
            head.short()
        ),
        Why::MergeWouldRead { base, reads, wanted } => format!(
            "merged as it is now, {subject} would leave {base} reading {}, not the {wanted} key alone: {base} has got another reader \
             since the change was made",
            slot_use(*reads)
        ),
        Why::ChangedByOtherHands { branch, wanted, unread } => {
            reviews::changed_by_other_hands(subject, branch, *wanted, unread)
        }
        Why::PullClosed { url } => format!("pull request {subject} was closed without merge ({url})"),
        Why::PullNotListed { since } => {
            format!("no pull request from {subject} is listed since {}", span::time(*since))
        }
        Why::MergedButReads { reads } => {
            format!("pull request {subject} is merged, yet the base branch reads {}", slot_use(*reads))
        }
        Why::TakenBack { reads } => {
            format!(
                "keyslot has pushed the change to {subject}, and somebody took it back: it reads {}",
                slot_use(*reads)
            )
        }
        Why::CheckNotPassed { name, passed: Some(_), .. } => format!("check {name} failed on {subject}"),
        Why::CheckNotPassed { name, passed: None, .. } => format!("check {name} has no result on {subject}"),
        Why::ValidationRuns { pipeline, url, state, since } => {
            let doing = match state {
                RunState::Queued => "waits in its queue",
                RunState::WaitsForApproval => "waits for an approval",
                RunState::Running | RunState::Completed(_) => "is running",
            };
            format!(
                "{pipeline} {doing} on the head of pull request {subject} since {} ({url})",
                span::time(*since)
            )
        }
        Why::ValidationEnded { pipeline, url, state, at } => {
            let ended = at.map(|at| format!(" at {}", span::time(at))).unwrap_or_default();
            let how = match state.went_through() {
                true => "went through",
                false => "did not go through",
            };
            format!(
                "{pipeline} {how}{ended} on the head of pull request {subject} ({url}), and its check is not reported there"
            )
        }
        Why::ValidationAsked { pipeline, run, elsewhere } => {
            let run = run.as_ref().map(|run| format!(" (run {run})")).unwrap_or_default();
            match elsewhere {
                None => {
                    format!("{pipeline} was started by keyslot on the head of pull request {subject}{run}")
                }
                Some(commit) => format!(
                    "{pipeline} was started by keyslot for pull request {subject}{run}, and runs on {}, which is not its \
                     head: its check says nothing here",
                    commit.short()
                ),
            }
        }
        Why::ValidationToStart { pipeline, at, page } => {
            let PullHead { branch, commit, .. } = &**at;
            format!(
                "nobody has started {pipeline} on pull request {subject}: branch {branch} at {commit} ({page})"
            )
        }
        Why::ValidationRefused { step, why } => {
            format!("“{step}” was refused, so somebody has to start it: {why}")
        }
        Why::OutcomeOpen { step, taken: true, run, until, said: _ } => {
            let run = run.as_ref().map(|run| format!(" (run {run})")).unwrap_or_default();
            format!(
                "“{step}” was taken{run} and is not to be seen; it is looked for until {}",
                span::time(*until)
            )
        }
        Why::OutcomeOpen { step, taken: false, run: _, until, said } => {
            let said = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
            format!(
                "whether “{step}” arrived is not known; it is looked for until {}{said}",
                span::time(*until)
            )
        }
        Why::NeverArrives { step, attempts, since, said } => format!(
            "“{step}” was sent {attempts} times since {} and never arrived: {said}",
            span::time(*since)
        ),
        Why::Arrived { step, id, trace } => {
            let shows = unanswered::traced(trace);
            format!(
                "no answer came to “{step}”; the activity log {shows} (request {id}), and its end is waited for"
            )
        }
        Why::Untraced { step, sent, trace, newest } => {
            unanswered::untraced(step, *sent, trace, *newest, subject)
        }
        Why::StepRefused { step, why } => format!("“{step}” was refused: {why}"),
        Why::StepDeferred { step, why, until } => {
            format!("“{step}” is tried again at {}: {why}", span::time(*until))
        }
        Why::BranchReads { reads, wanted } => {
            format!("{subject} reads {}, not the {wanted} key alone", slot_use(*reads))
        }
        Why::RunUnderWay { branch, commit, url } => {
            format!("run {subject} of {branch} at {} is under way ({url})", commit.short())
        }
        Why::RunWaitsForApproval { branch, commit, url, waiting } => {
            let Waiting { stages, who, ours: _ } = &**waiting;
            let who = match who.as_slice() {
                [] => String::new(),
                who => format!(", by {}", who.join(" or ")),
            };
            let stages = stages.join(", ");
            format!(
                "run {subject} of {branch} at {} waits for approval of {stages}{who} ({url})",
                commit.short()
            )
        }
        Why::RunJustEnded { until } => {
            let what = match subject {
                Subject::Commit(_) => format!("a deployment of {subject}"),
                _ => format!("run {subject}, or what of it writes the vaults,"),
            };
            format!(
                "{what} has just ended, and what that may have written is not to be seen for certain before {}",
                span::time(*until)
            )
        }
        Why::RunFailed { url, failed: None } => format!("run {subject} did not succeed ({url})"),
        Why::RunFailed { url, failed: Some(failed) } => {
            let FailedStage { stage, step, lines } = &**failed;
            let step = if step.is_empty() { String::new() } else { format!(" at “{step}”") };
            let lines: String = lines.iter().map(|line| format!("\n      | {line}")).collect();
            format!("run {subject} did not succeed: the stage {stage} failed{step} ({url}){lines}")
        }
        Why::RunCanceled { url } => format!("somebody cancelled run {subject} ({url})"),
        Why::RunOfOtherCommit { commit, asked, url } => format!(
            "run {subject} was started, but on commit “{}” and not on {}{}",
            commit.short(),
            asked.short(),
            if url.is_empty() { String::new() } else { format!(" ({url})") }
        ),
        Why::StagesUndeclared { stages, url } => format!(
            "the pipeline has stages of which the configuration does not say what they do: {} (seen in {url})",
            stages.join(", ")
        ),
        Why::StagesNotSkipped { stages } => format!(
            "a run would move traffic or destroy a release unit with {}, which is neither skipped nor accepted",
            stages.join(", ")
        ),
        Why::RunOfOlderUnit { live, url } => format!(
            "traffic was moved by a later run of {live} ({url}): a run of {subject} would take its unit's place"
        ),
        Why::TrafficUnknown { branch, url, .. } => format!(
            "whether a later run of {branch} has moved traffic is not to be seen ({url}): a run of {subject} might take its \
             unit's place"
        ),
        Why::TrafficBeyond { since, url } => format!(
            "no run since {} has moved traffic, and older ones are not read ({url}): a run of {subject} might take the live \
             unit's place",
            span::rfc3339(*since)
        ),
        Why::DeploymentUnderWay { deployment } => {
            let DeploymentView { environment, of, commit: _, by, state, since, url } = &**deployment;
            let what = match state {
                DeploymentState::Running => "is being deployed",
                _ => "is about to be deployed",
            };
            let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
            format!("{of} at {subject} {what} to {environment}{by} since {} ({url})", span::time(*since))
        }
        Why::RunAwaited { commit } => {
            format!("no run of {subject} at {} is to be seen yet; the push starts it", commit.short())
        }
        Why::RunByHand { commit, skip } => {
            let without = match skip.as_slice() {
                [] => String::new(),
                skip => format!(", without {}", skip.join(", ")),
            };
            format!("a person starts the pipeline on {subject} at {commit}{without}; the vaults will tell")
        }
        Why::RunDidNotWrite { url } => {
            format!("run {subject} ended well ({url}), yet not every vault holds the key")
        }
        Why::RunLeftVaultsOut { stages, url } => format!(
            "run {subject}, which keyslot asked for, ended well and left out what writes the vaults: {} ({url})",
            stages.join(", ")
        ),
        Why::RunUnlisted { since } => format!(
            "run {subject} was asked for and taken at {}, and the pipeline does not list it",
            span::time(*since)
        ),
        Why::VaultHolds { slot: Some(slot), wanted } if slot == wanted => {
            format!("the vault of {subject} holds the {slot} key with the other access")
        }
        Why::VaultHolds { slot: Some(slot), wanted } => {
            format!("the vault of {subject} holds the {slot} key, not the {wanted} key")
        }
        Why::VaultHolds { slot: None, wanted } => format!(
            "the vault of {subject} holds none of the account's keys, and should hold the {wanted} key"
        ),
        Why::VaultByHand { wanted } => format!(
            "the vault of {subject} holds what somebody else has set, again or by hand, and keyslot does not write the \
             {wanted} key over that"
        ),
        Why::VaultDisabled => format!(
            "the secret in the vault of {subject} is disabled: its current version is given to nobody, and new pods do not start"
        ),
        Why::VaultMissing { why } => format!("{subject} has no such vault, or no such secret in it: {why}"),
        Why::VaultHoldsNoKey => format!(
            "the vault of {subject} holds neither key of the account: set by hand, or regenerated away"
        ),
        Why::VaultHoldsOtherAccess { kind } => format!(
            "the vault of {subject} holds the {} {} key, and {} keys are rotated: set by hand, or written from the wrong \
             attribute",
            kind.access,
            kind.slot,
            kind.access.other()
        ),
        Why::VaultSettling { until } => format!(
            "the vault of {subject} holds the new key for so short a time that pods may still get the one before; \
             it counts as settled at {}",
            span::time(*until)
        ),
        Why::SyncedSecretLags { secret, until } => format!(
            "the Kubernetes Secret {secret} on {subject} does not hold the new key yet; until {} its driver may \
             just not have looked again",
            span::time(*until)
        ),
        Why::SyncedSecretStale { secret } => {
            format!("the Kubernetes Secret {secret} on {subject} does not hold the new key")
        }
        Why::SyncedSecretContested { secret, pods, until } => format!(
            "the Kubernetes Secret {secret} on {subject} holds the new key, and {} mounted another version ({}): a CSI driver \
             from 1.6 on writes what such a pod's files hold into it every five minutes; where it stands as it is until {}, \
             this one does not",
            counted(pods.len(), "pod"),
            some(pods),
            span::time(*until)
        ),
        Why::CronJobReadsStale { secret } => format!(
            "the next run of the CronJob {subject} would start with the old key, which the Kubernetes Secret {secret} \
             still holds"
        ),
        Why::SyncedSecretUnread { secrets } => format!(
            "the cluster of {subject} is stopped, and what its Secret {} holds cannot be read: pods that start begin with it",
            secrets.join(", ")
        ),
        Why::SyncedSecretAbsent { secret, pods } => format!(
            "the Kubernetes Secret {secret} on {subject} does not exist, or lacks the key, and {} that read it hold what it held when they \
             began ({})",
            counted(pods.len(), "pod"),
            pods.join(", ")
        ),
        Why::SyncedSecretUnlooked { secret, pods } => format!(
            "the Kubernetes Secret {secret} on {subject} was not there, or lacked the key, when it was looked at last, and {} \
             that read it began after that ({})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::SyncedSecretUndated { secret, pods } => format!(
            "the Kubernetes Secret {secret} on {subject} holds the new key, and does not tell since when: {} that read it \
             may have begun before ({})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::WorkloadMissing => format!("{subject} does not exist"),
        Why::NamespacesUnseen { looked, refused } => format!(
            "of the cluster of {subject} only {} looked at, for want of a right{}: whoever gets the secret elsewhere is not \
             seen",
            match looked.as_slice() {
                [only] => format!("the namespace {only} is"),
                several => format!("the namespaces {} are", several.join(", ")),
            },
            match refused.as_slice() {
                [] => String::new(),
                refused => format!(" ({} may not be listed)", some(refused)),
            }
        ),
        Why::UnlistedWorkload => format!("{subject} gets the secret, and keyslot.toml does not name it"),
        Why::UnlistedPods { pods, stays: _ } => format!(
            "{subject} gets the secret, and is nothing that keyslot can restart ({}: {})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::MayHoldSecret { pods, class, fate } if pods.is_empty() => format!(
            "the next pod of {subject} may begin with the old key: it reads {}",
            match fate {
                ClassFate::Unfilled => format!(
                    "the Kubernetes Secret {class}, which the CSI driver made and no SecretProviderClass fills any more"
                ),
                ClassFate::Filled | ClassFate::Absent | ClassFate::Changed | ClassFate::OtherVault =>
                    format!(
                        "a Kubernetes Secret that the SecretProviderClass {class} filled before it was changed"
                    ),
            }
        ),
        Why::MayHoldSecret { pods, class, fate: ClassFate::Filled } => format!(
            "{} of {subject} may hold the old key: {} a Kubernetes Secret that the SecretProviderClass {class} filled \
             before it was changed ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "it reads" } else { "they read" },
            some(pods)
        ),
        Why::MayHoldSecret { pods, class, fate: ClassFate::Unfilled } => format!(
            "{} of {subject} may hold the old key: {} the Kubernetes Secret {class}, which the CSI driver made and no \
             SecretProviderClass fills any more ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "it reads" } else { "they read" },
            some(pods)
        ),
        Why::MayHoldSecret { pods, class, fate: ClassFate::OtherVault } => format!(
            "{} of {subject} {} a secret of that name by the SecretProviderClass {class}, from a vault that is no stamp's: \
             whether it is the key is not known ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "gets" } else { "get" },
            some(pods)
        ),
        Why::MayHoldSecret { pods, class, fate } => format!(
            "{} of {subject} may hold the old key: the SecretProviderClass {class} that {} {} ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "it mounts" } else { "they mount" },
            match (fate, pods.len()) {
                (ClassFate::Absent, _) => "does not exist any more",
                (_, 1) => "was changed after it began",
                (_, _) => "was changed after they began",
            },
            some(pods)
        ),
        Why::DoesNotGetSecret { pods } => format!(
            "{subject} is named in keyslot.toml and runs ({}), and nothing shows that it gets the secret",
            counted(*pods, "pod")
        ),
        Why::ClassMissing { class } => format!(
            "no new pod of {subject} could start: the SecretProviderClass {class} that it mounts does not exist"
        ),
        Why::PinnedVersion { version } if is_class(&reason.subject) => format!(
            "{subject} gives version {version} of the secret and no other (`objectVersion`): whoever mounts it never follows the \
             vault, and what starts such pods may not run now"
        ),
        Why::PinnedVersion { version } => format!(
            "{subject} gets version {version} of the secret and no other: its SecretProviderClass names it \
             (`objectVersion`), so it never follows the vault"
        ),
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
        Why::Paused => format!("{subject} is paused: a restart would roll nothing"),
        Why::Recreate => format!("{subject} has strategy Recreate: a restart ends all its pods at once"),
        Why::OnDelete => {
            format!("{subject} replaces a pod only when somebody deletes it: a restart would replace nothing")
        }
        Why::Partitioned { partition, desired } if partition >= desired => format!(
            "{subject} has partition {partition} with {desired} replicas: a restart would replace nothing"
        ),
        Why::Partitioned { partition, desired } => format!(
            "{subject} has partition {partition} with {desired} replicas: a restart would replace only {} of them",
            desired - partition
        ),
        Why::RolloutUnderWay { updated, available, desired } => {
            format!("{subject} is rolling out: {updated} of {desired} updated, {available} available")
        }
        Why::Unhealthy { available, desired, silent } if silent.is_empty() => {
            format!("{subject} has {available} of {desired} pods available")
        }
        Why::RolloutFailed { message, symptoms } => {
            let lines: String = symptoms.iter().map(|line| format!("\n        {line}")).collect();
            format!("the rollout of {subject} failed: {message}{lines}")
        }
        Why::CanaryFirst { canary } => format!("{subject} waits for the canary {canary}"),
        Why::Soaking { canary, since, until } => format!(
            "{subject} waits while the canary {canary} soaks, from when its last pod was ready ({}), until {}",
            span::time(*since),
            span::time(*until)
        ),
        Why::WaveFull { busy } => {
            let busy: Vec<&str> = busy.iter().map(StampName::as_str).collect();
            format!("{subject} waits its turn behind {}", busy.join(", "))
        }
        Why::WaveSettling { behind } => {
            let behind: Vec<&str> = behind.iter().map(StampName::as_str).collect();
            format!("{subject} waits until it is known whom Cosmos DB refuses of {}", behind.join(", "))
        }
        Why::LastHealthyStamp { .. } => {
            format!("{subject} is the last healthy stamp that takes traffic")
        }
        Why::TakesAll { desired: 1 } => {
            format!("a restart of {subject} takes its only pod away before another serves")
        }
        Why::TakesAll { desired } => {
            format!("a restart of {subject} may take all of its {desired} pods away before another serves")
        }
        Why::NoRoom { quota, resource, asks: Some(asks), hard, used, passing: _ } => format!(
            "{subject} has no room for one pod more: the quota {quota} has {used} of {hard} {resource} in use, and a \
             pod takes {asks}"
        ),
        Why::NoRoom { quota, resource, asks: None, hard: _, used: _, passing: _ } => format!(
            "the quota {quota} admits no new pod of {subject}: it counts {resource}, and the pods do not say how much \
             they take"
        ),
        Why::AtLimit { autoscaler, most } => format!(
            "the autoscaler {autoscaler} would give {subject} more than its {most} pods, and a restart takes some away \
             for a while"
        ),
        Why::NodesFull { waiting, pods, message } => format!(
            "no node has room for {} ({message}), and a restart of {subject} takes pods away before others serve: their \
             room may go to {}",
            waiting_pods(*waiting, pods),
            if *waiting == 1 { "that pod" } else { "those pods" }
        ),
        Why::Scaling { available, desired, silent } if silent.is_empty() => {
            format!("{subject} is being scaled: {available} of {desired} pods available")
        }
        Why::Unhealthy { available, desired, silent } | Why::Scaling { available, desired, silent } => {
            format!(
                "{} not ready and {} pods of {subject}: {available} of {desired} pods available",
                match silent.as_slice() {
                    [node] => format!("node {node} is"),
                    nodes => format!("nodes {} are", nodes.join(" and ")),
                },
                if silent.len() == 1 { "has" } else { "have" }
            )
        }
        Why::PodsLeftOut { missing, listed } => format!(
            "the API server's list of {subject} shows {}, and its controller counts {missing} more: which of both is \
             right is not known",
            counted(*listed, "pod")
        ),
        Why::FailedRestartUndone { restarted_at } => {
            format!("the rollout of {subject} that was begun at {restarted_at} failed, and somebody has taken it back")
        }
        Why::BudgetSpent { restarts } => {
            format!("{subject} was restarted {}, and has pods of an older key all the same", times(*restarts))
        }
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
        Why::PausedByPerson { by, because, since } => {
            format!("{by} paused the rotation at {}: {because}", span::time(*since))
        }
        Why::NodeNotReady { node, pods, since } => format!(
            "node {node} ({subject}) is not ready{}, and {} on it may run on with the old key, whatever {} told: {}",
            since
                .map(|since| format!(" since {}", span::time(since)))
                .unwrap_or_else(|| " or not there".to_owned()),
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "it is" } else { "they are" },
            some(pods)
        ),
        Why::NodeSilent { node, pods, since } => format!(
            "{} on node {node} ({subject}) should have ended at {} and {} still there: the node does not do what it is \
             told, and its pods may run on with the old key: {}",
            counted(pods.len(), "pod"),
            span::time(*since),
            if pods.len() == 1 { "is" } else { "are" },
            some(pods)
        ),
        Why::DeletedUnheard { node, pods, back, lasting: _ } => format!(
            "{} of {subject} {} deleted while the node did not answer, and {}: a process there may run on with the old key ({})",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "was" } else { "were" },
            match back {
                Some(back) => format!("{node} has only just come back, and ends what is left there by {}", span::time(*back)),
                None => format!("{node} has not answered since"),
            },
            some(pods)
        ),
        Why::OldPods { pods, terminating, ends } => format!(
            "{} on {subject} may still use the old key ({terminating} terminating{}): {}",
            counted(pods.len(), "pod"),
            ends.map(|at| format!(", with time until {}", span::rfc3339(at))).unwrap_or_default(),
            some(pods)
        ),
        Why::JobRuns { pods, stays: true } => format!(
            "the Job {subject} has run for more than six hours with a key that may be the old one, and does not end ({}: {})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::JobRuns { pods, stays: false } => format!(
            "the Job {subject} runs with a key that may be the old one, until it ends ({}: {})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::OldPodsStay { pods } => format!(
            "{} on {subject} may hold another key than their vault does: {}",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::OldMountOfOther { pods, of, .. } => format!(
            "{} on {subject} also {} the secret from the vault of {of}, and got an older version there, or may have: {}",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "mounts" } else { "mount" },
            some(pods)
        ),
        Why::PodsNotMounted { pods, of, .. } => format!(
            "{} on {subject} {} not show which version of the secret is mounted{}: {}",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "does" } else { "do" },
            of.as_ref().map(|of| format!(" from its own vault, but one of the vault of {of}")).unwrap_or_default(),
            some(pods)
        ),
        Why::UsedRecently { slot, at, until } => format!(
            "by the account's own note the {slot} key was used at {}; it counts as quiet at {}",
            span::time(*at),
            span::time(*until)
        ),
        Why::NotesBehind { slot, at, reached, wanted, .. } => format!(
            "whether the {slot} key is unused is not known yet: by the account's own note it was used at {}, and the notes of its \
             other keys have come {}, where {} is asked",
            span::time(*at),
            reached.map_or("to nothing".to_owned(), |reached| format!("to {}", span::time(reached))),
            span::time(*wanted)
        ),
        Why::SeenInLogs { slot, at, until, by, stamp, count } => format!(
            "the logs show {} with the {slot} key, the last at {} by {by}{}; it counts as quiet at {}",
            requests(*count),
            span::time(*at),
            of_stamp(stamp.as_ref()),
            span::time(*until)
        ),
        Why::UsedByStranger { slot, at, until: _, by, count, both: true, void } => format!(
            "{by} belongs to no known stamp and uses both keys: the {slot} one the last time at {} ({}), long after it began \
             to use the other one, so it may be two programs of which one has not moved{}",
            span::rfc3339(*at),
            requests(*count),
            sign_off(*void)
        ),
        Why::UsedByStranger { slot, at, until: _, by, count, both: false, void } => format!(
            "{by} belongs to no known stamp, used the {slot} key, the last time at {} ({}), and was not seen with \
             another one since{}",
            span::rfc3339(*at),
            requests(*count),
            sign_off(*void)
        ),
        Why::SecretRead { vault, at, until: _, by, from, count, void } => format!(
            "{by} belongs to no known stamp, read the secret, the last time at {} from the vault of {vault} by {from} \
             ({count} in all), and not since that vault has its present version{}",
            span::rfc3339(*at),
            sign_off(*void)
        ),
        Why::DeliveredElsewhere { slot, taker, arguments, files } => {
            format!("the code ({}) {}", some(files), delivered::words(subject, *slot, *taker, arguments))
        }
        Why::KeyNotNamed { at, until, by, stamp, count } => format!(
            "the logs show {} of which they do not say with which key, the last at {} by {by}{}; it counts as quiet \
             at {}",
            requests(*count),
            span::time(*at),
            of_stamp(stamp.as_ref()),
            span::time(*until)
        ),
        Why::LogsBehind { region, reached, wanted } => format!(
            "{} is not known yet: {}, and what is asked is up to {}",
            asked_of_logs(reason),
            logs_end(reason.gate, region.as_deref(), *reached),
            span::time(*wanted)
        ),
        Why::LogsYoung { begins, wanted, until: Some(until) } if reason.gate == Gate::NotRefused => format!(
            "whom Cosmos DB has refused since {}, when the pods of {subject} were replaced, is not known: the first row of the \
             account's logs is of {}; whoever reads a dead key is refused again, and is in them by {}",
            span::time(*wanted),
            span::time(*begins),
            span::time(*until)
        ),
        Why::LogsYoung { begins, wanted, until: Some(until) } => format!(
            "whether the {subject} key was used since {} is not known: the first row of the account's logs is of {}; they go \
             back over the quiet window at {}",
            span::time(*wanted),
            span::time(*begins),
            span::time(*until)
        ),
        Why::LogsYoung { begins, wanted, until: None } => format!(
            "who comes by now and then is not known: the account's logs were asked from {} on, and their first row is of {}",
            span::rfc3339(*wanted),
            span::rfc3339(*begins)
        ),
        Why::WindowShort { evidence, begins, wanted } => format!(
            "whom Cosmos DB has refused since {} is not known: {evidence} were read from {} on",
            span::time(*wanted),
            span::time(*begins)
        ),
        Why::LogsStalled { reached, wanted } => format!(
            "{} is not known: {}, and should long have come to {}",
            asked_of_logs(reason),
            logs_end(reason.gate, None, *reached),
            span::time(*wanted)
        ),
        Why::MetricsSilent { reached, wanted, .. } => format!(
            "whether Cosmos DB has refused requests of {subject} is not known: its metrics tell of no request in the stamp's region {}, and \
             what is asked is up to {}",
            reached.map_or("in the last hour".to_owned(), |reached| format!("since {}", span::time(reached))),
            span::time(*wanted)
        ),
        Why::RefusalsUntold { evidence, reached, wanted, .. } => format!(
            "whether Cosmos DB refuses requests of {subject} is not known yet: {evidence} tell of requests in the stamp's region {}, \
             and what is asked is up to {}",
            reached.map_or("not at all".to_owned(), |reached| format!("up to {}", span::time(reached))),
            span::time(*wanted)
        ),
        Why::RefusedSince { region, since, at, by, count, stranger: true } => format!(
            "Cosmos DB has refused {} in {region} since pods there were replaced ({}), the last at {} by {by}, where no stamp \
             is known to be",
            requests(*count),
            span::time(*since),
            span::time(*at)
        ),
        Why::RefusedSince { region, since, at, by, count, stranger: false } => format!(
            "Cosmos DB has refused {} in {region} since the pods of {subject} were replaced ({}), the last at {} \
             by {by}",
            requests(*count),
            span::time(*since),
            span::time(*at)
        ),
        Why::RefusedByMetrics { since, refusals } => {
            let before = refusals.before.map(|count| format!("; in the hour before it were {count}"));
            format!(
                "by the account's metrics Cosmos DB has refused {} in {} since the pods of {subject} were replaced ({}), the \
                 last in the minute of {}{}",
                requests(refusals.count),
                refusals.region,
                span::time(*since),
                span::time(refusals.last),
                before.unwrap_or_default()
            )
        }
        Why::SlotNamed { by } => format!("{by} still holds the key that is to go"),
        Why::NotApproved { digest } if matches!(subject, Subject::Key(_)) => format!(
            "nobody has approved yet that the {subject} key, which is to be moved to, is regenerated first (evidence {digest}); \
             an approval of the rotation is of the key that it retires"
        ),
        Why::NotApproved { digest } => {
            format!("nobody has approved the regeneration yet (evidence {digest})")
        }
        Why::ApproverIsProposer { by } => {
            format!("{by} both proposed and approved; policy wants another person")
        }
        Why::PersonUnknown { proposer: true } => {
            "who began the rotation is known by no name; policy wants another person to approve, and that cannot be told"
                .to_owned()
        }
        Why::PersonUnknown { proposer: false } => {
            "who approved is known by no name; policy wants another person than who began the rotation".to_owned()
        }
        Why::ApprovedOtherEvidence { digest } => {
            format!("the approval was given for other evidence than today's ({digest})")
        }
        Why::LeaseOfOther { holder, until } => {
            format!("{holder} holds the lease until {}", span::time(*until))
        }
        Why::StoreNotShared => {
            "the journal lies in a local folder, where no lease holds between two machines".to_owned()
        }
        Why::RuleRefuses { deed, demand } => match subject {
            Subject::Branch(branch) => {
                format!("the forge will refuse to {}", branch_rules::refused(branch, *deed, demand))
            }
            _ => format!("the forge will refuse what is to be done with {subject}"),
        },
        Why::MayNotRestart { what, .. } => format!("{subject}: by what its cluster says keyslot may not {what}"),
        Why::RightMissing { .. } => format!("keyslot lacks a right: {subject}"),
        Why::RightUnknown { why, .. } => {
            format!("whether keyslot has a right cannot be told: {subject}: {why}")
        }
        Why::RightEnds { until, wanted } => format!(
            "keyslot's right to regenerate ends at {}, and the new key can be confirmed at {} at the earliest",
            span::time(*until),
            span::time(*wanted)
        ),
        Why::UnitOfOlderCode { slot, wanted } => format!(
            "{subject} was built from code that names the {slot} key; it waits for a unit on the {wanted} key to take \
             its place"
        ),
        Why::ReleaseUnclear { live_by } => release_unclear(subject, live_by),
        Why::NotAsked { phase, step } => {
            format!("the rotation stands in {phase}, and its next step is not what was asked for: {step}")
        }
        Why::OperationRunning { until } => {
            format!("the regeneration is running; the service is asked again at {}", span::time(*until))
        }
        Why::OperationFailed { why } => format!("the regeneration failed: {why}"),
        Why::RetiredKeyGiven { slot, .. } => format!(
            "by its generation time the {slot} key was made anew, and the account gives out the one that was to go"
        ),
        Why::GenerationNotNewer => {
            format!("the {subject} key's generation time is not later than before yet")
        }
        Why::NotAcceptedLongEnough { since: Some(since), until: Some(until), reach, counted: Some(counted) } => {
            format!(
                "every probe since {} found the new {subject} key accepted everywhere, and each counts for {} at most: they were \
                 further apart, so {} count so far, and it takes until {} at least",
                span::time(*since),
                span::duration(*reach),
                span::duration(*counted),
                span::time(*until)
            )
        }
        Why::NotAcceptedLongEnough { since: Some(since), until: Some(until), .. } => format!(
            "the new {subject} key is accepted everywhere since {}, and has to be until {}",
            span::time(*since),
            span::time(*until)
        ),
        Why::NotAcceptedLongEnough { .. } => {
            format!("the new {subject} key is not accepted in every region yet")
        }
    }
}

/// Whether it is a SecretProviderClass itself, and none who mounts it.
fn is_class(subject: &Subject) -> bool {
    matches!(subject, Subject::Object(_, object) if object.kind == PinnedClass::KIND)
}

fn release_unclear(subject: &Subject, live_by: &LiveBy) -> String {
    match live_by {
        LiveBy::Name { among } => format!(
            "that {subject} is the live release is known by its name alone ({} such a name), and the newest may be one \
             that is being prepared",
            if *among == 1 { "it alone has".to_owned() } else { format!("{among} branches have") }
        ),
        LiveBy::Contradiction { tags, run } => {
            let named = tags.iter().any(|tag| *subject == Subject::Branch(tag.clone()));
            let told: Vec<&str> = tags.iter().map(BranchName::as_str).collect();
            let told = told.join(", ");
            match run {
                Some(run) if tags.contains(run) => format!(
                    "the live stamps are tagged {told}, the last run that wrote them was of {run}, and `branch` in \
                     keyslot.toml does not fit {run}"
                ),
                Some(run) => {
                    format!(
                        "the live stamps are tagged {told}, and the last run that wrote them was of {run}"
                    )
                }
                None if named => {
                    format!(
                        "the live stamps are tagged {told}, and no run tells which of them is the release"
                    )
                }
                None => format!("the live stamps are tagged {told}, and not {subject}"),
            }
        }
        LiveBy::Named | LiveBy::Tags | LiveBy::Runs | LiveBy::TagsUnseen(_) | LiveBy::RunsUnseen(_) => {
            format!("{subject} is the live release")
        }
    }
}

fn kept_out(regions: &[String], rules: &NetworkRules) -> String {
    let rules = network_rules(rules);
    let rules = if rules.is_empty() { String::new() } else { format!(" ({rules})") };
    format!("the account's network rules keep it out of {}{rules}", regions.join(", "))
}

/// The account's rules in words, as Azure calls them. Empty where there are none.
pub fn network_rules(rules: &NetworkRules) -> String {
    let NetworkRules { closed_to_public, addresses, virtual_networks, private_endpoints } = rules;
    let counts = [
        (*addresses, "address rule"),
        (*virtual_networks, "virtual network rule"),
        (*private_endpoints, "private endpoint"),
    ];
    let closed = closed_to_public.then(|| "publicNetworkAccess is off".to_owned());
    let counted =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(count, what));
    closed.into_iter().chain(counted).collect::<Vec<_>>().join(", ")
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

/// Why the sign-off of a reader does not count.
fn sign_off(void: Option<Validity>) -> &'static str {
    match void {
        Some(Validity::Expired) => "; its sign-off has expired",
        Some(Validity::SeenSince) => "; its sign-off is void, since it was seen later",
        Some(Validity::Good) | None => "",
    }
}

/// Whose pods come from an address of the logs.
fn of_stamp(stamp: Option<&StampName>) -> String {
    stamp.map(|stamp| format!(", from where the pods of {stamp} come")).unwrap_or_default()
}

/// What the logs are to tell of the subject.
fn asked_of_logs(reason: &Reason) -> String {
    match &reason.subject {
        Subject::Stamp(stamp) if reason.gate == Gate::Readers => {
            format!("who has read the secret from the vault of {stamp}")
        }
        Subject::Key(slot) => format!("whether anybody uses the {slot} key"),
        Subject::Stamp(stamp) => format!("whether Cosmos DB refuses the pods of {stamp}"),
        Subject::Client(address) => format!("what {address} does"),
        other => format!("who asks the {other} with which key"),
    }
}

fn logs_end(gate: Gate, region: Option<&str>, reached: Option<jiff::Timestamp>) -> String {
    match (region, reached) {
        (Some(region), Some(reached)) => {
            format!("the logs have no row of {region} that is younger than {}", span::time(reached))
        }
        (Some(region), None) => format!("the logs have no row of {region}"),
        (None, Some(reached)) => format!("the logs are whole up to {}", span::time(reached)),
        (None, None) if gate == Gate::Readers => "the logs have no row of that vault".to_owned(),
        (None, None) => "the logs have no row of the account".to_owned(),
    }
}

/// A slot's use in words.
pub fn slot_use(reads: SlotUse) -> String {
    match reads {
        SlotUse::Only(slot) => slot.to_string(),
        SlotUse::Mixed => "both slots".to_owned(),
        SlotUse::None => "no key".to_owned(),
        SlotUse::Unknown => "something that cannot be resolved".to_owned(),
    }
}

/// What holds a pull request, in words.
pub fn pull_wait(wait: &PullWait) -> String {
    let linked = |url: &Option<String>| url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
    let asked = |from: &[String]| match from {
        [] => String::new(),
        from => format!(", asked of {}", from.join(", ")),
    };
    match wait {
        PullWait::Reviews { have, want, from } => format!("{have} of {want} reviews{}", asked(from)),
        PullWait::CodeOwners { from } => format!("a review by an owner of the code{}", asked(from)),
        PullWait::StaleApprovals { by } => {
            format!("{} approved an older change, not what was pushed since", by.join(", "))
        }
        PullWait::ChangesRequested { by } => format!("{by} asks for changes"),
        PullWait::CheckRunning { name, url } => format!("check {name} is running{}", linked(url)),
        PullWait::CheckNotStarted { name } => format!("check {name} was not started on this head"),
        PullWait::CheckFailed { name, url } => format!("check {name} failed{}", linked(url)),
        PullWait::Conversations { open } => {
            format!("{} to resolve", counted(*open as usize, "conversation"))
        }
        PullWait::Draft => "it is a draft".to_owned(),
        PullWait::Conflict => "it conflicts with the base branch".to_owned(),
        PullWait::Behind => "it is behind the base branch".to_owned(),
        PullWait::Queue { queued: true } => "it is in the merge queue".to_owned(),
        PullWait::Queue { queued: false } => "ready, somebody has to put it into the merge queue".to_owned(),
        PullWait::Blocked { rules, unread } => blocked(rules, unread),
        PullWait::NotComputed => "the forge is still computing".to_owned(),
        PullWait::Mergeable => "ready, somebody has to merge it".to_owned(),
    }
}

fn blocked(rules: &[String], unread: &[String]) -> String {
    let mut text = "the forge blocks it and does not say why".to_owned();
    if !rules.is_empty() {
        text.push_str(&format!("; of its rules keyslot cannot judge {}", rules.join(", ")));
    }
    if !unread.is_empty() {
        text.push_str(&format!("; keyslot may not read {}", unread.join(", ")));
    }
    text
}

/// How a Kubernetes Secret comes to hold what the vault holds.
pub(super) const FILLED: &str = "the CSI driver fills it only when rotation is on: turn rotation on; or delete the Secret and \
     restart one workload that mounts its class (`kubectl rollout restart`), whose new pods make it. Where a driver from \
     1.6 on runs, pods that are left of other workloads write the old key back within five minutes: turn rotation on there, or \
     restart all that mount the class at once";

/// What nobody sees of a stopped cluster.
pub(super) const STOPPED: &str = "what Kubernetes Secrets there hold cannot be seen: one that the CSI driver filled may hold \
                                  the old key, and pods read it when the cluster starts again";

/// Pods that wait for a node; the first few are known by name.
pub(super) fn waiting_pods(count: usize, named: &[String]) -> String {
    let mut text = format!("{} ({}", counted(count, "pod"), named.join(", "));
    if count > named.len() {
        text.push_str(&format!(" and {} more", count - named.len()));
    }
    text + ")"
}

fn some(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

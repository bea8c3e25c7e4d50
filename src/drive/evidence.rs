//! The digest of the evidence behind a step: of what was seen and relied on, in a form that depends on nothing else.
//!
//! Two looks that saw the same give the same digest, whenever they were; what the step did not rely on does not
//! count. Key material cannot be in it: evidence has fingerprints only. Every view is taken apart member by member,
//! so that a new one does not compile until it is decided whether it counts.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::act::hex;
use crate::model::{
    Absent, AccountRights, AccountView, AuditView, AutoscalerView, Blind, BranchRule, BranchRules,
    BranchView, Brings, CensusView, ClusterView, CommitId, CronJobView, Delivery, DeploymentView,
    EvidenceKey, Fingerprint, InventoryView, KeyProof, MetricsView, NetworkRules, OperationState, OriginView,
    PodView, ProofVerdict, PullApproval, PullCheck, PullState, PullView, QuotaLine, QuotaView, RefusedMinute,
    Region, ReleaseView, Requests, Right, RightView, RoomView, RunView, SecretReads, SecretVersion, Seen,
    StageView, SyncedSecretView, Term, TracesView, TreeClaim, Unlisted, UnseenSecret, UsageView, VaultView,
    WorkloadView, World,
};
use crate::rotation::{Opened, Relied, Step};

/// The digests of what was seen, each made when it is first relied on: of a thousand stamps it is megabytes, and one
/// stamp's news leave the others as they were.
#[derive(Default)]
pub(super) struct Digests(BTreeMap<EvidenceKey, [u8; 32]>);

impl Digests {
    /// What was relied on, for all the steps that rest on it.
    pub fn relied_on(&mut self, relied: &Relied, world: &World) -> [u8; 32] {
        let mut digest = Sha256::new();
        for key in relied.keys() {
            let known = self.0.entry(key.clone()).or_insert_with(|| {
                let mut facts = Facts::default();
                facts.word(key);
                of(&mut facts, key, world);
                Sha256::digest(facts.0.as_bytes()).into()
            });
            digest.update(known);
        }
        digest.finalize().into()
    }

    /// After a look at it.
    pub fn renew(&mut self, key: &EvidenceKey) {
        self.0.remove(key);
        if let EvidenceKey::Cluster(stamp) = key {
            self.0.remove(&EvidenceKey::Workloads(stamp.clone()));
        }
    }

    /// After looks at anything.
    pub fn renew_all(&mut self) {
        self.0.clear();
    }

    /// After a step, whose traces are in what was seen of its stamp; of what has no stamp nothing is kept.
    pub fn forget(&mut self, step: &Step) {
        match step {
            Step::Restart { stamp, .. } | Step::WriteSecret { stamp, .. } => {
                self.renew(&EvidenceKey::Cluster(stamp.clone()));
                self.renew(&EvidenceKey::Vault(stamp.clone()));
            }
            _ => self.renew_all(),
        }
    }
}

/// The digest as intents and permits carry it.
pub(super) fn digest(opened: &Opened, step: &Step, relied_on: &[u8; 32]) -> String {
    let mut facts = Facts::default();
    facts.text(opened.rotation.as_str()).text(step.key().as_str());
    let mut digest = Sha256::new();
    digest.update(facts.0.as_bytes());
    digest.update(relied_on);
    hex(&digest.finalize(), 8)
}

fn of(facts: &mut Facts, key: &EvidenceKey, world: &World) {
    match key {
        EvidenceKey::Account => facts.seen(world.account.as_ref(), account),
        EvidenceKey::Proof(slot) => facts.seen(world.proofs.get(slot), proof),
        EvidenceKey::Code => facts.seen(world.code.as_ref(), code),
        EvidenceKey::Pull(ends) => {
            facts.seen(world.pulls.get(ends), |facts, view| facts.maybe(view.as_ref(), pull));
        }
        EvidenceKey::Validation(head) => {
            facts.seen(world.validations.get(head), |facts, runs| facts.list(runs, run));
        }
        EvidenceKey::Rules(branch) => facts.seen(world.rules.get(branch), rules),
        EvidenceKey::Origin => facts.seen(world.origin.as_ref(), origin),
        EvidenceKey::Runs => facts.seen(world.runs.as_ref(), |facts, runs| facts.list(runs, run)),
        EvidenceKey::Deployments => {
            facts.seen(world.deployments.as_ref(), |facts, all| facts.list(all, deployment));
        }
        EvidenceKey::Operation => facts.seen(world.operation.as_ref(), operation),
        EvidenceKey::Traces => facts.seen(world.traces.as_ref(), traces),
        EvidenceKey::Vault(stamp) => facts.seen(world.vaults.get(stamp), vault),
        EvidenceKey::Cluster(stamp) => facts.seen(world.clusters.get(stamp), cluster),
        EvidenceKey::Workloads(stamp) => {
            facts.seen(world.clusters.get(stamp), |facts, view| facts.list(&view.workloads, workload));
        }
        EvidenceKey::Room(stamp) => facts.seen(world.rooms.get(stamp), room),
        EvidenceKey::RightsIn(stamp) => {
            facts.seen(world.rights_in.get(stamp), |facts, all| facts.list(all, right));
        }
        EvidenceKey::Inventory => facts.seen(world.inventory.as_ref(), inventory),
        EvidenceKey::Usage => facts.seen(world.usage.as_ref(), usage),
        EvidenceKey::Metrics => facts.seen(world.metrics.as_ref(), metrics),
        EvidenceKey::Census => facts.seen(world.census.as_ref(), census),
        EvidenceKey::Rights => facts.seen(world.rights.as_ref(), rights),
    }
}

/// Facts one after the other, texts with their length before them: no two lists of facts read alike.
#[derive(Default)]
struct Facts(String);

impl Facts {
    fn text(&mut self, text: &str) -> &mut Facts {
        self.word(text.len()).word(text)
    }

    /// Something that has no blanks in it, or whose length is told before.
    fn word(&mut self, word: impl Display) -> &mut Facts {
        // A String takes whatever is written to it.
        let _ = write!(self.0, "{word} ");
        self
    }

    fn time(&mut self, at: Option<Timestamp>) -> &mut Facts {
        match at {
            Some(at) => self.word(at.as_nanosecond()),
            None => self.word("-"),
        }
    }

    fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Facts, T)) {
        let Some(value) = value else { return self.nothing() };
        write(self, value);
    }

    fn maybe_text(&mut self, text: Option<&str>) -> &mut Facts {
        match text {
            Some(text) => self.text(text),
            None => self.word("-"),
        }
    }

    fn nothing(&mut self) {
        self.word("-");
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Facts, &T)) {
        self.word(items.len());
        items.iter().for_each(|item| write(self, item));
    }

    fn told<T>(&mut self, told: &Result<T, Blind>, write: impl FnOnce(&mut Facts, &T)) {
        match told {
            Ok(what) => write(self, what),
            Err(blind) => {
                self.word(format_args!("{:?}", blind.kind));
            }
        }
    }

    /// Not the date: that it was young enough, the decision has seen to.
    fn seen<T>(&mut self, seen: Option<&Seen<T>>, write: impl FnOnce(&mut Facts, &T)) {
        match seen.map(|seen| &seen.what) {
            Some(told) => self.told(told, write),
            None => self.nothing(),
        }
    }
}

fn account(facts: &mut Facts, view: &AccountView) {
    let AccountView {
        provisioning,
        local_auth_disabled,
        regions,
        network,
        keys,
        // By the fingerprints that are not there.
        keys_hidden: _,
        tells_last_use,
    } = view;
    facts.text(provisioning).word(local_auth_disabled).word(tells_last_use);
    let NetworkRules { closed_to_public, addresses, virtual_networks, private_endpoints } = network;
    facts.word(closed_to_public).word(addresses).word(virtual_networks).word(private_endpoints);
    facts.list(regions, |facts, Region { name, endpoint, writable }| {
        facts.text(name).text(endpoint).word(writable);
    });
    for (kind, key) in keys {
        facts.word(kind.azure_name()).time(key.generated).time(key.last_used);
        facts.maybe_text(key.fingerprint.as_ref().map(Fingerprint::as_str));
    }
}

fn rights(facts: &mut Facts, view: &AccountRights) {
    let AccountRights { rights, term } = view;
    facts.list(rights, right);
    match term {
        Term::Lasting => facts.word("lasting"),
        Term::Until(until) => facts.time(Some(*until)),
        Term::Untold(_) => facts.word("untold"),
    };
}

fn right(facts: &mut Facts, view: &RightView) {
    let RightView { what, right, remedy: _ } = view;
    facts.text(what).word(*right == Right::Allowed);
}

fn rules(facts: &mut Facts, view: &BranchRules) {
    let BranchRules { rules, unread } = view;
    facts.list(rules, |facts, BranchRule { demand, bypass }| {
        facts.text(&format!("{demand:?}")).word(format_args!("{bypass:?}"));
    });
    facts.list(unread, |facts, unread| {
        facts.text(&format!("{unread:?}"));
    });
}

fn proof(facts: &mut Facts, view: &KeyProof) {
    let KeyProof { fingerprint, regions } = view;
    facts.maybe_text(fingerprint.as_ref().map(Fingerprint::as_str));
    for (region, proof) in regions {
        facts
            .text(region)
            .word(proof.read.kind())
            .word(proof.write.as_ref().map_or("not-asked", ProofVerdict::kind));
    }
}

fn code(facts: &mut Facts, view: &ReleaseView) {
    let ReleaseView { base, release, live_by, arrived, proposals } = view;
    facts.word(format_args!("{live_by:?}"));
    branch(facts, base);
    facts.maybe(release.as_ref(), branch);
    texts(facts, &arrived.iter().map(CommitId::to_string).collect::<Vec<_>>());
    proposals.values().for_each(|proposal| branch(facts, proposal));
}

fn branch(facts: &mut Facts, view: &BranchView) {
    let BranchView { branch, head, claim, is_flip, brings } = view;
    let TreeClaim { reads, references, problems, elsewhere } = claim;
    facts.text(branch.as_str()).text(head.as_str()).word(format_args!("{reads:?}")).word(references);
    texts(facts, problems);
    // Said only where there are some: what rested on evidence before they were known rests on the same.
    if !elsewhere.is_empty() {
        facts.list(elsewhere, delivery);
    }
    facts.word(is_flip);
    for (onto, Brings { since, flip_alone, merged_reads }) in brings {
        facts.text(onto.as_str()).text(since.as_ref().map_or("", CommitId::as_str)).word(flip_alone);
        facts.word(format_args!("{merged_reads:?}"));
    }
}

fn delivery(facts: &mut Facts, delivery: &Delivery) {
    let Delivery { taker, name, arguments, files, slot } = delivery;
    facts
        .word(format_args!("{taker:?}"))
        .text(name)
        .word(format_args!("{slot:?}").to_string().replace(' ', ""));
    texts(facts, arguments);
    texts(facts, files);
}

fn origin(facts: &mut Facts, view: &OriginView) {
    let OriginView { head, commit, pull: brought, reviews_wanted, unread } = view;
    facts.text(head.as_str()).text(commit.as_ref().map_or("", CommitId::as_str)).word(reviews_wanted);
    facts.maybe(brought.as_ref(), pull);
    texts(facts, unread);
}

fn texts(facts: &mut Facts, texts: &[String]) {
    facts.word(texts.len());
    texts.iter().for_each(|text| {
        facts.text(text);
    });
}

/// What holds an open one is for people; nothing rests on it.
fn pull(facts: &mut Facts, view: &PullView) {
    let PullView {
        number,
        url: _,
        author,
        head_branch,
        head,
        base,
        state,
        approvals,
        reviews_wanted,
        unread,
        auto_merge: _,
        checks,
        waits: _,
    } = view;
    facts.word(number).text(author).text(head_branch.as_str()).text(head.as_str()).text(base.as_str());
    match state {
        PullState::Open => facts.word("open"),
        PullState::Closed => facts.word("closed"),
        PullState::Merged { commit } => facts.word("merged").text(commit.as_str()),
    };
    facts.word(reviews_wanted);
    texts(facts, unread);
    facts.list(approvals, |facts, PullApproval { by, head, same_change }| {
        facts.text(by).text(head.as_str()).word(same_change);
    });
    facts.list(checks, |facts, PullCheck { name, required, passed }| {
        facts.text(name).word(required).word(format_args!("{passed:?}"));
    });
}

fn run(facts: &mut Facts, view: &RunView) {
    let RunView { id, url: _, branch, commit, by: _, state, started, finished, stages, more_before } = view;
    facts.text(id.as_str()).text(branch.as_str()).text(commit.as_str()).word(format_args!("{state:?}"));
    facts.time(Some(*started)).time(*finished);
    // Said only where it is so: what rested on evidence before it was known rests on the same.
    if *more_before {
        facts.word("more before");
    }
    facts.list(stages, |facts, stage| {
        // Who may approve, and what a failed stage printed, are for people; nothing rests on them.
        let StageView { name, state, effects, attempt, started, finished, holds: _, failure: _ } = stage;
        facts.text(name).word(format_args!("{state:?}")).word(attempt);
        facts.word(format_args!("{effects:?}")).time(*started).time(*finished);
    });
}

fn deployment(facts: &mut Facts, view: &DeploymentView) {
    let DeploymentView { environment, of, commit, by: _, state, since, url: _ } = view;
    facts.text(environment).text(of.as_str()).text(commit.as_str()).word(format_args!("{state:?}"));
    facts.time(Some(*since));
}

fn operation(facts: &mut Facts, state: &OperationState) {
    match state {
        OperationState::Running(_) => facts.word("running"),
        OperationState::Succeeded => facts.word("succeeded"),
        OperationState::Failed(why) => facts.word("failed").text(why),
    };
}

fn traces(facts: &mut Facts, view: &TracesView) {
    // How far the log has come is for people; what it shows is what counts.
    let TracesView { newest: _, traces } = view;
    for (id, trace) in traces {
        facts.text(id).text(&format!("{trace:?}"));
    }
}

fn vault(facts: &mut Facts, view: &VaultView) {
    let VaultView { version, created, expires, valid_from, fingerprint } = view;
    // It is enabled, or nobody would see it.
    facts.text(version.as_str()).time(Some(*created)).word(true).time(*expires).text(fingerprint.as_str());
    if valid_from.is_some() {
        facts.time(*valid_from);
    }
}

fn inventory(facts: &mut Facts, view: &InventoryView) {
    let InventoryView { alike: _, unlisted, unattributed, absent, shown, unlike, branches: _ } = view;
    for (stamp, kind) in shown {
        facts.text(stamp.as_str()).word(format_args!("{kind:?}"));
    }
    for stamp in unlike {
        facts.text(stamp.as_str());
    }
    for strange in [unlisted, unattributed] {
        facts.list(strange, |facts, Unlisted { kind, name, resource_group, location }| {
            facts.word(format_args!("{kind:?}")).text(name).text(resource_group).text(location);
        });
    }
    facts.list(absent, |facts, Absent { stamp, kind, name }| {
        facts.text(stamp.as_str()).word(format_args!("{kind:?}")).text(name);
    });
}

fn usage(facts: &mut Facts, view: &UsageView) {
    let UsageView { since: _, newest, requests } = view;
    facts.time(*newest);
    facts.list(requests, |facts, requests| {
        let Requests { credential, refused, region, caller, count, first: _, last } = requests;
        facts.word(format_args!("{credential:?}").to_string().replace(' ', "")).word(refused).text(region);
        facts.text(&caller.address).text(&caller.agent).word(count).time(Some(*last));
    });
}

fn metrics(facts: &mut Facts, view: &MetricsView) {
    let MetricsView { since: _, refused, told: _ } = view;
    facts.list(refused, |facts, RefusedMinute { region, begin, count }| {
        facts.text(region).time(Some(*begin)).word(count);
    });
}

fn census(facts: &mut Facts, view: &CensusView) {
    let CensusView { used, read } = view;
    facts.told(used, usage);
    facts.told(read, audit);
}

fn audit(facts: &mut Facts, view: &AuditView) {
    // When it begins is for people, as it is of the account's logs.
    let AuditView { since: _, newest, oldest: _, reads } = view;
    for (stamp, newest) in newest {
        facts.text(stamp.as_str()).time(Some(*newest));
    }
    facts.list(reads, |facts, reads| {
        let SecretReads { stamp, version, identity, caller, count, first: _, last } = reads;
        facts.text(stamp.as_str()).maybe_text(version.as_ref().map(SecretVersion::as_str));
        identity.names().for_each(|name| {
            facts.text(name);
        });
        facts.text(&caller.address).text(&caller.agent).word(count).time(Some(*last));
    });
}

fn cluster(facts: &mut Facts, view: &ClusterView) {
    // By how much its clock is ahead differs from look to look; beyond a bound it holds.
    let ClusterView {
        state,
        workloads,
        workloads_seen: _,
        pods,
        cron_jobs,
        pinned,
        synced,
        // What it leaves undone shows by the Secrets.
        rotates: _,
        unseen,
        overtaken,
        // Of what it is the cause shows by the pods.
        silent: _,
        heard: _,
        // Which ones wait changes all the time; that some do is what holds.
        unplaced,
        ahead: _,
        extent,
        warnings: _,
    } = view;
    facts.text(&format!("{state:?}")).text(&format!("{extent:?}")).word(unplaced.is_some());
    facts.list(workloads, workload);
    facts.list(pods, pod);
    facts.list(cron_jobs, cron_job);
    // Both said only where there are some: what rested on evidence before they were known rests on the same.
    if !pinned.is_empty() {
        facts.text(&format!("{pinned:?}"));
    }
    facts.list(synced, |facts, secret| {
        let SyncedSecretView { namespace, name, fingerprint, changed, owners: _, said_since, unread } =
            secret;
        facts.text(namespace).text(name).text(fingerprint.as_str()).time(*changed).time(*said_since);
        if *unread {
            facts.word(unread);
        }
    });
    facts.list(unseen, |facts, UnseenSecret { namespace, name, why: _ }| {
        facts.text(namespace).text(name);
    });
    for (uid, changed) in overtaken {
        facts.text(uid).time(Some(*changed));
    }
}

fn room(facts: &mut Facts, view: &RoomView) {
    let RoomView { quotas, autoscalers } = view;
    facts.told(quotas, |facts, quotas| facts.list(quotas, quota));
    facts.told(autoscalers, |facts, autoscalers| facts.list(autoscalers, autoscaler));
}

fn quota(facts: &mut Facts, view: &QuotaView) {
    let QuotaView { namespace, name, scopes, lines } = view;
    facts.text(namespace).text(name);
    texts(facts, scopes);
    facts.list(lines, |facts, QuotaLine { resource, hard, used }| {
        facts.text(resource).word(hard).word(used);
    });
}

fn autoscaler(facts: &mut Facts, view: &AutoscalerView) {
    let AutoscalerView { name, target, most, desired, limited } = view;
    facts.text(name).text(&target.to_string()).word(most).word(desired).word(limited);
}

fn cron_job(facts: &mut Facts, view: &CronJobView) {
    let CronJobView { namespace, name, suspended, mounts, reads, pinned, left } = view;
    facts.text(namespace).text(name).word(suspended).word(mounts);
    texts(facts, reads);
    facts.maybe_text(pinned.as_ref().map(SecretVersion::as_str)).text(&format!("{left:?}"));
}

/// Who manages it is a note for people; nothing rests on it. When it was written only tells how long it has been as it is.
fn workload(facts: &mut Facts, view: &WorkloadView) {
    let WorkloadView {
        name,
        uid,
        generation,
        observed_generation,
        paused,
        strategy,
        desired,
        replicas,
        terminating,
        updated,
        ready,
        available,
        unavailable,
        between_revisions,
        conditions,
        restarted_at,
        rotation,
        consumes,
        pinned,
        lacks,
        left,
        written: _,
        manager: _,
        // An estimate for people rests on it, and nothing else.
        times: _,
    } = view;
    facts
        .text(&name.to_string())
        .word(between_revisions)
        .text(uid)
        .word(generation)
        .word(observed_generation);
    facts.word(paused).word(consumes).word(desired).word(replicas).word(updated).word(ready);
    facts.word(terminating.map_or(-1, i64::from));
    facts.word(available).word(unavailable).text(&format!("{strategy:?}"));
    facts.list(conditions, |facts, condition| {
        facts.text(&condition.kind).text(&condition.status).text(&condition.reason);
    });
    facts.maybe_text(restarted_at.as_deref()).maybe_text(rotation.as_deref()).maybe_text(lacks.as_deref());
    facts.maybe_text(pinned.as_ref().map(SecretVersion::as_str)).text(&format!("{left:?}"));
}

fn pod(facts: &mut Facts, view: &PodView) {
    // Since when it is ready counts for a soak, which is over then. What troubles it is for people, and so is where it runs. What it asks for is judged with the quotas.
    let PodView {
        name,
        uid,
        namespace,
        created,
        deleting,
        workload,
        above,
        phase,
        ready,
        ready_since: _,
        unready_since: _,
        holding,
        besides,
        mounted,
        mounted_besides,
        fills,
        elsewhere,
        node: _,
        asks: _,
        trouble: _,
    } = view;
    facts.text(namespace).text(name).text(uid).time(Some(*created)).time(*deleting).text(phase).word(ready);
    facts.maybe_text(workload.as_ref().map(ToString::to_string).as_deref());
    facts
        .maybe_text(above.as_ref().map(ToString::to_string).as_deref())
        .text(&format!("{holding:?}{besides:?}"));
    facts.maybe_text(mounted.as_ref().map(SecretVersion::as_str));
    // Said only where there are some: what rested on evidence before they were known rests on the same.
    if !elsewhere.is_empty() {
        facts.text(&format!("{elsewhere:?}"));
    }
    if !mounted_besides.is_empty() {
        facts.text(&format!("{mounted_besides:?}"));
    }
    if !fills.is_empty() {
        facts.text(&format!("{fills:?}"));
    }
}

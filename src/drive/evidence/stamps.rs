//! What was seen of the stamps, their vaults, clusters and room, as facts.

use super::facts::{Facts, texts};
use crate::model::{
    Absent, AutoscalerView, ClusterView, CronJobView, InventoryView, PodView, QuotaLine, QuotaView, RoomView,
    SecretVersion, SyncedSecretView, Unlisted, UnseenSecret, VaultView, WorkloadView,
};

pub(super) fn vault(facts: &mut Facts, view: &VaultView) {
    let VaultView { version, created, expires, valid_from, fingerprint } = view;
    // It is enabled, or nobody would see it.
    facts.text(version.as_str()).time(Some(*created)).word(true).time(*expires).text(fingerprint.as_str());
    if valid_from.is_some() {
        facts.time(*valid_from);
    }
}

pub(super) fn inventory(facts: &mut Facts, view: &InventoryView) {
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

pub(super) fn cluster(facts: &mut Facts, view: &ClusterView) {
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

pub(super) fn room(facts: &mut Facts, view: &RoomView) {
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
pub(super) fn workload(facts: &mut Facts, view: &WorkloadView) {
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

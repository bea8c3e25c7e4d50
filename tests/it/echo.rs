//! Ports whose n-th effect arrives twice, as by a proxy that sends a request again. Reads go straight through.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use keyslot::model::{
    AccountRights, AccountView, BranchName, ClusterView, CommitId, KeyKind, KeyProof, MergeMethod, Operation,
    OperationState, PullDress, PullEnds, PullHead, PullNumber, PullView, Region, RoomView, RunView, Salt,
    StampName, WorkloadName,
};
use keyslot::ports::{
    Accounts, Bringing, Bulletin, Changed, Clusters, Code, CodeTree, CommitText, Effect, Expect, Fault,
    FileEdit, Forge, NewPull, Permit, Picked, Pipeline, Ports, RestartMark, Started, Validation, Wanted,
};

/// Which of the two answers comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    First,
    Second,
}

/// Counts effects, and says which one is sent twice.
struct Count {
    number: u32,
    heard: Heard,
    seen: AtomicU32,
    what: Arc<Mutex<Option<String>>>,
}

struct Echo<P: ?Sized> {
    inner: Arc<P>,
    count: Arc<Count>,
}

/// The ports with their n-th effect sent twice; `what` is told which one that was.
pub fn around(ports: Ports, number: u32, heard: Heard, what: Arc<Mutex<Option<String>>>) -> Ports {
    let count = Arc::new(Count { number, heard, seen: AtomicU32::new(0), what });
    Ports {
        code: Arc::new(Echo { inner: ports.code, count: Arc::clone(&count) }),
        forge: Arc::new(Echo { inner: ports.forge, count: Arc::clone(&count) }),
        pipeline: Arc::new(Echo { inner: ports.pipeline, count: Arc::clone(&count) }),
        validation: Arc::new(Echo { inner: ports.validation, count: Arc::clone(&count) }),
        clusters: Arc::new(Echo { inner: ports.clusters, count: Arc::clone(&count) }),
        accounts: Arc::new(Echo { inner: ports.accounts, count }),
        ..ports
    }
}

impl Count {
    async fn send<T, F: Future<Output = Effect<T>>>(&self, what: &str, call: impl Fn() -> F) -> Effect<T> {
        let twice = self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.number;
        let first = call().await;
        if !twice {
            return first;
        }
        *self.what.lock().unwrap() = Some(what.to_owned());
        let second = call().await;
        match self.heard {
            Heard::First => first,
            Heard::Second => second,
        }
    }
}

#[async_trait]
impl Code for Echo<dyn Code> {
    async fn fetch(&self) -> Result<BTreeMap<BranchName, CommitId>, Fault> {
        self.inner.fetch().await
    }

    async fn tree(&self, commit: &CommitId, wanted: &Wanted) -> Result<CodeTree, Fault> {
        self.inner.tree(commit, wanted).await
    }

    async fn contains(&self, descendant: &CommitId, ancestor: &CommitId) -> Result<bool, Fault> {
        self.inner.contains(descendant, ancestor).await
    }

    async fn parted(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, Fault> {
        self.inner.parted(one, other).await
    }

    async fn line(&self, head: &CommitId, most: usize) -> Result<Vec<CommitId>, Fault> {
        self.inner.line(head, most).await
    }

    async fn file(&self, commit: &CommitId, path: &str) -> Result<Option<Arc<[u8]>>, Fault> {
        self.inner.file(commit, path).await
    }

    async fn message(&self, commit: &CommitId) -> Result<String, Fault> {
        self.inner.message(commit).await
    }

    async fn commit(
        &self,
        parent: &CommitId,
        edits: &[FileEdit],
        text: &CommitText,
    ) -> Result<CommitId, Fault> {
        self.inner.commit(parent, edits, text).await
    }

    async fn cherry_pick(&self, commit: &CommitId, onto: &CommitId, at: Timestamp) -> Result<Picked, Fault> {
        self.inner.cherry_pick(commit, onto, at).await
    }

    async fn brought(&self, merged: &CommitId, proposal: &CommitId) -> Result<Vec<CommitId>, Fault> {
        self.inner.brought(merged, proposal).await
    }

    async fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, Fault> {
        self.inner.changed(from, to).await
    }

    async fn joined(&self, into: &CommitId, head: &CommitId) -> Result<Picked, Fault> {
        self.inner.joined(into, head).await
    }

    async fn push(&self, commit: &CommitId, branch: &BranchName, expect: &Expect) -> Effect<()> {
        self.count.send("push", || self.inner.push(commit, branch, expect)).await
    }
}

#[async_trait]
impl Forge for Echo<dyn Forge> {
    async fn pull_between(&self, ends: &PullEnds) -> Result<Option<PullView>, Fault> {
        self.inner.pull_between(ends).await
    }

    async fn brought_by(&self, commits: &[CommitId], base: &BranchName) -> Result<Bringing, Fault> {
        self.inner.brought_by(commits, base).await
    }

    async fn open_pull(&self, new: &NewPull) -> Effect<PullNumber> {
        self.count.send("open a pull request", || self.inner.open_pull(new)).await
    }

    async fn dress(&self, pull: PullNumber, dress: &PullDress) -> Effect<()> {
        self.count.send("label the pull request", || self.inner.dress(pull, dress)).await
    }

    async fn withdraw_merge(&self, pull: PullNumber) -> Effect<()> {
        self.count.send("no longer have it merged", || self.inner.withdraw_merge(pull)).await
    }

    async fn merge_when_ready(&self, pull: PullNumber, head: &CommitId, method: MergeMethod) -> Effect<()> {
        self.count.send("have it merged", || self.inner.merge_when_ready(pull, head, method)).await
    }

    async fn merge(
        &self,
        pull: PullNumber,
        head: &CommitId,
        method: MergeMethod,
        permit: &Permit,
    ) -> Effect<CommitId> {
        self.count.send("merge the pull request", || self.inner.merge(pull, head, method, permit)).await
    }

    async fn publish(&self, pull: PullNumber, bulletin: &Bulletin) -> Effect<()> {
        self.count.send("tell the pull request", || self.inner.publish(pull, bulletin)).await
    }
}

#[async_trait]
impl Pipeline for Echo<dyn Pipeline> {
    async fn runs(&self) -> Result<Vec<RunView>, Fault> {
        self.inner.runs().await
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started> {
        self.count.send("start a run", || self.inner.start(branch, commit, skip)).await
    }
}

#[async_trait]
impl Validation for Echo<dyn Validation> {
    async fn runs_of(&self, head: &PullHead) -> Result<Vec<RunView>, Fault> {
        self.inner.runs_of(head).await
    }

    async fn start(&self, branch: &BranchName, commit: &CommitId, skip: &[String]) -> Effect<Started> {
        self.count.send("start a validation", || self.inner.start(branch, commit, skip)).await
    }
}

#[async_trait]
impl Clusters for Echo<dyn Clusters> {
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        self.inner.look(stamp, salt).await
    }

    async fn room(&self, stamp: &StampName) -> Result<RoomView, Fault> {
        self.inner.room(stamp).await
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        self.count.send("restart", || self.inner.restart(stamp, workload, mark, permit)).await
    }

    async fn changed(&self) -> std::collections::BTreeSet<Changed> {
        self.inner.changed().await
    }
}

#[async_trait]
impl Accounts for Echo<dyn Accounts> {
    async fn look(&self, salt: &Salt) -> Result<AccountView, Fault> {
        self.inner.look(salt).await
    }

    async fn prove(&self, kind: KeyKind, regions: &[Region], salt: &Salt) -> Result<KeyProof, Fault> {
        self.inner.prove(kind, regions, salt).await
    }

    async fn regenerate(
        &self,
        kind: KeyKind,
        request_id: &str,
        permit: &Permit,
    ) -> Effect<Option<Operation>> {
        self.count.send("regenerate", || self.inner.regenerate(kind, request_id, permit)).await
    }

    async fn rights(&self) -> Result<AccountRights, Fault> {
        self.inner.rights().await
    }

    async fn poll(&self, operation: &Operation) -> Result<OperationState, Fault> {
        self.inner.poll(operation).await
    }
}

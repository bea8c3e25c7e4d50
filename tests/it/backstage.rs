//! What happens around a process that it does not know of: other people's deeds at their moments, the end of all
//! patience, death between two records, and a witness who looks at the world's truth when a key is sent to die.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use keyslot::journal::{Created, RecordStore, Seq, Stored};
use keyslot::model::{
    AccountRights, AccountView, Blindness, BranchName, KeyKind, KeyProof, Operation, OperationState, Region,
    Salt, Slot, StampName, WorkloadName,
};
use keyslot::ports::{Accounts, Clock, Effect, Fault, Permit, Ports};
use keyslot::sim::memory::{CrashFlag, CrashMoment};
use keyslot::sim::repository::{Commit, Lookup as _, Signature, ancestors};
use keyslot::sim::{Command, DeploymentPatch, Expected, KeyId, OperationStatus, SharedWorld, World};

use crate::journey::later;

/// Readings of the clock after which a process is known to go round in circles.
const TOO_MANY_READINGS: u64 = 3_000_000;

/// Something that somebody else does.
#[derive(Clone, Debug)]
pub enum Deed {
    Do(Command),
    /// `kubectl rollout restart` by hand.
    Restart(StampName, WorkloadName),
    /// The slot's current key, written into a stamp's vault by hand.
    WriteSlot(StampName, Slot),
    /// A commit on the branch after which it reads the slot, pushed by hand.
    Flip(BranchName, Slot),
    /// The same with the slot whose key is gone, once: where it was regenerated, and nobody has done so before.
    FlipBackOnce(BranchName, KeyKind),
}

impl Deed {
    fn act(&self, world: &mut World) {
        let command = match self {
            Deed::Do(command) => command.clone(),
            Deed::Restart(stamp, workload) => Command::Patch {
                stamp: stamp.clone(),
                workload: workload.clone(),
                patch: DeploymentPatch::annotate(
                    "kubectl.kubernetes.io/restartedAt",
                    &world.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                ),
            },
            Deed::WriteSlot(stamp, slot) => {
                let Some(key) = world.account().current(KeyKind::read_write(*slot)) else { return };
                let value = keyslot::model::KeyMaterial::clone(&key.material);
                Command::SetSecret { stamp: stamp.clone(), value }
            }
            Deed::Flip(branch, slot) => {
                let Some(command) = flip(world, branch, *slot) else { return };
                command
            }
            Deed::FlipBackOnce(branch, kind) => {
                let due = is_gone(world, *kind) && !was_flipped(world, branch);
                let Some(command) = due.then(|| flip(world, branch, kind.slot)).flatten() else { return };
                command
            }
        };
        // People are refused like everybody else.
        let _ = world.apply(command);
    }
}

fn is_gone(world: &World, kind: KeyKind) -> bool {
    let now = world.now();
    let mut operations = world.account().operations().iter();
    operations.any(|one| one.kind == kind && one.status(now) == OperationStatus::Succeeded)
}

/// Whether somebody has changed the slot there by hand.
fn was_flipped(world: &World, branch: &BranchName) -> bool {
    let repository = world.repository();
    let Some(head) = repository.head(branch) else { return false };
    ancestors(repository, head)
        .any(|id| repository.commit(&id).is_some_and(|commit| commit.message().starts_with(BY_HAND)))
}

const BY_HAND: &str = "Change the slot by hand";

fn flip(world: &World, branch: &BranchName, slot: Slot) -> Option<Command> {
    let head = world.repository().get(world.repository().head(branch)?)?;
    let tree = head.tree().iter().fold(head.tree().clone(), |tree, (path, file)| {
        let text = String::from_utf8_lossy(file.bytes());
        let old = format!("global.{}_key", slot.other());
        match text.contains(&old) {
            true => tree.with(path, text.replace(&old, &format!("global.{slot}_key")).into_bytes()),
            false => tree,
        }
    });
    let by = Signature::of("somebody", world.now());
    let commit = Commit::new(tree, vec![head.id().clone()], &by, &format!("{BY_HAND}\n"));
    Some(Command::Push {
        branch: branch.clone(),
        expected: Expected::FastForward,
        commit: commit.id().clone(),
        objects: vec![Arc::new(commit)],
        by: "somebody".to_owned(),
    })
}

/// What the witness saw when a regeneration was sent.
#[derive(Clone, Debug)]
pub struct Shot {
    pub at: Timestamp,
    pub kind: KeyKind,
    pub key: KeyId,
    /// Pods whose process holds it, and pods whose process has yet to read it from its mount.
    pub holders: Vec<String>,
    /// Until when it might have been sent.
    pub permitted_until: Timestamp,
    /// Whether the service took it.
    pub taken: bool,
}

#[derive(Default)]
struct Inner {
    deeds: Vec<(Timestamp, Deed)>,
    deadline: Option<Timestamp>,
    out_of_time: bool,
    readings: u64,
    shots: Vec<Shot>,
    cuts: Vec<(u64, CrashMoment)>,
    /// What a record must hold so that its answer is lost, and for how many calls nothing is answered then.
    losses: Vec<(Vec<String>, u32)>,
    silent: u32,
    /// Records that hold all of this, and everything after one of them, come to nothing.
    away: Option<Vec<String>>,
    nap: Option<Duration>,
    /// By how much the machine's wall clock is behind the world's.
    set_back: SignedDuration,
}

/// The surroundings of all processes of one theatre.
#[derive(Clone)]
pub struct Backstage {
    world: SharedWorld,
    flag: CrashFlag,
    inner: Arc<Mutex<Inner>>,
}

impl Backstage {
    pub fn new(world: &SharedWorld, flag: &CrashFlag) -> Backstage {
        Backstage { world: world.clone(), flag: flag.clone(), inner: Arc::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody does something at that moment.
    pub fn at(&self, when: Timestamp, deed: Deed) {
        let mut inner = self.inner();
        inner.deeds.push((when, deed));
        inner.deeds.sort_by_key(|(at, _)| *at);
    }

    /// Whoever sleeps beyond this is woken no more.
    pub fn until(&self, deadline: Timestamp) {
        self.inner().deadline = Some(deadline);
    }

    /// Whether somebody has slept beyond the deadline.
    pub fn out_of_time(&self) -> bool {
        self.inner().out_of_time
    }

    /// Patience begins anew.
    pub fn in_time_again(&self) {
        self.inner().out_of_time = false;
    }

    /// The process dies just before or just after this record is written, once.
    pub fn cut(&self, seq: u64, moment: CrashMoment) {
        self.inner().cuts.push((seq, moment));
    }

    /// The store writes the next record that holds all of this and does not answer, nor the next calls, so many of them.
    pub fn lose_answer(&self, parts: &[&str], silent: u32) {
        self.inner().losses.push((parts.iter().map(ToString::to_string).collect(), silent));
    }

    /// The store is gone from the next record on that holds all of this, and does not get that one either.
    pub fn lose_store(&self, parts: &[&str]) {
        self.inner().away = Some(parts.iter().map(ToString::to_string).collect());
    }

    /// It is back.
    pub fn find_store(&self) {
        let mut inner = self.inner();
        (inner.away, inner.silent) = (None, 0);
    }

    /// Whether every loss has struck.
    pub fn has_lost(&self) -> bool {
        self.inner().losses.is_empty()
    }

    /// The machine sleeps for so long once the intent to regenerate is written, and before anything is sent.
    pub fn nap_before_regenerate(&self, nap: Duration) {
        self.inner().nap = Some(nap);
    }

    /// The machine's wall clock is set back.
    pub fn set_back(&self, by: SignedDuration) {
        self.inner().set_back = by;
    }

    pub fn shots(&self) -> Vec<Shot> {
        self.inner().shots.clone()
    }

    /// The ports with all this around them.
    pub fn around(&self, ports: Ports) -> Ports {
        Ports {
            accounts: Arc::new(Witness { inner: ports.accounts, backstage: self.clone() }),
            clock: Arc::new(Wings { inner: ports.clock, backstage: self.clone() }),
            ..ports
        }
    }

    pub fn around_store(&self, store: Arc<dyn RecordStore>) -> Arc<dyn RecordStore> {
        Arc::new(Shears { inner: store, backstage: self.clone() })
    }

    /// Lets time pass, deeds included.
    pub fn pass(&self, until: Timestamp) {
        loop {
            let due = {
                let mut inner = self.inner();
                let due = inner.deeds.first().is_some_and(|(at, _)| *at <= until);
                due.then(|| inner.deeds.remove(0))
            };
            let mut world = self.world.lock();
            let Some((at, deed)) = due else {
                world.advance_to(until);
                return;
            };
            world.advance_to(at);
            deed.act(&mut world);
        }
    }

    async fn die<T>(&self) -> T {
        self.flag.raise();
        std::future::pending().await
    }

    fn looks_at(&self, kind: KeyKind, permit: &Permit) -> Option<Shot> {
        let world = self.world.lock();
        let key = world.account().current(kind)?.id;
        let permitted_until = permit.wall_deadline;
        Some(Shot {
            at: world.now(),
            kind,
            key,
            holders: holders(&world, key),
            permitted_until,
            taken: false,
        })
    }

    fn nap(&self) {
        let Some(nap) = self.inner().nap.take() else { return };
        let until = later(self.world.lock().now(), nap);
        self.pass(until);
    }
}

/// Pods whose process holds the key, or will: its files hold it and its process has not begun.
pub fn holders(world: &World, key: KeyId) -> Vec<String> {
    let mut names = Vec::new();
    for stamp in world.stamps().filter(|stamp| stamp.destroyed.is_none()) {
        let cluster = &stamp.cluster;
        let name = |pod| cluster.pod(pod).map_or("?", |pod| &*pod.meta.name).to_owned();
        for process in cluster.processes().filter(|process| process.key == Some(key)) {
            names.push(format!("{}/{}", stamp.name, name(process.pod)));
        }
        for mount in cluster.mounts() {
            let read = cluster.processes().any(|process| process.pod == mount.pod);
            let pending = cluster.pod(mount.pod).is_some_and(|pod| pod.deleting.is_none());
            let holds = stamp.vault.version(&mount.version).and_then(|version| version.value.key());
            if !read && pending && mount.secret.is_some() && holds == Some(key) {
                names.push(format!("{}/{} (starting)", stamp.name, name(mount.pod)));
            }
        }
    }
    names
}

/// The clock that everybody sleeps by.
struct Wings {
    inner: Arc<dyn Clock>,
    backstage: Backstage,
}

#[async_trait]
impl Clock for Wings {
    fn now(&self) -> Timestamp {
        let mut inner = self.backstage.inner();
        inner.readings += 1;
        let readings = inner.readings;
        let set_back = inner.set_back;
        drop(inner);
        assert!(
            readings < TOO_MANY_READINGS,
            "the clock was read {readings} times: somebody runs in circles"
        );
        self.inner.now() - set_back
    }

    fn monotonic(&self) -> Duration {
        self.inner.monotonic()
    }

    async fn sleep_until(&self, until: Timestamp) {
        let until = until + self.backstage.inner().set_back;
        if self.backstage.inner().deadline.is_some_and(|deadline| until > deadline) {
            self.backstage.inner().out_of_time = true;
            return self.backstage.die().await;
        }
        self.backstage.pass(until);
        self.inner.sleep_until(until).await;
    }
}

/// Looks at the truth whenever a key is sent to die.
struct Witness {
    inner: Arc<dyn Accounts>,
    backstage: Backstage,
}

#[async_trait]
impl Accounts for Witness {
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
        self.backstage.nap();
        let taken = self.backstage.world.lock().account().operations().len();
        let place = self.backstage.looks_at(kind, permit).map(|shot| {
            let mut inner = self.backstage.inner();
            inner.shots.push(shot);
            inner.shots.len() - 1
        });
        let effect = self.inner.regenerate(kind, request_id, permit).await;
        let took = self.backstage.world.lock().account().operations().len() > taken;
        if let Some(place) = place
            && let Some(shot) = self.backstage.inner().shots.get_mut(place)
        {
            shot.taken = took;
        }
        effect
    }

    async fn rights(&self) -> Result<AccountRights, Fault> {
        self.inner.rights().await
    }

    async fn poll(&self, operation: &Operation) -> Result<OperationState, Fault> {
        self.inner.poll(operation).await
    }
}

/// Cuts a process off at a record.
struct Shears {
    inner: Arc<dyn RecordStore>,
    backstage: Backstage,
}

impl Shears {
    fn cuts(&self, seq: Seq, moment: CrashMoment) -> bool {
        let mut inner = self.backstage.inner();
        let found = inner.cuts.iter().position(|cut| *cut == (seq.0, moment));
        found.map(|place| inner.cuts.remove(place)).is_some()
    }

    /// Nobody answers this call.
    fn silent(&self) -> Option<Fault> {
        let mut inner = self.backstage.inner();
        let is_silent = inner.silent > 0;
        inner.silent = inner.silent.saturating_sub(1);
        is_silent.then(no_answer)
    }

    /// Nobody answers, and it was written all the same.
    fn loses(&self, bytes: &[u8]) -> bool {
        let mut inner = self.backstage.inner();
        let text = String::from_utf8_lossy(bytes);
        let holds = |parts: &Vec<String>| parts.iter().all(|part| text.contains(part));
        let Some(place) = inner.losses.iter().position(|(parts, _)| holds(parts)) else { return false };
        inner.silent = inner.losses.remove(place).1;
        true
    }

    fn goes(&self, bytes: &[u8]) {
        let mut inner = self.backstage.inner();
        let text = String::from_utf8_lossy(bytes);
        if inner.away.as_ref().is_some_and(|parts| parts.iter().all(|part| text.contains(part))) {
            inner.silent = u32::MAX;
        }
    }
}

fn no_answer() -> Fault {
    Fault::new(Blindness::Unreachable, "reach the journal", "the store", "nobody answers")
}

#[async_trait]
impl RecordStore for Shears {
    async fn list_after(&self, seq: Seq) -> Result<Vec<Seq>, Fault> {
        match self.silent() {
            Some(fault) => Err(fault),
            None => self.inner.list_after(seq).await,
        }
    }

    async fn read(&self, seq: Seq) -> Result<Option<Stored>, Fault> {
        match self.silent() {
            Some(fault) => Err(fault),
            None => self.inner.read(seq).await,
        }
    }

    async fn create(&self, seq: Seq, bytes: Bytes) -> Effect<Created> {
        if self.cuts(seq, CrashMoment::BeforeSending) {
            return self.backstage.die().await;
        }
        self.goes(&bytes);
        if let Some(fault) = self.silent() {
            return Effect::Unknown(fault);
        }
        let lost = self.loses(&bytes);
        let created = self.inner.create(seq, bytes).await;
        if lost {
            return Effect::Unknown(no_answer());
        }
        if self.cuts(seq, CrashMoment::AfterApplying) {
            return self.backstage.die().await;
        }
        created
    }

    fn place(&self, seq: Seq) -> String {
        self.inner.place(seq)
    }
}

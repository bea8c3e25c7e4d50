//! The world behind all faces: one lock, world time, and what lies outside and must agree with it.
//!
//! A face looks and acts through [`SharedWorld::with`]: time has then passed up to this moment, and everything that
//! mirrors the world (the bare repository) is level with it before and after. No face holds the lock across a
//! wait. [`SharedWorld::run`] lets time pass when nobody asks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::WireClock;
use crate::model::StampName;
use crate::ports::Clock as _;
use crate::sim::time::after;
use crate::sim::{Call, CallEnd, Refusal, Stamp, World};

/// How long, in wall time, something that happens outside (a push) may go unnoticed while nobody asks.
const TICK: Duration = Duration::from_millis(20);

/// Something outside of the world that has to agree with it.
pub trait Mirror: Send {
    /// Takes what has happened outside into the world.
    fn bring_in(&mut self, world: &mut World);

    /// Puts what has happened in the world outside.
    fn carry_out(&mut self, world: &mut World);
}

/// Handle to the one world of a wire. Clones share it.
#[derive(Clone)]
pub struct SharedWorld(Arc<Inner>);

struct Inner {
    clock: WireClock,
    state: Mutex<State>,
    /// The newest version of each cluster.
    versions: BTreeMap<StampName, watch::Sender<u64>>,
    /// The bare repository that mirrors the world's, for who serves it.
    origin: OnceLock<PathBuf>,
}

struct State {
    world: World,
    mirrors: Vec<Box<dyn Mirror>>,
}

/// What those who watch the cluster of a stamp that is gone are told.
const GONE: u64 = u64::MAX;

impl SharedWorld {
    pub fn new(world: World, clock: WireClock) -> SharedWorld {
        let newest = |stamp: &Stamp| (stamp.name.clone(), watch::Sender::new(stamp.cluster.newest()));
        let versions = world.stamps().map(newest).collect();
        let state = Mutex::new(State { world, mirrors: Vec::new() });
        SharedWorld(Arc::new(Inner { clock, state, versions, origin: OnceLock::new() }))
    }

    /// Where the world's repository is on disk, if it is.
    pub(super) fn origin(&self) -> Option<&Path> {
        self.0.origin.get().map(PathBuf::as_path)
    }

    /// The first repository that is kept on disk is the one that is served.
    pub(super) fn set_origin(&self, path: &Path) {
        let _ = self.0.origin.set(path.to_owned());
    }

    /// From now on this mirror is level with the world whenever somebody looks.
    pub fn add_mirror(&self, mirror: impl Mirror + 'static) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { world, mirrors } = &mut *state;
        mirrors.push(Box::new(mirror));
        for mirror in mirrors {
            mirror.carry_out(world);
        }
    }

    pub fn clock(&self) -> &WireClock {
        &self.0.clock
    }

    /// Looks at the world as it is now, or does something to it.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { world, mirrors } = &mut *state;
        let before = world.resource_version();
        for mirror in mirrors.iter_mut() {
            mirror.bring_in(world);
        }
        world.advance_to(self.0.clock.now());
        let value = act(world);
        for mirror in mirrors.iter_mut() {
            mirror.carry_out(world);
        }
        if world.resource_version() != before {
            self.0.tell(world);
        }
        value
    }

    /// One call to a service, with the faults that the world has for it: waits as long as they delay it, and acts
    /// unless they turn it away.
    ///
    /// # Errors
    /// The fault's refusal. After [`Refusal::AnswerLost`] the deed is done.
    pub async fn call<T>(&self, call: &Call<'_>, act: impl FnOnce(&mut World) -> T) -> Result<T, Refusal> {
        let (admission, now) = self.with(|world| (world.admit(call), world.now()));
        if admission.delay > Duration::ZERO {
            self.0.clock.sleep_until(after(now, admission.delay)).await;
        }
        match admission.end {
            CallEnd::Normal => Ok(self.with(act)),
            CallEnd::AnswerLost => {
                self.with(act);
                Err(Refusal::AnswerLost)
            }
            CallEnd::Throttled { retry_after } => Err(Refusal::Throttled { retry_after }),
            CallEnd::Unreachable => Err(Refusal::Unreachable),
            CallEnd::Forbidden => Err(Refusal::Forbidden),
            CallEnd::Firewalled => Err(Refusal::Firewalled),
        }
    }

    /// The newest version of a stamp's cluster, for those who watch it. `None` where the world began without it.
    pub fn versions(&self, stamp: &StampName) -> Option<watch::Receiver<u64>> {
        self.0.versions.get(stamp).map(watch::Sender::subscribe)
    }

    /// Lets time pass until told to stop.
    pub async fn run(self, stopped: CancellationToken) {
        loop {
            let next = self.with(|world| world.next_event());
            let now = self.0.clock.now();
            let wait = next.map_or(TICK, |next| {
                let left: Duration = next.duration_since(now).try_into().unwrap_or(Duration::ZERO);
                left.div_f64(self.0.clock.speed()).clamp(Duration::from_millis(1), TICK)
            });
            tokio::select! {
                () = stopped.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

impl Inner {
    /// Only those whose cluster has changed: thousands may watch.
    fn tell(&self, world: &World) {
        let mut now: BTreeMap<&StampName, u64> = BTreeMap::new();
        now.extend(world.stamps().map(|stamp| (&stamp.name, stamp.cluster.newest())));
        for (stamp, told) in &self.versions {
            let newest = now.get(stamp).copied().unwrap_or(GONE);
            told.send_if_modified(|told| std::mem::replace(told, newest) != newest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BranchName;
    use crate::sim::{Command, Fault, Operation, Target, Trouble, When, WorldConfig};

    fn shared(config: WorldConfig) -> SharedWorld {
        let clock = WireClock::start(config.start, 3600.0);
        SharedWorld::new(World::new(config), clock)
    }

    #[tokio::test]
    async fn time_passes_when_nobody_asks_and_watchers_hear_of_it() {
        let shared = shared(WorldConfig::default());
        let stamp = shared.with(|world| world.stamps().next().unwrap().name.clone());
        let mut versions = shared.versions(&stamp).unwrap();
        let before = *versions.borrow_and_update();
        let stop = CancellationToken::new();
        let running = tokio::spawn(shared.clone().run(stop.clone()));
        // A run of the pipeline, which rolls pods: in less than two hours of the world, two seconds of ours.
        let branch = shared.with(|world| world.config().repository.release.clone());
        let run = Command::StartRun { branch, commit: None, skip: Vec::new(), by: "ada".to_owned() };
        shared.with(|world| world.apply(run)).unwrap();
        versions.wait_for(|version| *version > before).await.unwrap();
        stop.cancel();
        running.await.unwrap();
    }

    #[tokio::test]
    async fn a_lost_answer_is_a_deed_done_and_a_throttled_call_is_none() {
        let at = |n, what| Fault::new(When::Nth(n), Target::operation(Operation::OpenPull), what);
        let config = WorldConfig::default()
            .with_fault(at(1, Trouble::LoseAnswer))
            .with_fault(at(2, Trouble::Throttle { retry_after: Duration::from_secs(9) }));
        let shared = shared(config);
        let call = Call::of(Operation::OpenPull);
        let count = std::cell::Cell::new(0);
        let act = |_: &mut World| count.set(count.get() + 1);
        assert_eq!(shared.call(&call, act).await, Err(Refusal::AnswerLost));
        assert_eq!(count.get(), 1);
        assert_eq!(
            shared.call(&call, act).await,
            Err(Refusal::Throttled { retry_after: Duration::from_secs(9) })
        );
        assert_eq!(count.get(), 1);
        assert_eq!(shared.call(&call, act).await, Ok(()));
        assert_eq!(count.get(), 2);
    }

    #[test]
    fn mirrors_are_level_before_and_after_every_look() {
        struct Seen(Arc<Mutex<Vec<&'static str>>>);
        impl Mirror for Seen {
            fn bring_in(&mut self, _: &mut World) {
                self.0.lock().unwrap().push("in");
            }
            fn carry_out(&mut self, world: &mut World) {
                assert!(world.repository().head(&BranchName::from("main")).is_some());
                self.0.lock().unwrap().push("out");
            }
        }
        let shared = shared(WorldConfig::default());
        let seen = Arc::default();
        shared.add_mirror(Seen(Arc::clone(&seen)));
        let list = Arc::clone(&seen);
        shared.with(move |_| list.lock().unwrap().push("act"));
        assert_eq!(*seen.lock().unwrap(), ["out", "in", "act", "out"]);
    }
}

//! Crashes at chosen effects, and an executor that lets a crashed process die.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// When the process dies, as seen from the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashMoment {
    /// Before anything was sent.
    BeforeSending,
    /// After the service did it and before the answer was read.
    AfterApplying,
}

/// Raised once a process has died; until it is lowered, no port answers.
#[derive(Clone, Debug, Default)]
pub struct CrashFlag(Arc<AtomicBool>);

impl CrashFlag {
    pub fn is_up(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// The process starts again.
    pub fn lower(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// The process dies now, wherever it stands.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// At which effects a process dies. Effects are counted from 1 over all ports that share the plan, crashed
/// lives included: push, opening a pull request, starting a run, restart, regenerate.
#[derive(Clone, Debug, Default)]
pub struct Crashes {
    plan: Arc<Mutex<BTreeMap<u32, CrashMoment>>>,
    effects: Arc<AtomicU32>,
    flag: CrashFlag,
}

impl Crashes {
    pub fn none() -> Crashes {
        Crashes::default()
    }

    pub fn at(plan: impl IntoIterator<Item = (u32, CrashMoment)>) -> Crashes {
        Crashes { plan: Arc::new(Mutex::new(plan.into_iter().collect())), ..Crashes::default() }
    }

    pub fn flag(&self) -> &CrashFlag {
        &self.flag
    }

    /// How many effects have been tried so far.
    pub fn effects(&self) -> u32 {
        self.effects.load(Ordering::SeqCst)
    }

    /// Counts an effect, and says whether the process dies at it.
    pub(super) fn next_effect(&self) -> Option<CrashMoment> {
        let count = self.effects.fetch_add(1, Ordering::SeqCst) + 1;
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).get(&count).copied()
    }

    /// The process dies here: the future that awaits this never comes back.
    pub(super) async fn die<T>(&self) -> T {
        self.flag.raise();
        std::future::pending().await
    }

    /// What a dead process does: nothing.
    pub(super) async fn stay_alive(&self) {
        if self.flag.is_up() {
            std::future::pending::<()>().await;
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// How often a future that waits without a crash is polled again before it is given up: some ten seconds.
const PATIENCE: u32 = 10_000;

/// Runs a future on this thread, without a runtime. `None` where the process died (the flag is up), or where
/// the future waits for something that never comes; either way it is dropped, with all that was in flight.
pub fn block_on_or_crash<F: Future>(future: F, flag: &CrashFlag) -> Option<F::Output> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    for _ in 0..PATIENCE {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return Some(output),
            Poll::Pending if flag.is_up() => return None,
            Poll::Pending => thread::park_timeout(Duration::from_millis(1)),
        }
    }
    None
}

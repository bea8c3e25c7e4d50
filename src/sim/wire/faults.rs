//! Trouble on the line, as data: which request, the how-manieth, what happens to it.
//!
//! Faults of the world itself (a throttling service, a pod that hangs) belong to the world. These here are what
//! only the wire knows: answers that come late, or never, or from something in between.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Which requests a fault is about. Empty texts match everything.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Which {
    /// The whole host name.
    pub host: String,
    /// As `POST`.
    pub method: String,
    /// A part of the path.
    pub path: String,
    /// Only requests that changed the world. Known only afterwards, so it goes with [`Trouble::HoldAnswer`],
    /// [`Trouble::DropAnswer`], [`Trouble::CutAnswer`] and [`Trouble::SlowAnswer`] alone; the other kinds never strike then.
    pub changed: bool,
    /// Not the first `skip` of those that match.
    pub skip: u32,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The world does what was asked; the answer waits until the fault is released.
    HoldAnswer,
    /// The world does what was asked; the connection ends without an answer.
    DropAnswer,
    /// The connection ends before the world hears of the request.
    DropRequest,
    /// The request is on its way until the fault is released; the world never hears of it where whoever asked is gone by
    /// then.
    HoldRequest,
    /// Something in between answers; the world hears nothing.
    Answer { status: u16, retry_after_seconds: Option<u64> },
    /// A proxy asks people to sign in: a page, with a 200.
    SignInPage,
    /// The world does what was asked; its answer ends in the middle.
    CutAnswer,
    /// The answer comes late, in wall time.
    SlowAnswer { milliseconds: u64 },
}

impl Trouble {
    /// Whether it strikes before the world hears of the request.
    fn strikes_before(&self) -> bool {
        match self {
            Trouble::DropRequest | Trouble::HoldRequest | Trouble::Answer { .. } | Trouble::SignInPage => {
                true
            }
            Trouble::HoldAnswer | Trouble::DropAnswer | Trouble::CutAnswer | Trouble::SlowAnswer { .. } => {
                false
            }
        }
    }
}

/// A fault: which requests, what, and how many of them (at least 1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireFault {
    pub which: Which,
    pub what: Trouble,
    pub times: u32,
}

impl WireFault {
    /// Strikes once.
    pub fn once(which: Which, what: Trouble) -> WireFault {
        WireFault { which, what, times: 1 }
    }
}

/// To wait for a fault to strike, and to release what it holds.
#[derive(Clone)]
pub struct FaultHandle(Arc<Armed>);

impl FaultHandle {
    /// Resolves when the fault has struck for the first time. The world has then done what was asked, if the
    /// fault lets it.
    pub async fn struck(&self) {
        // The sender lives as long as this handle, so waiting cannot fail.
        let _ = self.0.struck.subscribe().wait_for(|count| *count > 0).await;
    }

    /// How often it has struck.
    pub fn count(&self) -> u32 {
        *self.0.struck.borrow()
    }

    /// What it has struck, as `POST /path`.
    pub fn met(&self) -> Vec<String> {
        self.0.met.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets held requests and answers go.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }

    /// It is over: what it holds goes, and it strikes nothing any more.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Relaxed);
        self.release();
    }
}

struct Armed {
    fault: WireFault,
    seen: AtomicU32,
    met: Mutex<Vec<String>>,
    struck: watch::Sender<u32>,
    released: watch::Sender<bool>,
    ended: AtomicBool,
}

/// The faults of a wire. Clones share the list.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Arc<Armed>>>>);

/// A request, as far as faults look.
pub(super) struct Asked<'a> {
    pub host: &'a str,
    pub method: &'a str,
    pub path: &'a str,
}

/// A fault that strikes this request.
pub(super) struct Strike(Arc<Armed>);

impl Faults {
    pub fn add(&self, fault: WireFault) -> FaultHandle {
        let armed = Arc::new(Armed {
            fault,
            seen: AtomicU32::new(0),
            met: Mutex::default(),
            struck: watch::Sender::new(0),
            released: watch::Sender::new(false),
            ended: AtomicBool::new(false),
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(armed.clone());
        FaultHandle(armed)
    }

    /// The first fault that strikes a request before the world hears of it.
    pub(super) fn before(&self, asked: &Asked<'_>) -> Option<Strike> {
        self.find(asked, true, false)
    }

    /// The first fault that strikes its answer.
    pub(super) fn after(&self, asked: &Asked<'_>, changed: bool) -> Option<Strike> {
        self.find(asked, false, changed)
    }

    fn find(&self, asked: &Asked<'_>, before: bool, changed: bool) -> Option<Strike> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|armed| armed.fault.what.strikes_before() == before)
            .filter(|armed| armed.matches(asked, changed))
            .find(|armed| armed.is_due())
            .map(|armed| Strike(armed.clone()))
    }
}

impl Armed {
    fn matches(&self, asked: &Asked<'_>, changed: bool) -> bool {
        let which = &self.fault.which;
        (which.host.is_empty() || which.host.eq_ignore_ascii_case(asked.host))
            && (which.method.is_empty() || which.method.eq_ignore_ascii_case(asked.method))
            && asked.path.contains(&which.path)
            && (!which.changed || changed)
    }

    /// Counts a match.
    fn is_due(&self) -> bool {
        let before = self.seen.fetch_add(1, Ordering::Relaxed);
        let skip = self.fault.which.skip;
        let ended = self.ended.load(Ordering::Relaxed);
        !ended && before >= skip && before - skip < self.fault.times.max(1)
    }
}

impl Strike {
    pub(super) fn what(&self) -> &Trouble {
        &self.0.fault.what
    }

    /// Tells those who wait that it has struck.
    pub(super) fn tell(&self, asked: &Asked<'_>) {
        let met = format!("{} {}", asked.method, asked.path);
        self.0.met.lock().unwrap_or_else(PoisonError::into_inner).push(met);
        self.0.struck.send_modify(|count| *count += 1);
    }

    /// Waits as long as the fault holds the request or its answer back.
    pub(super) async fn hold(&self) {
        match self.what() {
            Trouble::HoldAnswer | Trouble::HoldRequest => {
                let _ = self.0.released.subscribe().wait_for(|released| *released).await;
            }
            Trouble::SlowAnswer { milliseconds } => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
            }
            Trouble::DropAnswer
            | Trouble::CutAnswer
            | Trouble::DropRequest
            | Trouble::SignInPage
            | Trouble::Answer { .. } => {}
        }
    }
}

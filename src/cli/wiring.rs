//! Settings → a driver with everything behind it. The only place where ports are tied to adapters.

mod azure;
mod code;
mod credential;
mod everything;
mod journal;
mod pipelines;
mod targets;

use std::sync::Arc;

pub(super) use self::azure::keys_of;
pub(super) use self::credential::token;
use self::everything::ports;
pub(super) use self::journal::records;
use self::journal::{at_work, holder, journal, lease_terms};
pub(super) use self::targets::targets;
use super::lock::{self, Lock};
use super::settings::Chosen;
use super::{CliError, ErrorKind};
use crate::adapters::clock::SystemClock;
use crate::adapters::http::{self, Http};
use crate::drive::{Driver, Parts, Watcher, access_under_way};
use crate::model::FlipBack;
use crate::observe::Observer;
use crate::ports::{Clock, Ports};
use crate::sim::wire::WireClock;

/// Looks up environment variables; the process's own, or a rehearsal's.
pub type Variables<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// The process's environment.
pub fn process_variables(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The clock that the settings ask for: the machine's, or a loopback world's.
pub fn clock(chosen: &Chosen<'_>) -> Arc<dyn Clock> {
    match &chosen.endpoints.clock {
        // Reading the settings refused it unless every endpoint is on loopback.
        Some(clock) => Arc::new(WireClock::since(clock.wall_start, clock.world_start, clock.speed)),
        None => Arc::new(SystemClock::start()),
    }
}

/// Everything for one environment.
///
/// # Errors
/// Settings that lead nowhere, a missing token, a journal that cannot be read.
pub async fn driver(
    chosen: &Chosen<'_>,
    flip_back: Option<FlipBack>,
    variables: Variables<'_>,
    watcher: Arc<dyn Watcher>,
) -> Result<Driver, CliError> {
    let holder = holder();
    let lock = match lock::take(&chosen.journal()?, &holder)? {
        Lock::Held(file) => Some(file),
        Lock::None => None,
        Lock::Of(other) => return Err(at_work(chosen, &other, variables).await?),
    };
    let alone = lock.is_some();
    let driver = build(chosen, flip_back, variables, watcher, Process { alone, holder }).await?;
    Ok(driver.keeping(Box::new(lock)))
}

/// Who we are, and whether nobody else can be at work.
struct Process {
    alone: bool,
    holder: String,
}

/// The same without the lock, beside a process that may be at work: for looking, and for a person's word, which the
/// journal takes from anybody.
///
/// # Errors
/// As [`driver`].
pub async fn onlooker(
    chosen: &Chosen<'_>,
    variables: Variables<'_>,
    watcher: Arc<dyn Watcher>,
) -> Result<Driver, CliError> {
    build(chosen, None, variables, watcher, Process { alone: false, holder: holder() }).await
}

/// The ports alone, for whoever drives without a journal.
///
/// # Errors
/// As [`driver`].
pub async fn ports_of(chosen: &Chosen<'_>, variables: Variables<'_>) -> Result<Ports, CliError> {
    ports(chosen, &https(chosen)?, &clock(chosen), variables).await
}

fn https(chosen: &Chosen<'_>) -> Result<Http, CliError> {
    http::client(&chosen.http()?)
        .map_err(|error| CliError::new(ErrorKind::Configuration, "cannot set up HTTPS").caused_by(&error))
}

async fn build(
    chosen: &Chosen<'_>,
    flip_back: Option<FlipBack>,
    variables: Variables<'_>,
    watcher: Arc<dyn Watcher>,
    process: Process,
) -> Result<Driver, CliError> {
    let clock = clock(chosen);
    let http = https(chosen)?;
    let journal = journal(chosen, &http, variables).await?;
    // What is under way decides which secret is looked at, whatever was asked for.
    let chosen = &chosen.about(access_under_way(&journal)?.unwrap_or(chosen.access));
    let ports = ports(chosen, &http, &clock, variables).await?;
    let Process { alone, holder } = process;
    Driver::new(Parts {
        observer: Observer::new(ports.clone(), targets(chosen)),
        ports,
        journal,
        policy: chosen.policy(flip_back),
        holder,
        lease_terms: lease_terms(chosen),
        alone,
        watcher,
    })
    .map_err(CliError::from)
}

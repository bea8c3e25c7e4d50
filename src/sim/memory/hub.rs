//! What all memory ports share: the world, the way in and out of a call, and fingerprints already made.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::super::account::KeyId;
use super::super::command::{Command, Reply};
use super::super::fault::{Call, CallEnd};
use super::super::refusal::Refusal;
use super::super::seed::Seed;
use super::super::shared::SharedWorld;
use super::super::time::after;
use super::super::vault::SecretValue;
use super::super::world::World;
use super::MemoryOptions;
use super::crash::CrashMoment;
use crate::model::{Blindness, Fingerprint, KeyMaterial, Respite, Salt};
use crate::ports::{Effect, Fault};

/// Words for a call's faults.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub what: &'a str,
    pub subject: &'a str,
}

pub(super) struct Hub {
    pub world: SharedWorld,
    pub options: MemoryOptions,
    calls: std::sync::atomic::AtomicU64,
    fingerprints: Mutex<Vec<(Salt, BTreeMap<KeyId, Fingerprint>)>>,
}

impl Hub {
    pub fn new(world: SharedWorld, options: MemoryOptions) -> Hub {
        Hub { world, options, calls: 0.into(), fingerprints: Mutex::default() }
    }

    /// One read. `look` sees the world at the moment of the answer.
    pub async fn read<T>(
        &self,
        about: About<'_>,
        call: Call<'_>,
        look: impl FnOnce(&mut World) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.options.crashes.stay_alive().await;
        let mut world = self.world.lock();
        let end = self.enter(&mut world, &call, false);
        match end {
            CallEnd::Normal => look(&mut world),
            CallEnd::AnswerLost => Err(about.fault(Blindness::Unreachable, "no answer came")),
            CallEnd::Throttled { retry_after } => Err(throttled(about, retry_after)),
            CallEnd::Unreachable => Err(about.fault(Blindness::Unreachable, "no connection")),
            CallEnd::Forbidden => Err(about.fault(Blindness::Forbidden, "not allowed")),
            CallEnd::Firewalled => Err(refused(about, &Refusal::Firewalled)),
        }
    }

    /// One effect, with the crashes that are planned for it.
    pub async fn effect<T>(
        &self,
        about: About<'_>,
        call: Call<'_>,
        command: Command,
        pick: impl FnOnce(Reply) -> Option<T>,
    ) -> Effect<T> {
        self.options.crashes.stay_alive().await;
        let crash = self.options.crashes.next_effect();
        if crash == Some(CrashMoment::BeforeSending) {
            return self.options.crashes.die().await;
        }
        let effect = self.send(about, &call, command, pick);
        if crash == Some(CrashMoment::AfterApplying) {
            return self.options.crashes.die().await;
        }
        effect
    }

    fn send<T>(
        &self,
        about: About<'_>,
        call: &Call<'_>,
        command: Command,
        pick: impl FnOnce(Reply) -> Option<T>,
    ) -> Effect<T> {
        let mut world = self.world.lock();
        match self.enter(&mut world, call, true) {
            CallEnd::Normal => match world.apply(command).map(pick) {
                Ok(Some(value)) => Effect::Applied(value),
                Ok(None) => {
                    Effect::Unknown(about.fault(Blindness::Unintelligible, "an answer to something else"))
                }
                Err(refusal) => Effect::Refused(refused(about, &refusal)),
            },
            CallEnd::AnswerLost => {
                let _ = world.apply(command);
                Effect::Unknown(about.fault(Blindness::Unreachable, "no answer came"))
            }
            CallEnd::Throttled { retry_after } => Effect::Refused(throttled(about, retry_after)),
            CallEnd::Unreachable => Effect::NotSent(about.fault(Blindness::Unreachable, "no connection")),
            CallEnd::Forbidden => Effect::Refused(about.fault(Blindness::Forbidden, "not allowed")),
            CallEnd::Firewalled => Effect::Refused(refused(about, &Refusal::Firewalled)),
        }
    }

    /// Lets the call's own time pass and asks how the service takes it.
    fn enter(&self, world: &mut World, call: &Call<'_>, effect: bool) -> CallEnd {
        let latency = world.config().latency;
        let span = if effect { latency.effect } else { latency.read };
        let number = self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let seed = Seed::new(world.config().seed).of("latency").at(number);
        let admission = world.admit(call);
        let wait = span.pick(seed) + admission.delay;
        if !wait.is_zero() {
            let until = after(world.now(), wait);
            world.advance_to(until);
        }
        admission.end
    }

    /// A fingerprint, from memory where the value is a key that was asked for before.
    pub fn fingerprint(&self, world: &World, value: &SecretValue, salt: &Salt) -> Fingerprint {
        let key = value.key().and_then(|key| world.account().key(key));
        match key {
            Some(key) if key.material.expose() == value.text().expose() => {
                self.key_fingerprint(key.id, &key.material, salt)
            }
            _ => value.text().fingerprint(salt),
        }
    }

    pub fn key_fingerprint(&self, id: KeyId, material: &KeyMaterial, salt: &Salt) -> Fingerprint {
        let mut memo = self.fingerprints.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match memo.iter().position(|(known, _)| known == salt) {
            Some(place) => place,
            None => {
                memo.truncate(3);
                memo.insert(0, (salt.clone(), BTreeMap::new()));
                0
            }
        };
        match memo.get_mut(place) {
            Some((_, known)) => known.entry(id).or_insert_with(|| material.fingerprint(salt)).clone(),
            None => material.fingerprint(salt),
        }
    }
}

impl About<'_> {
    pub fn fault(self, kind: Blindness, why: impl Into<String>) -> Fault {
        Fault::new(kind, self.what, self.subject, why)
    }
}

fn throttled(about: About<'_>, retry_after: Duration) -> Fault {
    about
        .fault(Blindness::Throttled, "the service asks to come later")
        .remedy(format!("try again in {} s", retry_after.as_secs()))
        .respite(Respite::of(retry_after))
}

fn refused(about: About<'_>, refusal: &Refusal) -> Fault {
    let kind = match refusal {
        Refusal::NotFound(_) => Blindness::Missing,
        Refusal::Forbidden | Refusal::Firewalled => Blindness::Forbidden,
        Refusal::Throttled { .. } | Refusal::Busy(_) | Refusal::KeyInUse => Blindness::Throttled,
        Refusal::Unreachable | Refusal::AnswerLost => Blindness::Unreachable,
        Refusal::AlreadyExists(_)
        | Refusal::NotFastForward { .. }
        | Refusal::Conflict(_)
        | Refusal::Invalid(_)
        | Refusal::Gone { .. } => Blindness::Unintelligible,
    };
    let respite = if *refusal == Refusal::KeyInUse { Respite::KeyInUse } else { Respite::Unsaid };
    about.fault(kind, refusal.to_string()).respite(respite)
}

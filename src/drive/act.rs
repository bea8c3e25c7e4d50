//! Doing the decided steps: intent before, outcome after, all of a wave at once.

use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{DriveError, Driver, Notice, evidence, forget};
use crate::execute::{Workshop, execute};
use crate::ports::Permit;
use crate::render;
use crate::rotation::{Ended, Event, Intent, Opened, Relied, Step};

impl Driver {
    pub(super) async fn act(&mut self, steps: Vec<Step>, relied: &Relied) -> Result<(), DriveError> {
        let Some(opened) = self.fold.rotation().cloned() else { return Err(DriveError::NoneOpen) };
        let relied_on = evidence::relied_on(relied, &self.world);
        let intents: Vec<Intent> =
            steps.into_iter().map(|step| self.intent(&opened, step, &relied_on)).collect();
        // A permit lasts as long as the evidence behind the decision does, whatever happens before the bytes leave.
        let permits: Vec<Permit> = intents.iter().map(|intent| self.permit(intent, relied)).collect();
        let intended_at = self.ports.clock.now();
        self.append(Event::Intended { intents: intents.clone() }).await?;
        for intent in &intents {
            self.say(&Notice::Intended { step: &intent.step });
        }
        let ends = join_all(intents.iter().zip(&permits).map(|(intent, permit)| {
            let shop = self.workshop(&opened, intent, intended_at);
            let ports = &self.ports;
            async move { execute(&intent.step, ports, &shop, permit).await }
        }))
        .await;
        let mut ended = Vec::with_capacity(intents.len());
        for (intent, outcome) in intents.iter().zip(ends) {
            forget::after_step(&mut self.world, &intent.step);
            self.attention.stepped(&intent.step);
            self.say(&Notice::Ended { step: &intent.step, outcome: &outcome });
            ended.push(Ended { key: intent.key.clone(), attempt: intent.attempt, outcome });
        }
        self.record_ends(&opened, ended).await
    }

    /// Effects have happened: their outcomes are written behind whatever others wrote meanwhile. Where others have
    /// ended the whole rotation since, nobody asks any more.
    async fn record_ends(&mut self, opened: &Opened, ends: Vec<Ended>) -> Result<(), DriveError> {
        loop {
            if self.fold.rotation().is_none_or(|open| open.rotation != opened.rotation) {
                return Ok(());
            }
            match self.append(Event::Ended { ends: ends.clone() }).await {
                Err(error) if error.is_conflict() => {}
                other => return other,
            }
        }
    }

    fn intent(&self, opened: &Opened, step: Step, relied_on: &[u8; 32]) -> Intent {
        let key = step.key();
        let generation_before = match &step {
            Step::Regenerate { kind, .. } => self
                .world
                .account
                .as_ref()
                .and_then(|seen| seen.get())
                .and_then(|account| account.key(*kind).generated),
            _ => None,
        };
        let evidence = evidence::digest(opened, &step, relied_on);
        Intent { attempt: self.fold.next_attempt(&key), key, step, generation_before, evidence }
    }

    fn permit(&self, intent: &Intent, relied: &Relied) -> Permit {
        let (now, monotonic) = (self.ports.clock.now(), self.ports.clock.monotonic());
        // Nothing seen, nothing allowed.
        let until = relied.good_until().unwrap_or(now);
        let left = Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO);
        Permit {
            subject: intent.step.to_string(),
            evidence: intent.evidence.clone(),
            wall_deadline: until,
            monotonic_deadline: monotonic + left,
            lease: self.lease_term(),
        }
    }

    fn workshop(&self, opened: &Opened, intent: &Intent, intended_at: Timestamp) -> Workshop {
        let targets = self.observer.targets();
        let words = render::pull_request::words(opened, &intent.step, &self.policy);
        Workshop {
            rotation: opened.rotation.clone(),
            access: targets.access,
            terraform: targets.terraform.clone(),
            terraform_root: targets.terraform_root.clone(),
            intended_at,
            request_id: request_id(opened, intent),
            title: words.title,
            body: words.body,
            commit_message: words.commit_message,
            draft: self.policy.pulls.draft,
        }
    }
}

/// A UUID made of the intent: the same attempt asks with the same id.
fn request_id(opened: &Opened, intent: &Intent) -> String {
    let mut digest = Sha256::new();
    digest.update(opened.rotation.as_str());
    digest.update(intent.key.as_str());
    digest.update(intent.attempt.to_be_bytes());
    let hex = hex(&digest.finalize(), 16);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

pub(super) fn hex(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).map(|byte| format!("{byte:02x}")).collect()
}

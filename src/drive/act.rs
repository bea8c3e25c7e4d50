//! Doing the decided steps: intent before, outcome after, all of a wave at once.

use futures::future::join_all;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{DriveError, Driver, Notice, forget};
use crate::execute::{Workshop, execute, permit_span};
use crate::ports::Permit;
use crate::render;
use crate::rotation::{Ended, Event, Intent, Opened, Step};

impl Driver {
    pub(super) async fn act(&mut self, steps: Vec<Step>) -> Result<(), DriveError> {
        let Some(opened) = self.fold.rotation().cloned() else { return Err(DriveError::NoneOpen) };
        let intents: Vec<Intent> = steps.into_iter().map(|step| self.intent(&opened, step)).collect();
        // The permits count from before the intent: they bound the time between deciding and sending. How old the
        // evidence may be at the decision, its gates have judged.
        let permits: Vec<Option<Permit>> = intents.iter().map(|intent| self.permit(intent)).collect();
        let intended_at = self.ports.clock.now();
        self.append(Event::Intended { intents: intents.clone() }).await?;
        for intent in &intents {
            self.say(&Notice::Intended { step: &intent.step });
        }
        let ends = join_all(intents.iter().zip(&permits).map(|(intent, permit)| {
            let shop = self.workshop(&opened, intent, intended_at);
            let ports = &self.ports;
            async move { execute(&intent.step, ports, &shop, permit.as_ref()).await }
        }))
        .await;
        let mut ended = Vec::with_capacity(intents.len());
        for (intent, outcome) in intents.iter().zip(ends) {
            forget::after_step(&mut self.world, &intent.step);
            self.say(&Notice::Ended { step: &intent.step, outcome: &outcome });
            ended.push(Ended { key: intent.key.clone(), attempt: intent.attempt, outcome });
        }
        self.record_ends(ended).await
    }

    /// Effects have happened: their outcomes are written behind whatever others wrote meanwhile.
    async fn record_ends(&mut self, ends: Vec<Ended>) -> Result<(), DriveError> {
        loop {
            match self.append(Event::Ended { ends: ends.clone() }).await {
                Err(error) if error.is_conflict() => {}
                other => return other,
            }
        }
    }

    fn intent(&self, opened: &Opened, step: Step) -> Intent {
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
        let evidence = self.evidence_digest(opened, &step);
        Intent { attempt: self.fold.next_attempt(&key), key, step, generation_before, evidence }
    }

    /// Of what was seen when the step was decided: enough to tell later whether it was the same.
    fn evidence_digest(&self, opened: &Opened, step: &Step) -> String {
        let mut digest = Sha256::new();
        digest.update(opened.rotation.as_str());
        digest.update(step.to_string());
        digest.update(format!("{:?}", self.world));
        hex(&digest.finalize(), 8)
    }

    fn permit(&self, intent: &Intent) -> Option<Permit> {
        if !intent.step.is_dangerous() {
            return None;
        }
        let span = permit_span(&intent.step, &self.policy.ages);
        let now = self.ports.clock.now();
        let wall_deadline = jiff::SignedDuration::try_from(span)
            .ok()
            .and_then(|span| now.checked_add(span).ok())
            .unwrap_or(now);
        Some(Permit {
            subject: intent.step.to_string(),
            evidence: intent.evidence.clone(),
            wall_deadline,
            monotonic_deadline: self.ports.clock.monotonic() + span,
            lease: self.lease_term(),
        })
    }

    fn workshop(&self, opened: &Opened, intent: &Intent, intended_at: Timestamp) -> Workshop {
        let targets = self.observer.targets();
        let words = render::pull_request::words(opened, &intent.step, &self.policy);
        Workshop {
            rotation: opened.rotation.clone(),
            access: targets.access,
            terraform_account: targets.terraform_account.clone(),
            terraform_root: targets.terraform_root.clone(),
            intended_at,
            request_id: request_id(opened, intent),
            title: words.title,
            body: words.body,
            commit_message: words.commit_message,
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

fn hex(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).map(|byte| format!("{byte:02x}")).collect()
}

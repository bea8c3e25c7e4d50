//! Doing the decided steps: intent before, outcome after. Restarts are begun together and end each by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::{FutureExt as _, join_all};
use jiff::Timestamp;

use super::flight::Landed;
use super::{DriveError, Driver, Notice, evidence, forget};
use crate::execute::{Workshop, commit_of, execute};
use crate::model::{ClusterView, EvidenceKey, SecretVersion, Seen, StampName, VaultView, World};
use crate::observe::ReleaseRule;
use crate::ports::Permit;
use crate::render;
use crate::render::diff::unified_diff;
use crate::rotation::{Ended, Event, Intent, Opened, Outcome, Relied, Step, request_id};

/// Bytes of a diff in a pull request's text, which forges limit to some 65,000 characters.
const LONGEST_DIFF: usize = 30_000;

impl Driver {
    /// Begins restarts, and does other steps to their end.
    pub(super) async fn act(&mut self, steps: Vec<Step>, relied: &Relied) -> Result<(), DriveError> {
        let Some(opened) = self.fold.rotation().cloned() else { return Err(DriveError::NoneOpen) };
        let relied_on = self.digests.relied_on(relied, &self.world);
        let mut intents: Vec<Intent> =
            steps.into_iter().map(|step| self.intent(&opened, step, &relied_on)).collect();
        // A permit lasts as long as the evidence behind the decision does, whatever happens before the bytes leave.
        let permits: Vec<Permit> = intents.iter().map(|intent| self.permit(intent, relied)).collect();
        let intended_at = self.ports.clock.now();
        // Once it is intended, nothing that it changes counts as seen any more.
        let (mut diffs, mut unmade) = (BTreeMap::new(), BTreeMap::new());
        for intent in &mut intents {
            diffs.insert(intent.key.clone(), self.diff(&intent.step).await);
            let shop = self.workshop(&opened, intent, intended_at, "");
            match commit_of(&intent.step, &self.ports, &shop).await {
                Some(Ok(commit)) => intent.commit = Some(commit),
                // Said as it is: to make it may have taken longer than any permit lasts (a signature that nobody gives).
                Some(Err(outcome)) => drop(unmade.insert(intent.key.clone(), outcome)),
                None => {}
            }
        }
        self.intend(&opened, &intents).await?;
        for intent in &intents {
            self.say(&Notice::Intended { step: &intent.step });
        }
        let (restarts, others): (Vec<_>, Vec<_>) = intents
            .into_iter()
            .zip(permits)
            .partition(|(intent, _)| matches!(intent.step, Step::Restart { .. }));
        for (intent, permit) in restarts {
            let Step::Restart { stamp, .. } = &intent.step else { continue };
            let stamp = stamp.clone();
            let (key, shop) = (intent.key.clone(), self.workshop(&opened, &intent, intended_at, ""));
            let (ports, of) = (self.ports.clone(), opened.approval_name());
            let restart = async move {
                let outcome = execute(&intent.step, &ports, &shop, &permit).await;
                Landed::Restart(of, Box::new(intent), outcome)
            };
            self.flight.restart(stamp, key, restart.boxed());
        }
        let ends = join_all(others.iter().map(|(intent, permit)| {
            let diff = diffs.get(&intent.key).map_or("", String::as_str);
            let shop = self.workshop(&opened, intent, intended_at, diff);
            let (ports, unmade) = (&self.ports, unmade.get(&intent.key).cloned());
            async move {
                match unmade {
                    Some(outcome) => outcome,
                    None => execute(&intent.step, ports, &shop, permit).await,
                }
            }
        }))
        .await;
        let ended: Vec<Ended> =
            others.iter().zip(ends).map(|((intent, _), outcome)| self.ended(intent, outcome)).collect();
        if ended.is_empty() { Ok(()) } else { self.record_ends(&opened, ended).await }
    }

    fn ended(&mut self, intent: &Intent, outcome: Outcome) -> Ended {
        forget::after_step(&mut self.world, &intent.step);
        self.attention.stepped(&intent.step);
        self.say(&Notice::Ended { step: &intent.step, outcome: &outcome });
        Ended { key: intent.key.clone(), attempt: intent.attempt, outcome }
    }

    /// Takes in what has landed, this and whatever else by now. Outcomes that came together are one record.
    pub(super) async fn land(&mut self, first: Option<Landed>) -> Result<(), DriveError> {
        let mut ends = Vec::new();
        let mut next = first.or_else(|| self.flight.landed());
        while let Some(landed) = next {
            let counts = self.flight.over(&landed);
            if let Landed::Cluster(stamp, _) | Landed::Glance(stamp, ..) | Landed::Stamp(stamp, _) = &landed {
                self.attention.landed(stamp);
            }
            match landed {
                Landed::Restart(of, intent, outcome) => {
                    let end = self.ended(&intent, outcome);
                    // Of one that was closed since nobody asks any more, under whatever name it was begun anew.
                    if self.fold.rotation().is_some_and(|open| open.approval_name() == of) {
                        ends.push(end);
                    }
                }
                Landed::Cluster(..) | Landed::Glance(..) | Landed::Vault(..) | Landed::Stamp(..)
                    if !counts => {}
                Landed::Cluster(stamp, seen) => self.saw(stamp, *seen, None),
                Landed::Glance(stamp, seen, vault) => {
                    self.saw(stamp.clone(), *seen, vault);
                    self.glanced.insert(stamp);
                }
                Landed::Vault(stamp, seen) => self.saw_vault(stamp, seen),
                Landed::Stamp(stamp, both) => self.saw(stamp, both.1, Some(both.0)),
            }
            next = self.flight.landed();
        }
        match self.fold.rotation().cloned() {
            Some(opened) if !ends.is_empty() => self.record_ends(&opened, ends).await,
            _ => Ok(()),
        }
    }

    fn saw_vault(&mut self, stamp: StampName, seen: Seen<VaultView>) {
        self.digests.renew(&EvidenceKey::Vault(stamp.clone()));
        self.world.vaults.insert(stamp, seen);
    }

    fn saw(&mut self, stamp: StampName, seen: Seen<ClusterView>, vault: Option<Seen<VaultView>>) {
        self.digests.renew(&EvidenceKey::Cluster(stamp.clone()));
        if let Some(vault) = vault {
            self.saw_vault(stamp.clone(), vault);
        }
        tracing::info!(%stamp, at = %self.ports.clock.now(), "seen");
        self.glanced.remove(&stamp);
        self.world.clusters.insert(stamp, seen);
    }

    /// Effects have happened: their outcomes are written behind whatever others wrote meanwhile. Where others have
    /// ended the whole rotation since, or begun it anew, nobody asks any more.
    ///
    /// A store that is away is waited for: what a service has answered, no second look tells.
    async fn record_ends(&mut self, opened: &Opened, ends: Vec<Ended>) -> Result<(), DriveError> {
        let event = Event::Ended { ends: ends.clone() };
        let before = self.journal.records().len();
        loop {
            let open = self.fold.rotation().map(Opened::approval_name);
            if open != Some(opened.approval_name()) || self.arrived(before, &event) {
                return Ok(());
            }
            match self.append(event.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_conflict() => self.attention.overtaken(),
                Err(error) if self.arrived(before, &event) || self.outlast(&error).await => {
                    // It may be there by now.
                    if self.journal.refresh().await.is_ok() {
                        self.refold()?;
                    }
                }
                Err(error) => {
                    self.tell_unwritten(&ends);
                    return Err(error);
                }
            }
        }
    }

    /// Whether a record of ours since then is this one: its answer was lost, and it arrived.
    fn arrived(&self, before: usize, event: &Event) -> bool {
        let since = self.journal.records().get(before..).unwrap_or_default();
        since.iter().any(|record| self.journal.wrote(record) && record.kind == *event)
    }

    fn tell_unwritten(&self, ends: &[Ended]) {
        for end in ends {
            if let Some(record) = self.fold.step(&end.key) {
                self.say(&Notice::Unwritten { step: &record.intent.step, outcome: &end.outcome });
            }
        }
    }

    /// Records what is about to be done. Where nobody answers and it arrived all the same, nothing of it was sent: that is
    /// known, and is recorded too.
    async fn intend(&mut self, opened: &Opened, intents: &[Intent]) -> Result<(), DriveError> {
        let event = Event::Intended { intents: intents.to_vec() };
        let before = self.journal.records().len();
        let Err(error) = self.append(event.clone()).await else { return Ok(()) };
        // Whether it arrived, only a store that answers tells.
        while !error.is_conflict() && !self.arrived(before, &event) && self.outlast(&error).await {
            if self.journal.refresh().await.is_ok() {
                self.refold()?;
                break;
            }
        }
        if self.arrived(before, &event) {
            let why = "whether the intent was recorded was not known in time".to_owned();
            let ended = |intent: &Intent| Ended {
                key: intent.key.clone(),
                attempt: intent.attempt,
                outcome: Outcome::NotSent { why: why.clone() },
            };
            self.record_ends(opened, intents.iter().map(ended).collect()).await?;
        }
        Err(error)
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
        let secrets = match &step {
            Step::Restart { stamp, version, .. } => {
                filled(&self.world, stamp, version, self.ports.clock.now())
            }
            _ => Vec::new(),
        };
        let attempt = self.fold.next_attempt(&key);
        Intent { attempt, key, step, generation_before, evidence, commit: None, secrets }
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

    /// What a proposal changes, for people; nothing where the step proposes nothing, or nobody can say.
    async fn diff(&self, step: &Step) -> String {
        let code = self.world.code.as_ref().and_then(|seen| seen.get());
        let (base, to) = match (step, code) {
            (Step::OpenPull { to, .. } | Step::OpenAgreement { to, .. }, Some(code)) => {
                (Some(&code.base), to)
            }
            (Step::OpenPromotion { to, .. }, Some(code)) => (code.release.as_ref(), to),
            _ => return String::new(),
        };
        let Some(base) = base else { return String::new() };
        let changes = self.observer.would_change(&base.head, *to).await.unwrap_or_default();
        let text: Vec<u8> = changes
            .iter()
            .flat_map(|change| unified_diff(&change.path, &change.before, &change.after).text)
            .collect();
        let text = String::from_utf8_lossy(&text);
        let kept = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST_DIFF).last();
        match kept {
            Some(end) if end >= LONGEST_DIFF => {
                let whole_lines = text.get(..end).and_then(|text| text.rsplit_once('\n'));
                format!("{}\n… and more: see the changed files", whole_lines.map_or("", |(lines, _)| lines))
            }
            _ => text.into_owned(),
        }
    }

    fn workshop(&self, opened: &Opened, intent: &Intent, intended_at: Timestamp, diff: &str) -> Workshop {
        let targets = self.observer.targets();
        let words = render::pull_request::words(opened, &intent.step, &self.policy, diff);
        Workshop {
            rotation: opened.rotation.clone(),
            access: targets.access,
            sources: targets.sources.clone(),
            intended_at,
            request_id: request_id(&opened.request_name(), &intent.key, intent.attempt),
            title: words.title,
            body: words.body,
            commit_message: words.commit_message,
            commit: intent.commit.clone(),
            draft: self.policy.pulls.draft,
            base: targets.base_branch.clone(),
            base_is_deployed: targets.release == ReleaseRule::BaseItself,
        }
    }
}

pub(super) fn hex(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).map(|byte| format!("{byte:02x}")).collect()
}

/// The Kubernetes Secrets of a stamp that hold what this version of its vault holds, and that nothing is known to write back.
fn filled(world: &World, stamp: &StampName, version: &SecretVersion, now: Timestamp) -> Vec<String> {
    let vault = world.vaults.get(stamp).and_then(|seen| seen.get()).filter(|it| it.version == *version);
    let cluster = world.clusters.get(stamp).and_then(|seen| seen.get());
    let Some((vault, cluster)) = vault.zip(cluster) else { return Vec::new() };
    let full = cluster.synced.iter().filter(|secret| {
        secret.fingerprint == vault.fingerprint && !cluster.is_contested(secret, vault, now)
    });
    full.map(|secret| format!("{}/{}", secret.namespace, secret.name)).collect()
}

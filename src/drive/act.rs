//! Doing the decided steps: intent before, outcome after. Restarts are begun together and end each by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{FutureExt as _, join_all};
use jiff::Timestamp;

use super::flight::Landed;
use super::{DriveError, Driver, Notice, evidence, forget};
use crate::execute::{Workshop, commit_of, execute};
use crate::model::{ClusterView, EvidenceKey, SecretVersion, Seen, StampName, StepKey, VaultView, World};
use crate::observe::ReleaseRule;
use crate::ports::{Permit, Ports};
use crate::render;
use crate::render::diff::unified_diff;
use crate::rotation::{Ended, Intent, Opened, Outcome, Relied, Step, request_id};

/// Bytes of a diff in a pull request's text, which forges limit to some 65,000 characters.
const LONGEST_DIFF: usize = 30_000;

/// A dangerous step asks its permit as the bytes leave, so its answer may be waited for whoever wants to stop. Any other might
/// be sent only then: it is dropped, and whoever comes next looks what became of it.
async fn unless_recalled(step: &Step, ports: &Ports, shop: &Workshop, permit: &Permit) -> Outcome {
    if step.is_dangerous() {
        return execute(step, ports, shop, permit).await;
    }
    tokio::select! {
        biased;
        outcome = execute(step, ports, shop, permit) => outcome,
        () = permit.recall.called() => {
            Outcome::Unknown { why: "keyslot was stopped while it was under way".to_owned() }
        }
    }
}

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
        self.intend(opened.approval_name(), intents.clone()).await?;
        for intent in &intents {
            self.say(&Notice::Intended { step: &intent.step });
        }
        let (restarts, others): (Vec<_>, Vec<_>) = intents
            .into_iter()
            .zip(permits)
            .partition(|(intent, _)| matches!(intent.step, Step::Restart { .. }));
        let of = opened.approval_name();
        for (intent, permit) in restarts {
            let Step::Restart { stamp, .. } = &intent.step else { continue };
            let stamp = stamp.clone();
            let (key, shop) = (intent.key.clone(), self.workshop(&opened, &intent, intended_at, ""));
            let (ports, of) = (self.ports.clone(), of.clone());
            let restart = async move {
                let outcome = execute(&intent.step, &ports, &shop, &permit).await;
                Landed::Steps(of, vec![(intent, outcome)])
            };
            self.flight.restart(stamp, key, restart.boxed());
        }
        let keys: Vec<StepKey> = others.iter().map(|(intent, _)| intent.key.clone()).collect();
        let mut ends = Vec::new();
        for (intent, permit) in others {
            let diff = diffs.get(&intent.key).map_or("", String::as_str);
            let shop = self.workshop(&opened, &intent, intended_at, diff);
            let (ports, unmade) = (self.ports.clone(), unmade.remove(&intent.key));
            ends.push(async move {
                let outcome = match unmade {
                    Some(outcome) => outcome,
                    None => unless_recalled(&intent.step, &ports, &shop, &permit).await,
                };
                (intent, outcome)
            });
        }
        if ends.is_empty() {
            return Ok(());
        }
        let all = async move { Landed::Steps(of, join_all(ends).await) };
        self.flight.steps(keys.iter().cloned(), all.boxed());
        while keys.iter().any(|key| self.flight.has_sent(key)) {
            let landed = self.flight.next().await;
            self.land(Some(landed)).await?;
        }
        Ok(())
    }

    fn ended(&mut self, intent: &Intent, outcome: Outcome) -> Ended {
        forget::after_step(Arc::make_mut(&mut self.world), &intent.step);
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
                Landed::Steps(of, ended) => {
                    // Of one that was closed since nobody asks any more, under whatever name it was begun anew.
                    let open = self.fold.rotation().is_some_and(|open| open.approval_name() == of);
                    let ended = ended.into_iter().map(|(intent, outcome)| self.ended(&intent, outcome));
                    ends.extend(ended.filter(|_| open));
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
        match self.fold.rotation().map(Opened::approval_name) {
            Some(of) if !ends.is_empty() => self.record_ends(of, ends).await,
            _ => Ok(()),
        }
    }

    fn saw_vault(&mut self, stamp: StampName, seen: Seen<VaultView>) {
        self.digests.renew(&EvidenceKey::Vault(stamp.clone()));
        Arc::make_mut(&mut self.world).vaults.insert(stamp, seen);
    }

    fn saw(&mut self, stamp: StampName, seen: Seen<ClusterView>, vault: Option<Seen<VaultView>>) {
        self.digests.renew(&EvidenceKey::Cluster(stamp.clone()));
        if let Some(vault) = vault {
            self.saw_vault(stamp.clone(), vault);
        }
        tracing::info!(%stamp, at = %self.ports.clock.now(), "seen");
        self.glanced.remove(&stamp);
        Arc::make_mut(&mut self.world).clusters.insert(stamp, seen);
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
            recall: self.recall.clone(),
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

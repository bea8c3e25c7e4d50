//! Opening a rotation, going on with it, and closing it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};

use super::act::hex;
use super::lease::Standing;
use super::words::TRIES;
use super::{DriveError, Driver};
use crate::journal::Journal;
use crate::model::{
    Access, AccountId, Blindness, BranchName, ClusterState, ClusterView, EnvironmentName, EvidenceKey,
    FlipBack, KeyKind, OperationState, Route, Salt, Seen, Slot, StampName, VaultView, WorkloadName,
};
use crate::rotation::{
    Event, Fold, Opened, Outcome, Pair, Phase, Produced, Reach, Step, StepRecord, default_retire, is_closed,
    operation, rotation_id,
};

/// How long after a finished rotation another one must be asked for in so many words: a second `rotate` from a
/// job that was started twice is not a wish for a second rotation.
const REST: SignedDuration = SignedDuration::from_hours(24);

/// What was asked for.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    pub environment: EnvironmentName,
    pub account: AccountId,
    /// What was asked for; without it, the open rotation's access, or that of the secret which is looked at.
    pub access: Option<Access>,
    pub retire: Option<Slot>,
    pub route: Route,
    /// What was asked for; without it, the open rotation's, or what the policy says.
    pub flip_back: Option<FlipBack>,
    pub by: String,
    /// Begin another one although the last has just ended.
    pub again: bool,
    /// Retire the keys in both slots, one after the other.
    pub both: bool,
}

impl OpenRequest {
    /// Whether the open rotation is what was asked for: what is settled when one is opened stays so.
    ///
    /// # Errors
    /// It is another one, or goes on otherwise at its end.
    pub(super) fn fits(&self, open: &Opened) -> Result<(), DriveError> {
        let (mut asked, back) = (self.of_another(open), self.of_another_end(open));
        if asked.is_empty() {
            return match back {
                Some(asked) => Err(DriveError::Settled { open: open.approval_name(), asked }),
                None => Ok(()),
            };
        }
        asked.extend(back);
        let (open, retiring) = (open.rotation.to_string(), open.retires().to_string());
        Err(DriveError::AnotherIsOpen { open, retiring, asked })
    }

    /// The options by which another key goes than by the open rotation.
    fn of_another(&self, open: &Opened) -> Vec<String> {
        // Asked for both, one slot names the pair.
        let second = self.both && open.pair == Pair::Second;
        let of_pair = |retire| second && retire == open.to();
        let retire = self.retire.filter(|retire| *retire != open.from && !of_pair(*retire));
        let access = self.access.filter(|access| *access != open.access);
        let both = self.both && open.pair == Pair::Alone;
        let retire = retire.map(|retire| format!("--retire {retire}: it retires the key in {}", open.from));
        let access = access.map(|access| format!("--access {access}: it is of the {} keys", open.access));
        let both = both.then(|| "--both-slots: it is of one slot alone".to_owned());
        retire.into_iter().chain(access).chain(both).collect()
    }

    /// The option by which its end would be another one.
    fn of_another_end(&self, open: &Opened) -> Option<String> {
        let asked = self.flip_back.filter(|back| *back != open.flip_back)?;
        let why = match open.pair {
            Pair::Alone => "",
            Pair::First | Pair::Second => ", as where both keys go everybody ends where they began",
        };
        Some(format!("--flip-back {asked}: --flip-back {} is in force{why}", open.flip_back))
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    Opened,
    /// The rotation asked for was open already.
    Continued,
    /// It has just been done; nothing is left to do.
    JustDone {
        at: Timestamp,
        from: Slot,
    },
}

impl Driver {
    /// Opens a rotation, or goes on with the one that is open.
    ///
    /// # Errors
    /// Another rotation is open; nobody said which slot to retire and the world does not agree; the account
    /// cannot be read; the journal.
    pub async fn open(&mut self, request: &OpenRequest) -> Result<Opening, DriveError> {
        self.journal.refresh().await?;
        self.refold()?;
        self.is_of_ours()?;
        if let Some(open) = self.fold.rotation() {
            request.fits(open)?;
            self.resume(&request.by).await?;
            return Ok(Opening::Continued);
        }
        if self.is_between(request) {
            if let Some(first) = first_of_pair(&self.fold)
                && let Some(asked) = request.of_another_end(first)
            {
                return Err(DriveError::Settled { open: first.approval_name(), asked });
            }
            return Ok(if self.open_second().await? { Opening::Opened } else { Opening::Continued });
        }
        if let Some(first) = first_of_pair(&self.fold) {
            let kind = KeyKind { slot: first.to(), access: first.access };
            return Err(DriveError::SecondIsDue(kind.to_string()));
        }
        if let Some(just_done) = self.just_done(request) {
            self.tell_the_end().await;
            return Ok(just_done);
        }
        let opened = self.look_and_identify(request).await?;
        self.append(Event::Opened(opened)).await?;
        Ok(Opening::Opened)
    }

    /// Whether the rotation that is open is of our account, and what was asked for.
    ///
    /// # Errors
    /// It is another one.
    pub fn is_of(&self, request: &OpenRequest) -> Result<(), DriveError> {
        self.is_of_ours()?;
        self.fold.rotation().map_or(Ok(()), |open| request.fits(open))
    }

    async fn look_and_identify(&mut self, request: &OpenRequest) -> Result<Opened, DriveError> {
        self.salt_with(fresh_salt()?);
        let keys: BTreeSet<EvidenceKey> = match request.retire {
            // The account alone says which key that is; each phase looks at what it needs.
            Some(_) => BTreeSet::from([EvidenceKey::Account]),
            None => {
                let known = |key: &EvidenceKey| match key {
                    EvidenceKey::Cluster(stamp) => self.world.clusters.contains_key(stamp),
                    _ => false,
                };
                self.observer.everything().into_iter().filter(|key| !known(key)).collect()
            }
        };
        self.look_now(&keys).await;
        let opened = self.identify(request)?;
        Ok(self.in_its_round(opened).await)
    }

    /// Whether the first of two rotations is done and what is asked for does not speak against the second.
    fn is_between(&self, request: &OpenRequest) -> bool {
        let first = first_of_pair(&self.fold);
        first.is_some_and(|first| {
            request.retire.is_none_or(|retire| retire == first.to() || request.both && retire == first.from)
                && request.access.is_none_or(|access| access == first.access)
        })
    }

    /// Opens the second rotation of two, where the first has just ended; under gates and with an approval of its own.
    ///
    /// # Errors
    /// The first was of another account; the account cannot be read; the journal.
    pub async fn open_second(&mut self) -> Result<bool, DriveError> {
        let Some(first) = first_of_pair(&self.fold).cloned() else { return Ok(false) };
        self.is_of_ours()?;
        let request = OpenRequest {
            environment: first.environment.clone(),
            account: first.account.clone(),
            access: Some(first.access),
            retire: Some(first.to()),
            route: first.route,
            flip_back: Some(FlipBack::No),
            // Who asked for both has proposed the second, whichever process comes to begin it.
            by: first.by.clone(),
            again: true,
            both: false,
        };
        self.observer.targets_mut().access = first.access;
        let opened = self.look_and_identify(&request).await?;
        match self.append(Event::Opened(Opened { pair: Pair::Second, ..opened })).await {
            // Somebody else has begun it, or ended it.
            Err(error) if error.is_conflict() && first_of_pair(&self.fold).is_none() => Ok(false),
            end => end.map(|()| true),
        }
    }

    fn just_done(&self, request: &OpenRequest) -> Option<Opening> {
        let (_, opened) = self.fold.opened.as_ref()?;
        let (at, done, _) = self.fold.closed.as_ref()?;
        let begun = if request.both && opened.pair == Pair::Second { opened.to() } else { opened.from };
        let same = request.retire.is_none_or(|retire| retire == begun)
            && self.observer.targets().access == opened.access
            && !(request.both && opened.pair == Pair::Alone);
        let recent = self.ports.clock.now().duration_since(*at) < REST;
        (*done && same && recent && !request.again)
            .then_some(Opening::JustDone { at: *at, from: opened.from })
    }

    pub(super) fn identify(&self, request: &OpenRequest) -> Result<Opened, DriveError> {
        let seen = self.world.account.as_ref();
        let account = match seen.map(|seen| &seen.what) {
            Some(Ok(account)) => account,
            Some(Err(blind)) => return Err(DriveError::AccountUnseen(blind.why.clone())),
            None => return Err(DriveError::AccountUnseen("it was not looked at".to_owned())),
        };
        let from = match request.retire {
            Some(slot) => slot,
            None => self.default_retire()?,
        };
        let access = self.observer.targets().access;
        let kind = KeyKind { slot: from, access };
        let key = account.key(kind);
        Ok(Opened {
            rotation: rotation_id(&request.account, kind, key.generated),
            environment: request.environment.clone(),
            account: request.account.clone(),
            from,
            access,
            retired_generation: key.generated,
            retired_fingerprint: key.fingerprint.clone(),
            salt: self.observer.targets().salt.clone(),
            route: request.route,
            // The second of two goes back by itself.
            flip_back: match request.both {
                true => FlipBack::No,
                false => request.flip_back.unwrap_or(self.policy.flip_back),
            },
            by: request.by.clone(),
            pair: if request.both { Pair::First } else { Pair::Alone },
            round: 1,
            opening: 1,
            stamps: self.policy.stamps.iter().map(|facts| facts.name.clone()).collect(),
        })
    }

    /// The slot that everybody is on. Code that is not there is no matter of which slot.
    fn default_retire(&self) -> Result<Slot, DriveError> {
        if let Some(Err(blind)) = self.world.code.as_ref().map(|seen| &seen.what)
            && (blind.kind.is_refusal() || matches!(blind.kind, Blindness::Gone | Blindness::Misconfigured))
        {
            return Err(DriveError::CodeUnseen(blind.why.clone()));
        }
        default_retire(&self.world).map_err(|says| self.unclear(says))
    }

    /// Nobody can say which slot is in use: the vaults that could not be read, or else what is told of it.
    pub(super) fn unclear(&self, says: Vec<String>) -> DriveError {
        let blind = |(stamp, seen): (&StampName, &Seen<VaultView>)| {
            let blind = seen.what.as_ref().err().filter(|_| !is_closed(&self.world, stamp))?;
            Some(format!("the vault of {stamp}: {}", blind.why))
        };
        let unseen: Vec<String> = self.world.vaults.iter().filter_map(blind).collect();
        if unseen.is_empty() { DriveError::Unclear(says) } else { DriveError::VaultsUnseen(unseen) }
    }

    /// Goes on with the open rotation by a person's word: what was refused may be tried again, and so may a regeneration
    /// whose operation has failed.
    ///
    /// # Errors
    /// No rotation is open, or it is of another account; the journal.
    pub async fn resume(&mut self, by: &str) -> Result<(), DriveError> {
        self.resume_as(by, true).await
    }

    /// The same by a job's word, which has looked at nothing: a regeneration that has failed stays for a person.
    ///
    /// # Errors
    /// As [`Driver::resume`].
    pub async fn resume_as_job(&mut self, by: &str) -> Result<(), DriveError> {
        self.resume_as(by, false).await
    }

    /// Behind whatever a process at work writes meanwhile.
    async fn resume_as(&mut self, by: &str, person: bool) -> Result<(), DriveError> {
        let mut tries = TRIES;
        loop {
            match self.resume_once(by, person).await {
                Err(error) if error.is_conflict() && tries > 1 => tries -= 1,
                end => return end,
            }
        }
    }

    async fn resume_once(&mut self, by: &str, person: bool) -> Result<(), DriveError> {
        self.journal.refresh().await?;
        self.refold()?;
        if self.fold.rotation().is_none() {
            self.tell_the_end().await;
            return Err(DriveError::NoneOpen);
        }
        self.is_of_ours()?;
        if person && operation(&self.fold).is_some() && self.fold.confirmed.is_none() {
            self.look_now(&BTreeSet::from([EvidenceKey::Operation])).await;
        }
        // Only a failure that is there to be seen may be asked about: one that comes later, nobody has looked at.
        let state = self.world.operation.as_ref().and_then(|seen| seen.get());
        let asked = person && matches!(self.reach, Reach::Whole | Reach::Regenerate);
        let failed = asked && matches!(state, Some(OperationState::Failed(_)));
        // While the vaults are waited for, a run that was taken may have come to nothing: a person may want another.
        let deploys = self.fold.reached.last().is_some_and(|(_, _, phase)| *phase == Phase::Deploy);
        let asks = |record: &StepRecord| match &record.outcome {
            Some((_, Outcome::Applied { .. })) if matches!(record.intent.step, Step::Deploy { .. }) => {
                person && deploys && !record.resumed
            }
            Some((_, Outcome::Refused { .. })) => !record.resumed,
            Some((_, Outcome::Applied { produced: Produced::Operation(_) })) => {
                failed && !record.resumed && self.fold.confirmed.is_none()
            }
            None | Some((_, Outcome::Applied { .. } | Outcome::NotSent { .. } | Outcome::Unknown { .. })) => {
                false
            }
        };
        if !self.fold.steps.values().any(asks) {
            return Ok(());
        }
        self.append(Event::Resumed { by: by.to_owned(), failed }).await
    }

    /// Records which release branch is live, by a person's word; with the branches that the live stamps are tagged with, where
    /// this one is not among them.
    ///
    /// # Errors
    /// No rotation is open; the remote has no such branch, or cannot be asked; the journal. Nothing is recorded then.
    pub async fn name_release(
        &mut self,
        branch: &BranchName,
        by: &str,
    ) -> Result<Vec<BranchName>, DriveError> {
        if self.fold.rotation().is_none() {
            return Err(DriveError::NoneOpen);
        }
        let tagged = self.observer.named(branch).await.map_err(|fault| match fault.kind {
            Blindness::Gone => DriveError::NoSuchRelease { branch: branch.to_string(), why: fault.why },
            _ => DriveError::ReleaseUnseen(fault.to_string()),
        })?;
        if self.fold.release.as_ref() != Some(branch) {
            self.append(Event::ReleaseNamed { branch: branch.clone(), by: by.to_owned() }).await?;
        }
        Ok(tagged)
    }

    /// Closes the open rotation with a person's reason. Under the lease: while somebody else is at work, their next step
    /// would come after the end, and two would write to the pull request.
    ///
    /// # Errors
    /// No rotation is open; somebody else is at work; the journal.
    pub async fn close(&mut self, reason: &str) -> Result<(), DriveError> {
        // What is due and not begun is begun, so that the journal says why it ends. Where the account is another one or is not
        // to be seen, it is ended unbegun.
        let unbegun = match self.open_second().await {
            Ok(_) => false,
            Err(DriveError::AnotherAccount { .. } | DriveError::AccountUnseen(_)) => true,
            Err(error) => return Err(error),
        };
        if !unbegun && self.fold.rotation().is_none() {
            self.tell_the_end().await;
            return Err(DriveError::NoneOpen);
        }
        if let Standing::Of { holder, until } = self.hold_lease().await? {
            return Err(DriveError::AtWork { holder, until });
        }
        self.append(Event::Closed { done: false, reason: reason.to_owned() }).await?;
        if !unbegun {
            self.tell().await;
        }
        self.release().await
    }
}

/// Which of the account's keys a journal is about: those of the open rotation, or of the one that must follow. Absent
/// where nothing is under way.
///
/// # Errors
/// A journal with a record that cannot stand where it stands.
pub fn access_under_way(journal: &Journal<Event>) -> Result<Option<Access>, DriveError> {
    let records = journal.records().iter();
    let fold = Fold::of(records.map(|record| (record.seq.0, record.at, &record.kind)))?;
    Ok(under_way(&fold).map(|opened| opened.access))
}

/// The rotation that is open, or the first of two whose second is due.
pub(super) fn under_way(fold: &Fold) -> Option<&Opened> {
    fold.rotation().or_else(|| first_of_pair(fold))
}

/// The rotation that ended last, if it is done and another one belongs to it.
fn first_of_pair(fold: &Fold) -> Option<&Opened> {
    fold.opened.as_ref().filter(|_| fold.second_is_due()).map(|(_, opened)| opened)
}

/// Random bytes under which fingerprints of one look, or of one rotation, are made.
///
/// # Errors
/// A system that gives none.
pub fn fresh_salt() -> Result<Salt, DriveError> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| DriveError::AccountUnseen("the system gave no random bytes for a salt".to_owned()))?;
    Ok(Salt::new(hex(&bytes, bytes.len())))
}

/// What was seen of a cluster, if anything runs in it: one that was stopped or is gone spells nothing.
fn has_workloads(seen: &Seen<ClusterView>) -> Option<&ClusterView> {
    seen.get().filter(|cluster| cluster.state.has_pods())
}

/// Clusters that are asked at once how they spell.
const SPELLERS: usize = 4;

/// How a configured name is spelt in a cluster: the real name and, where it differs, a note for people.
pub type Speller<'a> =
    &'a (dyn Fn(&str, &[WorkloadName]) -> Result<(WorkloadName, Option<String>), String> + Sync);

impl Driver {
    /// Takes the configured workloads to be what the clusters call them, and returns what is worth saying. One that no
    /// cluster shows is written in lower case, as Kubernetes would: gates tell of which stamp it is missing. So it is where
    /// not every cluster can be seen, and once a rotation is open, whose state nobody would be told otherwise.
    ///
    /// # Errors
    /// Before that, names that are in no cluster, in words.
    pub async fn spell_workloads(&mut self, speller: Speller<'_>) -> Result<Vec<String>, Vec<String>> {
        let stamps = self.observer.targets().stamps.clone();
        let asked: Vec<String> = self.policy.workloads.iter().map(ToString::to_string).collect();
        let spelt = |existing: &[WorkloadName]| asked.iter().map(|name| speller(name, existing)).collect();
        let mut found: Vec<Result<_, String>> = Vec::new();
        // Those that can be seen are enough where they have all; most often the first few do. Where they do not, all others
        // are asked at once: one after the other, those that do not answer would be waited for one after the other.
        let (few, others) = stamps.split_at(stamps.len().min(SPELLERS));
        for some in [few, others] {
            // What their vaults hold tells what of the clusters is worth a request.
            let of =
                |stamp: &StampName| [EvidenceKey::Vault(stamp.clone()), EvidenceKey::Cluster(stamp.clone())];
            self.look_now(&some.iter().flat_map(of).collect()).await;
            found = spelt(&self.in_clusters());
            if found.iter().all(Result::is_ok) {
                break;
            }
        }
        let nothing_seen = !self.world.clusters.values().any(|seen| has_workloads(seen).is_some());
        let told = |cluster: &ClusterView| cluster.state != ClusterState::Stopped;
        let all_seen = self.world.clusters.values().all(|seen| seen.get().is_some_and(told));
        let is_open = under_way(&self.fold).is_some();
        let (mut notes, mut wrong) = (Vec::new(), Vec::new());
        for (name, found) in self.policy.workloads.iter_mut().zip(found) {
            match found {
                Ok((spelt, note)) => {
                    notes.extend(note);
                    *name = spelt;
                }
                Err(why) if all_seen && !nothing_seen && !is_open => wrong.push(why),
                Err(why) => {
                    notes.extend((!nothing_seen).then_some(why));
                    let (namespace, lower) = (name.namespace.to_lowercase(), name.name.to_lowercase());
                    *name = WorkloadName::of_kind(name.kind, namespace, lower);
                }
            }
        }
        if wrong.is_empty() { Ok(notes) } else { Err(wrong) }
    }

    /// The workloads of all clusters that were seen. One that is missing in one of them may be in another.
    fn in_clusters(&self) -> Vec<WorkloadName> {
        let seen = self.world.clusters.values().filter_map(has_workloads);
        let names: BTreeSet<&WorkloadName> =
            seen.flat_map(|cluster| &cluster.workloads).map(|workload| &workload.name).collect();
        names.into_iter().cloned().collect()
    }
}

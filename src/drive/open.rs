//! Opening a rotation, or the second of two, and finding the one that is under way.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{DriveError, Driver, OpenRequest, Opening, fresh_salt};
use crate::journal::Journal;
use crate::model::{Access, EvidenceKey, FlipBack, KeyKind};
use crate::rotation::{Event, Fold, Opened, Pair};

/// How long after a finished rotation another one must be asked for in so many words: a second `rotate` from a
/// job that was started twice is not a wish for a second rotation.
const REST: SignedDuration = SignedDuration::from_hours(24);

/// Whether what is asked for does not speak against the second of two rotations of which the first is done.
fn goes_on_from(first: &Opened, request: &OpenRequest) -> bool {
    request.retire.is_none_or(|retire| retire == first.to() || request.both && retire == first.from)
        && request.access.is_none_or(|access| access == first.access)
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
        if let Some(first) = first_of_pair(&self.fold) {
            if !goes_on_from(first, request) {
                let kind = KeyKind { slot: first.to(), access: first.access };
                return Err(DriveError::SecondIsDue(kind.to_string()));
            }
            if let Some(asked) = request.of_another_end(first) {
                return Err(DriveError::Settled { open: first.approval_name(), asked });
            }
            return Ok(if self.open_second().await? { Opening::Opened } else { Opening::Continued });
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
        let event = Event::Opened(Opened { pair: Pair::Second, ..opened });
        while let Err(error) = self.append(event.clone()).await {
            if !error.is_conflict() {
                return Err(error);
            }
            // Somebody else has begun it, or ended it.
            if first_of_pair(&self.fold).is_none() {
                return Ok(false);
            }
        }
        Ok(true)
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

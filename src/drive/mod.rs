//! The loop: observe, decide, journal, act. Nothing else drives.
//!
//! - [`Driver::turn`] goes on until it has to wait, a person must act, or it is done.
//! - An intent is in the journal before its effect, and nothing is sent when somebody else wrote a record
//!   meanwhile: the append is the lease's last word.
//! - After an effect, our own or another process's, what it touched is forgotten, so that only a new look tells what
//!   became of it.
//! - Restarts and looks at single stamps are under way each by itself: as soon as one lands, it is decided on what is known
//!   then, and a stamp that is slow keeps nobody waiting but itself.
//! - Before what cannot be taken back, and before the end, evidence that has aged is looked at once more.

mod act;
mod again;
mod attention;
mod bulletin;
mod close;
mod error;
mod evidence;
mod flight;
mod foresee;
mod forget;
mod identify;
mod insist;
mod lease;
mod notes;
mod open;
mod outcomes;
mod request;
mod restart;
mod resume;
mod round;
mod run;
mod spelling;
mod status;
mod turn;
mod wait;
mod watch;
mod words;

use std::any::Any;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::journal::{Journal, Record};
use crate::model::{Merging, Policy, Salt, StampName, World};
use crate::observe::{Held, Observer, ReleaseRule};
use crate::ports::{Ports, Recall};
use crate::rotation::{
    Decider, Event, Fold, Gate, IllegalRecord, Opened, Reach, Step, operation, promoted, unanswered,
};

use attention::Attention;
use bulletin::Bulletins;
use evidence::Digests;
use flight::Flight;
use insist::Patience;
use outcomes::{Intending, Owed};

pub use error::DriveError;
pub use identify::fresh_salt;
pub use open::access_under_way;
pub use request::{OpenRequest, Opening};
pub use spelling::Speller;
pub use turn::TurnEnd;
pub use watch::{Notice, Silent, Watcher};

pub use crate::journal::LeaseTerms;

/// One process at work on one environment.
pub struct Driver {
    ports: Ports,
    observer: Observer,
    journal: Journal<Event>,
    fold: Fold,
    /// How many records the fold has taken in.
    folded: usize,
    /// Shared with the reports of it: that of a large fleet is not copied for each.
    world: Arc<World>,
    /// Both clocks when evidence was last used: wall and monotonic.
    clocks: Option<(Timestamp, Duration)>,
    attention: Attention,
    bulletins: Bulletins,
    flight: Flight,
    intending: Option<Intending>,
    owed: VecDeque<Owed>,
    /// Given along with every permit.
    recall: Recall,
    /// Stamps whose clusters were seen by what has happened since their last lists: good for restarts, and for nothing that
    /// cannot be taken back.
    glanced: BTreeSet<StampName>,
    digests: Digests,
    policy: Policy,
    /// Who we are in the lease: one process, one name.
    holder: String,
    lease_terms: LeaseTerms,
    /// Whether no other process can be at work (a lock on the local folder says so): then a lease left behind
    /// by a process that died may be taken at once.
    alone: bool,
    without: BTreeSet<Gate>,
    reach: Reach,
    watcher: Arc<dyn Watcher>,
    /// Kept as long as the driver lives: the lock on a local journal.
    kept: Vec<Box<dyn Any + Send>>,
    /// With the journal's store.
    patience: Patience,
}

/// What a driver is made of.
pub struct Parts {
    pub ports: Ports,
    pub observer: Observer,
    pub journal: Journal<Event>,
    pub policy: Policy,
    pub holder: String,
    pub lease_terms: LeaseTerms,
    pub alone: bool,
    pub watcher: Arc<dyn Watcher>,
}

/// What a record tells of Kubernetes Secrets: they were seen just before its restarts.
fn held_before(held: &Held, record: &Record<Event>, lag: Duration) {
    let Event::Intended { intents } = &record.kind else { return };
    for intent in intents {
        if let Step::Restart { stamp, version, .. } = &intent.step {
            held.intended(stamp, version, &intent.secrets, record.at, lag);
        }
    }
}

/// The same of a whole journal, for whoever looks once and drives nothing. `lag` is the policy's `vault_lag`.
pub fn remember(held: &Held, records: &[Record<Event>], lag: Duration) {
    held.for_one_look();
    records.iter().for_each(|record| held_before(held, record, lag));
}

impl Driver {
    /// Takes the parts and folds the journal.
    ///
    /// # Errors
    /// A journal with a record that cannot stand where it stands.
    pub fn new(parts: Parts) -> Result<Driver, DriveError> {
        let Parts { ports, observer, journal, policy, holder, lease_terms, alone, watcher } = parts;
        let mut driver = Driver {
            ports,
            observer,
            journal,
            fold: Fold::default(),
            folded: 0,
            world: Arc::default(),
            clocks: None,
            attention: Attention::default(),
            bulletins: Bulletins::default(),
            flight: Flight::default(),
            intending: None,
            owed: VecDeque::new(),
            recall: Recall::default(),
            glanced: BTreeSet::new(),
            digests: Digests::default(),
            policy,
            holder,
            lease_terms,
            alone,
            without: BTreeSet::new(),
            reach: Reach::default(),
            watcher,
            kept: Vec::new(),
            patience: Patience::default(),
        };
        driver.refold()?;
        Ok(driver)
    }

    /// Switches gates off. For tests that show what each gate is good for.
    #[doc(hidden)]
    pub fn without_gates(mut self, gates: impl IntoIterator<Item = Gate>) -> Driver {
        self.without.extend(gates);
        self
    }

    /// Bounds what is done to what a command was asked for.
    pub fn reaching(mut self, reach: Reach) -> Driver {
        self.reach = reach;
        self
    }

    /// Has pull requests merged in this way, whatever the policy says.
    pub fn merging(mut self, merging: Merging) -> Driver {
        self.policy.pulls.merging = merging;
        self
    }

    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    pub(super) fn decider(&self) -> Decider<'_> {
        Decider { policy: &self.policy, holder: &self.holder, without: &self.without, reach: &self.reach }
    }

    /// Keeps a value as long as the driver lives.
    pub fn keeping(mut self, value: Box<dyn Any + Send>) -> Driver {
        self.kept.push(value);
        self
    }

    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    fn refold(&mut self) -> Result<(), DriveError> {
        let before = self.fold.unheard.clone();
        for record in self.journal.records().get(self.folded..).unwrap_or_default() {
            let seq = record.seq.0;
            self.fold.apply(record.at, &record.kind).map_err(|why| IllegalRecord { seq, why })?;
            self.folded += 1;
            if matches!(record.kind, Event::Opened(_)) {
                // Another rotation has pull requests of its own.
                let world = Arc::make_mut(&mut self.world);
                world.pulls.clear();
                world.origin = None;
            }
            held_before(self.observer.held(), record, self.policy.vault_lag);
            // Whoever acted: what was seen of it before says nothing any more.
            for step in forget::steps_of(&self.fold, &record.kind) {
                forget::after_step(Arc::make_mut(&mut self.world), step);
                self.flight.void(step);
                self.digests.forget(step);
            }
        }
        if self.fold.unheard != before {
            self.ask_about_nodes();
        }
        if let Some(Opened { salt, access, .. }) = self.fold.rotation().cloned() {
            self.salt_with(salt);
            let targets = self.observer.targets_mut();
            targets.access = access;
            targets.operation = operation(&self.fold);
            targets.unanswered = unanswered(&self.fold);
            targets.promoted = promoted(&self.fold);
            if let Some(branch) = &self.fold.release {
                let named = ReleaseRule::Said(branch.clone());
                if targets.release != named {
                    targets.release = named;
                    Arc::make_mut(&mut self.world).code = None;
                }
            }
        }
        Ok(())
    }

    /// Nodes that did not answer are asked about as long as nothing better is known of what ran there.
    fn ask_about_nodes(&self) {
        for stamp in &self.observer.targets().stamps {
            let of_it = self.fold.unheard.keys().filter(|(of, _)| of == stamp);
            self.ports.clusters.ask_about(stamp, of_it.map(|(_, node)| node.clone()).collect());
        }
    }

    /// Fingerprints are compared under one salt: what was seen, or is being looked at, under another is forgotten.
    fn salt_with(&mut self, salt: Salt) {
        let targets = self.observer.targets_mut();
        if targets.salt != salt {
            targets.salt = salt;
            forget::under_another_salt(Arc::make_mut(&mut self.world));
            self.flight.void_all();
        }
    }

    /// Nothing that is seen of one account says anything of another's keys. Accounts have one name in all of Azure, and may
    /// move to another resource group.
    pub(super) fn is_of_ours(&self) -> Result<(), DriveError> {
        let ours = &self.observer.targets().account;
        match open::under_way(&self.fold) {
            Some(opened) if !opened.account.name.eq_ignore_ascii_case(&ours.name) => {
                Err(DriveError::AnotherAccount {
                    open: opened.rotation.to_string(),
                    theirs: opened.account.resource_id(),
                    ours: ours.resource_id(),
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn append(&mut self, event: Event) -> Result<(), DriveError> {
        let now = self.ports.clock.now();
        let appended = self.journal.append(event, now).await;
        if let Err(error) = appended {
            self.journal.refresh().await?;
            self.refold()?;
            return Err(error.into());
        }
        self.patience.rest();
        self.refold()
    }
}

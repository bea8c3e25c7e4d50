//! What audits would tell: who read the secret from a vault, and who had the account's keys listed.
//!
//! Reads by the stamps' drivers are counted by arithmetic, as requests are; everybody else's are noted when they
//! happen. A row can be found some time after its deed. Every read names the version that it got, as Key Vault's does.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::command::Reply;
use super::logs::VISITORS;
use super::refusal::Refusal;
use super::stamp::Stamp;
use super::time::{after, before, elapsed};
use super::world::World;
use crate::model::{Identity, SecretVersion, StampName};

/// Reads of one vault that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub stamp: StampName,
    pub vault: String,
    pub version: SecretVersion,
    pub identity: Identity,
    pub address: String,
    pub agent: String,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// One event of the activity log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    pub at: Timestamp,
    /// The last part of the operation's name, as `listKeys`.
    pub operation: &'static str,
    pub identity: Identity,
    pub address: String,
    pub request_id: String,
    came: Came,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Done,
    Refused,
    /// Taken on as the operation of this number.
    TakenOn(u64),
}

#[derive(Clone, Debug)]
struct Read {
    at: Timestamp,
    stamp: StampName,
    vault: String,
    version: SecretVersion,
    identity: Identity,
    address: String,
    agent: String,
}

/// What cannot be counted afterwards.
#[derive(Clone, Debug, Default)]
pub(super) struct AuditBook {
    reads: Vec<Read>,
    events: Vec<KeyEvent>,
}

/// From a deed until the activity log shows it.
const ACTIVITY_DELAY: Duration = Duration::from_secs(3 * 60);

const DRIVER: &str = "k8s-secrets-store-csi-driver/provider-azure";

type Key = (StampName, String, SecretVersion, Identity, String, String);

/// An application, by one id for everything.
pub(super) fn application(id: &str) -> Identity {
    Identity { name: String::new(), application: id.to_owned(), object: format!("{id}-object") }
}

/// A person.
pub(super) fn person(name: &str) -> Identity {
    Identity { name: name.to_owned(), application: String::new(), object: format!("{name}-object") }
}

impl World {
    /// As whom a stamp's driver signs in to its vault, by the stamp's place.
    pub fn identity(place: usize) -> String {
        format!("5d1f0c1e-0000-4000-8000-{place:012x}")
    }

    /// Somebody reads the secret: what they get, and a trace of it.
    pub(super) fn read_secret(&mut self, place: usize, identity: &Identity, address: &str, agent: &str) {
        let now = self.now;
        let Some(stamp) = self.stamps.get(place) else { return };
        let Some(version) = stamp.vault.read(now).map(|version| version.id.clone()) else { return };
        self.note_read(now, place, version, (identity, address, agent));
    }

    fn note_read(
        &mut self,
        at: Timestamp,
        place: usize,
        version: SecretVersion,
        (identity, address, agent): (&Identity, &str, &str),
    ) {
        let Some(stamp) = self.stamps.get(place) else { return };
        let read = Read {
            at,
            stamp: stamp.name.clone(),
            vault: stamp.vault.name.clone(),
            version,
            identity: identity.clone(),
            address: address.to_owned(),
            agent: agent.to_owned(),
        };
        self.audit.reads.push(read);
    }

    /// A read over the wire, or by a process in memory.
    pub(super) fn visitor_read(
        &mut self,
        stamp: &StampName,
        version: SecretVersion,
        client: &str,
        agent: &str,
    ) {
        if let Some(place) = self.stamps.iter().position(|known| known.name == *stamp) {
            self.note_read(self.now, place, version, (&application(client), VISITORS, agent));
        }
    }

    pub(super) fn listed_keys(&mut self, client: &str, request_id: String) {
        self.visitor_did("listKeys", client, request_id, Came::Done);
    }

    pub(super) fn regeneration_came(
        &mut self,
        came: &Result<Reply, Refusal>,
        client: &str,
        request_id: String,
    ) {
        let came = match came {
            Ok(Reply::Operation(number)) => Came::TakenOn(*number),
            _ => Came::Refused,
        };
        self.visitor_did("regenerateKey", client, request_id, came);
    }

    fn visitor_did(&mut self, operation: &'static str, client: &str, request_id: String, came: Came) {
        let (at, identity, address) = (self.now, application(client), VISITORS.to_owned());
        self.audit.events.push(KeyEvent { at, operation, identity, address, request_id, came });
    }

    /// Who was there before the world began.
    pub(super) fn audit_the_past(&mut self) {
        let config = self.config_arc();
        for outsider in &config.outsiders {
            let Some(reads) = &outsider.reads else { continue };
            let first = self.stamps.get(reads.stamp).and_then(|stamp| stamp.vault.versions().first());
            let Some(version) = first.map(|version| version.id.clone()) else { continue };
            let who = (&application(&reads.identity), outsider.address.as_str(), reads.agent.as_str());
            self.note_read(before(config.start, reads.ago), reads.stamp, version, who);
        }
        let events = config.listers.iter().map(|lister| KeyEvent {
            at: before(config.start, lister.ago),
            operation: "listKeys",
            identity: person(&lister.name),
            address: lister.address.clone(),
            request_id: String::new(),
            came: Came::Done,
        });
        self.audit.events.extend(events);
    }

    /// What can be found now of the reads since then; `None` where no vault is audited.
    pub fn audit_rows(&self, since: Timestamp) -> Option<Vec<AuditRow>> {
        let logs = self.config.logs.as_ref().filter(|logs| logs.audit)?;
        let (since, until) = self.logged(logs, since);
        let mut rows = BTreeMap::new();
        for (place, stamp) in self.stamps.iter().enumerate().filter(|(_, stamp)| stamp.destroyed.is_none()) {
            self.driver_reads(&mut rows, place, stamp, (since, until));
        }
        for read in self.audit.reads.iter().filter(|read| since <= read.at && read.at < until) {
            let Read { at, stamp, vault, version, identity, address, agent } = read.clone();
            note(&mut rows, (stamp, vault, version, identity, address, agent), (1, at, at));
        }
        let row = |(key, (count, first, last)): (Key, (u64, Timestamp, Timestamp))| {
            let (stamp, vault, version, identity, address, agent) = key;
            AuditRow { stamp, vault, version, identity, address, agent, count, first, last }
        };
        Some(rows.into_iter().map(row).collect())
    }

    /// The driver asks at each poll, if it does at all, and whenever a pod mounts the secret.
    fn driver_reads(
        &self,
        rows: &mut BTreeMap<Key, (u64, Timestamp, Timestamp)>,
        place: usize,
        stamp: &Stamp,
        (since, until): (Timestamp, Timestamp),
    ) {
        let csi = &self.config.kubernetes.csi;
        let versions = stamp.vault.versions();
        let key = |version: &SecretVersion| {
            let name = (stamp.name.clone(), stamp.vault.name.clone());
            let who = (application(&World::identity(place)), World::egress(place));
            (name.0, name.1, version.clone(), who.0, who.1, DRIVER.to_owned())
        };
        for (number, version) in versions.iter().enumerate() {
            let end = versions.get(number + 1).map_or(until, |next| next.written.min(until));
            let begin = version.written.max(since);
            let count = elapsed(begin, end).as_millis() / csi.poll.as_millis().max(1);
            if let (true, Ok(count @ 1..)) = (csi.rotation && begin < end, u64::try_from(count)) {
                note(rows, key(&version.id), (count, begin, before(end, Duration::from_millis(1))));
            }
        }
        for process in stamp.cluster.processes().filter(|it| since <= it.since && it.since < until) {
            let got = versions.iter().rev().find(|version| version.written <= process.since);
            if let Some(version) = got {
                note(rows, key(&version.id), (1, process.since, process.since));
            }
        }
    }

    /// What the activity log shows now of who had keys listed or made since then.
    pub fn key_events(&self, since: Timestamp) -> Vec<&KeyEvent> {
        let shown = |event: &&KeyEvent| since <= event.at && after(event.at, ACTIVITY_DELAY) <= self.now;
        self.audit.events.iter().filter(shown).collect()
    }

    /// What the log shows now of how far it has come, oldest first.
    pub fn told_of(&self, event: &KeyEvent) -> Vec<(&'static str, Timestamp)> {
        let mut told = vec![("Started", event.at)];
        match event.came {
            Came::Done => told.push(("Succeeded", event.at)),
            Came::Refused => told.push(("Failed", event.at)),
            Came::TakenOn(number) => {
                told.push(("Accepted", event.at));
                let operation = self.account.operation(number);
                let shown = before(self.now, ACTIVITY_DELAY);
                if let Some((operation, ended)) = operation.and_then(|it| Some((it, it.ended(shown)?))) {
                    told.push((if operation.fails { "Failed" } else { "Succeeded" }, ended));
                }
            }
        }
        told
    }
}

fn note(
    rows: &mut BTreeMap<Key, (u64, Timestamp, Timestamp)>,
    key: Key,
    (count, first, last): (u64, Timestamp, Timestamp),
) {
    let row = rows.entry(key).or_insert((0, first, last));
    *row = (row.0 + count, row.1.min(first), row.2.max(last));
}

//! Since when the Kubernetes Secrets of a stamp are known to hold what its vault holds.
//!
//! An API server dates a writer's whole entry, and the CSI driver writes a Secret's owners into the same entry as its
//! content: every restart makes a ReplicaSet that becomes an owner, and so every restart would make the pods that it has
//! just made look older than the Secret. What was seen of a content is the better bound: it was there at the latest when it
//! was first seen, or when the journal says that it was seen just before a restart. That counts as long as the Secret holds
//! the same, the vault's version is the same, it was not made anew, and no class that fills it was changed since; where it was seen to hold anything
//! else, it is known anew from then on.
//!
//! What it held between two looks, nobody has seen. Where the entry moved and the owners did not, it was the content that was
//! written. Where both moved, it may have been, as long as a pod with older files is there for the driver to write from.
//!
//! Whoever looks only once has seen nothing of a content before, and has what the journal tells alone. A restart notes no Secret
//! that could be written back then; where a pod with older files is there all the same now, what was noted counts for nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{ClusterView, Fingerprint, SecretVersion, StampName, SyncedSecretView, VaultView};

/// What a cluster's clock and ours may differ by, and more.
const CLOCKS: SignedDuration = SignedDuration::from_secs(30);

/// A Secret of a stamp, as `namespace/name`.
type Place = (StampName, String);

/// By our clock, for the vault's version of then.
#[derive(Clone, Debug)]
struct Since {
    version: SecretVersion,
    at: Timestamp,
    /// What the API server said of it when it was last seen.
    entry: Option<Timestamp>,
    owners: Vec<String>,
    /// Whether something may have been written into it since then that nobody saw.
    contested: bool,
}

impl Since {
    /// Whether nothing but its owners was written since it was last seen.
    fn is_unbroken(&self, secret: &SyncedSecretView) -> bool {
        self.entry == secret.changed || (self.owners != secret.owners && !self.contested)
    }
}

/// What this process has seen, and what the journal tells of others.
#[derive(Debug, Default)]
pub struct Held(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What each vault was last seen to hold.
    vaults: BTreeMap<StampName, Current>,
    seen: BTreeMap<Place, Since>,
    /// By the vault's version, the times of restarts before which they held it, less the lag after which the restart was
    /// let go: a pod that is young by the restart is young by this.
    intended: BTreeMap<(Place, SecretVersion), Timestamp>,
    /// Nobody has seen what was in them between what the journal tells and now.
    once: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Current {
    version: SecretVersion,
    fingerprint: Fingerprint,
}

impl Held {
    /// For whoever looks only once.
    pub fn for_one_look(&self) {
        self.known().once = true;
    }

    /// A restart was meant then, and these Secrets were seen to have held what this version holds for the lag at least.
    pub fn intended(
        &self,
        stamp: &StampName,
        version: &SecretVersion,
        secrets: &[String],
        at: Timestamp,
        lag: Duration,
    ) {
        let lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX);
        // A pod that comes by the restart may be dated by a clock that is behind.
        let Ok(before) = at.checked_sub(lag).and_then(|at| at.checked_sub(CLOCKS)) else { return };
        let mut known = self.known();
        for secret in secrets {
            let place = (stamp.clone(), secret.clone());
            let at = known.intended.entry((place, version.clone())).or_insert(before);
            *at = before.min(*at);
        }
    }

    /// Dates what the Secrets hold by what is known of it. From a glance, which brings no vault along, nothing is learned: it
    /// repeats what a look before it has seen.
    pub(super) fn date(
        &self,
        stamp: &StampName,
        vault: Option<&VaultView>,
        now: Timestamp,
        view: &mut ClusterView,
    ) {
        if view.synced.is_empty() {
            return;
        }
        let mut known = self.known();
        let brought = vault.map(Current::of);
        let Some(current) = brought.clone().or_else(|| known.vaults.get(stamp).cloned()) else { return };
        let mut synced = std::mem::take(&mut view.synced);
        for secret in &mut synced {
            let place = (stamp.clone(), format!("{}/{}", secret.namespace, secret.name));
            if brought.is_some() {
                known.learn(&place, &current, now, secret);
            }
            let written_back = vault.is_some_and(|vault| view.writing_back(secret, vault).next().is_some());
            if known.once && written_back {
                known.intended.retain(|(of, _), _| *of != place);
            }
            known.date(&place, &current, secret);
            if let (Some(vault), Some(since)) = (vault, known.seen.get_mut(&place)) {
                since.contested = view.is_contested(secret, vault, now);
            }
        }
        view.synced = synced;
        known.vaults.insert(stamp.clone(), current);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn of(vault: &VaultView) -> Current {
        Current { version: vault.version.clone(), fingerprint: vault.fingerprint.clone() }
    }
}

impl Known {
    fn learn(&mut self, place: &Place, current: &Current, now: Timestamp, secret: &SyncedSecretView) {
        if secret.fingerprint != current.fingerprint {
            self.seen.remove(place);
            self.intended.retain(|(of, _), _| of != place);
            return;
        }
        let known = self.seen.get(place).filter(|since| since.version == current.version);
        if known.is_some_and(|since| !since.is_unbroken(secret)) {
            self.intended.retain(|(of, _), _| of != place);
        }
        let stands = |since: &&Since| since.is_unbroken(secret) && is_settled(secret, since.at);
        let at = known.filter(stands).map_or(now, |since| since.at);
        let (version, owners) = (current.version.clone(), secret.owners.clone());
        let since = Since { version, at, entry: secret.changed, owners, contested: true };
        self.seen.insert(place.clone(), since);
    }

    fn date(&self, place: &Place, current: &Current, secret: &mut SyncedSecretView) {
        let Some(changed) = secret.changed else { return };
        if secret.fingerprint != current.fingerprint {
            return;
        }
        let seen = self.seen.get(place).filter(|since| since.version == current.version);
        let seen = seen.filter(|since| is_settled(secret, since.at));
        let seen = seen.and_then(|since| since.at.checked_add(CLOCKS).ok());
        let intended = self.intended.get(&(place.clone(), current.version.clone())).copied();
        let intended = intended.filter(|at| is_settled(secret, *at));
        secret.changed = seen.into_iter().chain(intended).chain([changed]).min();
    }
}

/// Whether it was there at that time, and no class that fills it has said anything else since.
fn is_settled(secret: &SyncedSecretView, at: Timestamp) -> bool {
    secret.said_since.is_some_and(|since| since < at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Holding, PodAsks, PodView, Salt};

    const LAG: Duration = Duration::from_secs(300);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn of(value: &str) -> Fingerprint {
        Fingerprint::of(value.as_bytes(), &Salt::new("5a17"))
    }

    fn vault(version: &str) -> VaultView {
        let (version, fingerprint) = (version.into(), of("new"));
        VaultView { version, created: at(0), fingerprint, expires: None, valid_from: None }
    }

    /// What the Secret is dated by, where its entry says 2000.
    fn dated(
        held: &Held,
        version: Option<&str>,
        now: i64,
        holds: &str,
        said_since: Option<i64>,
    ) -> Option<i64> {
        let secret = secret(holds, 2000, &["r-1"], said_since);
        date(held, version, now, secret, Vec::new())
    }

    fn secret(holds: &str, entry: i64, owners: &[&str], said_since: Option<i64>) -> SyncedSecretView {
        SyncedSecretView {
            namespace: "workload".to_owned(),
            name: "cosmos".to_owned(),
            fingerprint: of(holds),
            changed: Some(at(entry)),
            owners: owners.iter().map(|owner| (*owner).to_owned()).collect(),
            said_since: said_since.map(at),
            unread: false,
        }
    }

    fn date(
        held: &Held,
        version: Option<&str>,
        now: i64,
        secret: SyncedSecretView,
        pods: Vec<PodView>,
    ) -> Option<i64> {
        let mut view = ClusterView { synced: vec![secret], pods, ..ClusterView::default() };
        held.date(&StampName::new("east"), version.map(vault).as_ref(), at(now), &mut view);
        view.synced[0].changed.map(|changed| changed.as_second() - at(0).as_second())
    }

    /// A pod that runs, and whose files hold this version.
    fn mounting(version: &str) -> PodView {
        PodView {
            name: "old".to_owned(),
            uid: "u".to_owned(),
            namespace: "workload".to_owned(),
            created: at(0),
            deleting: None,
            node: None,
            workload: None,
            above: None,
            phase: "Running".to_owned(),
            ready: true,
            ready_since: None,
            unready_since: None,
            holding: Holding::Specified { mounts: true, reads: vec!["cosmos".to_owned()] },
            besides: None,
            mounted: Some(version.into()),
            mounted_besides: Vec::new(),
            fills: Vec::new(),
            elsewhere: Vec::new(),
            asks: PodAsks::default(),
            trouble: None,
        }
    }

    #[test]
    fn a_content_that_was_written_between_two_looks_is_known_anew() {
        let look = |held: &Held, now, entry, owners: &[&str], pods: &[&str]| {
            let pods = pods.iter().map(|version| mounting(version)).collect();
            date(held, Some("v2"), now, secret("new", entry, owners, Some(1)), pods)
        };
        let held = Held::default();
        assert_eq!(look(&held, 1000, 900, &["r-1"], &[]), Some(900));
        assert_eq!(look(&held, 3000, 2500, &["r-1"], &[]), Some(2500), "no owner came: it was the content");
        assert_eq!(look(&held, 4000, 3500, &["r-1", "r-2"], &[]), Some(3030), "nobody could write another");

        let held = Held::default();
        assert_eq!(look(&held, 1000, 900, &["r-1"], &["v1"]), Some(900));
        assert_eq!(look(&held, 3000, 2500, &["r-1", "r-2"], &["v1"]), Some(2500), "the old one may");

        let held = Held::default();
        assert_eq!(look(&held, 1000, 900, &["r-1"], &["v1"]), Some(900));
        assert_eq!(
            look(&held, 1600, 900, &["r-1"], &["v1"]),
            Some(900),
            "two rounds, and nothing was written"
        );
        assert_eq!(look(&held, 3000, 2500, &["r-1", "r-2"], &["v1"]), Some(1030), "this driver does not");
    }

    #[test]
    fn whoever_looks_once_believes_no_note_where_a_pod_may_write_the_content_back() {
        for (once, version, dated) in
            [(true, "v2", 1170), (true, "v1", 2000), (false, "v2", 1170), (false, "v1", 1170)]
        {
            let held = Held::default();
            if once {
                held.for_one_look();
            }
            let names = ["workload/cosmos".to_owned()];
            held.intended(&StampName::new("east"), &"v2".into(), &names, at(1500), LAG);
            let pods = vec![mounting(version)];
            let secret = secret("new", 2000, &["r-1"], Some(1));
            assert_eq!(date(&held, Some("v2"), 2010, secret, pods), Some(dated), "{once} {version}");
        }
    }

    #[test]
    fn what_was_meant_before_a_content_was_written_tells_nothing_of_it() {
        let held = Held::default();
        let names = ["workload/cosmos".to_owned()];
        held.intended(&StampName::new("east"), &"v2".into(), &names, at(1500), LAG);
        let look = |now, entry| date(&held, Some("v2"), now, secret("new", entry, &[], Some(1)), Vec::new());
        assert_eq!(look(2000, 1900), Some(1500 - 330));
        assert_eq!(look(3000, 2500), Some(2500));
    }

    #[test]
    fn a_content_was_there_when_it_was_first_seen_and_nothing_else_was_since() {
        let held = Held::default();
        assert_eq!(dated(&held, None, 900, "new", Some(1)), Some(2000), "nothing is known");
        assert_eq!(dated(&held, Some("v2"), 1000, "new", Some(1)), Some(1030));
        assert_eq!(dated(&held, Some("v2"), 3000, "new", Some(1)), Some(1030), "its owners changed");
        assert_eq!(dated(&held, None, 3100, "new", Some(1)), Some(1030), "a glance");
        assert_eq!(dated(&held, Some("v2"), 3200, "new", None), Some(2000), "a class that nobody dates");
        let held = Held::default();
        assert_eq!(dated(&held, Some("v2"), 1000, "new", Some(1)), Some(1030));
        assert_eq!(dated(&held, Some("v2"), 1500, "new", Some(1400)), Some(1530), "its class was changed");
        assert_eq!(dated(&held, Some("v3"), 1600, "new", Some(1400)), Some(1630), "the vault was written");
        assert_eq!(dated(&held, Some("v3"), 1700, "old", Some(1400)), Some(2000));
        assert_eq!(
            dated(&held, Some("v3"), 1800, "new", Some(1400)),
            Some(1830),
            "it held another in between"
        );
        assert_eq!(dated(&held, Some("v3"), 5000, "new", Some(1400)), Some(1830));
    }

    #[test]
    fn another_process_knows_what_was_seen_before_a_restart() {
        let names = ["workload/cosmos".to_owned()];
        let meant = |held: &Held, second: i64| {
            held.intended(&StampName::new("east"), &"v2".into(), &names, at(second), LAG);
        };
        let held = Held::default();
        meant(&held, 1990);
        meant(&held, 1800);
        meant(&held, 1900);
        assert_eq!(dated(&held, Some("v2"), 5000, "new", Some(1)), Some(1800 - 330));
        assert_eq!(dated(&held, Some("v3"), 5000, "new", Some(1)), Some(2000), "of another version");
        assert_eq!(dated(&held, Some("v2"), 5000, "new", Some(1700)), Some(2000), "its class was changed");
        assert_eq!(dated(&held, Some("v2"), 5100, "old", Some(1)), Some(2000));
        assert_eq!(dated(&held, Some("v2"), 5200, "new", Some(1)), Some(2000), "it held another since");
    }
}

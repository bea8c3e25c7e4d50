//! Proving a key: in every region one signed read, and one signed write that writes nothing.
//!
//! The write is the deletion of a document with a fresh random id: 404 means that the key may write, 401 that it
//! may not. Regions that take no writes answer 403/3 to it, whatever the key. There the right to write cannot be
//! shown on the spot; it is a property of the key, not of the region, and what the region itself must prove is
//! that it knows the key. So for such a region `write` is what the writing regions said, provided that the
//! region's own read was accepted: accepted where they accept, otherwise no evidence (it has refused nothing).
//!
//! A read-only key is proven by its reads alone: whatever a write was answered would say nothing of the key.

use std::collections::BTreeMap;

use azure_core::Uuid;
use futures::future::join_all;
use http::StatusCode;
use serde::Deserialize;

use super::data_plane::{Ask, Asked, DataPlane};
use super::verdict::{Probe, describe, takes_no_writes, verdict};
use crate::model::{Access, KeyMaterial, ProofVerdict, Region, RegionProof};

/// A container that probes read and would write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeTarget {
    pub database: String,
    pub container: String,
}

impl ProbeTarget {
    fn link(&self) -> String {
        format!("dbs/{}/colls/{}", self.database, self.container)
    }
}

#[derive(Deserialize)]
struct Databases {
    #[serde(rename = "Databases")]
    all: Vec<Named>,
}

#[derive(Deserialize)]
struct Containers {
    #[serde(rename = "DocumentCollections")]
    all: Vec<Container>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Container {
    id: String,
    #[serde(rename = "partitionKey")]
    partition_key: Option<PartitionKey>,
}

#[derive(Deserialize, Default)]
struct PartitionKey {
    #[serde(default)]
    paths: Vec<String>,
}

/// So many databases are searched for a container; an account whose first ones are all empty names one.
const DATABASES_SEARCHED: usize = 8;

/// Why there is no container to probe, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoTarget {
    /// Nothing answered.
    Unseen(String),
    /// There is none.
    None(String),
}

impl NoTarget {
    fn verdict(&self) -> ProofVerdict {
        match self {
            NoTarget::Unseen(why) => ProofVerdict::NoEvidence(format!("nothing to write to: {why}")),
            NoTarget::None(why) => ProofVerdict::NothingToTry(format!("nothing to write to: {why}")),
        }
    }
}

/// What had nothing to be tried on will have it with another container.
pub(super) fn look_again(region: &mut RegionProof) {
    for verdict in std::iter::once(&mut region.read).chain(&mut region.write) {
        if let ProofVerdict::NothingToTry(why) = verdict {
            *verdict = ProofVerdict::NoEvidence(std::mem::take(why));
        }
    }
}

/// Finds a container to probe, asking the regions in turn, those that write first.
///
/// # Errors
/// Nothing answered, or there is no container.
pub(super) async fn discover(
    plane: &DataPlane,
    regions: &[Region],
    key: &KeyMaterial,
) -> Result<ProbeTarget, NoTarget> {
    let mut ordered: Vec<&Region> = regions.iter().collect();
    ordered.sort_by_key(|region| !region.writable);
    let mut last = "the account names no region".to_owned();
    for region in ordered {
        match discover_at(plane, region, key).await {
            Ok(Some(target)) => return Ok(target),
            Ok(None) => {
                let why = "the account has no container that could be probed".to_owned();
                return Err(NoTarget::None(why));
            }
            Err(why) => last = why,
        }
    }
    Err(NoTarget::Unseen(last))
}

async fn discover_at(
    plane: &DataPlane,
    region: &Region,
    key: &KeyMaterial,
) -> Result<Option<ProbeTarget>, String> {
    let databases: Databases = listed(plane, region, key, &Ask::list("dbs", "")).await?;
    for database in databases.all.into_iter().take(DATABASES_SEARCHED) {
        let link = format!("dbs/{}", database.id);
        let containers: Containers = listed(plane, region, key, &Ask::list("colls", &link)).await?;
        if let Some(container) = containers.all.into_iter().next() {
            return Ok(Some(ProbeTarget { database: database.id, container: container.id }));
        }
    }
    Ok(None)
}

async fn listed<T: for<'de> Deserialize<'de>>(
    plane: &DataPlane,
    region: &Region,
    key: &KeyMaterial,
    ask: &Ask,
) -> Result<T, String> {
    let Asked { answer, .. } =
        plane.ask(&region.endpoint, key, ask).await.map_err(|fault| fault.to_string())?;
    if answer.status != StatusCode::OK {
        return Err(describe(&answer));
    }
    serde_json::from_slice(&answer.body).map_err(|_| "the list is not understood".to_owned())
}

/// One region's own part of the proof.
struct Local {
    read: ProofVerdict,
    /// Absent where the region takes no writes.
    write: Option<ProofVerdict>,
}

/// Proves the key in every region, all at once.
pub(super) async fn prove(
    plane: &DataPlane,
    regions: &[Region],
    key: &KeyMaterial,
    access: Access,
    target: &Result<ProbeTarget, NoTarget>,
) -> BTreeMap<String, RegionProof> {
    let writes = access == Access::ReadWrite;
    let locals = join_all(regions.iter().map(|region| async {
        let local = match target {
            Ok(target) => prove_at(plane, region, key, target, writes).await,
            Err(none) => prove_without_container(plane, region, key, none).await,
        };
        (region.name.clone(), local)
    }))
    .await;
    if !writes {
        let read = |(name, local): (String, Local)| (name, RegionProof { read: local.read, write: None });
        return locals.into_iter().map(read).collect();
    }
    let elsewhere = writers_verdict(&locals);
    locals.into_iter().map(|(name, local)| (name, local.complete(&elsewhere))).collect()
}

async fn prove_at(
    plane: &DataPlane,
    region: &Region,
    key: &KeyMaterial,
    target: &ProbeTarget,
    writes: bool,
) -> Local {
    let asked = match plane.ask(&region.endpoint, key, &Ask::get("colls", &target.link())).await {
        Ok(asked) => asked,
        Err(fault) => return Local::blind(fault.to_string(), region.writable),
    };
    let read = verdict(Probe::Read, &asked.answer, &asked.payload);
    if !region.writable || !writes {
        return Local { read, write: None };
    }
    if read != ProofVerdict::Accepted {
        let write = ProofVerdict::NoEvidence("not asked: the read was not accepted".to_owned());
        return Local { read, write: Some(write) };
    }
    let container: Option<Container> = serde_json::from_slice(&asked.answer.body).ok();
    let paths = container.and_then(|it| it.partition_key).unwrap_or_default().paths.len();
    let write = match plane.ask(&region.endpoint, key, &impossible_deletion(target, paths)).await {
        Ok(asked) if takes_no_writes(&asked.answer) => None,
        Ok(asked) => Some(verdict(Probe::Write, &asked.answer, &asked.payload)),
        Err(fault) => Some(ProofVerdict::NoEvidence(fault.to_string())),
    };
    Local { read, write }
}

/// Without a container the list of databases still shows that the key reads.
async fn prove_without_container(
    plane: &DataPlane,
    region: &Region,
    key: &KeyMaterial,
    none: &NoTarget,
) -> Local {
    let read = match plane.ask(&region.endpoint, key, &Ask::list("dbs", "")).await {
        Ok(asked) => verdict(Probe::Read, &asked.answer, &asked.payload),
        Err(fault) => ProofVerdict::NoEvidence(fault.to_string()),
    };
    Local { read, write: Some(none.verdict()) }
}

/// The deletion of a document that does not exist: its id is random, and `If-Match` names an etag that no
/// document can have, so that even a document with that id would stay.
fn impossible_deletion(target: &ProbeTarget, partition_key_paths: usize) -> Ask {
    let mut ask = Ask::get("docs", &format!("{}/docs/keyslot-probe-{}", target.link(), Uuid::new_v4()))
        .header("if-match", "\"keyslot-no-such-etag\"");
    ask.verb = reqwest::Method::DELETE;
    if partition_key_paths > 0 {
        let values = vec!["keyslot-probe"; partition_key_paths];
        ask = ask.header("x-ms-documentdb-partitionkey", &serde_json::json!(values).to_string());
    }
    ask
}

impl Local {
    fn blind(why: String, writable: bool) -> Local {
        let nothing = ProofVerdict::NoEvidence(why);
        Local { read: nothing.clone(), write: writable.then_some(nothing) }
    }

    fn complete(self, elsewhere: &ProofVerdict) -> RegionProof {
        let write = match self.write {
            Some(write) => write,
            None if self.read == ProofVerdict::Accepted => borrowed(elsewhere),
            None => ProofVerdict::NoEvidence("takes no writes, and the read was not accepted".to_owned()),
        };
        RegionProof { read: self.read, write: Some(write) }
    }
}

/// What a region that only reads takes over: acceptance. A refusal is for those to report who refused.
fn borrowed(elsewhere: &ProofVerdict) -> ProofVerdict {
    match elsewhere {
        ProofVerdict::Accepted => ProofVerdict::Accepted,
        ProofVerdict::Refused => {
            ProofVerdict::NoEvidence("takes no writes, and the regions that do refused the key".to_owned())
        }
        ProofVerdict::NoEvidence(why) | ProofVerdict::NothingToTry(why) | ProofVerdict::KeptOut(why) => {
            ProofVerdict::NoEvidence(format!("takes no writes; elsewhere: {why}"))
        }
    }
}

/// What the writing regions say together: accepted only if all accept.
fn writers_verdict(locals: &[(String, Local)]) -> ProofVerdict {
    let mut writers = locals.iter().filter_map(|(_, local)| local.write.as_ref()).peekable();
    if writers.peek().is_none() {
        return ProofVerdict::NoEvidence("no region takes writes at the moment".to_owned());
    }
    writers.find(|verdict| **verdict != ProofVerdict::Accepted).cloned().unwrap_or(ProofVerdict::Accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(read: ProofVerdict, write: Option<ProofVerdict>) -> (String, Local) {
        ("r".to_owned(), Local { read, write })
    }

    #[test]
    fn a_region_that_only_reads_borrows_the_right_to_write_from_those_that_write() {
        use ProofVerdict::{Accepted, Refused};

        let all = [local(Accepted, Some(Accepted)), local(Accepted, None)];
        assert_eq!(writers_verdict(&all), Accepted);
        let one_refuses = [local(Accepted, Some(Accepted)), local(Accepted, Some(Refused))];
        assert_eq!(writers_verdict(&one_refuses), Refused);
        let none = [local(Accepted, None)];
        assert!(matches!(writers_verdict(&none), ProofVerdict::NoEvidence(_)));

        let lent = Local { read: Accepted, write: None }.complete(&Accepted);
        assert_eq!(lent.write, Some(Accepted));
        let not_blamed = Local { read: Accepted, write: None }.complete(&Refused);
        assert!(matches!(not_blamed.write, Some(ProofVerdict::NoEvidence(_))), "it has refused nothing");
        let unread = Local { read: Refused, write: None }.complete(&Accepted);
        assert!(matches!(unread.write, Some(ProofVerdict::NoEvidence(_))));
    }
}

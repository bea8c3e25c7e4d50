//! The journal and its store; who else is at work on it, and what we are called in its lease.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use super::credential::tokens;
use super::{Variables, clock, https, process_variables};
use crate::adapters::credential::Tokens;
use crate::adapters::http::Http;
use crate::cli::settings::Chosen;
use crate::cli::{CliError, ErrorKind};
use crate::drive::LeaseTerms;
use crate::journal::{Journal, Lease, Record, Remote, StorageTokens, StorePlace, current_lease, open_store};
use crate::ports::Fault;
use crate::render::span;
use crate::rotation::Event;

/// Another process at work on the same local journal: who, and until when its lease is.
pub(super) async fn at_work(
    chosen: &Chosen<'_>,
    other: &str,
    variables: Variables<'_>,
) -> Result<CliError, CliError> {
    let journal = journal(chosen, &https(chosen)?, variables).await?;
    let lease = current_lease(journal.records());
    let until = who_holds(lease.as_ref(), clock(chosen).now());
    Ok(CliError::new(ErrorKind::Waiting, "another keyslot is at work on this rotation")
        .at(other)
        .because(until)
        .hint("wait for it to end, or end it; whatever it leaves half done is taken up again"))
}

/// The lock tells that it is alive; the lease, until when nobody else may act.
fn who_holds(lease: Option<&Lease>, now: jiff::Timestamp) -> String {
    let Some(Lease { holder, until, .. }) = lease else {
        return "it waits, and holds no lease now".to_owned();
    };
    let time = span::rfc3339(*until);
    match *until > now {
        true => format!("{holder} holds the lease until {time}"),
        false => format!("it is alive and holds the lock; the lease of {holder} lapsed at {time}"),
    }
}

pub(super) async fn journal(
    chosen: &Chosen<'_>,
    http: &Http,
    variables: Variables<'_>,
) -> Result<Journal<Event>, CliError> {
    let place = chosen.journal()?;
    let store = open_store(&place, remote(chosen, &place, http, variables)?.as_ref())?;
    Journal::open(store).await.map_err(CliError::from)
}

/// What the environment's journal holds, for whoever only looks: without a lock, a lease or a record of its own. A store without
/// records is an empty one.
///
/// # Errors
/// A store that does not answer or may not be read; records that this version does not know.
pub(in crate::cli) async fn records(
    chosen: &Chosen<'_>,
    variables: Variables<'_>,
) -> Result<Vec<Record<Event>>, CliError> {
    Ok(journal(chosen, &https(chosen)?, variables).await?.records().to_vec())
}

fn remote(
    chosen: &Chosen<'_>,
    place: &StorePlace,
    http: &Http,
    variables: Variables<'_>,
) -> Result<Option<Remote>, CliError> {
    if !place.is_shared() {
        return Ok(None);
    }
    let environment: BTreeMap<String, String> = std::env::vars()
        .filter(|(name, _)| variables(name).is_some())
        .filter(|(name, _)| ["AZURE_", "AWS_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    let azure = match place.is_azure() {
        true => Some(Arc::new(StorageIdentity(tokens(chosen, http, variables)?)) as Arc<dyn StorageTokens>),
        false => None,
    };
    Ok(Some(Remote { client: http.reqwest().clone(), environment, azure }))
}

/// The Azure identity of all adapters, before the journal's store.
#[derive(Debug)]
struct StorageIdentity(Tokens);

#[async_trait]
impl StorageTokens for StorageIdentity {
    async fn token(&self) -> Result<SecretString, Fault> {
        self.0.token("https://storage.azure.com/.default").await
    }
}

/// A term that is long against a round of observation in wall time too.
pub(super) fn lease_terms(chosen: &Chosen<'_>) -> LeaseTerms {
    let usual = LeaseTerms::default();
    let Some(clock) = &chosen.endpoints.clock else { return usual };
    let floor = |wall_seconds: f64| std::time::Duration::from_secs_f64(wall_seconds * clock.speed.max(1.0));
    LeaseTerms { term: usual.term.max(floor(10.0)), margin: usual.margin.max(floor(0.5)) }
}

/// One process, one name: a lease left by a process that died is somebody else's.
pub(super) fn holder() -> String {
    let user = process_variables("USER").unwrap_or_else(|| "somebody".to_owned());
    let host = process_variables("HOSTNAME").unwrap_or_else(|| "this machine".to_owned());
    let moment = jiff::Timestamp::now().as_millisecond();
    format!("{user} on {host} ({}-{:x})", std::process::id(), moment & 0xff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_has_lapsed_is_not_told_as_one_that_holds() {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        let term = std::time::Duration::from_secs(600);
        let lease = Lease { holder: "ada".to_owned(), until: at(1_000), seq: crate::journal::Seq(1), term };
        assert!(who_holds(Some(&lease), at(999)).contains("holds the lease until"));
        let lapsed = who_holds(Some(&lease), at(1_000));
        assert!(lapsed.contains("holds the lock") && lapsed.contains("lapsed at"), "{lapsed}");
        assert!(who_holds(None, at(1_000)).contains("no lease"));
    }
}

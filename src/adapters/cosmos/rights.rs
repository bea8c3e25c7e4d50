//! What we may do with the account: Azure's own list of permissions, and the locks that outrank them.
//!
//! Effective is, entry by entry, what `actions` allow and `notActions` do not; entries add up. The list knows no deny
//! assignments, locks or conditions, so an action that it allows may still be refused; a lock is asked for besides.

use serde::Deserialize;
use url::Url;

use super::management::Management;
use crate::adapters::arm::ArmFailure;
use crate::adapters::http::Backoff;
use crate::model::{Right, RightView, matches_any_case};
use crate::ports::Fault;

const PERMISSIONS: &str = "2022-04-01";
const LOCKS: &str = "2020-05-01";

/// What is done with the account, with a role that may.
const NEEDED: [(&str, &str); 3] = [
    ("Microsoft.DocumentDB/databaseAccounts/read", "Cosmos DB Account Reader Role"),
    (
        "Microsoft.DocumentDB/databaseAccounts/listKeys/action",
        "Cosmos DB Operator with listKeys, or DocumentDB Account Contributor",
    ),
    ("Microsoft.DocumentDB/databaseAccounts/regenerateKey/action", "DocumentDB Account Contributor"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    #[serde(default = "Vec::new")]
    value: Vec<T>,
    next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    not_actions: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    name: String,
    properties: LockProperties,
}

#[derive(Deserialize)]
struct LockProperties {
    #[serde(default)]
    level: String,
}

impl Management {
    pub(super) async fn rights(&self) -> Vec<RightView> {
        let permissions = self.all::<Permission>("permissions", PERMISSIONS, "ask for rights").await;
        let mut rights: Vec<RightView> = NEEDED
            .iter()
            .map(|(action, role)| RightView {
                what: format!("{action} on {}", self.account.name),
                right: match &permissions {
                    Ok(permissions) if permissions.iter().any(|it| it.allows(action)) => Right::Allowed,
                    Ok(_) => Right::Denied,
                    Err(fault) => Right::Unknown(fault.why.clone()),
                },
                remedy: format!("assign the role “{role}” on the account"),
            })
            .collect();
        rights.push(self.unlocked().await);
        rights
    }

    /// A ReadOnly lock refuses every POST, listing keys among them; who has the role does not matter.
    async fn unlocked(&self) -> RightView {
        let locks = self.all::<Lock>("locks", LOCKS, "ask for locks").await;
        let (right, named) = match locks {
            Ok(locks) => {
                match locks.into_iter().find(|lock| lock.properties.level.eq_ignore_ascii_case("ReadOnly")) {
                    Some(lock) => (Right::Denied, lock.name),
                    None => (Right::Allowed, String::new()),
                }
            }
            Err(fault) => (Right::Unknown(fault.why), String::new()),
        };
        RightView {
            what: format!("change {} (no ReadOnly lock on it or above)", self.account.name),
            right,
            remedy: format!("ask the owner of the lock {named} to lift it for the rotation"),
        }
    }

    async fn all<T: for<'de> Deserialize<'de>>(
        &self,
        kind: &str,
        version: &str,
        what: &str,
    ) -> Result<Vec<T>, Fault> {
        let base = self.endpoint.as_str().trim_end_matches('/');
        let id = self.account.resource_id();
        let mut next =
            Some(format!("{base}{id}/providers/Microsoft.Authorization/{kind}?api-version={version}"));
        let mut all = Vec::new();
        while let Some(address) = next {
            let page: Page<T> = self.page(&address, what).await?;
            all.extend(page.value);
            next = page.next_link.filter(|next| next.starts_with(base));
        }
        Ok(all)
    }

    async fn page<T: for<'de> Deserialize<'de>>(&self, address: &str, what: &str) -> Result<T, Fault> {
        let name = self.account.name.as_str();
        let failed = |why: String| ArmFailure::Sdk(why).fault(what, name);
        let url: Url =
            address.parse().map_err(|error| failed(format!("{address} is no address: {error}")))?;
        let once = || async {
            let request = reqwest::Request::new(reqwest::Method::GET, url.clone());
            let sent = self.access.send(request, None).await;
            sent.map_err(|failure: ArmFailure| failure.read_error(what, name))
        };
        let answer = Backoff::default().read(self.access.clock.as_ref(), once).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            failed(format!("the answer is not understood (line {}, column {})", error.line(), error.column()))
        })
    }
}

impl Permission {
    fn allows(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches_any_case(pattern, action));
        any(&self.actions) && !any(&self.not_actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_away_again_is_not_allowed() {
        let permission = |actions: &[&str], not: &[&str]| Permission {
            actions: actions.iter().map(|text| (*text).to_owned()).collect(),
            not_actions: not.iter().map(|text| (*text).to_owned()).collect(),
        };
        let action = NEEDED[2].0;
        for (actions, not, allowed) in [
            (&["*"][..], &[][..], true),
            (&["microsoft.documentdb/*"], &[], true),
            (&["*/read"], &[], false),
            (&["*"], &["Microsoft.DocumentDB/databaseAccounts/regenerateKey/*"], false),
            (&["*"], &["Microsoft.Authorization/*/Write"], true),
            (&[], &[], false),
        ] {
            assert_eq!(permission(actions, not).allows(action), allowed, "{actions:?} {not:?}");
        }
    }
}

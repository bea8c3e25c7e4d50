//! What we may do with the account: Azure's own list of permissions, and the locks that outrank them.
//!
//! Effective is, entry by entry, what `actions` allow and `notActions` do not; entries add up. The list knows no deny
//! assignments, locks or conditions, so an action that it allows may still be refused; a lock is asked for besides.
//! For how long a right is there, its [`term`](super::term) says.

use serde::Deserialize;
use url::Url;

use super::management::Management;
use super::term::covers;
use crate::adapters::arm_pages::Asking;
use crate::model::{AccountRights, Blindness, Right, RightView, matches_any_case};
use crate::ports::Fault;

const PERMISSIONS: &str = "2022-04-01";
const LOCKS: &str = "2020-05-01";

/// What is done with the account, with a role that may.
const NEEDED: [(&str, &str); 3] = [
    ("Microsoft.DocumentDB/databaseAccounts/read", "Cosmos DB Account Reader Role"),
    ("Microsoft.DocumentDB/databaseAccounts/listKeys/action", "DocumentDB Account Contributor"),
    ("Microsoft.DocumentDB/databaseAccounts/regenerateKey/action", "DocumentDB Account Contributor"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Permission {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    not_actions: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    /// `SCOPE/providers/Microsoft.Authorization/locks/NAME`
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    properties: LockProperties,
}

#[derive(Deserialize)]
struct LockProperties {
    #[serde(default)]
    level: String,
}

impl Lock {
    /// Whether it is on this or on what this lies in; nothing where it does not say what it is on.
    fn covers(&self, id: &str) -> Option<bool> {
        let own = self.id.to_ascii_lowercase();
        let (scope, _) = own.split_once("/providers/microsoft.authorization/locks/")?;
        Some(covers(scope, id))
    }
}

/// Without it nothing is regenerated.
pub(super) const REGENERATE: &str = NEEDED[2].0;

/// What has to be allowed for as long as a rotation goes on: who regenerates lists the new key, too.
pub(super) fn needed() -> impl Iterator<Item = &'static str> {
    NEEDED.iter().map(|(action, _)| *action)
}

const MAY_ASK: &str = "assign a role with Microsoft.Authorization/*/read, or accept it by name";

impl Management {
    pub(super) async fn rights(&self) -> Result<AccountRights, Fault> {
        let permissions =
            told(self.all::<Permission>("permissions", &version(PERMISSIONS), "ask for rights").await)?;
        let right = |action: &str, role: &str| match &permissions {
            Ok(permissions) if permissions.iter().any(|it| it.allows(action)) => {
                (Right::Allowed, String::new())
            }
            Ok(_) => (Right::Denied, format!("assign the role “{role}” on the account")),
            Err(why) => (Right::Unknown(why.clone()), MAY_ASK.to_owned()),
        };
        let needed = NEEDED.iter().map(|(action, role)| {
            let (right, remedy) = right(action, role);
            RightView { what: format!("{action} on {}", self.account.name), right, remedy }
        });
        let mut rights: Vec<RightView> = needed.collect();
        rights.push(self.unlocked().await?);
        Ok(AccountRights { rights, term: self.term().await })
    }

    /// A ReadOnly lock refuses every POST, listing keys among them; who has the role does not matter. Azure does not list
    /// those above beside the account's own. Where they may not be seen, listing the keys shows that there is none now.
    async fn unlocked(&self) -> Result<RightView, Fault> {
        let id = self.account.resource_id();
        let subscription = format!("/subscriptions/{}", self.account.subscription);
        let group = format!("{subscription}/resourceGroups/{}", self.account.resource_group);
        let (own, group, subscription) =
            tokio::join!(self.locks(&id), self.locks(&group), self.locks(&subscription));
        let above = [told(group)?, told(subscription)?];
        let all_seen = above.iter().all(Result::is_ok);
        let (right, remedy) = match told(own)? {
            Ok(own) => {
                let above = above
                    .into_iter()
                    .flatten()
                    .flatten()
                    .filter(|lock| lock.covers(&id).is_some_and(|is| is));
                // A list has what lies below, too: a lock on one database of it refuses nothing of the account's own.
                let own = own.into_iter().filter(|lock| lock.covers(&id).is_none_or(|is| is));
                let mut locks = own.chain(above);
                match locks.find(|lock| lock.properties.level.eq_ignore_ascii_case("ReadOnly")) {
                    Some(Lock { name, .. }) => {
                        let remedy =
                            format!("ask the owner of the lock “{name}” to lift it for the rotation");
                        (Right::Denied, remedy)
                    }
                    None => (Right::Allowed, String::new()),
                }
            }
            Err(why) => (Right::Unknown(why), MAY_ASK.to_owned()),
        };
        let where_to = if all_seen { "on it or above" } else { "on it; those above may not be seen" };
        let what = format!("change {} (no ReadOnly lock {where_to})", self.account.name);
        Ok(RightView { what, right, remedy })
    }

    async fn locks(&self, scope: &str) -> Result<Vec<Lock>, Fault> {
        let what = "ask for locks";
        let path = format!("{scope}/providers/Microsoft.Authorization/locks?{}", version(LOCKS));
        self.asking(what).all(self.address(&path, what)?).await
    }

    /// Everything of one kind that Azure's authorization tells of the account; `query` without its question mark.
    pub(super) async fn all<T: for<'de> Deserialize<'de>>(
        &self,
        kind: &str,
        query: &str,
        what: &str,
    ) -> Result<Vec<T>, Fault> {
        let id = self.account.resource_id();
        let path = format!("{id}/providers/Microsoft.Authorization/{kind}?{query}");
        self.asking(what).all(self.address(&path, what)?).await
    }

    pub(super) fn asking<'a>(&'a self, what: &'a str) -> Asking<'a> {
        Asking { access: &self.access, what, subject: &self.account.name }
    }

    pub(super) fn address(&self, path: &str, what: &str) -> Result<Url, Fault> {
        let address = self.endpoint.join(path);
        address.map_err(|error| self.asking(what).unclear(format!("{path} is no address: {error}")))
    }
}

fn version(of: &str) -> String {
    format!("api-version={of}")
}

/// A service that does not answer may do so later; one that refuses to tell leaves the right unknown.
fn told<T>(asked: Result<T, Fault>) -> Result<Result<T, String>, Fault> {
    match asked {
        Ok(answer) => Ok(Ok(answer)),
        Err(fault) => match fault.kind {
            Blindness::Unreachable | Blindness::Throttled => Err(fault),
            Blindness::Forbidden
            | Blindness::Missing
            | Blindness::Gone
            | Blindness::Misconfigured
            | Blindness::Disabled
            | Blindness::Unintelligible
            | Blindness::Changed => Ok(Err(fault.why)),
        },
    }
}

impl Permission {
    pub(super) fn allows(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches_any_case(pattern, action));
        any(&self.actions) && !any(&self.not_actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_covers_what_lies_in_it_and_not_what_it_lies_in() {
        let account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/a";
        let lock = |scope: &str| {
            let id = format!("{scope}/providers/Microsoft.Authorization/locks/l");
            Lock { id, name: "l".to_owned(), properties: LockProperties { level: "ReadOnly".to_owned() } }
        };
        for (scope, is) in [
            (account.to_owned(), true),
            (account.to_uppercase(), true),
            ("/subscriptions/s/resourceGroups/g".to_owned(), true),
            (format!("{account}/sqlDatabases/prod"), false),
            (format!("{account}2"), false),
        ] {
            assert_eq!(lock(&scope).covers(account), Some(is), "{scope}");
        }
        assert_eq!(Lock { id: String::new(), ..lock("") }.covers(account), None);
    }

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

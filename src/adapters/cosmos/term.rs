//! For how long we may regenerate and list the new key: the assignments that Privileged Identity Management keeps note of, and their ends.
//!
//! An assignment without an end is one that lasts. What cannot be told is said and holds nothing: the list wants a
//! licence that not every tenant has, and names groups' assignments only where it likes to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;

use super::management::Management;
use super::rights::{Permission, REGENERATE, needed};
use crate::model::Term;
use crate::ports::Fault;

/// Of the schedule instances: learn.microsoft.com/rest/api/authorization/role-assignment-schedule-instances.
const INSTANCES: &str = "$filter=asTarget()&api-version=2020-10-01";
const DEFINITION: &str = "2022-04-01";
const WHAT: &str = "ask until when roles are assigned";

#[derive(Deserialize)]
struct Instance {
    properties: Assignment,
}

#[derive(Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    #[serde(default)]
    role_definition_id: String,
    #[serde(default)]
    scope: String,
    start_date_time: Option<Timestamp>,
    end_date_time: Option<Timestamp>,
}

/// What an assignment gives of what is needed, and until when.
struct Given {
    actions: BTreeSet<&'static str>,
    end: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Definition {
    properties: Permissions,
}

#[derive(Deserialize)]
struct Permissions {
    #[serde(default)]
    permissions: Vec<Permission>,
}

impl Management {
    pub(super) async fn term(&self) -> Term {
        match self.assignments().await {
            Ok(given) if !given.iter().any(|one| one.actions.contains(REGENERATE)) => {
                Term::Untold("Azure names no assignment that gives the right".to_owned())
            }
            Ok(given) => term_of(&given),
            Err(fault) => Term::Untold(fault.why),
        }
    }

    /// Those that give one of the rights now.
    async fn assignments(&self) -> Result<Vec<Given>, Fault> {
        let instances = self.all::<Instance>("roleAssignmentScheduleInstances", INSTANCES, WHAT).await?;
        let now = self.access.clock.now();
        let id = self.account.resource_id();
        let mut gives: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        let mut found = Vec::new();
        for Instance { properties: it } in instances {
            if !covers(&it.scope, &id) || it.start_date_time.is_some_and(|start| start > now) {
                continue;
            }
            let role = it.role_definition_id.to_lowercase();
            let actions = match gives.get(&role) {
                Some(known) => known.clone(),
                None => {
                    let allows = self.gives(&it.role_definition_id).await?;
                    gives.insert(role, allows.clone());
                    allows
                }
            };
            found.push(Given { actions, end: it.end_date_time });
        }
        Ok(found)
    }

    /// What of the needed a role allows.
    async fn gives(&self, role: &str) -> Result<BTreeSet<&'static str>, Fault> {
        let path = format!("/{}?api-version={DEFINITION}", role.trim_start_matches('/'));
        let definition: Definition = self.asking(WHAT).one(&self.address(&path, WHAT)?).await?;
        let allows = |action: &&str| definition.properties.permissions.iter().any(|it| it.allows(action));
        Ok(needed().filter(allows).collect())
    }
}

/// Until the first of the rights ends; each ends with the last assignment that gives it. One that none of them gives comes
/// from elsewhere.
fn term_of(given: &[Given]) -> Term {
    let end_of = |action: &str| {
        let giving = given.iter().filter(|one| one.actions.contains(action));
        let ends: Option<Vec<Timestamp>> = giving.map(|one| one.end).collect();
        ends.and_then(|ends| ends.into_iter().max())
    };
    needed().filter_map(end_of).min().map_or(Term::Lasting, Term::Until)
}

/// Whether a scope is the resource's own or one above it.
pub(super) fn covers(scope: &str, id: &str) -> bool {
    let (scope, id) = (scope.trim_end_matches('/').to_lowercase(), id.to_lowercase());
    id.strip_prefix(&scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(end: Option<&str>) -> Given {
        giving(&needed().collect::<Vec<_>>(), end)
    }

    fn giving(actions: &[&'static str], end: Option<&str>) -> Given {
        Given { actions: actions.iter().copied().collect(), end: end.map(|end| end.parse().unwrap()) }
    }

    #[test]
    fn the_last_end_counts_and_one_that_does_not_end_lasts() {
        let (noon, night) = (Some("2026-11-27T12:00:00Z"), Some("2026-11-27T22:00:00Z"));
        assert_eq!(term_of(&[until(night), until(noon)]), Term::Until(night.unwrap().parse().unwrap()));
        assert_eq!(term_of(&[until(noon), until(None)]), Term::Lasting);
    }

    #[test]
    fn a_right_to_list_that_ends_first_ends_the_whole() {
        let noon = "2026-11-27T12:00:00Z";
        let list: Vec<&str> = needed().filter(|action| action.contains("listKeys")).collect();
        let given = [giving(&[REGENERATE], None), giving(&list, Some(noon))];
        assert_eq!(term_of(&given), Term::Until(noon.parse().unwrap()));
        assert_eq!(term_of(&[giving(&[REGENERATE], None)]), Term::Lasting, "listing comes from elsewhere");
    }

    #[test]
    fn only_assignments_at_the_account_or_above_it_count() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/cosmos";
        for scope in ["", "/", "/subscriptions/S", "/subscriptions/s/resourcegroups/g/", id] {
            assert!(covers(scope, id), "{scope}");
        }
        for scope in
            ["/subscriptions/s/resourceGroups/gg", "/subscriptions/t", &format!("{id}/sqlDatabases/d")]
        {
            assert!(!covers(scope, id), "{scope}");
        }
    }
}

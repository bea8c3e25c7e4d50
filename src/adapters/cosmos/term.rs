//! For how long we may regenerate: the assignments that Privileged Identity Management keeps note of, and their ends.
//!
//! An assignment without an end is one that lasts. What cannot be told is said and holds nothing: the list wants a
//! licence that not every tenant has, and names groups' assignments only where it likes to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::management::Management;
use super::rights::{Permission, REGENERATE};
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
            Ok(assignments) if assignments.is_empty() => {
                Term::Untold("Azure names no assignment that gives the right".to_owned())
            }
            Ok(assignments) => last_end(&assignments),
            Err(fault) => Term::Untold(fault.why),
        }
    }

    /// Those that give the right now.
    async fn assignments(&self) -> Result<Vec<Assignment>, Fault> {
        let instances = self.all::<Instance>("roleAssignmentScheduleInstances", INSTANCES, WHAT).await?;
        let now = self.access.clock.now();
        let id = self.account.resource_id();
        let mut gives: BTreeMap<String, bool> = BTreeMap::new();
        let mut found = Vec::new();
        for Instance { properties: it } in instances {
            if !covers(&it.scope, &id) || it.start_date_time.is_some_and(|start| start > now) {
                continue;
            }
            let role = it.role_definition_id.to_lowercase();
            let known = match gives.get(&role) {
                Some(known) => *known,
                None => {
                    let allows = self.gives(&it.role_definition_id).await?;
                    gives.insert(role, allows);
                    allows
                }
            };
            if known {
                found.push(it);
            }
        }
        Ok(found)
    }

    /// Whether a role allows regenerating.
    async fn gives(&self, role: &str) -> Result<bool, Fault> {
        let path = format!("/{}?api-version={DEFINITION}", role.trim_start_matches('/'));
        let definition: Definition = self.asking(WHAT).one(&self.address(&path, WHAT)?).await?;
        Ok(definition.properties.permissions.iter().any(|it| it.allows(REGENERATE)))
    }
}

fn last_end(assignments: &[Assignment]) -> Term {
    let ends: Option<Vec<Timestamp>> = assignments.iter().map(|it| it.end_date_time).collect();
    match ends.and_then(|ends| ends.into_iter().max()) {
        Some(end) => Term::Until(end),
        None => Term::Lasting,
    }
}

/// Whether a scope is the resource's own or one above it.
fn covers(scope: &str, id: &str) -> bool {
    let (scope, id) = (scope.trim_end_matches('/').to_lowercase(), id.to_lowercase());
    id.strip_prefix(&scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(end: Option<&str>) -> Assignment {
        Assignment {
            role_definition_id: "role".to_owned(),
            scope: "/".to_owned(),
            start_date_time: None,
            end_date_time: end.map(|end| end.parse().unwrap()),
        }
    }

    #[test]
    fn the_last_end_counts_and_one_that_does_not_end_lasts() {
        let (noon, night) = (Some("2026-11-27T12:00:00Z"), Some("2026-11-27T22:00:00Z"));
        assert_eq!(last_end(&[until(night), until(noon)]), Term::Until(night.unwrap().parse().unwrap()));
        assert_eq!(last_end(&[until(noon), until(None)]), Term::Lasting);
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

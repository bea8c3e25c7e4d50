//! Who may approve what a run waits for.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Approval {
    id: String,
    #[serde(default)]
    steps: Vec<Step>,
    min_required_approvers: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    assigned_approver: Option<Person>,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    display_name: Option<String>,
    unique_name: Option<String>,
}

impl Approval {
    /// Those who are asked and have not answered yet. Where several must approve, that is said too.
    pub(super) fn who(&self) -> Vec<String> {
        let open =
            |step: &&Step| !matches!(step.status.as_deref(), Some("approved" | "rejected" | "skipped"));
        let people = self.steps.iter().filter(open).filter_map(|step| step.assigned_approver.as_ref());
        let mut who: Vec<String> = people.filter_map(Person::name).collect();
        if let Some(wanted) = self.min_required_approvers.filter(|wanted| *wanted > 1) {
            who.push(format!("{wanted} of them"));
        }
        who
    }
}

impl Person {
    fn name(&self) -> Option<String> {
        let filled = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        filled(&self.display_name).or_else(|| filled(&self.unique_name))
    }
}

pub(super) fn by_id(approvals: Vec<Approval>) -> BTreeMap<String, Approval> {
    approvals.into_iter().map(|approval| (approval.id.clone(), approval)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn those_who_have_not_answered_are_named() {
        let step = |name: &str, status: &str| json!({ "assignedApprover": { "displayName": name }, "status": status });
        let approval: Approval = serde_json::from_value(json!({
            "id": "a", "status": "pending", "minRequiredApprovers": 2,
            "steps": [step("Ada", "approved"), step("Ben", "pending"), { "assignedApprover": { "displayName": "", "uniqueName": "c@x" } }],
        }))
        .unwrap();
        assert_eq!(approval.who(), ["Ben", "c@x", "2 of them"]);
    }
}

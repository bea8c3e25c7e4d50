//! The stages of a run, from its build's timeline.
//!
//! A timeline is a flat list of records with parents. A stage that is held has a record of type `Checkpoint` under
//! it, and under that one record for each check, `Checkpoint.Approval` among them; these types are not in the
//! published description and were seen in public clients. A retried stage has several attempts: the newest counts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::model::{RunResult, RunState, StageEffect, StageView};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    id: Option<String>,
    parent_id: Option<String>,
    #[serde(rename = "type", default)]
    kind: String,
    name: Option<String>,
    identifier: Option<String>,
    state: Option<String>,
    result: Option<String>,
    order: Option<i64>,
    attempt: Option<i64>,
}

#[derive(Deserialize)]
struct Timeline {
    records: Option<Vec<Record>>,
}

/// The stages in their order, each with what it is declared to do.
pub(super) fn stages(
    timeline: Value,
    effects: &BTreeMap<String, Vec<StageEffect>>,
) -> Result<Vec<StageView>, String> {
    let timeline: Option<Timeline> =
        serde_json::from_value(timeline).map_err(|error| format!("the timeline cannot be read: {error}"))?;
    let records = timeline.and_then(|timeline| timeline.records).unwrap_or_default();
    let mut newest: BTreeMap<&str, &Record> = BTreeMap::new();
    for record in records.iter().filter(|record| record.kind == "Stage") {
        let kept = newest.entry(record.stage_name()).or_insert(record);
        if record.attempt > kept.attempt {
            *kept = record;
        }
    }
    let mut found: Vec<&Record> = newest.into_values().collect();
    found.sort_by_key(|record| (record.order, record.identifier.clone()));
    let view = |stage: &&Record| StageView {
        name: stage.stage_name().to_owned(),
        state: stage.stage_state(&records),
        effects: effects.get(stage.stage_name()).cloned().unwrap_or_default(),
    };
    Ok(found.iter().map(view).collect())
}

impl Record {
    /// The name in the YAML, which is also how a stage is skipped; older servers give only the shown name.
    fn stage_name(&self) -> &str {
        self.identifier
            .as_deref()
            .filter(|name| !name.is_empty())
            .or(self.name.as_deref())
            .unwrap_or_default()
    }

    fn stage_state(&self, records: &[Record]) -> RunState {
        match self.state.as_deref() {
            Some("completed") => RunState::Completed(match self.result.as_deref() {
                Some("succeeded") => RunResult::Succeeded,
                // A step failed and was allowed to: whether it was the one that counts, nobody says.
                Some("succeededWithIssues") => RunResult::PartiallySucceeded,
                Some("canceled") => RunResult::Canceled,
                Some("skipped") => RunResult::Skipped,
                _ => RunResult::Failed,
            }),
            _ if self.is_held(records) => RunState::WaitsForApproval,
            Some("inProgress") => RunState::Running,
            _ => RunState::Queued,
        }
    }

    /// Whether an approval or another check under this stage is open.
    fn is_held(&self, records: &[Record]) -> bool {
        let under =
            |parent: &Record, child: &&Record| child.parent_id.is_some() && child.parent_id == parent.id;
        let checkpoints = records.iter().filter(|record| record.kind == "Checkpoint" && under(self, record));
        checkpoints.flat_map(|checkpoint| records.iter().filter(move |record| under(checkpoint, record))).any(
            |check| check.kind.starts_with("Checkpoint.") && check.state.as_deref() == Some("inProgress"),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stage(id: &str, order: i64, attempt: i64, state: &str, result: Option<&str>) -> Value {
        json!({ "id": format!("{id}{attempt}"), "type": "Stage", "name": format!("Stage {id}"), "identifier": id,
            "order": order, "attempt": attempt, "state": state, "result": result, "parentId": null })
    }

    #[test]
    fn stages_come_in_order_with_effects_and_the_newest_attempt() {
        let records = json!({ "records": [
            stage("traffic", 3, 1, "completed", Some("skipped")),
            stage("infra", 1, 1, "completed", Some("failed")),
            stage("infra", 1, 2, "completed", Some("succeeded")),
            stage("deploy", 2, 1, "inProgress", None),
            { "id": "j", "type": "Job", "name": "work", "parentId": "deploy1", "state": "inProgress" },
        ]});
        let effects = BTreeMap::from([("infra".to_owned(), vec![StageEffect::WritesVaults])]);
        let seen: Vec<(String, RunState, usize)> = stages(records, &effects)
            .unwrap()
            .into_iter()
            .map(|stage| (stage.name, stage.state, stage.effects.len()))
            .collect();
        let expected = [
            ("infra".to_owned(), RunState::Completed(RunResult::Succeeded), 1),
            ("deploy".to_owned(), RunState::Running, 0),
            ("traffic".to_owned(), RunState::Completed(RunResult::Skipped), 0),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_stage_with_an_open_check_waits_and_one_with_a_settled_check_does_not() {
        for (state, expected) in [("inProgress", RunState::WaitsForApproval), ("completed", RunState::Queued)]
        {
            let records = json!({ "records": [
                stage("infra", 1, 1, "pending", None),
                { "id": "c", "type": "Checkpoint", "parentId": "infra1", "state": "inProgress" },
                { "id": "a", "type": "Checkpoint.Approval", "parentId": "c", "state": state },
            ]});
            assert_eq!(stages(records, &BTreeMap::new()).unwrap()[0].state, expected);
        }
    }

    #[test]
    fn no_timeline_yet_is_no_stages() {
        assert_eq!(stages(Value::Null, &BTreeMap::new()).unwrap(), []);
        assert_eq!(stages(json!({ "records": null }), &BTreeMap::new()).unwrap(), []);
    }
}

//! The stages of a run, from its build's timeline.
//!
//! A timeline is a flat list of records with parents. A stage that is held has a record of type `Checkpoint` under
//! it, and under that one record for each check, `Checkpoint.Approval` among them; these types are not in the
//! published description and were seen in public clients. A retried stage has several attempts: the newest counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::approvals::Approval;
use crate::model::{HoldKind, RunResult, RunState, StageEffect, StageHold, StageView};

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
    attempt: Option<u32>,
    start_time: Option<Timestamp>,
    finish_time: Option<Timestamp>,
    log: Option<Log>,
    issues: Option<Vec<Issue>>,
}

#[derive(Deserialize)]
struct Log {
    id: u64,
}

#[derive(Deserialize)]
struct Issue {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize, Default)]
struct Records {
    records: Option<Vec<Record>>,
}

/// A timeline that was read.
#[derive(Default)]
pub(super) struct Timeline(Vec<Record>);

/// Where to read what a failed stage said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) step: String,
    pub(super) log: Option<u64>,
    /// What the service itself noted of the failure.
    pub(super) noted: Vec<String>,
}

impl Timeline {
    pub(super) fn parse(timeline: Value) -> Result<Timeline, String> {
        let read: Option<Records> = serde_json::from_value(timeline)
            .map_err(|error| format!("the timeline cannot be read: {error}"))?;
        Ok(Timeline(read.unwrap_or_default().records.unwrap_or_default()))
    }

    /// The stages in their order, each with what it is declared to do. `url` is the run's.
    pub(super) fn stages(
        &self,
        effects: &BTreeMap<String, Vec<StageEffect>>,
        approvals: &BTreeMap<String, Approval>,
        url: &str,
    ) -> Vec<StageView> {
        let view = |stage: &Record| StageView {
            state: stage.stage_state(self),
            attempt: stage.attempt.unwrap_or(1),
            started: stage.start_time,
            finished: stage.finish_time,
            holds: self.checks(stage).map(|check| check.hold(approvals, url)).collect(),
            ..StageView::new(stage.stage_name(), RunState::Queued, effects.get(stage.stage_name()).cloned())
        };
        self.newest().into_iter().map(view).collect()
    }

    /// The newest attempt of each stage.
    fn newest(&self) -> Vec<&Record> {
        let mut newest: BTreeMap<&str, &Record> = BTreeMap::new();
        for record in self.0.iter().filter(|record| record.kind == "Stage") {
            let kept = newest.entry(record.stage_name()).or_insert(record);
            if record.attempt > kept.attempt {
                *kept = record;
            }
        }
        let mut found: Vec<&Record> = newest.into_values().collect();
        found.sort_by_key(|record| (record.order, record.identifier.clone()));
        found
    }

    /// The ids under which the open approvals can be asked for.
    pub(super) fn open_approvals(&self) -> Vec<String> {
        let stages = self.newest();
        let checks = stages.iter().flat_map(|stage| self.checks(stage));
        checks
            .filter(|check| check.hold_kind() == HoldKind::Approval)
            .filter_map(|check| check.id.clone())
            .collect()
    }

    /// The step that failed in a stage: the last of its records that did, for what failed before it may have been let
    /// pass.
    pub(super) fn failed(&self, stage: &str) -> Option<Failed> {
        let stage = self.newest().into_iter().find(|record| record.stage_name() == stage)?;
        let mut inside = self.below(stage);
        inside.retain(|record| record.result.as_deref() == Some("failed"));
        let record = inside.iter().rfind(|record| record.kind == "Task").or(inside.last()).unwrap_or(&stage);
        let issues = record.issues.iter().flatten().chain(stage.issues.iter().flatten());
        let errors = issues.filter(|issue| issue.kind.as_deref() == Some("error"));
        Some(Failed {
            step: record.name.clone().unwrap_or_default(),
            log: record.log.as_ref().map(|log| log.id),
            noted: errors.filter_map(|issue| issue.message.clone()).collect(),
        })
    }

    fn children<'a>(&'a self, parent: &'a Record) -> impl Iterator<Item = &'a Record> {
        self.0.iter().filter(|child| child.parent_id.is_some() && child.parent_id == parent.id)
    }

    /// Everything under a record, in the order of what ran. A timeline that is no tree ends too.
    fn below<'a>(&'a self, top: &'a Record) -> Vec<&'a Record> {
        let mut found: Vec<&Record> = Vec::new();
        let mut open: Vec<&Record> = vec![top];
        while let Some(record) = open.pop() {
            let room = self.0.len() > found.len();
            let children: Vec<&Record> = self.children(record).filter(|_| room).collect();
            found.extend(&children);
            open.extend(children);
        }
        found.sort_by_key(|record| (record.finish_time, record.order));
        found
    }

    /// The checks under a stage that are open.
    fn checks<'a>(&'a self, stage: &'a Record) -> impl Iterator<Item = &'a Record> {
        let checkpoints = self.children(stage).filter(|record| record.kind == "Checkpoint");
        checkpoints.flat_map(|checkpoint| self.children(checkpoint)).filter(|check| {
            check.kind.starts_with("Checkpoint.") && check.state.as_deref() == Some("inProgress")
        })
    }
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

    fn stage_state(&self, timeline: &Timeline) -> RunState {
        match self.state.as_deref() {
            Some("completed") => RunState::Completed(match self.result.as_deref() {
                Some("succeeded") => RunResult::Succeeded,
                // A step failed and was allowed to: whether it was the one that counts, nobody says.
                Some("succeededWithIssues") => RunResult::PartiallySucceeded,
                Some("canceled") => RunResult::Canceled,
                Some("skipped") => RunResult::Skipped,
                _ => RunResult::Failed,
            }),
            _ if timeline.checks(self).next().is_some() => RunState::WaitsForApproval,
            Some("inProgress") => RunState::Running,
            _ => RunState::Queued,
        }
    }

    fn hold_kind(&self) -> HoldKind {
        match self.kind.as_str() {
            "Checkpoint.Approval" => HoldKind::Approval,
            "Checkpoint.ExclusiveLock" => HoldKind::Lock,
            "Checkpoint.Delay" => HoldKind::Timer,
            _ => HoldKind::Check,
        }
    }

    fn hold(&self, approvals: &BTreeMap<String, Approval>, url: &str) -> StageHold {
        let approval = self.id.as_ref().and_then(|id| approvals.get(id));
        let kind = self.kind.trim_start_matches("Checkpoint.");
        let name = self.name.as_deref().filter(|name| !name.is_empty() && *name != self.kind);
        StageHold {
            kind: self.hold_kind(),
            name: name.unwrap_or(kind).to_owned(),
            who: approval.map(Approval::who).unwrap_or_default(),
            url: url.to_owned(),
        }
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

    fn read(timeline: Value) -> Vec<StageView> {
        let effects = BTreeMap::from([("infra".to_owned(), vec![StageEffect::WritesVaults])]);
        Timeline::parse(timeline).unwrap().stages(&effects, &BTreeMap::new(), "https://run")
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
        let seen: Vec<(String, RunState, u32, bool)> = read(records)
            .into_iter()
            .map(|stage| (stage.name, stage.state, stage.attempt, stage.effects.is_some()))
            .collect();
        let expected = [
            ("infra".to_owned(), RunState::Completed(RunResult::Succeeded), 2, true),
            ("deploy".to_owned(), RunState::Running, 1, false),
            ("traffic".to_owned(), RunState::Completed(RunResult::Skipped), 1, false),
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
            assert_eq!(read(records)[0].state, expected);
        }
    }

    #[test]
    fn what_holds_a_stage_is_named_by_its_kind() {
        let check = |id: &str, kind: &str, name: &str| json!({ "id": id, "type": kind, "name": name, "parentId": "c", "state": "inProgress" });
        let records = json!({ "records": [
            stage("infra", 1, 1, "pending", None),
            { "id": "c", "type": "Checkpoint", "parentId": "infra1", "state": "inProgress" },
            check("a", "Checkpoint.Approval", "Checkpoint.Approval"),
            check("l", "Checkpoint.ExclusiveLock", ""),
            check("b", "Checkpoint.TaskCheck", "Branch control"),
        ]});
        let timeline = Timeline::parse(records.clone()).unwrap();
        assert_eq!(timeline.open_approvals(), ["a"]);
        let holds: Vec<(HoldKind, String)> =
            read(records)[0].holds.iter().map(|hold| (hold.kind, hold.name.clone())).collect();
        let named = |kind, name: &str| (kind, name.to_owned());
        let expected = [
            named(HoldKind::Approval, "Approval"),
            named(HoldKind::Lock, "ExclusiveLock"),
            named(HoldKind::Check, "Branch control"),
        ];
        assert_eq!(holds, expected);
    }

    #[test]
    fn the_step_that_failed_is_the_last_task_that_did_and_only_of_the_newest_attempt() {
        let under = |id: &str, kind: &str, parent: &str, result: &str, order: i64, log: Value| {
            json!({ "id": id, "type": kind, "name": format!("step {id}"), "parentId": parent, "state": "completed",
                "result": result, "order": order, "log": log })
        };
        let mut apply = under("t2", "Task", "j", "failed", 2, json!({ "id": 9 }));
        apply["issues"] =
            json!([{ "type": "error", "message": "exit 1" }, { "type": "warning", "message": "w" }]);
        let records = json!({ "records": [
            stage("infra", 1, 1, "completed", Some("failed")),
            stage("infra", 1, 2, "completed", Some("failed")),
            under("p", "Phase", "infra2", "failed", 1, Value::Null),
            under("j", "Job", "p", "failed", 1, json!({ "id": 3 })),
            under("t1", "Task", "j", "succeeded", 1, json!({ "id": 8 })),
            apply,
            under("old", "Task", "infra1", "failed", 7, json!({ "id": 1 })),
        ]});
        let failed = Timeline::parse(records).unwrap().failed("infra").unwrap();
        let expected = Failed { step: "step t2".to_owned(), log: Some(9), noted: vec!["exit 1".to_owned()] };
        assert_eq!(failed, expected);
    }

    #[test]
    fn no_timeline_yet_is_no_stages() {
        assert_eq!(read(Value::Null), []);
        assert_eq!(read(json!({ "records": null })), []);
    }
}

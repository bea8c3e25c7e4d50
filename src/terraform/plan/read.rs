//! From the text of a plan to [`Plan`].
//!
//! The parser borrows: `before` and `after` stay pieces of the caller's text until their names are taken, and what is
//! not needed (variables, state, planned values, configuration) is skipped without being built.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::difference::{Sides, differences, string_member};
use super::{KEY_VAULT_SECRET, OutputChange, Plan, PlanError, ResourceChange};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const ZIP: &[u8] = b"PK\x03\x04";

/// What tells a plan from other JSON, read before anything else of it has to fit.
#[derive(Deserialize)]
struct Marks<'t> {
    #[serde(borrow)]
    format_version: Option<&'t RawValue>,
    planned_values: Option<IgnoredAny>,
    resource_changes: Option<IgnoredAny>,
    values: Option<IgnoredAny>,
    serial: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct PlanText<'t> {
    terraform_version: Option<String>,
    #[serde(borrow, default)]
    resource_changes: Vec<ChangeText<'t>>,
    #[serde(borrow, default)]
    resource_drift: Vec<ChangeText<'t>>,
    #[serde(borrow, default)]
    deferred_changes: Vec<DeferredText<'t>>,
    #[serde(borrow, default)]
    output_changes: BTreeMap<String, Change<'t>>,
    #[serde(default)]
    action_invocations: Vec<InvocationText>,
    #[serde(default)]
    deferred_action_invocations: Vec<DeferredInvocationText>,
    errored: Option<bool>,
    complete: Option<bool>,
    applyable: Option<bool>,
}

#[derive(Deserialize)]
struct ChangeText<'t> {
    address: String,
    previous_address: Option<String>,
    #[serde(default)]
    mode: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(borrow)]
    index: Option<&'t RawValue>,
    deposed: Option<String>,
    #[serde(borrow)]
    change: Change<'t>,
}

#[derive(Deserialize)]
struct Change<'t> {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(borrow)]
    before: Option<&'t RawValue>,
    #[serde(borrow)]
    after: Option<&'t RawValue>,
    #[serde(borrow)]
    after_unknown: Option<&'t RawValue>,
    #[serde(borrow)]
    before_sensitive: Option<&'t RawValue>,
    #[serde(borrow)]
    after_sensitive: Option<&'t RawValue>,
    importing: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct DeferredText<'t> {
    #[serde(default)]
    reason: String,
    #[serde(borrow)]
    resource_change: ChangeText<'t>,
}

#[derive(Deserialize)]
struct InvocationText {
    address: String,
}

#[derive(Deserialize)]
struct DeferredInvocationText {
    action_invocation: InvocationText,
}

/// Reads what `terraform show -json PLANFILE` printed.
///
/// # Errors
/// A text that is no plan of format 1.
pub fn read_plan(text: &[u8]) -> Result<Plan, PlanError> {
    let text = readable(text)?;
    judge_format(text)?;
    let plan: PlanText<'_> = serde_json::from_str(text).map_err(|error| misplaced(&error))?;
    let mut invocations: Vec<String> =
        plan.action_invocations.into_iter().map(|invocation| invocation.address).collect();
    invocations.extend(
        plan.deferred_action_invocations.into_iter().map(|deferred| deferred.action_invocation.address),
    );
    let changes = plan.resource_changes.iter().map(resource_change);
    let (changes, kept): (Vec<_>, Vec<_>) = changes.partition(does_something);
    let is_secret = |change: &ResourceChange| change.kind == KEY_VAULT_SECRET && !change.data;
    Ok(Plan {
        terraform_version: plan.terraform_version,
        changes,
        kept: kept.into_iter().filter(is_secret).collect(),
        outputs: plan
            .output_changes
            .into_iter()
            .filter(|(_, change)| change.actions != ["no-op"])
            .map(|(name, change)| output_change(name, change))
            .collect(),
        drift: plan.resource_drift.iter().map(resource_change).collect(),
        deferred: plan
            .deferred_changes
            .iter()
            .map(|deferred| (resource_change(&deferred.resource_change), deferred.reason.clone()))
            .collect(),
        invocations,
        errored: plan.errored,
        complete: plan.complete,
        applyable: plan.applyable,
    })
}

fn readable(text: &[u8]) -> Result<&str, PlanError> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    match text {
        _ if text.trim_ascii().is_empty() => Err(PlanError::Empty),
        _ if text.starts_with(ZIP) => Err(PlanError::SavedPlan),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'{', 0, ..] | [0, b'{', ..] => Err(PlanError::Utf16),
        _ => std::str::from_utf8(text).map_err(|_| PlanError::NotUtf8),
    }
}

fn judge_format(text: &str) -> Result<(), PlanError> {
    if text.trim_start().starts_with("{\"@level\"") {
        return Err(PlanError::MessageStream);
    }
    let marks: Marks<'_> = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => PlanError::Other,
        _ => PlanError::NotJson { line: error.line(), column: error.column() },
    })?;
    let is_plan = marks.planned_values.is_some() || marks.resource_changes.is_some();
    match marks.format_version {
        _ if !is_plan && (marks.values.is_some() || marks.serial.is_some()) => Err(PlanError::State),
        None if is_plan => Err(PlanError::Version(None)),
        None => Err(PlanError::Other),
        Some(version) => judge_version(version, is_plan),
    }
}

fn judge_version(version: &RawValue, is_plan: bool) -> Result<(), PlanError> {
    let text: String = serde_json::from_str(version.get()).map_err(|_| PlanError::Version(None))?;
    let numbers = text
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    match numbers {
        None => Err(PlanError::Version(None)),
        Some((1, _)) if is_plan => Ok(()),
        // `terraform show -json` of no state at all prints a version and nothing else.
        Some((1, _)) => Err(PlanError::State),
        Some((major, minor)) => Err(PlanError::Version(Some(format!("{major}.{minor}")))),
    }
}

fn misplaced(error: &serde_json::Error) -> PlanError {
    PlanError::Shape { line: error.line(), column: error.column() }
}

fn resource_change(text: &ChangeText<'_>) -> ResourceChange {
    let change = &text.change;
    let whole = change.before.is_none() || change.after.is_none() || change.actions == ["no-op"];
    let secret = (text.kind == KEY_VAULT_SECRET)
        .then(|| [change.after, change.before].into_iter().flatten().find_map(|it| string_member(it, "name")))
        .flatten();
    ResourceChange {
        address: text.address.clone(),
        kind: text.kind.clone(),
        name: text.name.clone(),
        index: text.index.map(index),
        data: text.mode == "data",
        actions: change.actions.clone(),
        moved_from: text.previous_address.clone(),
        imported: change.importing.is_some(),
        deposed: text.deposed.is_some(),
        attributes: if whole { Vec::new() } else { differences(&sides(change)) },
        secret,
    }
}

fn sides<'t>(change: &Change<'t>) -> Sides<'t> {
    Sides {
        before: change.before,
        after: change.after,
        unknown: change.after_unknown,
        sensitive: [change.before_sensitive, change.after_sensitive],
    }
}

/// A key as it is, a number as it is written.
fn index(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// Whether applying touches the object or what the state says of it.
fn does_something(change: &ResourceChange) -> bool {
    change.actions != ["no-op"] || change.moved_from.is_some() || change.imported
}

fn output_change(name: String, change: Change<'_>) -> OutputChange {
    let is_true = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get() == "true");
    let sensitive = is_true(change.before_sensitive) && is_true(change.after_sensitive);
    OutputChange { name, actions: change.actions, sensitive }
}

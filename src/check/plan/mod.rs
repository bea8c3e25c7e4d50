//! Whether a plan does what a rotation wants and nothing else: the value of the secrets that carry the key changes, in
//! place, and everything else stays.
//!
//! A plan that leaves the secrets as they are is no such plan: it comes of the wrong branch, or of a write-only value
//! whose version was not raised. Secrets that somebody named must all change; those that the code tells are of all its
//! roots, and a plan is of one: of them those must change that the plan knows, and at least one.
//!
//! A judgement of names. Values are not here to be looked at (see [`mod@crate::terraform::plan`]).

mod expect;
#[cfg(test)]
mod tests;

pub use expect::{Expectation, Secret};

use crate::terraform::plan::{Attribute, KEY_VAULT_SECRET, Plan, ResourceChange};

/// Attributes that carry the value: `value_wo` is sent whenever its version changes and never stored.
const VALUE: &[&str] = &["value", "value_wo", "value_wo_version"];
/// Attributes that follow when a secret gets a new version.
const FOLLOWING: &[&str] = &["id", "resource_id", "resource_versionless_id", "version", "versionless_id"];

/// What a plan comes down to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Secrets whose new value is what the rotation is about.
    pub expected: Vec<Touched>,
    /// Secrets whose value changes while nobody said which are meant to.
    pub to_confirm: Vec<Touched>,
    pub unexpected: Vec<Unexpected>,
    /// What keeps the plan from being taken at its word.
    pub problems: Vec<Problem>,
    /// Secrets that were expected to change and do not.
    pub untouched: Vec<Secret>,
    /// Those of them that had to: a plan of their root changes them, if it does what it is for.
    pub missed: Vec<Secret>,
    /// Whether the code was read and names no secret that carries a key, and nobody named one: then every change is
    /// unexpected, and a plan that changes nothing shows nothing.
    pub nothing_expected: bool,
    /// Information: data sources that are read while applying.
    pub read: Vec<Touched>,
    /// Information: what changed outside of Terraform.
    pub drift: Vec<Touched>,
    /// Information: sensitive outputs that get another value, as an output of a key does.
    pub sensitive_outputs: Vec<String>,
}

/// One object and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub address: String,
    pub actions: Vec<String>,
    pub attributes: Vec<Attribute>,
    /// The address that the state knows it by, where that is another.
    pub moved_from: Option<String>,
    /// Whether it would be taken into the state.
    pub imported: bool,
}

impl Touched {
    fn plain(address: String, actions: Vec<String>) -> Touched {
        Touched { address, actions, attributes: Vec::new(), moved_from: None, imported: false }
    }
}

/// A change that no rotation makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpected {
    pub touched: Touched,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Something else than a secret.
    OtherResource,
    /// A secret, and not one that was expected.
    OtherSecret,
    /// An expected secret comes new, so it was not there before.
    SecretCreated,
    /// An expected secret is removed, for good or to be made anew: its id changes, and whoever reads it by id fails.
    SecretRemoved,
    /// An expected secret changes in more than its value, or not in its value at all.
    BesideValue,
    /// Only what the state says changes: a move, an import.
    StateOnly,
    /// An output that is not sensitive, or that comes, goes or stops being so.
    Output,
    /// An action of a provider is invoked, whatever it does.
    Invocation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Planning ended in an error: the plan is what was known by then.
    Errored,
    /// It is not all that the code wants (`-target`, or what is deferred).
    Incomplete,
    /// It cannot be applied.
    NotApplyable,
    /// A change is put off to a later plan.
    Deferred { address: String, reason: String },
}

impl Judgement {
    /// Whether the plan may be applied as part of a rotation.
    pub fn is_clean(&self) -> bool {
        self.touches_no_other() && self.missed.is_empty()
    }

    fn touches_no_other(&self) -> bool {
        self.unexpected.is_empty() && self.to_confirm.is_empty() && self.problems.is_empty()
    }

    /// Whether applying it would change nothing at all.
    pub fn is_idle(&self) -> bool {
        self.touches_no_other() && self.expected.is_empty() && self.sensitive_outputs.is_empty()
    }
}

/// Judges a plan by the secrets that are expected to change.
pub fn judge(plan: &Plan, expectation: &Expectation) -> Judgement {
    let mut judgement = Judgement { problems: problems(plan), ..Judgement::default() };
    for change in &plan.changes {
        place(change, expectation, &mut judgement);
    }
    outputs(plan, &mut judgement);
    judgement.unexpected.extend(plan.invocations.iter().map(|address| Unexpected {
        touched: Touched::plain(address.clone(), vec!["invoke".to_owned()]),
        why: Why::Invocation,
    }));
    judgement.drift = plan.drift.iter().map(touched).collect();
    let changes = |secret: &Secret| plan.changes.iter().any(|change| secret.is_met_by(change));
    let secrets = expectation.secrets();
    judgement.untouched = secrets.iter().filter(|secret| !changes(secret)).cloned().collect();
    judgement.nothing_expected = expectation.is_nothing();
    let none_changes = judgement.untouched.len() == secrets.len();
    // Another account's key, or the other kind of this one's, may be no matter of this plan.
    let moves = |secret: &Secret| secrets.iter().any(|other| other.shares_key(secret) && changes(other));
    let is_kept = |secret: &Secret| moves(secret) && plan.kept.iter().any(|change| secret.is_met_by(change));
    let missed = judgement
        .untouched
        .iter()
        .filter(|secret| none_changes || matches!(secret, Secret::Named(_)) || is_kept(secret));
    judgement.missed = missed.cloned().collect();
    judgement
}

fn problems(plan: &Plan) -> Vec<Problem> {
    let errored = plan.errored == Some(true);
    let something = !(plan.changes.is_empty() && plan.outputs.is_empty());
    let mut problems = Vec::new();
    problems.extend(errored.then_some(Problem::Errored));
    problems.extend((plan.complete == Some(false) && !errored).then_some(Problem::Incomplete));
    let stuck = plan.applyable == Some(false) && something && !errored;
    problems.extend(stuck.then_some(Problem::NotApplyable));
    problems.extend(plan.deferred.iter().map(|(change, reason)| Problem::Deferred {
        address: change.address.clone(),
        reason: reason.clone(),
    }));
    problems
}

fn touched(change: &ResourceChange) -> Touched {
    Touched {
        address: change.address.clone(),
        actions: change.actions.clone(),
        attributes: change.attributes.clone(),
        moved_from: change.moved_from.clone(),
        imported: change.imported,
    }
}

fn place(change: &ResourceChange, expectation: &Expectation, judgement: &mut Judgement) {
    if change.data && change.actions == ["read"] {
        judgement.read.push(touched(change));
        return;
    }
    match concern(change, expectation) {
        Ok(Standing::Expected) => judgement.expected.push(touched(change)),
        Ok(Standing::ToConfirm) => judgement.to_confirm.push(touched(change)),
        Err(why) => judgement.unexpected.push(Unexpected { touched: touched(change), why }),
    }
}

enum Standing {
    Expected,
    ToConfirm,
}

fn concern(change: &ResourceChange, expectation: &Expectation) -> Result<Standing, Why> {
    if change.kind != KEY_VAULT_SECRET || change.data {
        return Err(if change.actions == ["no-op"] { Why::StateOnly } else { Why::OtherResource });
    }
    let expected = expectation.includes(change);
    if expected == Some(false) {
        return Err(Why::OtherSecret);
    }
    if change.is_removal() {
        return Err(Why::SecretRemoved);
    }
    if change.actions == ["create"] {
        return Err(Why::SecretCreated);
    }
    if !change.is_update() || change.moved_from.is_some() || change.imported {
        return Err(Why::StateOnly);
    }
    match (only_the_value(change), expected) {
        (false, _) => Err(Why::BesideValue),
        (true, Some(_)) => Ok(Standing::Expected),
        (true, None) => Ok(Standing::ToConfirm),
    }
}

fn only_the_value(change: &ResourceChange) -> bool {
    let is_value = |attribute: &Attribute| VALUE.contains(&attribute.top());
    let belongs = |attribute: &Attribute| is_value(attribute) || FOLLOWING.contains(&attribute.top());
    change.attributes.iter().any(is_value) && change.attributes.iter().all(belongs)
}

fn outputs(plan: &Plan, judgement: &mut Judgement) {
    for output in &plan.outputs {
        if output.sensitive && output.actions == ["update"] {
            judgement.sensitive_outputs.push(output.name.clone());
            continue;
        }
        let touched = Touched::plain(format!("output.{}", output.name), output.actions.clone());
        judgement.unexpected.push(Unexpected { touched, why: Why::Output });
    }
}

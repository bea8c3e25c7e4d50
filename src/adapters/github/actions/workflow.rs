//! The workflow as it is written at one commit: what a run of it can be told, and which jobs it has.
//!
//! GitHub makes no preview of a run. So the file is read at the very commit that would run, and somebody must have answered
//! for every job in it. What the file does not tell (a name that is made while it runs) is not taken for harmless.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ActionsSettings;
use super::condition::Condition;
use super::jobs::stage_of;
use super::pushes;

/// Why no run is started, and what to do.
pub(super) type Objection = (String, &'static str);

pub(super) struct Workflow {
    /// `None`: nobody can ask for a run of it.
    inputs: Option<BTreeSet<String>>,
    /// Everything that starts it.
    on: Value,
    jobs: Vec<WrittenJob>,
}

struct WrittenJob {
    id: String,
    /// As it is shown, with expressions as they are written.
    name: String,
    needs: Vec<String>,
    condition: Condition,
}

/// Where an expression begins.
const EXPRESSION: &str = "${{";

impl Workflow {
    /// # Errors
    /// In words: it is no workflow.
    pub(super) fn parse(text: &str) -> Result<Workflow, String> {
        let whole: Value =
            serde_saphyr::from_str(text).map_err(|error| format!("the file is no YAML: {error}"))?;
        let jobs = whole.get("jobs").and_then(Value::as_object).filter(|jobs| !jobs.is_empty());
        let jobs = jobs.ok_or("the file has no jobs")?;
        let jobs = jobs.iter().map(|(id, job)| WrittenJob::of(id, job)).collect();
        let on = whole.get("on").cloned().unwrap_or(Value::Null);
        Ok(Workflow { inputs: inputs(&on), on, jobs })
    }

    /// Whether somebody has answered for every job that a run would have, and whether what it is told is heard.
    ///
    /// # Errors
    /// Why no run may be started, and what to do.
    pub(super) fn judged(
        &self,
        settings: &ActionsSettings,
        told: &BTreeSet<&str>,
        skip: &[String],
    ) -> Result<(), Objection> {
        self.hears(told)?;
        self.answered_for(settings)?;
        self.harmless(settings, skip)?;
        self.spared(settings, skip)
    }

    /// The same of a run that these causes start: it is told nothing, so nothing is left out.
    ///
    /// # Errors
    /// Why the commit may not be pushed, and what to do.
    pub(super) fn judged_as_set_off(
        &self,
        settings: &ActionsSettings,
        causes: &str,
    ) -> Result<(), Objection> {
        let started =
            |(why, remedy): Objection| (format!("{causes} would start the workflow, and {why}"), remedy);
        self.answered_for(settings).map_err(started)?;
        let harmful = listed(self.unaccepted(settings).map(|job| job.stage(settings)));
        if !harmful.is_empty() {
            let why =
                format!("{causes} would start {harmful}, which moves traffic or destroys a release unit");
            let remedy = "narrow what starts the workflow (`on`), or add it to `accept` with `because`";
            return Err((why, remedy));
        }
        Ok(())
    }

    /// Everything that starts it.
    pub(super) fn on(&self) -> &Value {
        &self.on
    }

    /// Whether a push to the branch starts it, or may: which paths a push changes is not looked at.
    pub(super) fn is_started_by_push(&self, branch: &str) -> bool {
        pushes::may_start(&self.on, "push", branch)
    }

    fn hears(&self, told: &BTreeSet<&str>) -> Result<(), Objection> {
        let Some(inputs) = &self.inputs else {
            let why =
                "at this commit the workflow has no `workflow_dispatch`: nobody can ask for a run of it";
            return Err((why.to_owned(), "give it `on: workflow_dispatch`, or say trigger = \"push\""));
        };
        let unheard = listed(told.iter().copied().filter(|name| !inputs.contains(*name)));
        if !unheard.is_empty() {
            let why = format!("at this commit the workflow has no input {unheard}");
            return Err((why, "give the workflow such an input, or correct `skip_input` and `parameters`"));
        }
        Ok(())
    }

    fn answered_for(&self, settings: &ActionsSettings) -> Result<(), Objection> {
        let nameless = listed(self.jobs.iter().filter(|job| job.is_nameless()).map(|job| job.id.as_str()));
        if !nameless.is_empty() {
            let why = format!("what the jobs {nameless} are called is known only when they run");
            return Err((
                why,
                "give each a `name` without expressions, but for those in parentheses at its end",
            ));
        }
        let undeclared =
            listed(self.jobs.iter().filter(|job| job.effects(settings).is_none()).map(WrittenJob::bare));
        if !undeclared.is_empty() {
            let why = format!("at this commit the workflow has jobs that are not declared: {undeclared}");
            let remedy = match settings.validates {
                true => "declare what each does under [[environment.NAME.release.validation.stage]]",
                false => "declare what each does under [[environment.NAME.release.pipeline.stage]]",
            };
            return Err((why, remedy));
        }
        Ok(())
    }

    /// Jobs that are held (see [`ActionsSettings::is_held`]), and that nobody has accepted by name.
    fn unaccepted<'a>(&'a self, settings: &'a ActionsSettings) -> impl Iterator<Item = &'a WrittenJob> {
        self.jobs.iter().filter(|job| {
            let accepted = settings.accepted.iter().any(|name| name == job.stage(settings));
            !accepted && job.effects(settings).is_some_and(|effects| settings.is_held(effects))
        })
    }

    fn harmless(&self, settings: &ActionsSettings, skip: &[String]) -> Result<(), Objection> {
        let input = settings.skip_input.as_deref().unwrap_or_default();
        let left_out = |job: &WrittenJob| skip.iter().any(|name| name == job.stage(settings));
        let deaf = self.unaccepted(settings).filter(|job| !self.is_skipped(job, settings, &left_out));
        let deaf: Vec<&str> = deaf.map(|job| job.stage(settings)).collect();
        if let Some(first) = deaf.first() {
            let why = format!(
                "{} is to be left out, and at this commit neither its `if` nor that of a job which it needs, and which is \
                 left out too, says `!contains(inputs.{input}, '{first}')`, alone or joined by && to what else it asks",
                listed(deaf.iter().copied())
            );
            let remedy = match settings.validates {
                true => "let its `if` say so",
                false => "let its `if` say so, or add it to `accept` with `because`",
            };
            return Err((why, remedy));
        }
        Ok(())
    }

    /// A name that is part of another is found in it: the job would be missing in a run that goes on without it.
    fn spared(&self, settings: &ActionsSettings, skip: &[String]) -> Result<(), Objection> {
        let (input, told) = (settings.skip_input.as_deref().unwrap_or_default(), skip.join(","));
        let is_named = |job: &WrittenJob| skip.iter().any(|name| name == job.stage(settings));
        // One whose `if` names another that is left out goes with that one, as it is meant to.
        let goes_with = |job: &WrittenJob| skip.iter().any(|name| job.condition.leaves_out(input, name));
        let found = |job: &&WrittenJob| job.condition.is_false_of(input, &told);
        let lost = self.jobs.iter().filter(|job| !is_named(job) && !goes_with(job)).filter(found);
        let lost = listed(lost.map(|job| job.stage(settings)));
        if lost.is_empty() {
            return Ok(());
        }
        let why = format!("{lost} would be left out as well: its `if` finds its name within {told}");
        let remedy =
            "let the `if`s ask for names between commas: !contains(format(',{0},', inputs.INPUT), ',NAME,')";
        Err((why, remedy))
    }

    /// Whether a job does not run, by its `if` and its name. One that needs another which is left out goes with it, unless
    /// its `if` says that it goes on.
    fn is_skipped(
        &self,
        job: &WrittenJob,
        settings: &ActionsSettings,
        left_out: &impl Fn(&WrittenJob) -> bool,
    ) -> bool {
        let input = settings.skip_input.as_deref().unwrap_or_default();
        let (mut open, mut seen) = (vec![job], BTreeSet::new());
        while let Some(job) = open.pop() {
            if left_out(job) && job.condition.leaves_out(input, job.stage(settings)) {
                return true;
            }
            if !job.condition.goes_on() && seen.insert(job.id.as_str()) {
                open.extend(self.jobs.iter().filter(|other| job.needs.contains(&other.id)));
            }
        }
        false
    }
}

impl WrittenJob {
    fn of(id: &str, job: &Value) -> WrittenJob {
        let named = job.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let needs = match job.get("needs") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let name = named.unwrap_or(id).to_owned();
        let condition = match job.get("if") {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        WrittenJob { id: id.to_owned(), name, needs, condition: Condition::of(&condition) }
    }

    /// The name that its parts of a matrix have in common.
    fn bare(&self) -> &str {
        match self.name.split_once(EXPRESSION) {
            Some((before, _)) => before.split_once(" (").map_or(before, |(bare, _)| bare),
            None => &self.name,
        }
    }

    fn is_nameless(&self) -> bool {
        let in_parentheses = |before: &str| before.contains(" (");
        self.name.split_once(EXPRESSION).is_some_and(|(before, _)| !in_parentheses(before))
    }

    fn stage<'a>(&'a self, settings: &ActionsSettings) -> &'a str {
        stage_of(self.bare(), &settings.stages)
    }

    fn effects<'a>(&self, settings: &'a ActionsSettings) -> Option<&'a [crate::model::StageEffect]> {
        let name = self.stage(settings);
        settings.stages.iter().find(|(known, _)| known == name).map(|(_, effects)| effects.as_slice())
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The inputs of whoever asks for a run; `None` where nobody can.
fn inputs(on: &Value) -> Option<BTreeSet<String>> {
    const ASKED: &str = "workflow_dispatch";
    match on {
        Value::String(only) => (only == ASKED).then(BTreeSet::new),
        Value::Array(several) => several.iter().any(|one| one == ASKED).then(BTreeSet::new),
        Value::Object(each) => {
            let inputs = each.get(ASKED)?.get("inputs").and_then(Value::as_object);
            Some(inputs.into_iter().flatten().map(|(name, _)| name.clone()).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;

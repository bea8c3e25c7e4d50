//! Starting a run of a workflow.
//!
//! GitHub takes a branch and no commit: the branch's head is compared before, and the run's commit after. The answer
//! names the run where that is asked for; a server that does not know how says 204, or refuses the asking and is asked
//! without it. Then the run is the one on the list that was not there before.
//! Before anything is sent, the workflow is read as it is at the commit: a job that nobody has answered for refuses the
//! start (see `workflow`).
//! There is no idempotency key: whoever has no answer looks at the runs before asking again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::client::{About, Reply, Sent, Write, segment};
use super::workflow::{Objection, Workflow};
use super::{Actions, Run};
use crate::adapters::at_commit::file_at;
use crate::model::{Blindness, BranchName, CommitId, RunId};
use crate::ports::{Effect, Fault, Started};

/// How often the list is read for a run that was asked for, and how long it waits in between: a run is listed within
/// seconds.
const LOOKS: u32 = 8;
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Listed {
    id: u64,
    #[serde(default)]
    state: String,
    /// From the repository's root.
    #[serde(default)]
    path: String,
}

#[derive(Deserialize)]
struct Branch {
    commit: Head,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

#[derive(Deserialize)]
struct Dispatched {
    workflow_run_id: u64,
}

/// Asks that the answer name the run.
const DETAILS: &str = "return_run_details";

fn with_details(order: &Value) -> Value {
    let mut order = order.clone();
    if let Value::Object(members) = &mut order {
        members.insert(DETAILS.to_owned(), true.into());
    }
    order
}

impl Actions {
    pub(super) async fn dispatch(
        &self,
        branch: &BranchName,
        commit: &CommitId,
        skip: &[String],
    ) -> Effect<Started> {
        let what = format!("run the workflow on {branch} at {}", commit.short());
        if let Err((why, remedy)) = self.vouched_for(skip) {
            return Effect::Refused(self.fault(&what, why).remedy(remedy));
        }
        let judged = match self.ready(&what, branch, commit).await {
            Ok(path) => self.judged(&what, &path, commit, skip).await,
            Err(end) => Err(end),
        };
        if let Err(end) = judged {
            return end;
        }
        let query = [("event", "workflow_dispatch"), ("branch", branch.as_str())];
        let before: BTreeSet<u64> = match self.list(&query).await {
            Ok(runs) => runs.into_iter().map(|run| run.id).collect(),
            Err(fault) => return Effect::NotSent(fault),
        };
        let path = self.workflow_path("/dispatches");
        let (subject, order) = (self.subject(), self.order(branch, skip));
        let about = About { what: &what, subject: &subject };
        let sent = match self.client.write(about, Write::post(&path, &with_details(&order))).await {
            // Nothing was started: what GitHub does not understand it does not do.
            Sent::Refused(_, refusal) if refusal.says(DETAILS) => {
                self.client.write(about, Write::post(&path, &order)).await
            }
            sent => sent,
        };
        match sent {
            Sent::Done(reply) => self.started(&what, &reply, &query, &before).await,
            Sent::Refused(fault, _) => Effect::Refused(fault),
            Sent::Unsent(fault) => Effect::NotSent(fault),
            Sent::Unknown(fault) => Effect::Unknown(fault),
        }
    }

    pub(super) fn fault(&self, what: &str, why: impl Into<String>) -> Fault {
        Fault::new(Blindness::Unintelligible, what, self.subject(), why)
    }

    /// What the workflow is told.
    fn inputs(&self, skip: &[String]) -> BTreeMap<String, String> {
        let mut inputs = self.settings.inputs.clone();
        if let Some(input) = self.settings.skip_input.clone().filter(|_| !skip.is_empty()) {
            inputs.insert(input, skip.join(","));
        }
        inputs
    }

    fn order(&self, branch: &BranchName, skip: &[String]) -> Value {
        let inputs = self.inputs(skip);
        match inputs.is_empty() {
            true => json!({ "ref": branch.as_str() }),
            false => json!({ "ref": branch.as_str(), "inputs": inputs }),
        }
    }

    /// Whether somebody has answered for every job that is declared.
    fn vouched_for(&self, skip: &[String]) -> Result<(), (String, &'static str)> {
        if !self.settings.dispatches {
            let why = "the push to the branch starts it, and keyslot starts no second one".to_owned();
            return Err((why, "push to the branch, or run the workflow by hand"));
        }
        if !skip.is_empty() && self.settings.skip_input.is_none() {
            let why =
                format!("the workflow has no input that leaves jobs out, and {} must be", skip.join(", "));
            return Err((why, "give the workflow such an input, and name it as `skip_input`"));
        }
        let harms = |(name, effects): &&(String, Vec<crate::model::StageEffect>)| {
            let answered = skip.contains(name) || self.settings.accepted.contains(name);
            self.settings.is_held(effects) && !answered
        };
        let harmful: Vec<&str> =
            self.settings.stages.iter().filter(harms).map(|(name, _)| name.as_str()).collect();
        if !harmful.is_empty() {
            let does = match self.settings.validates {
                true => "do more than validate",
                false => "move traffic or destroy a release unit",
            };
            let why = format!("{} would {does}", harmful.join(", "));
            return Err((why, self.settings.answer_for_harm()));
        }
        Ok(())
    }

    /// Whether the file, as it is at the commit, has nothing in it that nobody has answered for.
    async fn judged(
        &self,
        what: &str,
        path: &str,
        commit: &CommitId,
        skip: &[String],
    ) -> Result<(), Effect<Started>> {
        let told = self.inputs(skip);
        let told = told.keys().map(String::as_str).collect();
        let judge = |workflow: &Workflow| workflow.judged(&self.settings, &told, skip);
        match self.file(what, path, commit).await.map_err(Effect::NotSent)? {
            Some(file) => self.judged_file(what, path, commit, &file, judge).map_err(Effect::Refused),
            None => Err(Effect::Refused(self.no_file(what, path, commit))),
        }
    }

    /// Where the workflow's file lies; asked for where only its number is known.
    pub(super) async fn file_path(&self, what: &str) -> Result<String, Fault> {
        let name = &self.settings.workflow;
        if name.ends_with(".yml") || name.ends_with(".yaml") {
            return Ok(format!(".github/workflows/{name}"));
        }
        let (subject, path) = (self.subject(), self.workflow_path(""));
        let listed: Listed = self.client.read(what, &subject, &path, &[]).await?;
        Ok(listed.path)
    }

    pub(super) fn judged_file(
        &self,
        what: &str,
        path: &str,
        commit: &CommitId,
        file: &[u8],
        judge: impl Fn(&Workflow) -> Result<(), Objection>,
    ) -> Result<(), Fault> {
        let refused = |why: String, remedy: &str| {
            self.fault(what, format!("{why} ({path} at {})", commit.short())).remedy(remedy)
        };
        let workflow = Workflow::parse(&String::from_utf8_lossy(file)).map_err(|why| {
            refused(
                why,
                "mend the workflow's file at that commit, or do by hand what keyslot would have started",
            )
        })?;
        judge(&workflow).map_err(|(why, remedy)| refused(why, remedy))
    }

    pub(super) fn no_file(&self, what: &str, path: &str, commit: &CommitId) -> Fault {
        let why = format!("there is no {path} at {}", commit.short());
        Fault::new(Blindness::Missing, what, self.subject(), why)
            .remedy("name the workflow's file as it is called at this commit")
    }

    /// The workflow's bytes at the commit. None where it has no such file.
    pub(super) async fn file(
        &self,
        what: &str,
        path: &str,
        commit: &CommitId,
    ) -> Result<Option<Arc<[u8]>>, Fault> {
        file_at(self.code.as_ref(), what, path, commit).await
    }

    /// The workflow takes runs, and the branch stands on the commit. Returns where its file lies.
    async fn ready(
        &self,
        what: &str,
        branch: &BranchName,
        commit: &CommitId,
    ) -> Result<String, Effect<Started>> {
        let subject = self.subject();
        let path = self.workflow_path("");
        let workflow =
            self.client.read::<Listed>(what, &subject, &path, &[]).await.map_err(Effect::NotSent)?;
        if !matches!(workflow.state.as_str(), "active" | "") {
            let fault = self.fault(what, format!("the workflow is not active ({})", workflow.state));
            return Err(Effect::Refused(
                fault.remedy("enable it (Actions, the workflow's page), then run this again"),
            ));
        }
        if self.is_release(what, workflow.id).await.map_err(Effect::NotSent)? {
            let why = "this is the release pipeline, and a validation starts before anybody has reviewed";
            let remedy = "name another workflow under [environment.NAME.release.validation]";
            return Err(Effect::Refused(self.fault(what, why).remedy(remedy)));
        }
        let path = self.path(&format!("branches/{}", segment(branch.as_str())));
        let head = self.client.read::<Branch>(what, &subject, &path, &[]).await.map_err(Effect::NotSent)?;
        if head.commit.sha.eq_ignore_ascii_case(commit.as_str()) {
            return Ok(workflow.path);
        }
        let why = format!("{branch} stands on {}, and a run would be of that", head.commit.sha);
        Err(Effect::NotSent(self.fault(what, why).remedy("keyslot looks at the branch again")))
    }

    /// Whether what is to validate is the release workflow itself: a workflow has a file and a number.
    async fn is_release(&self, what: &str, workflow: u64) -> Result<bool, Fault> {
        let Some(release) = &self.settings.release else { return Ok(false) };
        let path = self.path(&format!("actions/workflows/{}", segment(release)));
        match self.client.read::<Listed>(what, &self.subject(), &path, &[]).await {
            Ok(release) => Ok(release.id == workflow),
            Err(fault) if fault.kind == Blindness::Missing => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// The run that was just started, and what it is of: the branch may have moved in between. Where its commit cannot be
    /// read, the list tells, later.
    async fn started(
        &self,
        what: &str,
        reply: &Reply,
        query: &[(&str, &str)],
        before: &BTreeSet<u64>,
    ) -> Effect<Started> {
        let run = |id: u64| RunId::new(id.to_string());
        if let Ok(Dispatched { workflow_run_id: id }) = reply.json() {
            let path = self.path(&format!("actions/runs/{id}"));
            let read = self.client.read::<Run>(what, &self.subject(), &path, &[]).await;
            return Effect::Applied(Started { run: run(id), commit: read.ok().and_then(|run| run.commit()) });
        }
        match self.look_for(query, before).await {
            Ok(Some(found)) => Effect::Applied(Started { run: run(found.id), commit: found.commit() }),
            Ok(None) => {
                let fault = self.fault(what, "GitHub has taken it on, and lists no new run yet");
                Effect::Unknown(fault.remedy("look at the workflow's runs"))
            }
            Err(fault) => Effect::Unknown(fault),
        }
    }

    /// The run that was not there before: the oldest of them, for ours was asked for first.
    async fn look_for(&self, query: &[(&str, &str)], before: &BTreeSet<u64>) -> Result<Option<Run>, Fault> {
        for _ in 0..LOOKS {
            let runs = self.list(query).await?;
            let new = runs.into_iter().filter(|run| !before.contains(&run.id)).min_by_key(|run| run.id);
            if new.is_some() {
                return Ok(new);
            }
            self.clock.sleep_until(self.clock.now() + PAUSE).await;
        }
        Ok(None)
    }
}

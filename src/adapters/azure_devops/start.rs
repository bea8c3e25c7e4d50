//! Starting a run: once, pinned to a commit, with nothing in it that nobody has answered for.
//!
//! Before anything is sent, the service is asked whether the pipeline takes runs at all, and which stages it has at this
//! commit (a preview run expands the YAML and starts nothing). A stage that is not declared, or that moves traffic or
//! destroys and is neither left out nor accepted, refuses the start. There is no idempotency key: whoever has no answer
//! looks at the runs before asking again.

use serde_json::{Value, json};

use super::{AzureDevOps, Build, PipelineRef, preview};
use crate::model::{Blindness, BranchName, CommitId, RunId};
use crate::ports::{Effect, Fault, Started};

/// Stages that nobody has answered for, in one text.
pub(super) struct Unanswered {
    pub(super) stages: String,
    /// They move traffic or destroy; else nobody has declared them.
    pub(super) is_dangerous: bool,
    /// What to do.
    pub(super) remedy: String,
}

impl AzureDevOps {
    pub(super) async fn start_run(
        &self,
        branch: &BranchName,
        commit: &CommitId,
        skip: &[String],
    ) -> Effect<Started> {
        let what = format!("run the pipeline on {branch} at {}", commit.short());
        let pipeline = match self.accepting(&what).await {
            Ok(pipeline) => pipeline,
            Err(end) => return end,
        };
        if let Err(end) = self.still_there(&what, branch, commit).await {
            return end;
        }
        let path = format!("pipelines/{pipeline}/runs");
        let itself = json!({ "refName": format!("refs/heads/{branch}"), "version": commit.as_str() });
        let body = json!({
            "resources": { "repositories": { "self": itself } }, "stagesToSkip": skip,
            "templateParameters": self.settings.parameters,
        });
        if let Err(end) = self.vouched_for(&what, &path, &body, skip).await {
            return end;
        }
        let started = self.client.write(&what, &self.subject(), &path, &body).await;
        let run = match started {
            Effect::Applied(run) => run,
            Effect::Refused(fault) => return Effect::Refused(fault),
            Effect::NotSent(fault) => return Effect::NotSent(fault),
            Effect::Unknown(fault) => return Effect::Unknown(fault),
        };
        let Some(id) = run.get("id").and_then(Value::as_u64) else {
            let why = "the answer to the start of a run names no run";
            return Effect::Unknown(Fault::new(Blindness::Unintelligible, what, self.subject(), why));
        };
        let version = run.pointer("/resources/repositories/self/version").and_then(Value::as_str);
        Effect::Applied(self.started(id, version.map(str::to_owned)).await)
    }

    /// Whether the branch still holds the commit: people may have put it elsewhere since it was looked at.
    async fn still_there(
        &self,
        what: &str,
        branch: &BranchName,
        commit: &CommitId,
    ) -> Result<(), Effect<Started>> {
        let heads = self.code.fetch().await.map_err(Effect::NotSent)?;
        let holds = match heads.get(branch) {
            Some(head) if head != commit => {
                self.code.contains(head, commit).await.map_err(Effect::NotSent)?
            }
            // Of a branch that is gone the service says so.
            Some(_) | None => true,
        };
        if holds {
            return Ok(());
        }
        let why = format!("{branch} does not hold that commit any more: somebody has moved it");
        let fault = Fault::new(Blindness::Changed, what, self.subject(), why);
        Err(Effect::Refused(fault.remedy("keyslot looks at the branch again")))
    }

    /// The number of a pipeline that takes runs.
    async fn accepting(&self, what: &str) -> Result<u32, Effect<Started>> {
        let pipeline = self.pipeline().await.map_err(Effect::NotSent)?;
        let definition = self.definition(pipeline).await.map_err(Effect::NotSent)?;
        let refused = |why: &str, remedy: &str| {
            let fault = Fault::new(Blindness::Unintelligible, what, self.subject(), why).remedy(remedy);
            Err(Effect::Refused(fault))
        };
        match definition.queue_status.as_str() {
            "disabled" => {
                refused("the pipeline is disabled", "enable it (Pipelines, Settings), then run this again")
            }
            "paused" => refused(
                "the pipeline is paused: a run would wait in its queue",
                "resume it (Pipelines, Settings), then run this again",
            ),
            _ if self.is_release(pipeline).await.map_err(Effect::NotSent)? => refused(
                "this is the release pipeline, and a validation starts before anybody has reviewed",
                "name another pipeline under [environment.NAME.release.validation]",
            ),
            _ => Ok(pipeline),
        }
    }

    /// Whether what is to validate is the release pipeline itself, by whatever name.
    async fn is_release(&self, pipeline: u32) -> Result<bool, Fault> {
        let release = match &self.settings.release {
            None => return Ok(false),
            Some(PipelineRef::Id(id)) => Ok(*id),
            Some(PipelineRef::Name(name)) => self.find(name).await,
        };
        match release {
            Ok(release) => Ok(release == pipeline),
            // One that is not in this project is another.
            Err(fault) if fault.kind == Blindness::Missing => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Whether somebody has answered for every stage that the run would have.
    async fn vouched_for(
        &self,
        what: &str,
        path: &str,
        body: &Value,
        skip: &[String],
    ) -> Result<(), Effect<Started>> {
        let stages = self.previewed(what, path, body).await?;
        self.answered_for(&stages, skip).map_err(|Unanswered { stages, is_dangerous, remedy }| {
            let why = match is_dangerous {
                true => format!("{stages} would move traffic or destroy a release unit"),
                false => format!("at this commit the pipeline has stages that are not declared: {stages}"),
            };
            let fault = Fault::new(Blindness::Unintelligible, what, self.subject(), why);
            Effect::Refused(fault.remedy(remedy))
        })
    }

    /// The stages that a run would have, by a preview of it, which starts nothing.
    pub(super) async fn previewed<T>(
        &self,
        what: &str,
        path: &str,
        body: &Value,
    ) -> Result<Vec<String>, Effect<T>> {
        let mut preview = body.clone();
        if let Value::Object(members) = &mut preview {
            members.insert("previewRun".to_owned(), true.into());
        }
        let asked = format!("{what}: ask for its stages");
        let answered = match self.client.post(&asked, &self.subject(), path, &preview).await {
            Effect::Applied(answered) => answered,
            // What is refused has started nothing.
            Effect::Refused(fault) => return Err(Effect::Refused(fault)),
            Effect::NotSent(fault) => return Err(Effect::NotSent(fault)),
            Effect::Unknown(fault) => {
                return Err(Effect::Unknown(fault.remedy("look at the pipeline's runs")));
            }
        };
        // A server that knows no previews would have started a run: then the answer has no YAML, or never came.
        let Some(yaml) = answered.get("finalYaml").and_then(Value::as_str) else {
            let why = "the server made no preview of the run: whether it has started one is not known";
            let fault = Fault::new(Blindness::Unintelligible, asked, self.subject(), why);
            return Err(Effect::Unknown(fault.remedy("look at the pipeline's runs")));
        };
        preview::stages(yaml).map_err(|why| {
            let fault = Fault::new(Blindness::Unintelligible, what, self.subject(), why);
            let remedy = "run the pipeline by hand; keyslot goes on when the vaults hold the new key";
            Effect::Refused(fault.remedy(remedy))
        })
    }

    /// Whether each stage is declared, and left out or accepted by name where it moves traffic or destroys.
    ///
    /// # Errors
    /// The stages that nobody has answered for.
    pub(super) fn answered_for(&self, stages: &[String], skip: &[String]) -> Result<(), Unanswered> {
        let listed = |wanted: &dyn Fn(&String) -> bool| {
            let names: Vec<&str> = stages.iter().filter(|stage| wanted(stage)).map(String::as_str).collect();
            names.join(", ")
        };
        let unknown = listed(&|stage| !self.settings.stages.contains_key(stage));
        if !unknown.is_empty() {
            let table = if self.settings.validates { "validation" } else { "pipeline" };
            let remedy = format!("declare what each does under [[environment.NAME.release.{table}.stage]]");
            return Err(Unanswered { stages: unknown, is_dangerous: false, remedy });
        }
        let harmful = listed(&|stage| self.harms(stage, skip));
        if !harmful.is_empty() {
            let remedy = match self.settings.validates {
                true => "add it to `skip`",
                false => "add it to `skip`, or to `accept` with `because`",
            };
            return Err(Unanswered { stages: harmful, is_dangerous: true, remedy: remedy.to_owned() });
        }
        Ok(())
    }

    pub(super) fn harms(&self, stage: &String, skip: &[String]) -> bool {
        let effects = self.settings.stages.get(stage);
        let dangerous = effects.is_some_and(|effects| effects.iter().any(|effect| effect.is_dangerous()));
        dangerous && !skip.contains(stage) && !self.settings.accepted.contains(stage)
    }

    /// The run that was just started, and what it is of. Where nobody says, the list tells, later.
    async fn started(&self, run: u64, answered: Option<String>) -> Started {
        let commit = match answered {
            Some(version) => Some(version),
            None => {
                let (what, path) = (format!("read run {run}"), format!("build/builds/{run}"));
                let build = self.client.read::<Build>(&what, &self.subject(), &path, &[]).await;
                build.ok().map(|build| build.source_version).filter(|version| !version.is_empty())
            }
        };
        Started { run: RunId::new(run.to_string()), commit: commit.map(CommitId::new) }
    }
}

//! Whether a commit may come to where it starts the pipeline.
//!
//! A run that nobody asks for leaves no stage out. So where the YAML, as it is at the commit, lets the push, the pull request or
//! its merge start one, the service is asked which stages that YAML comes to (a preview, which starts nothing), and each must be
//! declared, and accepted by name where it moves traffic or destroys. The server has only the commit beneath: the preview
//! is of that with the YAML of the commit, and a commit that changes one of its templates is not judged. It counts as started by
//! hand: YAML that chooses by how a run began, itself or in a template of this repository that is named outright, is not taken at
//! its word. What templates of other repositories choose by is not seen.

use serde_json::{Value, json};

use super::templates::Templates;
use super::triggers::causes;
use super::{AzureDevOps, Definition};
use crate::adapters::at_commit::file_at;
use crate::adapters::skips::skips_azure;
use crate::model::Blindness;
use crate::ports::{Arrival, Effect, Fault};

/// The pipeline's file at the commit.
enum Written {
    Yaml {
        path: String,
        text: String,
        parsed: Value,
    },
    /// The pipeline was made of clicks.
    Designed,
    /// No push of this commit starts it.
    Nowhere,
}

impl AzureDevOps {
    pub(super) async fn judged_for_push(&self, arrival: &Arrival<'_>) -> Effect<()> {
        self.judged_arrival(arrival).await.map_or_else(|end| end, Effect::Applied)
    }

    async fn judged_arrival(&self, arrival: &Arrival<'_>) -> Result<(), Effect<()>> {
        let Arrival { commit, beneath, branch, .. } = *arrival;
        let what = format!("push {} to {branch}", commit.short());
        let unseen = |fault: Fault| {
            let what = format!("tell what this push would start in the release pipeline: {}", fault.what);
            Effect::NotSent(Fault { what, ..fault })
        };
        let (pipeline, definition) = self.defined().await.map_err(unseen)?;
        if definition.queue_status == "disabled" {
            return Ok(());
        }
        let written = self.written(&what, &definition, arrival).await?;
        let yaml = match &written {
            Written::Yaml { parsed, .. } => Some(parsed),
            Written::Designed => None,
            Written::Nowhere => return Ok(()),
        };
        let changed = self.code.changed(beneath, commit).await.map_err(Effect::NotSent)?;
        let is_silent = skips_azure(&self.code.message(commit).await.map_err(Effect::NotSent)?);
        let causes = causes(&definition.triggers, yaml, arrival, &changed, is_silent).join(" and ");
        if causes.is_empty() {
            return Ok(());
        }
        let refused = |why: String, remedy: &str| {
            let fault = Fault::new(Blindness::Unintelligible, &what, self.subject(), why).remedy(remedy);
            Effect::Refused(fault)
        };
        let Written::Yaml { path, text, parsed } = &written else {
            let why = format!("{causes} would start the pipeline, which has no YAML that tells what it does");
            return Err(refused(why, "take the trigger out of the pipeline (Edit, Triggers)"));
        };
        let templates = Templates::of(self.code.as_ref(), &what, commit, (path, parsed));
        let templates = templates.await.map_err(Effect::NotSent)?;
        if let Some(template) = templates.among(&changed).filter(|changed| changed != path) {
            let why = format!(
                "{causes} would start the pipeline, and the commit changes {template}, which is or may be one of its templates: \
                 what it comes to is seen only when it is there"
            );
            let remedy = "bring the change of the template by itself first, or narrow what starts the pipeline (`trigger`, `pr`)";
            return Err(refused(why, remedy));
        }
        let all = || [text.as_str()].into_iter().chain(templates.texts());
        let harms = || self.settings.stages.keys().any(|stage| self.harms(stage, &[]));
        // A stage that the preview leaves out, because it has not begun so, may be one that nobody has declared.
        let is_declared = |stage: &String| self.settings.stages.contains_key(stage);
        let undeclared = || all().any(|yaml| !stages_written(yaml).iter().all(is_declared));
        if all().any(asks_how_it_began) && (harms() || undeclared()) {
            let why = format!(
                "{causes} would start the pipeline, and its YAML chooses by how a run began, which a preview does not show"
            );
            let remedy = "narrow what starts the pipeline (`trigger`, `pr`, or `trigger: none` in its YAML), or add the stages \
                          that move traffic or destroy to `accept` with `because`, and declare every stage that it names";
            return Err(refused(why, remedy));
        }
        let stages = self.stages_if_pushed(&what, pipeline, text, arrival).await?;
        self.answered_for(&stages, &[]).map_err(|why| match why.is_dangerous {
            true => refused(
                format!("{causes} would start {}, which moves traffic or destroys a release unit", why.stages),
                "narrow what starts the pipeline (`trigger`, `pr`, or `trigger: none` in its YAML), or add it to `accept` with \
                 `because`",
            ),
            false => refused(
                format!(
                    "{causes} would start the pipeline, and at this commit it has stages that are not declared: {}",
                    why.stages
                ),
                &why.remedy,
            ),
        })
    }

    async fn written(
        &self,
        what: &str,
        definition: &Definition,
        arrival: &Arrival<'_>,
    ) -> Result<Written, Effect<()>> {
        if definition.is_designed() {
            return Ok(Written::Designed);
        }
        let is_ours = self.is_ours(what, &definition.repository).await?;
        if is_ours == Some(false) {
            return Ok(Written::Nowhere);
        }
        let path = definition.process.yaml_filename.replace('\\', "/");
        let path = path.trim_start_matches('/');
        let file = file_at(self.code.as_ref(), what, path, arrival.commit).await.map_err(Effect::NotSent)?;
        let refused = |why: String, remedy: &str| {
            Effect::Refused(Fault::new(Blindness::Unintelligible, what, self.subject(), why).remedy(remedy))
        };
        let Some(file) = file else {
            // No file, no run; and where it is of a repository elsewhere, this push does not come there.
            if is_ours == Some(true) || definition.repository.kind.is_some() {
                return Ok(Written::Nowhere);
            }
            let why = format!(
                "the pipeline's {path} is not in this repository at {}, and the service does not say in which it is",
                arrival.commit.short()
            );
            return Err(refused(why, "look at the pipeline's repository in Azure DevOps"));
        };
        let text = String::from_utf8_lossy(&file).into_owned();
        match serde_saphyr::from_str(&text) {
            Ok(parsed) => Ok(Written::Yaml { path: path.to_owned(), text, parsed }),
            Err(error) => {
                let why = format!("{path} at {} is no YAML: {error}", arrival.commit.short());
                Err(refused(why, "mend the file; what a push starts cannot be read before"))
            }
        }
    }

    /// The stages of a run that nobody asks for: of this YAML, with the parameters' defaults.
    async fn stages_if_pushed(
        &self,
        what: &str,
        pipeline: u32,
        yaml: &str,
        arrival: &Arrival<'_>,
    ) -> Result<Vec<String>, Effect<()>> {
        let itself = json!({ "refName": format!("refs/heads/{}", arrival.end()), "version": arrival.beneath.as_str() });
        let body = json!({ "resources": { "repositories": { "self": itself } }, "yamlOverride": yaml });
        let path = format!("pipelines/{pipeline}/runs");
        self.previewed(what, &path, &body).await.map_err(|end| match end {
            // Nobody can run by hand what is not pushed.
            Effect::Refused(fault) if fault.kind == Blindness::Unintelligible => {
                Effect::Refused(fault.remedy("mend the file; what a push starts cannot be read before"))
            }
            Effect::Refused(fault) => Effect::Refused(fault),
            // Nothing was pushed, whatever the preview came to.
            Effect::NotSent(fault) | Effect::Unknown(fault) => Effect::NotSent(fault),
            Effect::Applied(()) => Effect::Applied(()),
        })
    }
}

/// Whether template expressions may go by what started the run, or by its branch: a preview counts as started by hand.
fn asks_how_it_began(yaml: &str) -> bool {
    let yaml = yaml.to_lowercase();
    let asks = |variable: &&str| yaml.contains(*variable);
    yaml.contains("${{") && ["build.reason", "build.sourcebranch", "system.pullrequest"].iter().any(asks)
}

/// The names of the stages that are written there, whatever they are under. What is no YAML may name any.
fn stages_written(yaml: &str) -> Vec<String> {
    let Ok(parsed) = serde_saphyr::from_str::<Value>(yaml) else { return vec![String::new()] };
    let (mut open, mut stages) = (vec![&parsed], Vec::new());
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                stages.extend(members.get("stage").and_then(Value::as_str).map(str::to_owned));
                open.extend(members.values());
            }
            _ => {}
        }
    }
    stages
}

/// How a definition is written.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Process {
    #[serde(rename = "type")]
    kind: u32,
    yaml_filename: String,
}

impl Definition {
    /// Whether it was made of clicks, without YAML.
    fn is_designed(&self) -> bool {
        self.process.kind == 1 || self.process.yaml_filename.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::stages_written;

    #[test]
    fn stages_are_found_whatever_they_are_under() {
        let yaml = "stages:\n- stage: plan # first\n- ${{ if eq(variables['Build.Reason'], 'IndividualCI') }}:\n  - stage: 'purge'\n- { stage: flow, jobs: [] }\n";
        let mut stages = stages_written(yaml);
        stages.sort();
        assert_eq!(stages, ["flow", "plan", "purge"]);
        assert_eq!(stages_written("stages: ["), [""], "it may name any");
    }
}

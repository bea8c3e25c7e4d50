//! The pipeline as the file of a workflow, and as the YAML of Azure Pipelines.

use std::fmt::Write as _;

use super::{ChecksConfig, PipelineConfig, PipelineTrigger};

impl PipelineConfig {
    /// Where its YAML for Azure Pipelines lies in the repository.
    pub fn azure_path(&self) -> String {
        "azure-pipelines.yml".to_owned()
    }

    /// One stage after the other.
    pub fn azure_yaml(&self) -> String {
        let trigger = match self.trigger {
            PipelineTrigger::Asked => "trigger: none",
            PipelineTrigger::Push => "trigger:\n  branches:\n    include: ['release/*']",
        };
        azure(trigger, self.stages.iter().map(|stage| stage.name.as_str()))
    }

    /// Where the file lies in the repository.
    pub fn workflow_path(&self) -> String {
        format!(".github/workflows/{}.yml", self.name)
    }

    /// One job for each stage, in a row, each of which looks at the input that takes what is to be left out.
    pub fn workflow(&self) -> String {
        let mut text = format!("name: {}\non:\n", self.name);
        if self.trigger == PipelineTrigger::Push {
            text.push_str("  push:\n    branches: ['release/**']\n");
        }
        text.push_str("  workflow_dispatch:\n");
        if let Some(input) = &self.skip_input {
            let _ = write!(text, "    inputs:\n      {input}: {{ type: string, required: false }}\n");
        }
        text.push_str("jobs:\n");
        let mut before: Option<&str> = None;
        for stage in &self.stages {
            let _ = writeln!(text, "  {}:", stage.name);
            if let Some(before) = before {
                let _ = writeln!(text, "    needs: {before}");
            }
            if let Some(input) = &self.skip_input {
                let condition = format!("!cancelled() && !contains(inputs.{input}, '{}')", stage.name);
                let _ = writeln!(text, "    if: ${{{{ {condition} }}}}");
            }
            text.push_str("    runs-on: ubuntu-latest\n    steps:\n    - run: ./release\n");
            before = Some(&stage.name);
        }
        text
    }
}

impl ChecksConfig {
    /// Where its YAML for Azure Pipelines lies in the repository.
    pub fn azure_path(&self) -> String {
        format!("azure-pipelines-{}.yml", self.name)
    }

    /// One stage after the other, for whoever asks.
    pub fn azure_yaml(&self) -> String {
        azure("trigger: none", self.stages.iter().map(String::as_str))
    }
}

fn azure<'a>(trigger: &str, stages: impl Iterator<Item = &'a str>) -> String {
    let stage = |name: &str| {
        format!("- stage: {name}\n  jobs:\n  - job: work\n    steps:\n    - script: ./release\n")
    };
    format!("{trigger}\npr: none\nstages:\n{}", stages.map(stage).collect::<String>())
}

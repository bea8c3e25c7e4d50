//! The pipeline as the file of a workflow.

use std::fmt::Write as _;

use super::{PipelineConfig, PipelineTrigger};

impl PipelineConfig {
    /// Where the file lies in the repository.
    pub fn workflow_path(&self) -> String {
        format!(".github/workflows/{}.yml", self.name)
    }

    /// One job for each stage, in a row, each of which looks at the input that takes what is to be left out.
    pub fn workflow(&self) -> String {
        let mut text = format!("name: {}\non:\n", self.name);
        if self.trigger == PipelineTrigger::Push {
            text.push_str("  push:\n    branches: [main, 'release/**']\n");
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

//! What reasons know of a run: what it waits for, and where it failed.

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub stages: Vec<String>,
    /// Who could approve, as far as the service says.
    pub who: Vec<String>,
    /// Whether it is a run of the code that the rotation deploys. Of any other code it may put the old slot back, by a plan
    /// that it may have saved before it came to wait.
    pub ours: bool,
}

/// What is known of the stage that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStage {
    pub stage: String,
    pub step: String,
    /// Its last lines.
    pub lines: Vec<String>,
}

//! `propose`, `promote` and `follow`: where the change stands on its way to the vaults, for people and for machines
//! (version 1; additive within it).

use schemars::JsonSchema;
use serde::Serialize;

use super::matrix::Holds;
use super::reason::pull_wait;
use super::rotation_json::{HoldV1, RotationV1, hold, rotation};
use super::{span, stages};
use crate::model::{
    BranchName, CommitId, LiveBy, PullNumber, PullState, PullView, ReleaseView, RunResult, RunState,
    StageView,
};
use crate::rotation::{Leg, Opened, Outcome, Produced, Reason, Report, Step};

/// What `propose`, `promote` and `follow` print with `--output json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot propose, promote and follow", extend("$id" = "keyslot:procedure:1"))]
pub struct ProcedureV1 {
    pub version: u32,
    /// RFC 3339.
    pub at: String,
    pub rotation: RotationV1,
    /// The slot that everybody moves to now: on the way back, the one that they came from.
    pub to: String,
    /// Null where nobody has proposed it yet.
    pub proposal: Option<ChangeV1>,
    /// Null where the base branch itself is deployed.
    pub release: Option<ReleaseV1>,
    /// The newest run of the pipeline on the commit that is deployed.
    pub run: Option<RunV1>,
    /// What is waited for.
    pub waits: Vec<HoldV1>,
}

/// A branch of keyslot's own, and its pull request.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangeV1 {
    pub branch: String,
    /// Null where the branch is gone.
    pub head: Option<String>,
    pub pull: Option<PullV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PullV1 {
    pub number: u64,
    pub url: String,
    /// `open`, `merged` or `closed`.
    pub state: String,
    pub waits: Vec<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReleaseV1 {
    pub branch: String,
    pub head: String,
    /// From what it is known to be live: `named`, `tags`, `runs`, `name`, `contradiction`, `tags-unseen` or
    /// `runs-unseen`.
    pub live_by: String,
    /// `primary`, `secondary`, `mixed`, `none` or `unknown`.
    pub reads: String,
    /// Where the change goes by a pull request of its own.
    pub promotion: Option<ChangeV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunV1 {
    pub id: String,
    pub url: String,
    pub commit: String,
    /// `queued`, `running`, `waits-for-approval`, `succeeded`, `partially-succeeded`, `failed`, `canceled` or `skipped`.
    pub state: String,
    /// Who asked for it; empty where the service does not say.
    pub by: String,
    pub stages: Vec<StageV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StageV1 {
    pub name: String,
    /// As a run's.
    pub state: String,
    /// What it does, as the configuration declares it; null where it does not.
    pub effects: Option<Vec<String>>,
    /// Counts from 1; a retry makes one more.
    pub attempt: u32,
    /// RFC 3339: when it came to this state, where that is known.
    pub since: Option<String>,
    /// What holds it, and who may open that.
    pub held_by: Vec<String>,
    /// What failed in it; null where nothing did, or nothing could be read.
    pub failure: Option<FailureV1>,
}

/// What a stage that failed printed last. Whatever looks like a key is struck out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FailureV1 {
    pub step: String,
    pub lines: Vec<String>,
}

/// Puts the document together; nothing where no rotation was opened.
pub fn procedure(report: &Report, held: &[Reason]) -> Option<ProcedureV1> {
    let opened = report.opened.as_ref()?;
    let leg = report.decision.as_ref().map_or(Leg::Out, |decision| decision.leg);
    let code = report.world.code.as_ref().and_then(|seen| seen.get());
    Some(ProcedureV1 {
        version: 1,
        at: span::rfc3339(report.at),
        rotation: rotation(report)?,
        to: leg.target(opened.from).to_string(),
        proposal: change(report, code, &opened.proposal_branch(leg)),
        release: code.and_then(|code| release(report, code, opened, leg)),
        run: run(report),
        waits: held.iter().map(|one| hold(one, report)).collect(),
    })
}

/// What was seen of it: each branch goes to one other.
fn pull_of<'a>(report: &'a Report, branch: &BranchName) -> Option<&'a PullView> {
    let (_, seen) = report.world.pulls.iter().find(|(ends, _)| ends.head == *branch)?;
    seen.get()?.as_ref()
}

fn change(report: &Report, code: Option<&ReleaseView>, branch: &BranchName) -> Option<ChangeV1> {
    let head = code.and_then(|code| code.proposals.get(branch)).map(|view| view.head.to_string());
    let pull = pull_of(report, branch).map(pull);
    (head.is_some() || pull.is_some()).then(|| ChangeV1 { branch: branch.to_string(), head, pull })
}

fn pull(view: &PullView) -> PullV1 {
    let state = match &view.state {
        PullState::Open => "open",
        PullState::Merged { .. } => "merged",
        PullState::Closed => "closed",
    };
    let waits = view.waits.iter().map(pull_wait).collect();
    PullV1 { number: view.number.0, url: view.url.clone(), state: state.to_owned(), waits }
}

fn release(report: &Report, code: &ReleaseView, opened: &Opened, leg: Leg) -> Option<ReleaseV1> {
    let view = code.release.as_ref()?;
    let live_by = match &code.live_by {
        LiveBy::Named => "named",
        LiveBy::Tags => "tags",
        LiveBy::Runs => "runs",
        LiveBy::Name { .. } => "name",
        LiveBy::Contradiction { .. } => "contradiction",
        LiveBy::TagsUnseen(_) => "tags-unseen",
        LiveBy::RunsUnseen(_) => "runs-unseen",
    };
    Some(ReleaseV1 {
        branch: view.branch.to_string(),
        head: view.head.to_string(),
        live_by: live_by.to_owned(),
        reads: Holds::from(view.claim.reads).as_str().to_owned(),
        promotion: change(report, Some(code), &opened.promotion_branch(leg, &view.branch)),
    })
}

fn run(report: &Report) -> Option<RunV1> {
    let view = stages::followed(&report.world)?;
    Some(RunV1 {
        id: view.id.to_string(),
        url: view.url.clone(),
        commit: view.commit.to_string(),
        state: state(view.state).to_owned(),
        by: view.by.clone(),
        stages: view.stages.iter().map(stage).collect(),
    })
}

fn stage(view: &StageView) -> StageV1 {
    let failure = view.failure.as_ref();
    StageV1 {
        name: view.name.clone(),
        state: state(view.state).to_owned(),
        effects: view.effects.as_ref().map(|all| all.iter().map(|one| one.as_str().to_owned()).collect()),
        attempt: view.attempt,
        since: view.since().map(span::rfc3339),
        held_by: view.holds.iter().map(stages::hold).collect(),
        failure: failure.map(|it| FailureV1 { step: it.step.clone(), lines: it.lines.clone() }),
    }
}

fn state(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "queued",
        RunState::Running => "running",
        RunState::WaitsForApproval => "waits-for-approval",
        RunState::Completed(RunResult::Succeeded) => "succeeded",
        RunState::Completed(RunResult::PartiallySucceeded) => "partially-succeeded",
        RunState::Completed(RunResult::Failed) => "failed",
        RunState::Completed(RunResult::Canceled) => "canceled",
        RunState::Completed(RunResult::Skipped) => "skipped",
    }
}

/// The same for people; what is waited for is told elsewhere.
pub fn human(procedure: &ProcedureV1, report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, what: String| text.push_str(&format!("{name:<10}{what}\n"));
    // As it is named where it begins, and as an approval names it.
    let name = report.opened.as_ref().map_or_else(|| procedure.rotation.id.clone(), Opened::approval_name);
    line("rotation", format!("{name}: everybody to {}", procedure.to));
    if let Some(change) = &procedure.proposal {
        line("proposal", told(change, report));
    }
    if let Some(release) = &procedure.release {
        line("release", format!("{} reads {} ({})", release.branch, release.reads, shown(&release.head)));
        if let Some(change) = &release.promotion {
            line("promotion", told(change, report));
        }
    }
    if let Some(run) = stages::followed(&report.world) {
        line("run", stages::run_line(run));
        for stage in &run.stages {
            line("", stages::line(stage, report.at));
            for printed in stage.failure.iter().flat_map(|failure| &failure.lines) {
                line("", format!("  | {printed}"));
            }
        }
    }
    for deployment in stages::deployments(&report.world) {
        line("", stages::deployment_line(deployment));
    }
    text
}

fn told(change: &ChangeV1, report: &Report) -> String {
    let at = change.head.as_deref().map(|head| format!(" ({})", shown(head))).unwrap_or_default();
    match &change.pull {
        None => match opened(report, &change.branch) {
            Some(number) => format!("{number}, not looked at now: {}{at}", change.branch),
            None => format!("{}{at}", change.branch),
        },
        Some(pull) => {
            let waits =
                if pull.waits.is_empty() { String::new() } else { format!(": {}", pull.waits.join(", ")) };
            format!("#{} {} {}{waits}\n{:<10}{}{at}", pull.number, pull.state, pull.url, "", change.branch)
        }
    }
}

/// The pull request of the branch, as far as the journal knows.
fn opened(report: &Report, of: &str) -> Option<PullNumber> {
    report.steps.iter().rev().find_map(|taken| match (&taken.step, &taken.outcome) {
        (
            Step::OpenPull { branch, .. } | Step::OpenPromotion { branch, .. },
            Some((_, Outcome::Applied { produced: Produced::Pull(number) })),
        ) if branch.as_str() == of => Some(*number),
        _ => None,
    })
}

fn shown(commit: &str) -> String {
    CommitId::new(commit).short().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HoldKind, StageEffect, StageFailure, StageHold};

    #[test]
    fn a_stage_is_told_with_its_attempt_what_holds_it_and_what_failed() {
        let hold = StageHold {
            kind: HoldKind::Approval,
            name: "Approval".to_owned(),
            who: vec!["Ada".to_owned()],
            url: String::new(),
        };
        let effects = Some(vec![StageEffect::WritesVaults]);
        let waiting = StageView {
            attempt: 2,
            holds: vec![hold],
            ..StageView::new("infra", RunState::WaitsForApproval, effects)
        };
        let told = stage(&waiting);
        assert_eq!((told.attempt, told.held_by.as_slice()), (2, &["approval by Ada".to_owned()][..]));
        assert_eq!(told.effects, Some(vec!["writes-vaults".to_owned()]));
        let failed = StageView {
            failure: Some(StageFailure { step: "apply".to_owned(), lines: vec!["no".to_owned()] }),
            ..StageView::new("surprise", RunState::Completed(RunResult::Failed), None)
        };
        let told = stage(&failed);
        assert_eq!((told.state.as_str(), told.effects), ("failed", None));
        assert_eq!(told.failure.map(|failure| failure.lines), Some(vec!["no".to_owned()]));
    }
}

//! What will be done, for machines: the code, how the change comes into the vaults, and the waves.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::super::branch_rules;
use super::super::foresight::{ChangedLine, Code};
use super::times::{EstimateV1, estimate};
use crate::model::{Merging, Promotion, Propagation, Route};
use crate::rotation::{Course, Foresight, Gate, Ruled, Wave};

/// How far something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CourseV1 {
    ToCome,
    Running,
    Done,
}

impl From<Course> for CourseV1 {
    fn from(course: Course) -> CourseV1 {
        match course {
            Course::ToCome => CourseV1::ToCome,
            Course::Running => CourseV1::Running,
            Course::Done => CourseV1::Done,
        }
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PhaseCourseV1 {
    pub phase: String,
    pub course: CourseV1,
}

/// A regeneration of the key that everybody is to move to, before anybody does.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RenewalV1 {
    /// The slot whose key it is: what `--approve` takes for it.
    pub slot: String,
    /// How old the key is; null where nobody knows.
    pub age_seconds: Option<u64>,
    /// How old the policy allows it to be.
    pub max_age_seconds: u64,
    pub course: CourseV1,
    /// What `--accept` takes to have its age accepted instead; null where it is under way or done.
    pub accept: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CodeV1 {
    /// The files that change; empty where nothing is left to change, or where it cannot be changed.
    pub files: Vec<FileV1>,
    /// Why it cannot be changed, in words.
    pub refused: Vec<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FileV1 {
    pub path: String,
    pub lines: Vec<LineV1>,
}

/// One line, without the blanks around it. Whatever looks like a key is hidden.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LineV1 {
    /// From 1.
    pub line: usize,
    pub before: String,
    pub after: String,
}

/// How the change comes into the vaults.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RouteV1 {
    /// `hotfix`, `next-release` or `vault-first`.
    pub name: String,
    /// Who merges the pull request: `people`, `forge` or `keyslot`.
    pub merged_by: String,
    /// How it comes to the live release: `push` or `pull-request`; null where the next release brings it along.
    pub promoted_by: Option<String>,
    /// Who writes the vaults: `pipeline` (of the release that carries the change) or `keyslot`.
    pub vaults_written_by: String,
    /// What the forge's rules ask for before something is done with a branch.
    pub asked: Vec<AskedV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AskedV1 {
    pub branch: String,
    /// In words, which may change.
    pub asks_for: Vec<String>,
}

/// Stamps that are restarted at the same time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaveV1 {
    /// From 1.
    pub wave: usize,
    pub canary: bool,
    pub course: CourseV1,
    pub stamps: Vec<StampCourseV1>,
    /// What is restarted in each stamp, one after the other.
    pub workloads: Vec<String>,
    /// How long those of its restarts may take that are not over; null where all are.
    pub rollout: Option<EstimateV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StampCourseV1 {
    pub stamp: String,
    pub course: CourseV1,
    /// How long its restarts may take; null where they are over.
    pub rollout: Option<EstimateV1>,
}

pub(super) fn phases(foresight: &Foresight) -> Vec<PhaseCourseV1> {
    let all = foresight.courses.iter();
    all.map(|(phase, course)| PhaseCourseV1 { phase: phase.to_string(), course: (*course).into() }).collect()
}

pub(super) fn renewal(foresight: &Foresight) -> Option<RenewalV1> {
    let renewal = foresight.renewal.as_ref()?;
    let slot = foresight.opened.to();
    let to_come = renewal.course == Course::ToCome;
    Some(RenewalV1 {
        slot: slot.to_string(),
        age_seconds: renewal.age.map(|age| age.as_secs()),
        max_age_seconds: renewal.max.as_secs(),
        course: renewal.course.into(),
        accept: to_come.then(|| format!("{}:{slot}", Gate::TargetYoung)),
    })
}

pub(super) fn code(changes: &Code) -> CodeV1 {
    let (changes, refused) = match changes {
        Ok(changes) => (changes.as_slice(), Vec::new()),
        Err(refused) => (&[][..], refused.clone()),
    };
    let mut files: BTreeMap<&str, Vec<LineV1>> = BTreeMap::new();
    for ChangedLine { path, line, before, after } in changes {
        let line = LineV1 { line: *line, before: before.clone(), after: after.clone() };
        files.entry(path).or_default().push(line);
    }
    let files = files.into_iter().map(|(path, lines)| FileV1 { path: path.to_owned(), lines });
    CodeV1 { files: files.collect(), refused }
}

pub(super) fn route(foresight: &Foresight) -> RouteV1 {
    let route = foresight.opened.route;
    let promoted_by = match foresight.promotion {
        Promotion::Push => "push",
        Promotion::PullRequest => "pull-request",
    };
    RouteV1 {
        name: match route {
            Route::Hotfix => "hotfix",
            Route::NextRelease => "next-release",
            Route::VaultFirst => "vault-first",
        }
        .to_owned(),
        merged_by: match foresight.merging {
            Merging::People => "people",
            Merging::Auto => "forge",
            Merging::Keyslot => "keyslot",
        }
        .to_owned(),
        promoted_by: (route != Route::NextRelease).then(|| promoted_by.to_owned()),
        vaults_written_by: match foresight.propagation {
            Propagation::Pipeline => "pipeline",
            Propagation::Write => "keyslot",
        }
        .to_owned(),
        asked: foresight.ruled.iter().filter_map(asked).collect(),
    }
}

fn asked(ruled: &Ruled) -> Option<AskedV1> {
    let asks_for = branch_rules::asked_for(ruled);
    (!asks_for.is_empty()).then(|| AskedV1 { branch: ruled.branch.to_string(), asks_for })
}

pub(super) fn waves(foresight: &Foresight) -> Vec<WaveV1> {
    let numbered = foresight.waves.iter().enumerate();
    numbered.map(|(at, one)| wave(foresight, at + 1, one)).collect()
}

fn wave(foresight: &Foresight, number: usize, wave: &Wave) -> WaveV1 {
    let stamps = wave.stamps.iter().map(|(stamp, course)| StampCourseV1 {
        stamp: stamp.to_string(),
        course: (*course).into(),
        rollout: foresight.rollouts.get(stamp).filter(|_| *course != Course::Done).copied().map(estimate),
    });
    let course = wave.course();
    WaveV1 {
        wave: number,
        canary: wave.canary,
        course: course.into(),
        stamps: stamps.collect(),
        workloads: foresight.workloads.iter().map(ToString::to_string).collect(),
        rollout: (course != Course::Done).then(|| estimate(foresight.rollout_of(wave))),
    }
}

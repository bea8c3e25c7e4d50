//! Which stages a run started by keyslot has, and what they do.

use std::collections::BTreeSet;

use super::{Checked, Problem, keys};
use crate::cli::settings::read::nearest;
use crate::cli::settings::{PipelineKind, PipelineSettings, StageSettings};
use crate::model::StageEffect;

pub(super) fn check(pipeline: &PipelineSettings) -> Checked {
    let below = |problem: Problem| problem.below(&keys(["release", "pipeline"]));
    match pipeline.kind {
        PipelineKind::Manual => stage_names(pipeline).map_err(below),
        PipelineKind::AzureDevops => azure_devops(pipeline)
            .and_then(|()| stage_names(pipeline))
            .and_then(|()| stage_effects(pipeline))
            .map_err(below),
    }
}

fn azure_devops(pipeline: &PipelineSettings) -> Checked {
    let PipelineSettings { organization, project, pipeline: number, .. } = pipeline;
    for (key, missing) in [
        ("organization", organization.as_deref().is_none_or(str::is_empty)),
        ("project", project.as_deref().is_none_or(str::is_empty)),
        ("pipeline", number.is_none()),
    ] {
        if missing {
            let what = format!("the key {key} is missing: Azure DevOps wants to know it");
            return Err(Problem::new(keys([key]), what, format!("add {key}, or say kind = \"manual\"")));
        }
    }
    Ok(())
}

fn stage_names(pipeline: &PipelineSettings) -> Checked {
    let mut names = BTreeSet::new();
    for (index, stage) in pipeline.stages.iter().enumerate() {
        if !names.insert(stage.name.as_str()) {
            let path = vec!["stage".into(), index.into(), "name".into()];
            return Err(Problem::new(path, "this stage is described twice", "remove one of the two"));
        }
    }
    for (index, skipped) in pipeline.skip.iter().enumerate() {
        if !names.contains(skipped.as_str()) {
            let known: Vec<&str> = names.iter().copied().collect();
            let remedy = nearest(skipped, &known);
            let path = vec!["skip".into(), index.into()];
            let what = format!("no stage “{skipped}” is described");
            return Err(Problem::new(
                path,
                what,
                remedy.unwrap_or_else(|| "add a stage of this name".into()),
            ));
        }
    }
    Ok(())
}

/// A run is started only when it is known what its stages do, and never with one that moves traffic or
/// destroys the unit behind.
fn stage_effects(pipeline: &PipelineSettings) -> Checked {
    let runs = |stage: &&StageSettings| !pipeline.skip.contains(&stage.name);
    for (index, stage) in pipeline.stages.iter().enumerate().filter(|(_, stage)| runs(stage)) {
        let harm = stage.effects.iter().find_map(|effect| match effect {
            StageEffect::SwitchesTraffic => Some("moves traffic"),
            StageEffect::Destroys => Some("destroys a release unit"),
            StageEffect::WritesVaults | StageEffect::RollsPods => None,
        });
        if let Some(harm) = harm {
            let what = format!("the stage “{}” {harm} and would run", stage.name);
            let path = vec!["stage".into(), index.into(), "name".into()];
            return Err(Problem::new(path, what, "add its name to skip"));
        }
    }
    let writes = |stage: &StageSettings| stage.effects.contains(&StageEffect::WritesVaults);
    if !pipeline.stages.iter().filter(runs).any(writes) {
        let what = "no stage that runs is said to write the vaults";
        let remedy = "describe the stages, one of them with effects = [\"writes-vaults\"]";
        return Err(Problem::new(keys(["stage"]), what, remedy));
    }
    Ok(())
}

//! Which stages a run started by keyslot has, and what they do.

use std::collections::BTreeSet;

use super::{Checked, Problem, keys};
use crate::cli::settings::read::nearest;
use crate::cli::settings::{PipelineKind, PipelineSettings, ReleaseSettings, StageSettings, Trigger};
use crate::model::StageEffect;

pub(super) fn check(pipeline: &PipelineSettings) -> Checked {
    let below = |problem: Problem| problem.below(&keys(["release", "pipeline"]));
    match pipeline.kind {
        PipelineKind::Manual => actions_only(pipeline).and_then(|()| stage_names(pipeline)).map_err(below),
        PipelineKind::AzureDevops => azure_devops(pipeline, BY_HAND)
            .and_then(|()| actions_only(pipeline))
            .and_then(|()| stages(pipeline))
            .map_err(below),
        PipelineKind::GithubActions => {
            github_actions(pipeline, BY_HAND).and_then(|()| stages(pipeline)).map_err(below)
        }
    }
}

/// What else there is to say where no pipeline of these kinds is meant.
const BY_HAND: &str = "say kind = \"manual\"";
const NO_VALIDATION: &str = "leave out [environment.NAME.release.validation]";

/// The pipeline that validates pull requests: it reports a check that somebody waits for, and touches nothing of the
/// environment.
pub(super) fn validation(release: &ReleaseSettings) -> Checked {
    let Some(validation) = &release.validation else { return Ok(()) };
    let pipeline = validation.as_pipeline();
    let kind = match pipeline.kind {
        PipelineKind::AzureDevops => {
            azure_devops(&pipeline, NO_VALIDATION).and_then(|()| actions_only(&pipeline))
        }
        PipelineKind::GithubActions => github_actions(&pipeline, NO_VALIDATION),
        PipelineKind::Manual => Err(Problem::new(
            keys(["kind"]),
            "a validation that keyslot neither sees nor starts needs no words",
            format!("{NO_VALIDATION}, or say azure-devops or github-actions"),
        )),
    };
    let checked = kind
        .and_then(|()| stage_names(&pipeline))
        .and_then(|()| touches_nothing(&pipeline))
        .and_then(|()| is_another(&pipeline, &release.pipeline));
    let reported = checked.and_then(|()| match release.forge.validation.is_empty() {
        true => Err(Problem::new(
            Vec::new(),
            "no check is named that this pipeline reports",
            "name it with validation = [\"…\"] under [environment.NAME.release.forge]",
        )),
        false => Ok(()),
    });
    reported.map_err(|problem| problem.below(&keys(["release", "validation"])))
}

fn touches_nothing(pipeline: &PipelineSettings) -> Checked {
    let runs = |stage: &&StageSettings| !pipeline.skip.contains(&stage.name);
    let acts = pipeline.stages.iter().enumerate().filter(|(_, stage)| runs(stage));
    for (index, stage) in acts {
        if let Some(effect) = stage.effects.first() {
            let what = format!(
                "the stage “{}” would run, and {} is more than a validation",
                stage.name,
                effect.as_str()
            );
            let path = vec!["stage".into(), index.into(), "name".into()];
            return Err(Problem::new(path, what, "add its name to skip"));
        }
    }
    Ok(())
}

/// Before a review nothing of the release may run, whatever its stages are said to do here.
fn is_another(validation: &PipelineSettings, release: &PipelineSettings) -> Checked {
    if validation.is_same(release) {
        let what = "this is the release pipeline, and a validation starts before anybody has reviewed";
        let remedy = format!("name another pipeline, or {NO_VALIDATION}");
        return Err(Problem::new(keys(["pipeline"]), what, remedy));
    }
    for (index, stage) in validation.stages.iter().enumerate() {
        let acts = |other: &&StageSettings| other.name == stage.name && !other.effects.is_empty();
        if let Some(other) =
            release.stages.iter().find(acts).filter(|_| !validation.skip.contains(&stage.name))
        {
            let effects: Vec<&str> = other.effects.iter().map(|effect| effect.as_str()).collect();
            let what = format!(
                "a stage of this name in the release pipeline does something ({}), and here it is said to do nothing",
                effects.join(", ")
            );
            let path = vec!["stage".into(), index.into(), "name".into()];
            return Err(Problem::new(path, what, "add its name to skip, or call one of the two otherwise"));
        }
    }
    Ok(())
}

fn stages(pipeline: &PipelineSettings) -> Checked {
    stage_names(pipeline).and_then(|()| accepted(pipeline)).and_then(|()| stage_effects(pipeline))
}

/// Keys that only a workflow has.
fn actions_only(pipeline: &PipelineSettings) -> Checked {
    for (key, given) in [
        ("trigger", pipeline.trigger != Trigger::Dispatch),
        ("skip_input", pipeline.skip_input.is_some()),
        ("environments", !pipeline.environments.is_empty()),
    ] {
        if given {
            let what = format!("{key} is for GitHub Actions");
            return Err(Problem::new(keys([key]), what, "remove it, or say kind = \"github-actions\""));
        }
    }
    Ok(())
}

/// A workflow leaves jobs out only through an input of its own, and not at all where the push starts it.
fn github_actions(pipeline: &PipelineSettings, otherwise: &str) -> Checked {
    if pipeline.pipeline.is_none() {
        let what = "the key pipeline is missing: it names the workflow's file, as \"release.yml\"";
        return Err(Problem::new(keys(["pipeline"]), what, format!("add pipeline, or {otherwise}")));
    }
    if pipeline.trigger == Trigger::Push {
        for (key, given) in [
            ("skip", !pipeline.skip.is_empty()),
            ("skip_input", pipeline.skip_input.is_some()),
            ("parameters", !pipeline.parameters.is_empty()),
        ] {
            if given {
                let what = format!("a run that the push starts takes nothing from keyslot, {key} neither");
                let remedy = "remove it, or say trigger = \"dispatch\"";
                return Err(Problem::new(keys([key]), what, remedy));
            }
        }
    }
    if !pipeline.skip.is_empty() && pipeline.skip_input.is_none() {
        let what = "GitHub Actions leave no jobs out by themselves: the workflow needs an input for it";
        let remedy = "name that input as skip_input";
        return Err(Problem::new(keys(["skip"]), what, remedy));
    }
    Ok(())
}

/// Who accepts a stage says which and why.
fn accepted(pipeline: &PipelineSettings) -> Checked {
    let described: Vec<&str> = pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
    for (index, name) in pipeline.accept.iter().enumerate() {
        if !described.contains(&name.as_str()) {
            let path = vec!["accept".into(), index.into()];
            let remedy = nearest(name, &described).unwrap_or_else(|| "add a stage of this name".into());
            return Err(Problem::new(path, format!("no stage “{name}” is described"), remedy));
        }
    }
    let reason = pipeline.because.as_deref().is_some_and(|because| !because.trim().is_empty());
    if !pipeline.accept.is_empty() && !reason {
        let what = "stages are accepted, and nobody says why";
        return Err(Problem::new(keys(["accept"]), what, "add because = \"…\" beside it"));
    }
    Ok(())
}

fn azure_devops(pipeline: &PipelineSettings, otherwise: &str) -> Checked {
    let PipelineSettings { organization, project, pipeline: number, .. } = pipeline;
    for (key, missing) in [
        ("organization", organization.as_deref().is_none_or(str::is_empty)),
        ("project", project.as_deref().is_none_or(str::is_empty)),
        ("pipeline", number.is_none()),
    ] {
        if missing {
            let what = format!("the key {key} is missing: Azure DevOps wants to know it");
            return Err(Problem::new(keys([key]), what, format!("add {key}, or {otherwise}")));
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

/// A run is started only when it is known what its stages do, and never with one that moves traffic or destroys the unit
/// behind, unless a person has accepted that one by name.
fn stage_effects(pipeline: &PipelineSettings) -> Checked {
    let runs = |stage: &&StageSettings| !pipeline.skip.contains(&stage.name);
    let unanswered = |stage: &StageSettings| runs(&stage) && !pipeline.accept.contains(&stage.name);
    for (index, stage) in pipeline.stages.iter().enumerate().filter(|(_, stage)| unanswered(stage)) {
        let harm = stage.effects.iter().find_map(|effect| match effect {
            StageEffect::SwitchesTraffic => Some("moves traffic"),
            StageEffect::Destroys => Some("destroys a release unit"),
            StageEffect::WritesVaults | StageEffect::ChangesAccount | StageEffect::RollsPods => None,
        });
        if let Some(harm) = harm {
            let what = format!("the stage “{}” {harm} and would run", stage.name);
            let path = vec!["stage".into(), index.into(), "name".into()];
            let remedy = "add its name to skip; or to accept, with because, where it may run all the same";
            return Err(Problem::new(path, what, remedy));
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

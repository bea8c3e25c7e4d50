//! The release procedure: its branch, its words, its token, and what commits.

use super::{Checked, Problem, keys};
use crate::cli::settings::{CommitBy, Environment, PipelineKind, ReleaseSettings};
use crate::model::{Promotion, Propagation, Route};
use crate::render::pull_request::{PLACEHOLDERS, unknown_placeholders};

/// Which of two places counts would be anybody's guess.
pub(super) fn one_token(environment: &Environment) -> Checked {
    let forge = &environment.release.forge;
    if forge.token.is_some() && forge.app.is_some() {
        let what = "GitHub tokens come from an App or from another place, not from both";
        return Err(Problem::new(keys(["release", "forge", "token"]), what, "leave out `token`, or the App"));
    }
    Ok(())
}

/// GitHub signs what it commits.
pub(super) fn commits(environment: &Environment) -> Checked {
    let terraform = &environment.terraform;
    if terraform.commit == CommitBy::Api && terraform.sign.is_some() {
        let what = "GitHub signs the commits that it makes, so nothing is to be said of how they are signed";
        return Err(Problem::new(
            keys(["terraform", "sign"]),
            what,
            "leave out `sign`, or `commit = \"api\"`",
        ));
    }
    Ok(())
}

/// It is read from a commit, not from a disk.
pub(super) fn baseline(environment: &Environment) -> Checked {
    let Some(path) = &environment.terraform.baseline else { return Ok(()) };
    let in_repository = |part: &str| !matches!(part, "" | "." | "..");
    if path.split('/').all(in_repository) {
        return Ok(());
    }
    let what = format!("“{path}” is no path of a file in the repository");
    let remedy = "write it from the repository's top, as \"infra/known.json\"";
    Err(Problem::new(keys(["terraform", "baseline"]), what, remedy))
}

pub(super) fn release_branch(environment: &Environment) -> Checked {
    let release = &environment.release;
    let base = &environment.terraform.base_branch;
    if release.route == Route::VaultFirst {
        let what = "this route is not built yet";
        return Err(Problem::new(keys(["release", "route"]), what, "write route = \"hotfix\""));
    }
    if release.promote == Promotion::PullRequest && release.branch.is_none() {
        let what = "there is no release branch to promote to";
        let remedy = "name it: `branch` under [environment.NAME.release]; or remove this line";
        return Err(Problem::new(keys(["release", "promote"]), what, remedy));
    }
    words(release)?;
    if release.propagate == Propagation::Write && release.pipeline.kind != PipelineKind::Manual {
        let what = "a pipeline writes the vaults, and so would keyslot";
        let remedy = "say kind = \"manual\" under pipeline where there is none, or remove this line";
        return Err(Problem::new(keys(["release", "propagate"]), what, remedy));
    }
    if release.branch.as_ref().is_some_and(|branch| branch.is_empty() || branch == base) {
        let what = "the release branch is another than the base branch";
        let remedy = "remove the key where base itself is deployed";
        return Err(Problem::new(keys(["release", "branch"]), what, remedy));
    }
    Ok(())
}

/// What commits and pull requests say.
fn words(release: &ReleaseSettings) -> Checked {
    for (key, text) in [
        ("template", &release.template),
        ("title", &release.title),
        ("commit_message", &release.commit_message),
    ] {
        let Some(text) = text else { continue };
        let wrong = |what: String, remedy: &str| Err(Problem::new(keys(["release", key]), what, remedy));
        if let [name, ..] = unknown_placeholders(text).as_slice() {
            let known: Vec<String> = PLACEHOLDERS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
            let remedy = format!("write one of {}", known.join(", "));
            return wrong(format!("{{{name}}} stands for nothing"), &remedy);
        }
        if key != "template" && text.trim().is_empty() {
            return wrong("it says nothing".to_owned(), "write what it shall say, or remove this line");
        }
        if key == "title" && text.trim().contains('\n') {
            return wrong("a title is one line".to_owned(), "put what else there is to say into `template`");
        }
    }
    Ok(())
}

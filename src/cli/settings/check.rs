//! What single values cannot tell: names that come twice, stages that would harm, clocks that must not run fast.

mod clock;
mod declared;
mod names;
mod pipeline;
mod policy;
mod readers;
mod release;
mod stamps;
mod workloads;

use std::path::Path;

use self::declared::declared;
use self::names::{environment_name, state, texts};
use self::policy::waits;
use self::readers::readers;
use self::release::{baseline, commits, one_token, release_branch};
use self::stamps::stamps;
use self::workloads::workloads;
use super::Settings;
use super::places::Step;

/// One thing that is wrong, by the path of its key.
pub(super) struct Problem {
    pub(super) path: Vec<Step>,
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Problem {
    fn new(path: Vec<Step>, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { path, what: what.into(), remedy: remedy.into() }
    }

    fn below(mut self, steps: &[Step]) -> Problem {
        self.path.splice(0..0, steps.iter().cloned());
        self
    }
}

type Checked = Result<(), Problem>;

/// The first thing that is wrong.
pub(super) fn problem(settings: &Settings, file: &Path) -> Option<Problem> {
    all(settings, file).err()
}

fn all(settings: &Settings, file: &Path) -> Checked {
    let speed = settings.endpoints.clock.as_ref().map_or(1.0, |clock| clock.speed);
    for (name, environment) in &settings.environments {
        let path = keys(["environment", name.as_str()]);
        environment_name(name)
            .and_then(|()| state(environment, file))
            .and_then(|()| texts(environment))
            .and_then(|()| stamps(environment))
            .and_then(|()| workloads(environment))
            .and_then(|()| pipeline::check(&environment.release.pipeline))
            .and_then(|()| pipeline::validation(&environment.release))
            .and_then(|()| one_token(environment))
            .and_then(|()| commits(environment))
            .and_then(|()| baseline(environment))
            .and_then(|()| waits(environment, speed))
            .and_then(|()| readers(environment))
            .and_then(|()| release_branch(environment))
            .map_err(|problem| problem.below(&path))?;
    }
    declared(settings)?;
    resolve(settings)?;
    clock::check(settings, file)
}

/// `*` stands only for everything below a domain.
fn resolve(settings: &Settings) -> Checked {
    for name in settings.endpoints.resolve.keys() {
        let bare = name.strip_prefix("*.").unwrap_or(name);
        if bare.is_empty() || bare.starts_with('.') || bare.contains(['*', '/', ':']) {
            let what = "neither a host nor “*.” and a domain";
            return Err(Problem::new(keys(["endpoints", "resolve", name]), what, "write \"*.example.com\""));
        }
    }
    Ok(())
}

fn keys<const N: usize>(names: [&str; N]) -> Vec<Step> {
    names.into_iter().map(Step::from).collect()
}

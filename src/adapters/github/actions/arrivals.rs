//! Whether a commit may come to where it starts the workflow.
//!
//! A run that nobody asks for is told nothing, so nothing is left out of it: every job of the workflow, as it is at the
//! commit, must be declared, and accepted by name where it moves traffic or destroys.

use super::workflow::Workflow;
use super::{Actions, set_off};
use crate::adapters::skips::skips_actions;
use crate::ports::{Arrival, Effect};

impl Actions {
    /// Whether somebody has answered for what the workflow would do, where the commit's coming starts it. Where pushes are
    /// what starts runs, one to the deployed branch must.
    pub(super) async fn judged_for_push(&self, arrival: &Arrival<'_>) -> Effect<()> {
        let Arrival { commit, branch, .. } = *arrival;
        let what = format!("push {} to {branch}", commit.short());
        let path = match self.file_path(&what).await {
            Ok(path) => path,
            Err(fault) => return Effect::NotSent(fault),
        };
        let wanted = arrival.deployed && !self.settings.dispatches;
        let file = match self.file(&what, &path, commit).await {
            Ok(Some(file)) => file,
            // No workflow, no run.
            Ok(None) if !wanted => return Effect::Applied(()),
            Ok(None) => return Effect::Refused(self.no_file(&what, &path, commit)),
            Err(fault) => return Effect::NotSent(fault),
        };
        let is_silent = match self.code.message(commit).await {
            Ok(message) => skips_actions(&message),
            Err(fault) => return Effect::NotSent(fault),
        };
        let end = arrival.end();
        let silenced = is_silent && arrival.into.is_none();
        let judge = |workflow: &Workflow| {
            let causes = set_off::causes(workflow.on(), arrival, is_silent);
            if !causes.is_empty() {
                workflow.judged_as_set_off(&self.settings, &causes.join(" and "))?;
            }
            match wanted && (silenced || !workflow.is_started_by_push(end.as_str())) {
                false => Ok(()),
                true if silenced => {
                    let why = format!(
                        "the commit's message says that its push to {end} starts nothing, and keyslot starts none"
                    );
                    Err((why, "bring the change without such words (`[skip ci]` and the like)"))
                }
                true => {
                    let why = format!(
                        "at this commit no push to {end} starts the workflow, and keyslot starts none"
                    );
                    Err((why, "give it `on: push` for this branch, or say trigger = \"dispatch\""))
                }
            }
        };
        match self.judged_file(&what, &path, commit, &file, judge) {
            Ok(()) => Effect::Applied(()),
            Err(fault) => Effect::Refused(fault),
        }
    }
}

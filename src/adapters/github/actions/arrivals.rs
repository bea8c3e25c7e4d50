//! Whether a commit may come to where it starts the workflow.
//!
//! A run that nobody asks for is told nothing, so nothing is left out of it: every job of the workflow, as it is where GitHub
//! takes it from (the commit, or the tip of the default branch), must be declared, and accepted by name where it moves traffic
//! or destroys.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::workflow::Workflow;
use super::{Actions, set_off};
use crate::adapters::skips::skips_actions;
use crate::model::{Blindness, BranchName, CommitId};
use crate::ports::{Arrival, Effect, Fault};

/// Of more branches the files are not read one by one.
const MOST_TIPS: usize = 200;

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
        match self.judged_elsewhere(&what, &path, arrival).await {
            Ok(()) => self.judged_at_commit(&what, &path, arrival).await,
            Err(end) => end,
        }
    }

    async fn judged_at_commit(&self, what: &str, path: &str, arrival: &Arrival<'_>) -> Effect<()> {
        let commit = arrival.commit;
        let wanted = arrival.deployed && !self.settings.dispatches;
        let file = match self.file(what, path, commit).await {
            Ok(Some(file)) => file,
            // No workflow, no run.
            Ok(None) if !wanted => return Effect::Applied(()),
            Ok(None) => return Effect::Refused(self.no_file(what, path, commit)),
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
        match self.judged_file(what, path, commit, &file, judge) {
            Ok(()) => Effect::Applied(()),
            Err(fault) => Effect::Refused(fault),
        }
    }

    /// The same for what GitHub takes from another commit than this one, by the events that it does so for. Which branch is
    /// the default one is asked only where it matters.
    async fn judged_elsewhere(
        &self,
        what: &str,
        path: &str,
        arrival: &Arrival<'_>,
    ) -> Result<(), Effect<()>> {
        let tips = self.code.fetch().await.map_err(Effect::NotSent)?;
        if self.judged_whatever_the_default(what, path, arrival, &tips).await {
            return Ok(());
        }
        let default = self.default_branch(what).await.map_err(Effect::NotSent)?;
        let tip = tips.get(&default).ok_or_else(|| {
            let why = format!("there is no {default}, of which GitHub says that it is the default branch");
            Effect::NotSent(Fault::new(Blindness::Missing, what, self.subject(), why))
        })?;
        let by_default = |workflow: &Workflow| set_off::causes_by_default(workflow.on(), arrival);
        let by_base = by_base(arrival);
        self.judged_there(what, path, tip, by_default).await?;
        match *arrival.end() == default {
            true => self.judged_there(what, path, arrival.commit, by_default).await,
            false => self.judged_there(what, path, arrival.beneath, by_base).await,
        }
    }

    /// Whether somebody has answered for it, whichever of the branches is the default one.
    async fn judged_whatever_the_default(
        &self,
        what: &str,
        path: &str,
        arrival: &Arrival<'_>,
        tips: &BTreeMap<BranchName, CommitId>,
    ) -> bool {
        let tips: BTreeSet<&CommitId> = tips.values().chain([arrival.commit]).collect();
        if tips.len() > MOST_TIPS
            || self.judged_there(what, path, arrival.beneath, by_base(arrival)).await.is_err()
        {
            return false;
        }
        for tip in tips {
            let by_default = |workflow: &Workflow| set_off::causes_by_default(workflow.on(), arrival);
            if self.judged_there(what, path, tip, by_default).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn judged_there(
        &self,
        what: &str,
        path: &str,
        commit: &CommitId,
        causes: impl Fn(&Workflow) -> Vec<String>,
    ) -> Result<(), Effect<()>> {
        let Some(file) = self.file(what, path, commit).await.map_err(Effect::NotSent)? else { return Ok(()) };
        let judge = |workflow: &Workflow| match causes(workflow) {
            causes if causes.is_empty() => Ok(()),
            causes => workflow.judged_as_set_off(&self.settings, &causes.join(" and ")),
        };
        self.judged_file(what, path, commit, &file, judge).map_err(Effect::Refused)
    }

    async fn default_branch(&self, what: &str) -> Result<BranchName, Fault> {
        let path = format!("/repos/{}/{}", self.settings.owner, self.settings.repository);
        let repository: Repository = self.client.read(what, &self.subject(), &path, &[]).await?;
        Ok(BranchName::new(repository.default_branch))
    }
}

fn by_base(arrival: &Arrival<'_>) -> impl Fn(&Workflow) -> Vec<String> {
    |workflow| set_off::cause_by_base(workflow.on(), arrival).into_iter().collect()
}

#[derive(Deserialize)]
struct Repository {
    default_branch: String,
}

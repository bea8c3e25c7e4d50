//! Deployments to the environments of the repository, whoever makes them: a job of any workflow, or somebody with the API.
//!
//! A deployment says what is deployed, its statuses how it stands; in which order they come is not promised. One that has
//! none has not begun.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::client::segment;
use super::super::web_of;
use super::Actions;
use crate::model::{Blindness, BranchName, CommitId, DeploymentState, DeploymentView};
use crate::ports::Fault;

/// How many of each environment are looked at however old they are.
pub(super) const RECENT: usize = 10;

/// What has not begun for so long never will: GitHub lets a job wait for its environment for thirty days.
const WAITS: SignedDuration = SignedDuration::from_hours(31 * 24);

#[derive(Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    /// As GraphQL calls it.
    #[serde(default)]
    pub(super) node_id: String,
    #[serde(default)]
    sha: String,
    #[serde(rename = "ref", default)]
    of: String,
    #[serde(default)]
    environment: String,
    creator: Option<Person>,
    created_at: Timestamp,
}

#[derive(Deserialize)]
struct Person {
    #[serde(default)]
    login: String,
}

#[derive(Clone, Deserialize)]
pub(super) struct Status {
    id: u64,
    #[serde(default)]
    state: String,
    created_at: Timestamp,
    #[serde(default)]
    log_url: Option<String>,
    #[serde(default)]
    target_url: Option<String>,
}

impl Status {
    /// What GraphQL tells: in capitals, and without a number.
    pub(super) fn told(state: &str, created_at: Timestamp, log_url: Option<String>) -> Status {
        Status { id: 0, state: state.to_lowercase(), created_at, log_url, target_url: None }
    }

    /// Words that we do not know are no end.
    pub(super) fn state(&self) -> DeploymentState {
        match self.state.as_str() {
            "success" => DeploymentState::Succeeded,
            "failure" | "error" => DeploymentState::Failed,
            "inactive" => DeploymentState::Inactive,
            "in_progress" => DeploymentState::Running,
            _ => DeploymentState::Waiting,
        }
    }

    fn url(&self) -> Option<String> {
        let filled = |url: &Option<String>| url.clone().filter(|url| !url.is_empty());
        filled(&self.log_url).or_else(|| filled(&self.target_url))
    }
}

pub(super) fn may_still_begin(created: Timestamp, now: Timestamp) -> bool {
    now.checked_sub(WAITS).is_ok_and(|since| created >= since)
}

/// The newest, by time and then by number.
fn newest(statuses: Vec<Status>) -> Option<Status> {
    statuses.into_iter().max_by_key(|status| (status.created_at, status.id))
}

impl Deployment {
    fn view(self, status: Option<&Status>, page: String) -> DeploymentView {
        DeploymentView {
            environment: self.environment,
            of: BranchName::new(self.of),
            commit: CommitId::new(&self.sha),
            by: self.creator.map(|person| person.login).unwrap_or_default(),
            state: status.map_or(DeploymentState::Waiting, Status::state),
            since: status.map_or(self.created_at, |status| status.created_at),
            url: status.and_then(Status::url).unwrap_or(page),
        }
    }
}

impl Actions {
    pub(super) async fn list_deployments(&self) -> Result<Vec<DeploymentView>, Fault> {
        let (path, subject) = (self.path("deployments"), self.subject());
        let now = self.clock.now();
        let mut all = Vec::new();
        for environment in &self.settings.environments {
            let query = [("environment", environment.as_str())];
            let what = format!("list the deployments to {environment}");
            let recent = |one: &Deployment| may_still_begin(one.created_at, now);
            let over = |page: &[Deployment]| !page.iter().any(recent);
            let mut listed: Vec<Deployment> =
                self.client.pages_until(&what, &subject, &path, (&query, ""), over).await?;
            if listed.is_empty() {
                self.is_there(environment).await?;
            }
            listed.sort_by_key(|deployment| std::cmp::Reverse((deployment.created_at, deployment.id)));
            let kept = listed.iter().take_while(|one| recent(one)).count().max(RECENT);
            listed.truncate(kept);
            self.learn_ends(environment, &listed).await?;
            for (place, deployment) in listed.into_iter().enumerate() {
                let status = self.status_of(&deployment, place == 0).await?;
                all.push((deployment.created_at, deployment.view(status.as_ref(), self.web_page())));
            }
        }
        all.retain(|(created, view)| view.state.is_over() || may_still_begin(*created, now));
        all.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
        Ok(all.into_iter().map(|(_, view)| view).collect())
    }

    /// An environment that nobody deploys to has no deployments, and neither has one that does not exist. Whether it does is
    /// asked once; whoever may not know takes the name on trust.
    async fn is_there(&self, environment: &str) -> Result<(), Fault> {
        if self.environments.lock().await.contains(environment) {
            return Ok(());
        }
        let what = format!("look up the environment {environment}");
        let path = self.path(&format!("environments/{}", segment(environment)));
        match self.client.read::<IgnoredAny>(&what, &self.subject(), &path, &[]).await {
            Err(fault) if fault.kind == Blindness::Missing => {
                let why = format!(
                    "the repository has no environment “{environment}”, or the token may not know of it"
                );
                let remedy = "correct `environments` under [environment.NAME.release.pipeline]; the token needs Actions (read)";
                return Err(Fault::new(Blindness::Missing, what, self.subject(), why).remedy(remedy));
            }
            Err(fault) if fault.kind != Blindness::Forbidden => return Err(fault),
            Ok(_) | Err(_) => {}
        }
        self.environments.lock().await.insert(environment.to_owned());
        Ok(())
    }

    /// Its newest status. Of an older one that has ended it is known.
    async fn status_of(&self, deployment: &Deployment, is_newest: bool) -> Result<Option<Status>, Fault> {
        let known = self.deployed.lock().await.get(&deployment.id).cloned();
        if let Some(known) = known.filter(|_| !is_newest) {
            return Ok(Some(known));
        }
        let what = format!("read how deployment {} stands", deployment.id);
        let path = self.path(&format!("deployments/{}/statuses", deployment.id));
        let status = newest(self.client.pages(&what, &self.subject(), &path, "").await?);
        if let Some(ended) = status.clone().filter(|status| status.state().is_over()) {
            self.deployed.lock().await.insert(deployment.id, ended);
        }
        Ok(status)
    }

    /// Where people look at deployments, beside the API's address.
    fn web_page(&self) -> String {
        let mut url = web_of(&self.settings.api);
        url.set_path(&format!("{}/{}/deployments", self.settings.owner, self.settings.repository));
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn status(id: u64, state: &str, at: &str) -> Value {
        json!({ "id": id, "state": state, "created_at": at, "log_url": "", "target_url": "https://run" })
    }

    #[test]
    fn the_newest_status_counts_in_whatever_order_they_come() {
        let (early, late) = ("2026-11-27T10:00:00Z", "2026-11-27T10:05:00Z");
        let told = [status(3, "success", late), status(1, "queued", early), status(2, "in_progress", late)];
        for turn in 0..told.len() {
            let mut turned = told.to_vec();
            turned.rotate_left(turn);
            let newest = newest(serde_json::from_value(Value::Array(turned)).unwrap()).unwrap();
            assert_eq!(
                (newest.state(), newest.url().unwrap().as_str()),
                (DeploymentState::Succeeded, "https://run")
            );
        }
        assert!(newest(Vec::new()).is_none());
    }

    #[test]
    fn what_has_waited_longer_than_github_lets_it_is_no_deployment_to_come() {
        let now: Timestamp = "2026-11-27T10:00:00Z".parse().unwrap();
        assert!(may_still_begin("2026-10-29T10:00:00Z".parse().unwrap(), now));
        assert!(!may_still_begin("2026-10-26T10:00:00Z".parse().unwrap(), now));
    }

    #[test]
    fn a_word_that_nobody_knows_is_no_end() {
        let state = |word: &str| {
            serde_json::from_value::<Status>(status(1, word, "2026-11-27T10:00:00Z")).unwrap().state()
        };
        assert_eq!(
            (state("waiting"), state("dreaming")),
            (DeploymentState::Waiting, DeploymentState::Waiting)
        );
        assert!(["success", "failure", "error", "inactive"].into_iter().all(|word| state(word).is_over()));
        assert!(!state("in_progress").is_over());
    }
}

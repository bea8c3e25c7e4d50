//! The `Forge` port over GitHub's REST API (github.com or GitHub Enterprise Server), and the `Pipeline` port over its
//! Actions.
//!
//! Pull requests are read as raw JSON: octocrab's own model of one has a closed enum that a new value breaks. A
//! look at an open pull request is six or seven reads (its details, reviews, rules, the base branch and, where that is
//! protected, its protection, check runs, statuses), with the list of those from the branch before the first one; one that
//! keyslot has just opened is known from GitHub's answers to what was done to it, and only what stands around it is read.
//! Where it was approved before its last push one comparison more for it and for each head that was approved, and a question to
//! GraphQL where a rule wants what only that tells. Writes are never repeated.

pub mod actions;
mod bulletin;
mod change;
mod checks;
mod client;
mod commits;
mod demands;
mod dress;
mod graphql;
mod merge;
mod names;
mod origin;
mod protection;
mod pull;
mod refusal;
mod rules;
mod seen;
mod waits;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use url::Url;

use checks::Check;
use client::{About, Client, Sent, Write};
pub(in crate::adapters) use client::{About as OfGitHub, limits};
pub use commits::CommittedByGitHub;
use graphql::Asked;
use pull::Pull;
pub(in crate::adapters) use refusal::{limit_ends, signed_out};
use seen::{Around, Memory};
use waits::Sight;

use super::http::Http;
use super::token::TokenSource;
use crate::model::{
    Blindness, BranchName, BranchRules, CommitId, MergeMethod, PullCheck, PullDress, PullEnds, PullNumber,
    PullState, PullView,
};
use crate::ports::{Bringing, Bulletin, Clock, Effect, Fault, Forge, NewPull, Permit, Showing};

/// Where people and git look, from the API's address: github.com for `api.github.com`, NAME.ghe.com for
/// `api.NAME.ghe.com`; an own server's API is on the server itself.
pub fn web_of(api: &Url) -> Url {
    let mut web = api.clone();
    web.set_path("");
    let host = api.host_str().and_then(|host| host.strip_prefix("api."));
    if let Some(host) = host.filter(|host| is_github_com(host)) {
        // A host that follows another one's first word is one.
        let _ = web.set_host(Some(host));
    }
    web
}

/// Whether GitHub itself serves it.
pub fn is_github_com(host: &str) -> bool {
    host.eq_ignore_ascii_case("github.com") || host.to_ascii_lowercase().ends_with(".ghe.com")
}

/// What the adapter must know.
#[derive(Clone)]
pub struct GitHubSettings {
    /// `https://api.github.com`, or `https://HOST/api/v3` on an own server.
    pub api: Url,
    pub owner: String,
    pub repository: String,
    pub token: Arc<dyn TokenSource>,
    /// Checks that must pass besides those that the forge requires: a validation pipeline that no rule names.
    pub validation: Vec<String>,
    /// Whether pull requests are told how the rotation stands. Then the label for it goes along with others.
    pub board: bool,
}

/// The adapter. Cheap to clone.
#[derive(Clone)]
pub struct GitHub {
    client: Arc<Client>,
    settings: Arc<GitHubSettings>,
    seen: Arc<Memory>,
}

impl GitHub {
    pub fn new(settings: GitHubSettings, http: &Http, clock: Arc<dyn Clock>) -> GitHub {
        let client = Client::new(settings.api.clone(), settings.token.clone(), http, clock);
        GitHub { client: Arc::new(client), settings: Arc::new(settings), seen: Arc::default() }
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{}/{rest}", self.settings.owner, self.settings.repository)
    }

    fn subject(&self) -> String {
        format!("GitHub repository {}/{}", self.settings.owner, self.settings.repository)
    }

    /// The newest pull request between branches of this repository. The filters are not relied on: GitHub ignores one
    /// that it does not understand, and a fork's branch of the same name is another branch. The repository itself may have
    /// another name by now, so both ends are held against each other.
    async fn newest(&self, ends: &PullEnds) -> Result<Option<Pull>, Fault> {
        let found = self.listed(ends, &self.settings.owner).await?;
        let found = match found.is_empty() && self.client.has_moved() {
            // The filter is by the owner of now.
            true => self.listed(ends, &self.present_owner().await?).await?,
            false => found,
        };
        Ok(found.into_iter().filter(|pull| self.is_between(pull, ends)).max_by_key(|pull| pull.number))
    }

    async fn listed(&self, PullEnds { head, base }: &PullEnds, owner: &str) -> Result<Vec<Pull>, Fault> {
        let filter = format!("{owner}:{head}");
        let query = [
            ("head", filter.as_str()),
            ("base", base.as_str()),
            ("state", "all"),
            ("sort", "created"),
            ("direction", "desc"),
        ];
        let what = format!("list the pull requests from {head}");
        let listed = self.client.read(&what, &self.subject(), &self.path("pulls"), &query).await;
        listed.map_err(|fault| self.client.of_all(fault))
    }

    fn is_between(&self, pull: &Pull, PullEnds { head, base }: &PullEnds) -> bool {
        pull.is_from_its_own(head) && pull.base.branch == base.as_str()
    }

    /// The one that was open when it was last seen, while it still is: GitHub has one open pull request between two branches
    /// at most, so there is no newer one.
    async fn still_open(&self, ends: &PullEnds) -> Result<Option<Pull>, Fault> {
        let Some(number) = self.seen.open(ends) else { return Ok(None) };
        match self.single(number).await {
            Ok(pull) if pull.state() == PullState::Open && self.is_between(&pull, ends) => Ok(Some(pull)),
            Err(fault) if fault.kind != Blindness::Missing => Err(fault),
            Ok(_) | Err(_) => {
                self.seen.note_open(ends, None);
                Ok(None)
            }
        }
    }

    /// Only the single read says whether an open one can be merged.
    async fn single(&self, number: u64) -> Result<Pull, Fault> {
        let (what, subject) = (format!("read pull request #{number}"), self.subject());
        self.read_pull(About { what: &what, subject: &subject }, PullNumber(number)).await
    }

    /// The pull request as the look has it that has just been taken; else a new one.
    async fn look(&self, about: About<'_>, number: PullNumber) -> Result<Arc<Pull>, Fault> {
        if let Some(pull) = self.seen.looked(number.0, self.client.now()) {
            return Ok(pull);
        }
        self.read_pull(about, number).await.map(Arc::new)
    }

    async fn read_pull(&self, about: About<'_>, number: PullNumber) -> Result<Pull, Fault> {
        let path = self.path(&format!("pulls/{}", number.0));
        self.client.read(about.what, about.subject, &path, &[]).await
    }

    /// What one that was read by itself, or is over, waits for.
    async fn view(&self, pull: &Pull) -> Result<PullView, Fault> {
        let (what, subject) = (format!("read pull request #{}", pull.number), self.subject());
        if pull.state() == PullState::Closed {
            return Ok(view(pull));
        }
        let path = self.path(&format!("pulls/{}/reviews", pull.number));
        let reviews = pull::latest_reviews(self.client.pages(&what, &subject, &path, "").await?);
        let approvals = self.approvals(pull, &reviews, &what).await?;
        let mut demands = self.demands(&pull.base.branch, &what).await?;
        let checks = self.checks(&pull.head.sha, &self.awaited(&demands), &demands.apps, &what).await?;
        let open = pull.state() == PullState::Open;
        let asked = match open && demands.want_graphql() {
            true => self.asked(pull, &what).await?,
            false => None,
        };
        if open && demands.want_graphql() && asked.is_none() {
            demands.unread.push("conversations, owners of the code and the merge queue (GraphQL)".to_owned());
        }
        let sight = Sight {
            pull,
            owner: &self.settings.owner,
            reviews: &reviews,
            approvals: &approvals,
            demands: &demands,
            checks: &checks,
            asked: asked.as_ref(),
        };
        Ok(seen_whole(&sight))
    }

    /// What one waits for that we have opened a moment ago, as GitHub showed it in answer to that or to a deed since: then
    /// nobody has had the time to review it or to talk about it, and what its base demands is as it was a moment ago.
    async fn view_of_new(&self, pull: &Pull) -> Result<PullView, Fault> {
        let (what, now) = (format!("read pull request #{}", pull.number), self.client.now());
        let Around { demands, checks } = match self.seen.around(pull.number, now) {
            Some(around) => around,
            None => {
                let demands = self.demands(&pull.base.branch, &what).await?;
                let checks =
                    self.checks(&pull.head.sha, &self.awaited(&demands), &demands.apps, &what).await?;
                let around = Around { demands: Arc::new(demands), checks: Arc::new(checks) };
                self.seen.note_around(pull.number, around.clone(), now);
                around
            }
        };
        let asked = demands.want_graphql().then(Asked::default);
        let (owner, asked) = (self.settings.owner.as_str(), asked.as_ref());
        let (demands, checks) = (demands.as_ref(), checks.as_slice());
        Ok(seen_whole(&Sight { pull, owner, reviews: &[], approvals: &[], demands, checks, asked }))
    }

    /// One that we have just opened, as GitHub showed it in answer to a deed of ours.
    fn answered(&self, ends: &PullEnds) -> Option<Arc<Pull>> {
        let (at, pull) = self.seen.take_answered(self.seen.open(ends)?, self.client.now())?;
        (pull.state() == PullState::Open && self.is_between(&pull, ends)).then(|| {
            self.seen.note_looked(Arc::clone(&pull), at);
            pull
        })
    }

    /// The open pull request for the same branches, after GitHub said that it has one.
    async fn existing(&self, new: &NewPull, refused: Fault) -> Effect<PullNumber> {
        match self.newest(&new.ends()).await {
            Ok(Some(pull)) if pull.state() == PullState::Open => Effect::Applied(PullNumber(pull.number)),
            // Its list lags behind what it has just said.
            Ok(_) => Effect::Refused(Fault { kind: Blindness::Changed, ..refused }),
            // One exists, so nothing was made; but which one it is, only another look can tell.
            Err(fault) => Effect::Unknown(fault),
        }
    }
}

#[async_trait]
impl Forge for GitHub {
    async fn pull_between(&self, ends: &PullEnds) -> Result<Option<PullView>, Fault> {
        if let Some(pull) = self.answered(ends) {
            return self.view_of_new(&pull).await.map(Some);
        }
        let pull = match self.still_open(ends).await? {
            Some(pull) => pull,
            None => match self.newest(ends).await? {
                Some(listed) if listed.state() == PullState::Open => self.single(listed.number).await?,
                Some(over) => over,
                None => return Ok(None),
            },
        };
        let pull = Arc::new(pull);
        self.seen.is_known(pull.number);
        if pull.state() == PullState::Open && self.is_between(&pull, ends) {
            self.seen.note_open(ends, Some(pull.number));
            self.seen.note_looked(Arc::clone(&pull), self.client.now());
        }
        self.view(&pull).await.map(Some)
    }

    async fn brought_by(&self, commits: &[CommitId], base: &BranchName) -> Result<Bringing, Fault> {
        self.bringing(commits, base).await
    }

    async fn rules(&self, branch: &BranchName) -> Result<BranchRules, Fault> {
        self.rules_of(branch).await
    }

    async fn open_pull(&self, new: &NewPull) -> Effect<PullNumber> {
        let what = format!("open a pull request from {} to {}", new.head, new.base);
        let body = json!({
            "title": new.title,
            "body": new.body,
            "head": new.head.as_str(),
            "base": new.base.as_str(),
            "draft": new.draft,
        });
        let (subject, path) = (self.subject(), self.path("pulls"));
        let about = About { what: &what, subject: &subject };
        match self.client.write(about, Write::post(&path, &body)).await {
            Sent::Done(reply) => match reply.json::<Pull>() {
                Ok(pull) => {
                    self.seen.note_node(&pull);
                    self.seen
                        .note_open(&new.ends(), self.is_between(&pull, &new.ends()).then_some(pull.number));
                    let (number, now) = (pull.number, self.client.now());
                    self.seen.note_opened(number, now);
                    self.seen.note_answered(Arc::new(pull), now);
                    Effect::Applied(PullNumber(number))
                }
                Err(why) => Effect::Unknown(Fault::new(
                    Blindness::Unintelligible,
                    what,
                    self.subject(),
                    format!("GitHub says that it is open, in words that keyslot cannot read: {why}"),
                )),
            },
            Sent::Refused(fault, refusal) if refusal.says_exists() => self.existing(new, fault).await,
            Sent::Refused(fault, _) => Effect::Refused(fault),
            Sent::Unsent(fault) => Effect::NotSent(fault),
            Sent::Unknown(fault) => Effect::Unknown(fault),
        }
    }

    async fn dress(&self, pull: PullNumber, dress: &PullDress) -> Effect<()> {
        self.dressed(pull, dress).await
    }

    async fn merge_when_ready(&self, pull: PullNumber, head: &CommitId, method: MergeMethod) -> Effect<()> {
        self.have_merged(pull, head, method).await
    }

    async fn withdraw_merge(&self, pull: PullNumber) -> Effect<()> {
        self.not_have_merged(pull).await
    }

    async fn merge(
        &self,
        pull: PullNumber,
        head: &CommitId,
        method: MergeMethod,
        permit: &Permit,
    ) -> Effect<CommitId> {
        self.merge_now(pull, head, method, permit).await
    }

    async fn shows(&self, pull: PullNumber, bulletin: &Bulletin) -> Result<Showing, Fault> {
        self.shown(pull, bulletin).await
    }

    async fn publish(&self, pull: PullNumber, bulletin: &Bulletin) -> Effect<()> {
        self.published(pull, bulletin).await
    }
}

/// With what holds it, where it is open.
fn seen_whole(sight: &Sight<'_>) -> PullView {
    let Sight { pull, demands, .. } = sight;
    let check = |check: &Check| PullCheck {
        name: check.name.clone(),
        required: demands.checks.contains(&check.name),
        passed: check.passed,
    };
    PullView {
        reviews_wanted: demands.reviews,
        unread: demands.unread.clone(),
        checks: sight.checks.iter().map(check).collect(),
        approvals: sight.approvals.to_vec(),
        waits: if pull.state() == PullState::Open { waits::of(sight) } else { Vec::new() },
        ..view(pull)
    }
}

/// What is known of a pull request by itself.
fn view(pull: &Pull) -> PullView {
    PullView {
        number: PullNumber(pull.number),
        url: pull.html_url.clone(),
        author: pull.author().to_owned(),
        head_branch: BranchName::new(&pull.head.branch),
        head: CommitId::new(&pull.head.sha),
        base: BranchName::new(&pull.base.branch),
        state: pull.state(),
        approvals: Vec::new(),
        reviews_wanted: 0,
        unread: Vec::new(),
        auto_merge: pull.has_auto_merge(),
        checks: Vec::new(),
        waits: Vec::new(),
    }
}

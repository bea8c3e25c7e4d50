//! The people around pull requests: reviewers, those who start checks, those who press buttons.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::command::Reply;
use super::config::MergeMethod;
use super::deeds::SOMEBODY;
use super::events::Event;
use super::fault::{Trouble, When};
use super::pull::{CheckState, Pull, Review};
use super::refusal::Refusal;
use super::repository::{Commit, Merged, Signature, ancestors, merge_base, merge_trees, pick};
use super::time::after;
use super::world::World;
use crate::model::{BranchName, CommitId, PullNumber, PullState, PullWait};

/// The deeds of people and the forge.
impl World {
    pub(super) fn open_pull(
        &mut self,
        head_branch: &BranchName,
        base: &BranchName,
        title: &str,
        body: &str,
        by: &str,
    ) -> Result<Reply, Refusal> {
        let missing = |branch: &BranchName| Refusal::Invalid(format!("the branch {branch} does not exist"));
        let head = self.repository.head(head_branch).cloned().ok_or_else(|| missing(head_branch))?;
        let base_head = self.repository.head(base).cloned().ok_or_else(|| missing(base))?;
        if self.pulls.iter().any(|pull| {
            pull.is_open() && pull.fork.is_none() && &pull.head_branch == head_branch && &pull.base == base
        }) {
            return Err(Refusal::AlreadyExists(format!("a pull request for {head_branch}")));
        }
        if head == base_head {
            return Err(Refusal::Invalid(format!("no commits between {base} and {head_branch}")));
        }
        let number = PullNumber(self.pulls.len() as u64 + 1);
        let now = self.now();
        let lag = self.faults.befall(now, |fault| match fault.what {
            Trouble::ListLag { by } => Some(by),
            _ => None,
        });
        self.pulls.push(Pull {
            title: title.to_owned(),
            body: body.to_owned(),
            author: by.to_owned(),
            pushed_by: by.to_owned(),
            listed_from: after(now, lag.unwrap_or_default()),
            ..Pull::open(number, (head_branch, head, base), now)
        });
        self.counters.pulls_opened += 1;
        self.refresh_pulls();
        self.expect_people(number);
        Ok(Reply::Pull(number))
    }

    /// Queues what people will do about a pull request that has just been opened.
    fn expect_people(&mut self, number: PullNumber) {
        let config = self.config_arc();
        let people = &config.people;
        let seed = self.seed.of("people").at(number.0);
        for reviewer in 0..people.reviews_wanted.max(1) as usize {
            let delay = people.review.pick(seed.of("review").at(reviewer as u64));
            self.queue.push(after(self.now, delay), Event::Review(number, reviewer));
        }
        let closes = self.faults.befall(self.now, |fault| {
            let fits = fault.what == Trouble::ClosePull && !matches!(fault.at, When::Window { .. });
            fits.then_some(())
        });
        if closes.is_some() {
            let delay = Duration::from_secs(600);
            self.queue.push(after(self.now, delay), Event::PullCloses(number));
        }
        let pushes = self.faults.befall(self.now, |fault| match fault.what {
            Trouble::PushToPull { after } if !matches!(fault.at, When::Window { .. }) => Some(after),
            _ => None,
        });
        if let Some(delay) = pushes {
            self.queue.push(after(self.now, delay), Event::PullPushed(number));
        }
        self.expect_check(number);
    }

    fn expect_check(&mut self, number: PullNumber) {
        let Some(head) = self.pull(number).map(|pull| pull.head.clone()) else { return };
        if let Some(delay) = self.config.people.check.started_after {
            self.queue.push(after(self.now, delay), Event::CheckStarts(number, head));
        }
    }

    pub(super) fn pull_mut(&mut self, number: PullNumber) -> Option<&mut Pull> {
        self.pulls.iter_mut().find(|pull| pull.number == number)
    }

    pub(super) fn open_pull_mut(&mut self, number: PullNumber) -> Result<&mut Pull, Refusal> {
        let pull =
            self.pull_mut(number).ok_or_else(|| Refusal::NotFound(format!("pull request {number}")))?;
        if pull.is_open() {
            Ok(pull)
        } else {
            Err(Refusal::Invalid(format!("pull request {number} is not open")))
        }
    }

    pub(super) fn edit_pull(
        &mut self,
        number: PullNumber,
        title: Option<String>,
        body: Option<String>,
    ) -> Result<Reply, Refusal> {
        let now = self.now;
        let pull =
            self.pull_mut(number).ok_or_else(|| Refusal::NotFound(format!("pull request {number}")))?;
        pull.title = title.unwrap_or_else(|| pull.title.clone());
        pull.body = body.unwrap_or_else(|| pull.body.clone());
        pull.updated = now;
        Ok(Reply::Done)
    }

    pub(super) fn review_event(&mut self, number: PullNumber, reviewer: usize) {
        let Some(author) = self.pull(number).map(|pull| pull.author.clone()) else { return };
        let others: Vec<&String> =
            self.config.people.reviewers.iter().filter(|name| **name != author).collect();
        let Some(by) = others.get(reviewer % others.len().max(1)).map(|name| (*name).clone()) else { return };
        let _ = self.review(number, true, &by);
    }

    pub(super) fn review(&mut self, number: PullNumber, approve: bool, by: &str) -> Result<Reply, Refusal> {
        let now = self.now;
        // What is merged can still be approved; what was closed is of no interest.
        let pull =
            self.pull_mut(number).ok_or_else(|| Refusal::NotFound(format!("pull request {number}")))?;
        if pull.state == PullState::Closed {
            return Err(Refusal::Invalid(format!("pull request {number} is not open")));
        }
        let head = pull.head.clone();
        pull.asked.retain(|asked| asked != by);
        pull.reviews.push(Review { by: by.to_owned(), approve, at: now, head, dismissed: false });
        pull.updated = now;
        self.consider_merge(number);
        Ok(Reply::Done)
    }

    pub(super) fn start_check(&mut self, number: PullNumber) -> Result<Reply, Refusal> {
        let now = self.now;
        let takes = self.config.people.check.takes;
        let seed = self.seed.of("check").at(number.0);
        let pull = self.open_pull_mut(number)?;
        if pull.check == CheckState::Running {
            return Ok(Reply::Done);
        }
        pull.check = CheckState::Running;
        pull.check_changed = now;
        let head = pull.head.clone();
        let takes = takes.pick(seed.of(head.as_str()));
        self.queue.push(after(now, takes), Event::CheckEnds(number, head));
        self.validated_by_hand(number);
        Ok(Reply::Done)
    }

    pub(super) fn check_starts(&mut self, number: PullNumber, head: &CommitId) {
        let waits = self
            .pull(number)
            .is_some_and(|pull| pull.is_open() && &pull.head == head && pull.check == CheckState::NotStarted);
        if waits {
            let _ = self.start_check(number);
        }
    }

    pub(super) fn check_ends(&mut self, number: PullNumber, head: &CommitId) {
        let now = self.now;
        let fails = self.config.people.check.fails_per_mille;
        let failed = self.seed.of("check-result").at(number.0).of(head.as_str()).chance(fails);
        let Some(pull) = self.pull_mut(number) else { return };
        if &pull.head != head || pull.check != CheckState::Running {
            return;
        }
        pull.check = if failed { CheckState::Failed } else { CheckState::Passed };
        pull.check_changed = now;
        self.validations_end(head, !failed);
        self.consider_merge(number);
    }

    /// Where the forge was asked to, it merges as soon as it can; else somebody notices, and will press the button.
    pub(super) fn consider_merge(&mut self, number: PullNumber) {
        let asked =
            self.pull(number).filter(|pull| self.is_ready(pull)).and_then(|pull| pull.auto_merge.clone());
        if let Some((by, method)) = asked {
            let _ = self.press(number, Some(method), &by);
            return;
        }
        let Some(delay) = self.config.people.merge_press else { return };
        let ready = self.pull(number).is_some_and(|pull| !pull.pressed && self.is_ready(pull));
        if ready {
            if let Some(pull) = self.pull_mut(number) {
                pull.pressed = true;
            }
            self.queue.push(after(self.now, delay), Event::PressMerge(number));
        }
    }

    pub(super) fn press_merge(&mut self, number: PullNumber) {
        let by = self.config.people.reviewers.first().cloned().unwrap_or_else(|| "maintainer".to_owned());
        let mergeable = self.pull(number).is_some_and(|pull| self.is_ready(pull));
        if let Some(pull) = self.pull_mut(number) {
            pull.pressed = false;
        }
        if mergeable {
            let _ = self.press(number, None, &by);
        }
    }

    /// Merges it, or puts it into the queue that merges it.
    fn press(&mut self, number: PullNumber, method: Option<MergeMethod>, by: &str) -> Result<Reply, Refusal> {
        match self.config.people.rules.queue {
            Some(_) => self.enqueue(number, None),
            None => self.merge_pull(number, method, by),
        }
    }

    /// Somebody adds a note of their own to what the pull request proposes.
    pub(super) fn push_to_pull(&mut self, number: PullNumber) {
        let Some(pull) = self.pull(number).filter(|pull| pull.is_open()) else { return };
        let branch = pull.head_branch.clone();
        let Some(head) = self.repository.get(&pull.head).cloned() else { return };
        let tree = head.tree().with("NOTES.md", format!("noted at {}\n", self.now).into_bytes());
        let by = Signature::of(SOMEBODY, self.now);
        let commit = Commit::new(tree, vec![head.id().clone()], &by, "Add a note\n");
        self.repository.advance(&branch, Arc::new(commit));
        self.counters.pushed(&branch);
        self.refresh_pulls_after(&branch, SOMEBODY);
    }

    pub(super) fn close_pull(&mut self, number: PullNumber, by: &str) -> Result<Reply, Refusal> {
        let now = self.now;
        let pull = self.open_pull_mut(number)?;
        pull.state = PullState::Closed;
        pull.ended = Some((now, by.to_owned()));
        pull.updated = now;
        Ok(Reply::Done)
    }

    pub(super) fn delete_branch(&mut self, branch: &BranchName, by: &str) -> Result<Reply, Refusal> {
        if !self.repository.remove(branch) {
            return Err(Refusal::NotFound(format!("the branch {branch}")));
        }
        let from = |pull: &&Pull| pull.is_open() && pull.fork.is_none() && pull.head_branch == *branch;
        let numbers: Vec<PullNumber> = self.pulls.iter().filter(from).map(|pull| pull.number).collect();
        for number in numbers {
            self.close_pull(number, by)?;
        }
        Ok(Reply::Done)
    }

    pub(super) fn merge_pull(
        &mut self,
        number: PullNumber,
        method: Option<MergeMethod>,
        by: &str,
    ) -> Result<Reply, Refusal> {
        let pull = self.open_pull_mut(number)?.clone();
        let waits = self.pull_waits(&pull);
        if waits != [PullWait::Mergeable] {
            return Err(Refusal::Invalid(format!("pull request {number} is not mergeable")));
        }
        self.merge_now(number, method, by)
    }

    /// Merges it without asking what holds it.
    pub(super) fn merge_now(
        &mut self,
        number: PullNumber,
        method: Option<MergeMethod>,
        by: &str,
    ) -> Result<Reply, Refusal> {
        let pull = self.open_pull_mut(number)?.clone();
        let before = self.repository.head(&pull.base).cloned();
        let commits = self.merge_commits(&pull, method.unwrap_or(self.config.people.merge_method), by)?;
        let Some(id) = commits.last().map(|commit| commit.id().clone()) else {
            return Err(Refusal::Invalid(format!("pull request {number} has nothing to merge")));
        };
        for commit in commits {
            self.repository.advance(&pull.base, Arc::new(commit));
        }
        self.counters.pushed(&pull.base);
        let now = self.now;
        if let Ok(pull) = self.open_pull_mut(number) {
            pull.state = PullState::Merged { commit: id.clone() };
            pull.base_before = before;
            pull.queued = false;
            pull.ended = Some((now, by.to_owned()));
            pull.updated = now;
        }
        self.refresh_pulls();
        Ok(Reply::Merged(id))
    }

    /// The commits that bring it into the base branch, in order.
    fn merge_commits(&self, pull: &Pull, method: MergeMethod, by: &str) -> Result<Vec<Commit>, Refusal> {
        let missing = || Refusal::NotFound(format!("a commit of pull request {}", pull.number));
        let base_id = self.repository.head(&pull.base).cloned().ok_or_else(missing)?;
        let Some(Merged::Tree(tree)) = self.merge_preview(pull) else {
            return Err(Refusal::Invalid(format!("pull request {} has conflicts", pull.number)));
        };
        let person = Signature::of(by, self.now);
        Ok(vec![match method {
            MergeMethod::Rebase => return self.rebased(pull, &base_id, &person),
            MergeMethod::MergeCommit => {
                let owner = &self.config.repository.owner;
                let message = format!(
                    "Merge pull request {} from {owner}/{}\n\n{}",
                    pull.number, pull.head_branch, pull.title
                );
                Commit::new(tree, vec![base_id, pull.head.clone()], &person, &message)
            }
            MergeMethod::Squash => {
                let message = format!("{} ({})", pull.title, pull.number);
                let author = Signature::of(&pull.author, self.now);
                Commit::signed_by(tree, vec![base_id], &author, &person, &message)
            }
        }])
    }

    /// Each commit of the pull request anew, on top of the base.
    fn rebased(&self, pull: &Pull, base: &CommitId, by: &Signature) -> Result<Vec<Commit>, Refusal> {
        let missing = || Refusal::NotFound(format!("a commit of pull request {}", pull.number));
        let behind: BTreeSet<CommitId> = ancestors(&self.repository, base).collect();
        let own: Vec<CommitId> =
            ancestors(&self.repository, &pull.head).filter(|id| !behind.contains(id)).collect();
        let mut onto = Arc::clone(self.repository.get(base).ok_or_else(missing)?);
        let mut made = Vec::with_capacity(own.len());
        for id in own.iter().rev() {
            let commit = self.repository.get(id).ok_or_else(missing)?;
            let Merged::Tree(tree) = pick(&self.repository, commit, &onto) else {
                return Err(Refusal::Invalid("This branch can't be rebased".to_owned()));
            };
            let parents = vec![onto.id().clone()];
            let next = Commit::signed_by(tree, parents, commit.author(), by, commit.message());
            onto = Arc::new(next.clone());
            made.push(next);
        }
        Ok(made)
    }

    fn merge_preview(&self, pull: &Pull) -> Option<Merged> {
        let base_id = self.repository.head(&pull.base)?;
        let ours = self.repository.get(base_id)?;
        let theirs = self.repository.get(&pull.head)?;
        let common = merge_base(&self.repository, base_id, &pull.head)?;
        let common = self.repository.get(&common)?;
        Some(merge_trees(common.tree(), ours.tree(), theirs.tree()))
    }

    /// After somebody has pushed to a branch.
    pub(super) fn refresh_pulls_after(&mut self, branch: &BranchName, by: &str) {
        for pull in self.pulls.iter_mut().filter(|pull| pull.is_open() && pull.head_branch == *branch) {
            pull.pushed_by = by.to_owned();
        }
        self.refresh_pulls();
    }

    /// After branches have moved: heads of open pull requests follow, and conflicts come or go.
    pub(super) fn refresh_pulls(&mut self) {
        let open: Vec<usize> = self
            .pulls
            .iter()
            .enumerate()
            .filter(|(_, pull)| pull.is_open())
            .map(|(place, _)| place)
            .collect();
        for place in open {
            let Some(pull) = self.pulls.get(place) else { continue };
            let head = self.repository.head(&pull.head_branch).cloned();
            let number = pull.number;
            let moved = head.as_ref().is_some_and(|head| head != &pull.head);
            let now = self.now;
            let dismisses = self.config.people.rules.dismiss_stale;
            if let (true, Some(head), Some(pull)) = (moved, head, self.pulls.get_mut(place)) {
                pull.head = head;
                pull.check = CheckState::NotStarted;
                pull.check_changed = now;
                pull.updated = now;
                pull.queued = false;
                if dismisses {
                    pull.reviews
                        .iter_mut()
                        .filter(|review| review.approve)
                        .for_each(|one| one.dismissed = true);
                }
                self.expect_check(number);
            }
            let conflict = self
                .pulls
                .get(place)
                .is_some_and(|pull| matches!(self.merge_preview(pull), Some(Merged::Conflict(_))));
            if let Some(pull) = self.pulls.get_mut(place) {
                pull.conflict = conflict;
            }
        }
    }
}

//! Pull requests.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::command::{Command, Reply};
use super::super::fault::{Call, Operation};
use super::super::pull::{CheckState, Pull, Review};
use super::super::world::World;
use super::clock::MemoryClock;
use super::hub::{About, Hub};
use crate::model::{
    Blindness, BranchName, BranchRules, CommitId, MergeMethod, PullApproval, PullCheck, PullDress, PullEnds,
    PullNumber, PullState, PullView, PullWait,
};
use crate::ports::{Bringing, Bulletin, BulletinState, Effect, Fault, Forge, NewPull, Permit, Showing};
use crate::sim::{CommitStatus, Mark};

pub(super) struct MemoryForge(pub Arc<Hub>);

impl MemoryForge {
    async fn open(&self, new: &NewPull) -> Effect<PullNumber> {
        let about = About { what: "open a pull request", subject: new.head.as_str() };
        let command = Command::OpenPull {
            head: new.head.clone(),
            base: new.base.clone(),
            title: new.title.clone(),
            body: new.body.clone(),
            by: self.0.options.actor.clone(),
        };
        self.0
            .effect(about, Call::of(Operation::OpenPull), command, |reply| match reply {
                Reply::Pull(number) => Some(number),
                _ => None,
            })
            .await
    }
}

#[async_trait]
impl Forge for MemoryForge {
    async fn pull_between(&self, PullEnds { head, base }: &PullEnds) -> Result<Option<PullView>, Fault> {
        let about = About { what: "find the pull request", subject: head.as_str() };
        self.0
            .read(about, Call::of(Operation::ReadPull), |world| {
                let fits =
                    |pull: &&Pull| pull.fork.is_none() && pull.head_branch == *head && pull.base == *base;
                let pull = world.listed_pulls().find(fits);
                Ok(pull.map(|pull| view(world, pull)))
            })
            .await
    }

    async fn brought_by(&self, commits: &[CommitId], base: &BranchName) -> Result<Bringing, Fault> {
        let about = About { what: "find the pull request that brought a commit", subject: base.as_str() };
        self.0
            .read(about, Call::of(Operation::ReadPull), |world| {
                let made = |pull: &Pull| match &pull.state {
                    PullState::Merged { commit } if pull.base == *base => {
                        commits.iter().position(|one| one == commit)
                    }
                    _ => None,
                };
                let found = world.pulls().iter().filter_map(|pull| Some((made(pull)?, pull)));
                let pull = found.min_by_key(|(place, _)| *place).map(|(_, pull)| view(world, pull));
                Ok(Bringing { pull, reviews_wanted: world.reviews_wanted(), unread: Vec::new() })
            })
            .await
    }

    async fn rules(&self, branch: &BranchName) -> Result<BranchRules, Fault> {
        Ok(super::rules::rules(&self.0.world.lock(), branch))
    }

    async fn open_pull(&self, new: &NewPull) -> Effect<PullNumber> {
        let opened = self.open(new).await;
        if let (true, Effect::Applied(number)) = (new.draft, &opened) {
            let mark = Mark::Draft(true);
            let _ = self.0.world.lock().apply(Command::MarkPull { number: *number, mark });
        }
        opened
    }

    async fn dress(&self, pull: PullNumber, dress: &PullDress) -> Effect<()> {
        let subject = pull.to_string();
        let about = About { what: "label the pull request", subject: &subject };
        let PullDress { labels, reviewers, teams, assignees } = dress.clone();
        let mut marks: Vec<Mark> = labels.into_iter().map(Mark::Label).collect();
        let author = self.0.world.lock().pull(pull).map(|pull| pull.author.clone());
        let others: Vec<String> =
            reviewers.into_iter().filter(|name| author.as_ref() != Some(name)).collect();
        marks.extend((!others.is_empty() || !teams.is_empty()).then_some(Mark::Ask(others, teams)));
        marks.extend((!assignees.is_empty()).then_some(Mark::Assign(assignees)));
        for mark in marks {
            let command = Command::MarkPull { number: pull, mark };
            let done = self.0.effect(about, Call::of(Operation::MarkPull), command, |_| Some(())).await;
            if done != Effect::Applied(()) {
                return done;
            }
        }
        Effect::Applied(())
    }

    async fn merge_when_ready(&self, pull: PullNumber, head: &CommitId, method: MergeMethod) -> Effect<()> {
        let subject = pull.to_string();
        let about = About { what: "have the pull request merged", subject: &subject };
        let number = pull;
        let (ready, queue) = {
            let world = self.0.world.lock();
            let ready = world.pull(number).is_some_and(|pull| world.is_ready(pull));
            (ready, world.config().people.rules.queue.is_some())
        };
        let (head, method, by) = (Some(head.clone()), method.into(), self.0.options.actor.clone());
        let command = match ready && queue {
            true => Command::Enqueue { number, head },
            false => Command::AutoMerge { number, head, method, by },
        };
        let asked = self.0.effect(about, Call::of(Operation::MergePull), command, |_| Some(())).await;
        as_changed(asked, |why| why.contains("clean status") || why.contains("expected head"))
    }

    async fn withdraw_merge(&self, pull: PullNumber) -> Effect<()> {
        let subject = pull.to_string();
        let about = About { what: "no longer have the pull request merged", subject: &subject };
        let known = self.0.world.lock().pull(pull).map(|pull| (pull.queued, pull.auto_merge.is_some()));
        let command = match known {
            Some((true, _)) => Command::MarkPull { number: pull, mark: Mark::Dequeue },
            Some((_, true)) => Command::NoAutoMerge { number: pull },
            _ => return Effect::Applied(()),
        };
        let withdrawn = self.0.effect(about, Call::of(Operation::MergePull), command, |_| Some(()));
        as_changed(withdrawn.await, |why| why.contains("not open"))
    }

    async fn merge(
        &self,
        pull: PullNumber,
        head: &CommitId,
        method: MergeMethod,
        permit: &Permit,
    ) -> Effect<CommitId> {
        let subject = pull.to_string();
        let about = About { what: "merge the pull request", subject: &subject };
        let clock = MemoryClock(Arc::clone(&self.0));
        if let Err(why) = permit.check(&clock) {
            return Effect::NotSent(about.fault(Blindness::Unreachable, why));
        }
        let by = self.0.options.actor.clone();
        let command = Command::MergePull { number: pull, method: Some(method.into()), by };
        let moved = self.0.world.lock().pull(pull).is_none_or(|pull| pull.head != *head);
        if moved {
            return Effect::Refused(about.fault(Blindness::Changed, "the head was modified"));
        }
        let merged = self.0.effect(about, Call::of(Operation::MergePull), command, |reply| match reply {
            Reply::Merged(commit) => Some(commit),
            _ => None,
        });
        as_changed(merged.await, |why| why.contains("not mergeable") || why.contains("not open"))
    }

    async fn shows(&self, pull: PullNumber, bulletin: &Bulletin) -> Result<Showing, Fault> {
        let commands = self.untold(pull, bulletin).await?;
        let is_comment =
            |command: &Command| matches!(command, Command::Comment { .. } | Command::EditComment { .. });
        Ok(match (commands.is_empty(), commands.iter().any(is_comment)) {
            (true, _) => Showing::All,
            (false, false) => Showing::Comment,
            (false, true) => Showing::Less,
        })
    }

    async fn publish(&self, pull: PullNumber, bulletin: &Bulletin) -> Effect<()> {
        let subject = pull.to_string();
        let about = About { what: TELL, subject: &subject };
        let commands = match self.untold(pull, bulletin).await {
            Ok(commands) => commands,
            Err(fault) => return Effect::NotSent(fault),
        };
        for command in commands {
            let done = self.0.effect(about, Call::of(Operation::MarkPull), command, |_| Some(())).await;
            if done != Effect::Applied(()) {
                return done;
            }
        }
        Effect::Applied(())
    }
}

const TELL: &str = "tell the pull request";

impl MemoryForge {
    /// What is to be done so that the pull request says it.
    async fn untold(&self, pull: PullNumber, bulletin: &Bulletin) -> Result<Vec<Command>, Fault> {
        let subject = pull.to_string();
        let about = About { what: TELL, subject: &subject };
        let mark = format!("<!-- keyslot:{} -->", bulletin.rotation);
        let body = format!("{mark}\n{}", bulletin.text);
        let seen = self.0.read(about, Call::of(Operation::ReadPull), |world| {
            let found = world.pull(pull).map(|pull| (pull.clone(), last_status(world, pull)));
            found.ok_or_else(|| about.fault(Blindness::Missing, "there is no such pull request"))
        });
        let (seen, status) = seen.await?;
        let by = self.0.options.actor.clone();
        let command = match seen.comments.iter().find(|comment| comment.body.starts_with(&mark)) {
            Some(comment) if comment.body == body => None,
            Some(comment) => Some(Command::EditComment { comment: comment.id, body }),
            None => Some(Command::Comment { number: pull, body, by: by.clone() }),
        };
        Ok(command.into_iter().chain(marks(&seen, status, bulletin, by)).collect())
    }
}

/// What the head was last said to be, by keyslot.
fn last_status(world: &World, pull: &Pull) -> Option<(String, String)> {
    let ours = |status: &&CommitStatus| status.commit == pull.head && status.context == CONTEXT;
    let last = world.statuses().iter().rev().find(ours)?;
    Some((last.state.clone(), last.description.clone()))
}

const CONTEXT: &str = "keyslot/rotation";

/// The label and the status, where they are not as they should be.
fn marks(pull: &Pull, last: Option<(String, String)>, bulletin: &Bulletin, by: String) -> Vec<Command> {
    let (number, label) = (pull.number, "key rotation in progress".to_owned());
    let (under_way, state) = match bulletin.state {
        BulletinState::UnderWay => (true, "pending"),
        BulletinState::Done => (false, "success"),
        BulletinState::GivenUp => (false, "error"),
    };
    let mut commands = Vec::new();
    let wanted = (state.to_owned(), bulletin.line.clone());
    if last.as_ref() != Some(&wanted) {
        let (commit, context) = (pull.head.clone(), CONTEXT.to_owned());
        let (state, description) = wanted;
        commands.push(Command::ReportStatus(CommitStatus {
            commit,
            context,
            state,
            description,
            by,
            at: pull.updated,
        }));
    }
    match (under_way, pull.labels.contains(&label)) {
        (true, false) => commands.push(Command::MarkPull { number, mark: Mark::Label(label) }),
        (false, true) => commands.push(Command::MarkPull { number, mark: Mark::Unlabel(label) }),
        (true, true) | (false, false) => {}
    }
    commands
}

/// A refusal that says that things are not as they were looked at.
fn as_changed<T>(effect: Effect<T>, says_so: impl Fn(&str) -> bool) -> Effect<T> {
    match effect {
        Effect::Refused(fault) if says_so(&fault.why) => {
            Effect::Refused(Fault { kind: Blindness::Changed, ..fault })
        }
        other => other,
    }
}

fn view(world: &World, pull: &Pull) -> PullView {
    let repository = &world.config().repository;
    let passed = match pull.check {
        CheckState::NotStarted | CheckState::Running => None,
        CheckState::Passed => Some(true),
        CheckState::Failed => Some(false),
    };
    PullView {
        number: pull.number,
        url: format!("https://github.com/{}/{}/pull/{}", repository.owner, repository.name, pull.number.0),
        author: pull.author.clone(),
        head_branch: pull.head_branch.clone(),
        head: pull.head.clone(),
        base: pull.base.clone(),
        state: pull.state.clone(),
        approvals: approvals(world, pull),
        reviews_wanted: world.reviews_wanted(),
        unread: Vec::new(),
        auto_merge: pull.auto_merge.is_some(),
        checks: vec![PullCheck {
            name: world.config().people.check.name.clone(),
            required: !world.config().people.rules.optional_check,
            passed,
        }],
        waits: waits(world, pull),
    }
}

fn approvals(world: &World, pull: &Pull) -> Vec<PullApproval> {
    let approval = |review: &Review| PullApproval {
        by: review.by.clone(),
        head: review.head.clone(),
        same_change: world.same_change(pull, &review.head, &pull.head),
    };
    pull.approvals().map(approval).collect()
}

/// As the forge has them; it does not mind that an approval is of an older head, and whoever looks does.
fn waits(world: &World, pull: &Pull) -> Vec<PullWait> {
    let mut waits = world.pull_waits(pull);
    let (same, stale): (Vec<_>, Vec<_>) =
        approvals(world, pull).into_iter().partition(|approval| approval.same_change);
    let told = waits.iter().any(|wait| matches!(wait, PullWait::StaleApprovals { .. }));
    let wanted = world.reviews_wanted().max(1) as usize;
    if pull.is_open() && same.len() < wanted && !stale.is_empty() && !told {
        let by = stale.into_iter().map(|approval| approval.by).collect();
        waits.insert(0, PullWait::StaleApprovals { by });
    }
    waits
}

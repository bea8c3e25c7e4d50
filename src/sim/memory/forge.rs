//! Pull requests.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::command::{Command, Reply};
use super::super::fault::{Call, Operation};
use super::super::pull::{CheckState, Pull};
use super::super::world::World;
use super::hub::{About, Hub};
use crate::model::{BranchName, PullCheck, PullNumber, PullView};
use crate::ports::{Effect, Fault, Forge, NewPull};

pub(super) struct MemoryForge(pub Arc<Hub>);

#[async_trait]
impl Forge for MemoryForge {
    async fn pull_from(&self, head: &BranchName) -> Result<Option<PullView>, Fault> {
        let about = About { what: "find the pull request", subject: head.as_str() };
        self.0
            .read(about, Call::of(Operation::ReadPull), |world| {
                let pull = world.listed_pulls().find(|pull| &pull.head_branch == head);
                Ok(pull.map(|pull| view(world, pull)))
            })
            .await
    }

    async fn open_pull(&self, new: &NewPull) -> Effect<PullNumber> {
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
        approved_by: pull.approved_by(),
        checks: vec![PullCheck { name: world.config().people.check.name.clone(), passed }],
        waits: world.pull_waits(pull),
    }
}

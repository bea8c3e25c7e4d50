//! What is read of the world.

use super::super::account::{Account, KeyId};
use super::super::counters::Counters;
use super::super::pipeline::Run;
use super::super::pull::Pull;
use super::super::repository::Repository;
use super::super::stamp::{Stamp, Unit};
use super::World;
use crate::model::{KeyMaterial, PullNumber, RunId, StampName};

impl World {
    // What can be read.

    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// All pull requests, oldest first.
    pub fn pulls(&self) -> &[Pull] {
        &self.pulls
    }

    pub fn pull(&self, number: PullNumber) -> Option<&Pull> {
        self.pulls.iter().find(|pull| pull.number == number)
    }

    /// The pull requests that a list shows now, newest first.
    pub fn listed_pulls(&self) -> impl Iterator<Item = &Pull> {
        self.pulls.iter().rev().filter(|pull| pull.listed_from <= self.now)
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// One of the release pipeline or of the validation pipeline.
    pub fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.iter().chain(&self.validations).find(|run| &run.id() == id)
    }

    pub fn account(&self) -> &Account {
        &self.account
    }

    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// All stamps that ever were, in the order of the configuration.
    pub fn stamps(&self) -> impl Iterator<Item = &Stamp> {
        self.stamps.iter()
    }

    /// Whether keyslot may see the stamp in Azure.
    pub fn is_shown(&self, stamp: &Stamp) -> bool {
        !self.config.hidden_groups.iter().any(|hidden| hidden.eq_ignore_ascii_case(&stamp.resource_group))
    }

    /// Whether keyslot may see all of the subscription.
    pub fn is_whole(&self, subscription: &str) -> bool {
        self.stamps
            .iter()
            .filter(|stamp| stamp.subscription.eq_ignore_ascii_case(subscription))
            .all(|stamp| self.is_shown(stamp))
    }

    /// A stamp that exists.
    pub fn stamp(&self, name: &StampName) -> Option<&Stamp> {
        self.stamps.iter().find(|stamp| &stamp.name == name && stamp.destroyed.is_none())
    }

    /// The newest resource version: what a list answers with.
    pub fn resource_version(&self) -> u64 {
        self.version
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Every key value that ever existed or is about to: what must never be found in an output.
    pub fn all_secrets_ever(&self) -> Vec<&KeyMaterial> {
        self.account.keys().iter().map(|key| &*key.material).collect()
    }

    /// Whose key a text is.
    pub fn whose(&self, text: &str) -> Option<KeyId> {
        self.account.whose(text)
    }
}

//! The words of the trade as types: slots, accounts, stamps, workloads, and what was seen of them.
//!
//! Everything here is a plain value. Nothing does IO, reads a clock or knows where a value came from.

mod account;
mod branch_rules;
mod cluster;
mod code;
mod deployment;
mod example;
mod inventory;
mod metrics;
mod names;
mod network;
mod origin;
mod pattern;
mod pipeline;
mod policy;
mod pull;
mod reader;
mod respite;
mod rights;
mod secret;
mod seen;
pub mod service;
mod sign_off;
mod slot;
mod trace;
mod usage;
mod vault;
mod workload;
mod world;

pub use account::{
    AccountId, AccountView, KeyProof, KeyView, NetworkRules, Operation, OperationState, ProofVerdict, Region,
    RegionProof,
};
pub use branch_rules::{BranchRule, BranchRules, Bypass, Demand, Like, NamePattern, Reviewing, UnreadRules};
pub use cluster::{
    Amount, AutoscalerView, BudgetView, ClassFate, ClusterState, ClusterView, CronJobView,
    DeploymentCondition, Extent, Holding, LostClass, Manager, NodeRoom, NodesView, OtherMount, PinnedClass,
    PodAsks, PodTimes, PodTrouble, PodView, QuotaLine, QuotaView, ReplicaNumber, RoomView, Shortage,
    Strategy, SyncedSecretView, Takes, Unplaced, UnseenSecret, Warning, WorkloadView,
};
pub use code::{BranchView, Brings, Delivery, SlotUse, Taker, TreeClaim};
pub use deployment::{DeploymentState, DeploymentView};
pub use example::example_tree;
pub use inventory::{Absent, InventoryView, ResourceKind, Unlisted};
pub use metrics::{MetricsView, Refusals, RefusedMinute};
pub use names::{
    BranchName, CommitId, EnvironmentName, PullNumber, RotationId, RunId, SecretVersion, StampName, StepKey,
};
pub use network::Network;
pub use origin::OriginView;
pub use pattern::{matches, matches_any_case};
pub use pipeline::{HoldKind, RunResult, RunState, RunView, StageEffect, StageFailure, StageHold, StageView};
pub use policy::{
    Ages, FlipBack, Pace, Policy, Promotion, Propagation, Route, RunStart, SharedStore, Wording,
};
pub use pull::{
    MergeMethod, Merging, PullApproval, PullCheck, PullDress, PullEnds, PullHead, PullPolicy, PullState,
    PullView, PullWait, ValidationPolicy,
};
pub use reader::{ActivityView, AuditView, CensusView, Identity, KeyDeed, KeyDeeds, SecretReads};
pub use respite::Respite;
pub use rights::{AccountRights, Right, RightView, Term};
pub use secret::{Fingerprint, KeyMaterial, Salt, key_in};
pub use seen::{Blind, Blindness, Seen, age_of};
pub use sign_off::{SignOff, Validity};
pub use slot::{Access, KeyKind, Slot};
pub use trace::{OWN_REQUEST, Trace, TracesView};
pub use usage::{Caller, Credential, Requests, UsageView};
pub use vault::VaultView;
pub use workload::{ObjectName, WORKLOAD_GRAMMAR, WorkloadKind, WorkloadName};
pub use world::{EvidenceKey, LiveBy, ReleaseView, Sight, StampFacts, World};

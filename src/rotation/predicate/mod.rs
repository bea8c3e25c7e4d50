//! One predicate a gate: evidence in, reasons out. An empty answer opens the gate.
//!
//! Predicates never act and never soften each other; who may open a gate is the table's business.

mod account;
mod authority;
mod branch_rules;
mod code;
mod consumers;
mod doubts;
mod elsewhere;
mod inventory;
mod late_logs;
mod metrics;
mod pods;
mod readers;
mod refused;
mod regions;
mod restarting;
mod rights;
mod room;
mod runs;
mod starting;
mod told;
mod unheard;
mod usage;
mod vaults;
mod workloads;

pub use account::{
    key_quiet, keys_allowed, new_key_accepted, none_in_the_making, regenerated, target_proven,
};
pub use authority::{NOBODY, approved, are_two_people, evidence_digest, is_nobody, lease_held, store_shared};
pub use branch_rules::{Deed, Ruling, deeds, rules_allow, ruling};
pub use code::{is_guess, release_known, slot_unused};
pub use consumers::{consumers, known_consumers};
pub use doubts::unclear_pods;
pub use elsewhere::delivered_elsewhere;
pub use inventory::all_listed;
pub use late_logs::logs_go_back;
pub use metrics::{metrics_asked, metrics_reach, metrics_up_to_date};
pub use pods::{
    holders, left_out, old_pods, old_pods_gone, outstays, perhaps_stale, propagated_at, propagated_to,
    settled, stale_pods, unproven, untold,
};
pub use readers::known_readers;
pub use restarting::may_restart;
pub use rights::{may_regenerate, no_right_missing};
pub use room::{Fits, autoscaler, fits, nodes_have_room, room};
pub use runs::{no_hazard, other_runs, under_way};
pub use starting::{may_start, push_may_start};
pub use told::{told_until, untold_since};
pub use unheard::{nodes_heard, unheard_news};
pub use usage::{
    logs_reach, logs_readable, logs_up_to_date, none_refused, own_region, refusals_wanted, unused_in_logs,
};
pub use vaults::{counts_as_propagated, propagated, synced, vault_sound};
pub use workloads::{
    clocks_agree, cluster_known, cluster_of_other, cluster_steady, rollout_failed, rollout_settled, stuck,
    workload_ready,
};

//! The slot matrix: the one picture of where everybody stands.
//!
//! Rows are stamps. Columns: what the base branch reads, what the live release reads, what the Key Vault holds,
//! what the pods must hold, and what Azure last saw used. A cell is a slot (with `read-only` or `read-write` where the vault
//! holds a key of the other access), `mixed`, `older` (than the vault's version: nobody has seen which key pods began with
//! before it), `none` (of a closed stamp, or one without pods) or `unknown`, with its age.

use std::time::Duration;

use jiff::Timestamp;

use super::span;
use crate::model::{Access, AccountView, ClusterView, KeyKind, Slot, SlotUse, StampName, VaultView, World};
use crate::rotation::is_closed;
use crate::rotation::predicate::{holders, perhaps_stale, stale_pods, unclear_pods, untold};

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Slot(Slot),
    /// A key of the account that has not the access that is asked about.
    OtherAccess(KeyKind),
    /// Of pods: some began with something else than others, or were given two keys.
    Mixed,
    /// Of pods: all began before the vault's version, with whatever was there then.
    Older,
    None,
    Unknown,
}

impl Holds {
    pub fn as_str(self) -> &'static str {
        match self {
            Holds::Slot(slot) => slot.as_str(),
            Holds::OtherAccess(kind) => other_access(kind),
            Holds::Mixed => "mixed",
            Holds::Older => "older",
            Holds::None => "none",
            Holds::Unknown => "unknown",
        }
    }
}

fn other_access(kind: KeyKind) -> &'static str {
    match (kind.slot, kind.access) {
        (Slot::Primary, Access::ReadWrite) => "primary read-write",
        (Slot::Secondary, Access::ReadWrite) => "secondary read-write",
        (Slot::Primary, Access::ReadOnly) => "primary read-only",
        (Slot::Secondary, Access::ReadOnly) => "secondary read-only",
    }
}

impl From<SlotUse> for Holds {
    fn from(reads: SlotUse) -> Holds {
        match reads {
            SlotUse::Only(slot) => Holds::Slot(slot),
            SlotUse::Mixed => Holds::Mixed,
            SlotUse::None => Holds::None,
            SlotUse::Unknown => Holds::Unknown,
        }
    }
}

/// One cell, with when it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub holds: Holds,
    pub seen: Option<Timestamp>,
}

/// One stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub stamp: StampName,
    pub base: Cell,
    pub release: Cell,
    pub vault: Cell,
    pub pods: Cell,
    /// Pods that may hold an older key than the vault, terminating ones included.
    pub old_pods: usize,
}

/// The whole picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    pub at: Timestamp,
    pub rows: Vec<Row>,
    /// When each slot's key was last used, where Azure tells.
    pub last_used: Vec<(Slot, Option<Timestamp>)>,
}

impl Matrix {
    /// Draws the picture from evidence, of the keys of this access. `lag` is the policy's `vault_lag`: what decides which pods count as old.
    pub fn of(world: &World, stamps: &[StampName], access: Access, lag: Duration, at: Timestamp) -> Matrix {
        let account = world.account.as_ref().and_then(|seen| seen.get());
        let (base, release) = branches(world);
        let rows = stamps
            .iter()
            .map(|stamp| {
                let (vault, pods, old_pods) = vault_and_pods(world, (account, access), stamp, lag);
                Row { stamp: stamp.clone(), base, release, vault, pods, old_pods }
            })
            .collect();
        let last_used = Slot::ALL
            .into_iter()
            .map(|slot| {
                let used = account.and_then(|account| account.key(KeyKind { slot, access }).last_used);
                (slot, used)
            })
            .collect();
        Matrix { at, rows, last_used }
    }

    /// As a table for a terminal, or any place with fixed width.
    pub fn table(&self) -> String {
        let head = ["stamp", "base branch", "release", "key vault", "pods"].map(str::to_owned);
        let mut lines = vec![head];
        for row in &self.rows {
            let pods = match row.old_pods {
                0 => self.cell(row.pods),
                old => format!("{} ({old} old)", self.cell(row.pods)),
            };
            lines.push([
                row.stamp.to_string(),
                self.cell(row.base),
                self.cell(row.release),
                self.cell(row.vault),
                pods,
            ]);
        }
        let mut text = columns(&lines);
        for (slot, used) in &self.last_used {
            if let Some(used) = used {
                let ago = span::duration(span::between(*used, self.at));
                text.push_str(&format!("{slot} key last used {ago} ago, as Azure saw it\n"));
            }
        }
        text
    }

    fn cell(&self, cell: Cell) -> String {
        match cell.seen {
            Some(seen) => {
                let age = span::duration(span::between(seen, self.at));
                format!("{} ({age})", cell.holds.as_str())
            }
            None => cell.holds.as_str().to_owned(),
        }
    }
}

fn branches(world: &World) -> (Cell, Cell) {
    let unknown = Cell { holds: Holds::Unknown, seen: None };
    let Some(seen) = &world.code else { return (unknown, unknown) };
    let Some(code) = seen.get() else { return (unknown, unknown) };
    let cell = |reads: SlotUse| Cell { holds: reads.into(), seen: Some(seen.at) };
    (cell(code.base.claim.reads), cell(code.deployed().claim.reads))
}

fn vault_and_pods(
    world: &World,
    (account, access): (Option<&AccountView>, Access),
    stamp: &StampName,
    lag: Duration,
) -> (Cell, Cell, usize) {
    let seen_vault = world.vaults.get(stamp);
    let vault = seen_vault.and_then(|seen| seen.get());
    let kind = vault.and_then(|vault| account?.kind_of(&vault.fingerprint));
    let held = kind.map(|kind| match kind.access == access {
        true => Holds::Slot(kind.slot),
        false => Holds::OtherAccess(kind),
    });
    let seen_cluster = world.clusters.get(stamp);
    let cluster = seen_cluster.and_then(|seen| seen.get());
    let untold = if is_closed(world, stamp) { Holds::None } else { Holds::Unknown };
    let (pods, old) = match cluster {
        _ if untold == Holds::None => (Holds::None, 0),
        Some(cluster) => pods(vault, held, cluster, lag),
        None => (Holds::Unknown, 0),
    };
    let vault = Cell { holds: held.unwrap_or(untold), seen: seen_vault.map(|seen| seen.at) };
    (vault, Cell { holds: pods, seen: seen_cluster.map(|seen| seen.at) }, old)
}

/// What the pods must hold, by what their vault does, and how many of them are old.
fn pods(
    vault: Option<&VaultView>,
    held: Option<Holds>,
    cluster: &ClusterView,
    lag: Duration,
) -> (Holds, usize) {
    let live = holders(cluster).count();
    let old = vault.map_or(0, |vault| stale_pods(vault, cluster, lag).count());
    let unclear = unclear_pods(vault, cluster, lag).next().is_some()
        || untold(vault, cluster, lag).next().is_some()
        || vault.is_some_and(|vault| perhaps_stale(vault, cluster, lag).next().is_some());
    let holds = match (vault, held) {
        _ if unclear => Holds::Unknown,
        (Some(_), _) if live == 0 => Holds::None,
        (Some(_), Some(_)) if old == live => Holds::Older,
        (Some(_), Some(_)) if old > 0 => Holds::Mixed,
        // Their files hold the vault's value, and what they read of Kubernetes Secrets is another.
        (Some(vault), Some(_)) if read_otherwise(vault, cluster) => Holds::Mixed,
        (Some(_), Some(held)) => held,
        _ => Holds::Unknown,
    };
    (holds, old)
}

/// Whether pods read a Kubernetes Secret that does not hold what the vault holds.
fn read_otherwise(vault: &VaultView, cluster: &ClusterView) -> bool {
    let stale = cluster.synced.iter().filter(|secret| secret.fingerprint != vault.fingerprint);
    stale.clone().any(|secret| holders(cluster).any(|pod| pod.reads(secret)))
}

/// Lines of cells as aligned columns.
pub fn columns<const N: usize>(lines: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = widths
            .iter()
            .zip(line)
            .map(|(width, cell)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count()))))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

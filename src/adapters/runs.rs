//! Runs of a pipeline, as far back as it takes to tell which one moved traffic last.
//!
//! The newest are read, and those that are going yet however old they are; where none of them has moved traffic, one longer
//! list. Stages are asked for of what is going, of the newest of each branch, and on the way back.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::model::{RunId, RunResult, RunState, RunView, StageView};
use crate::ports::Fault;

/// Of how many failed runs what they printed is read.
const EXPLAINED: usize = 3;

/// After so many runs in a row of which nobody tells the stages any more, older ones are not asked for.
const UNREAD: usize = 3;

/// How a service lists the runs of one pipeline.
#[async_trait]
pub(super) trait Listing: Sync {
    type Run: Send + Sync;
    /// That of a newer run is greater.
    type Order: Ord + Send;

    /// The newest, newest first, and those that are going yet; and whether there may be older ones.
    async fn newest(&self) -> Result<(Vec<Self::Run>, bool), Fault>;

    /// As many as are looked back at, newest first, and whether there may be older ones.
    async fn older(&self) -> Result<(Vec<Self::Run>, bool), Fault>;

    /// `explain`: with what a failed stage printed.
    async fn stages(&self, run: &Self::Run, explain: bool) -> Result<Vec<StageView>, Fault>;

    fn order(&self, run: &Self::Run) -> Self::Order;

    /// Whether one that is tried again stays where it was in the list: then how late it ended says that it may have been.
    fn keeps_place(&self) -> bool {
        false
    }

    fn view(&self, run: &Self::Run, stages: Vec<StageView>) -> RunView;
}

/// The runs, newest first. Of the newest `near` none is missing; `far`: how many are looked back at, as long as `looks_back`
/// and none has moved traffic.
pub(super) async fn back_to_traffic<L: Listing>(
    listing: &L,
    mut near: usize,
    far: usize,
    mut looks_back: bool,
) -> Result<Vec<RunView>, Fault> {
    let (mut branches, mut explained) = (BTreeSet::new(), 0);
    let mut runs: Vec<(L::Order, RunView)> = Vec::new();
    let (mut unread, mut gives_up, mut last_end) = (0, false, None);
    let (mut listed, mut more) = listing.newest().await?;
    let mut read = 0;
    loop {
        if read == listed.len() && looks_back && more && read < far {
            // None of them has moved traffic: that lies further back.
            let (all, yet_more) = listing.older().await?;
            let mut known: BTreeSet<RunId> = runs.iter().map(|(_, run)| run.id.clone()).collect();
            // Pages shift while they are read: a run may be on two of them.
            listed.extend(all.into_iter().filter(|run| known.insert(listing.view(run, Vec::new()).id)));
            (more, near) = (yet_more, far);
        }
        let Some(run) = listed.get(read) else { break };
        read += 1;
        let bare = listing.view(run, Vec::new());
        let goes = !bare.state.is_over();
        let newest_of_branch = branches.insert(bare.branch);
        let overtook = listing.keeps_place() && last_end.is_some() && bare.finished > last_end;
        last_end = last_end.max(bare.finished);
        let explain = bare.state == RunState::Completed(RunResult::Failed) && explained < EXPLAINED;
        let stages = match newest_of_branch || goes {
            true => {
                explained += usize::from(explain);
                // A stage of a run that goes on may have failed already.
                listing.stages(run, explain || goes).await?
            }
            // An old run may be half gone; what is not read is not known, and that is told where it matters.
            false if looks_back || overtook => listing.stages(run, false).await.unwrap_or_default(),
            false => Vec::new(),
        };
        let order = listing.order(run);
        let run = listing.view(run, stages);
        unread = if run.state.is_over() && run.stages.is_empty() { unread + 1 } else { 0 };
        gives_up |= looks_back && unread == UNREAD;
        // Behind the nearest there is a gap: one that is going yet says nothing of those in it.
        looks_back &= unread < UNREAD && (run.moved_traffic() != Some(true) || more && read > near);
        runs.push((order, run));
    }
    runs.sort_by(|(one, _), (other, _)| other.cmp(one));
    let mut runs: Vec<RunView> = runs.into_iter().map(|(_, run)| run).collect();
    let oldest = runs.len().min(near).checked_sub(1).and_then(|last| runs.get_mut(last));
    if let Some(oldest) = oldest.filter(|_| (looks_back || gives_up) && more) {
        oldest.more_before = true;
    }
    Ok(runs)
}

//! Who asked the account, read its key from a vault or had it listed, as logs would tell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::audit::{AuditRow, KeyEvent};
use super::super::config::{KeyColumn, LogsConfig};
use super::super::fault::{Call, Operation};
use super::super::logs::LogRow;
use super::super::time::before;
use super::super::world::World;
use super::hub::{About, Hub};
use crate::model::{
    ActivityView, AuditView, Blindness, Caller, Credential, KeyDeed, KeyDeeds, MetricsView, OWN_REQUEST,
    RefusedMinute, Requests, SecretReads, Trace, TracesView, UsageView,
};
use crate::ports::{Fault, Logs};

/// How far back the newest request of any kind is looked for.
const RECENT: Duration = Duration::from_secs(3600);

pub(super) struct MemoryLogs(pub Arc<Hub>);

#[async_trait]
impl Logs for MemoryLogs {
    async fn usage(&self, since: Timestamp) -> Result<UsageView, Fault> {
        let about = About { what: "ask the logs who used which key", subject: "the workspace" };
        self.0
            .read(about, Call::of(Operation::ReadLogs), |world| {
                let logs = world.config().logs.clone();
                let logs = logs.ok_or_else(|| about.fault(Blindness::Missing, "nothing is logged"))?;
                let rows = world.log_rows(since);
                let newest = rows.iter().map(|row| row.last).max();
                Ok(UsageView {
                    since,
                    newest,
                    requests: rows.into_iter().map(|row| seen(row, &logs)).collect(),
                })
            })
            .await
    }

    async fn refusals(&self, since: Timestamp) -> Result<MetricsView, Fault> {
        let about = About { what: "ask for the account's metrics", subject: "the account" };
        self.0
            .read(about, Call::of(Operation::ReadMetrics), |world| {
                let minutes = world.refused_minutes(since).into_iter();
                let refused =
                    minutes.map(|((region, begin), count)| RefusedMinute { region, begin, count }).collect();
                let recent = before(world.now(), RECENT).max(since);
                Ok(MetricsView { since, refused, told: world.last_minutes(recent) })
            })
            .await
    }

    async fn secret_reads(&self, since: Timestamp) -> Result<AuditView, Fault> {
        let about = About { what: "ask the logs who read the secret", subject: "the workspace" };
        self.0
            .read(about, Call::of(Operation::ReadAudit), |world| {
                let rows = world.audit_rows(since);
                let rows = rows.ok_or_else(|| about.fault(Blindness::Missing, "no vault is audited"))?;
                let mut view =
                    AuditView { since, newest: BTreeMap::new(), oldest: BTreeMap::new(), reads: Vec::new() };
                for row in rows {
                    view.note(&row.stamp, row.first, row.last);
                    view.reads.push(read(row));
                }
                Ok(view)
            })
            .await
    }

    async fn key_deeds(&self, since: Timestamp) -> Result<ActivityView, Fault> {
        let about = About { what: "ask the activity log", subject: "the account" };
        self.0
            .read(about, Call::of(Operation::ReadActivity), |world| {
                let deed = |event: &KeyEvent| KeyDeeds {
                    deed: if event.operation == "regenerateKey" {
                        KeyDeed::Regenerate
                    } else {
                        KeyDeed::List
                    },
                    identity: event.identity.clone(),
                    address: event.address.clone(),
                    count: 1,
                    first: event.at,
                    last: event.at,
                };
                let events = world.key_events(since).into_iter();
                let failed =
                    |event: &KeyEvent| world.told_of(event).iter().any(|(status, _)| *status == "Failed");
                let others =
                    events.filter(|event| !event.request_id.starts_with(OWN_REQUEST) && !failed(event));
                Ok(ActivityView { since, deeds: others.map(deed).collect() })
            })
            .await
    }

    async fn traces(&self, ids: &[String], since: Timestamp) -> Result<TracesView, Fault> {
        let about = About { what: "ask the activity log what became of it", subject: "the account" };
        self.0
            .read(about, Call::of(Operation::ReadActivity), |world| {
                let events = world.key_events(since);
                let trace = |id: &String| {
                    let found = events.iter().find(|event| event.request_id == *id);
                    (id.clone(), found.map_or(Trace::Absent, |event| trace(world, event)))
                };
                Ok(TracesView {
                    newest: events.iter().flat_map(|event| world.told_of(event)).map(|(_, at)| at).max(),
                    traces: ids.iter().map(trace).collect(),
                })
            })
            .await
    }
}

/// The last that is told of it.
fn trace(world: &World, event: &KeyEvent) -> Trace {
    match world.told_of(event).last() {
        Some(("Accepted", at)) => Trace::Accepted { at: *at },
        Some(("Succeeded", at)) => Trace::Succeeded { at: *at },
        Some(("Failed", at)) => Trace::Failed { at: *at, why: String::new() },
        Some((_, at)) => Trace::Started { at: *at },
        None => Trace::Absent,
    }
}

fn read(row: AuditRow) -> SecretReads {
    SecretReads {
        stamp: row.stamp,
        version: Some(row.version),
        identity: row.identity,
        caller: Caller { address: row.address, agent: row.agent },
        count: row.count,
        first: row.first,
        last: row.last,
    }
}

fn seen(row: LogRow, logs: &LogsConfig) -> Requests {
    let named = row.kind.filter(|_| logs.key_column != KeyColumn::Neither);
    Requests {
        credential: named.map_or(Credential::Unknown, Credential::Key),
        refused: row.kind.is_none(),
        region: row.region,
        caller: Caller { address: row.address, agent: row.agent },
        count: row.count,
        first: row.first,
        last: row.last,
    }
}

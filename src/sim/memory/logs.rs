//! Who asked the account, as its logs would tell.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::config::{KeyColumn, LogsConfig};
use super::super::fault::{Call, Operation};
use super::super::logs::LogRow;
use super::hub::{About, Hub};
use crate::model::{Blindness, Caller, Credential, Requests, UsageView};
use crate::ports::{Fault, Logs};

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

//! The last statuses of many deployments at once: by REST each is a request of its own, and a month of a busy environment more
//! of them than an hour allows. GraphQL tells a hundred at a time.
//!
//! A deployment is known by its node: its number does not fit GraphQL's whole numbers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::super::client::About;
use super::super::graphql::{Answer, PageInfo};
use super::Actions;
use super::deployments::{Deployment, RECENT, Status, may_still_begin};
use crate::model::Blindness;
use crate::ports::Fault;

/// Of 100 deployments each. What lies behind is asked for one by one.
const MOST_PAGES: usize = 30;

const LAST_STATUSES: &str = "query($owner:String!,$name:String!,$environment:String!,$after:String){\
    repository(owner:$owner,name:$name){\
    deployments(first:100,after:$after,environments:[$environment],orderBy:{field:CREATED_AT,direction:DESC}){\
    pageInfo{hasNextPage endCursor} nodes{id createdAt latestStatus{state createdAt logUrl}}}}}";

#[derive(Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    deployments: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_info: PageInfo,
    nodes: Vec<Option<Node>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: String,
    created_at: Timestamp,
    latest_status: Option<Latest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Latest {
    state: String,
    created_at: Timestamp,
    #[serde(default)]
    log_url: Option<String>,
}

impl Actions {
    /// Learns how those have ended that this process does not know yet, where they are many. Whoever may not ask, and what is
    /// not told, is left to REST.
    ///
    /// # Errors
    /// GraphQL gives no answer, or asks to come later: then REST would be asked a thousand times.
    pub(super) async fn learn_ends(&self, environment: &str, listed: &[Deployment]) -> Result<(), Fault> {
        let mut unknown: BTreeMap<&str, u64> = {
            let deployed = self.deployed.lock().await;
            let unknown =
                listed.iter().filter(|one| !one.node_id.is_empty() && !deployed.contains_key(&one.id));
            unknown.map(|one| (one.node_id.as_str(), one.id)).collect()
        };
        if unknown.len() <= RECENT {
            return Ok(());
        }
        let (now, mut after) = (self.clock.now(), None);
        for _ in 0..MOST_PAGES {
            let page = match self.last_statuses(environment, after.as_deref()).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(()),
                Err(fault) if matches!(fault.kind, Blindness::Unreachable | Blindness::Throttled) => {
                    return Err(fault);
                }
                Err(_) => return Ok(()),
            };
            let mut deployed = self.deployed.lock().await;
            let mut recent = false;
            for node in page.nodes.into_iter().flatten() {
                recent |= may_still_begin(node.created_at, now);
                let (Some(id), Some(latest)) = (unknown.remove(node.id.as_str()), node.latest_status) else {
                    continue;
                };
                let status = Status::told(&latest.state, latest.created_at, latest.log_url);
                if status.state().is_over() {
                    deployed.insert(id, status);
                }
            }
            after = page.page_info.next();
            if !recent || unknown.is_empty() || after.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One page, the newest first; nothing where GraphQL tells nothing of it.
    async fn last_statuses(&self, environment: &str, after: Option<&str>) -> Result<Option<Page>, Fault> {
        let what = format!("read how the deployments to {environment} stand");
        let subject = self.subject();
        let (owner, name) = (&self.settings.owner, &self.settings.repository);
        let variables = json!({ "owner": owner, "name": name, "environment": environment, "after": after });
        let body = json!({ "query": LAST_STATUSES, "variables": variables });
        let about = About { what: &what, subject: &subject };
        let answer: Answer<Data> = self.client.query(about, &body).await?;
        Ok(answer.data.and_then(|data| data.repository).map(|repository| repository.deployments))
    }
}

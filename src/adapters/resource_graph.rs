//! Azure Resource Graph: which clusters and vaults there are, by naming or tags.
//!
//! The graph is fed by notifications and read through providers' newest stable versions; it lags a little, which is
//! why it only ever adds a reason to wait. What the caller may not read is left out of its answers without a word: so it
//! is asked only once it is known that whole subscriptions may be read. An answer in which none of the configured vaults
//! occurs is taken for blindness, not for “none”, and what else it lacks of what is configured is told, for whoever knows
//! whether it still exists.

mod listed;
mod sight;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use self::listed::Found;
pub use self::listed::{ListedCluster, ListedStamp};
use super::arm::ArmAccess;
use super::arm_pages::Asking;
use crate::model::{Blindness, InventoryView, ResourceKind, Unlisted, matches_any_case};
use crate::ports::{Fault, Inventory};

const VERSION: &str = "2024-04-01";

/// What is filtered by patterns is filtered here: nobody's text becomes part of a query.
const QUERY: &str = "resources \
    | where type in~ ('microsoft.containerservice/managedclusters', 'microsoft.keyvault/vaults') \
    | project id, name, type, resourceGroup, location, tags | order by id asc";

/// More pages than this are no environment.
const MAX_PAGES: usize = 100;

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventorySettings {
    /// As `https://management.azure.com`.
    pub endpoint: Url,
    pub subscriptions: Vec<String>,
    /// Patterns of names; one that fits is enough. `*` stands for any text.
    pub names: Vec<String>,
    /// Patterns of tags' values; all of them must fit.
    pub tags: BTreeMap<String, String>,
    /// The tag that names the branch which a unit was built from.
    pub branch_tag: String,
    pub stamps: Vec<ListedStamp>,
}

/// The inventory of one environment.
pub struct ResourceGraph {
    access: ArmAccess,
    settings: InventorySettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    data: Vec<Row>,
    #[serde(default, rename = "$skipToken")]
    skip_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(default)]
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    resource_group: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
}

impl ResourceGraph {
    pub fn new(access: ArmAccess, settings: InventorySettings) -> ResourceGraph {
        ResourceGraph { access, settings }
    }

    fn subject(&self) -> String {
        self.settings.subscriptions.join(", ")
    }

    async fn page(&self, rest: Option<&str>) -> Result<Page, Fault> {
        let subject = self.subject();
        let asking = Asking { access: &self.access, what: WHAT, subject: &subject };
        let base = self.settings.endpoint.as_str().trim_end_matches('/');
        let address = format!("{base}/providers/Microsoft.ResourceGraph/resources?api-version={VERSION}");
        let url: Url =
            address.parse().map_err(|error| asking.unclear(format!("{address} is no address: {error}")))?;
        let mut options = json!({ "resultFormat": "objectArray", "$top": 1000 });
        if let Some(rest) = rest {
            options["$skipToken"] = json!(rest);
        }
        let body =
            json!({ "subscriptions": self.settings.subscriptions, "query": QUERY, "options": options });
        asking.posted(&url, &body).await
    }

    fn compared(&self, rows: &[Row]) -> Result<InventoryView, Fault> {
        let stamps = &self.settings.stamps;
        let shown: Vec<(&Row, Found<'_>)> = rows.iter().filter_map(|row| Some((row, row.found()?))).collect();
        let all: Vec<Found<'_>> = shown.iter().map(|(_, found)| *found).collect();
        let is_listed = |found: &Found<'_>| stamps.iter().any(|stamp| stamp.has(found, &all));
        let known = || shown.iter().filter(|(_, found)| is_listed(found));
        if !known().any(|(_, found)| found.kind == ResourceKind::Vault) {
            let why =
                "Azure shows none of the configured vaults: the account may not read these subscriptions";
            return Err(Fault::new(Blindness::Forbidden, WHAT, self.subject(), why)
                .remedy("assign “Reader”, or correct `subscriptions` under [environment.NAME.inventory]"));
        }
        let alike: Vec<&(&Row, Found<'_>)> = shown.iter().filter(|(row, _)| self.is_alike(row)).collect();
        let strange = alike.iter().filter(|(_, found)| !is_listed(found));
        // A stamp that tells no cluster may have one of those that nobody else has.
        let all_told = stamps.iter().all(|stamp| {
            let is_its = |found: &Found<'_>| found.kind == ResourceKind::Cluster && stamp.has(found, &all);
            stamp.cluster.is_some() || all.iter().any(is_its)
        });
        let (unattributed, unlisted) = strange
            .map(|(row, found)| row.resembling(found.kind))
            .partition(|one: &Unlisted| one.kind == ResourceKind::Cluster && !all_told);
        let branches = known().filter_map(|(row, _)| row.tag(&self.settings.branch_tag)).map(bare_branch);
        let looks = |found: &Found<'_>| alike.iter().any(|(_, other)| other == found);
        let (absent, shown) = listed::sought(stamps, &all);
        Ok(InventoryView {
            alike: alike.len(),
            unlisted,
            unattributed,
            absent,
            shown,
            unlike: listed::unlike(stamps, &all, looks),
            branches: branches.collect(),
        })
    }

    fn is_alike(&self, row: &Row) -> bool {
        let InventorySettings { names, tags, .. } = &self.settings;
        let named = names.iter().any(|pattern| matches_any_case(pattern, &row.name));
        let fits = |(name, pattern): (&String, &String)| {
            row.tag(name).is_some_and(|value| matches_any_case(pattern, value))
        };
        named || (!tags.is_empty() && tags.iter().all(fits))
    }
}

fn bare_branch(tag: &str) -> String {
    tag.strip_prefix("refs/heads/").unwrap_or(tag).to_owned()
}

const WHAT: &str = "ask Azure which stamps there are";

impl Row {
    /// Names of tags have no case.
    fn tag(&self, name: &str) -> Option<&str> {
        let mut all = self.tags.iter().flatten();
        all.find(|(tag, _)| tag.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn found(&self) -> Option<Found<'_>> {
        Some(Found { kind: self.resource()?, name: &self.name, id: &self.id })
    }

    fn resembling(&self, kind: ResourceKind) -> Unlisted {
        Unlisted {
            kind,
            name: self.name.clone(),
            resource_group: self.resource_group.clone(),
            location: self.location.clone(),
        }
    }

    fn resource(&self) -> Option<ResourceKind> {
        match self.kind.to_ascii_lowercase().as_str() {
            "microsoft.containerservice/managedclusters" => Some(ResourceKind::Cluster),
            "microsoft.keyvault/vaults" => Some(ResourceKind::Vault),
            _ => None,
        }
    }
}

#[async_trait]
impl Inventory for ResourceGraph {
    async fn look(&self) -> Result<InventoryView, Fault> {
        for subscription in &self.settings.subscriptions {
            sight::is_whole(&self.access, &self.settings.endpoint, subscription).await?;
        }
        let mut rows = Vec::new();
        let mut rest: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self.page(rest.as_deref()).await?;
            rows.extend(page.data);
            rest = page.skip_token.filter(|token| !token.is_empty());
            if rest.is_none() {
                return self.compared(&rows);
            }
        }
        let why = format!("the answer has more than {MAX_PAGES} pages");
        Err(Fault::new(Blindness::Unintelligible, WHAT, self.subject(), why)
            .remedy("name fewer subscriptions under [environment.NAME.inventory]"))
    }
}

/// Where nothing says what a stamp looks like in Azure.
pub struct NoInventory;

#[async_trait]
impl Inventory for NoInventory {
    async fn look(&self) -> Result<InventoryView, Fault> {
        let why = "the configuration does not say what stamps are called in Azure";
        Err(Fault::new(Blindness::Missing, WHAT, "inventory", why)
            .remedy("add [environment.NAME.inventory] with `names` or `tags`"))
    }
}

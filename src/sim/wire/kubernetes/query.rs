//! The query of a list or a watch.

use std::time::Duration;

use super::answer::Refused;
use super::selector::Selector;

/// What was asked for besides the collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub watch: bool,
    pub bookmarks: bool,
    /// A watch that begins with everything there is, and says when that is told.
    pub initial_events: bool,
    pub resource_version: Option<u64>,
    /// `resourceVersionMatch=Exact`.
    pub exact: bool,
    pub limit: Option<usize>,
    /// The continue token.
    pub rest: Option<String>,
    pub timeout: Option<Duration>,
    pub selector: Selector,
    pub dry_run: bool,
}

impl Query {
    pub fn parse(text: &str) -> Result<Query, Refused> {
        let mut query = Query::default();
        let (mut fields, mut labels) = (String::new(), String::new());
        for (key, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let yes = matches!(&*value, "true" | "1");
            match &*key {
                "watch" => query.watch = yes,
                "allowWatchBookmarks" => query.bookmarks = yes,
                "sendInitialEvents" => query.initial_events = yes,
                "resourceVersion" if !value.is_empty() => {
                    let invalid =
                        || Refused::new(400, "BadRequest", format!("invalid resource version \"{value}\""));
                    query.resource_version = Some(value.parse().map_err(|_| invalid())?);
                }
                "resourceVersionMatch" => query.exact = value == "Exact",
                "limit" => query.limit = value.parse().ok(),
                "continue" if !value.is_empty() => query.rest = Some(value.into_owned()),
                "timeoutSeconds" => query.timeout = value.parse().ok().map(Duration::from_secs),
                "fieldSelector" => fields = value.into_owned(),
                "labelSelector" => labels = value.into_owned(),
                "dryRun" => query.dry_run = value == "All",
                _ => {}
            }
        }
        query.selector = Selector::parse(&fields, &labels)?;
        Ok(query)
    }
}

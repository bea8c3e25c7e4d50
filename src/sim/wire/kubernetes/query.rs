//! The query of a list or a watch.

use std::time::Duration;

use super::answer::Refused;
use super::selector::Selector;

/// What was asked for besides the collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub watch: bool,
    pub bookmarks: bool,
    /// Whether a watch is to begin with everything there is, and to say when that is told.
    pub initial_events: Option<bool>,
    pub resource_version: Option<u64>,
    /// `resourceVersionMatch`, whatever it says.
    pub version_match: String,
    pub limit: Option<usize>,
    /// The continue token.
    pub rest: Option<String>,
    pub timeout: Option<Duration>,
    pub selector: Selector,
    pub dry_run: bool,
}

impl Query {
    /// Whether a watch begins with everything there is, and says when that is told.
    pub fn streams(&self) -> bool {
        self.initial_events == Some(true)
    }

    /// A watch from no version, or from 0, begins with everything anyway: a server that sends lists with watches says when
    /// that is told even where nobody asked (`SetListOptionsDefaults`).
    pub fn with_defaults(mut self, streams: bool) -> Query {
        let from_nothing = matches!(self.resource_version, None | Some(0));
        if streams && from_nothing && self.initial_events.is_none() && self.version_match.is_empty() {
            self.initial_events = Some(true);
            self.version_match = "NotOlderThan".to_owned();
        }
        self
    }

    /// Whether a list is to be of one version and no other.
    pub fn exact(&self) -> bool {
        self.version_match == "Exact"
    }

    pub fn parse(text: &str) -> Result<Query, Refused> {
        let mut query = Query::default();
        let (mut fields, mut labels) = (String::new(), String::new());
        for (key, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let yes = matches!(&*value, "true" | "1");
            match &*key {
                "watch" => query.watch = yes,
                "allowWatchBookmarks" => query.bookmarks = yes,
                "sendInitialEvents" => query.initial_events = Some(yes),
                "resourceVersion" if !value.is_empty() => {
                    let invalid =
                        || Refused::new(400, "BadRequest", format!("invalid resource version \"{value}\""));
                    query.resource_version = Some(value.parse().map_err(|_| invalid())?);
                }
                "resourceVersionMatch" => query.version_match = value.into_owned(),
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

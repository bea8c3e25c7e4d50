//! Places in Azure, as paths name them: a subscription, a resource group in it, a name in that. What lies elsewhere is
//! not found, and Azure says how far it came.

use axum::response::Response;
use http::{Method, StatusCode};

use super::arm::nested;
use crate::sim::{Stamp, World};

/// One place, in lower case.
#[derive(Clone, Debug)]
pub(super) struct Place {
    subscription: String,
    group: String,
    pub name: String,
}

/// The subscription of which a path in lower case asks for everything of that kind.
pub(super) fn whole_asked<'p>(method: &Method, path: &'p str, kind: &str) -> Option<&'p str> {
    let list = format!("/providers/{kind}");
    let subscription = path.strip_prefix("/subscriptions/")?.strip_suffix(list.as_str())?;
    (method == Method::GET && !subscription.contains('/')).then_some(subscription)
}

impl Place {
    /// Of a path in lower case to a resource of that kind; and what follows its name.
    pub(super) fn of<'p>(path: &'p str, kind: &str) -> Option<(Place, &'p str)> {
        let (scope, rest) = path.split_once(&format!("/providers/{kind}/"))?;
        let (subscription, group) =
            scope.trim_matches('/').strip_prefix("subscriptions/")?.split_once("/resourcegroups/")?;
        if subscription.contains('/') || group.contains('/') {
            return None;
        }
        let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let place =
            Place { subscription: subscription.to_owned(), group: group.to_owned(), name: name.to_owned() };
        Some((place, rest))
    }

    /// The stamp that has its parts there, under one of which this name stands.
    pub(super) fn stamp<'w>(&self, world: &'w World, part: impl Fn(&Stamp) -> &str) -> Option<&'w Stamp> {
        world.stamps().filter(|stamp| stamp.destroyed.is_none()).find(|stamp| {
            stamp.subscription.eq_ignore_ascii_case(&self.subscription)
                && stamp.resource_group.eq_ignore_ascii_case(&self.group)
                && part(stamp).eq_ignore_ascii_case(&self.name)
        })
    }

    /// What is answered where there is nothing of that kind.
    pub(super) fn nothing(&self, world: &World, kind: &str) -> Response {
        let Place { subscription, group, name } = self;
        let account = &world.account().config().id;
        let groups = world
            .stamps()
            .map(|stamp| (&stamp.subscription, &stamp.resource_group, stamp.destroyed.is_none()))
            .chain([(&account.subscription, &account.resource_group, true)]);
        let (mut known, mut there) = (false, false);
        for (of, called, exists) in groups {
            known |= of.eq_ignore_ascii_case(subscription);
            there |= exists && of.eq_ignore_ascii_case(subscription) && called.eq_ignore_ascii_case(group);
        }
        let (code, message) = match (known, there) {
            (false, _) => {
                ("SubscriptionNotFound", format!("The subscription '{subscription}' could not be found."))
            }
            (true, false) => {
                ("ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
            }
            (true, true) => (
                "ResourceNotFound",
                format!("The Resource '{kind}/{name}' under resource group '{group}' was not found."),
            ),
        };
        nested(StatusCode::NOT_FOUND, code, &message)
    }
}

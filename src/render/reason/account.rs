//! The account and its keys: whether they work, and their regeneration.

use crate::model::NetworkRules;
use crate::render::count::counted;
use crate::render::span;
use crate::rotation::{Gate, Reason, Why, ended_ill};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::LocalAuthDisabled => {
            "the account has disableLocalAuth set: its keys open nothing, there is nothing to rotate"
                .to_owned()
        }
        Why::AccountBusy { state } if state.is_empty() => {
            "the account does not say whether an operation is under way".to_owned()
        }
        Why::AccountBusy { state } if ended_ill(state) => {
            format!("the account's last operation ended as “{state}”, and nothing is under way")
        }
        Why::AccountBusy { state } => format!("the account is in the middle of an operation ({state})"),
        Why::KeyRefused { slot, regions } => {
            format!("the {slot} key is refused in {}", regions.join(", "))
        }
        Why::KeySpreading { slot, regions, until } => format!(
            "the {slot} key is new and refused in {} yet; until {} that may be the time it takes to spread",
            regions.join(", "),
            span::time(*until)
        ),
        Why::ProofInconclusive { slot, regions, why, lasting: _ } => {
            format!("whether the {slot} key works could not be tried in {}: {why}", regions.join(", "))
        }
        Why::KeptOut { slot, regions, rules } if reason.gate == Gate::NewKeyAccepted => format!(
            "the {slot} key is new by its generation time and fingerprint, and this machine cannot ask Cosmos DB whether \
             it is accepted: {}",
            kept_out(regions, rules)
        ),
        Why::KeptOut { slot, regions, rules } => format!(
            "this machine cannot ask Cosmos DB whether the {slot} key is accepted: {}; nor could it ask that of the new \
             key later",
            kept_out(regions, rules)
        ),
        Why::ProofOfAnotherKey { slot } => {
            format!("the {slot} slot has another key than the one that was proven")
        }
        Why::TargetTooOld { age, max } => {
            let age =
                age.map_or_else(|| "of unknown age".to_owned(), |age| format!("{} old", span::duration(age)));
            format!("the {subject} key is {age}; policy says at most {}", span::duration(*max))
        }
        Why::OperationRunning { until } => {
            format!("the regeneration is running; the service is asked again at {}", span::time(*until))
        }
        Why::OperationFailed { why } => format!("the regeneration failed: {why}"),
        Why::RetiredKeyGiven { slot, .. } => format!(
            "by its generation time the {slot} key was made anew, and the account gives out the one that was to go"
        ),
        Why::GenerationNotNewer => {
            format!("the {subject} key's generation time is not later than before yet")
        }
        Why::NotAcceptedLongEnough {
            since: Some(since),
            until: Some(until),
            reach,
            counted: Some(counted),
        } => {
            format!(
                "every probe since {} found the new {subject} key accepted everywhere, and each counts for {} at most: they were \
                 further apart, so {} count so far, and it takes until {} at least",
                span::time(*since),
                span::duration(*reach),
                span::duration(*counted),
                span::time(*until)
            )
        }
        Why::NotAcceptedLongEnough { since: Some(since), until: Some(until), .. } => format!(
            "the new {subject} key is accepted everywhere since {}, and has to be until {}",
            span::time(*since),
            span::time(*until)
        ),
        Why::NotAcceptedLongEnough { .. } => {
            format!("the new {subject} key is not accepted in every region yet")
        }
        in_other_rooms!(account) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::KeyRefused { slot, .. } => {
            return format!(
                "see whether the {slot} key was regenerated just now; else regenerate it first, it is not \
                 in use"
            );
        }
        Why::KeptOut { .. } if reason.gate == Gate::NewKeyAccepted => {
            "run `keyslot rotate` where the account lets requests in from (an agent beside the workloads), or let this \
             machine's address in; until then the rotation stays open, and everybody is on the other key"
        }
        Why::KeptOut { .. } => {
            "run keyslot where the workloads run (an agent in their network, which the rules let in), or let this \
             machine's address in (`ipRules`); only a signed request proves a key, so nothing goes on from here"
        }
        Why::LocalAuthDisabled => {
            "if its keys shall be used, set disableLocalAuth to false; if not, close the rotation: there is nothing to \
             rotate"
        }
        Why::NotAcceptedLongEnough { counted: Some(_), .. } => {
            "`--wait` probes often enough; without it, every later turn counts for as much, and it takes that many more"
        }
        Why::OperationFailed { .. } => {
            "look at the account's activity log; then have it tried again: `keyslot rotate` or `keyslot regenerate` (no job \
             does, by `keyslot advance`)"
        }
        Why::RetiredKeyGiven { lasting: true, .. } => {
            "look into the portal whether the key has changed; where it has not, nothing was regenerated: ask Azure's support, \
             or `keyslot close --because …` and begin anew"
        }
        Why::ProofInconclusive { lasting: true, .. } => {
            "name a container of the account in keyslot.toml, under [environment.NAME.account]: \
             `probe = { database = \"…\", container = \"…\" }`; make an empty one where there is none"
        }
        Why::AccountBusy { state } if ended_ill(state) => {
            "look into the account in the portal: an update of it that succeeds ends that state; then run this again"
        }
        Why::AccountBusy { .. }
        | Why::KeySpreading { .. }
        | Why::ProofInconclusive { lasting: false, .. }
        | Why::ProofOfAnotherKey { .. }
        | Why::TargetTooOld { .. }
        | Why::OperationRunning { .. }
        | Why::GenerationNotNewer
        | Why::RetiredKeyGiven { lasting: false, .. }
        | Why::NotAcceptedLongEnough { counted: None, .. } => "",
        in_other_rooms!(account) => "",
    };
    text.to_owned()
}

fn kept_out(regions: &[String], rules: &NetworkRules) -> String {
    let rules = network_rules(rules);
    let rules = if rules.is_empty() { String::new() } else { format!(" ({rules})") };
    format!("the account's network rules keep it out of {}{rules}", regions.join(", "))
}

/// The account's rules in words, as Azure calls them. Empty where there are none.
pub fn network_rules(rules: &NetworkRules) -> String {
    let NetworkRules { closed_to_public, addresses, virtual_networks, private_endpoints } = rules;
    let counts = [
        (*addresses, "address rule"),
        (*virtual_networks, "virtual network rule"),
        (*private_endpoints, "private endpoint"),
    ];
    let closed = closed_to_public.then(|| "publicNetworkAccess is off".to_owned());
    let counted =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(count, what));
    closed.into_iter().chain(counted).collect::<Vec<_>>().join(", ")
}

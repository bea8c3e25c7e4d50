//! How far logs and metrics tell, and whom Cosmos DB refuses by them.

use super::requests;
use crate::model::EvidenceKey;
use crate::render::span;
use crate::rotation::{Gate, Reason, Subject, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::LogsBehind { region, reached, wanted } => format!(
            "{} is not known yet: {}, and what is asked is up to {}",
            asked_of_logs(reason),
            logs_end(reason.gate, region.as_deref(), *reached),
            span::time(*wanted)
        ),
        Why::LogsYoung { begins, wanted, until: Some(until) } if reason.gate == Gate::NotRefused => format!(
            "whom Cosmos DB has refused since {}, when the pods of {subject} were replaced, is not known: the first row of the \
             account's logs is of {}; whoever reads a dead key is refused again, and is in them by {}",
            span::time(*wanted),
            span::time(*begins),
            span::time(*until)
        ),
        Why::LogsYoung { begins, wanted, until: Some(until) } => format!(
            "whether the {subject} key was used since {} is not known: the first row of the account's logs is of {}; they go \
             back over the quiet window at {}",
            span::time(*wanted),
            span::time(*begins),
            span::time(*until)
        ),
        Why::LogsYoung { begins, wanted, until: None } => format!(
            "who comes by now and then is not known: the account's logs were asked from {} on, and their first row is of {}",
            span::rfc3339(*wanted),
            span::rfc3339(*begins)
        ),
        Why::WindowShort { evidence, begins, wanted } => format!(
            "whom Cosmos DB has refused since {} is not known: {evidence} were read from {} on",
            span::time(*wanted),
            span::time(*begins)
        ),
        Why::LogsStalled { reached, wanted } => format!(
            "{} is not known: {}, and should long have come to {}",
            asked_of_logs(reason),
            logs_end(reason.gate, None, *reached),
            span::time(*wanted)
        ),
        Why::MetricsSilent { reached, wanted, .. } => format!(
            "whether Cosmos DB has refused requests of {subject} is not known: its metrics tell of no request in the stamp's region {}, and \
             what is asked is up to {}",
            reached.map_or("in the last hour".to_owned(), |reached| format!("since {}", span::time(reached))),
            span::time(*wanted)
        ),
        Why::RefusalsUntold { evidence, reached, wanted, .. } => format!(
            "whether Cosmos DB refuses requests of {subject} is not known yet: {evidence} tell of requests in the stamp's region {}, \
             and what is asked is up to {}",
            reached.map_or("not at all".to_owned(), |reached| format!("up to {}", span::time(reached))),
            span::time(*wanted)
        ),
        Why::RefusedSince { region, since, at, by, count, stranger: true } => format!(
            "Cosmos DB has refused {} in {region} since pods there were replaced ({}), the last at {} by {by}, where no stamp \
             is known to be",
            requests(*count),
            span::time(*since),
            span::time(*at)
        ),
        Why::RefusedSince { region, since, at, by, count, stranger: false } => format!(
            "Cosmos DB has refused {} in {region} since the pods of {subject} were replaced ({}), the last at {} \
             by {by}",
            requests(*count),
            span::time(*since),
            span::time(*at)
        ),
        Why::RefusedByMetrics { since, refusals } => {
            let before = refusals.before.map(|count| format!("; in the hour before it were {count}"));
            format!(
                "by the account's metrics Cosmos DB has refused {} in {} since the pods of {subject} were replaced ({}), the \
                 last in the minute of {}{}",
                requests(refusals.count),
                refusals.region,
                span::time(*since),
                span::time(refusals.last),
                before.unwrap_or_default()
            )
        }
        in_other_rooms!(logs) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::LogsBehind { reached: None, .. } | Why::LogsStalled { .. } => {
            "see that the account's diagnostic settings send DataPlaneRequests to the workspace"
        }
        Why::LogsYoung { until: None, .. } => {
            "see since when the account's requests are sent to the workspace, and how long it keeps them; say as \
             `census_window` under the environment's policy how far back they go, or accept it by name"
        }
        Why::RefusalsUntold { lasting: false, .. } => "",
        Why::RefusalsUntold { evidence: EvidenceKey::Usage, .. } => {
            "see that the account's diagnostic settings send DataPlaneRequests to the workspace; where nobody asks the account in \
             that region, accept the stamp by name"
        }
        Why::MetricsSilent { .. } | Why::RefusalsUntold { .. } => {
            "see in Azure Monitor whether the account's metric TotalRequests comes; where nobody asks the account in that region, say that \
             metrics are not wanted (`metrics_lag = \"0s\"` under the environment's policy), or accept the stamp by name"
        }
        Why::RefusedByMetrics { refusals, .. } if refusals.before != Some(0) => {
            "find out whether somebody was refused before already (the account's logs name callers); accept the stamp by name \
             if it is none of its pods: that holds for up to twice as many a minute"
        }
        Why::RefusedSince { stranger: true, .. } => {
            "find out who it is: if it is none of the stamps' pods, accept it by its address; else say under the stamp from \
             where its pods come (`addresses`), and see which key they read"
        }
        Why::RefusedSince { stranger: false, .. } | Why::RefusedByMetrics { .. } => {
            "look at the stamp's pods: which key did they read? Mend and restart them, or accept the stamp by name"
        }
        Why::LogsBehind { .. } | Why::LogsYoung { until: Some(_), .. } | Why::WindowShort { .. } => "",
        in_other_rooms!(logs) => "",
    };
    text.to_owned()
}

/// What the logs are to tell of the subject.
fn asked_of_logs(reason: &Reason) -> String {
    match &reason.subject {
        Subject::Stamp(stamp) if reason.gate == Gate::Readers => {
            format!("who has read the secret from the vault of {stamp}")
        }
        Subject::Key(slot) => format!("whether anybody uses the {slot} key"),
        Subject::Stamp(stamp) => format!("whether Cosmos DB refuses the pods of {stamp}"),
        Subject::Client(address) => format!("what {address} does"),
        other => format!("who asks the {other} with which key"),
    }
}

fn logs_end(gate: Gate, region: Option<&str>, reached: Option<jiff::Timestamp>) -> String {
    match (region, reached) {
        (Some(region), Some(reached)) => {
            format!("the logs have no row of {region} that is younger than {}", span::time(reached))
        }
        (Some(region), None) => format!("the logs have no row of {region}"),
        (None, Some(reached)) => format!("the logs are whole up to {}", span::time(reached)),
        (None, None) if gate == Gate::Readers => "the logs have no row of that vault".to_owned(),
        (None, None) => "the logs have no row of the account".to_owned(),
    }
}

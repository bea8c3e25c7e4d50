//! Labels, requested reviews, assignees. What is there already is not asked for again.
//!
//! Where pull requests are told how the rotation stands, the label for that goes along with the first others: one request
//! less.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::GitHub;
use super::bulletin::LABEL;
use super::client::{About, Sent, Write};
use super::pull::Pull;
use crate::model::{PullDress, PullNumber};
use crate::ports::{Effect, Fault};

impl GitHub {
    pub(super) async fn dressed(&self, number: PullNumber, dress: &PullDress) -> Effect<()> {
        let (what, subject) = (format!("label pull request {number} and ask for reviews"), self.subject());
        let about = About { what: &what, subject: &subject };
        let found = match self.look(about, number).await {
            Ok(found) => found,
            Err(fault) => return Effect::NotSent(fault),
        };
        let mut worn = self.seen.forget(number.0).map(|(at, pull)| (at, Pull::clone(&pull)));
        let mut told = self.seen.told(number.0);
        let mut refused: Option<Fault> = None;
        for (path, body) in self.missing(&found, dress, self.settings.board && !told.labelled) {
            match self.client.write(about, Write::post(&path, &body)).await {
                Sent::Done(reply) => {
                    if says_how_it_stands(&body) {
                        told.labelled = true;
                        self.seen.note_told(number.0, told.clone());
                    }
                    let says =
                        |(_, pull): &mut (Timestamp, Pull)| reply.json().is_ok_and(|body| pull.wears(body));
                    worn = worn.and_then(|mut worn| says(&mut worn).then_some(worn));
                }
                // The others are worth having all the same.
                Sent::Refused(fault, _) => drop(refused.get_or_insert(fault)),
                Sent::Unsent(fault) => return Effect::NotSent(fault),
                Sent::Unknown(fault) => return Effect::Unknown(fault),
            }
        }
        if let Some((at, pull)) = worn {
            self.seen.note_looked(Arc::new(pull), at);
        }
        refused.map_or(Effect::Applied(()), Effect::Refused)
    }

    /// What it does not have yet, as requests. GitHub refuses to ask the author for a review.
    fn missing(&self, pull: &Pull, dress: &PullDress, stands: bool) -> Vec<(String, Value)> {
        let PullDress { labels, reviewers, teams, assignees } = dress;
        let stands = (stands && !labels.is_empty()).then(|| LABEL.to_owned());
        let labels: Vec<String> = labels.iter().cloned().chain(stands).collect();
        let lacks = |wanted: &[String], has: &[String]| -> Vec<String> {
            let same = |name: &String| has.iter().any(|known| known.eq_ignore_ascii_case(name));
            wanted.iter().filter(|name| !same(name)).cloned().collect()
        };
        let labels = lacks(&labels, &pull.labels());
        let asked: Vec<String> = pull.requested().into_iter().chain([pull.author().to_owned()]).collect();
        let (reviewers, teams) = (lacks(reviewers, &asked), lacks(teams, &pull.requested_teams()));
        let assignees = lacks(assignees, &pull.assignees());
        let of = |kind: &str, rest: &str| self.path(&format!("{kind}/{}/{rest}", pull.number));
        let mut missing = Vec::new();
        if !labels.is_empty() {
            missing.push((of("issues", "labels"), json!({ "labels": labels })));
        }
        if !reviewers.is_empty() || !teams.is_empty() {
            let body = json!({ "reviewers": reviewers, "team_reviewers": teams });
            missing.push((of("pulls", "requested_reviewers"), body));
        }
        if !assignees.is_empty() {
            missing.push((of("issues", "assignees"), json!({ "assignees": assignees })));
        }
        missing
    }
}

fn says_how_it_stands(body: &Value) -> bool {
    body["labels"].as_array().is_some_and(|labels| labels.iter().any(|label| label == LABEL))
}

//! What only GraphQL tells or does: conversations, the review decision, the merge queue, auto-merge.
//!
//! GraphQL answers 200 with `errors` where REST answers no. It knows no conditional requests and has a counter of its
//! own, so its answer about a pull request is good for two minutes, or until REST says that it has changed.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::GitHub;
use super::client::{About, Sent};
use super::seen::is_within;
use crate::model::{Blindness, CommitId, MergeMethod};
use crate::ports::{Effect, Fault};

/// Thirty questions an hour are well under a hundredth of the limit.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(120);

/// Of 100 conversations each: a pull request that has more is none that anybody reads.
const MOST_PAGES: usize = 20;

const LOOK: &str = "query($owner:String!,$name:String!,$number:Int!,$after:String){\
    repository(owner:$owner,name:$name){\
    pullRequest(number:$number){reviewDecision isInMergeQueue \
    reviewThreads(first:100,after:$after){pageInfo{hasNextPage endCursor} nodes{isResolved}}}}}";

const AUTO_MERGE: &str = "mutation($input:EnablePullRequestAutoMergeInput!){\
    enablePullRequestAutoMerge(input:$input){pullRequest{autoMergeRequest{enabledAt}}}}";

const NO_AUTO_MERGE: &str = "mutation($input:DisablePullRequestAutoMergeInput!){\
    disablePullRequestAutoMerge(input:$input){pullRequest{number}}}";

const ENQUEUE: &str = "mutation($input:EnqueuePullRequestInput!){\
    enqueuePullRequest(input:$input){mergeQueueEntry{position}}}";

const DEQUEUE: &str = "mutation($input:DequeuePullRequestInput!){\
    dequeuePullRequest(input:$input){mergeQueueEntry{position}}}";

/// What a look by GraphQL shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Whether reviews are all that is demanded of them, owners of the code included.
    pub(super) approved: bool,
    pub(super) queued: bool,
    pub(super) open_conversations: u32,
}

#[derive(Deserialize)]
pub(super) struct Answer<T> {
    pub(super) data: Option<T>,
    #[serde(default)]
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    pull_request: Option<Pull>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    review_decision: Option<String>,
    is_in_merge_queue: bool,
    review_threads: Threads,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Threads {
    page_info: PageInfo,
    nodes: Vec<Option<Thread>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Where the next page begins; `None` where this is the last one.
    pub(super) fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    is_resolved: bool,
}

impl Threads {
    fn open(&self) -> u32 {
        let open = self.nodes.iter().flatten().filter(|thread| !thread.is_resolved).count();
        u32::try_from(open).unwrap_or(u32::MAX)
    }
}

impl GitHub {
    /// `None` where the token may not ask.
    pub(super) async fn asked(&self, of: &super::pull::Pull, what: &str) -> Result<Option<Asked>, Fault> {
        let number = of.number;
        let now = self.client.now();
        let known = self.seen.asked(number);
        let known =
            known.filter(|(at, updated, _)| is_within(*at, GOOD_FOR, now) && *updated == of.updated_at);
        if let Some((_, _, asked)) = known {
            return Ok(Some(asked));
        }
        let subject = self.subject();
        let about = About { what, subject: &subject };
        let Some(first) = self.page_of(about, number, None).await? else { return Ok(None) };
        let mut asked = Asked {
            approved: first.review_decision.as_deref().is_none_or(|decision| decision == "APPROVED"),
            queued: first.is_in_merge_queue,
            open_conversations: 0,
        };
        let mut threads = first.review_threads;
        for _ in 0..MOST_PAGES {
            asked.open_conversations += threads.open();
            let Some(after) = threads.page_info.next() else { break };
            let Some(page) = self.page_of(about, number, Some(after)).await? else { return Ok(None) };
            threads = page.review_threads;
        }
        self.seen.note_asked(number, (now, of.updated_at, asked.clone()));
        Ok(Some(asked))
    }

    /// The pull request with a page of its conversations; `None` where the token may not ask.
    async fn page_of(
        &self,
        about: About<'_>,
        number: u64,
        after: Option<String>,
    ) -> Result<Option<Pull>, Fault> {
        let (owner, name) = (&self.settings.owner, &self.settings.repository);
        let variables = json!({ "owner": owner, "name": name, "number": number, "after": after });
        let body = json!({ "query": LOOK, "variables": variables });
        let answer: Answer<Data> = self.client.query(about, &body).await?;
        let pull = answer.data.and_then(|data| data.repository).and_then(|found| found.pull_request);
        if pull.is_some() {
            return Ok(pull);
        }
        let fault = refused(about, &answer.errors);
        if fault.kind == Blindness::Forbidden { Ok(None) } else { Err(fault) }
    }

    /// Whether GitHub shows the wish in its answer.
    pub(super) async fn enable_auto_merge(
        &self,
        about: About<'_>,
        node: &str,
        head: &CommitId,
        method: MergeMethod,
    ) -> Effect<bool> {
        let method = method.as_str().to_uppercase();
        let input = json!({ "pullRequestId": node, "expectedHeadOid": head.as_str(), "mergeMethod": method });
        let done = self.done(about, &json!({ "query": AUTO_MERGE, "variables": { "input": input } })).await;
        done.map(|data| {
            let wish = data.pointer("/enablePullRequestAutoMerge/pullRequest/autoMergeRequest");
            wish.is_some_and(|wish| !wish.is_null())
        })
    }

    pub(super) async fn disable_auto_merge(&self, about: About<'_>, node: &str) -> Effect<()> {
        let input = json!({ "pullRequestId": node });
        self.done(about, &json!({ "query": NO_AUTO_MERGE, "variables": { "input": input } })).await.map(drop)
    }

    pub(super) async fn enqueue(&self, about: About<'_>, node: &str, head: &CommitId) -> Effect<()> {
        let input = json!({ "pullRequestId": node, "expectedHeadOid": head.as_str() });
        self.done(about, &json!({ "query": ENQUEUE, "variables": { "input": input } })).await.map(drop)
    }

    /// It is named otherwise there than in the other mutations.
    pub(super) async fn dequeue(&self, about: About<'_>, node: &str) -> Effect<()> {
        let input = json!({ "id": node });
        self.done(about, &json!({ "query": DEQUEUE, "variables": { "input": input } })).await.map(drop)
    }

    async fn done(&self, about: About<'_>, body: &Value) -> Effect<Value> {
        let reply = match self.client.mutate(about, body).await {
            Sent::Done(reply) => reply,
            Sent::Refused(fault, _) => return Effect::Refused(fault),
            Sent::Unsent(fault) => return Effect::NotSent(fault),
            Sent::Unknown(fault) => return Effect::Unknown(fault),
        };
        match reply.json::<Answer<Value>>() {
            Ok(Answer { data: Some(data), errors }) if errors.is_empty() => Effect::Applied(data),
            Ok(answer) if is_untold(&answer.errors) => Effect::Unknown(refused(about, &answer.errors)),
            Ok(answer) => Effect::Refused(refused(about, &answer.errors)),
            Err(error) => Effect::Unknown(about.fault(Blindness::Unintelligible, error.to_string())),
        }
    }
}

/// GitHub gave up on it, or says nothing of it: what became of it is not known.
fn is_untold(complaints: &[Complaint]) -> bool {
    let gave_up = |one: &Complaint| {
        let words = one.message.to_lowercase();
        words.contains("something went wrong")
            || words.contains("respond to your request in time")
            || matches!(one.kind.as_deref(), Some("INTERNAL" | "SERVICE_UNAVAILABLE"))
    };
    complaints.is_empty() || complaints.iter().any(gave_up)
}

/// What its words mean: GraphQL has no other way to say it.
fn refused(about: About<'_>, complaints: &[Complaint]) -> Fault {
    let words: Vec<&str> = complaints.iter().map(|complaint| complaint.message.as_str()).collect();
    let words = words.join("; ");
    let says = |text: &str| words.to_lowercase().contains(text);
    let forbidden = complaints.iter().any(|complaint| complaint.kind.as_deref() == Some("FORBIDDEN"));
    let fault = |kind, remedy: &str| about.fault(kind, format!("GitHub answered: {words}")).remedy(remedy);
    if says("clean status") || says("unstable status") {
        return fault(
            Blindness::Changed,
            "nothing holds it any more, so there is nothing to wait for: merge it",
        );
    }
    if says("head sha") || says("expected head") || says("head branch was modified") {
        return fault(Blindness::Changed, "somebody has pushed to it meanwhile");
    }
    if says("can't disable auto-merge") {
        return fault(Blindness::Changed, "nobody asks for it any more: look again");
    }
    if says("auto merge is not allowed") || says("auto-merge is not allowed") {
        return fault(
            Blindness::Unintelligible,
            "allow auto-merge in the repository's settings, or take `merge = \"auto\"` out of keyslot.toml",
        );
    }
    if says("protected branch rules not configured") {
        return fault(
            Blindness::Unintelligible,
            "the base branch has no rule to wait for: somebody merges it, or `merge = \"keyslot\"`",
        );
    }
    if complaints.is_empty() {
        return about.fault(Blindness::Unintelligible, "GitHub answered nothing of it");
    }
    match forbidden || says("not accessible") {
        true => fault(Blindness::Forbidden, "the token needs contents=write and pull_requests=write"),
        false => fault(Blindness::Unintelligible, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_github_gave_up_on_is_not_refused() {
        let untold = |text: &str, kind: Option<&str>| {
            is_untold(&[Complaint { message: text.to_owned(), kind: kind.map(str::to_owned) }])
        };
        assert!(untold(
            "Something went wrong while executing your query. This may be the result of a timeout",
            None
        ));
        assert!(untold("We couldn't respond to your request in time.", None));
        assert!(untold("x", Some("INTERNAL")) && is_untold(&[]));
        assert!(!untold("Pull request is in clean status", Some("UNPROCESSABLE")));
    }

    #[test]
    fn refusals_of_auto_merge_are_understood_by_their_words() {
        let about = About { what: "have it merged", subject: "x" };
        let kind = |message: &str| {
            let complaint = Complaint { message: message.to_owned(), kind: None };
            refused(about, &[complaint]).kind
        };
        assert_eq!(kind("Pull request Pull request is in clean status"), Blindness::Changed);
        assert_eq!(kind("Pull request is in unstable status"), Blindness::Changed);
        assert_eq!(kind("Head sha didn't match expected head oid"), Blindness::Changed);
        assert_eq!(kind("Can't disable auto-merge for this pull request"), Blindness::Changed);
        assert_eq!(kind("Auto merge is not allowed for this repository"), Blindness::Unintelligible);
        assert_eq!(kind("Protected branch rules not configured for this branch"), Blindness::Unintelligible);
        assert_eq!(kind("Resource not accessible by integration"), Blindness::Forbidden);
    }
}

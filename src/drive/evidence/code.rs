//! What was seen of the code, its pull requests and its runs, as facts.

use super::facts::{Facts, texts};
use crate::model::{
    BranchRule, BranchRules, BranchView, Brings, CommitId, Delivery, DeploymentView, OriginView,
    PullApproval, PullCheck, PullState, PullView, ReleaseView, RunView, StageView, TreeClaim,
};

pub(super) fn rules(facts: &mut Facts, view: &BranchRules) {
    let BranchRules { rules, unread } = view;
    facts.list(rules, |facts, BranchRule { demand, bypass }| {
        facts.text(&format!("{demand:?}")).word(format_args!("{bypass:?}"));
    });
    facts.list(unread, |facts, unread| {
        facts.text(&format!("{unread:?}"));
    });
}

pub(super) fn code(facts: &mut Facts, view: &ReleaseView) {
    let ReleaseView { base, release, live_by, arrived, proposals } = view;
    facts.word(format_args!("{live_by:?}"));
    branch(facts, base);
    facts.maybe(release.as_ref(), branch);
    texts(facts, &arrived.iter().map(CommitId::to_string).collect::<Vec<_>>());
    proposals.values().for_each(|proposal| branch(facts, proposal));
}

fn branch(facts: &mut Facts, view: &BranchView) {
    let BranchView { branch, head, claim, is_flip, brings } = view;
    let TreeClaim { reads, references, problems, elsewhere } = claim;
    facts.text(branch.as_str()).text(head.as_str()).word(format_args!("{reads:?}")).word(references);
    texts(facts, problems);
    // Said only where there are some: what rested on evidence before they were known rests on the same.
    if !elsewhere.is_empty() {
        facts.list(elsewhere, delivery);
    }
    facts.word(is_flip);
    for (onto, Brings { since, flip_alone, merged_reads }) in brings {
        facts.text(onto.as_str()).text(since.as_ref().map_or("", CommitId::as_str)).word(flip_alone);
        facts.word(format_args!("{merged_reads:?}"));
    }
}

fn delivery(facts: &mut Facts, delivery: &Delivery) {
    let Delivery { taker, name, arguments, files, slot } = delivery;
    facts
        .word(format_args!("{taker:?}"))
        .text(name)
        .word(format_args!("{slot:?}").to_string().replace(' ', ""));
    texts(facts, arguments);
    texts(facts, files);
}

pub(super) fn origin(facts: &mut Facts, view: &OriginView) {
    let OriginView { head, commit, pull: brought, reviews_wanted, unread } = view;
    facts.text(head.as_str()).text(commit.as_ref().map_or("", CommitId::as_str)).word(reviews_wanted);
    facts.maybe(brought.as_ref(), pull);
    texts(facts, unread);
}

/// What holds an open one is for people; nothing rests on it.
pub(super) fn pull(facts: &mut Facts, view: &PullView) {
    let PullView {
        number,
        url: _,
        author,
        head_branch,
        head,
        base,
        state,
        approvals,
        reviews_wanted,
        unread,
        auto_merge: _,
        checks,
        waits: _,
    } = view;
    facts.word(number).text(author).text(head_branch.as_str()).text(head.as_str()).text(base.as_str());
    match state {
        PullState::Open => facts.word("open"),
        PullState::Closed => facts.word("closed"),
        PullState::Merged { commit } => facts.word("merged").text(commit.as_str()),
    };
    facts.word(reviews_wanted);
    texts(facts, unread);
    facts.list(approvals, |facts, PullApproval { by, head, same_change }| {
        facts.text(by).text(head.as_str()).word(same_change);
    });
    facts.list(checks, |facts, PullCheck { name, required, passed }| {
        facts.text(name).word(required).word(format_args!("{passed:?}"));
    });
}

pub(super) fn run(facts: &mut Facts, view: &RunView) {
    let RunView { id, url: _, branch, commit, by: _, state, started, finished, stages, more_before } = view;
    facts.text(id.as_str()).text(branch.as_str()).text(commit.as_str()).word(format_args!("{state:?}"));
    facts.time(Some(*started)).time(*finished);
    // Said only where it is so: what rested on evidence before it was known rests on the same.
    if *more_before {
        facts.word("more before");
    }
    facts.list(stages, |facts, stage| {
        // Who may approve, and what a failed stage printed, are for people; nothing rests on them.
        let StageView { name, state, effects, attempt, started, finished, holds: _, failure: _ } = stage;
        facts.text(name).word(format_args!("{state:?}")).word(attempt);
        facts.word(format_args!("{effects:?}")).time(*started).time(*finished);
    });
}

pub(super) fn deployment(facts: &mut Facts, view: &DeploymentView) {
    let DeploymentView { environment, of, commit, by: _, state, since, url: _ } = view;
    facts.text(environment).text(of.as_str()).text(commit.as_str()).word(format_args!("{state:?}"));
    facts.time(Some(*since));
}

//! What was seen of the account, of its requests and of who may do what, as facts.

use super::facts::Facts;
use crate::model::{
    AccountRights, AccountView, AuditView, CensusView, Fingerprint, KeyProof, MetricsView, NetworkRules,
    OperationState, ProofVerdict, RefusedMinute, Region, Requests, Right, RightView, SecretReads,
    SecretVersion, Term, TracesView, UsageView,
};

pub(super) fn account(facts: &mut Facts, view: &AccountView) {
    let AccountView {
        provisioning,
        local_auth_disabled,
        regions,
        network,
        keys,
        // By the fingerprints that are not there.
        keys_hidden: _,
        tells_last_use,
    } = view;
    facts.text(provisioning).word(local_auth_disabled).word(tells_last_use);
    let NetworkRules { closed_to_public, addresses, virtual_networks, private_endpoints } = network;
    facts.word(closed_to_public).word(addresses).word(virtual_networks).word(private_endpoints);
    facts.list(regions, |facts, Region { name, endpoint, writable }| {
        facts.text(name).text(endpoint).word(writable);
    });
    for (kind, key) in keys {
        facts.word(kind.azure_name()).time(key.generated).time(key.last_used);
        facts.maybe_text(key.fingerprint.as_ref().map(Fingerprint::as_str));
    }
}

pub(super) fn rights(facts: &mut Facts, view: &AccountRights) {
    let AccountRights { rights, term } = view;
    facts.list(rights, right);
    match term {
        Term::Lasting => facts.word("lasting"),
        Term::Until(until) => facts.time(Some(*until)),
        Term::Untold(_) => facts.word("untold"),
    };
}

pub(super) fn right(facts: &mut Facts, view: &RightView) {
    let RightView { what, right, remedy: _ } = view;
    facts.text(what).word(*right == Right::Allowed);
}

pub(super) fn proof(facts: &mut Facts, view: &KeyProof) {
    let KeyProof { fingerprint, regions } = view;
    facts.maybe_text(fingerprint.as_ref().map(Fingerprint::as_str));
    for (region, proof) in regions {
        facts
            .text(region)
            .word(proof.read.kind())
            .word(proof.write.as_ref().map_or("not-asked", ProofVerdict::kind));
    }
}

pub(super) fn operation(facts: &mut Facts, state: &OperationState) {
    match state {
        OperationState::Running(_) => facts.word("running"),
        OperationState::Succeeded => facts.word("succeeded"),
        OperationState::Failed(why) => facts.word("failed").text(why),
    };
}

pub(super) fn traces(facts: &mut Facts, view: &TracesView) {
    // How far the log has come is for people; what it shows is what counts.
    let TracesView { newest: _, traces } = view;
    for (id, trace) in traces {
        facts.text(id).text(&format!("{trace:?}"));
    }
}

pub(super) fn usage(facts: &mut Facts, view: &UsageView) {
    let UsageView { since: _, newest, requests } = view;
    facts.time(*newest);
    facts.list(requests, |facts, requests| {
        let Requests { credential, refused, region, caller, count, first: _, last } = requests;
        facts.word(format_args!("{credential:?}").to_string().replace(' ', "")).word(refused).text(region);
        facts.text(&caller.address).text(&caller.agent).word(count).time(Some(*last));
    });
}

pub(super) fn metrics(facts: &mut Facts, view: &MetricsView) {
    let MetricsView { since: _, refused, told: _ } = view;
    facts.list(refused, |facts, RefusedMinute { region, begin, count }| {
        facts.text(region).time(Some(*begin)).word(count);
    });
}

pub(super) fn census(facts: &mut Facts, view: &CensusView) {
    let CensusView { used, read } = view;
    facts.told(used, usage);
    facts.told(read, audit);
}

fn audit(facts: &mut Facts, view: &AuditView) {
    // When it begins is for people, as it is of the account's logs.
    let AuditView { since: _, newest, oldest: _, reads } = view;
    for (stamp, newest) in newest {
        facts.text(stamp.as_str()).time(Some(*newest));
    }
    facts.list(reads, |facts, reads| {
        let SecretReads { stamp, version, identity, caller, count, first: _, last } = reads;
        facts.text(stamp.as_str()).maybe_text(version.as_ref().map(SecretVersion::as_str));
        identity.names().for_each(|name| {
            facts.text(name);
        });
        facts.text(&caller.address).text(&caller.agent).word(count).time(Some(*last));
    });
}

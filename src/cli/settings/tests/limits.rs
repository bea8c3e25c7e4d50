//! What has a limit, and what is not there.

use super::*;

#[test]
fn what_is_waited_for_has_a_limit() {
    for (from, to, key) in [
        ("quiet_window = \"1h\"", "quiet_window = \"99999999999d\"", "environment.prod.policy.quiet_window"),
        ("rollout = \"10s\"", "rollout = \"10h\"", "environment.prod.policy.pace.rollout"),
    ] {
        refused(from, to, to, key, &["longer than any rotation waits"]);
    }
}

#[test]
fn a_folder_holds_the_lease_only_for_a_single_operator() {
    let address = "abfss://keyslot@acmestate.dfs.core.windows.net/journals";
    let text = changed(address, "../state");
    let local = file(parse(&text).unwrap());
    let chosen = local.choose(None).unwrap();
    assert_eq!(chosen.store(), SharedStore::LocalOnly);
    assert_eq!(chosen.journal(), Ok(StorePlace::Folder("/acme/../state/prod/journal".into())));
    let single = file(parse(&text.replace("single_operator = false", "single_operator = true")).unwrap());
    assert_eq!(single.choose(None).unwrap().store(), SharedStore::SingleOperator);
}

#[test]
fn what_is_named_and_not_built_is_refused() {
    let (from, to) = ("route = \"hotfix\"", "route = \"vault-first\"");
    refused(from, to, to, "environment.prod.release.route", &["not built yet"]);
}

#[test]
fn evidence_may_not_be_so_old_that_it_tells_nothing() {
    for (key, usual, old, most) in
        [("ordinary", "10m", "61m", "1h"), ("restart", "5m", "31m", "30m"), ("regenerate", "2m", "7d", "10m")]
    {
        let line = format!("{key} = \"{usual}\"");
        let to = format!("{key} = \"{old}\"");
        refused(
            &line,
            &to,
            &to,
            &format!("environment.prod.policy.ages.{key}"),
            &["tells what was so", most],
        );
    }
    parse(&changed("regenerate = \"2m\"", "regenerate = \"10m\"")).unwrap();
}

#[test]
fn lags_are_no_shorter_than_logs_need_and_no_longer_than_anybody_waits() {
    for (line, to, what) in [
        ("log_lag = \"10m\"", "log_lag = \"0s\"", "looks stalled"),
        ("log_lag = \"10m\"", "log_lag = \"9999999999999w\"", "longer than any rotation waits"),
        ("settle = \"5m\"", "settle = \"90d\"", "longer than any rotation waits"),
        ("vault_lag = \"5m\"", "vault_lag = \"90d\"", "longer than any rotation waits"),
        ("metrics_lag = \"5m\"", "metrics_lag = \"90d\"", "longer than any rotation waits"),
    ] {
        let key = to.split(' ').next().unwrap();
        refused(line, to, to, &format!("environment.prod.policy.{key}"), &[what]);
    }
}

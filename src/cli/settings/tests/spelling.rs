//! Keys and values that are unknown, missing or written wrongly.

use super::*;

#[test]
fn the_keys_that_a_table_lacks_are_told_all_at_once() {
    let text = include_str!("../../../../fixtures/keyslot.smallest.toml");
    let lacks = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let text = text.replace(from, to);
        Settings::parse(&text, Path::new("keyslot.toml")).unwrap_err()
    };
    let error = lacks(
        "subscription = \"0b1f6471-1bf0-4dda-aec3-cb9272f09590\"\nresource_group = \"rg-acme-global\"\n",
        "",
    );
    assert_eq!(error.what, "the keys subscription, resource_group are missing");
    assert_eq!(
        error.remedies,
        ["add environment.prod.account.subscription, environment.prod.account.resource_group"]
    );
    let error = lacks("[environment.prod.terraform]\n", "");
    assert_eq!(error.what, "the key terraform is missing");
    let bare = Settings::parse("version = 1\n[environment.prod]\n", Path::new("keyslot.toml")).unwrap_err();
    let all = "the keys account, terraform, secret, release, workloads are missing";
    assert_eq!((bare.what.as_str(), bare.key.as_str()), (all, "environment.prod"));
    let below = "version = 1\n[environment.prod.policy.ages]\nregenerate = \"5m\"\n";
    let below = Settings::parse(below, Path::new("keyslot.toml")).unwrap_err();
    assert_eq!(
        (below.what.as_str(), below.key.as_str()),
        (all, "environment.prod"),
        "no table is written out"
    );
    // The lists say what the types do: the smallest file has nothing to spare, and lacks them all at once.
    for (table, keys) in read::NEEDED {
        let mut whole: toml::Table = text.parse().unwrap();
        let path = ["environment", "prod"].iter().chain(table);
        let below = path.fold(&mut whole, |at, name| at.get_mut(*name).unwrap().as_table_mut().unwrap());
        let has: BTreeSet<&str> = below.keys().map(String::as_str).filter(|key| *key != "stamp").collect();
        assert_eq!(has, keys.iter().copied().collect());
        keys.iter().for_each(|key| drop(below.remove(*key)));
        let error = Settings::parse(&whole.to_string(), Path::new("keyslot.toml")).unwrap_err();
        assert!(keys.iter().all(|key| error.what.contains(key)), "{table:?}: {}", error.what);
    }
}

#[test]
fn a_value_of_another_type_says_how_it_is_written() {
    for (text, key, remedy) in [
        (
            "version = 1\n[check]\nmirrors = \"infra:locals.x\"\n",
            "check.mirrors",
            "write a list: mirrors = [\"…\"]",
        ),
        ("version = 1\ncache = 5\n", "cache", "write"),
        ("version = 1\ncheck = 5\n", "check", "write a table: [check]"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.key, key, "{error}");
        assert!(error.to_string().contains(remedy), "{error}");
        assert!(!error.to_string().contains("infra"), "the value is not repeated: {error}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let account = "[environment.prod.account]";
    refused(
        account,
        "[environment.prod.acount]",
        "acount",
        "environment.prod.acount",
        &["no such key", "did you mean “account”?"],
    );
    refused(
        "quiet_window",
        "quiet_windw",
        "quiet_windw",
        "environment.prod.policy.quiet_windw",
        &["did you mean “quiet_window”?"],
    );
    refused(
        "organization = \"acme\"",
        "colour = 1",
        "colour",
        "environment.prod.release.pipeline.colour",
        &["the keys here are kind, url, organization"],
    );
    refused(
        "probe = { database",
        "probe = { databse",
        "databse",
        "environment.prod.account.probe.databse",
        &["did you mean “database”?"],
    );
    refused(
        "unit = \"prod-a7c1\"\n# The",
        "unti = \"x\"\n# The",
        "unti",
        "environment.prod.stamp[1].unti",
        &["did you mean “unit”?"],
    );
}

#[test]
fn every_table_refuses_a_key_that_it_does_not_know() {
    let headers: Vec<&str> = EXAMPLE.lines().filter(|line| line.starts_with("[")).collect();
    assert!(headers.len() > 10, "{headers:?}");
    for (number, line) in EXAMPLE.lines().enumerate().filter(|(_, line)| line.starts_with("[")) {
        let mut lines: Vec<&str> = EXAMPLE.lines().collect();
        lines.insert(number + 1, "zzzz = 1");
        let error = parse(&lines.join("\n")).err().unwrap_or_else(|| panic!("{line} takes zzzz"));
        assert_eq!(error.at, Some((number + 2, 1)), "{line}: {error}");
        assert!(error.what.contains("no such key") && error.key.ends_with(".zzzz"), "{line}: {error}");
    }
}

#[test]
fn the_place_is_line_and_column_in_characters() {
    let text = "version = 1\n[environment.\"é\"]\naccount = { \"é\" = 1 }\n";
    let error = parse(text).unwrap_err();
    assert_eq!(error.place(), "/acme/keyslot.toml:3:13", "{error}");
}

#[test]
fn an_unknown_value_is_refused_with_the_nearest_known_one() {
    refused(
        "route = \"hotfix\"",
        "route = \"hotfx\"",
        "hotfx",
        "environment.prod.release.route",
        &["“hotfx” is none of the values", "did you mean “hotfix”?"],
    );
    refused(
        "[\"destroys\"]",
        "[\"explodes\"]",
        "explodes",
        "environment.prod.release.pipeline.stage[4].effects[1]",
        &["it is one of writes-vaults, changes-account, rolls-pods, switches-traffic, destroys"],
    );
}

#[test]
fn a_missing_key_is_named() {
    let error = parse(&changed("subscription = \"0b1f6471-1bf0-4dda-aec3-cb9272f09590\"\n", "")).unwrap_err();
    assert!(error.to_string().contains("the key subscription is missing"), "{error}");
    assert!(error.to_string().contains("add environment.prod.account.subscription"), "{error}");
}

#[test]
fn a_wrong_duration_is_shown_with_how_to_write_it() {
    refused(
        "soak = \"10m\"",
        "soak = \"10 minutes\"",
        "10 minutes",
        "environment.prod.policy.soak",
        &["“10 minutes” is no duration", "\"1h30m\""],
    );
    refused(
        "pods = \"15s\"",
        "pods = \"0s\"",
        "pods = ",
        "environment.prod.policy.pace.pods",
        &["one second"],
    );
}

#[test]
fn what_is_no_toml_is_refused_with_its_place() {
    let error = parse("version = 1\nnonsense\n").unwrap_err();
    assert_eq!(error.at.map(|(line, _)| line), Some(2), "{error}");
}

#[test]
fn a_newer_version_is_said_to_be_newer_whatever_else_it_holds() {
    let newer = EXAMPLE.replace("version = 1", "version = 2\nsomething = \"new\"");
    let error = parse(&newer).unwrap_err();
    assert!(error.to_string().contains("is of version 2"), "{error}");
    assert!(error.to_string().contains("newer keyslot"), "{error}");
    assert!(parse(&changed("version = 1\n", "")).unwrap_err().to_string().contains("begin the file with"));
}

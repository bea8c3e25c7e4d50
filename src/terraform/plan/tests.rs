//! Plans as text, and what is read of them. No value of a plan may come out, whatever happens.

use super::*;

/// Stands for key material; must never be seen again.
const CANARY: &str = "C4N4RY";

fn plan_of(changes: &str) -> Plan {
    read(&format!(r#"{{"format_version":"1.2","planned_values":{{}},"resource_changes":[{changes}]}}"#))
        .unwrap()
}

#[track_caller]
fn read(text: &str) -> Result<Plan, PlanError> {
    let plan = read_plan(text.as_bytes());
    assert!(!format!("{plan:?}").contains(CANARY), "{plan:?}");
    plan
}

fn change(actions: &str, before: &str, after: &str, unknown: &str, sensitive: &str) -> String {
    format!(
        r#"{{"address":"x.y","mode":"managed","type":"x","name":"y","change":{{"actions":[{actions}],
           "before":{before},"after":{after},"after_unknown":{unknown},
           "before_sensitive":{sensitive},"after_sensitive":{sensitive}}}}}"#
    )
}

/// The paths that differ; `?` after those whose value is not known yet.
fn attributes(before: &str, after: &str, unknown: &str, sensitive: &str) -> Vec<String> {
    let plan = plan_of(&change(r#""update""#, before, after, unknown, sensitive));
    let shown =
        |attribute: &Attribute| format!("{}{}", attribute.path, if attribute.known { "" } else { "?" });
    plan.changes[0].attributes.iter().map(shown).collect()
}

#[test]
fn attributes_that_differ_are_named_and_no_value_is() {
    let before = r#"{"id":"1","value":"C4N4RY-1","tags":{"a":"C4N4RY","b":"2"},"gone":"C4N4RY"}"#;
    let after = r#"{"id":"1","value":"C4N4RY-2","tags":{"a":"x","b":"2"},"new":"C4N4RY"}"#;
    assert_eq!(attributes(before, after, "{}", "{}"), ["gone", "new", "tags.a", "value"]);
}

#[test]
fn what_is_known_only_later_is_a_change_and_marked_so() {
    let before = r#"{"id":"1","version":"a","list":[{"x":1,"y":2}]}"#;
    let after = r#"{"list":[{"x":1}]}"#;
    let unknown = r#"{"id":true,"version":true,"list":[{"y":true}],"other":{"t":false},"fresh":true}"#;
    assert_eq!(attributes(before, after, unknown, "{}"), ["fresh?", "id?", "list[0].y?", "version?"]);
}

#[test]
fn nothing_inside_of_a_sensitive_value_is_named() {
    let before = r#"{"settings":{"C4N4RY":"1"},"open":{"k":{"C4N4RY":1}}}"#;
    let after = r#"{"settings":{"C4N4RY-2":"1"},"open":{"k":{"C4N4RY":2}}}"#;
    let sensitive = r#"{"settings":true,"open":{"k":true}}"#;
    assert_eq!(attributes(before, after, "{}", sensitive), ["open.k", "settings"]);
}

#[test]
fn white_space_absence_and_null_are_no_difference() {
    let before = "{\"a\":[1, {\"b\" : \"x  y\\\" z\"}],\n\"n\":null}";
    assert_eq!(attributes(before, r#"{"a":[1,{"b":"x  y\" z"}]}"#, "{}", "{}"), Vec::<String>::new());
    assert_eq!(attributes(before, r#"{"a":[1,{"b":"x y\" z"}]}"#, "{}", "{}"), ["a[1].b"]);
}

#[test]
fn odd_names_are_quoted_and_lists_of_other_lengths_stay_whole() {
    let before = r#"{"m":{"a b":1,"":1},"l":[1],"k":[1]}"#;
    let after = r#"{"m":{"a b":2,"":2},"l":[1,2],"k":{"x":1}}"#;
    assert_eq!(attributes(before, after, "{}", "{}"), ["k", "l", r#"m[""]"#, r#"m["a b"]"#]);
}

#[test]
fn deep_nesting_ends_somewhere() {
    let nested = |inner: &str| format!("{}{inner}{}", "{\"a\":".repeat(4000), "}".repeat(4000));
    assert_eq!(attributes(&nested("1"), &nested("2"), "{}", "{}"), ["a.a.a.a.a.a.a.a"]);
}

#[test]
fn a_secret_is_known_by_its_name_and_place() {
    let plan = plan_of(
        r#"{"address":"module.stamp[\"eastus2\"].azurerm_key_vault_secret.stamp[\"CosmosDb-ApiKey\"]",
            "mode":"managed","type":"azurerm_key_vault_secret","name":"stamp","index":"CosmosDb-ApiKey",
            "change":{"actions":["update"],"before":{"name":"CosmosDb-ApiKey","value":"C4N4RY"},
            "after":{"name":"CosmosDb-ApiKey","value":"C4N4RY-2"},"after_unknown":{}}}"#,
    );
    let change = &plan.changes[0];
    assert_eq!(change.secret.as_deref(), Some("CosmosDb-ApiKey"));
    assert_eq!(change.index.as_deref(), Some("CosmosDb-ApiKey"));
    assert_eq!(change.attributes, [Attribute { path: "value".into(), known: true }]);
    assert!(change.is_update() && !change.is_removal() && !change.data);
}

#[test]
fn objects_that_stay_are_left_out_unless_their_place_in_the_state_changes() {
    let same = |more: &str| {
        format!(
            r#"{{"address":"x.y","type":"x"{more},"change":{{"actions":["no-op"],"before":{{}},"after":{{}}}}}}"#
        )
    };
    assert!(plan_of(&same("")).changes.is_empty());
    assert_eq!(plan_of(&same(r#","previous_address":"x.z""#)).changes[0].moved_from.as_deref(), Some("x.z"));
    let imported = same("").replace(r#""before":{}"#, r#""importing":{"id":"/subscriptions/1"},"before":{}"#);
    assert!(plan_of(&imported).changes[0].imported);
}

#[test]
fn data_sources_are_told_from_what_is_managed() {
    let read =
        change(r#""read""#, "null", "{}", "{}", "{}").replace(r#""mode":"managed""#, r#""mode":"data""#);
    assert!(plan_of(&read).changes[0].data);
}

#[test]
fn outputs_are_sensitive_only_if_they_were_and_stay_so() {
    let output = |name: &str, before: bool, after: bool| {
        format!(
            r#""{name}":{{"actions":["update"],"before":"C4N4RY","after":"C4N4RY-2",
               "before_sensitive":{before},"after_sensitive":{after}}}"#
        )
    };
    let text = format!(
        r#"{{"format_version":"1.0","planned_values":{{}},"output_changes":{{{},{},{},{},
           "kept":{{"actions":["no-op"],"before":1,"after":1}}}}}}"#,
        output("closed", false, true),
        output("hidden", true, true),
        output("opened", true, false),
        output("plain", false, false)
    );
    let found: Vec<(String, bool)> =
        read(&text).unwrap().outputs.into_iter().map(|output| (output.name, output.sensitive)).collect();
    let expected = [("closed", false), ("hidden", true), ("opened", false), ("plain", false)];
    assert_eq!(found, expected.map(|(name, sensitive)| (name.to_owned(), sensitive)));
}

#[test]
fn newer_minors_are_read_and_what_they_add_is_passed_over() {
    let text = format!(
        r#"{{"format_version":"1.99","planned_values":{{}},"news":[{{"a":"{CANARY}"}}],"errored":true,
           "resource_changes":[{}]}}"#,
        change(r#""create","forget""#, "null", "{}", "{}", "{}")
            .replace("\"mode\"", "\"novelty\":[1],\"mode\"")
    );
    let plan = read(&text).unwrap();
    assert_eq!(plan.changes[0].actions, ["create", "forget"]);
    assert_eq!((plan.errored, plan.complete), (Some(true), None));
}

#[test]
fn a_text_that_is_no_plan_is_told_apart_without_being_quoted() {
    let utf16: Vec<u8> = "\u{feff}{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read_plan(&utf16), Err(PlanError::Utf16));
    assert_eq!(read_plan(b"{\"a\":\"\xE9\"}"), Err(PlanError::NotUtf8));
    let version = |text: &str| Err(PlanError::Version(Some(text.to_owned())));
    for (text, expected) in [
        ("  \n", Err(PlanError::Empty)),
        ("PK\u{3}\u{4}…", Err(PlanError::SavedPlan)),
        ("{\"C4N4RY", Err(PlanError::NotJson { line: 1, column: 8 })),
        ("C4N4RY", Err(PlanError::NotJson { line: 1, column: 1 })),
        ("\"C4N4RY\"", Err(PlanError::Other)),
        (r#"{"C4N4RY":"C4N4RY"}"#, Err(PlanError::Other)),
        (r#"{"@level":"info","@message":"Terraform 1.11.4"}"#, Err(PlanError::MessageStream)),
        (r#"{"format_version":"1.0"}"#, Err(PlanError::State)),
        (r#"{"format_version":"1.0","values":{"outputs":{"a":"C4N4RY"}}}"#, Err(PlanError::State)),
        (r#"{"version":4,"serial":1,"outputs":{"a":"C4N4RY"}}"#, Err(PlanError::State)),
        (r#"{"format_version":"2.0","planned_values":{}}"#, version("2.0")),
        (r#"{"format_version":"0.2","planned_values":{}}"#, version("0.2")),
        (r#"{"format_version":"C4N4RY","planned_values":{}}"#, Err(PlanError::Version(None))),
        (r#"{"format_version":["C4N4RY"],"planned_values":{}}"#, Err(PlanError::Version(None))),
        (r#"{"planned_values":{}}"#, Err(PlanError::Version(None))),
        (
            "{\"format_version\":\"1.2\",\"planned_values\":{},\n\"resource_changes\":\"C4N4RY\"}",
            Err(PlanError::Shape { line: 2, column: 27 }),
        ),
        ("\u{feff}{\"format_version\":\"1.2\",\"planned_values\":{}}", Ok(Plan::default())),
    ] {
        let found = read(text);
        assert_eq!(found, expected, "{text}");
        if let Err(error) = found {
            assert!(!error.to_string().contains(CANARY) && !error.remedy().is_empty(), "{error}");
        }
    }
}

//! Outputs as text, and the stamps in them. No other output may come out, whatever happens.

use super::*;

/// Stands for the value of another output; must never be seen again.
const CANARY: &str = "C4N4RY";

fn stamp(location: &str, more: &str) -> String {
    format!(
        r#"{{"location":"{location}","resource_group_name":"rg-{location}","key_vault_name":"kv-{location}",
           "aks_cluster_name":"aks-{location}","storage_account_name":"{CANARY}"{more}}}"#
    )
}

fn outputs(value: &str) -> String {
    format!(
        r#"{{"api_key":{{"sensitive":true,"type":"string","value":"{CANARY}"}},
            "stamp_properties":{{"sensitive":false,"type":["tuple",["{CANARY}"]],"value":{value}}},
            "zone":{{"value":["{CANARY}",{{"{CANARY}":1}}]}}}}"#
    )
}

fn read(text: &str) -> Result<Vec<StampProperties>, OutputsError> {
    let stamps = read_stamps(text.as_bytes(), STAMP_PROPERTIES);
    assert!(!format!("{stamps:?}").contains(CANARY), "{stamps:?}");
    stamps
}

#[test]
fn one_output_is_taken_and_of_it_what_is_known() {
    let stamps = read(&outputs(&format!(
        "[{},{}]",
        stamp(
            "eastus2",
            r#","aks_cluster_id":"/subscriptions/1/aks-eastus2","aks_kubelet_client_id":"0af1",
               "outbound_addresses":["192.0.2.7","198.51.100.0/28"]"#
        ),
        stamp("westeurope", r#","aks_cluster_id":null"#)
    )))
    .unwrap();
    assert_eq!(
        stamps[0],
        StampProperties {
            location: "eastus2".to_owned(),
            resource_group_name: "rg-eastus2".to_owned(),
            key_vault_name: "kv-eastus2".to_owned(),
            aks_cluster_name: "aks-eastus2".to_owned(),
            aks_cluster_id: Some("/subscriptions/1/aks-eastus2".to_owned()),
            aks_kubelet_client_id: Some("0af1".to_owned()),
            outbound_addresses: vec!["192.0.2.7".parse().unwrap(), "198.51.100.0/28".parse().unwrap()],
        }
    );
    assert_eq!((stamps.len(), &stamps[1].aks_cluster_id), (2, &None));
}

#[test]
fn a_map_of_stamps_and_the_value_alone_will_do() {
    let map = format!(r#"{{"b":{},"a":{}}}"#, stamp("b", ""), stamp("a", ""));
    let locations: Vec<String> =
        read(&outputs(&map)).unwrap().into_iter().map(|stamp| stamp.location).collect();
    assert_eq!(locations, ["a", "b"]);
    assert_eq!(read(&map).unwrap().len(), 2, "without a name around it");
    assert_eq!(read(&format!("\u{feff}[{}]", stamp("x", ""))).unwrap().len(), 1);
    assert_eq!(read(&outputs("[]")), Ok(Vec::new()));
}

#[test]
fn another_name_may_be_given() {
    let text = outputs("[]").replace("stamp_properties", "regions");
    assert_eq!(read_stamps(text.as_bytes(), "regions"), Ok(Vec::new()));
    let others = vec!["api_key".to_owned(), "regions".to_owned(), "zone".to_owned()];
    assert_eq!(read(&text), Err(OutputsError::NoOutput { output: STAMP_PROPERTIES.to_owned(), others }));
}

#[test]
fn what_does_not_fit_is_named_without_its_value() {
    let no_stamps = || Err(OutputsError::NoStamps { output: STAMP_PROPERTIES.to_owned() });
    let no_addresses = || Err(OutputsError::Addresses { number: 1, name: "outbound_addresses" });
    let field = |number, name| Err(OutputsError::Field { number, name });
    let one = stamp("a", "");
    for (text, expected) in [
        (outputs("\"C4N4RY\""), no_stamps()),
        (outputs("[\"C4N4RY\"]"), no_stamps()),
        (outputs("null"), no_stamps()),
        (r#"{"stamp_properties":"C4N4RY"}"#.to_owned(), no_stamps()),
        (
            outputs(&format!("[{one},{}]", one.replace("\"kv-a\"", "[\"C4N4RY\"]"))),
            field(2, "key_vault_name"),
        ),
        (outputs(&format!("[{}]", one.replace("aks_cluster_name", "cluster"))), field(1, "aks_cluster_name")),
        (outputs(&format!("[{}]", one.replace("\"rg-a\"", "\"\""))), field(1, "resource_group_name")),
        (outputs(&format!("[{}]", stamp("a", r#","aks_cluster_id":7"#))), field(1, "aks_cluster_id")),
        (outputs(&format!("[{}]", stamp("a", r#","outbound_addresses":["C4N4RY"]"#))), no_addresses()),
        (outputs(&format!("[{}]", stamp("a", r#","outbound_addresses":"192.0.2.7""#))), no_addresses()),
        ("\"C4N4RY\"".to_owned(), Err(OutputsError::NotJson { line: 1, column: 8 })),
        (outputs("[") + "C4N4RY", Err(OutputsError::NotJson { line: 2, column: 88 })),
        (outputs("[]") + "C4N4RY", Err(OutputsError::NotJson { line: 3, column: 54 })),
    ] {
        let found = read(&text);
        let error = found.as_ref().unwrap_err();
        assert!(!error.to_string().contains(CANARY) && !error.remedy().is_empty(), "{error}");
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(read_stamps(b"\xE9", "x"), Err(OutputsError::NotUtf8));
}

#[test]
fn units_are_put_together_and_a_vault_belongs_to_one_stamp() {
    let stamps = |locations: &[&str]| {
        let list: Vec<String> = locations.iter().map(|location| stamp(location, "")).collect();
        read(&outputs(&format!("[{}]", list.join(",")))).unwrap()
    };
    let unit = |name: &str, locations: &[&str]| (name.to_owned(), stamps(locations));
    let merged = merge_stamps([unit("blue", &["a", "b"]), unit("green", &["c"])]).unwrap();
    let shown: Vec<(&str, &str)> =
        merged.iter().map(|it| (it.unit.as_str(), it.stamp.location.as_str())).collect();
    assert_eq!(shown, [("blue", "a"), ("blue", "b"), ("green", "c")]);
    let mut upper = stamps(&["a"]);
    upper[0].key_vault_name = "KV-A".to_owned();
    assert_eq!(
        merge_stamps([unit("blue", &["a"]), ("green".to_owned(), upper)]),
        Err(OutputsError::SharedVault {
            vault: "KV-A".to_owned(),
            units: ["blue".to_owned(), "green".to_owned()]
        })
    );
}

//! Names that are no names, come twice or belong to another.

use super::*;

#[test]
fn a_baseline_lies_in_the_repository() {
    let written = "baseline = \"infra/known.json\"";
    assert!(parse(&changed(&format!("{written}\n"), "")).is_ok());
    for wrong in ["/etc/known.json", "../known.json", "", "infra//known.json"] {
        let other = format!("baseline = \"{wrong}\"");
        refused(
            written,
            &other,
            &other,
            "environment.prod.terraform.baseline",
            &["no path of a file", "top"],
        );
    }
}

#[test]
fn workloads_of_other_kinds_are_written_with_their_kind_and_what_is_no_name_is_refused_with_the_grammar() {
    let text = changed("\"healthservice-deploy\"", "\"statefulset/orders-db\", \"shop/ds/agent\"");
    let settings = file(parse(&text).unwrap());
    let names = settings.choose(None).unwrap().environment.workloads.names();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(names[1..3], ["workload/statefulset/orders-db", "shop/daemonset/agent"]);
    for wrong in ["shop/cronjob/nightly", "a/b/c/d", "shop/", "statefulset/"] {
        let quoted = format!("\"{wrong}\"");
        refused(
            "\"healthservice-deploy\"",
            &quoted,
            "order = ",
            "environment.prod.workloads.order[2]",
            &["names no workload", "NAMESPACE/KIND/NAME", "statefulset, daemonset or rollout"],
        );
    }
}

#[test]
fn names_that_come_twice_are_refused() {
    refused(
        "\"healthservice-deploy\"",
        "\"CatalogService-deploy\"",
        "order = ",
        "environment.prod.workloads.order[2]",
        &["named twice"],
    );
    refused(
        "name = \"northeurope\"",
        "name = \"eastus2\"",
        "name = \"eastus2\"",
        "environment.prod.stamp[2].name",
        &[],
    );
    refused(
        "acme-a7c1-neu-kv",
        "acme-a7c1-EUS2-kv",
        "EUS2",
        "environment.prod.stamp[2].key_vault",
        &["each has its own"],
    );
    refused(
        "acme-a7c1-neu-kv",
        "x.vault.azure.net",
        "x.vault",
        "environment.prod.stamp[2].key_vault",
        &["first dot"],
    );
}

#[test]
fn a_cluster_belongs_to_one_stamp() {
    refused(
        "context = \"acme-a7c1-neu-aks\"",
        "context = \"acme-a7c1-eus2-aks\"",
        "kubeconfig = ",
        "environment.prod.stamp[2].kubeconfig",
        &["another stamp has this cluster"],
    );
    let aks = |group: &str| format!("aks = {{ resource_group = \"{group}\", name = \"acme-aks\" }}\n");
    refused(
        "\n[[environment.prod.stamp]]\nname = \"northeurope\"\n",
        &format!("{}[[environment.prod.stamp]]\nname = \"northeurope\"\n{}", aks("acme"), aks("ACME")),
        "ACME",
        "environment.prod.stamp[2].aks",
        &["another stamp has this cluster"],
    );
    refused(
        "name = \"northeurope\"\nunit = \"prod-a7c1\"",
        "name = \"northeurope\"\nunit = \" \"",
        "unit = \" \"",
        "environment.prod.stamp[2].unit",
        &["of which release unit"],
    );
}

#[test]
fn declarations_that_mean_everything_or_two_accounts_are_refused() {
    let mirrors = "mirrors = [\"infra/legacy:locals.both_keys.*\"]";
    for (to, word) in [
        ("*", "every place"),
        ("infra:*", "every place"),
        ("locals.both_keys", "write \":locals.both_keys\""),
    ] {
        refused(mirrors, &format!("mirrors = [\"{to}\"]"), "mirrors", "check.mirrors[1]", &[word]);
    }
    let symbols = "symbols = [\"infra/workload/*:data.azurerm_cosmosdb_account.*\"]";
    let twice = |name: &str| format!("{symbols}\n[[check.account]]\nname = \"{name}\"\n{symbols}");
    refused(symbols, &twice("other"), "symbols", "check.account[2].symbols", &["acme-global-cosmos already"]);
    refused(symbols, &twice("Acme-Global-Cosmos"), "Acme", "check.account[2].name", &["name of its own"]);
}

#[test]
fn what_is_no_host_is_not_resolved() {
    for name in ["*", ".azure.com", "a.*.com", "https://a", "a:443", ""] {
        let mut settings = example().settings;
        settings.endpoints.resolve.insert(name.to_owned(), "127.0.0.1:1".parse().unwrap());
        let error = parse(&settings.to_toml().unwrap()).unwrap_err().to_string();
        assert!(error.contains("neither a host"), "{name}: {error}");
    }
}

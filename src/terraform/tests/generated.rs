//! Code that a Terragrunt configuration generates.

use super::*;

fn unit(contents: &str) -> String {
    format!("locals {{\n  x = 1\n}}\ngenerate \"g\" {{\n  path = \"g.tf\"\n  contents = {contents}\n}}\n")
}

fn account(name: &str, more: &str) -> String {
    format!("data \"azurerm_cosmosdb_account\" \"z\" {{\n  name = \"{name}\"\n}}\n{more}\n")
}

const READ: &str = "data.azurerm_cosmosdb_account.z.primary_key";

/// The places of opaque reads, as `LINE:COLUMN WORD`.
#[track_caller]
fn places(files: &[(&str, &str)]) -> Vec<String> {
    let tree = Tree::read(files);
    let place = |read: &OpaqueRead| {
        let word = String::from_utf8_lossy(&tree.sources[read.file].bytes()[read.span.clone()]).into_owned();
        format!("{}:{} {word}", read.position.line, read.position.column)
    };
    assert!(tree.unparsed.is_empty() && tree.references.is_empty(), "{files:?}");
    tree.opaque.iter().map(place).collect()
}

#[test]
fn a_key_that_generated_code_reads_is_opaque_where_it_stands() {
    for (code, place) in [
        (format!("locals {{\n  q = {READ}\n}}"), "11:39 primary_key"),
        (format!("locals {{\n  é = \"${{local.x}}\"\n  q = {READ}\n}}"), "12:39 primary_key"),
        (format!("locals {{\n  q = \"a$${{{READ}}}\"\n}}"), "11:44 primary_key"),
        (
            "locals {\n  acc = data.azurerm_cosmosdb_account.z\n}\noutput \"o\" {\n  value = local.acc.primary_key\n}"
                .to_owned(),
            "14:21 primary_key",
        ),
        (format!("%{{ if local.x == 1 }}\nlocals {{\n  q = {READ}\n}}\n%{{ endif }}"), "12:39 primary_key"),
    ] {
        let heredoc = unit(&format!("<<EOF\n{}EOF", account("acme", &code)));
        assert_eq!(places(&[("app/terragrunt.hcl", &heredoc)]), [place], "{heredoc}");
    }
    let quoted = unit(&format!("\"locals {{\\n  q = {READ}\\n}}\""));
    assert_eq!(places(&[("terragrunt.hcl", &quoted)]), ["6:63 primary_key"]);
    let map = format!(
        "generate = {{\n  g = {{\n    path = \"g.tf\"\n    contents = <<EOF\nlocals {{\n  q = {READ}\n}}\nEOF\n  }}\n}}\n"
    );
    assert_eq!(places(&[("terragrunt.hcl", &map)]), ["6:39 primary_key"]);
}

#[test]
fn what_only_looks_like_it_is_not() {
    for code in [
        format!("# {READ}\nlocals {{\n  a = \"{READ}\"\n  e = data.azurerm_cosmosdb_account.z.endpoint\n}}"),
        "variable \"cosmos_primary_key\" {}\nlocals {\n  k = var.cosmos_primary_key\n}".to_owned(),
        "locals {\n  k = azurerm_search_service.cosmos.primary_key\n}".to_owned(),
    ] {
        let heredoc = unit(&format!("<<EOF\n{}EOF", account("acme", &code)));
        assert_eq!(places(&[("terragrunt.hcl", &heredoc)]), [""; 0], "{heredoc}");
    }
    let other = format!(
        "locals {{\n  contents = <<EOF\n{READ}\nEOF\n}}\nother \"g\" {{\n  contents = \"{READ}\"\n}}\n"
    );
    assert_eq!(places(&[("terragrunt.hcl", &other)]), [""; 0]);
    let native = unit(&format!("<<EOF\n{READ}\nEOF"));
    assert_eq!(places(&[("a.tf", &native)]), [""; 0]);
}

#[test]
fn generated_text_that_is_no_code_as_it_stands_is_opaque_as_a_whole() {
    let heredoc = unit("<<EOF\n${local.block}\nazurerm_cosmosdb_account.x.primary_key = {\nEOF");
    let tree = Tree::read(&[("terragrunt.hcl", heredoc)]);
    let found: Vec<_> = tree.opaque.iter().map(|it| (it.position.line, it.account, it.access)).collect();
    assert_eq!(found, [(7, None, None)]);
    let harmless = unit("<<EOF\n${local.block}\nazurerm_cosmosdb_account {\nEOF");
    assert!(Tree::read(&[("terragrunt.hcl", harmless)]).opaque.is_empty());
}

#[test]
fn it_is_in_the_way_of_its_own_account_where_the_tree_knows_that() {
    let heredoc = unit(&format!("<<EOF\n{}EOF", account("acme", &format!("locals {{\n  q = {READ}\n}}"))));
    let code = |name: &str| account(name, &format!("resource \"a\" \"b\" {{\n  value = {READ}\n}}"));
    for (name, known) in [("acme", Some(0)), ("other", None)] {
        let files = [
            ("app/terragrunt.hcl", heredoc.as_str()),
            ("code/a.tf", &code(name)),
            ("more/a.tf", &code("more")),
        ];
        let tree = Tree::read(&files);
        assert_eq!(tree.opaque.len(), 1);
        assert_eq!(
            (tree.opaque[0].account, tree.opaque[0].access),
            (known, Some(Access::ReadWrite)),
            "{name}"
        );
    }
}

//! Modules that use each other, in files that hold no word by which a file matters.

use super::*;

const READS: &str = "resource \"a\" \"b\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n";

fn call(path: &str) -> String {
    format!("module \"m\" {{\n  source = \"{path}\"\n}}\n")
}

fn file(path: &str, text: impl Into<String>) -> (String, String) {
    (path.to_owned(), text.into())
}

#[test]
fn circles_are_found_in_files_that_nothing_else_leads_to() {
    let json = r#"{"module": {"m": {"source": "../a"}}}"#;
    for back in [file("b/back.tf", call("../a")), file("b/back.tf.json", json)] {
        let files = vec![
            file("top/reads.tf", READS),
            file("top/calls.tf", call("../a")),
            file("a/calls.tf", call("../b")),
            back,
            // Of no circle, and of one that no key comes near.
            file("a/other.tf", "locals {\n  words = split(\".\", var.x)\n}\n"),
            file("c/calls.tf", call("../d")),
            file("d/calls.tf", call("../c")),
            file("e/calls.tf", call("../b")),
        ];
        let (whole, _) = read(&files, false);
        let (part, left_out) = read(&files, true);
        assert_eq!(report(&part), report(&whole));
        assert_eq!(left_out, 1);
        let found = check(&part).into_iter().filter(|it| it.rule.id == "module-cycle");
        let found: Vec<String> = found.map(|it| it.path(&part)).collect();
        assert_eq!(found, ["a/calls.tf", files[3].0.as_str()]);
    }
}

#[test]
fn without_a_circle_calls_alone_let_no_file_matter() {
    let files = vec![
        file("top/reads.tf", READS),
        file("top/calls.tf", call("../a")),
        file("a/calls.tf", call("../b")),
        file("b/self.tf", "locals {\n  words = join(\".\", [file(\"./x\")])\n}\n"),
    ];
    let (part, left_out) = read(&files, true);
    assert_eq!((part.sources.len(), left_out), (1, 3));
}

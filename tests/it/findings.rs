//! What becomes of findings: exit codes, silences, baselines, and keys that nobody may see.

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::tool::{Folder, keyslot};

/// One finding of each severity but the note, an error first.
const OPAQUE: &str = "locals {\n  a = [azurerm_cosmosdb_account.x]\n}\n";
const DEPRECATED: &str = "locals {\n  b = azurerm_cosmosdb_account.x.primary_master_key\n}\n";

fn code(folder: &Folder, arguments: &[&str]) -> i32 {
    folder.run(&[&["check"], arguments].concat()).code
}

fn rules(report: &Value, list: &str) -> Vec<String> {
    let findings = report[list].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn fail_on_decides_what_ends_with_one() {
    for (text, codes) in [(OPAQUE, [1, 1, 1, 0]), (DEPRECATED, [1, 1, 0, 0]), ("locals {}\n", [0; 4])] {
        let folder = Folder::of(&[("a.tf", text)]);
        let found =
            ["note", "warning", "error", "never"].map(|severity| code(&folder, &["--fail-on", severity]));
        assert_eq!(found, codes, "{text}");
    }
    let folder = Folder::of(&[("a.tf", DEPRECATED)]);
    assert_eq!(code(&folder, &[]), 0, "warnings pass by default");
    assert_eq!(code(&folder, &["--fail-on", "critical"]), 2);
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let folder = Folder::of(&[("a.tf", OPAQUE)]);
    for quiet in [&["--quiet"][..], &["-q", "--output", "human"]] {
        let ran = folder.run(&[&["check"], quiet].concat());
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", ""), "{quiet:?}");
    }
    let missing = folder.run(&["check", "--quiet", "nowhere"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (2, ""));
    assert!(missing.stderr.contains("no such file or folder"), "{}", missing.stderr);
}

#[test]
fn options_that_would_print_different_things_are_refused() {
    let folder = Folder::of(&[("a.tf", OPAQUE)]);
    for (arguments, said) in [
        (&["--quiet", "--output", "json"][..], "leave out --output or --quiet"),
        (&["--quiet", "--trace"], "leave out --trace or --quiet"),
        (&["--trace", "--output", "json"], "under `flows`"),
        (&["--trace", "--output", "sarif"], "--trace is for people"),
        (&["--write-baseline", "known.json", "--output", "json"], "run keyslot twice"),
    ] {
        let ran = folder.run(&[&["check"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(code(&folder, &["--trace", "--output", "human"]), 1);
}

#[test]
fn findings_come_with_remedy_fix_and_counts() {
    let folder = Folder::of(&[("a.tf", DEPRECATED)]);
    assert_data_eq!(
        folder.run(&["check"]).stdout,
        str![[r#"
warning[deprecated-attribute]: `primary_master_key` is gone since azurerm 3.0; it is called `primary_key`
 --> a.tf:2:34
  |
2 |   b = azurerm_cosmosdb_account.x.primary_master_key
  |                                  ^^^^^^^^^^^^^^^^^^
  |
  = help: Take the name without `master_`, which gives the same key.

azurerm_cosmosdb_account.x
  read-write  primary
    a.tf:2:34  primary_master_key  in locals.b
  read-only   not read

1 warning

"#]]
    );
    let report = folder.run(&["check", "--output", "json"]).json();
    let finding = &report["findings"][0];
    let start = u64::try_from(DEPRECATED.find("primary_master_key").unwrap()).unwrap();
    assert_eq!(
        finding["fix"],
        json!({"title": "read `primary_key`", "edits": [{
            "file": "a.tf", "start": start, "end": start + 18, "old": "primary_master_key", "new": "primary_key"}]})
    );
    assert_eq!(finding["help"], "keyslot check --explain deprecated-attribute");
    assert_eq!((&finding["end_line"], &finding["end_column"]), (&json!(2), &json!(52)));
    assert_eq!(report["summary"], json!({"errors": 0, "warnings": 1, "notes": 0, "silenced": 0}));
}

#[test]
fn a_comment_with_a_reason_silences_a_finding_and_not_the_claim() {
    let silenced = OPAQUE.replace(
        "  a =",
        "  # keyslot:ignore opaque-read because the module reads the endpoint alone\n  a =",
    );
    let folder = Folder::of(&[("a.tf", silenced.as_str())]);
    assert_eq!(code(&folder, &["--fail-on", "note"]), 0);
    let report = folder.run(&["check", "--output", "json"]).json();
    assert_eq!(report["findings"], json!([]));
    assert_eq!(rules(&report, "silenced"), ["opaque-read"]);
    assert_eq!(
        report["silenced"][0]["silenced"],
        json!({"by": "comment", "reason": "the module reads the endpoint alone", "line": 2})
    );
    assert_eq!(report["accounts"][0]["slot"], "unknown", "a silence knows no more than anybody else");
    let flip = folder.run(&["flip", "--to", "secondary"]);
    assert_eq!(flip.code, 1, "{}", flip.stderr);
    assert_data_eq!(
        folder.run(&["check"]).stdout,
        str![[r#"
azurerm_cosmosdb_account.x
  read-write  unknown
  read-only   unknown

1 silenced

"#]]
    );
}

#[test]
fn silences_that_are_not_in_order_are_findings() {
    let folder = Folder::of(&[(
        "a.tf",
        "locals {\n  a = [azurerm_cosmosdb_account.x] # keyslot:ignore opaque-read\n  \
         b = 1 # keyslot:ignore mixed-slots because it was once\n  \
         c = 1 # keyslot:ignore mixed-slot because it was once\n}\n",
    )]);
    let report = folder.run(&["check", "--output", "json"]).json();
    assert_eq!(
        rules(&report, "findings"),
        ["opaque-read", "silence-without-reason", "unused-silence", "silence-without-rule"]
    );
    assert!(report["findings"][3]["message"].as_str().unwrap().contains("`mixed-slots`"));
}

#[test]
fn a_file_that_does_not_parse_cannot_be_silenced() {
    let folder =
        Folder::of(&[("a.tf", "locals {\n  a = [1 # keyslot:ignore parse-error because I say so\n")]);
    assert_eq!(code(&folder, &[]), 1);
    folder.run(&["check", "--write-baseline", "known.json", "--because", "known"]);
    assert_eq!(code(&folder, &["--baseline", "known.json"]), 1);
}

#[test]
fn a_baseline_hides_what_was_there_and_nothing_that_comes_after() {
    let folder = Folder::of(&[("a.tf", OPAQUE), ("b.tf", DEPRECATED)]);
    let written =
        folder.run(&["check", "--write-baseline", "known.json", "--because", "there before keyslot"]);
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    assert!(written.stderr.contains("2 findings are written to known.json"), "{}", written.stderr);
    let known = ["--baseline", "known.json", "--fail-on", "note"];
    assert_eq!(code(&folder, &known), 0);

    folder.put("a.tf", format!("# moved\n\n{OPAQUE}").as_bytes());
    assert_eq!(code(&folder, &known), 0, "lines may move");
    folder.put("c.tf", OPAQUE.as_bytes());
    assert_eq!(code(&folder, &known), 1, "another finding counts");
    folder.put("c.tf", b"");
    folder.put("b.tf", b"");
    let report = folder.run(&["check", "--baseline", "known.json", "--output", "json"]).json();
    assert_eq!(rules(&report, "findings"), ["unused-silence"], "an entry without its finding counts");
    assert_eq!(
        (&report["findings"][0]["file"], &report["findings"][0]["line"]),
        (&json!("known.json"), &json!(13))
    );
    assert_eq!(report["silenced"][0]["silenced"]["by"], "baseline");
    assert_eq!(report["silenced"][0]["silenced"]["reason"], "there before keyslot");
}

#[test]
fn a_baseline_is_refused_until_every_entry_has_its_reason() {
    let folder = Folder::of(&[("a.tf", OPAQUE)]);
    let written = folder.run(&["check", "--write-baseline", "known.json"]);
    assert!(written.stderr.contains("write a reason into each entry"), "{}", written.stderr);
    let refused = folder.run(&["check", "--baseline", "known.json"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("1 of its entries gives no reason"), "{}", refused.stderr);
    let text = String::from_utf8(folder.get("known.json")).unwrap();
    folder.put("known.json", text.replace("\"reason\": \"\"", "\"reason\": \"ours\"").as_bytes());
    assert_eq!(code(&folder, &["--baseline", "known.json"]), 0);
}

#[test]
fn a_baseline_is_replaced_only_on_purpose_and_keeps_its_reasons() {
    let folder = Folder::of(&[("a.tf", OPAQUE)]);
    folder.run(&["check", "--write-baseline", "known.json", "--because", "first"]);
    let before = folder.get("known.json");
    folder.put("b.tf", DEPRECATED.as_bytes());
    let again =
        ["check", "--baseline", "known.json", "--write-baseline", "known.json", "--because", "second"];
    let refused = folder.run(&again);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--overwrite"), "{}", refused.stderr);
    assert_eq!(folder.get("known.json"), before);
    assert_eq!(folder.run(&[&again[..], &["--overwrite"]].concat()).code, 0);
    let known: Value = serde_json::from_slice(&folder.get("known.json")).unwrap();
    let reasons: Vec<&str> =
        known["findings"].as_array().unwrap().iter().map(|entry| entry["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["first", "second"]);
}

#[test]
fn a_baseline_means_the_same_from_wherever_it_is_used() {
    let folder = Folder::of(&[("a.tf", OPAQUE), ("infra/b.tf", OPAQUE), ("infra/c.tf", DEPRECATED)]);
    let infra = folder.path().join("infra");
    std::fs::create_dir(folder.path().join("ci")).unwrap();
    assert_eq!(code(&folder, &["--write-baseline", "ci/known.json", "--because", "known"]), 0);
    let known: Value = serde_json::from_slice(&folder.get("ci/known.json")).unwrap();
    let entries = known["findings"].as_array().unwrap();
    let files: Vec<&str> = entries.iter().map(|entry| entry["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["../a.tf", "../infra/b.tf", "../infra/c.tf"]);

    let all = ["--fail-on", "note", "--baseline"];
    for (from, baseline, path) in [
        (folder.path(), "ci/known.json", "."),
        (folder.path(), "ci/known.json", "infra"),
        (folder.path(), "ci/known.json", "infra/b.tf"),
        (&infra, "../ci/known.json", "."),
        (&infra, "../ci/known.json", ".."),
        (&infra, "../ci/known.json", infra.to_str().unwrap()),
    ] {
        let ran = keyslot(from, &[&["check"], &all[..], &[baseline, path]].concat());
        assert_eq!(ran.code, 0, "{} {path}: {}", from.display(), ran.stdout);
    }
    folder.put("infra/b.tf", b"");
    let report = keyslot(&infra, &["check", "--baseline", "../ci/known.json", "--output", "json"]).json();
    assert_eq!(rules(&report, "findings"), ["unused-silence"]);
    let remedy = report["findings"][0]["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("Remove the entry"), "{remedy}");
}

#[test]
fn a_baseline_that_is_written_from_a_part_keeps_what_it_says_of_the_rest() {
    let folder = Folder::of(&[("a.tf", OPAQUE), ("infra/b.tf", OPAQUE), ("infra/c.tf", DEPRECATED)]);
    let infra = folder.path().join("infra");
    folder.run(&["check", "a.tf", "--write-baseline", "known.json", "--because", "first"]);
    let again = ["check", "--write-baseline", "../known.json", "--overwrite"];
    let ran = keyslot(&infra, &again);
    assert!(ran.stderr.contains("2 findings are written to ../known.json"), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 entry of files that were not checked stays"), "{}", ran.stderr);
    assert!(ran.stderr.contains("write a reason into each entry that has none"), "{}", ran.stderr);
    let text = String::from_utf8(folder.get("known.json")).unwrap();
    folder.put("known.json", text.replace("\"reason\": \"\"", "\"reason\": \"second\"").as_bytes());

    folder.put("infra/b.tf", b"");
    let ran = keyslot(&infra, &[&again[..], &["--baseline", "../known.json"]].concat());
    assert!(!ran.stderr.contains("hint"), "every entry has its reason: {}", ran.stderr);
    let known: Value = serde_json::from_slice(&folder.get("known.json")).unwrap();
    let entries = known["findings"].as_array().unwrap().iter();
    let kept: Vec<(&str, &str)> =
        entries.map(|entry| (entry["file"].as_str().unwrap(), entry["reason"].as_str().unwrap())).collect();
    assert_eq!(kept, [("a.tf", "first"), ("infra/c.tf", "second")]);

    let moved = ["check", "--baseline", "../known.json", "--write-baseline", "known.json"];
    let refused = keyslot(&infra, &moved);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("files that are not checked here"), "{}", refused.stderr);
    assert_eq!(keyslot(&infra, &[&moved[..], &[".."]].concat()).code, 0);
}

#[test]
fn what_cannot_be_written_as_a_baseline_says_what_to_do() {
    let folder = Folder::of(&[("a.tf", OPAQUE), ("infra/b.tf", OPAQUE)]);
    for (arguments, said) in [
        (&["--write-baseline", "known.json", "--because", " - "][..], "say why, in words"),
        (&["--write-baseline", "nowhere/known.json"], "make the folder first"),
        (&["--write-baseline", "infra", "--overwrite"], "name a file in it"),
        (&["--write-baseline", "a.tf", "--overwrite"], "name another file, or remove this one first"),
        (&["--baseline", "infra"], "name the file in it"),
        (&["--baseline", "a.tf"], "--write-baseline FILE --because TEXT"),
    ] {
        let ran = folder.run(&[&["check"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(folder.get("a.tf"), OPAQUE.as_bytes());
}

#[test]
fn what_is_no_baseline_is_said_with_its_place() {
    let folder = Folder::of(&[("a.tf", OPAQUE), ("typo.json", r#"{"version": 1, "finding": []}"#)]);
    folder.put("newer.json", br#"{"version": 2, "findings": []}"#);
    for (file, said) in [
        ("typo.json", "unknown field"),
        ("newer.json", "version 2"),
        ("none.json", "there is no such baseline"),
    ] {
        let ran = folder.run(&["check", "--baseline", file]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{file}");
        assert!(ran.stderr.contains(said) && ran.stderr.contains(file), "{}", ran.stderr);
    }
}

#[test]
fn github_gets_one_annotation_a_finding() {
    let folder = Folder::of(&[("in, out/a:b%.tf", OPAQUE)]);
    let ran = folder.run(&["check", "--output", "github"]);
    assert_eq!(ran.code, 1);
    assert_data_eq!(
        ran.stdout,
        str![[r#"
::error file=in%2C out/a%3Ab%25.tf,line=2,endLine=2,col=8,endColumn=34,title=opaque-read::`azurerm_cosmosdb_account.x` is handed on whole, with all its keys%0AName the attribute where it is used, so that its slot can be seen and changed.

"#]]
    );
}

#[test]
fn a_path_typed_absolute_is_told_from_here() {
    let folder = Folder::of(&[("infra/a.tf", OPAQUE)]);
    let here = folder.path().canonicalize().unwrap();
    for path in ["infra".to_owned(), here.join("infra").display().to_string(), here.display().to_string()] {
        let report = folder.run(&["check", &path, "--output", "json"]).json();
        assert_eq!(report["findings"][0]["file"], "infra/a.tf", "{path}");
    }
}

/// Sixty-four bytes in base64, and a value of another length.
const KEY: &str = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniQ==";
const SHORT: &str = "c2hvcnRlciB0aGFuIG90aGVycw";

#[test]
fn no_key_that_stands_in_the_source_is_ever_printed() {
    let reads = "azurerm_cosmosdb_account.x.primary_key, azurerm_cosmosdb_account.x.secondary_key";
    let folder = Folder::of(&[
        (
            "a.tf",
            format!(
                "locals {{ # {KEY}\n  a = [\"{KEY}\", {reads}, azurerm_cosmosdb_account.x] # AccountKey={SHORT};\n}}\n"
            ),
        ),
        ("b.tf", format!("locals {{\n  b = \"{KEY}\n}}\n")),
        (
            "c.tf",
            format!(
                "# keyslot:ignore {KEY} because {KEY}\nlocals {{\n  # keyslot:ignore literal-key because {KEY}\n  b = \"{KEY}\"\n}}\n"
            ),
        ),
        (
            "d.tf.json",
            format!(
                "{{\"locals\": {{\"a\": \"AccountEndpoint=https://x;AccountKey={KEY}\", \"{KEY}\": \"${{azurerm_cosmosdb_account.x.primary_key}}\"}}}}"
            ),
        ),
        ("e.tf.json", format!("{{\"locals\": \"{KEY}")),
    ]);
    folder.put("bad.json", format!("{{\"version\": 1, \"{KEY}\": 1}}").as_bytes());
    let mut told = 0;
    for output in ["human", "json", "sarif", "github"] {
        for more in [&["--color", "always"][..], &[], &["--baseline", "bad.json"]] {
            let ran = folder.run(&[&["check", "--output", output], more].concat());
            for text in [&ran.stdout, &ran.stderr] {
                for secret in [KEY, SHORT] {
                    for start in (0..secret.len() - 12).step_by(4) {
                        assert!(!text.contains(&secret[start..start + 12]), "{output} {more:?}: {text}");
                    }
                }
                told += text.matches("literal-key").count();
            }
        }
    }
    assert!(told > 30, "the keys were looked at: {told}");
    folder.run(&["check", "--write-baseline", "known.json", "--because", KEY]);
    let known = String::from_utf8(folder.get("known.json")).unwrap();
    assert!(known.contains("literal-key") && !known.contains(&KEY[..12]), "{known}");
}

#[test]
fn documentation_holds_nothing_that_looks_like_a_key() {
    let folder = Folder::of::<&str, &str>(&[]);
    let explained = folder.run(&["check", "--explain", "literal-key"]).stdout;
    assert!(explained.contains("cosmos_key = \"****"), "{explained}");
}

//! What is written silences what was found, and no more.

use super::*;
use crate::check::check;

const TEXT: &str = "locals {\n  a = [azurerm_cosmosdb_account.x]\n  b = [azurerm_cosmosdb_account.y]\n}\n";

fn tree(text: &str) -> Tree {
    Tree::read(&[("a.tf", text)])
}

fn here() -> Reach {
    Reach::new("/w", "/w", None)
}

fn text_of(document: &Document) -> String {
    serde_json::to_string_pretty(document).unwrap()
}

fn baseline(text: &str, because: &str) -> String {
    text_of(&baseline_of(&tree(text), &here(), &check(&tree(text)), because))
}

fn applied(text: &str, baseline: &str) -> Vec<Finding> {
    let mut findings = check(&tree(text));
    Baseline::parse("known.json", baseline.as_bytes()).unwrap().apply(&tree(text), &here(), &mut findings);
    findings
}

#[test]
fn what_was_written_silences_what_was_found_though_lines_move() {
    let known = baseline(TEXT, "known since the first day");
    let findings = applied(&format!("# one more line\n{TEXT}"), &known);
    assert_eq!(findings.len(), 2);
    for finding in findings {
        assert_eq!(finding.silenced.unwrap().reason, "known since the first day");
    }
}

#[test]
fn new_findings_stay_and_old_entries_are_told() {
    let known = baseline(TEXT, "known");
    let text = TEXT.replace("account.y", "account.z");
    let findings = applied(&text, &known);
    let told: Vec<(&str, bool)> =
        findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect();
    assert_eq!(told, [("opaque-read", true), ("opaque-read", false), ("unused-silence", false)]);
    let unused = &findings[2];
    assert_eq!(unused.path(&tree(&text)), "known.json");
    assert!(known.as_bytes()[unused.span.clone()].iter().all(u8::is_ascii_hexdigit));
    assert!(!unused.fingerprint.as_str().is_empty());
}

#[test]
fn an_entry_holds_after_a_flip_whichever_keyslot_wrote_it() {
    let text = "resource \"azurerm_linux_web_app\" \"w\" {\n  app_settings = { A = azurerm_cosmosdb_account.x.primary_key }\n}\n";
    let flipped = text.replace("primary", "secondary");
    let rules = |text: &str, known: &str| -> Vec<(&str, bool)> {
        let findings = applied(text, known);
        findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect()
    };
    let silenced = [("bypasses-key-vault", true)];
    let known = baseline(text, "known");
    assert_eq!(rules(&flipped, &known), silenced);
    let before = &named(&tree(text), &here(), &check(&tree(text)), Form::Written)[0].1;
    let paired = &named(&tree(text), &here(), &check(&tree(text)), Form::Paired)[0].1;
    let earlier = known.replace(paired.as_str(), before);
    assert_ne!(earlier, known);
    for text in [text, &flipped] {
        assert_eq!(rules(text, &earlier), silenced, "{text}");
    }
    let other = text.replace("account.x", "account.y");
    assert_eq!(rules(&other, &earlier), [("bypasses-key-vault", false), ("unused-silence", false)]);
}

#[test]
fn an_entry_twice_is_one_too_many() {
    let known = baseline(TEXT, "known");
    let (head, entry) = (known.find('[').unwrap() + 1, known.find('}').unwrap() + 1);
    let twice = format!("{}{},{}", &known[..head], &known[head..entry], &known[head..]);
    let ids: Vec<&str> = applied(TEXT, &twice).iter().map(|finding| finding.rule.id).collect();
    assert_eq!(ids, ["opaque-read", "opaque-read", "unused-silence"]);
}

#[test]
fn what_cannot_be_silenced_is_not_written_and_not_obeyed() {
    let broken = "locals {\n";
    assert_eq!(baseline(broken, "known"), "{\n  \"version\": 1,\n  \"findings\": []\n}");
    let mut findings = check(&tree(broken));
    let fingerprint = findings[0].fingerprint.to_string();
    let entry = format!(
        r#"{{"version": 1, "findings": [
        {{"rule": "parse-error", "file": "a.tf", "fingerprint": "{fingerprint}", "reason": "known"}}]}}"#
    );
    Baseline::parse("known.json", entry.as_bytes()).unwrap().apply(&tree(broken), &here(), &mut findings);
    let told: Vec<(&str, bool)> =
        findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect();
    assert_eq!(told, [("parse-error", false), ("silence-without-rule", false)]);
}

#[test]
fn reasons_are_kept_when_a_baseline_is_written_again() {
    let findings = applied(TEXT, &baseline(TEXT, "known"));
    let again = baseline_of(&tree(TEXT), &here(), &findings, "other");
    assert_eq!(text_of(&again), baseline(TEXT, "known"));
}

#[test]
fn a_part_of_the_tree_is_judged_by_its_own_entries_and_leaves_the_others() {
    let whole = Tree::read(&[("a.tf", TEXT), ("infra/a.tf", TEXT)]);
    let part = Tree::read(&[("a.tf", TEXT.replace("account.y", "account.z"))]).shown_under("anything");
    let written = text_of(&baseline_of(&whole, &here(), &check(&whole), "known"));
    let baseline = Baseline::parse("known.json", written.as_bytes()).unwrap();
    let reach = Reach::new("/w", "/w/infra", None);
    let mut findings = check(&part);
    baseline.apply(&part, &reach, &mut findings);
    let told: Vec<(&str, bool)> =
        findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect();
    assert_eq!(told, [("opaque-read", true), ("opaque-read", false), ("unused-silence", false)]);
    assert!(findings[2].remedy().starts_with("Remove the entry"), "{}", findings[2].remedy());
    let again = baseline_of(&part, &reach, &findings, "new").and(baseline.beside(&reach));
    let kept: Vec<(&str, &str)> =
        again.findings.iter().map(|entry| (entry.file.as_str(), entry.reason.as_str())).collect();
    assert_eq!(kept, [("a.tf", "known"), ("a.tf", "known"), ("infra/a.tf", "known"), ("infra/a.tf", "new")]);
}

#[test]
fn what_is_no_baseline_says_why() {
    let error = |text: &str| Baseline::parse("known.json", text.as_bytes()).unwrap_err();
    assert_eq!(error(r#"{"version": 2, "known": []}"#), BaselineError::Version(2));
    assert_eq!(error(&baseline(TEXT, " ")), BaselineError::WithoutReason(2));
    for text in
        ["", "[]", r#"{"version": 1, "findings": [{"rule": "x"}]}"#, r#"{"version": 1, "finding": []}"#]
    {
        assert!(matches!(error(text), BaselineError::Form(_)), "{text}");
    }
}

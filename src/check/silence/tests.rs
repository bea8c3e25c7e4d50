//! Which comments silence what, and what is told of the others.

use super::*;
use crate::check::check;

const READ: &str = "[azurerm_cosmosdb_account.x]";

/// Rule and line of what is left, and the reasons of what was silenced.
#[track_caller]
fn checked(text: &str) -> (Vec<(&'static str, usize)>, Vec<String>) {
    let tree = Tree::read(&[("a.tf", text)]);
    let (silenced, left): (Vec<Finding>, Vec<Finding>) =
        check(&tree).into_iter().partition(|finding| finding.silenced.is_some());
    let line = |finding: &Finding| finding.source(&tree).position(finding.span.start).line;
    (
        left.iter().map(|finding| (finding.rule.id, line(finding))).collect(),
        silenced.into_iter().filter_map(|finding| Some(finding.silenced?.reason)).collect(),
    )
}

#[test]
fn a_comment_silences_its_own_line_or_the_next() {
    for comment in ["# keyslot:ignore opaque-read because R", "// keyslot: ignore opaque-read because  R "] {
        for text in [
            format!("locals {{\n  a = {READ} {comment}\n}}\n"),
            format!("locals {{\n  {comment}\n  a = {READ}\n}}\n"),
            format!("locals {{\n  {comment}\n\n  # more\n  a = {READ}\n}}\n"),
            format!("\u{feff}locals {{\r\n  {comment}\r\n  a = {READ}\r\n}}\r\n"),
        ] {
            assert_eq!(checked(&text), (vec![], vec!["R".to_owned()]), "{text}");
        }
    }
    let block = format!("locals {{\n  /* keyslot:ignore opaque-read because R */ a = {READ}\n}}\n");
    assert_eq!(checked(&block), (vec![], vec!["R".to_owned()]));
}

#[test]
fn a_property_that_terraform_passes_over_silences_the_next_line_of_a_json_file() {
    let silence = "keyslot:ignore opaque-read because R";
    let read = "\"${[azurerm_cosmosdb_account.x]}\"";
    let found = |text: &str| {
        let tree = Tree::read(&[("a.tf.json", text)]);
        assert!(tree.unparsed.is_empty(), "{text}");
        let found = check(&tree).into_iter();
        let one = |it: Finding| {
            (it.rule.id, it.source(&tree).position(it.span.start).line, it.silenced.map(|it| it.reason))
        };
        found.map(one).collect::<Vec<_>>()
    };
    let silenced = |line| vec![("opaque-read", line, Some("R".to_owned()))];
    for (text, expected) in [
        (format!("{{\"locals\": {{\n  \"//\": \"{silence}\",\n  \"a\": {read}\n}}}}"), silenced(3)),
        (
            format!("{{\"locals\": {{\n  \"b\": 1, \"//\" : \" {silence} \" ,\n\n  \"a\": {read}\n}}}}"),
            silenced(4),
        ),
        (format!("{{\"//\": \"{silence}\", \"locals\": {{\"a\": {read}}}}}"), silenced(1)),
        (
            format!(
                "\u{feff}{{\"//\": \"more\",\r\n\"locals\": {{ \"//\": \"{silence}\",\r\n  \"a\": {read}}}}}"
            ),
            silenced(3),
        ),
        (
            format!("{{\"locals\": {{\n  \"//\": \"keyslot:ignore opaque-read\",\n  \"a\": {read}\n}}}}"),
            vec![("silence-without-reason", 2, None), ("opaque-read", 3, None)],
        ),
        (
            format!("{{\"locals\": {{\n  \"a\": {read},\n  \"//\": \"{silence}\"\n}}}}"),
            vec![("opaque-read", 2, None), ("unused-silence", 3, None)],
        ),
        // Any other string says what it says.
        (
            format!("{{\"locals\": {{\n  \"b\": \"{silence}\",\n  \"a\": {read}\n}}}}"),
            vec![("opaque-read", 3, None)],
        ),
    ] {
        assert_eq!(found(&text), expected, "{text}");
    }
}

#[test]
fn other_lines_stay_as_they_are_and_the_silence_is_told_to_be_unused() {
    let text = format!("locals {{\n  # keyslot:ignore opaque-read because R\n  b = 1\n  a = {READ}\n}}\n");
    assert_eq!(checked(&text), (vec![("unused-silence", 2), ("opaque-read", 4)], vec![]));
    let text = format!("locals {{\n  a = {READ}\n}}\n# keyslot:ignore opaque-read because R\n");
    assert_eq!(checked(&text), (vec![("opaque-read", 2), ("unused-silence", 4)], vec![]));
}

#[test]
fn without_a_reason_nothing_is_silenced() {
    for comment in ["opaque-read", "opaque-read because", "opaque-read because ---", "opaque-read: why not"] {
        let text = format!("locals {{\n  # keyslot:ignore {comment}\n  a = {READ}\n}}\n");
        let (left, silenced) = checked(&text);
        assert!(
            left.contains(&("silence-without-reason", 2)) && left.contains(&("opaque-read", 3)),
            "{text}"
        );
        assert!(silenced.is_empty(), "{text}");
    }
}

#[test]
fn names_must_be_rules_that_can_be_silenced() {
    let tree = Tree::read(&[(
        "a.tf",
        "locals {\n  a = 1 # keyslot:ignore opaque_read, parse-error because R\n  \
         b = 1 # keyslot:ignore because R\n}\n",
    )]);
    let found: Vec<(&str, String)> =
        check(&tree).into_iter().map(|finding| (finding.rule.id, finding.message)).collect();
    let of = |message: &str| ("silence-without-rule", message.to_owned());
    assert_eq!(
        found,
        [
            of("there is no rule `opaque_read`; the nearest name is `opaque-read`"),
            of("findings of `parse-error` cannot be silenced"),
            of("this silence names no rule"),
        ]
    );
}

#[test]
fn several_rules_and_several_comments_reach_one_line() {
    let text = format!(
        "locals {{\n  # keyslot:ignore mixed-slots because A\n  # keyslot:ignore opaque-read because B\n  \
         a = [{READ}, azurerm_cosmosdb_account.x.secondary_key]\n  b = azurerm_cosmosdb_account.x.primary_key\n  \
         c = azurerm_cosmosdb_account.x.primary_key\n}}\n"
    );
    assert_eq!(checked(&text), (vec![], vec!["B".to_owned(), "A".to_owned()]));
    let one = text
        .replace("mixed-slots because A", "mixed-slots , opaque-read because A")
        .replace("  # keyslot:ignore opaque-read because B\n", "");
    assert_eq!(checked(&one), (vec![], vec!["A".to_owned(), "A".to_owned()]));
}

#[test]
fn a_file_of_nothing_but_silences_is_read_in_its_length() {
    let text = format!("{}a = 1\n", "# keyslot:ignore opaque-read because R\n".repeat(20_000));
    let (left, _) = checked(&text[text.len() - 4_000..]);
    assert!(left.len() > 50);
    let tree = Tree::read(&[("a.tf", text)]);
    assert_eq!(check(&tree).len(), 20_000);
}

#[test]
fn prose_and_strings_are_no_silences() {
    for text in [
        "# see keyslot:ignore opaque-read\n",
        "# keyslot:ignored\n",
        "locals {\n  a = \"# keyslot:ignore nothing\"\n}\n",
        "locals {\n  a = <<E\n# keyslot:ignore nothing\nE\n}\n",
    ] {
        assert_eq!(checked(text), (vec![], vec![]), "{text}");
    }
}

//! `mixed-slots`: consumers of one account and one access read both slots, so neither key can be retired.
//!
//! Pairs that offer both by design do not count.

mod shape;

use self::shape::{Shape, shape};
use crate::check::{Place, Rule, Severity};
use crate::model::{Access, Slot};
use crate::terraform::{Reference, SinkKind, Tree, together};

pub const RULE: Rule = Rule {
    id: "mixed-slots",
    severity: Severity::Error,
    summary: "Keys of one account are read from both slots.",
    why: "A key can be regenerated only when nothing reads it. While some places read the primary and others the \
          secondary key, regenerating either one breaks something.",
    remedy: "Move all of them to one slot: `keyslot flip --to primary --account NAME` or `--to secondary`. Places that \
             read both on purpose are declared as `mirrors` under `[check]` in keyslot.toml.",
    before: r#"locals {
  api_key    = azurerm_cosmosdb_account.orders.primary_key
  worker_key = azurerm_cosmosdb_account.orders.secondary_key
}
"#,
    after: r#"locals {
  api_key    = azurerm_cosmosdb_account.orders.primary_key
  worker_key = azurerm_cosmosdb_account.orders.primary_key
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    (0..tree.accounts.len())
        .flat_map(|account| Access::ALL.map(|access| (account, access)))
        .filter_map(|(account, access)| mixed(tree, account, access))
        .collect()
}

/// The finding stands at the first reference of the rarer slot; the first of the other is shown with it.
fn mixed(tree: &Tree, account: usize, access: Access) -> Option<Place> {
    let of = |slot: Slot| -> Vec<&Reference> {
        tree.consumers(account, access).filter(|reference| reference.slot == slot).collect()
    };
    let (primary, secondary) = (of(Slot::Primary), of(Slot::Secondary));
    let (few, many) =
        if primary.len() < secondary.len() { (&primary, &secondary) } else { (&secondary, &primary) };
    let (first, other) = (few.first()?, many.first()?);
    let read = format!("the {access} key of {} is read from", tree.accounts[account].key);
    let shape = shape(tree, account, &primary, &secondary);
    let [first_times, other_times] = [few, many].map(|references| times(references.len()));
    let plainly = format!("{read} both slots: {} {first_times}, {} {other_times}", first.slot, other.slot);
    let message = match &shape {
        Shape::Plain => match for_element(first) {
            of if of.is_empty() => plainly,
            of => format!("{plainly}; {}{of}", first.slot),
        },
        Shape::Fallback(slot) => {
            format!("{plainly}; {slot} only where what `try` or `coalesce` takes before it is not there")
        }
        Shape::Programs { terraform, opentofu } => format!(
            "{read} {} by Terraform and from {} by OpenTofu: {} and {} stand for the same code and disagree",
            terraform.slot,
            opentofu.slot,
            tree.shown(terraform.file),
            tree.shown(opentofu.file)
        ),
        Shape::Uncertain(symbols) => format!(
            "{plainly}, if {} and {} are one account: the tree declares one and looks one up, and no name tells",
            symbols[0], symbols[1]
        ),
    };
    let place = Place::new(first.file, first.span.clone(), message)
        .related(other.file, other.span.clone(), format!("reads {} here{}", other.slot, for_element(other)))
        .remedy(remedy(tree, account, access, [first, other], &shape));
    Some(place)
}

/// The element that a reference is read for, where each has a slot of its own.
fn for_element(reference: &Reference) -> String {
    let element = reference.element.as_ref();
    element.map_or_else(String::new, |it| format!(" for element \"{it}\""))
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// The commands as they can be typed, and the declaration as it can be pasted.
fn remedy(tree: &Tree, account: usize, access: Access, shown: [&Reference; 2], shape: &Shape<'_>) -> String {
    let folder = match tree.shown_path("") {
        root if root.is_empty() => String::new(),
        root => format!(" '{}'", root.trim_end_matches('/')),
    };
    let option = match access {
        Access::ReadWrite => "",
        Access::ReadOnly => " --access read-only",
    };
    let key = &tree.accounts[account].key;
    let flip = format!("`keyslot flip{folder} --to primary{option} --account '{key}'`, or `--to secondary`.");
    let mut places = shown.map(|reference| format!("\"{}\"", tree.declared_place(reference))).to_vec();
    places.dedup();
    // A secret that somebody is served from is no place to leave behind.
    let served = tree.flows().iter().any(|flow| {
        flow.sink.kind == SinkKind::KeyVaultSecret
            && shown.iter().any(|reference| std::ptr::eq(*reference, &tree.references[flow.reference]))
    });
    let held = held_together(tree, account, access);
    let mirrors =
        if served && held.is_empty() { "\"FOLDER:PLACE\", …".to_owned() } else { places.join(", ") };
    let how = match shape {
        Shape::Uncertain(symbols) => format!(
            "Where they are two accounts, declare each under `[[check.account]]` in keyslot.toml: `name = \"NAME\"`, \
             `symbols = [\"{}\"]`, and the same for \"{}\". Where they are one, move all of them to one slot: {flip}",
            symbols[0], symbols[1]
        ),
        Shape::Programs { .. } => format!("Both files are moved together: {flip}"),
        Shape::Fallback(_) | Shape::Plain if !held.is_empty() => format!(
            "`keyslot flip` moves no key that stands in one list or text with the other slot's: leave one of them out, or \
             read it elsewhere, at {}. Then move the rest: {flip}",
            held.join(", ")
        ),
        Shape::Fallback(_) | Shape::Plain => format!("Move all of them to one slot: {flip}"),
    };
    format!(
        "{how} Where both are read on purpose, declare such places under `[check]` in keyslot.toml: `mirrors = \
         [{mirrors}]`."
    )
}

/// Lines in which both keys stand together, so that no flip moves them.
fn held_together(tree: &Tree, account: usize, access: Access) -> Vec<String> {
    let together = together(tree);
    let references = together.iter().map(|at| &tree.references[*at]);
    let mine = references.filter(|it| it.account == account && it.access == access);
    let mut places: Vec<String> =
        mine.map(|it| format!("{}:{}", tree.shown(it.file), it.position.line)).collect();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::{check_rule, check_text};
    use crate::terraform::{Declared, DeclaredAccount, Tree};

    #[test]
    fn the_rarer_slot_is_shown() {
        check_text(
            "locals {\n  a = azurerm_cosmosdb_account.x.secondary_key\n  \
             b = azurerm_cosmosdb_account.x.primary_key\n  \
             c = azurerm_cosmosdb_account.x.secondary_sql_connection_string\n}\n",
            &[("mixed-slots", 3)],
        );
    }

    #[test]
    fn the_remedy_names_the_account_the_access_and_the_places_so_that_they_can_be_pasted() {
        let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_readonly_key\n  \
                    b = azurerm_cosmosdb_account.x.secondary_readonly_key\n}\n";
        let tree = Tree::read(&[("m/a.tf", text)]).shown_under("infra");
        let [finding] = &check(&tree)[..] else { panic!() };
        assert!(
            finding.message.ends_with("from both slots: secondary once, primary once"),
            "{}",
            finding.message
        );
        let remedy = finding.remedy();
        let command =
            "`keyslot flip 'infra' --to primary --access read-only --account 'm:azurerm_cosmosdb_account.x'`";
        assert!(remedy.contains(command), "{remedy}");
        let mirrors = ["infra/m:locals.b", "infra/m:locals.a"].map(str::to_owned).to_vec();
        assert!(remedy.ends_with(&format!("`mirrors = {mirrors:?}`.")), "{remedy}");
        let declared = |mirrors| Declared { mirrors, root: "infra".to_owned(), ..Declared::default() };
        assert_eq!(check(&tree.clone().declaring(declared(mirrors.clone()))).len(), 0);
        let again = tree.declaring(Declared { root: "live/infra".to_owned(), ..Declared::default() });
        assert!(check(&again)[0].remedy().contains("[\"live/infra/m:locals.b\""));
    }

    fn only(files: &[(&str, &str)]) -> (String, String) {
        let findings = check(&Tree::read(files));
        let mixed: Vec<_> = findings.iter().filter(|finding| finding.rule.id == "mixed-slots").collect();
        let [finding] = &mixed[..] else { panic!("{findings:#?}") };
        (finding.message.clone(), finding.remedy().to_owned())
    }

    const SECRET: &str =
        "resource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"s\"\n  value = VALUE\n}\n";
    const PRIMARY: &str = "azurerm_cosmosdb_account.x.primary_key";
    const SECONDARY: &str = "azurerm_cosmosdb_account.x.secondary_key";

    fn secret(value: &str) -> String {
        SECRET.replace("VALUE", value)
    }

    #[test]
    fn elements_that_say_a_slot_each_are_named() {
        let each =
            format!("each.value.slot == \"primary\" ? {PRIMARY} : {SECONDARY}\n  for_each = local.apps");
        let apps = "locals {\n  apps = { a = { slot = \"primary\" }, b = { slot = \"secondary\" } }\n}\n";
        let (message, _) = only(&[("a.tf", &(secret(&each) + apps))]);
        let told = "from both slots: secondary once, primary once; secondary for element \"b\"";
        assert!(message.ends_with(told), "{message}");
    }

    #[test]
    fn where_flip_would_refuse_the_line_to_edit_is_named_instead() {
        let list = secret(&format!("jsonencode([{PRIMARY}, {SECONDARY}])"));
        let (_, remedy) = only(&[("m/a.tf", &list)]);
        assert!(
            remedy.contains("leave one of them out, or read it elsewhere, at m/a.tf:3. Then"),
            "{remedy}"
        );
        let place = "\"m:resource.azurerm_key_vault_secret.s.value";
        assert!(remedy.ends_with(&format!("`mirrors = [{place}.1\", {place}.0\"]`.")), "{remedy}");
        let mirrors = [0, 1].map(|at| format!("m:resource.azurerm_key_vault_secret.s.value.{at}")).to_vec();
        let declared = Declared { mirrors, ..Declared::default() };
        assert_eq!(
            check(&Tree::read(&[("m/a.tf", &list)]).declaring(declared)).len(),
            0,
            "and it can be pasted"
        );
        let apart = secret(PRIMARY) + &secret(SECONDARY).replace("\"s\"", "\"t\"");
        assert!(only(&[("a.tf", &apart)]).1.starts_with("Move all of them to one slot: `keyslot flip"));
    }

    #[test]
    fn what_is_tried_after_the_other_slot_is_told_as_that() {
        for function in ["try", "coalesce"] {
            let code = secret(&format!("{function}({PRIMARY}, {SECONDARY})"));
            let message = only(&[("a.tf", &code)]).0;
            let end = "; secondary only where what `try` or `coalesce` takes before it is not there";
            assert!(message.ends_with(end), "{message}");
        }
        let code = secret(&format!("join(\"\", [{PRIMARY}, {SECONDARY}])"));
        assert!(only(&[("a.tf", &code)]).0.ends_with("from both slots: secondary once, primary once"));
    }

    #[test]
    fn files_of_the_two_programs_that_disagree_are_told_as_that() {
        let (terraform, opentofu) = (secret(PRIMARY), secret(SECONDARY));
        let (message, remedy) = only(&[("a/m.tf", &terraform), ("a/m.tofu", &opentofu)]);
        let end = "from primary by Terraform and from secondary by OpenTofu: a/m.tf and a/m.tofu stand for the same code \
                   and disagree";
        assert!(
            message.ends_with(end) && remedy.starts_with("Both files are moved together: "),
            "{message} {remedy}"
        );
        let other = secret(PRIMARY).replace("\"s\"", "\"t\"");
        for files in [
            [("a/m.tf", terraform.as_str()), ("a/n.tofu", opentofu.as_str()), ("a/o.tf", &other)],
            [("a/m.tf", terraform.as_str()), ("a/m.tofu", &opentofu), ("a/o.tf", &other)],
        ] {
            assert!(only(&files).0.contains("is read from both slots"), "OpenTofu reads both: {files:?}");
        }
        let output = |key: &str| format!("output \"k\" {{\n  value = {key}\n}}\n");
        let (terraform, opentofu) = (output(PRIMARY), output(SECONDARY));
        let files = [("m.tf", terraform.as_str()), ("m.tofu", opentofu.as_str())];
        assert!(only(&files).0.contains("m.tf and m.tofu"), "one output is no pair");
    }

    #[test]
    fn accounts_that_are_one_only_by_being_the_only_ones_are_told_with_that_doubt() {
        let code = |name: &str| {
            format!(
                "resource \"azurerm_cosmosdb_account\" \"x\" {{\n  name = {name}\n}}\ndata \
                 \"azurerm_cosmosdb_account\" \"y\" {{\n  name = var.shared\n}}\n{}{}",
                secret(PRIMARY),
                secret("data.azurerm_cosmosdb_account.y.secondary_key").replace("\"s\"", "\"t\"")
            )
        };
        let unknown = code("\"orders-${random_id.r.hex}\"");
        let (message, remedy) = only(&[("a.tf", &unknown)]);
        let doubt = ", if azurerm_cosmosdb_account.x and data.azurerm_cosmosdb_account.y are one account: ";
        assert!(
            message.contains(doubt) && remedy.starts_with("Where they are two accounts"),
            "{message} {remedy}"
        );
        let own = secret("azurerm_cosmosdb_account.x.secondary_key").replace("\"s\"", "\"u\"");
        let known = unknown.clone() + &own;
        assert!(!only(&[("a.tf", &known)]).0.contains(doubt), "the declared one is mixed by itself");
        let same = code("var.shared");
        assert!(!only(&[("a.tf", &same)]).0.contains(doubt), "one expression");
        let account = |name: &str, symbol: &str| DeclaredAccount {
            name: name.to_owned(),
            symbols: vec![symbol.to_owned()],
        };
        let accounts = vec![
            account("own", "azurerm_cosmosdb_account.x"),
            account("shared", "data.azurerm_cosmosdb_account.y"),
        ];
        let tree = Tree::read(&[("a.tf", &unknown)]);
        let declared = tree.declaring(Declared { accounts, ..Declared::default() });
        assert!(check(&declared).iter().all(|finding| finding.rule.id != "mixed-slots"));
    }

    #[test]
    fn accesses_accounts_and_pairs_are_apart() {
        check_rule(
            "mixed-slots",
            "locals {\n  a = azurerm_cosmosdb_account.x.secondary_key\n  \
             b = azurerm_cosmosdb_account.x.primary_readonly_key\n  \
             c = azurerm_cosmosdb_account.y.primary_key\n}\n\
             output \"primary\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
             output \"secondary\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n",
            &[],
        );
    }
}

//! What to do about each reason for which `keyslot flip` changes nothing.

use crate::terraform::{AlsoDecided, NotRaised, Refusal, SharedBy, Tree};

/// One line each.
pub fn remedies(tree: &Tree, refusal: &Refusal) -> Vec<String> {
    match refusal {
        Refusal::NoAccount => vec!["`keyslot check` lists what is read, and where".to_owned()],
        Refusal::SeveralAccounts { accounts } => {
            let each = accounts.iter().map(|account| format!("--account '{account}'"));
            each.chain(["--account all".to_owned()]).collect()
        }
        Refusal::UnknownAccount { named, .. } => vec![match nearest(tree, named) {
            Some(near) => format!("did you mean --account '{near}'?"),
            None => "`keyslot check` lists the accounts".to_owned(),
        }],
        Refusal::NoReference { .. } => {
            vec!["`keyslot check` lists what is read, and where; --access tells which keys".to_owned()]
        }
        Refusal::Vendored { .. } => {
            vec!["change the module where it comes from, and take the new copy".to_owned()]
        }
        Refusal::Outside { .. } => {
            vec!["name a folder that holds it too, the root of the repository as a rule".to_owned()]
        }
        Refusal::Unparsed { .. } | Refusal::Unread { .. } => {
            vec!["`keyslot check` shows the lines".to_owned()]
        }
        Refusal::Opaque { .. } => vec![
            "`keyslot check` shows the lines".to_owned(),
            "a place that you have looked at may be left: --allow-opaque PATH:LINE".to_owned(),
        ],
        Refusal::ChosenElsewhere { .. } => {
            vec!["change the value that chooses, or name one slot in the code".to_owned()]
        }
        Refusal::AlsoDecides { kind: AlsoDecided::Other, .. } => vec![
            "give the slot a value of its own, which nothing else reads".to_owned(),
            "a place that you have looked at may change with it: --allow-opaque PATH:LINE".to_owned(),
        ],
        Refusal::AlsoDecides { kind: AlsoDecided::Account, .. } => vec![
            "--account all moves the accounts together".to_owned(),
            "or give each account a value of its own".to_owned(),
        ],
        Refusal::AlsoDecides { kind: AlsoDecided::Key, .. } => {
            vec!["give each of the keys a value of its own".to_owned()]
        }
        Refusal::NoCounterpart { call: Some(_), .. } => {
            vec!["hand both slots in by each call, under the same names".to_owned()]
        }
        Refusal::NoCounterpart { call: None, .. } => {
            vec!["offer the other slot under a name of its own first".to_owned()]
        }
        Refusal::NotExported { key, list, .. } => vec![format!("add `{key}` at {list} first")],
        Refusal::NotKnownToExist { .. } => vec![
            "apply its owner with an output of that name first, or read it without a value to fall back on"
                .to_owned(),
            "a place that you have looked at may change: --allow-opaque PATH:LINE".to_owned(),
        ],
        Refusal::Dropped { name, declared, .. } => {
            vec![format!("add `{name}` to the type at {declared} first")]
        }
        Refusal::BothTogether { .. } => vec![
            "read one of the keys by a name of its own".to_owned(),
            "a place that you have looked at may change: --allow-opaque PATH:LINE".to_owned(),
        ],
        Refusal::ReadForAnother { by, accounts, .. } => vec![
            match accounts.as_slice() {
                [other] => format!("--account '{other}' beside the account moves both together"),
                _ => "--account once for each of them, or --account all, moves the accounts together"
                    .to_owned(),
            },
            match by {
                SharedBy::Files(_) => "or say the slot in each variables file, and choose the key by that",
                SharedBy::Configurations => "or read the key in each configuration's own file",
                SharedBy::Calls => "or read the key where the module is called, and hand it in",
                SharedBy::HandedIn(_) => {
                    "or give the module an input that says the slot, choose the key by that, and say it in each call"
                }
                SharedBy::Elements => "or name the account where the key is read",
                SharedBy::Instances => "or name the instance where the key is read",
            }
            .to_owned(),
        ],
        Refusal::Ignored { .. } => vec![
            "take the argument out of `ignore_changes`".to_owned(),
            "a place whose value is set by hand may change: --allow-opaque PATH:LINE".to_owned(),
        ],
        Refusal::PairCollapses { .. } => vec![
            "declare the two as mirrors in keyslot.toml, where both keys are meant to be there".to_owned(),
            "where they are no pair, accept the place by name: --allow-opaque PATH:LINE".to_owned(),
        ],
        Refusal::VersionNotRaised { why: NotRaised::Missing, argument, .. } => {
            vec![format!("give it a version: `{argument}_version = 1`")]
        }
        Refusal::VersionNotRaised { why: NotRaised::AlsoDecides { .. }, .. } => {
            vec!["give the version a number of its own".to_owned()]
        }
        Refusal::VersionNotRaised { .. } => vec!["write the version as a number".to_owned()],
        Refusal::Edit(_) => vec!["run the command again".to_owned()],
        Refusal::NotAsMeant(_) => vec![super::error::REPORT.to_owned()],
    }
}

/// The account or symbol whose name is most like what was typed, if any is.
fn nearest(tree: &Tree, named: &str) -> Option<String> {
    let known = tree.accounts.iter().flat_map(|account| {
        let addresses = account.symbols.iter().map(|symbol| symbol.address());
        std::iter::once(account.key.to_string()).chain(addresses)
    });
    known
        .map(|name| (strsim::jaro_winkler(&name, named), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

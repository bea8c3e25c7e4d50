//! Whatever bytes a file holds: no panic in any format, no key in what is told, every span where its word stands,
//! and a flip that changes nothing but the words it lists.

use std::cell::Cell;

use keyslot::check::check;
use keyslot::model::{Access, Slot, example_tree};
use keyslot::render::check_human::render_check;
use keyslot::render::check_json::check_json;
use keyslot::render::github::github;
use keyslot::render::sarif::sarif;
use keyslot::terraform::{Tree, plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// One small damage to a file.
#[derive(Clone, Debug)]
enum Damage {
    Remove {
        at: usize,
        count: usize,
    },
    Insert {
        at: usize,
        text: &'static str,
    },
    Replace {
        at: usize,
        byte: u8,
    },
    /// Copies a piece elsewhere, so that known words turn up in odd places.
    Copy {
        from: usize,
        count: usize,
        to: usize,
    },
}

const KEY: &str = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniQ==";

const WORDS: &[&str] = &[
    " # keyslot:ignore opaque-read because it is ours\n",
    "/* keyslot:ignore x, mixed-slots */",
    KEY,
    "AccountKey=",
    "${",
    "}",
    "\"",
    "<<-EOT\n",
    "\nEOT\n",
    "%{ for a in ",
    "%{ if x }",
    "%{ endif }",
    "[",
    "]",
    "(",
    "{",
    "#",
    "/*",
    "*/",
    "\\",
    ".",
    "? ",
    " : ",
    "é",
    "\u{1f511}",
    "\r\n",
    "\u{feff}",
    "each.value",
    "azurerm_cosmosdb_account.x",
    ".primary_key",
    "[\"secondary_key\"]",
    ".connection_strings[1]",
    "local.secrets",
];

fn damage() -> impl Strategy<Value = Damage> {
    let at = || any::<usize>();
    prop_oneof![
        (at(), 1..40_usize).prop_map(|(at, count)| Damage::Remove { at, count }),
        (at(), prop::sample::select(WORDS)).prop_map(|(at, text)| Damage::Insert { at, text }),
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Replace { at, byte }),
        (at(), 1..80_usize, at()).prop_map(|(from, count, to)| Damage::Copy { from, count, to }),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let len = bytes.len().max(1);
    match damage {
        Damage::Remove { at, count } => {
            let start = (at % len).min(bytes.len());
            let end = (start + count).min(bytes.len());
            bytes.drain(start..end);
        }
        Damage::Insert { at, text } => {
            let at = (at % len).min(bytes.len());
            bytes.splice(at..at, text.bytes());
        }
        Damage::Replace { at, byte } => {
            if let Some(place) = bytes.get_mut(at % len) {
                *place = *byte;
            }
        }
        Damage::Copy { from, count, to } => {
            let start = (from % len).min(bytes.len());
            let piece = bytes[start..(start + count).min(bytes.len())].to_vec();
            let to = (to % len).min(bytes.len());
            bytes.splice(to..to, piece);
        }
    }
}

const JSON: &str = r#"{"locals": {"a": "${azurerm_cosmosdb_account.x.primary_key}", "b": ["\u00e9", 1]},
  "module": {"m": {"source": "./m", "k": "${local.a}"}}, "output": [{"o": {"value": "${local.b[0]}"}}]}"#;

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds: Vec<(&str, Vec<u8>)> = example_tree()
        .into_iter()
        .filter(|(path, _)| path.ends_with("keyvault-secrets.tf") || path.ends_with("monitoring.tf"))
        .map(|(_, bytes)| ("a.tf", bytes.to_vec()))
        .collect();
    seeds.push(("a.tf.json", JSON.as_bytes().to_vec()));
    seeds
}

#[test]
fn any_bytes_are_read_without_a_panic_and_flipped_only_where_listed() {
    let config = Config { cases: 2000, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let inputs = (prop::sample::select(seeds()), prop::collection::vec(damage(), 1..4));
    let (parsed, flipped) = (Cell::new(0), Cell::new(0));
    TestRunner::new_with_rng(config, rng)
        .run(&inputs, |((path, mut bytes), damages)| {
            damages.iter().for_each(|damage| apply(&mut bytes, damage));
            let tree = Tree::read(&[(path, bytes.clone())]);
            let findings = check(&tree);
            prop_assert_eq!(
                render_check(&tree, &findings).is_empty(),
                tree.accounts.is_empty() && findings.is_empty()
            );
            for told in [
                render_check(&tree, &findings),
                github(&tree, &findings),
                serde_json::to_string(&sarif(&tree, &findings)).unwrap(),
                serde_json::to_string(&check_json(&tree, &findings)).unwrap(),
            ] {
                prop_assert!(!told.contains(KEY));
            }
            for reference in &tree.references {
                let word = String::from_utf8_lossy(&bytes[reference.span.clone()]).into_owned();
                prop_assert!(reference.attribute.contains(&word), "{} is not {}", word, reference.attribute);
            }
            for account in 0..tree.accounts.len() {
                for to in Slot::ALL {
                    let Ok(flip) = plan(&tree, account, Access::ReadWrite, to) else { continue };
                    let mut expected = bytes.clone();
                    for edit in flip.edits.iter().rev() {
                        expected.splice(edit.span.clone(), edit.new.bytes());
                    }
                    let after = flip.files.first().map_or(&bytes, |(_, bytes)| bytes);
                    prop_assert_eq!(after, &expected);
                    let again = Tree::read(&[(path, after.clone())]);
                    let again = plan(&again, account, Access::ReadWrite, to);
                    prop_assert!(again.is_ok_and(|flip| flip.edits.is_empty()));
                    flipped.set(flipped.get() + usize::from(!flip.edits.is_empty()));
                }
            }
            parsed.set(parsed.get() + usize::from(tree.unparsed.is_empty()));
            Ok(())
        })
        .unwrap();
    // Damage that nothing survives would try nothing.
    let (parsed, flipped) = (parsed.get(), flipped.get());
    assert!(parsed > 300 && flipped > 100, "{parsed} parsed, {flipped} flipped");
}

//! Whatever bytes files hold: the properties that the fuzz targets try without end, on a bounded number of inputs.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use keyslot::model::example_tree;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::properties::{KEY, files_of, flip, scan};

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
    "var.slot",
    "module.db",
    "[var.attribute]",
    "[\"${var.slot}_key\"]",
    "contains([\"secondary\"], var.slot)",
    " || ",
    "flatten([",
    "]...",
    "{ for k, a in azurerm_cosmosdb_account.x : k => ",
    " primary = ",
    "\n# --- m/a.tf\n",
    "\n# --- terraform.tfvars\n",
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

const JSON: &str = r#"# --- a.tf.json
{"locals": {"a": "${azurerm_cosmosdb_account.x.primary_key}", "b": ["\u00e9", 1]},
  "module": {"m": {"source": "./m", "k": "${local.a}"}}, "output": [{"o": {"value": "${local.b[0]}"}}]}"#;

/// What people wrote for the fuzz targets.
fn corpus() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let folders = ["flip", "scan"].map(|target| fs::read_dir(root.join(target)).unwrap());
    let paths = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut written: Vec<_> = paths.filter(|path| path.extension().is_some_and(|it| it == "tf")).collect();
    written.sort();
    written.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

fn seeds() -> Vec<Vec<u8>> {
    let example = example_tree()
        .into_iter()
        .filter(|(path, _)| path.ends_with("keyvault-secrets.tf") || path.ends_with("monitoring.tf"));
    let mut seeds: Vec<Vec<u8>> = example.map(|(_, bytes)| bytes.to_vec()).collect();
    seeds.push(JSON.as_bytes().to_vec());
    seeds.extend(corpus());
    seeds
}

#[test]
fn the_fuzz_targets_corpus_is_read_and_flipped() {
    let (mut references, mut flips, mut pairs) = (0, 0, 0);
    for input in corpus() {
        let files = files_of(&input);
        let shown = String::from_utf8_lossy(&input);
        references += scan(&files).unwrap_or_else(|wrong| panic!("{wrong}: {shown}")).references;
        let seen = flip(&files).unwrap_or_else(|wrong| panic!("{wrong}: {shown}"));
        flips += seen.flips;
        pairs += seen.pairs;
    }
    // A corpus that shows nothing would lead nowhere.
    assert!(
        references >= 30 && flips >= 5 && pairs >= 5,
        "{references} references, {flips} flips, {pairs} pairs"
    );
}

#[test]
fn any_bytes_are_read_without_a_panic_and_flipped_only_where_listed() {
    let config = Config { cases: 1000, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let inputs = (prop::sample::select(seeds()), prop::collection::vec(damage(), 1..4));
    let (parsed, flipped) = (Cell::new(0), Cell::new(0));
    TestRunner::new_with_rng(config, rng)
        .run(&inputs, |(mut input, damages)| {
            damages.iter().for_each(|damage| apply(&mut input, damage));
            let files = files_of(&input);
            let read = scan(&files).map_err(TestCaseError::fail)?;
            let changed = flip(&files).map_err(TestCaseError::fail)?;
            parsed.set(parsed.get() + read.parsed);
            flipped.set(flipped.get() + changed.flips);
            Ok(())
        })
        .unwrap();
    // Damage that nothing survives would try nothing.
    let (parsed, flipped) = (parsed.get(), flipped.get());
    assert!(parsed > 500 && flipped > 50, "{parsed} parsed, {flipped} flipped");
}

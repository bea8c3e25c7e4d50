//! In which way both slots of an account come to be read, where that is another than by two readers.

use std::collections::BTreeSet;

use crate::model::Slot;
use crate::terraform::{JoinReason, Reference, Symbol, Tree};

pub enum Shape<'t> {
    Plain,
    /// All that reads this slot does so where the first of what `try` or `coalesce` is given is not there.
    Fallback(Slot),
    /// Terraform's file and the one that OpenTofu reads in its place are on a slot each.
    Programs {
        terraform: &'t Reference,
        opentofu: &'t Reference,
    },
    /// One that is declared and one that is looked up are on a slot each, and no name says that they are one account.
    Uncertain([String; 2]),
}

/// `primary` and `secondary` are all that consume the account's key of one access.
pub fn shape<'t>(
    tree: &Tree,
    account: usize,
    primary: &[&'t Reference],
    secondary: &[&'t Reference],
) -> Shape<'t> {
    if let Some(programs) = programs(tree, primary, secondary) {
        return programs;
    }
    if let Some(symbols) = uncertain(tree, account, primary, secondary) {
        return Shape::Uncertain(symbols);
    }
    let falls_back = |references: &[&Reference]| references.iter().all(|reference| reference.fallback);
    match (falls_back(primary), falls_back(secondary)) {
        (false, true) => Shape::Fallback(Slot::Secondary),
        (true, false) => Shape::Fallback(Slot::Primary),
        (true, true) | (false, false) => Shape::Plain,
    }
}

fn programs<'t>(tree: &Tree, primary: &[&'t Reference], secondary: &[&'t Reference]) -> Option<Shape<'t>> {
    let all = || primary.iter().chain(secondary).copied();
    let path = |file: usize| tree.sources[file].path();
    let replaced: BTreeSet<String> = all().filter_map(|it| replaced(path(it.file))).collect();
    let by_terraform: Vec<&Reference> = all().filter(|it| self::replaced(path(it.file)).is_none()).collect();
    let by_opentofu: Vec<&Reference> = all().filter(|it| !replaced.contains(path(it.file))).collect();
    let one = |references: &[&'t Reference]| -> Option<&'t Reference> {
        let first = references.first()?;
        references.iter().all(|it| it.slot == first.slot).then_some(*first)
    };
    let (terraform, opentofu) = (one(&by_terraform)?, one(&by_opentofu)?);
    // Of all that they read, the two files that stand for each other are shown.
    let opentofu =
        by_opentofu.iter().find(|it| self::replaced(path(it.file)).is_some()).copied().unwrap_or(opentofu);
    let twin = self::replaced(path(opentofu.file));
    let terraform =
        by_terraform.iter().find(|it| twin.as_deref() == Some(path(it.file))).copied().unwrap_or(terraform);
    Some(Shape::Programs { terraform, opentofu })
}

/// The file of Terraform's that OpenTofu does not read where it finds this one.
fn replaced(path: &str) -> Option<String> {
    let json = path.strip_suffix(".tofu.json").map(|stem| format!("{stem}.tf.json"));
    json.or_else(|| path.strip_suffix(".tofu").map(|stem| format!("{stem}.tf")))
}

/// The two symbols that are one account only because the tree has no others, where each is read from one slot.
fn uncertain(
    tree: &Tree,
    account: usize,
    primary: &[&Reference],
    secondary: &[&Reference],
) -> Option<[String; 2]> {
    let joined = &tree.accounts[account].joined;
    let (one, other, _) = joined.iter().find(|it| it.2 == JoinReason::OnlyAccountInTree)?;
    let sides = [one, other].map(|symbol| {
        let mut side = BTreeSet::from([symbol]);
        loop {
            let before = side.len();
            for (a, b, _) in joined.iter().filter(|it| it.2 != JoinReason::OnlyAccountInTree) {
                if side.contains(a) || side.contains(b) {
                    side.extend([a, b]);
                }
            }
            if side.len() == before {
                return side;
            }
        }
    });
    let all_of = |side: &BTreeSet<&Symbol>, references: &[&Reference]| {
        references.iter().all(|it| side.contains(&it.symbol) && !it.fallback)
    };
    let apart = |[one, other]: [&BTreeSet<&Symbol>; 2]| all_of(one, primary) && all_of(other, secondary);
    let [a, b] = &sides;
    (apart([a, b]) || apart([b, a])).then(|| [one.to_string(), other.to_string()])
}

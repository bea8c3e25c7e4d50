//! What is declared for `keyslot check`: accounts and mirrors.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checked, Problem};
use crate::cli::settings::Settings;

pub(super) fn declared(settings: &Settings) -> Checked {
    let mut names = BTreeSet::new();
    let mut claimed: BTreeMap<&str, &String> = BTreeMap::new();
    for (index, account) in settings.check.accounts.iter().enumerate() {
        let path = |key: &str| vec!["check".into(), "account".into(), index.into(), key.into()];
        if account.name.trim().is_empty() || !names.insert(account.name.trim().to_lowercase()) {
            let what = "every declared account has a name of its own";
            return Err(Problem::new(path("name"), what, "write another name, or put the symbols together"));
        }
        if account.symbols.iter().all(|symbol| symbol.trim().is_empty()) {
            let what = "no symbol stands for this account";
            return Err(Problem::new(path("symbols"), what, "`keyslot check` shows the symbols"));
        }
        for symbol in &account.symbols {
            if let Some(other) =
                claimed.insert(symbol.trim(), &account.name).filter(|it| *it != &account.name)
            {
                let what = format!("`{symbol}` is declared for the account {other} already");
                return Err(Problem::new(path("symbols"), what, "leave it with one of the two"));
            }
        }
    }
    mirrors(settings)
}

/// A pattern for every place would leave nothing that is read.
fn mirrors(settings: &Settings) -> Checked {
    for (index, mirror) in settings.check.mirrors.iter().enumerate() {
        let path = vec!["check".into(), "mirrors".into(), index.into()];
        let place = mirror.split_once(':').map_or(mirror.as_str(), |(_, place)| place);
        if place.chars().all(|letter| matches!(letter, '*' | '.')) {
            let what = "this declares every place a mirror of both slots";
            return Err(Problem::new(
                path,
                what,
                "name the place: FOLDER:PLACE, as `keyslot check` shows it",
            ));
        }
        if !mirror.contains([':', '*']) {
            let what = "a mirror is FOLDER:PLACE, and there is no folder";
            return Err(Problem::new(path, what, format!("write \":{mirror}\" for the folder of this file")));
        }
    }
    Ok(())
}

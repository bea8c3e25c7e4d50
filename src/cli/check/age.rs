//! `keyslot check --max-age`: is a key in use older than it may be? Asks Azure, and reads no Terraform.
//!
//! The other half of `check` stays offline. Needed are rights to read the account, list its keys (to tell which the
//! vaults hold) and read the vaults' secret; no forge, pipeline or cluster is asked.

use std::collections::BTreeMap;

use crate::cli::findings::{FindingOptions, Format};
use crate::cli::settings::Span;
use crate::cli::target::Target;
use crate::cli::{CliError, Exit, Terminal, block_on, wiring};
use crate::drive::fresh_salt;
use crate::model::{Access, AccountView, EvidenceKey, Salt, StampName};
use crate::ports::Vaults;
use crate::render::age::{Ages, age_commands, ages};
use crate::render::age_json::age_json;
use crate::rotation::{KeyAge, Unseen, key_ages};

/// What to check instead of Terraform code.
#[derive(Debug, clap::Args)]
pub struct AgeOptions {
    /// Ask Azure instead of reading Terraform: is a key that is in use older than this (as 60d)? Takes the account and the
    /// vaults of keyslot.toml, and when Azure says that each key was generated. Ends with 1 where a key in use is older,
    /// or of an age that Azure does not tell, and with 5 where something could not be seen and nothing else is found.
    /// Without this option check asks nobody.
    #[arg(long, value_name = "AGE", value_parser = age)]
    #[arg(conflicts_with_all = ["path", "plan", "against", "trace", "baseline", "write_baseline", "rules", "explain"])]
    max_age: Option<Span>,
    /// Which environment of the configuration --max-age is about; without it, that of KEYSLOT_ENVIRONMENT, or the only
    /// one
    #[arg(long, short = 'e', value_name = "NAME", requires = "max_age")]
    environment: Option<String>,
}

fn age(text: &str) -> Result<Span, String> {
    Span::try_from(text.to_owned())
}

impl AgeOptions {
    /// The age, where it is asked for.
    pub fn most(&self) -> Option<Span> {
        self.max_age
    }

    pub fn check(
        self,
        most: Span,
        target: Target,
        shown: &FindingOptions,
        terminal: &mut Terminal,
    ) -> Result<Exit, CliError> {
        if matches!(shown.format(), Format::Sarif | Format::Mermaid) {
            return Err(CliError::usage("the age of keys has no place in a file")
                .hint("use --output human, --output json or --output github"));
        }
        // Not clap's to read: set for other commands, it must not turn a check of code away.
        let environment = self.environment.or_else(|| wiring::process_variables("KEYSLOT_ENVIRONMENT"));
        let target = Target { environment, ..target };
        let seen = block_on(look(most, &target))??;
        match shown.format() {
            _ if shown.is_quiet() => {}
            Format::Json => terminal.json(&age_json(&seen))?,
            Format::Github => terminal.data(age_commands(&seen).as_bytes())?,
            Format::Human | Format::Sarif | Format::Mermaid => terminal.data(ages(&seen).as_bytes())?,
        }
        Ok(match (seen.findings().count(), seen.is_complete()) {
            (0, true) => Exit::Done,
            (0, false) => Exit::World,
            (_, _) if shown.never_fails() => Exit::Done,
            (_, _) => Exit::Findings,
        })
    }
}

async fn look(most: Span, target: &Target) -> Result<Ages, CliError> {
    let settings = target.settings()?;
    let chosen = settings.choose(target.environment.as_deref())?;
    let ports = wiring::keys_of(&chosen, &wiring::process_variables)?;
    let salt = fresh_salt()?;
    // Without the account there is nothing to say of any key.
    let account = ports.accounts.look(&salt).await?;
    let stamps: Vec<StampName> = chosen.environment.stamps.iter().map(|stamp| stamp.stamp_name()).collect();
    let (mut keys, mut unseen) = (Vec::new(), Vec::new());
    for (access, vaults) in &ports.vaults {
        let (ages, blind) = of_access(&account, *access, vaults.as_ref(), &stamps, &salt).await;
        keys.extend(ages);
        unseen.extend(blind);
    }
    let account = chosen.environment.account.id();
    Ok(Ages { account, keys, unseen, most: most.0, at: ports.clock.now() })
}

async fn of_access(
    account: &AccountView,
    access: Access,
    vaults: &dyn Vaults,
    stamps: &[StampName],
    salt: &Salt,
) -> (Vec<KeyAge>, Vec<Unseen>) {
    let looks = stamps.iter().map(|stamp| async move {
        let seen = vaults.look(stamp, salt).await.map_err(|fault| fault.blind());
        (stamp.clone(), seen)
    });
    let seen: BTreeMap<_, _> = futures::future::join_all(looks).await.into_iter().collect();
    let unseen = seen.iter().filter_map(|(stamp, seen)| {
        let blind = seen.as_ref().err()?.clone();
        Some(Unseen { what: EvidenceKey::Vault(stamp.clone()), blind })
    });
    let unseen = unseen.collect();
    (key_ages(account, access, &seen), unseen)
}

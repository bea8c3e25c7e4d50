//! `keyslot census`: who used which key over the last weeks? Looks only; needs no rotation and no journal.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use jiff::SignedDuration;

use super::settings::{Chosen, Span};
use super::target::Target;
use super::{CliError, ErrorKind, Exit, Terminal, wiring};
use crate::model::{KeyKind, Slot, StampName};
use crate::render::{census::census, census_json::census_json};
use crate::rotation::Census as Seen;

/// Show who used the account's keys, as its logs tell.
///
/// Asks Log Analytics for the requests to the account over a window, and lists every caller with the key that it used,
/// how often and when last. Who comes from an address of a stamp is known; whoever else holds a key loses it with the
/// key's regeneration. A caller has moved once it was seen with the other slot later. Requests whose rows name no key
/// are told apart: unknown is not unused.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Census {
    #[command(flatten)]
    pub target: Target,
    /// How far back to look: 90m, 12h, 14d.
    #[arg(long, value_name = "SPAN", default_value = "14d", value_parser = window)]
    pub window: Duration,
    /// Only this slot's keys; without it, both slots'.
    #[arg(long, value_name = "SLOT", value_parser = slot())]
    pub slot: Option<Slot>,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const EXAMPLES: &str = "\
Exit codes: 0 nobody but the known stamps used a key, 1 somebody else did, 5 the logs cannot be read, or leave open
who used a key.

Examples:
  keyslot census --slot primary              before the primary key is retired
  keyslot census --window 2d --output json | jq '.users[] | select(.stamp == null)'";

/// Two more places tell of keys on their way, and are not looked at.
const NOT_ASKED: [&str; 2] = [
    "who read the secret from the Key Vaults (their audit logs)",
    "who listed the account's keys (the activity log)",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    Human,
    Json,
}

fn slot() -> impl clap::builder::TypedValueParser<Value = Slot> {
    let names = Slot::ALL.map(Slot::as_str);
    PossibleValuesParser::new(names)
        .map(|name| if name == Slot::Primary.as_str() { Slot::Primary } else { Slot::Secondary })
}

fn window(text: &str) -> Result<Duration, String> {
    let Span(window) = Span::try_from(text.to_owned())?;
    if window.is_zero() { Err("a window has a length".to_owned()) } else { Ok(window) }
}

impl Census {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let seen = super::block_on(self.look())??;
        match self.output {
            Output::Human => terminal.data(census(&seen, &NOT_ASKED).as_bytes())?,
            Output::Json => terminal.json(&census_json(&seen, &NOT_ASKED))?,
        }
        Ok(match (seen.strangers().next(), seen.unknowns().is_empty()) {
            (Some(_), _) => Exit::Findings,
            (None, true) => Exit::Done,
            (None, false) => Exit::World,
        })
    }

    async fn look(&self) -> Result<Seen, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        if chosen.environment.logs.is_none() {
            let what = "the configuration does not say where the account's requests are logged";
            return Err(CliError::new(ErrorKind::Configuration, what)
                .hint(format!("add [environment.{}.logs] with `workspace`", chosen.name)));
        }
        let ports = wiring::ports_of(&chosen, &wiring::process_variables).await?;
        let window = SignedDuration::try_from(self.window).unwrap_or(SignedDuration::MAX);
        let since = ports.clock.now().checked_sub(window).unwrap_or(jiff::Timestamp::MIN);
        let usage = ports.logs.usage(since).await.map_err(CliError::from)?;
        let only = |kind: KeyKind| self.slot.is_none_or(|slot| slot == kind.slot);
        Ok(Seen::of(&usage, only, |address| stamp_of(&chosen, address)))
    }
}

/// The stamp whose pods are seen to come from there.
fn stamp_of(chosen: &Chosen<'_>, address: &str) -> Option<StampName> {
    let stamps = &chosen.environment.stamps;
    let known = stamps.iter().find(|stamp| stamp.addresses.iter().any(|network| network.holds(address)));
    known.map(super::settings::StampSettings::stamp_name)
}

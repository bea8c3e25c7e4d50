//! `keyslot census`: who used which key over the last weeks, who read the secret, who had the keys listed? Looks only;
//! needs no rotation and no journal.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;

use super::settings::Span;
use super::target::Target;
use super::words::{Output, SlotWord};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::fresh_salt;
use crate::model::{Blind, Blindness, CensusView, EvidenceKey, Policy, Slot, World};
use crate::observe::Observer;
use crate::render::{census::census, census_json::census_json};
use crate::rotation::{Census as Seen, Lens, Sightings};

/// Show who has the account's keys, as its logs tell.
///
/// Looks back over a window, and lists who used which key (the account's requests, in Log Analytics), who read the
/// secret from the Key Vaults (their audit, in Log Analytics) and who had the keys listed (Azure's activity log); with
/// address, agent, how often and when last. Who comes under an identity of a stamp is known, and who comes from one of its
/// addresses, unless it signed in as somebody whom the stamp's identities do not name; whoever else holds a key loses it
/// with the key's regeneration. A user has moved once it was seen with the other slot later, and is gone only where
/// keyslot.toml signs it off by name ([[environment.NAME.reader]]). Who had the keys listed may hold them: no gate waits
/// for that, who uses one is seen by it. What is not logged is told apart: unknown is not unused.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Census {
    #[command(flatten)]
    pub target: Target,
    /// How far back to look: 90m, 12h, 14d. Without it, the policy's census_window.
    #[arg(long, value_name = "SPAN", value_parser = window)]
    pub window: Option<Duration>,
    /// Of the users only those of this slot's keys; who read the secret and who had the keys listed is shown all the same, and
    /// judged as if this slot were to be retired. Without it, both slots'.
    #[arg(long, value_name = "SLOT")]
    pub slot: Option<SlotWord>,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const EXAMPLES: &str = "\
Exit codes: 0 nobody but those who are known has a key, 1 somebody else does or may, 5 the logs cannot be read, or leave open \
who has a key.

Examples:
  keyslot census --slot primary              before the primary key is retired
  keyslot census --window 2d --output json | jq '.users[] | select(.stamp == null)'";

/// Where the policy takes no census: a job that runs once a week is seen twice.
const USUAL: Duration = Duration::from_secs(14 * 24 * 3600);

fn window(text: &str) -> Result<Duration, String> {
    let Span(window) = Span::try_from(text.to_owned())?;
    if window.is_zero() { Err("a window has a length".to_owned()) } else { Ok(window) }
}

impl Census {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let (seen, policy) = super::block_on(self.look())??;
        match self.output {
            Output::Human => terminal.data(census(&seen, &policy.sign_offs).as_bytes())?,
            Output::Json => terminal.json(&census_json(&seen, &policy.sign_offs))?,
        }
        Ok(match (seen.strangers(), seen.unknowns.is_empty()) {
            (0, true) => Exit::Done,
            (0, false) => Exit::World,
            (_, _) => Exit::Findings,
        })
    }

    async fn look(&self) -> Result<(Seen, Policy), CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let policy = chosen.policy(None);
        let ports = wiring::ports_of(&chosen, &wiring::process_variables).await?;
        let configured = Some(policy.census_window).filter(|window| !window.is_zero());
        let window = self.window.or(configured).unwrap_or(USUAL);
        let (clock, logs) = (ports.clock.clone(), ports.logs.clone());
        let now = clock.now();
        let span = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        let since = now.checked_sub(span).unwrap_or(jiff::Timestamp::MIN);
        let mut targets = wiring::targets(&chosen);
        targets.salt = fresh_salt()?;
        targets.census_window = window;
        let vaults = targets.stamps.iter().cloned().map(EvidenceKey::Vault);
        let keys: BTreeSet<EvidenceKey> =
            [EvidenceKey::Account, EvidenceKey::Census].into_iter().chain(vaults).collect();
        let mut world = World::default();
        let observer = Observer::new(ports, targets);
        let (activity, ()) = futures::join!(logs.key_deeds(since), observer.look(&keys, &mut world));
        let view = world.census.take().and_then(|seen| seen.what.ok()).unwrap_or_else(nothing);
        let lens = Lens { policy: &policy, account: world.account.as_ref().and_then(|seen| seen.get()), now };
        let activity = activity.map_err(|fault| fault.blind());
        let source = Sightings { since, view: &view, activity: &activity, vaults: &world.vaults };
        let seen = Seen::of(&source, self.slot.map(Slot::from), lens);
        Ok((seen, policy))
    }
}

/// Never seen: looking always leaves an answer.
fn nothing() -> CensusView {
    let blind = Blind { kind: Blindness::Missing, why: "it was not looked at".to_owned() };
    CensusView { used: Err(blind.clone()), read: Err(blind) }
}

//! `keyslot verify`: which key is everyone using right now? Looks only; needs no rotation and no journal.

use std::collections::BTreeMap;

use super::target::Target;
use super::words::{AccessWord, Output};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::fresh_salt;
use crate::model::{Access, EvidenceKey, StampName, World};
use crate::observe::Observer;
use crate::render::{matrix::Matrix, note, verify::verdict, verify_json::verify_json};
use crate::rotation::{Note, Standing, notes};

/// Show which key everyone uses right now.
///
/// Looks at the account, the code, every stamp's Key Vault and its pods, and says who differs: a vault with the other
/// key or with neither, pods that started before their vault's version, a Kubernetes Secret that lags behind. It
/// writes nothing and probes no key, so that looking never counts as a use.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Verify {
    #[command(flatten)]
    pub target: Target,
    /// Which of the slot's two keys; read-only needs `read_only` under [environment.NAME.secret].
    #[arg(long, value_name = "ACCESS")]
    pub access: Option<AccessWord>,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const EXAMPLES: &str = "\
Exit codes: 0 everyone uses the same key, 1 the stamps disagree, 5 something could not be seen, or no \
stamp is left that uses a key (and nothing that was seen disagrees).

Examples:
  keyslot verify                             before and after a rotation, or any morning
  keyslot verify --output json | jq .slot";

impl Verify {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let Sight { matrix, standing, notes } = super::block_on(self.look())??;
        match self.output {
            Output::Human => {
                let text = format!("{}\n{}{}", matrix.table(), verdict(&standing), note::notes(&notes));
                terminal.data(text.as_bytes())?
            }
            Output::Json => terminal.json(&verify_json(&matrix, &standing, &notes))?,
        }
        Ok(match (standing.agrees(), standing.unseen.is_empty() && standing.slot.is_some()) {
            (false, _) => Exit::Findings,
            (true, true) => Exit::Done,
            (true, false) => Exit::World,
        })
    }

    async fn look(&self) -> Result<Sight, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let chosen = chosen.about(self.access.map_or(chosen.access, Access::from));
        let ports = wiring::ports_of(&chosen, &wiring::process_variables).await?;
        let mut targets = wiring::targets(&chosen);
        targets.salt = fresh_salt()?;
        let stamps = targets.stamps.clone();
        let policy = chosen.policy(None);
        let lag = policy.vault_lag;
        let clock = ports.clock.clone();
        let observer = Observer::new(ports, targets);
        let mut world = World::default();
        let mut keys = observer.everything();
        // What they tell is the past, and a busy account's are slow to ask.
        keys.remove(&EvidenceKey::Usage);
        observer.look_whole(&keys, &mut world).await;
        let matrix = Matrix::of(&world, &stamps, chosen.access, lag, clock.now());
        let standing = Standing::of(&world, &stamps, chosen.access, lag);
        let mut notes = notes(&policy, &world);
        // The rest is for whoever rotates.
        notes.retain(|note, _| matches!(note, Note::SecretExpires(_) | Note::SecretNotYetValid(_)));
        Ok(Sight { matrix, standing, notes })
    }
}

/// What was seen, and what is made of it.
struct Sight {
    matrix: Matrix,
    standing: Standing,
    notes: BTreeMap<Note, Vec<StampName>>,
}

//! `keyslot verify`: which key is everyone using right now? Looks only; needs no rotation.
//!
//! Of a journal it reads what restarts have noted of Kubernetes Secrets: their dates alone do not tell since when they hold a key,
//! because every restart moves them. Where there is none, or it cannot be read, the dates have to do.

use std::collections::BTreeMap;

use super::target::Target;
use super::words::{AccessWord, Output};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::{fresh_salt, remember};
use crate::model::{Access, EvidenceKey, StampName, World};
use crate::observe::Observer;
use crate::render::{matrix::Matrix, note, verify::verdict, verify_json::verify_json};
use crate::rotation::{Note, Standing, notes};

/// Show which key everyone uses right now.
///
/// Looks at the account, the code, every stamp's Key Vault and its pods, and says who differs: a vault with the other
/// key or with neither, pods that started before their vault's version, a Kubernetes Secret that lags behind. It
/// writes nothing and probes no key, so that looking never counts as a use. Of pods that read a Kubernetes Secret which the
/// CSI driver fills, the journal tells since when the Secret holds the key, where a rotation has restarted them: with
/// another journal, or after a restart by other hands, such pods are not seen.
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
        // What a cluster's Secrets should hold, the vaults tell: they are first.
        let (vaults, rest) = keys.into_iter().partition(|key| matches!(key, EvidenceKey::Vault(_)));
        let (records, ()) = futures::join!(
            wiring::records(&chosen, &wiring::process_variables),
            observer.look_whole(&vaults, &mut world)
        );
        let unread = match records {
            Ok(records) => {
                remember(observer.held(), &records, lag);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        observer.look_whole(&rest, &mut world).await;
        let matrix = Matrix::of(&world, &stamps, chosen.access, lag, clock.now());
        let standing = Standing::of(&world, &stamps, chosen.access, lag);
        let mut notes = notes(&policy, &world);
        // The rest is for whoever rotates.
        notes.retain(|note, _| matches!(note, Note::SecretExpires(_) | Note::SecretNotYetValid(_)));
        let fills = |stamp: &&StampName| {
            let cluster = world.clusters.get(*stamp).and_then(|seen| seen.get());
            cluster.is_some_and(|cluster| !cluster.synced.is_empty())
        };
        let filled: Vec<StampName> = stamps.iter().filter(fills).cloned().collect();
        if let (Some(why), false) = (unread, filled.is_empty()) {
            notes.insert(Note::JournalUnread(why), filled);
        }
        Ok(Sight { matrix, standing, notes })
    }
}

/// What was seen, and what is made of it.
struct Sight {
    matrix: Matrix,
    standing: Standing,
    notes: BTreeMap<Note, Vec<StampName>>,
}

//! `keyslot example`: the files that people begin with, from the program itself.

use clap::ValueEnum;

use super::{CliError, Exit, Terminal};

/// Print a file to begin with: a configuration, or the role that keyslot needs in a cluster.
///
/// Nothing is read or written besides; the files are those of this version.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Example {
    /// Which file.
    #[arg(value_name = "NAME")]
    name: Name,
}

const EXAMPLES: &str = "\
Exit codes: 0 printed, 2 there is no such name.

Examples:
  keyslot example smallest > keyslot.toml
  keyslot example cluster-role | kubectl --context CONTEXT apply -f -
      Then bind it: kubectl create clusterrolebinding keyslot --clusterrole keyslot --user WHO";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// The least that `keyslot plan` takes as keyslot.toml.
    Smallest,
    /// Every key of keyslot.toml, with what it means and its default.
    Settings,
    /// What keyslot may do in a cluster, as a ClusterRole of Kubernetes.
    ClusterRole,
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Name::Smallest => include_str!("../../fixtures/keyslot.smallest.toml"),
            Name::Settings => include_str!("../../fixtures/keyslot.example.toml"),
            Name::ClusterRole => include_str!("../../fixtures/cluster-role.yaml"),
        }
    }
}

impl Example {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        terminal.data(self.name.text().as_bytes())?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_prints_its_own_file() {
        assert!(Name::ClusterRole.text().contains("kind: ClusterRole"));
        assert!(Name::Settings.text().contains("census_window"));
        assert!(Name::Smallest.text().len() < Name::Settings.text().len());
    }
}

//! What `keyslot.toml` declares about the Terraform that a command reads.

use std::path::{Path, PathBuf};

use super::error::{CliError, ErrorKind};
use super::settings::{SettingsFile, find};
use super::target::Target;
use crate::terraform::{Contested, Declared, Tree};

/// `--config`, for commands that can do without a configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Declarations {
    /// The file that declares accounts and mirrors under `[check]`; without it, keyslot.toml in PATH or the nearest
    /// one above, if there is one.
    #[arg(long, value_name = "FILE", env = "KEYSLOT_CONFIG")]
    config: Option<PathBuf>,
}

impl Declarations {
    /// The same file, for what is asked of an environment.
    pub fn target(&self) -> Target {
        Target { config: self.config.clone(), environment: None }
    }

    /// The tree of a folder, or of one file of it, with what is declared about it.
    ///
    /// # Errors
    /// A configuration that was named and is not there, or one that says something that cannot be.
    pub fn apply(&self, tree: Tree, root: &Path, only: Option<&str>) -> Result<Tree, CliError> {
        let declared = self.declared(root)?;
        if declared.accounts.is_empty() && declared.mirrors.is_empty() {
            return Ok(tree);
        }
        // The file lies beside the tree's, or above them.
        let beside = Path::new(&declared.file).file_name().filter(|_| declared.root.is_empty());
        let file = beside.map_or(declared.file.clone(), |name| tree.shown_path(&name.to_string_lossy()));
        // One file says nothing about what is in the others.
        let partial = only.is_some();
        let tree = tree.declaring(Declared { file, partial, ..declared });
        match &tree.misfits.contested {
            Some(contested) => Err(refused(tree.declared_in(), contested)),
            None => Ok(tree),
        }
    }

    fn declared(&self, root: &Path) -> Result<Declared, CliError> {
        let file = match &self.config {
            Some(named) => named.clone(),
            None => {
                let folder = root.canonicalize().unwrap_or_else(|_| root.to_owned());
                match find(None, &folder) {
                    Ok(file) => file,
                    Err(_) => return Ok(Declared::default()),
                }
            }
        };
        Ok(SettingsFile::declarations(&file, root)?)
    }
}

fn refused(file: &str, contested: &Contested) -> CliError {
    let error =
        CliError::new(ErrorKind::Configuration, "the declared accounts cannot be told apart").at(file);
    match contested {
        Contested::Symbol { symbol, accounts: [one, other] } => error
            .because(format!("the symbol {symbol} is declared for {one} and for {other}"))
            .hint("narrow the pattern that should not mean it, under [[check.account]]"),
        Contested::Name { name, symbols } => error
            .because(format!("another account goes by the name {name}: {}", symbols.join(", ")))
            .hint("add its symbols to the declared account if they are one, else declare the account by another name"),
    }
}

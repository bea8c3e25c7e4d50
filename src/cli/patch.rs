//! Changes as a patch: a diff of each file, under a name by which `git apply` finds it.
//!
//! git takes the names of such a patch from the folder that it runs in and knows none that leads out of there. So they
//! start here where every file lies below this folder, else at the top of the repository, and that is said.

use std::path::{Path, PathBuf};

use super::write::Change;
use super::{CliError, Terminal};
use crate::render::diff::{colored, unified_diff};

/// Prints the diffs. `shown` is how people see each file's path, for where no name can be found that git takes.
pub fn show(shown: &[String], changes: &[Change], terminal: &mut Terminal) -> Result<(), CliError> {
    let Patch { top, names } =
        Patch::of(changes).unwrap_or_else(|| Patch { top: None, names: shown.to_owned() });
    for (name, change) in names.iter().zip(changes) {
        let diff = unified_diff(name, &change.old, &change.new);
        terminal.data(&colored(&diff.text))?;
        if !diff.applies {
            terminal.warn(&format!(
                "{name}: a key is written out beside what changes and is hidden: this diff does not apply as a patch"
            ));
            terminal.hint("--write changes the file itself");
        }
    }
    if let Some(top) = top {
        let top = top.display();
        terminal
            .warn(&format!("not all of this lies in this folder: the paths of the diff start from {top}"));
        terminal.hint(&format!("pipe it into `git -C '{top}' apply`"));
    }
    Ok(())
}

/// How files are called in a patch.
struct Patch {
    /// Where names start, if not in this folder.
    top: Option<PathBuf>,
    names: Vec<String>,
}

impl Patch {
    fn of(changes: &[Change]) -> Option<Patch> {
        let files: Vec<PathBuf> = changes.iter().map(|change| real(&change.path)).collect::<Option<_>>()?;
        let here = std::env::current_dir().ok()?.canonicalize().ok()?;
        if let Some(names) = below(&here, &files) {
            return Some(Patch { top: None, names });
        }
        let top = files.first()?.ancestors().find(|folder| folder.join(".git").exists())?;
        Some(Patch { top: Some(top.to_owned()), names: below(top, &files)? })
    }
}

/// Without links on the way, through which git does not go. The file itself may be one.
fn real(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(file.file_name()?))
}

/// The files' paths from a folder; absent where one lies elsewhere.
fn below(folder: &Path, files: &[PathBuf]) -> Option<Vec<String>> {
    let name = |file: &PathBuf| Some(file.strip_prefix(folder).ok()?.to_string_lossy().replace('\\', "/"));
    files.iter().map(name).collect()
}

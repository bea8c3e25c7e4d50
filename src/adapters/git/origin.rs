//! The remote's address, as the user's repository knows it.
//!
//! The only thing that keyslot ever asks of the user's repository, and it is asked read-only.

use std::path::Path;
use std::time::Duration;

use super::faults;
use super::program::Program;
use crate::model::Blindness;
use crate::ports::Fault;

/// The address of a remote (usually `origin`) of the repository that `folder` lies in. A relative path becomes an
/// absolute one.
///
/// # Errors
/// Where `folder` is in no repository, the repository has no such remote (with those that it has), or git cannot be
/// run.
pub async fn remote_address(program: &Path, folder: &Path, remote: &str) -> Result<String, Fault> {
    let what = format!("find the address of remote “{remote}”");
    let subject = folder.display().to_string();
    let git = Program::new(program.to_owned(), Default::default(), Duration::from_secs(30));
    let ask = async |arguments: &[&str]| {
        git.ask(folder, arguments).await.map_err(|reason| faults::not_run(&what, &subject, program, &reason))
    };
    // A relative address counts from the top of the working tree, or from a bare repository itself.
    let mut top = ask(&["rev-parse", "--show-toplevel"]).await?;
    if !top.success {
        top = ask(&["rev-parse", "--absolute-git-dir"]).await?;
    }
    if !top.success {
        let why = faults::in_short(&top.stderr);
        return Err(Fault::new(Blindness::Missing, &what, &subject, why)
            .remedy("name a folder inside a git repository, or the remote's address in the configuration"));
    }
    let address = ask(&["config", "--get", &format!("remote.{remote}.url")]).await?;
    if !address.success {
        let known = ask(&["remote"]).await?;
        let known = known.stdout.split_whitespace().collect::<Vec<_>>().join(", ");
        let why = match known.is_empty() {
            true => "the repository has no remote".to_owned(),
            false => format!("the repository has no such remote; it has: {known}"),
        };
        return Err(Fault::new(Blindness::Missing, &what, &subject, why)
            .remedy("add one with `git remote add`, or name the address in the configuration"));
    }
    Ok(absolute(Path::new(top.stdout.trim()), address.stdout.trim()))
}

fn absolute(top: &Path, address: &str) -> String {
    if !address.starts_with('.') {
        return address.to_owned();
    }
    let path = top.join(address);
    std::fs::canonicalize(&path).unwrap_or(path).display().to_string()
}

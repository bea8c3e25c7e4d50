//! What a commit has and says that may not be known on this machine yet.

use std::sync::Arc;

use crate::model::{Blindness, CommitId};
use crate::ports::{Code, Fault};

/// The file's bytes at the commit, which is fetched where it is not known yet. None where it has no such file.
///
/// # Errors
/// The commit is not there, or the repository cannot be read.
pub(super) async fn file_at(
    code: &dyn Code,
    what: &str,
    path: &str,
    commit: &CommitId,
) -> Result<Option<Arc<[u8]>>, Fault> {
    match code.file(commit, path).await {
        Err(_) if code.line(commit, 1).await.is_err() => {}
        known => return known,
    }
    code.fetch().await?;
    let named = |fault: Fault| match fault.kind {
        Blindness::Missing => Fault { what: what.to_owned(), ..fault },
        _ => fault,
    };
    code.file(commit, path).await.map_err(named)
}

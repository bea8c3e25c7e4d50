//! Records as objects of any `object_store`, shared by the folder and the remote stores.

use bytes::Bytes;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use super::{Created, Seq, Stored};

/// The numbers after `seq` under a prefix, ascending. Names that are no record's are left out.
pub(super) async fn list_after(
    store: &dyn ObjectStore,
    prefix: Option<&Path>,
    seq: Seq,
) -> object_store::Result<Vec<Seq>> {
    let listed = store.list_with_delimiter(prefix).await?;
    let mut numbers: Vec<Seq> = listed
        .objects
        .iter()
        .filter_map(|object| object.location.filename().and_then(Seq::from_object_name))
        .filter(|found| *found > seq)
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// One object's bytes and the store's own time of it.
pub(super) async fn read(store: &dyn ObjectStore, path: &Path) -> object_store::Result<Option<Stored>> {
    let found = match store.get(path).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let at = Timestamp::from_second(found.meta.last_modified.timestamp()).ok();
    Ok(Some(Stored { bytes: found.bytes().await?, at }))
}

/// Writes an object unless there is one.
pub(super) async fn create(
    store: &dyn ObjectStore,
    path: &Path,
    bytes: Bytes,
) -> object_store::Result<Created> {
    let options = PutOptions::from(PutMode::Create);
    match store.put_opts(path, bytes.into(), options).await {
        Ok(_) => Ok(Created::New),
        Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::Taken),
        Err(error) => Err(error),
    }
}

//! Where a journal lies: a folder or the address of a shared store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStoreScheme;
use url::Url;

use super::RecordStore;
use super::folder::FolderStore;
use super::remote::{Remote, RemoteStore, no_client};
use crate::ports::Fault;

/// Schemes of shared stores. Plain http is not among them: a journal carries no secrets, but whoever can change
/// one can make keyslot act.
const SCHEMES: [&str; 7] = ["abfs", "abfss", "az", "gs", "https", "s3", "s3a"];

/// Hosts behind which `https` is an object store.
const HTTPS_HOSTS: [&str; 4] =
    [".blob.core.windows.net", ".dfs.core.windows.net", ".amazonaws.com", ".r2.cloudflarestorage.com"];

/// The place of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorePlace {
    Folder(PathBuf),
    Url(Url),
}

/// Why a text names no place for a journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    #[error("it is empty")]
    Empty,
    #[error("it is no address: {0}")]
    Address(url::ParseError),
    #[error("“{0}” is no store that keyslot knows; it knows folders, abfss://, az://, s3:// and gs://")]
    Unknown(String),
    #[error("it carries a secret after “?” or “@”; credentials belong in the environment")]
    Secret,
}

impl StorePlace {
    /// Reads a folder (relative to `base`) or the URL of a shared store.
    ///
    /// # Errors
    /// An empty text, an unknown scheme or host, credentials in the URL.
    pub fn parse(text: &str, base: &Path) -> Result<StorePlace, PlaceError> {
        if text.trim().is_empty() {
            return Err(PlaceError::Empty);
        }
        if !text.contains("://") {
            return Ok(StorePlace::Folder(base.join(text)));
        }
        let url = Url::parse(text).map_err(PlaceError::Address)?;
        let host = url.host_str().unwrap_or_default();
        let known = SCHEMES.contains(&url.scheme())
            && !host.is_empty()
            && (url.scheme() != "https" || HTTPS_HOSTS.iter().any(|suffix| host.ends_with(suffix)));
        if !known {
            return Err(PlaceError::Unknown(format!("{}://{host}", url.scheme())));
        }
        if url.query().is_some() || url.password().is_some() {
            return Err(PlaceError::Secret);
        }
        Ok(StorePlace::Url(url))
    }

    /// The same place, one segment further down.
    pub fn join(&self, segment: &str) -> StorePlace {
        match self {
            StorePlace::Folder(folder) => StorePlace::Folder(folder.join(segment)),
            StorePlace::Url(url) => {
                let mut url = url.clone();
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty().push(segment);
                }
                StorePlace::Url(url)
            }
        }
    }

    /// Whether several machines see the same records there.
    pub fn is_shared(&self) -> bool {
        matches!(self, StorePlace::Url(_))
    }

    /// Whether it lies in Azure Storage.
    pub fn is_azure(&self) -> bool {
        let StorePlace::Url(url) = self else { return false };
        let scheme = ObjectStoreScheme::parse(url);
        matches!(scheme, Ok((ObjectStoreScheme::MicrosoftAzure, _)))
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorePlace::Folder(folder) => write!(f, "{}", folder.display()),
            StorePlace::Url(url) => write!(f, "{url}"),
        }
    }
}

/// Opens the store at a place. Makes nothing; a folder that does not exist is an empty journal.
///
/// # Errors
/// A remote place without a [`Remote`], or with settings in the environment that contradict each other.
pub fn open_store(place: &StorePlace, remote: Option<&Remote>) -> Result<Arc<dyn RecordStore>, Fault> {
    match place {
        StorePlace::Folder(folder) => Ok(Arc::new(FolderStore::new(folder.clone()))),
        StorePlace::Url(url) => {
            let remote = remote.ok_or_else(|| no_client(url))?;
            Ok(Arc::new(RemoteStore::open(url, remote)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azures_addresses_are_known_as_such() {
        let is_azure = |text: &str| StorePlace::parse(text, Path::new("/")).unwrap().is_azure();
        for text in
            ["az://c/p", "abfss://c@acme.dfs.core.windows.net/p", "https://acme.blob.core.windows.net/c"]
        {
            assert!(is_azure(text), "{text}");
        }
        for text in ["state", "s3://b/p", "gs://b/p", "https://b.s3.eu-west-1.amazonaws.com/p"] {
            assert!(!is_azure(text), "{text}");
        }
    }
}

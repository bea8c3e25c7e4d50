//! Records in Azure Blob Storage, S3 or Google Cloud Storage.
//!
//! Credentials come from the environment under the names that each service's own tools use (`AZURE_…`, `AWS_…`,
//! `GOOGLE_…`), and never from the configuration. Where it has none of the storage's own for Azure, the tokens are those
//! of the identity that the caller brings ([`StorageTokens`]). All requests go through the one HTTP client that the
//! caller brings: no second TLS stack, no proxy that the caller did not choose. A create is sent once; reads are
//! repeated on server errors.
//!
//! Tried against servers on loopback that speak the services' protocols, not against the services themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, AzureCredential, MicrosoftAzureBuilder};
use object_store::client::{CredentialProvider, HttpClient, HttpConnector};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreScheme, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::fault::{never_sent, refused, store_fault};
use super::{Created, RecordStore, Seq, Stored, object};
use crate::model::Blindness;
use crate::ports::{Effect, Fault};

const OPEN: &str = "open the journal's store";
const READ: &str = "read the journal";
const WRITE: &str = "write a journal record";

/// Bearer tokens for Azure Storage, of an identity of Entra ID.
#[async_trait]
pub trait StorageTokens: fmt::Debug + Send + Sync {
    /// A token that is good now. Asked for before each request: whoever implements it keeps tokens while they last.
    ///
    /// # Errors
    /// Where the identity gives none.
    async fn token(&self) -> Result<SecretString, Fault>;
}

/// What a remote store needs besides its address.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The shared client, with its TLS provider and its idea of proxies.
    pub client: reqwest::Client,
    /// The process's environment; only names that begin with `AZURE_`, `AWS_` or `GOOGLE_` are looked at.
    pub environment: BTreeMap<String, String>,
    /// For Azure, where the environment has no credential that is the storage's own.
    pub azure: Option<Arc<dyn StorageTokens>>,
}

/// Objects under a prefix of a container or bucket.
pub(super) struct RemoteStore {
    address: String,
    prefix: Path,
    reader: Arc<dyn ObjectStore>,
    /// As the reader, but never repeats a request.
    writer: Arc<dyn ObjectStore>,
}

impl RemoteStore {
    pub(super) fn open(url: &Url, remote: &Remote) -> Result<RemoteStore, Fault> {
        let fault = |error: &object_store::Error| store_fault(OPEN, url.as_str(), error);
        let (scheme, prefix) =
            ObjectStoreScheme::parse(url).map_err(|error| fault(&object_store::Error::from(error)))?;
        let reads = RetryConfig { max_retries: 3, ..RetryConfig::default() };
        let writes = RetryConfig { max_retries: 0, ..RetryConfig::default() };
        Ok(RemoteStore {
            address: url.as_str().trim_end_matches('/').to_owned(),
            reader: connect(&scheme, url, remote, reads).map_err(|error| fault(&error))?,
            writer: connect(&scheme, url, remote, writes).map_err(|error| fault(&error))?,
            prefix,
        })
    }

    fn path(&self, seq: Seq) -> Path {
        self.prefix.clone().join(seq.object_name())
    }
}

/// Hands the caller's client to `object_store`, which would otherwise build one of its own.
#[derive(Debug)]
struct Shared(reqwest::Client);

impl HttpConnector for Shared {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

fn connect(
    scheme: &ObjectStoreScheme,
    url: &Url,
    remote: &Remote,
    retry: RetryConfig,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let connector = Shared(remote.client.clone());
    match scheme {
        ObjectStoreScheme::MicrosoftAzure => {
            let mut start = MicrosoftAzureBuilder::new().with_url(url.as_str());
            let given: Vec<(AzureConfigKey, &String)> = options(remote, "AZURE_").collect();
            if let Some(tokens) = remote.azure.as_ref().filter(|_| !is_told(&given)) {
                start = start.with_credentials(Arc::new(Bearer(Arc::clone(tokens))));
            }
            given
                .into_iter()
                .fold(start, |builder, (key, value)| builder.with_config(key, value))
                .with_retry(retry)
                .with_http_connector(connector)
                .build()
                .map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
        }
        ObjectStoreScheme::AmazonS3 => {
            let start = AmazonS3Builder::new().with_url(url.as_str());
            options::<AmazonS3ConfigKey>(remote, "AWS_")
                .fold(start, |builder, (key, value)| builder.with_config(key, value))
                .with_retry(retry)
                .with_http_connector(connector)
                .build()
                .map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            let start = GoogleCloudStorageBuilder::new().with_url(url.as_str());
            options::<GoogleConfigKey>(remote, "GOOGLE_")
                .fold(start, |builder, (key, value)| builder.with_config(key, value))
                .with_retry(retry)
                .with_http_connector(connector)
                .build()
                .map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
        }
        // Local, memory and plain HTTP are no shared stores; the crate's list is open.
        _ => Err(object_store::Error::NotSupported {
            source: format!("{scheme:?} is no store that keyslot knows").into(),
        }),
    }
}

/// The settings for one service in the environment. Names that the service's builder does not know are left
/// alone: they belong to other tools.
fn options<'a, K: FromStr>(remote: &'a Remote, prefix: &'a str) -> impl Iterator<Item = (K, &'a String)> {
    remote
        .environment
        .iter()
        .filter(move |(name, _)| name.starts_with(prefix))
        .filter_map(|(name, value)| name.to_ascii_lowercase().parse().ok().map(|key| (key, value)))
}

/// Whether the environment itself says who asks the storage, or how it is to be found out.
fn is_told(given: &[(AzureConfigKey, &String)]) -> bool {
    use AzureConfigKey as Key;
    let has = |key: &Key| given.iter().any(|(other, _)| other == key);
    let choices = [
        Key::AccessKey,
        Key::SasKey,
        Key::Token,
        Key::UseEmulator,
        Key::MsiEndpoint,
        Key::FabricSessionToken,
        Key::UseAzureCli,
        Key::SkipSignature,
        Key::CredentialType,
    ];
    choices.iter().any(has) || [Key::ClientId, Key::ClientSecret, Key::AuthorityId].iter().all(has)
}

/// The caller's identity as the store asks for it.
#[derive(Debug)]
struct Bearer(Arc<dyn StorageTokens>);

#[async_trait]
impl CredentialProvider for Bearer {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        match self.0.token().await {
            Ok(token) => Ok(Arc::new(AzureCredential::BearerToken(token.expose_secret().to_owned()))),
            Err(fault) => {
                Err(object_store::Error::Unauthenticated { path: String::new(), source: Box::new(fault) })
            }
        }
    }
}

#[async_trait]
impl RecordStore for RemoteStore {
    async fn list_after(&self, seq: Seq) -> Result<Vec<Seq>, Fault> {
        object::list_after(&*self.reader, Some(&self.prefix), seq)
            .await
            .map_err(|error| store_fault(READ, &self.address, &error))
    }

    async fn read(&self, seq: Seq) -> Result<Option<Stored>, Fault> {
        object::read(&*self.reader, &self.path(seq))
            .await
            .map_err(|error| store_fault(READ, &self.place(seq), &error))
    }

    async fn create(&self, seq: Seq, bytes: Bytes) -> Effect<Created> {
        match object::create(&*self.writer, &self.path(seq), bytes).await {
            Ok(created) => Effect::Applied(created),
            Err(error) => {
                let fault = store_fault(WRITE, &self.place(seq), &error);
                if never_sent(&error) {
                    Effect::NotSent(fault)
                } else if refused(&error) {
                    Effect::Refused(fault)
                } else {
                    Effect::Unknown(fault)
                }
            }
        }
    }

    fn place(&self, seq: Seq) -> String {
        format!("{}/{}", self.address, seq.object_name())
    }
}

/// The fault of an address that needs the network where the caller has brought no client.
pub(super) fn no_client(url: &Url) -> Fault {
    let why = "a remote store was named, and this command works without the network";
    Fault::new(Blindness::Unreachable, OPEN, url.as_str(), why)
}

//! The journal in shared stores: Azure's and S3's protocols, spoken by a small server on loopback.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use keyslot::journal::{Journal, JournalError, Remote, Seq, StorageTokens, StorePlace, open_store};
use keyslot::ports::Fault;
use secrecy::SecretString;

/// What happens to the next request that writes.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    None,
    /// 503 and nothing written, for good.
    Busy,
    /// Written, and the answer is 503; once.
    Lost,
    /// 403.
    Forbidden,
}

pub struct Shelf {
    objects: BTreeMap<String, Bytes>,
    /// Every `Authorization` that came.
    pub signed: Vec<String>,
    trouble: Trouble,
    puts: Vec<(String, Option<String>)>,
}

pub type Shared = Arc<Mutex<Shelf>>;

const MODIFIED: &str = "Fri, 15 Jan 2027 08:00:00 GMT";

async fn serve(
    State(shelf): State<Shared>,
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut shelf = shelf.lock().unwrap();
    let signed = headers.get(header::AUTHORIZATION).expect("every request is signed");
    shelf.signed.push(signed.to_str().unwrap().to_owned());
    let path = uri.path().trim_start_matches('/').to_owned();
    if method == Method::PUT {
        let only_new = headers.get(header::IF_NONE_MATCH).map(|value| value.to_str().unwrap().to_owned());
        shelf.puts.push((path.clone(), only_new.clone()));
        return put(&mut shelf, path, only_new.is_some(), body).into_response();
    }
    if query.contains_key("list-type") || query.get("comp").is_some_and(|comp| comp == "list") {
        return list(&shelf, &query).into_response();
    }
    match shelf.objects.get(&path) {
        Some(bytes) => {
            let head = [(header::LAST_MODIFIED, MODIFIED), (header::ETAG, "\"1\"")];
            (head, bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn put(shelf: &mut Shelf, path: String, only_new: bool, body: Bytes) -> impl IntoResponse {
    let headers = [(header::ETAG, "\"1\"")];
    let trouble = shelf.trouble;
    let status = match trouble {
        Trouble::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Trouble::Forbidden => StatusCode::FORBIDDEN,
        Trouble::None | Trouble::Lost if only_new && shelf.objects.contains_key(&path) => {
            StatusCode::PRECONDITION_FAILED
        }
        Trouble::None => {
            shelf.objects.insert(path, body);
            StatusCode::CREATED
        }
        Trouble::Lost => {
            shelf.objects.insert(path, body);
            shelf.trouble = Trouble::None;
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    (status, headers)
}

fn list(shelf: &Shelf, query: &BTreeMap<String, String>) -> String {
    let azure = query.contains_key("comp");
    let mut rows = String::new();
    for (path, bytes) in &shelf.objects {
        let (_, name) = path.split_once('/').unwrap();
        if !name.starts_with(query.get("prefix").map_or("", String::as_str)) {
            continue;
        }
        let size = bytes.len();
        let row = if azure {
            format!(
                "<Blob><Name>{name}</Name><Properties><Last-Modified>{MODIFIED}</Last-Modified>\
                 <Content-Length>{size}</Content-Length>\
                 <Content-Type>application/json</Content-Type><Etag>1</Etag></Properties></Blob>"
            )
        } else {
            format!(
                "<Contents><Key>{name}</Key><LastModified>2027-01-15T08:00:00.000Z</LastModified>\
                 <Size>{size}</Size><ETag>1</ETag></Contents>"
            )
        };
        write!(rows, "{row}").unwrap();
    }
    if azure {
        format!("<EnumerationResults><Blobs>{rows}</Blobs><NextMarker/></EnumerationResults>")
    } else {
        format!("<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>")
    }
}

#[derive(Debug)]
struct Unasked;

#[async_trait]
impl StorageTokens for Unasked {
    async fn token(&self) -> Result<SecretString, Fault> {
        panic!("the environment has a key of the storage")
    }
}

pub struct Service {
    pub shelf: Shared,
    place: StorePlace,
    pub remote: Remote,
}

impl Service {
    pub async fn start(address: &str) -> Service {
        let shelf =
            Shelf { objects: BTreeMap::new(), signed: Vec::new(), trouble: Trouble::None, puts: Vec::new() };
        let shelf = Arc::new(Mutex::new(shelf));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(serve).with_state(shelf.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let settings = [
            ("AZURE_STORAGE_ACCOUNT_NAME", "acme"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5"),
            ("AZURE_STORAGE_ENDPOINT", &endpoint),
            ("AZURE_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "acme"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT", &endpoint),
            ("AWS_ALLOW_HTTP", "true"),
            // Names that belong to other programs do not matter.
            ("ENDPOINT", "http://127.0.0.1:1"),
            ("TOKEN", "x"),
        ];
        let environment = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let place = StorePlace::parse(address, std::path::Path::new("/")).unwrap();
        // Whoever has a key of the storage itself needs no identity.
        let azure = Some(Arc::new(Unasked) as Arc<dyn StorageTokens>);
        Service { shelf, place, remote: Remote { client: client(), environment, azure } }
    }

    pub async fn open(&self) -> Result<Journal<String>, JournalError> {
        Journal::open(open_store(&self.place, Some(&self.remote)).unwrap()).await
    }

    fn trouble(&self, trouble: Trouble) {
        self.shelf.lock().unwrap().trouble = trouble;
    }

    fn puts(&self) -> usize {
        self.shelf.lock().unwrap().puts.len()
    }
}

fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

const STORES: [&str; 2] = ["az://journals/team/prod", "s3://journals/team/prod"];

#[tokio::test]
async fn records_are_created_only_once_and_carry_the_stores_time() {
    for address in STORES {
        let service = Service::start(address).await;
        let mut a = service.open().await.unwrap();
        let mut b = service.open().await.unwrap();
        assert_eq!(a.append("from a".into(), now()).await, Ok(Seq(1)));
        let lost = b.append("from b".into(), now()).await;
        assert!(matches!(lost, Err(JournalError::Conflict { seq: Seq(1), .. })), "{address}: {lost:?}");
        assert_eq!(b.refresh().await.unwrap()[0].stored, Some("2027-01-15T08:00:00Z".parse().unwrap()));
        assert_eq!(b.append("from b".into(), now()).await, Ok(Seq(2)));
        let kinds: Vec<_> = service.open().await.unwrap().records().iter().map(|r| r.kind.clone()).collect();
        assert_eq!(kinds, ["from a", "from b"], "{address}");
        for (path, only_new) in &service.shelf.lock().unwrap().puts {
            assert!(path.starts_with("journals/team/prod/00000000"), "{path}");
            assert_eq!(only_new.as_deref(), Some("*"), "{address}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_and_not_written_twice() {
    for address in STORES {
        let service = Service::start(address).await;
        let mut journal = service.open().await.unwrap();
        service.trouble(Trouble::Lost);
        assert_eq!(journal.append("once".into(), now()).await, Ok(Seq(1)), "{address}");
        assert_eq!(service.puts(), 1, "{address}: nothing below the journal repeats a create");
        assert_eq!(service.open().await.unwrap().last(), Seq(1));
    }
}

#[tokio::test]
async fn a_busy_store_is_asked_twice_by_the_journal_and_never_by_the_library() {
    for address in STORES {
        let service = Service::start(address).await;
        let mut journal = service.open().await.unwrap();
        service.trouble(Trouble::Busy);
        let error = journal.append("x".into(), now()).await.unwrap_err();
        assert!(matches!(error, JournalError::Unsettled { seq: Seq(1), .. }), "{address}: {error:?}");
        assert_eq!(service.puts(), 2, "{address}");
        service.trouble(Trouble::None);
        assert_eq!(journal.append("x".into(), now()).await, Ok(Seq(1)));
    }
}

#[tokio::test]
async fn a_refusal_says_where_and_what_right_is_missing() {
    for address in STORES {
        let service = Service::start(address).await;
        let mut journal = service.open().await.unwrap();
        service.trouble(Trouble::Forbidden);
        let error = journal.append("x".into(), now()).await.unwrap_err();
        let fault = error.fault();
        assert!(matches!(error, JournalError::Store(_)), "{address}: {error:?}");
        assert_eq!(fault.subject, format!("{address}/0000000001.json"));
        assert!(fault.remedy.contains("right to read, list and create"), "{fault}");
    }
}

#[test]
fn an_address_that_is_no_store_or_carries_a_secret_is_refused() {
    let base = std::path::Path::new("/home");
    assert_eq!(StorePlace::parse("state", base), Ok(StorePlace::Folder("/home/state".into())));
    for (text, why) in [
        ("", "empty"),
        ("http://journals.example/x", "is no store that keyslot knows"),
        ("https://example.com/x", "is no store that keyslot knows"),
        ("ftp://x/y", "is no store that keyslot knows"),
        ("s3://", "is no store that keyslot knows"),
        ("https://acme.blob.core.windows.net/c/p?sig=abc", "secret"),
        ("s3://name:password@bucket/p", "secret"),
    ] {
        let error = StorePlace::parse(text, base).unwrap_err().to_string();
        assert!(error.contains(why) && !error.contains("sig=abc"), "{text}: {error}");
    }
    let url = StorePlace::parse("abfss://journals@acme.dfs.core.windows.net/team/", base).unwrap();
    assert_eq!(url.join("prod").to_string(), "abfss://journals@acme.dfs.core.windows.net/team/prod");
}

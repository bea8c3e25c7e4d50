//! The wire core alone: certificates, routing, streaming, faults, transcript, end.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use futures::StreamExt as _;
use jiff::Timestamp;
use keyslot::adapters::http::{self, Hosts, Http, HttpSettings, SendError};
use keyslot::sim::wire::{
    Changed, HostPattern, Trouble, Which, Wire, WireBuilder, WireClock, WireFault, WireOptions,
};

/// Name overrides for a client of this wire.
pub fn hosts(wire: &Wire) -> Hosts {
    wire.hosts().iter().fold(Hosts::default(), |hosts, pattern| match pattern {
        HostPattern::Name(name) => hosts.name(name, wire.address()),
        HostPattern::Below(domain) => hosts.below(domain, wire.address()),
    })
}

/// A client that can reach nothing but this wire.
pub fn client(wire: &Wire) -> Http {
    http::client(&HttpSettings::rehearsal(wire.ca_pem(), hosts(wire))).unwrap()
}

fn builder(options: WireOptions) -> WireBuilder {
    let clock = WireClock::start(Timestamp::from_second(1_800_000_000).unwrap(), 60.0);
    WireBuilder::new(clock, options).unwrap()
}

fn said(text: &'static str) -> Router {
    Router::new().fallback(any(move || async move { text }))
}

fn changing() -> Router {
    async fn change() -> Response {
        let mut response = "done".into_response();
        response.extensions_mut().insert(Changed);
        response
    }
    Router::new().route("/change", post(change)).route("/look", post(|| async { "seen" }))
}

fn request(method: &str, url: &str) -> reqwest::Request {
    reqwest::Request::new(method.parse().unwrap(), url.parse().unwrap())
}

async fn text(http: &Http, method: &str, url: &str) -> Result<(u16, String), SendError> {
    let answer = http.send(request(method, url), None).await?;
    Ok((answer.status.as_u16(), String::from_utf8(answer.body.to_vec()).unwrap()))
}

#[tokio::test]
async fn hosts_are_routed_by_name_and_a_stranger_is_not_contacted() {
    let wire = builder(WireOptions::default())
        .face(HostPattern::name("management.azure.com"), said("arm"))
        .face(HostPattern::below("vault.azure.net"), said("vault"))
        .listener("stamp-1", |_| said("cluster"))
        .unwrap()
        .start()
        .unwrap();
    let http = client(&wire);
    assert_eq!(text(&http, "GET", "https://management.azure.com/a").await.unwrap().1, "arm");
    assert_eq!(text(&http, "GET", "https://kv-1.vault.azure.net/a").await.unwrap().1, "vault");
    let cluster = format!("https://{}/api", wire.listeners()["stamp-1"]);
    assert_eq!(text(&http, "GET", &cluster).await.unwrap().1, "cluster");
    let (status, _) = text(&http, "GET", &format!("https://{}/a", wire.address())).await.unwrap();
    assert_eq!(status, 421);

    let error = text(&http, "GET", "https://example.com/").await.unwrap_err();
    assert!(matches!(error, SendError::Forbidden(_)), "{error}");
    let error = text(&http, "GET", "http://management.azure.com/").await.unwrap_err();
    assert!(matches!(error, SendError::Forbidden(_)), "{error}");
    let direct = http.reqwest().get("https://example.com/").send().await.unwrap_err();
    assert!(direct.is_connect(), "the resolver below refuses it too: {direct:?}");
    wire.shutdown().await;
}

#[tokio::test]
async fn a_client_with_another_ca_makes_no_connection() {
    let wire = builder(WireOptions::default()).face(HostPattern::name("a.test"), said("a")).start().unwrap();
    let other = builder(WireOptions::default()).start().unwrap();
    let http = http::client(&HttpSettings::rehearsal(other.ca_pem(), hosts(&wire))).unwrap();
    let error = text(&http, "POST", "https://a.test/").await.unwrap_err();
    assert!(matches!(error, SendError::NoConnection(_)), "{error}");
    assert!(error.nothing_was_sent());
    assert!(wire.transcript().entries().is_empty());
}

#[tokio::test]
async fn a_chunk_arrives_before_the_next_one_is_made() {
    let (more, chunks) = futures::channel::mpsc::unbounded::<Result<&'static str, std::io::Error>>();
    let chunks = std::sync::Arc::new(std::sync::Mutex::new(Some(chunks)));
    let watch = Router::new().route(
        "/watch",
        get(move || {
            let stream = chunks.lock().unwrap().take().unwrap();
            async move { Body::from_stream(stream) }
        }),
    );
    let wire = builder(WireOptions::default()).face(HostPattern::name("a.test"), watch).start().unwrap();
    let response = client(&wire).open(request("GET", "https://a.test/watch"), None).await.unwrap();
    let mut body = response.bytes_stream();
    for chunk in ["one", "two", "three"] {
        more.unbounded_send(Ok(chunk)).unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), chunk.as_bytes());
    }
    wire.shutdown().await;
}

#[tokio::test]
async fn a_held_answer_is_applied_and_written_down_before_anyone_reads_it() {
    let wire = builder(WireOptions::default()).face(HostPattern::name("a.test"), changing()).start().unwrap();
    let http = client(&wire);
    let which = Which { changed: true, skip: 1, ..Which::default() };
    let fault = wire.faults().add(WireFault::once(which, Trouble::HoldAnswer));

    text(&http, "POST", "https://a.test/look").await.unwrap();
    text(&http, "POST", "https://a.test/change").await.unwrap();
    assert_eq!(fault.count(), 0, "only the second change is meant");
    let caller = tokio::spawn(async move { text(&http, "POST", "https://a.test/change").await });
    fault.struck().await;
    assert!(!caller.is_finished());
    assert_eq!(wire.transcript().changes().len(), 2);
    fault.release();
    assert_eq!(caller.await.unwrap().unwrap().0, 200);
}

#[tokio::test]
async fn dropped_answers_and_dropped_requests_look_alike_and_are_not() {
    let wire = builder(WireOptions::default()).face(HostPattern::name("a.test"), changing()).start().unwrap();
    let http = client(&wire);
    let which = Which { path: "/change".to_owned(), ..Which::default() };
    wire.faults().add(WireFault::once(which.clone(), Trouble::DropRequest));
    let error = text(&http, "POST", "https://a.test/change").await.unwrap_err();
    assert!(!error.nothing_was_sent(), "{error}");
    assert_eq!(wire.transcript().changes().len(), 0);

    wire.faults().add(WireFault::once(which.clone(), Trouble::DropAnswer));
    let error = text(&http, "POST", "https://a.test/change").await.unwrap_err();
    assert!(!error.nothing_was_sent(), "{error}");
    assert_eq!(wire.transcript().changes().len(), 1);
    assert_eq!(wire.transcript().entries().last().unwrap().status, None);

    let busy = Trouble::Answer { status: 503, retry_after_seconds: Some(7) };
    wire.faults().add(WireFault::once(which, busy));
    let answer = http.send(request("POST", "https://a.test/change"), None).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.retry_after()), (503, Some(Duration::from_secs(7))));
    assert_eq!(wire.transcript().changes().len(), 1);
    assert_eq!(wire.transcript().count("POST", "/change"), 3, "nobody asked twice");
}

#[tokio::test]
async fn the_transcript_is_a_file_too_and_keeps_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("transcript.ndjson");
    let options = WireOptions { transcript: Some(file.clone()), ..WireOptions::default() };
    let wire = builder(options).face(HostPattern::name("a.test"), said("a")).start().unwrap();
    let mut asked = request("GET", "https://a.test/x?api-version=7.5&sig=CANARY");
    asked.headers_mut().insert("authorization", "Bearer CANARY".parse().unwrap());
    client(&wire).send(asked, None).await.unwrap();
    wire.shutdown().await;
    let text = std::fs::read_to_string(file).unwrap();
    assert!(!text.contains("CANARY"), "{text}");
    let entry: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(entry["path"], "/x?api-version=7.5&sig=…");
    assert_eq!(entry["status"], 200);
}

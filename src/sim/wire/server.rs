//! Listeners: TCP, TLS, HTTP/1.1, and the way of one request through the core.
//!
//! A request is routed by host, may meet a fault, reaches its face, is written down, and may meet a fault on the
//! way back. The core knows nothing of what the faces speak.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use http::header::{HOST, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::faults::{Asked, Faults, Strike, Trouble};
use super::route::Faces;
use super::transcript::{Entry, Transcript, harmless_path};
use super::{WireClock, WireError};
use crate::ports::Clock as _;

/// A connection without a request ends after this, as one to an API server of Kubernetes does. Wall time.
const IDLE: Duration = Duration::from_secs(90);

/// How long connections may finish what they are about when the world ends. Wall time.
const GRACE: Duration = Duration::from_millis(500);

/// A face puts this among a response's extensions when the request changed the world.
#[derive(Clone, Copy, Debug)]
pub struct Changed;

/// A face puts this among a response's extensions when the answer is to be lost on the way.
#[derive(Clone, Copy, Debug)]
pub struct Lost;

/// What all listeners share.
#[derive(Clone)]
pub(super) struct Core {
    pub clock: WireClock,
    pub transcript: Transcript,
    pub faults: Faults,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

/// The connection is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped")]
struct Dropped;

/// A bound socket on loopback. Bound before it is served, so that its address can be told to others.
pub(super) fn bind(port: u16) -> Result<(TcpListener, SocketAddr), WireError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|source| WireError::Listen { port, source })?;
    listener.set_nonblocking(true).map_err(|source| WireError::Listen { port, source })?;
    let address = listener.local_addr().map_err(|source| WireError::Listen { port, source })?;
    Ok((listener, address))
}

impl Core {
    /// Serves a listener until the core stops.
    pub(super) fn serve(
        &self,
        listener: TcpListener,
        tls: &Arc<rustls::ServerConfig>,
        faces: Faces,
    ) -> Result<(), WireError> {
        let listener = tokio::net::TcpListener::from_std(listener)
            .map_err(|source| WireError::Listen { port: 0, source })?;
        let core = self.clone();
        let acceptor = TlsAcceptor::from(tls.clone());
        let faces = Arc::new(faces);
        self.tasks.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = core.stop.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                // Out of sockets, most likely: give the others time to close theirs.
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let connection = core.clone().connection(stream, acceptor.clone(), faces.clone());
                core.tasks.spawn(connection);
            }
        });
        Ok(())
    }

    async fn connection(self, stream: tokio::net::TcpStream, acceptor: TlsAcceptor, faces: Arc<Faces>) {
        // A client that does not trust us ends the handshake; that is its business.
        let Ok(stream) = acceptor.accept(stream).await else { return };
        let core = self.clone();
        let service = service_fn(move |request| core.clone().answer(faces.clone(), request));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = self.stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = tokio::time::timeout(GRACE, connection).await;
    }

    async fn answer(self, faces: Arc<Faces>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
        let at = self.clock.now();
        let host = host_of(&request);
        let method = request.method().as_str().to_owned();
        let path = harmless_path(request.uri());
        let asked = Asked { host: &host, method: &method, path: &path };
        let record = |status: Option<u16>, changed: bool| {
            let (host, method, path) = (host.clone(), method.clone(), path.clone());
            self.transcript.record(Entry { seq: 0, at, host, method, path, status, changed });
        };

        if let Some(strike) = self.faults.before(&asked) {
            strike.tell(&asked);
            strike.hold().await;
            if *strike.what() != Trouble::HoldRequest {
                let response = in_between(strike.what());
                record(response.as_ref().map(|response| response.status().as_u16()), false);
                return response.ok_or(Dropped);
            }
        }
        let response = match faces.find(&host) {
            Some(router) => face(router.clone(), request).await,
            None => (StatusCode::MISDIRECTED_REQUEST, "the simulated world has no such host").into_response(),
        };
        let changed = response.extensions().get::<Changed>().is_some();
        let strike = self.faults.after(&asked, changed);
        let dropped = response.extensions().get::<Lost>().is_some()
            || matches!(strike.as_ref().map(Strike::what), Some(Trouble::DropAnswer));
        let what = strike.as_ref().map(|strike| strike.what().clone());
        record((!dropped).then(|| response.status().as_u16()), changed);
        if let Some(strike) = strike {
            strike.tell(&asked);
            strike.hold().await;
        }
        let cut = matches!(what, Some(Trouble::CutAnswer));
        match (dropped, cut) {
            (true, _) => Err(Dropped),
            (false, true) => Ok(halved(response).await),
            (false, false) => Ok(response),
        }
    }
}

async fn face(router: Router, request: Request<Incoming>) -> Response<Body> {
    let response: Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
    match response {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The host that was asked for, from the target or the header: a name without its port; an address with it, for
/// services that are called by address are told apart by nothing else.
fn host_of<B>(request: &Request<B>) -> String {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let authority = request.uri().host().or(header).unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_err() =>
        {
            host
        }
        _ => authority,
    }
    .to_ascii_lowercase()
}

/// The answer of something between keyslot and the service.
fn in_between(trouble: &Trouble) -> Option<Response<Body>> {
    if *trouble == Trouble::SignInPage {
        return Some(axum::response::Html(SIGN_IN).into_response());
    }
    let Trouble::Answer { status, retry_after_seconds } = trouble else { return None };
    let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = (status, "the gateway is not in the mood").into_response();
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
    }
    Some(response)
}

const SIGN_IN: &str =
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to go on.</body></html>";

/// The first half of an answer, as if that were all of it.
async fn halved(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(whole.slice(..whole.len() / 2)))
}

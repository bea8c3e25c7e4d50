//! The same API on a company's own server: REST below `/api/v3`, GraphQL at `/api/graphql`, and nothing beside them.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use http::uri::PathAndQuery;
use tower::ServiceExt as _;

use super::answer;
use crate::sim::wire::route::HostPattern;

/// The host that the face answers for.
pub const HOST: &str = "ghe.acme.example";

/// What is configured as the API's address.
pub const API: &str = "https://ghe.acme.example/api/v3";

/// The host to register the router for.
pub fn host() -> HostPattern {
    HostPattern::name(HOST)
}

/// The face, over the one of GitHub's own host.
pub fn router(api: Router) -> Router {
    Router::new().fallback(move |request: Request| led_in(api.clone(), request))
}

async fn led_in(api: Router, mut request: Request) -> Response {
    let asked = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let inside = match asked {
        "/api/graphql" => Some("/graphql"),
        rest => rest.strip_prefix("/api/v3").filter(|rest| *rest != "/graphql" && rest.starts_with('/')),
    };
    let Some(Ok(uri)) = inside.map(str::parse::<Uri>) else { return answer::not_found() };
    *request.uri_mut() = uri;
    match api.oneshot(request).await {
        Ok(response) => response.into_response(),
        Err(never) => match never {},
    }
}

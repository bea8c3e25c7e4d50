//! Pages of lists, with the links that lead from one to the next.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::LINK;
use http::{HeaderValue, Uri};
use serde_json::Value;

use super::API;

/// One page of a list as the query wants it (30 a page unless told, at most 100).
pub(super) fn page(uri: &Uri, all: Vec<Value>) -> Response {
    let (items, links) = cut(uri, all);
    with_links(Json(Value::Array(items)).into_response(), links)
}

/// The same for a list that lies in an object, under a name and with the total count.
pub(super) fn named_page(uri: &Uri, name: &str, all: Vec<Value>) -> Response {
    let total = all.len();
    let (items, links) = cut(uri, all);
    let mut body = serde_json::Map::new();
    body.insert("total_count".to_owned(), total.into());
    body.insert(name.to_owned(), Value::Array(items));
    with_links(Json(Value::Object(body)).into_response(), links)
}

/// One parameter of a query.
pub(super) fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn cut(uri: &Uri, all: Vec<Value>) -> (Vec<Value>, Vec<String>) {
    let number = |name: &str| parameter(uri, name).and_then(|text| text.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(30).clamp(1, 100);
    let page = number("page").unwrap_or(1).max(1);
    let last = all.len().div_ceil(size).max(1);
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(uri, page - 1, "prev"));
        links.push(link(uri, 1, "first"));
    }
    if page < last {
        links.push(link(uri, page + 1, "next"));
        links.push(link(uri, last, "last"));
    }
    (all.into_iter().skip((page - 1) * size).take(size).collect(), links)
}

fn link(uri: &Uri, page: usize, relation: &str) -> String {
    let query = uri.query().unwrap_or_default();
    let others = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "page");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(others).append_pair("page", &page.to_string());
    format!("<{API}{}?{}>; rel=\"{relation}\"", uri.path(), query.finish())
}

fn with_links(mut response: Response, links: Vec<String>) -> Response {
    if let (false, Ok(value)) = (links.is_empty(), HeaderValue::from_str(&links.join(", "))) {
        response.headers_mut().insert(LINK, value);
    }
    response
}

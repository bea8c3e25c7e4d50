//! Lists of Azure Resource Manager, which come page by page.
//!
//! A list that ends early would show less than there is, so a page that cannot be had fails the whole of it; and the token
//! goes to no other host than the first page's.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use reqwest::Request;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::arm::{ArmAccess, ArmFailure};
use super::http::{Answer, Backoff};
use crate::model::Blindness;
use crate::ports::Fault;

/// More pages than this are another account's trouble.
const MAX_PAGES: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    #[serde(default = "Vec::new")]
    value: Vec<T>,
    next_link: Option<String>,
}

/// What is asked, and of whom, for people.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub access: &'a ArmAccess,
    pub what: &'a str,
    pub subject: &'a str,
}

impl Asking<'_> {
    /// One answer.
    ///
    /// # Errors
    /// No answer, or one that is not understood.
    pub async fn one<T: for<'de> Deserialize<'de>>(&self, url: &Url) -> Result<T, Fault> {
        self.answered(|| Request::new(Method::GET, url.clone())).await
    }

    /// The same to a question that is put with POST, and changes nothing.
    ///
    /// # Errors
    /// As [`Asking::one`].
    pub async fn posted<T: for<'de> Deserialize<'de>>(&self, url: &Url, body: &Value) -> Result<T, Fault> {
        let body = body.to_string();
        self.answered(|| posting(url, &body)).await
    }

    async fn answered<T: for<'de> Deserialize<'de>>(
        &self,
        request: impl Fn() -> Request,
    ) -> Result<T, Fault> {
        let once = || async {
            let sent = self.access.send(request(), None).await;
            sent.map_err(|failure: ArmFailure| failure.read_error(self.what, self.subject))
        };
        let answer = Backoff::default().read(self.access.clock.as_ref(), once).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            self.unclear(format!("the answer is not understood (line {line}, column {column})"))
        })
    }

    /// The same of a resource that may not be there: nothing where ARM says that it is not.
    ///
    /// # Errors
    /// As [`Asking::one`].
    pub async fn if_there(&self, url: &Url) -> Result<Option<Answer>, Fault> {
        let once = || async {
            match self.access.send(Request::new(Method::GET, url.clone()), None).await {
                Ok(answer) => Ok(Some(answer)),
                Err(ArmFailure::Answer(error)) if error.is_absence() => Ok(None),
                Err(failure) => Err(failure.read_error(self.what, self.subject)),
            }
        };
        Backoff::default().read(self.access.clock.as_ref(), once).await
    }

    /// Every entry of every page.
    ///
    /// # Errors
    /// A page that cannot be had, or more of them than anybody needs.
    pub async fn all<T: for<'de> Deserialize<'de>>(&self, first: Url) -> Result<Vec<T>, Fault> {
        let host = first.origin();
        let mut all = Vec::new();
        let mut next = Some(first);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else { return Ok(all) };
            let page: Page<T> = self.one(&url).await?;
            all.extend(page.value);
            let link = page.next_link.filter(|link| !link.is_empty());
            next = link
                .map(|link| link.parse::<Url>())
                .transpose()
                .map_err(|error| self.unclear(format!("the next page's address is none: {error}")))?;
            if next.as_ref().is_some_and(|url| url.origin() != host) {
                return Err(self.unclear("the next page's address is on another host"));
            }
        }
        Err(self.unclear(format!("the list has more than {MAX_PAGES} pages")))
    }

    /// An address that is none, or an answer that is not as it should be.
    pub fn unclear(&self, why: impl Into<String>) -> Fault {
        Fault::new(Blindness::Unintelligible, self.what, self.subject, why)
    }
}

/// A question that is put with POST. Without the header, Log Analytics answers 200 with nothing in it.
pub(super) fn posting(url: &Url, body: &str) -> Request {
    let mut request = Request::new(Method::POST, url.clone());
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = Some(body.to_owned().into());
    request
}

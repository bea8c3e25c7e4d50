//! By how much an API server's clock differs from ours, told by the `Date` of its answers.
//!
//! The server writes the date between the request and its answer as we see them, so however slow the network is, only
//! a date outside of that time is a difference. Dates are whole seconds.

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use http::header::DATE;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

static DATES: DateTimeParser = DateTimeParser::new();

/// As of the newest answer that had a date.
#[derive(Debug, Default)]
pub(super) struct Skew(Mutex<Option<SignedDuration>>);

impl Skew {
    pub fn note(&self, headers: &HeaderMap, sent: Timestamp, received: Timestamp) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| DATES.parse_timestamp(date).ok()) {
            let ahead = ahead(date, sent, received);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
    }

    pub fn ahead(&self) -> Option<SignedDuration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ahead(date: Timestamp, sent: Timestamp, received: Timestamp) -> SignedDuration {
    let latest = date.saturating_add(SignedDuration::from_secs(1)).unwrap_or(date);
    if latest < sent {
        latest.duration_since(sent)
    } else if date > received {
        date.duration_since(received)
    } else {
        SignedDuration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(date: &str, sent: &str, received: &str) -> Option<i64> {
        let skew = Skew::default();
        let headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        skew.note(&headers, sent.parse().unwrap(), received.parse().unwrap());
        skew.ahead().map(|ahead| ahead.as_secs())
    }

    #[test]
    fn only_a_date_outside_of_the_request_and_its_answer_is_a_difference() {
        let date = "Fri, 20 Nov 2026 09:00:30 GMT";
        assert_eq!(noted(date, "2026-11-20T09:00:30.9Z", "2026-11-20T09:00:31.2Z"), Some(0), "whole seconds");
        assert_eq!(noted(date, "2026-11-20T08:59:00Z", "2026-11-20T09:02:00Z"), Some(0), "a slow answer");
        assert_eq!(noted(date, "2026-11-20T08:00:00Z", "2026-11-20T08:00:30Z"), Some(3600));
        assert_eq!(noted(date, "2026-11-20T09:30:31Z", "2026-11-20T09:30:32Z"), Some(-1800));
        assert_eq!(noted("yesterday", "2026-11-20T09:30:31Z", "2026-11-20T09:30:32Z"), None);
    }
}

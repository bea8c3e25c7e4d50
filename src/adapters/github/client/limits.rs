//! Limits that GitHub has told of, for each of its two counters: until when nothing is sent any more.
//!
//! Whoever goes on asking while limited may be banned. A secondary limit that does not say how long it lasts is waited
//! out for a minute, and twice as long each time that it strikes again.

use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// “Wait for at least one minute”, says the documentation of limits that do not say how long.
const UNSAID: SignedDuration = SignedDuration::from_secs(60);

/// And no longer than so, however often it strikes.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

#[derive(Default)]
pub(in crate::adapters) struct Limits(Mutex<[Limit; 2]>);

#[derive(Clone, Copy, Default)]
struct Limit {
    until: Option<Timestamp>,
    /// Times in a row that it struck without saying for how long.
    unsaid: u32,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::adapters) enum Counter {
    Rest,
    GraphQl,
}

/// What an answer says of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::adapters) enum Told {
    /// This counter is spent.
    Until(Timestamp),
    /// A secondary limit, which holds for both counters.
    Both(Timestamp),
    /// It is a secondary one, and does not say until when.
    Unsaid,
    /// Nothing is left, though this answer was given still.
    Spent(Timestamp),
    Nothing,
}

impl Told {
    /// By the documented order of rules.
    pub(in crate::adapters) fn by(
        status: StatusCode,
        headers: &HeaderMap,
        words: &str,
        now: Timestamp,
    ) -> Told {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let reset = || number("x-ratelimit-reset").and_then(|reset| Timestamp::from_second(reset).ok());
        let spent = number("x-ratelimit-remaining") == Some(0);
        if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
            return reset().filter(|_| spent).map_or(Told::Nothing, Told::Spent);
        }
        if let Some(seconds) = number("retry-after") {
            let until = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
            return if spent { Told::Until(until) } else { Told::Both(until) };
        }
        if let Some(reset) = reset().filter(|_| spent) {
            return Told::Until(reset);
        }
        let said = status == StatusCode::TOO_MANY_REQUESTS || words.contains("rate limit");
        if said { Told::Unsaid } else { Told::Nothing }
    }

    /// GraphQL says both limits with a 200, too, and a complaint in the body.
    pub(in crate::adapters) fn by_graphql(
        status: StatusCode,
        headers: &HeaderMap,
        body: &str,
        now: Timestamp,
    ) -> Told {
        let complains = || {
            let errors = serde_json::from_str::<Complaints>(body).map(|body| body.errors).unwrap_or_default();
            errors.iter().any(Complaint::is_of_a_limit)
        };
        match status.is_success() && complains() {
            true => Told::by(StatusCode::TOO_MANY_REQUESTS, headers, body, now),
            false => Told::by(status, headers, body, now),
        }
    }
}

#[derive(Deserialize)]
struct Complaints {
    #[serde(default)]
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: String,
}

impl Complaint {
    fn is_of_a_limit(&self) -> bool {
        let kind = self.kind.as_deref().unwrap_or_default();
        kind.starts_with("RATE_LIMIT") || self.message.to_lowercase().contains("rate limit")
    }
}

impl Limits {
    /// Until when nothing is to be sent, if that lies ahead.
    pub(in crate::adapters) fn ahead(&self, counter: Counter, now: Timestamp) -> Option<Timestamp> {
        self.with(counter, |limit| limit.until.filter(|until| *until > now))
    }

    /// Takes note of an answer. Returns until when to wait, where the answer was a limit's.
    pub(in crate::adapters) fn note(
        &self,
        counter: Counter,
        told: Told,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let until = self.note_one(counter, told, now);
        if matches!(told, Told::Both(_) | Told::Unsaid) {
            let other = match counter {
                Counter::Rest => Counter::GraphQl,
                Counter::GraphQl => Counter::Rest,
            };
            self.with(other, |limit| limit.until = limit.until.max(until));
        }
        until
    }

    fn note_one(&self, counter: Counter, told: Told, now: Timestamp) -> Option<Timestamp> {
        self.with(counter, |limit| match told {
            Told::Nothing => {
                // What was asked before the limit struck is answered after it.
                if limit.until.is_none_or(|until| until <= now) {
                    *limit = Limit::default();
                }
                None
            }
            Told::Spent(until) => {
                limit.until = limit.until.max(Some(until));
                None
            }
            Told::Until(until) | Told::Both(until) => {
                limit.until = limit.until.max(Some(until));
                Some(until)
            }
            Told::Unsaid => {
                let wait = UNSAID.saturating_mul(1 << limit.unsaid.min(4)).min(LONGEST);
                limit.unsaid += 1;
                limit.until = limit.until.max(now.checked_add(wait).ok());
                limit.until
            }
        })
    }

    fn with<T>(&self, counter: Counter, act: impl FnOnce(&mut Limit) -> T) -> T {
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [rest, graph_ql] = &mut *limits;
        act(match counter {
            Counter::Rest => rest,
            Counter::GraphQl => graph_ql,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_does_not_say_how_long_is_waited_out_longer_each_time() {
        let limits = Limits::default();
        let strike = |now: i64| {
            let until = limits.note(Counter::Rest, Told::Unsaid, at(now)).unwrap();
            until.as_second() - now
        };
        assert_eq!([strike(0), strike(100), strike(300)], [60, 120, 240]);
        assert_eq!(limits.ahead(Counter::Rest, at(301)), Some(at(540)));
        assert_eq!(limits.ahead(Counter::GraphQl, at(301)), Some(at(540)), "it holds for both counters");
        assert_eq!(limits.ahead(Counter::Rest, at(540)), None);
        limits.note(Counter::Rest, Told::Nothing, at(541));
        assert_eq!(strike(600), 60, "an answer in between begins anew");
        assert_eq!(
            [strike(700), strike(800), strike(900), strike(1000), strike(1100)],
            [120, 240, 480, 900, 900]
        );
    }

    #[test]
    fn an_answer_to_what_was_asked_before_the_limit_struck_takes_nothing_of_it_away() {
        let limits = Limits::default();
        limits.note(Counter::Rest, Told::Both(at(900)), at(0));
        limits.note(Counter::Rest, Told::Nothing, at(1));
        assert_eq!(limits.ahead(Counter::Rest, at(2)), Some(at(900)));
        limits.note(Counter::Rest, Told::Spent(at(90)), at(3));
        assert_eq!(limits.ahead(Counter::Rest, at(4)), Some(at(900)));
    }

    #[test]
    fn a_limit_that_does_not_say_how_long_makes_no_known_one_shorter() {
        let limits = Limits::default();
        limits.note(Counter::Rest, Told::Both(at(900)), at(0));
        assert_eq!(limits.note(Counter::Rest, Told::Unsaid, at(10)), Some(at(900)));
        assert_eq!(limits.ahead(Counter::Rest, at(100)), Some(at(900)));
        assert_eq!(limits.ahead(Counter::GraphQl, at(100)), Some(at(900)));
    }

    #[test]
    fn the_last_answer_of_an_hour_is_the_last_one() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-remaining", "0".parse().unwrap());
        headers.insert("x-ratelimit-reset", "90".parse().unwrap());
        let told = Told::by(StatusCode::OK, &headers, "", at(0));
        assert_eq!(told, Told::Spent(at(90)));
        let limits = Limits::default();
        assert_eq!(limits.note(Counter::Rest, told, at(0)), None, "the answer counts");
        assert_eq!(limits.ahead(Counter::GraphQl, at(1)), None, "the other counter is not touched");
        assert_eq!(limits.ahead(Counter::Rest, at(1)), Some(at(90)));
    }

    #[test]
    fn graphql_says_a_limit_with_a_success() {
        let told = |body: &str, headers: &[(&'static str, &str)]| {
            let headers =
                headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
            Told::by_graphql(StatusCode::OK, &HeaderMap::from_iter(headers), body, at(0))
        };
        let limited = r#"{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
        let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "90")];
        assert_eq!(told(limited, &spent), Told::Until(at(90)));
        assert_eq!(told(limited, &[("retry-after", "30")]), Told::Both(at(30)));
        assert_eq!(told(limited, &[("retry-after", "30"), spent[0], spent[1]]), Told::Until(at(30)));
        assert_eq!(told(limited, &[]), Told::Unsaid);
        assert_eq!(
            told(r#"{"errors":[{"message":"You have exceeded a secondary rate limit"}]}"#, &[]),
            Told::Unsaid
        );
        assert_eq!(told(r#"{"data":{"title":"our rate limit"}}"#, &[]), Told::Nothing);
        assert_eq!(told(r#"{"errors":[{"type":"FORBIDDEN","message":"no"}]}"#, &[]), Told::Nothing);
    }
}

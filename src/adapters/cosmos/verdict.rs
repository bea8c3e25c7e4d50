//! What an answer of the data plane says of the key that signed the request.
//!
//! Only two texts of a 401 speak against a key. Firewalls, clocks, throttling, failovers and missing containers
//! are no evidence either way: a key is never called dead, nor alive, for them. Sources:
//! MicrosoftDocs/azure-databases-docs, nosql/troubleshoot-unauthorized.md and troubleshoot-forbidden.md;
//! learn.microsoft.com/rest/api/cosmos-db, delete-a-document and http-status-codes-for-cosmosdb.

use http::StatusCode;
use serde::Deserialize;

use crate::adapters::http::Answer;
use crate::model::ProofVerdict;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// A container or the list of databases.
    Read,
    /// The deletion of a document that does not exist.
    Write,
}

#[derive(Deserialize)]
struct ErrorText {
    #[serde(default)]
    message: String,
}

/// Both texts mean: the service computed another signature.
const WRONG_SIGNATURE: [&str; 2] = [
    "The MAC signature found in the HTTP request is not the same as the computed signature",
    "The input authorization token can't serve the request",
];

/// What it lies in is not there.
const OWNER_NOT_FOUND: u32 = 1003;

/// The region does not take writes at the moment.
const WRITE_FORBIDDEN: u32 = 3;

/// Judges an answer to a probe whose string to sign was `payload`.
pub(super) fn verdict(probe: Probe, answer: &Answer, payload: &str) -> ProofVerdict {
    use ProofVerdict::{Accepted, NoEvidence};

    let no_evidence = |what: &str| NoEvidence(format!("{what} ({})", describe(answer)));
    match (probe, answer.status) {
        (Probe::Read, StatusCode::OK) => Accepted,
        // Nothing can have the random id, but had it: the key was accepted.
        (Probe::Write, StatusCode::NO_CONTENT | StatusCode::PRECONDITION_FAILED) => Accepted,
        (Probe::Write, StatusCode::NOT_FOUND) if matches!(substatus(answer), None | Some(0)) => Accepted,
        (_, StatusCode::NOT_FOUND) if matches!(substatus(answer), None | Some(0 | OWNER_NOT_FOUND)) => {
            ProofVerdict::NothingToTry(format!("the container to probe is not there ({})", describe(answer)))
        }
        (_, StatusCode::NOT_FOUND) => no_evidence("the region does not know of it yet"),
        (_, StatusCode::UNAUTHORIZED) => unauthorized(answer, payload),
        (_, StatusCode::FORBIDDEN) if takes_no_writes(answer) => {
            no_evidence("the region takes no writes at the moment")
        }
        (_, StatusCode::FORBIDDEN) if is_firewalled(answer) => ProofVerdict::KeptOut(describe(answer)),
        (_, StatusCode::FORBIDDEN) => no_evidence("refused, but not for the key"),
        (_, StatusCode::TOO_MANY_REQUESTS) => no_evidence("throttled"),
        _ => no_evidence("an answer that says nothing of the key"),
    }
}

/// Both the address rules and the networks of an account answer so.
fn is_firewalled(answer: &Answer) -> bool {
    let text = message(answer).to_lowercase();
    ["originated from", "firewall", "virtual network"].iter().any(|words| text.contains(words))
}

/// Whether a region answered that writes go elsewhere.
pub(super) fn takes_no_writes(answer: &Answer) -> bool {
    answer.status == StatusCode::FORBIDDEN && substatus(answer) == Some(WRITE_FORBIDDEN)
}

/// Whether asking once more a little later may give evidence.
pub(super) fn is_passing(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 408 | 410 | 429 | 449 | 503)
}

/// One line for people.
pub(super) fn describe(answer: &Answer) -> String {
    let text = message(answer);
    let first: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
    match substatus(answer) {
        Some(sub) if sub != 0 => format!("{}/{sub} {first}", answer.status.as_u16()),
        _ => format!("{} {first}", answer.status.as_u16()),
    }
}

fn unauthorized(answer: &Answer, payload: &str) -> ProofVerdict {
    let text = message(answer);
    if !WRONG_SIGNATURE.iter().any(|known| text.contains(known)) {
        return ProofVerdict::NoEvidence(format!("refused, but not for the key ({})", describe(answer)));
    }
    match echoed(&text) {
        Some(theirs) if theirs != payload => ProofVerdict::NoEvidence(
            "the service signed another text than we did: something on the way changes requests, or an id \
             has characters that it may not have"
                .to_owned(),
        ),
        Some(_) | None => ProofVerdict::Refused,
    }
}

/// The string to sign as the service built it, where it says so.
fn echoed(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("payload to sign: '")?;
    rest.split_once('\'').map(|(payload, _)| payload)
}

fn message(answer: &Answer) -> String {
    serde_json::from_slice::<ErrorText>(&answer.body).map(|text| text.message).unwrap_or_default()
}

fn substatus(answer: &Answer) -> Option<u32> {
    answer.header("x-ms-substatus")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use zeroize::Zeroizing;

    use super::*;

    const PAYLOAD: &str = "get\ndbs\n\nfri, 20 jan 2017 03:43:55 gmt\n\n";

    fn judge(probe: Probe, status: u16, sub: Option<u32>, message: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        if let Some(sub) = sub {
            headers.insert("x-ms-substatus", HeaderValue::from(sub));
        }
        let body = serde_json::json!({ "code": "x", "message": message }).to_string().into_bytes();
        let status = StatusCode::from_u16(status).unwrap();
        match verdict(probe, &Answer { status, headers, body: Zeroizing::new(body) }, PAYLOAD) {
            ProofVerdict::Accepted => "accepted",
            ProofVerdict::Refused => "refused",
            ProofVerdict::NoEvidence(_) => "no evidence",
            ProofVerdict::NothingToTry(_) => "nothing to try",
            ProofVerdict::KeptOut(_) => "kept out",
        }
    }

    #[test]
    fn only_the_two_texts_of_a_401_speak_against_a_key() {
        let echo = "The input authorization token can't serve the request. Please check that the expected \
             payload is built as per the protocol, and check the key being used. Server used the following \
             payload to sign: 'get\ndbs\n\nfri, 20 jan 2017 03:43:55 gmt\n\n'\r\nActivityId: 1";
        let other_echo = echo.replace("dbs", "colls");
        let mac = "The MAC signature found in the HTTP request is not the same as the computed signature.";
        let disabled = "Local Authorization is disabled. Use an AAD token to authorize all requests.";
        let date = "The input date header is invalid format. Please pass in RFC 1123 style date format.";
        let firewall = "Request originated from client IP 1.2.3.4 through public internet.";
        for probe in [Probe::Read, Probe::Write] {
            assert_eq!(judge(probe, 401, None, echo), "refused");
            assert_eq!(judge(probe, 401, None, mac), "refused");
            assert_eq!(judge(probe, 401, None, &other_echo), "no evidence");
            assert_eq!(judge(probe, 401, Some(5202), disabled), "no evidence");
            assert_eq!(judge(probe, 401, None, date), "no evidence");
            assert_eq!(judge(probe, 401, None, ""), "no evidence");
            assert_eq!(judge(probe, 403, None, firewall), "kept out");
            assert_eq!(judge(probe, 403, Some(3), ""), "no evidence");
            assert_eq!(judge(probe, 403, Some(1008), ""), "no evidence");
            for status in [400, 408, 410, 429, 449, 500, 503] {
                assert_eq!(judge(probe, status, None, mac), "no evidence", "{status}");
            }
        }
    }

    #[test]
    fn a_firewall_is_called_one() {
        let text = "Request originated from IP 192.0.2.7 through public internet. This is blocked by your Cosmos DB \
                    account firewall settings.";
        let body = serde_json::json!({ "message": text }).to_string().into_bytes();
        let answer =
            Answer { status: StatusCode::FORBIDDEN, headers: HeaderMap::new(), body: Zeroizing::new(body) };
        let ProofVerdict::KeptOut(why) = verdict(Probe::Read, &answer, PAYLOAD) else { panic!() };
        assert!(why.contains("firewall") && why.contains("192.0.2.7"), "{why}");
    }

    #[test]
    fn a_read_is_accepted_by_200_and_a_write_by_a_404_of_the_document() {
        assert_eq!(judge(Probe::Read, 200, None, ""), "accepted");
        assert_eq!(judge(Probe::Read, 404, Some(0), ""), "nothing to try");
        assert_eq!(judge(Probe::Read, 404, Some(1002), ""), "no evidence");
        assert_eq!(judge(Probe::Write, 404, Some(0), ""), "accepted");
        assert_eq!(judge(Probe::Write, 404, None, ""), "accepted");
        assert_eq!(judge(Probe::Write, 404, Some(1003), ""), "nothing to try");
        assert_eq!(judge(Probe::Write, 412, None, ""), "accepted");
        assert_eq!(judge(Probe::Write, 200, None, ""), "no evidence");
    }
}

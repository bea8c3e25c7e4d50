//! Writes: each is sent once, one after the other, at least a second apart.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::Value;

use super::super::refusal::{self, Refusal};
use super::limits::Counter;
use super::send::{Ask, Failed};
use super::{About, Client, Reply};
use crate::model::Blindness;
use crate::ports::{Fault, Permit};

/// Between two writes, says the documentation.
const BETWEEN_WRITES: SignedDuration = SignedDuration::from_secs(1);

/// How a write ended.
pub enum Sent {
    Done(Reply),
    Refused(Fault, Refusal),
    Unsent(Fault),
    Unknown(Fault),
}

/// One write.
pub struct Write<'a> {
    pub method: Method,
    pub path: &'a str,
    pub body: Option<&'a Value>,
    /// Checked when everything else is at hand, just before the bytes leave.
    pub permit: Option<&'a Permit>,
}

impl<'a> Write<'a> {
    pub fn post(path: &'a str, body: &'a Value) -> Write<'a> {
        Write { method: Method::POST, path, body: Some(body), permit: None }
    }
}

impl Client {
    /// Sends one mutation, once.
    pub async fn mutate(&self, about: About<'_>, body: &Value) -> Sent {
        let target = self.graphql();
        self.write_counted(about, Write::post(&target, body), Counter::GraphQl).await
    }

    /// Sends one write, once, and no sooner than a second after the one before.
    pub async fn write(&self, about: About<'_>, write: Write<'_>) -> Sent {
        self.write_counted(about, write, Counter::Rest).await
    }

    async fn write_counted(&self, about: About<'_>, write: Write<'_>, counter: Counter) -> Sent {
        let Write { method, path, body, permit } = write;
        let mut wrote = self.wrote.lock().await;
        if let Some(due) = wrote.and_then(|last| last.checked_add(BETWEEN_WRITES).ok())
            && due > self.clock.now()
        {
            self.clock.sleep_until(due).await;
        }
        let ask = Ask { method, target: path, body, counter, tag: None, permit, found: false };
        let sent = self.send(about, ask).await;
        *wrote = Some(self.clock.now());
        match sent {
            Err(Failed::Before(fault)) => Sent::Unsent(fault),
            Err(Failed::After(fault)) => Sent::Unknown(fault),
            Ok(reply) => match refusal::signed_out(reply.status, &reply.headers, about) {
                Some(fault) => Sent::Refused(fault, Refusal::of(&reply)),
                None if reply.status.is_success() && reply.limited.is_none() => Sent::Done(reply),
                None => {
                    let refusal = Refusal::of(&reply);
                    let fault = self.placed(refusal.fault(about.what, about.subject), reply.status).await;
                    match reply.status {
                        status if status.is_server_error() => Sent::Unknown(fault),
                        // A token that was good has ended; nothing was done, and the next one may be good.
                        StatusCode::UNAUTHORIZED if fault.kind == Blindness::Forbidden => Sent::Unsent(fault),
                        _ => Sent::Refused(fault, refusal),
                    }
                }
            },
        }
    }
}

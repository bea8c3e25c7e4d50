//! How a rotation stands, on its pull request: one comment, one status on its head, one label while it is under way.
//!
//! The comment is known by a mark that people do not see. What was told is remembered; a process that has just begun
//! looks for it, so that there is never a second one.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::GitHub;
use super::client::{About, Sent, Write, segment};
use super::pull::Pull;
use crate::model::{Blindness, PullNumber};
use crate::ports::{Bulletin, BulletinState, Effect, Fault, Showing};

/// The context of the commit status.
const CONTEXT: &str = "keyslot/rotation";

pub(super) const LABEL: &str = "key rotation in progress";

#[derive(Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    state: String,
    #[serde(default)]
    description: Option<String>,
}

/// What a pull request was told by this process.
#[derive(Clone, Default)]
pub(super) struct Told {
    comment: Option<Kept>,
    /// The head, and what its status says.
    status: Option<(String, &'static str, String)>,
    /// Whether we have put the label there: whoever takes it away means it.
    pub(super) labelled: bool,
    /// What was told whole: said again, it costs nothing.
    whole: Option<Bulletin>,
}

/// A comment and what it says.
#[derive(Clone)]
struct Kept {
    id: u64,
    body: String,
}

/// A write that did not come through.
type Failed = Effect<()>;

/// What GitHub does not take keeps nothing else from being told; where it takes nothing at all, nothing more is asked.
fn goes_on_without(told: Result<(), Failed>) -> Result<Result<(), Failed>, Failed> {
    match told {
        Err(Effect::Refused(fault)) if fault.kind != Blindness::Throttled => Ok(Err(Effect::Refused(fault))),
        Err(failed) => Err(failed),
        Ok(()) => Ok(Ok(())),
    }
}

/// What stands before a comment and is not seen: whose it is.
fn body(bulletin: &Bulletin) -> String {
    format!("{}\n{}", mark(bulletin), bulletin.text)
}

fn mark(bulletin: &Bulletin) -> String {
    format!("<!-- keyslot:{} -->", bulletin.rotation)
}

fn state(bulletin: &Bulletin) -> &'static str {
    match bulletin.state {
        BulletinState::UnderWay => "pending",
        BulletinState::Done => "success",
        BulletinState::GivenUp => "error",
    }
}

impl GitHub {
    pub(super) async fn shown(&self, number: PullNumber, bulletin: &Bulletin) -> Result<Showing, Fault> {
        let (what, subject) = (format!("see what pull request {number} was told"), self.subject());
        let about = About { what: &what, subject: &subject };
        let mut told = self.seen.told(number.0);
        if told.whole.as_ref() == Some(bulletin) {
            return Ok(Showing::All);
        }
        let shown = self.sees_all(about, number, bulletin, &mut told).await;
        if let Ok(Showing::All) = shown {
            told.whole = Some(bulletin.clone());
        }
        self.seen.note_told(number.0, told);
        shown
    }

    async fn sees_all(
        &self,
        about: About<'_>,
        number: PullNumber,
        bulletin: &Bulletin,
        told: &mut Told,
    ) -> Result<Showing, Fault> {
        if told.comment.is_none() {
            told.comment = self.find_comment(about, number, &mark(bulletin)).await?;
        }
        if told.comment.as_ref().is_none_or(|known| known.body != body(bulletin)) {
            return Ok(Showing::Less);
        }
        let under_way = bulletin.state == BulletinState::UnderWay;
        if !under_way {
            // Whether our label is there must not be an older look's word.
            self.seen.forget(number.0);
        }
        let pull = self.look(about, number).await?;
        if pull.labels().iter().any(|label| label == LABEL) != under_way {
            return Ok(Showing::Comment);
        }
        // Whoever takes it away from now on means it.
        told.labelled |= under_way;
        let whole = self.has_status(about, &pull.head.sha, bulletin).await?;
        Ok(if whole { Showing::All } else { Showing::Comment })
    }

    /// Whether the commit has this very status.
    async fn has_status(&self, about: About<'_>, head: &str, bulletin: &Bulletin) -> Result<bool, Fault> {
        let path = self.path(&format!("commits/{head}/status"));
        let all: Vec<Status> = self.client.pages(about.what, about.subject, &path, "statuses").await?;
        let same = |one: &Status| {
            let said = one.description.as_deref().unwrap_or_default();
            one.context == CONTEXT && one.state == state(bulletin) && said == bulletin.line
        };
        Ok(all.iter().any(same))
    }

    pub(super) async fn published(&self, number: PullNumber, bulletin: &Bulletin) -> Effect<()> {
        let (what, subject) = (format!("tell pull request {number} how the rotation stands"), self.subject());
        let about = About { what: &what, subject: &subject };
        let mut told = self.seen.told(number.0);
        if told.whole.as_ref() == Some(bulletin) {
            return Effect::Applied(());
        }
        let done = self.tell_all(about, number, bulletin, &mut told).await;
        told.whole = done.is_ok().then(|| bulletin.clone());
        self.seen.note_told(number.0, told);
        match done {
            Ok(()) => Effect::Applied(()),
            Err(failed) => failed,
        }
    }

    async fn tell_all(
        &self,
        about: About<'_>,
        number: PullNumber,
        bulletin: &Bulletin,
        told: &mut Told,
    ) -> Result<(), Failed> {
        if bulletin.state != BulletinState::UnderWay {
            // Whether our label is there must not be an older look's word.
            self.seen.forget(number.0);
        }
        let pull = self.look(about, number).await.map_err(Effect::NotSent)?;
        // On one that is new there is nothing to look for: neither comment nor status.
        let new = self.seen.take_new(number.0, self.client.now());
        let comment = self.tell_comment(about, (number, new), bulletin, told).await;
        let comment = goes_on_without(comment)?;
        let status = self.tell_status(about, (&pull.head.sha, new), bulletin, told).await;
        let status = goes_on_without(status)?;
        comment.and(status).and(self.tell_label(about, &pull, bulletin, told).await)
    }

    async fn tell_comment(
        &self,
        about: About<'_>,
        (number, new): (PullNumber, bool),
        bulletin: &Bulletin,
        told: &mut Told,
    ) -> Result<(), Failed> {
        let body = body(bulletin);
        let path = self.path(&format!("issues/{}/comments", number.0));
        let known = match told.comment.clone() {
            Some(known) => Some(known),
            None if new => None,
            None => self.find_comment(about, number, &mark(bulletin)).await.map_err(Effect::NotSent)?,
        };
        let asked = json!({ "body": body });
        let changed = match known {
            Some(known) if known.body == body => {
                told.comment = Some(known);
                return Ok(());
            }
            Some(known) => {
                let own = self.path(&format!("issues/comments/{}", known.id));
                let write = Write { method: Method::PATCH, path: &own, body: Some(&asked), permit: None };
                told.comment = None;
                self.said(about, write).await?
            }
            None => None,
        };
        // There is none, or somebody has deleted it.
        let reply = match changed {
            None => self.said(about, Write::post(&path, &asked)).await?,
            changed => changed,
        };
        told.comment = reply.and_then(|reply| serde_json::from_value::<Comment>(reply).ok()).map(|comment| {
            // GitHub may tidy up what it was given; what counts is what it was given.
            Kept { id: comment.id, body }
        });
        Ok(())
    }

    async fn find_comment(
        &self,
        about: About<'_>,
        number: PullNumber,
        mark: &str,
    ) -> Result<Option<Kept>, Fault> {
        let path = self.path(&format!("issues/{}/comments", number.0));
        let all: Vec<Comment> = self.client.pages(about.what, about.subject, &path, "").await?;
        let ours = all.into_iter().find(|comment| comment.body.starts_with(mark));
        Ok(ours.map(|comment| Kept { id: comment.id, body: comment.body.replace("\r\n", "\n") }))
    }

    async fn tell_status(
        &self,
        about: About<'_>,
        (head, new): (&str, bool),
        bulletin: &Bulletin,
        told: &mut Told,
    ) -> Result<(), Failed> {
        let state = state(bulletin);
        let wanted = (head.to_owned(), state, bulletin.line.clone());
        if told.status.as_ref() == Some(&wanted) {
            return Ok(());
        }
        if told.status.is_none()
            && !new
            && self.has_status(about, head, bulletin).await.map_err(Effect::NotSent)?
        {
            told.status = Some(wanted);
            return Ok(());
        }
        let body = json!({ "state": state, "context": CONTEXT, "description": bulletin.line });
        self.said(about, Write::post(&self.path(&format!("statuses/{head}")), &body)).await?;
        told.status = Some(wanted);
        Ok(())
    }

    async fn tell_label(
        &self,
        about: About<'_>,
        pull: &Pull,
        bulletin: &Bulletin,
        told: &mut Told,
    ) -> Result<(), Failed> {
        let has = pull.labels().iter().any(|label| label == LABEL);
        let path = self.path(&format!("issues/{}/labels", pull.number));
        match (bulletin.state == BulletinState::UnderWay, has) {
            (true, false) if !told.labelled => {
                self.said(about, Write::post(&path, &json!({ "labels": [LABEL] }))).await?;
                told.labelled = true;
            }
            (false, true) => {
                let path = format!("{path}/{}", segment(LABEL));
                let write = Write { method: Method::DELETE, path: &path, body: None, permit: None };
                self.said(about, write).await?;
            }
            (true, true) => told.labelled = true,
            (true, false) | (false, false) => {}
        }
        Ok(())
    }

    /// What GitHub answers; nothing where what was to be changed or to go is gone.
    async fn said(&self, about: About<'_>, write: Write<'_>) -> Result<Option<Value>, Failed> {
        let changes = write.method != Method::POST;
        match self.client.write(about, write).await {
            Sent::Done(reply) => Ok(Some(reply.json().unwrap_or_default())),
            Sent::Refused(_, refusal) if changes && refusal.status() == StatusCode::NOT_FOUND => Ok(None),
            Sent::Refused(fault, _) => Err(Effect::Refused(fault)),
            Sent::Unsent(fault) => Err(Effect::NotSent(fault)),
            Sent::Unknown(fault) => Err(Effect::Unknown(fault)),
        }
    }
}

//! Who has used the old key, or read the secret, and who is given it elsewhere.

use super::{delivered, requests, some};
use crate::model::{StampName, Validity};
use crate::render::span;
use crate::rotation::{Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::UsedRecently { slot, at, until } => format!(
            "by the account's own note the {slot} key was used at {}; it counts as quiet at {}",
            span::time(*at),
            span::time(*until)
        ),
        Why::NotesBehind { slot, at, reached, wanted, .. } => format!(
            "whether the {slot} key is unused is not known yet: by the account's own note it was used at {}, and the notes of its \
             other keys have come {}, where {} is asked",
            span::time(*at),
            reached.map_or("to nothing".to_owned(), |reached| format!("to {}", span::time(reached))),
            span::time(*wanted)
        ),
        Why::SeenInLogs { slot, at, until, by, stamp, count } => format!(
            "the logs show {} with the {slot} key, the last at {} by {by}{}; it counts as quiet at {}",
            requests(*count),
            span::time(*at),
            of_stamp(stamp.as_ref()),
            span::time(*until)
        ),
        Why::UsedByStranger { slot, at, until: _, by, count, both: true, void } => format!(
            "{by} belongs to no known stamp and uses both keys: the {slot} one the last time at {} ({}), long after it began \
             to use the other one, so it may be two programs of which one has not moved{}",
            span::rfc3339(*at),
            requests(*count),
            sign_off(*void)
        ),
        Why::UsedByStranger { slot, at, until: _, by, count, both: false, void } => format!(
            "{by} belongs to no known stamp, used the {slot} key, the last time at {} ({}), and was not seen with \
             another one since{}",
            span::rfc3339(*at),
            requests(*count),
            sign_off(*void)
        ),
        Why::SecretRead { vault, at, until: _, by, from, count, void } => format!(
            "{by} belongs to no known stamp, read the secret, the last time at {} from the vault of {vault} by {from} \
             ({count} in all), and not since that vault has its present version{}",
            span::rfc3339(*at),
            sign_off(*void)
        ),
        Why::DeliveredElsewhere { slot, taker, arguments, files } => {
            format!("the code ({}) {}", some(files), delivered::words(subject, *slot, *taker, arguments))
        }
        Why::KeyNotNamed { at, until, by, stamp, count } => format!(
            "the logs show {} of which they do not say with which key, the last at {} by {by}{}; it counts as quiet \
             at {}",
            requests(*count),
            span::time(*at),
            of_stamp(stamp.as_ref()),
            span::time(*until)
        ),
        in_other_rooms!(usage) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::NotesBehind { lasting: true, .. } => {
            "no use of another key was noted since: see whether anybody uses the account with the new key, and who uses the old \
             one (its logs name keys); then accept the key by name"
        }
        // The stamp's own pods: they end, and the window with them.
        Why::SeenInLogs { stamp: Some(_), .. } => "",
        Why::SeenInLogs { stamp: None, .. } => {
            "find who it is (`keyslot census`) and move it, or accept it by name"
        }
        Why::UsedByStranger { .. } => {
            "find who it is (`keyslot census`) and move it, sign it off as gone ([[environment.NAME.reader]]), or \
             accept it by name"
        }
        Why::SecretRead { .. } => {
            "let it read the secret again, sign it off as gone ([[environment.NAME.reader]]), or accept it by name"
        }
        Why::DeliveredElsewhere { taker, .. } => delivered::remedy(*taker),
        Why::KeyNotNamed { .. } => {
            "find who it is (`keyslot census`), and accept it by name if it holds another key"
        }
        Why::UsedRecently { .. } | Why::NotesBehind { lasting: false, .. } => "",
        in_other_rooms!(usage) => "",
    };
    text.to_owned()
}

/// Why the sign-off of a reader does not count.
fn sign_off(void: Option<Validity>) -> &'static str {
    match void {
        Some(Validity::Expired) => "; its sign-off has expired",
        Some(Validity::SeenSince) => "; its sign-off is void, since it was seen later",
        Some(Validity::Good) | None => "",
    }
}

/// Whose pods come from an address of the logs.
fn of_stamp(stamp: Option<&StampName>) -> String {
    stamp.map(|stamp| format!(", from where the pods of {stamp} come")).unwrap_or_default()
}

//! Answers that were seen before, by address: a read that GitHub answers with “not modified” costs nothing of the limit.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::header::{ETAG, HeaderValue};

use super::Reply;

/// Enough for a pull request with everything around it, many times over.
const MOST: usize = 256;

/// Longer ones are read anew: what keyslot asks for again and again is small.
const LONGEST: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Kept(Mutex<Book>);

#[derive(Default)]
struct Book {
    answers: BTreeMap<String, Entry>,
    uses: u64,
}

struct Entry {
    tag: HeaderValue,
    reply: Reply,
    used: u64,
}

impl Kept {
    /// What to ask with: the tag of the answer that is kept for this address.
    pub(super) fn tag(&self, target: &str) -> Option<HeaderValue> {
        self.book(|book| book.answers.get(target).map(|entry| entry.tag.clone()))
    }

    /// The kept answer, after GitHub said that it is still so.
    pub(super) fn again(&self, target: &str) -> Option<Reply> {
        self.book(|book| {
            book.uses += 1;
            let now = book.uses;
            let entry = book.answers.get_mut(target)?;
            entry.used = now;
            Some(entry.reply.clone())
        })
    }

    pub(super) fn keep(&self, target: &str, reply: &Reply) {
        let Some(tag) = reply.headers.get(ETAG).cloned().filter(|_| reply.body.len() <= LONGEST) else {
            return;
        };
        self.book(|book| {
            book.uses += 1;
            let used = book.uses;
            book.answers.insert(target.to_owned(), Entry { tag, reply: reply.clone(), used });
            let oldest = book.answers.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            if let (true, Some(oldest)) = (book.answers.len() > MOST, oldest) {
                book.answers.remove(&oldest);
            }
        });
    }

    pub(super) fn forget(&self, target: &str) {
        self.book(|book| book.answers.remove(target));
    }

    fn book<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn reply(tag: &str) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, tag.parse().unwrap());
        Reply { status: StatusCode::OK, headers, body: tag.to_owned(), limited: None }
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let kept = Kept::default();
        for number in 0..MOST {
            kept.keep(&number.to_string(), &reply("a"));
        }
        assert!(kept.again("0").is_some(), "in use");
        kept.keep("one more", &reply("b"));
        assert!(kept.tag("0").is_some() && kept.tag("1").is_none());
        assert_eq!(kept.again("one more").unwrap().body, "b");
    }
}

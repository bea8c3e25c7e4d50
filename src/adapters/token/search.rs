//! Places where people keep a token, looked into one after the other.
//!
//! Owns the order's walk, the memory of what was found, and the one error that says what every place said. It knows
//! no place by itself. What a place says is repeated in errors, so a place never says anything of a token's value.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::TokenSource;
use crate::adapters::taken::Taken;
use crate::model::Blindness;
use crate::ports::Fault;

/// How long a found token is used before its place is asked again: helpers hand out tokens that end within hours, and
/// starting a program for every request would cost more than the request.
const KEPT: Duration = Duration::from_secs(300);

/// How long nothing is looked for again where no place had one: a helper that hangs would hold up every request.
const NOT_ASKED: Duration = Duration::from_secs(30);

/// One place.
#[async_trait]
pub trait Place: Send + Sync {
    /// How errors call it.
    fn name(&self) -> String;

    /// # Errors
    /// What it said instead, in words that are safe to show.
    async fn look(&self) -> Result<SecretString, String>;

    /// What it had last was not taken.
    async fn forget(&self) {}
}

/// A place whose answer is known already: an environment variable.
pub struct Told {
    name: String,
    told: Result<SecretString, String>,
}

impl Told {
    /// A variable and its value, if it is set.
    pub fn variable(name: &str, value: Option<String>) -> Told {
        let told = match value.as_deref().map(str::trim) {
            None => Err("not set".to_owned()),
            Some("") => Err("empty".to_owned()),
            Some(token) => Ok(SecretString::from(token)),
        };
        Told { name: format!("the environment variable {name}"), told }
    }

    /// A variable that may be set, and is not for this host.
    pub fn passed_over(name: &str, why: String) -> Told {
        Told { name: format!("the environment variable {name}"), told: Err(why) }
    }
}

#[async_trait]
impl Place for Told {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn look(&self) -> Result<SecretString, String> {
        self.told.clone()
    }
}

/// Looks into places in their order; the first that has a token wins.
pub struct Search {
    /// For whom, as “github.com”.
    subject: String,
    places: Vec<Box<dyn Place>>,
    remedy: String,
    found: Mutex<Option<(Result<SecretString, Fault>, Instant)>>,
    /// The place that had it.
    at: std::sync::Mutex<Option<String>>,
    /// Where none ever had one, none will come by waiting.
    had: Taken,
}

impl Search {
    pub fn new(subject: impl Into<String>, places: Vec<Box<dyn Place>>, remedy: impl Into<String>) -> Search {
        Search {
            subject: subject.into(),
            places,
            remedy: remedy.into(),
            found: Mutex::default(),
            at: Default::default(),
            had: Taken::default(),
        }
    }

    async fn walk(&self) -> Result<SecretString, Fault> {
        let mut said = Vec::new();
        for place in &self.places {
            match place.look().await {
                Ok(token) => {
                    tracing::debug!(subject = self.subject, place = place.name(), "found a token");
                    *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(place.name());
                    self.had.note();
                    return Ok(token);
                }
                Err(why) => said.push(format!("{}: {why}", place.name())),
            }
        }
        let why = format!("no place has one: {}", said.join("; "));
        let fault = Fault::new(Blindness::Forbidden, "find a token", &self.subject, why).remedy(&self.remedy);
        Err(self.had.judge(fault))
    }
}

#[async_trait]
impl TokenSource for Search {
    async fn token(&self) -> Result<SecretString, Fault> {
        let mut found = self.found.lock().await;
        let counts = |told: &Result<_, _>| if told.is_ok() { KEPT } else { NOT_ASKED };
        if let Some((told, _)) = found.as_ref().filter(|(told, at)| at.elapsed() < counts(told)) {
            return told.clone();
        }
        let told = self.walk().await;
        *found = Some((told.clone(), Instant::now()));
        told
    }

    async fn forget(&self) {
        // What was found nowhere was not refused.
        let mut found = self.found.lock().await;
        if found.take_if(|(told, _)| told.is_ok()).is_some() {
            futures::future::join_all(self.places.iter().map(|place| place.forget())).await;
        }
    }

    fn place(&self) -> String {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.clone().unwrap_or_else(|| format!("the places looked into for {}", self.subject))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use secrecy::ExposeSecret as _;

    use super::*;

    /// Counts how often it is asked, and says so or what it was given.
    struct Counting(Arc<AtomicUsize>, Option<&'static str>);

    #[async_trait]
    impl Place for Counting {
        fn name(&self) -> String {
            "a helper".to_owned()
        }

        async fn look(&self) -> Result<SecretString, String> {
            let asked = self.0.fetch_add(1, Ordering::Relaxed);
            self.1.map_or_else(|| Ok(format!("from-helper-{asked}").into()), |why| Err(why.to_owned()))
        }
    }

    fn places(first: Option<&str>, asked: &Arc<AtomicUsize>) -> Vec<Box<dyn Place>> {
        vec![
            Box::new(Told::variable("FIRST", first.map(str::to_owned))),
            Box::new(Counting(Arc::clone(asked), None)),
        ]
    }

    #[tokio::test]
    async fn the_first_place_that_has_a_token_wins_and_the_others_are_not_asked() {
        let asked = Arc::new(AtomicUsize::new(0));
        let search = Search::new("host", places(Some(" from-variable\n"), &asked), "");
        assert_eq!(search.token().await.unwrap().expose_secret(), "from-variable");
        assert_eq!(search.place(), "the environment variable FIRST");
        assert_eq!(asked.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_place_is_not_asked_again_for_every_request() {
        let asked = Arc::new(AtomicUsize::new(0));
        let search = Search::new("host", places(None, &asked), "");
        for _ in 0..3 {
            assert_eq!(search.token().await.unwrap().expose_secret(), "from-helper-0");
        }
    }

    #[tokio::test]
    async fn a_token_that_was_refused_is_looked_for_again() {
        let asked = Arc::new(AtomicUsize::new(0));
        let search = Search::new("host", places(None, &asked), "");
        assert_eq!(search.token().await.unwrap().expose_secret(), "from-helper-0");
        search.forget().await;
        assert_eq!(search.token().await.unwrap().expose_secret(), "from-helper-1");
    }

    #[tokio::test]
    async fn a_place_that_has_none_is_not_asked_again_for_every_request() {
        let asked = Arc::new(AtomicUsize::new(0));
        let silent = Counting(Arc::clone(&asked), Some("it gave no answer within 10 s"));
        let search = Search::new("host", vec![Box::new(silent)], "");
        for _ in 0..3 {
            let fault = search.token().await.unwrap_err();
            assert_eq!(fault.kind, Blindness::Misconfigured, "none ever had one: {fault}");
            search.forget().await;
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn where_no_place_has_one_every_place_is_named_with_what_it_said_and_what_to_do() {
        let places: Vec<Box<dyn Place>> = vec![
            Box::new(Told::variable("FIRST", None)),
            Box::new(Told::variable("SECOND", Some("  ".to_owned()))),
            Box::new(Told::passed_over("THIRD", "it is for github.com".to_owned())),
        ];
        let fault = Search::new("host", places, "sign in").token().await.unwrap_err();
        assert_eq!(
            fault.to_string(),
            "cannot find a token (host): no place has one: the environment variable FIRST: not set; the environment \
             variable SECOND: empty; the environment variable THIRD: it is for github.com; sign in"
        );
    }
}

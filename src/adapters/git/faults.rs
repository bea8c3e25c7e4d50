//! What the `git` program says on failure, as a fault with its remedy.
//!
//! git has one exit code for nearly everything, so its English messages (the locale is fixed) decide. What is not
//! recognised is passed on in git's own words. Addresses lose their user part first: it may hold a password.

use crate::adapters::git::program::{NotRun, OLDEST};
use crate::model::Blindness;
use crate::ports::Fault;

/// What a failure was about, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    NoCredentials,
    NoPermission,
    NoRepository,
    NoConnection,
    Certificate,
    HostKey,
    Ownership,
    Locked,
    ObjectFormat,
    DiskFull,
    Other,
}

/// Words of git, curl and ssh, most telling first.
const WORDS: [(&str, Cause); 34] = [
    ("terminal prompts disabled", Cause::NoCredentials),
    ("could not read Username", Cause::NoCredentials),
    ("could not read Password", Cause::NoCredentials),
    ("unable to get password from user", Cause::NoCredentials),
    ("unable to get username from user", Cause::NoCredentials),
    ("Authentication failed", Cause::NoCredentials),
    ("HTTP Basic: Access denied", Cause::NoCredentials),
    ("Permission denied (", Cause::NoCredentials),
    ("The requested URL returned error: 401", Cause::NoCredentials),
    ("The requested URL returned error: 403", Cause::NoPermission),
    ("Permission to ", Cause::NoPermission),
    ("Write access to repository not granted", Cause::NoPermission),
    ("Host key verification failed", Cause::HostKey),
    ("dubious ownership", Cause::Ownership),
    ("SSL certificate problem", Cause::Certificate),
    ("server certificate verification failed", Cause::Certificate),
    ("server verification failed", Cause::Certificate),
    ("Could not resolve host", Cause::NoConnection),
    ("Could not resolve hostname", Cause::NoConnection),
    ("Failed to connect", Cause::NoConnection),
    ("Couldn't connect to server", Cause::NoConnection),
    ("Connection refused", Cause::NoConnection),
    ("Connection timed out", Cause::NoConnection),
    ("Network is unreachable", Cause::NoConnection),
    ("Connection reset", Cause::NoConnection),
    ("The requested URL returned error: 5", Cause::NoConnection),
    ("mismatched algorithms", Cause::ObjectFormat),
    (".lock': File exists", Cause::Locked),
    ("cannot lock ref", Cause::Locked),
    ("No space left on device", Cause::DiskFull),
    ("Repository not found", Cause::NoRepository),
    ("does not appear to be a git repository", Cause::NoRepository),
    ("does not exist", Cause::NoRepository),
    ("' not found", Cause::NoRepository),
];

pub(super) fn cause(stderr: &str) -> Cause {
    WORDS.iter().find(|(words, _)| stderr.contains(words)).map_or(Cause::Other, |(_, cause)| *cause)
}

/// A failed run as a fault. `token` is the place of the token that went along, if one did.
pub(super) fn failed(what: &str, subject: &str, stderr: &str, token: Option<&str>) -> Fault {
    let cause = cause(stderr);
    if let Some(remedy) = token.and_then(|place| of_token(cause, place)) {
        // Whatever it is of the two, waiting does not mend it.
        return Fault::new(Blindness::Forbidden, what, subject, in_short(stderr)).remedy(remedy);
    }
    let (kind, remedy) = match cause {
        Cause::NoCredentials => (
            Blindness::Forbidden,
            "make `git ls-remote` of that address work without questions (credential helper, SSH agent), or configure a token",
        ),
        Cause::NoPermission => {
            (Blindness::Forbidden, "the credentials were taken, but may not do this: ask for the right")
        }
        Cause::HostKey => {
            (Blindness::Forbidden, "connect once with ssh and accept the host's key, after comparing it")
        }
        Cause::Ownership => (
            Blindness::Forbidden,
            "the remote folder belongs to another user: add it to git's safe.directory",
        ),
        Cause::NoRepository => (
            Blindness::Missing,
            "check the remote's address; many servers also say so where you may not look",
        ),
        Cause::Certificate => (
            Blindness::Unreachable,
            "name your company's CA in git's http.sslCAInfo, or in `trust_root` under [endpoints] in keyslot.toml",
        ),
        Cause::NoConnection => {
            (Blindness::Unreachable, "check the network, and the proxy in git's http.proxy")
        }
        Cause::Locked => {
            (Blindness::Unreachable, "another git works there; if none does, remove the lock file it names")
        }
        Cause::DiskFull => (Blindness::Unreachable, "make room on the disk"),
        Cause::ObjectFormat => {
            (Blindness::Unintelligible, "repositories with sha256 object ids are not supported")
        }
        Cause::Other => (Blindness::Unreachable, "the words are git's own"),
    };
    Fault::new(kind, what, subject, in_short(stderr)).remedy(remedy)
}

/// What to do where a token was sent, and that is what it failed by.
fn of_token(cause: Cause, place: &str) -> Option<String> {
    let another = "or name another place with `token` under [environment.NAME.terraform] in keyslot.toml";
    match cause {
        Cause::NoCredentials => Some(format!(
            "the token from {place} was not taken: it may have expired, be revoked, or be of another server; renew it \
             there, {another}"
        )),
        Cause::NoPermission => Some(format!(
            "the token from {place} was taken, but may not do this: give it the right to write the repository's \
             contents, {another}"
        )),
        Cause::NoRepository => Some(format!(
            "check the remote's address; the same is said where the token from {place} may not see the repository: \
             give it that right, {another}"
        )),
        Cause::NoConnection
        | Cause::Certificate
        | Cause::HostKey
        | Cause::Ownership
        | Cause::Locked
        | Cause::ObjectFormat
        | Cause::DiskFull
        | Cause::Other => None,
    }
}

/// A run that did not come to an end as a fault.
pub(super) fn not_run(what: &str, subject: &str, program: &std::path::Path, reason: &NotRun) -> Fault {
    let program = program.display();
    let fault = |kind, why: String| Fault::new(kind, what, subject, why);
    match reason {
        NotRun::Missing => fault(Blindness::Missing, format!("there is no program “{program}”"))
            .remedy(format!("install git {}.{} or newer", OLDEST.0, OLDEST.1)),
        NotRun::Old(version) => fault(Blindness::Unintelligible, format!("{program} says “{version}”"))
            .remedy(format!("install git {}.{} or newer", OLDEST.0, OLDEST.1)),
        NotRun::Start(error) => {
            fault(Blindness::Unreachable, format!("{program} could not be started: {error}"))
        }
        NotRun::Timeout(after) => fault(
            Blindness::Unreachable,
            format!("{program} did not end within {} s", after.as_secs()),
        )
        .remedy(
            "check the network; where it was a fetch, keep the folder `cache` of keyslot.toml between runs",
        ),
        NotRun::Lost(error) => {
            fault(Blindness::Unreachable, format!("{program}'s answer could not be read: {error}"))
        }
    }
}

/// The last lines that say something, without hints and secrets.
pub(super) fn in_short(stderr: &str) -> String {
    const LINES: usize = 4;
    const CHARACTERS: usize = 600;
    let told: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("hint:") && !line.starts_with("To "))
        .collect();
    let last = told.get(told.len().saturating_sub(LINES)..).unwrap_or_default().join(" / ");
    let text = without_user(&last);
    match text.is_empty() {
        true => "git failed without a word".to_owned(),
        false => text.chars().take(CHARACTERS).collect(),
    }
}

/// The text with the user part of every address taken out.
pub(super) fn without_user(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '\'' | '"' | '?' | '#'))
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        clean.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_user_and_nothing_else() {
        let cases = [
            (
                "fatal: unable to access 'https://x:p%40ss@host/a.git/': no",
                "fatal: unable to access 'https://host/a.git/': no",
            ),
            ("https://host/a@b", "https://host/a@b"),
            ("git@host:a/b.git", "git@host:a/b.git"),
            ("ssh://git@host/a and https://t@h", "ssh://host/a and https://h"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_user(text), expected);
        }
    }

    #[test]
    fn the_usual_failures_are_told_apart() {
        let cases = [
            (
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
                Cause::NoCredentials,
            ),
            // git 2.47 and newer, where nobody may be asked.
            ("fatal: unable to get password from user", Cause::NoCredentials),
            (
                "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                Cause::NoCredentials,
            ),
            (
                "remote: Permission to a/b.git denied to c.\nfatal: unable to access 'https://github.com/a/b/': The requested URL returned error: 403",
                Cause::NoPermission,
            ),
            (
                "fatal: unable to access 'https://nohost.invalid/': Could not resolve host: nohost.invalid",
                Cause::NoConnection,
            ),
            ("fatal: '/nowhere' does not appear to be a git repository", Cause::NoRepository),
            (
                "remote: Repository not found.\nfatal: repository 'https://github.com/a/b/' not found",
                Cause::NoRepository,
            ),
            ("something new", Cause::Other),
        ];
        for (stderr, expected) in cases {
            assert_eq!(cause(stderr), expected, "{stderr}");
        }
    }
}

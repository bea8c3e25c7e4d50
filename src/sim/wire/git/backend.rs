//! `git http-backend` for one request: the CGI program that git brings to serve a repository over HTTP.
//!
//! Owns the run, what it is told and the reading of what it answers; and the hook that holds a push. Who may ask for
//! what, and which branches are held, is decided before, by the face that calls.

use std::io;
use std::path::Path;
use std::process::Stdio;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode, request};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::model::BranchName;

/// Names the branches that are held, to the hook.
const HELD: &str = "KEYSLOT_WORLD_HOLDS";

/// Git runs it once a branch, before the branch moves. Pushes by path come without the variable, and pass; what fixes are
/// proposed from may be deleted, and no other branch.
const HOOK: &str = r#"#!/bin/sh
case " $KEYSLOT_WORLD_HOLDS " in
*" $1 "*)
    echo "error: GH013: Repository rule violations found for $1." >&2
    echo "- Changes must be made through a pull request." >&2
    exit 1
    ;;
esac
case "$1 $3" in
refs/heads/fix/*) ;;
*" 0000000000000000000000000000000000000000")
    echo "error: GH006: Protected branch update failed for $1." >&2
    echo "error: Cannot delete this protected branch" >&2
    exit 1
    ;;
esac
"#;

/// For whom a request is served, and what they cannot move.
pub(in crate::sim::wire) struct Errand<'a> {
    pub repository: &'a Path,
    /// What stands behind the repository in the path.
    pub rest: &'a str,
    pub login: &'a str,
    pub held: &'a [BranchName],
}

/// Whether the git that is installed brings the program.
pub fn is_there() -> bool {
    let found = std::process::Command::new("git").arg("--exec-path").output();
    let folder = found.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let name = format!("git-http-backend{}", std::env::consts::EXE_SUFFIX);
    folder.is_ok_and(|folder| Path::new(&folder).join(name).is_file())
}

/// What git answers.
pub(in crate::sim::wire) async fn serve(
    errand: &Errand<'_>,
    asked: &request::Parts,
    body: Bytes,
) -> Response {
    match run(errand, asked, &body).await.map(|printed| parse(&printed)) {
        Ok(Some(response)) => response,
        Ok(None) => (StatusCode::NOT_IMPLEMENTED, "this git has no http-backend").into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("git http-backend: {error}")).into_response()
        }
    }
}

async fn run(errand: &Errand<'_>, asked: &request::Parts, body: &[u8]) -> io::Result<Vec<u8>> {
    let header = |name: HeaderName| asked.headers.get(name).and_then(|value| value.to_str().ok());
    let held: Vec<String> = errand.held.iter().map(|branch| format!("refs/heads/{branch}")).collect();
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_HTTP_EXPORT_ALL", "1"),
        ])
        .env("PATH_TRANSLATED", format!("{}/{}", errand.repository.display(), errand.rest))
        .env("REQUEST_METHOD", asked.method.as_str())
        .env("QUERY_STRING", asked.uri.query().unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("CONTENT_TYPE", header(CONTENT_TYPE).unwrap_or_default())
        .envs(header(CONTENT_ENCODING).map(|encoding| ("HTTP_CONTENT_ENCODING", encoding)))
        .envs(header(HeaderName::from_static("git-protocol")).map(|version| ("GIT_PROTOCOL", version)))
        .env("REMOTE_USER", errand.login)
        .env(HELD, held.join(" "))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    let write = async {
        let Some(mut input) = input else { return Ok(()) };
        input.write_all(body).await
    };
    // A git that has heard enough stops reading; what it answers counts.
    let (_, output) = tokio::join!(write, child.wait_with_output());
    Ok(output?.stdout)
}

/// Headers, an empty line, the body; the status is a header where it is not 200.
fn parse(printed: &[u8]) -> Option<Response> {
    let end = printed.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (printed.get(..end)?, printed.get(end + 4..)?);
    let mut response = Response::new(Body::from(body.to_vec()));
    for line in String::from_utf8_lossy(head).lines() {
        let (name, value) = line.split_once(": ")?;
        if name.eq_ignore_ascii_case("status") {
            *response.status_mut() = value.split(' ').next()?.parse().ok()?;
        } else {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            response.headers_mut().insert(name, HeaderValue::from_str(value).ok()?);
        }
    }
    Some(response)
}

/// Puts the hook where git looks for it.
pub(super) fn hang_hook(repository: &Path) -> io::Result<()> {
    let folder = repository.join("hooks");
    std::fs::create_dir_all(&folder)?;
    let hook = folder.join("update");
    std::fs::write(&hook, HOOK)?;
    #[cfg(unix)]
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cgi_program_prints_is_an_answer_with_its_status() {
        let plain = parse(b"Expires: never\r\nContent-Type: text/plain\r\n\r\nbody\r\n\r\nmore").unwrap();
        assert_eq!(
            (plain.status(), &plain.headers()["content-type"]),
            (StatusCode::OK, &HeaderValue::from_static("text/plain"))
        );
        assert_eq!(parse(b"Status: 404 Not Found\r\n\r\n").unwrap().status(), StatusCode::NOT_FOUND);
        assert!(parse(b"git: 'http-backend' is not a git command").is_none());
    }
}

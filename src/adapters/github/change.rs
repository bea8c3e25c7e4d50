//! Whether two heads of a pull request make the same change: the same lines go and come, between the same lines and
//! below the same heading.
//!
//! On which lines of the file they stand does not matter, so that merging the base branch into a pull request changes
//! nothing as long as it leaves their surroundings alone; where it does not, the change is approved anew. What GitHub does
//! not show whole has no digest, and is never the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::GitHub;
use super::client::segment;
use super::pull::{Pull, Review};
use crate::model::{Blindness, CommitId, PullApproval};
use crate::ports::Fault;

/// More than GitHub lists of a comparison.
const CUT: usize = 300;

/// Heads besides the present one that are compared with it: more than a pull request has approvals on, as a rule. What
/// was approved at further ones is taken to be another change.
const MOST_HEADS: usize = 4;

#[derive(Deserialize)]
struct Comparison {
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    status: String,
    #[serde(default)]
    sha: Option<String>,
    #[serde(default)]
    previous_filename: Option<String>,
    /// Absent for what is binary or too long.
    #[serde(default)]
    patch: Option<String>,
}

/// What somebody may do with the repository: “admin”, “write”, “read” or “none”.
#[derive(Deserialize)]
struct Rights {
    permission: String,
}

impl GitHub {
    /// The approvals that count, each with whether it is of the change that the present head makes.
    pub(super) async fn approvals(
        &self,
        pull: &Pull,
        reviews: &[Review],
        what: &str,
    ) -> Result<Vec<PullApproval>, Fault> {
        let mut counting = Vec::new();
        for review in reviews.iter().filter(|review| review.approves()) {
            if self.counts(&review.by, what).await? {
                counting.push(review);
            }
        }
        let approving = || counting.iter().copied();
        let present = pull.head.sha.as_str();
        let mut same = BTreeMap::from([(present, true)]);
        for head in compared(present, approving().map(|review| review.head.as_str())) {
            same.insert(head, self.same_change(pull, head, what).await?);
        }
        let approval = |review: &Review| PullApproval {
            by: review.by.clone(),
            head: CommitId::new(&review.head),
            same_change: same.get(review.head.as_str()).copied().unwrap_or(false),
        };
        Ok(approving().map(approval).collect())
    }

    /// Whether somebody's approval is one: GitHub counts none of those who may only read, and neither does keyslot, where
    /// nobody else counts. Of Apps, and where the token may not ask, nobody knows.
    async fn counts(&self, login: &str, what: &str) -> Result<bool, Fault> {
        let now = self.client.now();
        if login.ends_with("[bot]") {
            return Ok(true);
        }
        if let Some(known) = self.seen.writes(login, now) {
            return Ok(known);
        }
        let path = self.path(&format!("collaborators/{}/permission", segment(login)));
        let found: Option<Rights> = self.client.read_if_allowed(what, &self.subject(), &path).await?;
        let writes = found.is_none_or(|rights| !matches!(rights.permission.as_str(), "read" | "none"));
        self.seen.note_writes(login, writes, now);
        Ok(writes)
    }

    async fn same_change(&self, pull: &Pull, head: &str, what: &str) -> Result<bool, Fault> {
        let of = async |head: &str| self.change(&pull.base.sha, head, what).await;
        let (one, other) = (of(head).await?, of(&pull.head.sha).await?);
        Ok(one.is_some() && one == other)
    }

    /// What a head changes since it parted from the base; remembered, for commits never change.
    async fn change(&self, base: &str, head: &str, what: &str) -> Result<Option<String>, Fault> {
        let key = format!("{base}...{head}");
        if let Some(known) = self.seen.change(&key) {
            return Ok(known);
        }
        let path = self.path(&format!("compare/{key}"));
        let found = self.client.read::<Comparison>(what, &self.subject(), &path, &[("per_page", "1")]).await;
        let digest = match found {
            Ok(comparison) => digest(comparison.files),
            // After a forced push the older commit may be gone.
            Err(fault) if fault.kind == Blindness::Missing => None,
            Err(fault) => return Err(fault),
        };
        self.seen.note_change(&key, digest.clone());
        Ok(digest)
    }
}

/// The heads that are compared with the present one, each once.
fn compared<'a>(present: &str, approved: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let others: BTreeSet<&str> = approved.filter(|head| *head != present).collect();
    others.into_iter().take(MOST_HEADS).collect()
}

fn digest(mut files: Vec<File>) -> Option<String> {
    if files.len() >= CUT {
        return None;
    }
    files.sort_by(|one, other| one.filename.cmp(&other.filename));
    let mut digest = Sha256::new();
    for file in files {
        let before = file.previous_filename.unwrap_or_default();
        digest.update(format!("{}\0{}\0{before}\0", file.filename, file.status));
        match file.patch {
            Some(patch) if !patch.is_empty() => {
                patch.lines().for_each(|line| digest.update(format!("{}\n", unnumbered(line))));
            }
            // The whole file, then: its surroundings are in it.
            Some(_) | None => digest.update(file.sha?),
        }
        digest.update("\0");
    }
    Some(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A line of a patch; of where a piece begins, what git says is above it and not the numbers.
fn unnumbered(line: &str) -> String {
    let above = line.strip_prefix("@@ ").and_then(|rest| rest.split_once(" @@"));
    above.map_or_else(|| line.to_owned(), |(_, above)| format!("@@{above}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(patch: &str) -> File {
        File {
            filename: "main.tf".to_owned(),
            status: "modified".to_owned(),
            sha: Some("1".to_owned()),
            previous_filename: None,
            patch: Some(patch.to_owned()),
        }
    }

    #[test]
    fn heads_are_counted_and_not_approvals() {
        let approved = ["now", "now", "b", "now", "b", "now", "now", "a"];
        assert_eq!(compared("now", approved.into_iter()), ["a", "b"]);
        let many = ["1", "2", "3", "4", "5", "now"];
        assert_eq!(compared("now", many.into_iter()).len(), MOST_HEADS, "not without end");
    }

    #[test]
    fn on_which_lines_a_change_stands_does_not_matter_and_what_it_says_and_what_is_around_it_does() {
        let of = |patch: &str| digest(vec![file(patch)]);
        let change = of("@@ -1,2 +1,2 @@\n a\n-b\n+c");
        assert_eq!(change, of("@@ -7,2 +8,2 @@\n a\n-b\n+c"));
        assert_ne!(change, of("@@ -1,2 +1,2 @@\n a\n-b\n+d"));
        assert_ne!(change, of("@@ -1,2 +1,2 @@\n z\n-b\n+c"), "beside another line");
        assert_ne!(change, of("@@ -1,2 +1,2 @@ module \"orders\" {\n a\n-b\n+c"), "in another resource");
        assert_ne!(change, of("@@ -1,2 +1,2 @@\n-b\n+c\n a"), "before it and not after it");
        assert_ne!(
            of("@@ -1 +1 @@\n-b\n+c\n@@ -9 +9 @@\n x\n+d"),
            of("@@ -1,2 +1,2 @@\n-b\n+c\n x\n+d"),
            "two places are not one"
        );
        let hidden =
            |sha: Option<&str>| digest(vec![File { patch: None, sha: sha.map(str::to_owned), ..file("") }]);
        assert_ne!(hidden(Some("1")), hidden(Some("2")), "what is not shown is told by the whole file");
        assert_eq!((hidden(None), of("").is_some()), (None, true), "or by nothing");
        assert_ne!(
            change,
            digest(vec![file("@@ -1 +1 @@\n-b\n+c"), File { filename: "x".into(), ..file("+n") }])
        );
        let cut = (0..CUT).map(|_| file("+x")).collect();
        assert_eq!(digest(cut), None, "not all of it is shown");
    }
}

//! Whether two heads of a pull request make the same change: the same lines go, the same lines come.
//!
//! Where on the page they stand and what surrounds them does not matter, so that merging the base branch into a pull
//! request changes nothing. What GitHub does not show whole has no digest, and is never the same.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::GitHub;
use super::pull::{Pull, Review};
use crate::model::{Blindness, CommitId, PullApproval};
use crate::ports::Fault;

/// More than GitHub lists of a comparison.
const CUT: usize = 300;

/// More heads than a pull request has approvals on, as a rule; older ones are taken to be of another change.
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

impl GitHub {
    /// The approvals that count, each with whether it is of the change that the present head makes.
    pub(super) async fn approvals(
        &self,
        pull: &Pull,
        reviews: &[Review],
        what: &str,
    ) -> Result<Vec<PullApproval>, Fault> {
        let mut heads: Vec<(String, bool)> = Vec::new();
        let mut approvals = Vec::new();
        for review in reviews.iter().rev().filter(|review| review.approves()) {
            let head = review.head.clone();
            let known = heads.iter().find(|(known, _)| *known == head).map(|(_, same)| *same);
            let same_change = match known {
                Some(same) => same,
                None if head == pull.head.sha => true,
                None if heads.len() >= MOST_HEADS => false,
                None => self.same_change(pull, &head, what).await?,
            };
            heads.push((head.clone(), same_change));
            approvals.push(PullApproval { by: review.by.clone(), head: CommitId::new(head), same_change });
        }
        approvals.sort_by(|one, other| one.by.cmp(&other.by));
        Ok(approvals)
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
            Some(patch) => patch
                .lines()
                .filter(|line| line.starts_with(['+', '-']))
                .for_each(|line| digest.update(format!("{line}\n"))),
            None => digest.update(file.sha.unwrap_or_default()),
        }
        digest.update("\0");
    }
    Some(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
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
    fn where_a_change_stands_does_not_matter_and_what_it_says_does() {
        let of = |patch: &str| digest(vec![file(patch)]);
        let change = of("@@ -1,2 +1,2 @@\n a\n-b\n+c");
        assert_eq!(change, of("@@ -7,2 +8,2 @@ module\n z\n-b\n+c"));
        assert_ne!(change, of("@@ -1,2 +1,2 @@\n a\n-b\n+d"));
        assert_ne!(
            change,
            digest(vec![file("@@ -1 +1 @@\n-b\n+c"), File { filename: "x".into(), ..file("+n") }])
        );
        let cut = (0..CUT).map(|_| file("+x")).collect();
        assert_eq!(digest(cut), None, "not all of it is shown");
    }
}

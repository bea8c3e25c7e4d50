//! A remote that refuses a push by a rule of its own: what it says, and what to do about it.
//!
//! GitHub names the rule first and explains for many lines afterwards; hooks of other servers say what they like.

use super::faults::without_user;

/// What the remote said, in one line: how it begins, and how it ends.
pub(super) fn words(stderr: &str) -> String {
    const FIRST: usize = 7;
    const CHARACTERS: usize = 800;
    let is_telling = |line: &&str| line.chars().any(char::is_alphanumeric);
    let said = stderr.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim);
    let said: Vec<&str> = said.filter(is_telling).collect();
    let mut text = said.iter().take(FIRST).copied().collect::<Vec<_>>().join(" / ");
    if let Some(last) = said.get(FIRST..).and_then(<[&str]>::last) {
        text.push_str(&format!(" / … / {last}"));
    }
    without_user(&text).chars().take(CHARACTERS).collect()
}

/// Words of GitHub's, most telling first, in lower case, and what mends it.
const REMEDIES: [(&str, &str); 10] = [
    (
        "exists; cannot create",
        "git cannot have a branch and a folder of branches by one name: rename or delete the branch that is named there",
    ),
    (
        "cannot contain secrets",
        "GitHub takes something in the commits for a secret: look at the page that it names, and take the secret out of the \
         branch that the change is built on, or let it through there",
    ),
    (
        "creations being restricted",
        "a ruleset lets nobody create such a branch: leave keyslot's branches out of it, or let keyslot's account bypass it",
    ),
    (
        "cannot update this protected ref",
        "a ruleset lets nobody move the branch but those who bypass it: let keyslot's account bypass it; where it is the release \
         branch, `promote = \"pull-request\"` leaves the merge to somebody who may",
    ),
    (
        "must not contain merge commits",
        "a ruleset wants a linear history, and the branch that the change is built on has a merge in it that the remote does not \
         know: leave keyslot's branches out of it",
    ),
    (
        "verified signatures",
        "a ruleset wants signed commits: let git sign them (`sign`), or GitHub make them (`commit = \"api\"`), under \
         [environment.NAME.terraform]",
    ),
    (
        "commit message must",
        "a ruleset wants other commit messages: leave keyslot's branches out of it, or let keyslot's account bypass it",
    ),
    (
        "through a pull request",
        "the branch takes changes by pull requests alone: where it is the release branch, `promote = \"pull-request\"`; else \
         leave keyslot's branches out of the rule",
    ),
    (
        "repository rule violations",
        "a ruleset of the repository holds it: leave keyslot's branches out of it, or let keyslot's account bypass it",
    ),
    (
        "protected branch",
        "branch protection holds it: leave keyslot's branches out of the pattern, or let keyslot's account push there",
    ),
];

/// What to do about a refusal in these words.
pub(super) fn remedy(words: &str) -> &'static str {
    let words = words.to_lowercase();
    let known = REMEDIES.iter().find(|(said, _)| words.contains(said)).map(|(_, remedy)| *remedy);
    known.unwrap_or("a rule of the remote holds it (protected branch, hook): its words say which")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKED: &str = "remote: error: GH013: Repository rule violations found for refs/heads/fix/x.\nremote: \nremote: \
        - GITHUB PUSH PROTECTION\nremote:   ————————————\nremote:     Resolve the following violations before pushing \
        again\nremote: \nremote:     - Push cannot contain secrets\nremote: \nremote:      (?) Learn how to resolve a blocked \
        push\nremote:      https://docs.github.com/x\nremote:       —— Azure Cosmos DB Key ——\nremote:        locations:\nremote: \
                 - commit: 1\nremote:        (?) To push, remove the secret or follow this address:\nremote:        \
        https://somebody:word@github.com/afmc/platform/security/unblock\nremote: \nTo https://github.com/afmc/platform\n";

    #[test]
    fn the_rule_is_said_first_and_the_page_last() {
        let said = words(BLOCKED);
        assert!(
            said.starts_with("error: GH013: Repository rule violations found for refs/heads/fix/x. / "),
            "{said}"
        );
        assert!(said.contains("- Push cannot contain secrets / (?) Learn"), "{said}");
        assert!(said.ends_with("/ … / https://github.com/afmc/platform/security/unblock"), "{said}");
        assert!(remedy(&said).contains("takes something in the commits for a secret"));
        assert_eq!(words("fatal: nothing\n"), "");
    }

    #[test]
    fn each_rule_has_its_remedy() {
        for (said, does) in [
            ("- Cannot create ref due to creations being restricted.", "create such a branch"),
            ("- Cannot update this protected ref.", "those who bypass it"),
            ("- This branch must not contain merge commits.", "linear history"),
            ("- Commits must have verified signatures.", "`commit = \"api\"`"),
            ("- Commit message must start with a matching pattern: ^JIRA-", "other commit messages"),
            ("error: GH006: Protected branch update failed", "branch protection"),
            ("- Changes must be made through a pull request.", "`promote = \"pull-request\"`"),
            ("error: GH013: Repository rule violations found", "a ruleset of the repository"),
            ("no pushes on Fridays", "its words say which"),
        ] {
            assert!(remedy(said).contains(does), "{said}: {}", remedy(said));
        }
    }
}

//! Words in a commit's message that tell a service to start nothing for it.
//!
//! Sources: GitHub's page about skipping workflow runs, and Azure Pipelines' about building GitHub repositories. GitHub looks
//! at the last commit of a push or of a pull request; Azure Pipelines at a push alone.

/// What both understand.
const BOTH: [&str; 2] = ["[skip ci]", "[ci skip]"];

const GITHUB: [&str; 3] = ["[no ci]", "[skip actions]", "[actions skip]"];

const AZURE: [&str; 7] = [
    "[skip azurepipelines]",
    "[azurepipelines skip]",
    "[skip azpipelines]",
    "[azpipelines skip]",
    "[skip azp]",
    "[azp skip]",
    "***NO_CI***",
];

/// Whether GitHub Actions start nothing for a push that ends with this commit, nor for its pull request.
pub(super) fn skips_actions(message: &str) -> bool {
    says(message, &GITHUB) || has_trailer(message)
}

/// Whether Azure Pipelines start nothing for a push of this commit.
pub(super) fn skips_azure(message: &str) -> bool {
    says(message, &AZURE) || has_trailer(message)
}

fn says(message: &str, own: &[&str]) -> bool {
    BOTH.iter().chain(own).any(|words| message.contains(words))
}

/// `skip-checks: true` as the very last line, after two empty ones.
fn has_trailer(message: &str) -> bool {
    let Some((_, last)) = message.trim_end().rsplit_once("\n\n\n") else { return false };
    let last = last.lines().last().unwrap_or_default();
    last.split_once(':').is_some_and(|(name, value)| name == "skip-checks" && value.trim() == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_words_of_its_own() {
        for (message, actions, azure) in [
            ("Read the secondary key", false, false),
            ("Read it [skip ci]\n", true, true),
            ("Read it\n\nReviewed. [ci skip]\n", true, true),
            // As written in the pages: what cannot be told starts it.
            ("Read it [CI SKIP]", false, false),
            ("[no ci] Read it", true, false),
            ("Read it [skip actions]", true, false),
            ("Read it [skip azp]", false, true),
            ("Read it ***NO_CI***", false, true),
            ("Read it\n\n\nskip-checks: true\n", true, true),
            ("Read it\n\n\nReviewed-by: Ada\nskip-checks:true", true, true),
            ("Read it\n\nskip-checks: true\n", false, false),
            ("Read it\n\n\nskip-checks: true\nReviewed-by: Ada\n", false, false),
            ("Read it (skip ci)", false, false),
        ] {
            assert_eq!((skips_actions(message), skips_azure(message)), (actions, azure), "{message:?}");
        }
    }
}

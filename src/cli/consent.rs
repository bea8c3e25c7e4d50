//! The words of people on the command line: approval, and acceptance with it.

use jiff::Timestamp;

use super::accepting::Accepting;
use super::beside::not_recorded;
use super::wiring::Variables;
use super::{CliError, ErrorKind, Terminal};
use crate::drive::Driver;
use crate::model::Slot;
use crate::rotation::Opened;

/// `--approve` and `--accept`.
#[derive(Clone, Debug, clap::Args)]
pub struct Consent {
    /// Approve the regeneration of this rotation's old key; without it, a person at a terminal is asked, and
    /// everywhere else the rotation halts there. The approval is recorded and holds for this rotation, also when the
    /// command is run again without it. With the rotation's name, as `status` prints it, it holds for that one and no
    /// other; in a CI job (CI or TF_BUILD is true) the name must be given. Where policy wants the new key to be made anew
    /// first, that is approved by itself: with `:primary` or `:secondary` behind the name. Where policy wants another person
    /// than who began the rotation (`approver_differs`), people are told apart by KEYSLOT_ACTOR, else
    /// GITHUB_TRIGGERING_ACTOR, GITHUB_ACTOR, BUILD_REQUESTEDFOR, USER or USERNAME, whatever their case.
    #[arg(long, value_name = "ROTATION[:SLOT]", num_args = 0..=1)]
    pub approve: Option<Option<String>>,
    #[command(flatten)]
    pub accepting: Accepting,
}

impl Consent {
    /// Checks what can be checked before anything is done, by the clock of the world that it is about.
    ///
    /// # Errors
    /// An unknown gate, or one that nobody may open; an end that lies in the past.
    pub fn check(&self, now: Timestamp) -> Result<(), CliError> {
        self.accepting.check(now)
    }

    /// Whether there is anything to record.
    pub fn says_anything(&self) -> bool {
        self.approve.is_some() || self.accepting.says_anything()
    }

    /// The rotation that is approved by its name.
    pub fn named(&self) -> Option<&str> {
        self.approved().0
    }

    /// Whether the approval may be given for the rotation that is open, if one is: see [`Opened::approval_name`].
    ///
    /// # Errors
    /// It is for another one, or none is open; or a job gives it without saying for which.
    pub fn fits(&self, open: Option<&str>, in_ci: bool) -> Result<(), CliError> {
        match (self.approve.as_ref().map(|_| self.approved().0), open) {
            (Some(None), open) if in_ci => {
                let error = CliError::usage("in a CI job, --approve names the rotation that it is for");
                Err(error.because("a job may run again when another rotation is open").hint(match open {
                    Some(open) => format!("the open one: --approve {open}"),
                    None => "run it without --approve first: the rotation's name is printed when it begins"
                        .to_owned(),
                }))
            }
            (Some(Some(named)), Some(open)) if named != open => {
                let error = CliError::new(ErrorKind::Usage, "the approval is for another rotation");
                Err(error.at(named).hint(format!("the open one: --approve {open}")))
            }
            (Some(Some(named)), None) => {
                let error = CliError::usage("the approval is for a rotation that is not open").at(named);
                Err(error
                    .because("none is open, and none is begun by an approval of another one")
                    .hint("`keyslot status` tells of the last one; a new one begins without --approve, or with it and no name"))
            }
            (None | Some(_), _) => Ok(()),
        }
    }

    /// Records them for the open rotation.
    ///
    /// # Errors
    /// A subject that nothing has; an approval that is for another rotation; the journal.
    pub async fn record(
        &self,
        driver: &mut Driver,
        by: &str,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        let open = driver.fold().rotation().map(Opened::approval_name);
        self.fits(open.as_deref(), false)?;
        self.accepting.record(driver, by, terminal).await?;
        if self.approve.is_some() {
            approve(driver, by, self.approved().1, terminal).await?;
        }
        Ok(())
    }
}

impl Consent {
    /// The same for the second of two rotations: what was said of the first by name does not hold for it.
    ///
    /// # Errors
    /// The journal.
    pub async fn record_for_second(
        &self,
        driver: &mut Driver,
        by: &str,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        if self.approve == Some(None) {
            approve(driver, by, None, terminal).await?;
        }
        Ok(())
    }

    /// The rotation that is approved by its name, and the slot, as far as they are said.
    fn approved(&self) -> (Option<&str>, Option<Slot>) {
        let Some(Some(text)) = &self.approve else { return (None, None) };
        let slot =
            |text: &str| [Slot::Primary, Slot::Secondary].into_iter().find(|slot| slot.as_str() == text);
        match text.rsplit_once(':').map(|(name, rest)| (name, slot(rest))) {
            Some((name, Some(slot))) => (Some(name).filter(|name| !name.is_empty()), Some(slot)),
            Some((_, None)) => (Some(text), None),
            None => match slot(text) {
                Some(slot) => (None, Some(slot)),
                None => (Some(text), None),
            },
        }
    }
}

/// Whoever runs a later command is not asked any more: that is said when it is given.
async fn approve(
    driver: &mut Driver,
    by: &str,
    key: Option<Slot>,
    terminal: &mut Terminal,
) -> Result<(), CliError> {
    driver.approve_key(by, None, key).await.map_err(|error| not_recorded(error.into()))?;
    if let Some(opened) = driver.fold().rotation() {
        terminal.say(&format!(
            "the regeneration of the {} key is approved by {by}; it stays so until this rotation is done or closed \
             (`keyslot close`), whatever this command comes to",
            key.unwrap_or(opened.from)
        ));
    }
    Ok(())
}

/// Whether a job runs us, and no person sees what we say.
pub fn in_ci(variables: Variables<'_>) -> bool {
    ["CI", "TF_BUILD"]
        .into_iter()
        .filter_map(variables)
        .any(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approving(approve: Option<Option<&str>>) -> Consent {
        let approve = approve.map(|id| id.map(str::to_owned));
        Consent { approve, accepting: Accepting::default() }
    }

    #[test]
    fn a_job_says_for_which_rotation_it_approves() {
        let open = "r1";
        let refused = approving(Some(None)).fits(Some(open), true).unwrap_err();
        assert!(refused.hints[0].contains("--approve r1"), "{refused:?}");
        assert_eq!(refused.kind, ErrorKind::Usage);
        assert!(approving(Some(None)).fits(None, true).is_err());
        assert!(approving(Some(None)).fits(Some(open), false).is_ok(), "a person may");
        assert!(approving(Some(Some("r1"))).fits(Some(open), true).is_ok());
        for in_ci in [true, false] {
            let refused = approving(Some(Some("r1"))).fits(None, in_ci).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Usage, "none is begun by it");
        }
        assert!(approving(None).fits(Some(open), true).is_ok());
    }

    #[test]
    fn an_approval_may_name_the_slot_behind_the_rotation() {
        let of = |text: &str| {
            let consent = approving(Some(Some(text)));
            let (name, slot) = consent.approved();
            (name.map(str::to_owned), slot)
        };
        let named = Some("r1".to_owned());
        assert_eq!(of("r1:secondary"), (named.clone(), Some(Slot::Secondary)));
        assert_eq!(of("primary"), (None, Some(Slot::Primary)));
        assert_eq!(of("r1"), (named, None));
        assert_eq!(of("r1:else"), (Some("r1:else".to_owned()), None), "which is no rotation's name");
        assert!(approving(Some(Some("r1:secondary"))).fits(Some("r1"), true).is_ok());
        assert!(
            approving(Some(Some("secondary"))).fits(Some("r1"), true).is_err(),
            "in a job the name is wanted"
        );
        assert!(approving(Some(Some("secondary"))).fits(Some("r1"), false).is_ok());
    }

    #[test]
    fn an_approval_of_another_rotation_is_refused_everywhere() {
        for open in ["r2", "r1.2"] {
            for in_ci in [true, false] {
                let refused = approving(Some(Some("r1"))).fits(Some(open), in_ci).unwrap_err();
                assert!(refused.hints[0].ends_with(&format!("--approve {open}")), "{refused:?}");
            }
            assert!(approving(Some(Some(open))).fits(Some(open), true).is_ok());
        }
    }

    #[test]
    fn a_job_is_told_by_its_variables() {
        let of = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.to_owned())
        };
        assert!(in_ci(&of("CI", "true")) && in_ci(&of("TF_BUILD", "True")) && in_ci(&of("CI", "1")));
        assert!(!in_ci(&of("CI", "false")) && !in_ci(&of("USER", "true")));
    }
}

//! `keyslot check --plan FILE` for people: the verdict, then each object that the plan touches, by name.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::count::counted;
use crate::check::plan::{Judgement, Problem, Secret, Touched, Why};

const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// More attributes of one object than this are counted, not named; the JSON has them all.
const MAX_NAMED: usize = 8;

pub fn render_plan(judgement: &Judgement) -> String {
    let mut text = render_verdict(judgement);
    for problem in &judgement.problems {
        let _ = writeln!(text, "{BAD}problem{BAD:#}     {}", problem_text(problem));
    }
    for unexpected in &judgement.unexpected {
        let why = why_text(unexpected.why);
        let _ = writeln!(text, "{BAD}unexpected{BAD:#}  {}  {DIM}{why}{DIM:#}", line(&unexpected.touched));
    }
    for secret in &judgement.missed {
        let _ = writeln!(text, "{BAD}missing{BAD:#}     {secret}  {DIM}was expected to change{DIM:#}");
    }
    for touched in &judgement.to_confirm {
        let _ = writeln!(text, "{DOUBT}to confirm{DOUBT:#}  {}", line(touched));
    }
    for touched in &judgement.expected {
        let _ = writeln!(text, "{GOOD}expected{GOOD:#}    {}", line(touched));
    }
    text.push_str(&render_information(judgement));
    text
}

fn render_verdict(judgement: &Judgement) -> String {
    let secrets = counted(judgement.expected.len(), "expected secret");
    let missed = counted(judgement.missed.len(), "secret");
    let were = if judgement.missed.len() == 1 { "was" } else { "were" };
    let (style, verdict) = match judgement {
        _ if judgement.is_idle() && !judgement.missed.is_empty() => {
            (BAD, format!("this plan changes nothing, and {missed} {were} expected to change"))
        }
        _ if judgement.is_idle() && judgement.nothing_expected => {
            (DOUBT, "this plan changes nothing, and no secret was expected to change".to_owned())
        }
        _ if judgement.is_idle() => (GOOD, "this plan changes nothing".to_owned()),
        _ if judgement.is_clean() => (GOOD, format!("this plan changes {secrets} and nothing else")),
        Judgement { unexpected, problems, to_confirm, .. }
            if unexpected.is_empty() && problems.is_empty() && to_confirm.is_empty() =>
        {
            (BAD, format!("this plan does not change {missed} that {were} expected to change"))
        }
        Judgement { unexpected, problems, .. } if unexpected.is_empty() && problems.is_empty() => {
            let unsaid = counted(judgement.to_confirm.len(), "secret");
            (DOUBT, format!("this plan changes {unsaid}, and nobody said which are meant to change"))
        }
        Judgement { unexpected, .. } if unexpected.is_empty() => {
            (BAD, "this plan cannot be taken at its word".to_owned())
        }
        Judgement { unexpected, .. } => (
            BAD,
            format!("this plan touches {} that no rotation changes", counted(unexpected.len(), "thing")),
        ),
    };
    format!("{style}{verdict}{style:#}\n")
}

fn line(touched: &Touched) -> String {
    let mut text = format!("{}  {}", touched.address, actions_text(&touched.actions));
    let names: Vec<String> = touched
        .attributes
        .iter()
        .take(MAX_NAMED)
        .map(|attribute| {
            let later = if attribute.known { "" } else { " (known after apply)" };
            format!("{}{later}", attribute.path)
        })
        .collect();
    if !names.is_empty() {
        let _ = write!(text, ": {}", names.join(", "));
    }
    if touched.attributes.len() > MAX_NAMED {
        let _ = write!(text, " and {} more", touched.attributes.len() - MAX_NAMED);
    }
    if let Some(from) = &touched.moved_from {
        let _ = write!(text, ", moved from {from}");
    }
    if touched.imported {
        text.push_str(", imported");
    }
    text
}

fn actions_text(actions: &[String]) -> String {
    let words: Vec<&str> = actions.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["delete", "create"] => "replace (delete, then create)".to_owned(),
        ["create", "delete"] => "replace (create, then delete)".to_owned(),
        ["no-op"] => "stays as it is".to_owned(),
        words => words.join(", "),
    }
}

fn why_text(why: Why) -> &'static str {
    match why {
        Why::OtherResource => "is no secret",
        Why::OtherSecret => "is not among the expected secrets",
        Why::SecretCreated => "was not there before",
        Why::SecretRemoved => "goes away, and its id with it",
        Why::BesideValue => "is more than a new value",
        Why::StateOnly => "changes what the state says",
        Why::Output => "is no sensitive output that only gets a new value",
        Why::Invocation => "does whatever the provider makes of it",
    }
}

fn problem_text(problem: &Problem) -> String {
    match problem {
        Problem::Errored => "planning ended in an error, so this is not all that would change".to_owned(),
        Problem::Incomplete => "the plan is not complete: more would change in a later one".to_owned(),
        Problem::NotApplyable => "Terraform says that this plan cannot be applied".to_owned(),
        Problem::Deferred { address, reason } if reason.is_empty() => {
            format!("{address} is put off to a later plan")
        }
        Problem::Deferred { address, reason } => format!("{address} is put off to a later plan: {reason}"),
    }
}

fn render_information(judgement: &Judgement) -> String {
    let mut text = String::new();
    let mut tell = |what: &str, subject: &str| {
        let _ = writeln!(text, "{DIM}{what:<10}{DIM:#}  {subject}");
    };
    let merely = |secret: &&Secret| !judgement.missed.contains(secret);
    for secret in judgement.untouched.iter().filter(merely) {
        tell("unchanged", &format!("{secret}  {DIM}was expected to change{DIM:#}"));
    }
    for touched in &judgement.read {
        tell("read", &format!("{}  {DIM}while applying{DIM:#}", touched.address));
    }
    for name in &judgement.sensitive_outputs {
        tell("output", &format!("{name}  {DIM}gets another sensitive value{DIM:#}"));
    }
    for touched in &judgement.drift {
        tell("drift", &format!("{}  {DIM}changed outside of Terraform{DIM:#}", line(touched)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::plan::Unexpected;
    use crate::terraform::plan::Attribute;

    fn touched(attributes: usize) -> Touched {
        let attribute = |at| Attribute { path: format!("a{at}"), known: at != 1 };
        Touched {
            address: "x.y".to_owned(),
            actions: vec!["update".to_owned()],
            attributes: (0..attributes).map(attribute).collect(),
            moved_from: None,
            imported: false,
        }
    }

    #[test]
    fn many_attributes_are_counted_and_unknown_ones_marked() {
        assert_eq!(line(&touched(2)), "x.y  update: a0, a1 (known after apply)");
        assert!(line(&touched(10)).ends_with(", a7 and 2 more"), "{}", line(&touched(10)));
        assert_eq!(line(&touched(0)), "x.y  update");
    }

    #[test]
    fn the_verdict_names_the_worst() {
        let verdict = |judgement: &Judgement| anstream_free(&render_verdict(judgement));
        let mut judgement = Judgement::default();
        assert_eq!(verdict(&judgement), "this plan changes nothing\n");
        judgement.missed.push(Secret::Named("db".to_owned()));
        assert_eq!(verdict(&judgement), "this plan changes nothing, and 1 secret was expected to change\n");
        judgement.expected.push(touched(1));
        judgement.missed.push(Secret::Named("dc".to_owned()));
        assert_eq!(verdict(&judgement), "this plan does not change 2 secrets that were expected to change\n");
        judgement = Judgement::default();
        judgement.expected.push(touched(1));
        assert_eq!(verdict(&judgement), "this plan changes 1 expected secret and nothing else\n");
        judgement.to_confirm.push(touched(1));
        assert!(verdict(&judgement).ends_with("nobody said which are meant to change\n"));
        judgement.problems.push(Problem::Errored);
        assert_eq!(verdict(&judgement), "this plan cannot be taken at its word\n");
        judgement.unexpected.push(Unexpected { touched: touched(1), why: Why::OtherResource });
        assert_eq!(verdict(&judgement), "this plan touches 1 thing that no rotation changes\n");
    }

    /// The text without escapes.
    fn anstream_free(text: &str) -> String {
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        plain + rest
    }
}

//! `keyslot plan` for people: what will be done, in which waves, what is in the way, what nobody knows.

use super::count::counted;
use super::{branch_rules, reason, span};
use crate::model::{Extent, Merging, Promotion, Propagation, Right, Route, WorkloadName};
use crate::rotation::{Concern, Course, Foresight, Phase, Reason, Wave};

/// The plan as text. `code` is what changes in the code, line by line.
pub fn plan(foresight: &Foresight, code: &[String]) -> String {
    let opened = &foresight.opened;
    let (from, to) = (opened.from, opened.from.other());
    let mut text = format!("rotation {} of {}: retire the {from} key", opened.rotation, opened.account);
    text.push_str(if foresight.begun { " (open)\n" } else { " (not begun)\n" });
    section(&mut text, "what happens", &steps(foresight, code));
    section(&mut text, "waits that the policy prescribes", &waits(foresight));
    section(&mut text, "in the way", &held(&foresight.holds));
    section(&mut text, "in the way later", &held(&foresight.later));
    section(&mut text, "rights that are missing", &rights(foresight, |right| *right == Right::Denied));
    section(
        &mut text,
        "rights that could not be asked for",
        &rights(foresight, |right| matches!(right, Right::Unknown(_))),
    );
    section(&mut text, "rights that would tell more", &rights(foresight, |right| *right == Right::Unneeded));
    section(&mut text, "to know", &foresight.concerns.iter().map(concern).collect::<Vec<_>>());
    let allowed = foresight.rights.iter().filter(|(_, right)| right.right == Right::Allowed).count();
    text.push_str(&format!("\n{allowed} of {} rights are there; ", foresight.rights.len()));
    text.push_str(&match (foresight.may_begin(), foresight.begun) {
        (true, false) => format!("nothing is in the way: `keyslot rotate` moves everybody to {to}"),
        (true, true) => format!("nothing is in the way of “{}”", foresight.phase),
        (false, _) => "something is in the way".to_owned(),
    });
    text.push('\n');
    text
}

/// Each reason with what to do about it.
fn held(reasons: &[Reason]) -> Vec<String> {
    let lines = reasons.iter().flat_map(|hold| {
        let what = reason::remedy(hold);
        let to_do = (!what.is_empty()).then(|| format!("    to do: {what}"));
        std::iter::once(format!("{}: {}", hold.gate, reason::why(hold))).chain(to_do)
    });
    lines.collect()
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}\n"));
    lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
}

fn steps(foresight: &Foresight, code: &[String]) -> Vec<String> {
    let (from, to) = (foresight.opened.from, foresight.opened.from.other());
    let names = |workloads: &[WorkloadName]| {
        workloads.iter().map(|it| it.name.clone()).collect::<Vec<_>>().join(", ")
    };
    let line = |phases: &[Phase], what: String| marked(foresight, foresight.course(phases), &what);
    let proven = format!("the {to} key is proven in every region, for reading and writing");
    let mut lines = renewal(foresight);
    lines.push(line(&[Phase::Prepare], proven));
    lines.push(line(&[Phase::Propose], "a pull request changes the code:".to_owned()));
    lines.extend(code.iter().map(|line| format!("    {line}")));
    lines.push(line(&[Phase::Merge, Phase::Promote, Phase::Deploy, Phase::Propagate], way(foresight)));
    lines.extend(foresight.ruled.iter().filter_map(branch_rules::asked).map(|asked| format!("    {asked}")));
    for (at, wave) in foresight.waves.iter().enumerate() {
        let canary = if wave.canary { ", the canary" } else { "" };
        let what = format!(
            "wave {}{canary}: {}: restart {}, one after the other",
            at + 1,
            stamps(wave),
            names(&foresight.workloads)
        );
        lines.push(marked(foresight, Course::of_all(wave.stamps.iter().map(|(_, course)| *course)), &what));
    }
    lines.push(line(
        &[Phase::Quiesce],
        format!("no pod is left that could hold the {from} key, and it is unused"),
    ));
    lines.push(marked(foresight, foresight.approval, "somebody approves that it is regenerated"));
    lines.push(line(
        &[Phase::Regenerate, Phase::Confirm],
        format!("the {from} key is regenerated, and the new one is tried in every region"),
    ));
    lines
}

/// How the change comes into the vaults.
fn way(foresight: &Foresight) -> String {
    let merged = match foresight.merging {
        Merging::People => "it is merged by people",
        Merging::Auto => "it is merged by the forge, as soon as its rules allow",
        Merging::Keyslot => "it is merged by keyslot, as soon as the forge's rules allow",
    };
    if foresight.opened.route == Route::NextRelease {
        let written = match foresight.propagation {
            Propagation::Pipeline => "",
            Propagation::Write => ", and keyslot writes the secret in the vault of every stamp",
        };
        return format!(
            "{merged}; the next release brings it along: nothing is promoted or restarted, and units that are built from older \
             code are waited for until they are gone{written}"
        );
    }
    let promoted = match foresight.promotion {
        Promotion::Push => "promoted to the live release",
        Promotion::PullRequest => "promoted to the live release by a pull request, which people merge",
    };
    let written = match foresight.propagation {
        Propagation::Pipeline => "that release's pipeline writes the vaults",
        Propagation::Write => "keyslot writes the secret in the vault of every stamp",
    };
    format!("{merged}, {promoted}, and {written}")
}

/// That the target key is made anew first, and what holds it until then.
fn renewal(foresight: &Foresight) -> Vec<String> {
    let Some(renewal) = &foresight.renewal else { return Vec::new() };
    let to = foresight.opened.from.other();
    let most = span::duration(renewal.max);
    let why = match renewal.age {
        Some(age) if age > renewal.max => {
            format!("it is {} old, and {most} are allowed", span::duration(age))
        }
        Some(_) => format!("no older than {most} is allowed"),
        None => format!("nobody knows how old it is, and {most} are allowed"),
    };
    let first = format!("the {to} key is made anew before anything else ({why}: `max_target_age`)");
    let mut lines = vec![marked(foresight, renewal.course, &first)];
    if renewal.course == Course::ToCome {
        lines.push(format!(
            "    held until no vault, Kubernetes Secret, pod or known reader has it and no code or run names it, it is unused, \
             and somebody approves it by its slot (`--approve {to}`); `target-young:{to}` accepts its age instead"
        ));
    }
    lines
}

/// With how far it is, where the rotation is open.
fn marked(foresight: &Foresight, course: Course, what: &str) -> String {
    match foresight.begun {
        true => format!("{:<8} {what}", course_word(course)),
        false => what.to_owned(),
    }
}

fn course_word(course: Course) -> &'static str {
    match course {
        Course::ToCome => "to come",
        Course::Running => "now",
        Course::Done => "done",
    }
}

/// The stamps of a wave; each with how far it is, where they differ.
fn stamps(wave: &Wave) -> String {
    let alike = wave.stamps.iter().all(|(_, course)| Some(course) == wave.stamps.first().map(|(_, it)| it));
    let name = |(stamp, course): &(crate::model::StampName, Course)| match alike {
        true => stamp.to_string(),
        false => format!("{stamp} ({})", course_word(*course)),
    };
    wave.stamps.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn waits(foresight: &Foresight) -> Vec<String> {
    let waits = &foresight.waits;
    let to = foresight.opened.from.other();
    let unused = format!("the {to} key is unused before it is made anew");
    let all = [
        (unused.as_str(), waits.renewal),
        ("until every replica of a vault answers with the new version", waits.settling),
        ("the canary runs on the new key", waits.soak),
        ("it is known of each wave whom the account refuses, before the next one", waits.judging),
        ("the old key is unused", waits.quiet),
        ("the regenerated key is accepted again and again", waits.confirm),
    ];
    let mut lines: Vec<String> = all
        .into_iter()
        .filter(|(_, wait)| !wait.is_zero())
        .map(|(what, wait)| format!("{}: {what}", span::duration(wait)))
        .collect();
    if foresight.renewal.as_ref().is_some_and(|renewal| renewal.course != Course::Done) {
        lines.push(format!("a minute to hours: Azure makes the {to} key anew, which comes on top"));
    }
    let total = span::duration(waits.total());
    let all = if foresight.begun { "are left in all" } else { "in all" };
    lines.push(format!("{total} {all}; reviews, pipeline runs and rollouts come on top"));
    lines
}

fn rights(foresight: &Foresight, wanted: impl Fn(&Right) -> bool) -> Vec<String> {
    let told = foresight.rights.iter().filter(|(_, right)| wanted(&right.right));
    told.map(|(by, right)| match &right.right {
        Right::Unknown(why) => format!("{by}: {}: {why}", right.what),
        Right::Allowed | Right::Denied | Right::Unneeded => {
            format!("{by}: {}; to do: {}", right.what, right.remedy)
        }
    })
    .collect()
}

/// One concern, as a line.
pub fn concern(concern: &Concern) -> String {
    match concern {
        Concern::AgeUnknown => "the target key's age is not known: it was not regenerated since 2022-06-18".to_owned(),
        Concern::LastUseUnknown => {
            "Azure does not tell when keys were last used: only pods and vaults can show that nobody uses the old one"
                .to_owned()
        }
        Concern::NoInventory => {
            "nobody looks for stamps that are not listed: add [environment.NAME.inventory] to keyslot.toml".to_owned()
        }
        Concern::NoLogs { counted } => {
            let refused = match counted {
                true => "is not looked up, and of a restarted stamp that is refused its metrics alone tell",
                false => "and whether a restarted stamp is refused, is not looked up",
            };
            format!(
                "nobody says where requests to the account are logged, so who else uses the key{}{refused}: add \
                 [environment.NAME.logs] to keyslot.toml",
                if *counted { " " } else { ", " }
            )
        }
        Concern::NoMetrics { why } => format!(
            "whether a restarted stamp is refused, the account's metrics do not tell, for they cannot be read: {why}"
        ),
        Concern::AddressesUnknown { stamp } => format!(
            "{stamp}: nobody says from where its pods are seen to come, so that an address of theirs that is not \
             seen again with the new key holds like a stranger's: add `addresses` to the stamp in keyslot.toml or, of a \
             release unit, `outbound_addresses` to its object in the Terraform output"
        ),
        Concern::RegionUnknown { stamp, said: None } => format!(
            "{stamp}: nobody says which of the account's regions serves it, so that what any of them refuses counts as \
             its own: add `region` to the stamp in keyslot.toml"
        ),
        Concern::RegionUnknown { stamp, said: Some(region) } => format!(
            "{stamp}: the account is not in {region}, so that what any of its regions refuses counts as the stamp's own"
        ),
        Concern::SecretsUnseen { stamp, secrets, why } => format!(
            "{stamp}: whether a SecretProviderClass filled {} before, which pods read and none fills now, nobody may see: {why}; a \
             Secret that lost its class keeps the old key",
            secrets.join(", ")
        ),
        Concern::NoRotation { stamp, secrets } => format!(
            "{stamp}: its CSI driver has rotation off: the old key stays in {} when the vault holds the new one, which holds the \
             rotation then: {}",
            all_named("Kubernetes Secret", secrets),
            reason::FILLED
        ),
        Concern::RotationUnknown { stamp, secrets } => format!(
            "{stamp}: nobody says whether its CSI driver has rotation on (Azure does, where the stamp's `aks` names its \
             cluster, and the driver is its add-on); where it is off, the old key stays in {} when the vault holds the new one, which holds the rotation \
             then: {}",
            all_named("Kubernetes Secret", secrets),
            reason::FILLED
        ),
        Concern::NotLookedAt { stamp, extent: Extent { namespaces, refused, whole: _ } } => {
            let refused = match refused.as_slice() {
                [] => String::new(),
                refused => format!("; {} may not be listed", refused.join(", ")),
            };
            format!(
                "{stamp}: of its cluster only {} {} looked at{refused}: whoever gets the secret elsewhere is not seen",
                all_named("namespace", namespaces),
                if namespaces.len() == 1 { "is" } else { "are" }
            )
        }
        Concern::NotRunning { stamp } => {
            format!("{stamp}: its cluster does not run: its vault has to hold the new key, and {}", reason::STOPPED)
        }
        Concern::NoCluster { stamp } => {
            format!("{stamp}: there is no such cluster; only its vault has to hold the new key")
        }
        Concern::Closed { stamp } => {
            format!("{stamp}: {}; take it out of keyslot.toml", super::verify::CLOSED)
        }
        Concern::SecretExpires { stamp, at } => format!(
            "{stamp}: the secret's current version expires at {}, by what stands beside it: Key Vault goes on handing it out, \
             others may not take it; the next version has the end that the code gives it",
            span::rfc3339(*at)
        ),
        Concern::SecretNotYetValid { stamp, at } => format!(
            "{stamp}: the secret's current version is not valid before {}, by what stands beside it: Key Vault hands it out all \
             the same, others may not take it; the next version has the date that the code gives it",
            span::rfc3339(*at)
        ),
        Concern::OneReplica { stamp, workload } => {
            format!("{stamp}: {workload} has one replica: it depends on a second one starting first")
        }
        Concern::NoSurge { stamp, workload } => {
            format!("{stamp}: {workload} takes a replica away before it adds one (maxSurge 0)")
        }
        Concern::RollsOut { stamp, workload } => {
            format!("{stamp}: {workload} is rolling out: its restart waits until that is over")
        }
        Concern::Scaled { stamp, workload } => format!("{stamp}: {workload} is scaled to zero"),
        Concern::NetworkRules { rules } => format!(
            "the account does not let everybody in ({}), and this machine is let in: every machine that goes on with the \
             rotation has to be, up to the end of confirm, or it halts there",
            reason::network_rules(rules)
        ),
        Concern::RoomUnknown { stamp, why } => format!(
            "{stamp}: whether there is room for a restart is not known: {why}; where there is none, the rollout stops, and \
             the pods that serve stay"
        ),
        Concern::LittleRoom { stamp, workload, quota, fit, surge } => format!(
            "{stamp}: the quota {quota} has room for {fit} of the {surge} pods that a restart of {workload} may add: it \
             takes longer"
        ),
        Concern::AtMaximum { stamp, workload, most } => format!(
            "{stamp}: {workload} has all the {most} pods that its autoscaler may give it, and a restart takes some away for \
             a while (`maxUnavailable`)"
        ),
        Concern::PodsWait { stamp, unplaced, workloads } => format!(
            "{stamp}: no node has room for {} ({}): the new pods of {} may wait as well, and the rollout with them; those \
             that serve stay until a new one does; add nodes, or see that a node autoscaler does",
            reason::waiting_pods(unplaced.count, &unplaced.pods),
            unplaced.message,
            workloads.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
        Concern::NodesFull { stamp, workload, takers, grows, loses } => format!(
            "{stamp}: {} has room for one pod more of {workload}, by what pods request of cpu, memory and places: {}{}",
            match takers {
                0 => "no node takes its pods now, and none".to_owned(),
                1 => "the one node that takes its pods has none left: none".to_owned(),
                many => format!("none of the {many} nodes that take its pods"),
            },
            match loses {
                true => "its restart takes pods away all the same, and they are missed until there is room",
                false => "its rollout stops, and the pods that serve stay, until there is room",
            },
            match grows {
                true => "; a node autoscaler seems to be there, and may make some; see that it has not reached its limit",
                false => "; add a node, or free some room",
            }
        ),
        Concern::NodesUnknown { stamp, why } => {
            format!("{stamp}: whether a node has room for the pods that a restart adds is not known: {why}")
        }
        Concern::TightBudgets { stamp, budgets } => format!(
            "{stamp}: {} now: a rolling update does not ask PodDisruptionBudgets, for it evicts nothing, but a drain of a \
             node or an upgrade of the cluster would wait",
            no_eviction(budgets)
        ),
        Concern::BudgetsHold { stamp, workload, budgets } => format!(
            "{stamp}: {} now: Argo restarts {workload} by evictions, and waits where such a budget counts its pods",
            no_eviction(budgets)
        ),
        Concern::BudgetsUnknown { stamp, why } => {
            format!("{stamp}: PodDisruptionBudgets, which would hold a drain and no restart, cannot be seen: {why}")
        }
        Concern::RightEnds { until } => format!(
            "the role that lets keyslot regenerate ends at {}, before the prescribed waits alone are over: have it \
             extended in time",
            span::rfc3339(*until)
        ),
        Concern::LogsBegin { begins, from } => format!(
            "the first row of the account's logs is of {}: that a key is unused they can tell from {} on",
            span::rfc3339(*begins),
            span::rfc3339(*from)
        ),
        Concern::CensusBegins { begins, from } => format!(
            "the first row of the account's logs is of {}: who comes by now and then they can tell from {} on, and until then \
             that holds the regeneration; a shorter `census_window` under the environment's policy asks for less, or it is \
             accepted by name",
            span::rfc3339(*begins),
            span::rfc3339(*from)
        ),
        Concern::AuditsBegin { vaults } => {
            let vault = |(stamp, begins): &(crate::model::StampName, jiff::Timestamp)| {
                format!("{stamp} ({})", span::rfc3339(*begins))
            };
            format!(
                "the audit of these vaults begins within the census window: {}; who read the secret there before, nobody \
                 knows, and nothing holds for it",
                vaults.iter().map(vault).collect::<Vec<_>>().join(", ")
            )
        }
        Concern::RuleMayRefuse { branch, deed, demand } => format!(
            "it is not known whether the forge lets keyslot {}; if it does not: {}",
            branch_rules::refused(branch, *deed, demand),
            branch_rules::remedy(*deed, demand)
        ),
        Concern::RulesUnread { branch, what } => format!("{branch}: {}", branch_rules::unread(*what)),
        Concern::RulesUnseen { branch, why } => {
            format!("{branch}: what the forge's rules say of it cannot be seen: {why}")
        }
        Concern::RestartUntold { stamp, what, why } => {
            format!("{stamp}: whether keyslot may {what}, its cluster does not say: {why}")
        }
        Concern::Managed { workload, by, stamps } => format!(
            "{by} manages {workload} ({}): it may take the mark of a restart away again, which rolls the pods once more; have it \
             ignore the annotations of the pod template, or wait until it has settled",
            match stamps.as_slice() {
                [stamp] => stamp.to_string(),
                several => counted(several.len(), "stamp"),
            }
        ),
        Concern::DoesNotConsume { stamp, workload } => {
            format!("{stamp}: {workload} is configured and does not get the secret")
        }
    }
}

fn all_named(noun: &str, names: &[String]) -> String {
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("the {noun}{plural} {}", names.join(", "))
}

fn no_eviction(budgets: &[String]) -> String {
    let allow = if budgets.len() == 1 { "allows" } else { "allow" };
    format!("{} {allow} no eviction", budgets.join(", "))
}

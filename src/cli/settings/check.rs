//! What single values cannot tell: names that come twice, stages that would harm, clocks that must not run fast.

mod clock;
mod pipeline;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::places::Step;
use super::{AksSettings, CommitBy, Environment, PipelineKind, ReleaseSettings, Settings, Span};
use crate::journal::StorePlace;
use crate::model::{EnvironmentName, Promotion, Propagation, Route, WORKLOAD_GRAMMAR};
use crate::render::pull_request::{PLACEHOLDERS, unknown_placeholders};

/// One thing that is wrong, by the path of its key.
pub(super) struct Problem {
    pub(super) path: Vec<Step>,
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Problem {
    fn new(path: Vec<Step>, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { path, what: what.into(), remedy: remedy.into() }
    }

    fn below(mut self, steps: &[Step]) -> Problem {
        self.path.splice(0..0, steps.iter().cloned());
        self
    }
}

type Checked = Result<(), Problem>;

/// The first thing that is wrong.
pub(super) fn problem(settings: &Settings, file: &Path) -> Option<Problem> {
    all(settings, file).err()
}

fn all(settings: &Settings, file: &Path) -> Checked {
    let speed = settings.endpoints.clock.as_ref().map_or(1.0, |clock| clock.speed);
    for (name, environment) in &settings.environments {
        let path = keys(["environment", name.as_str()]);
        environment_name(name)
            .and_then(|()| state(environment, file))
            .and_then(|()| texts(environment))
            .and_then(|()| stamps(environment))
            .and_then(|()| workloads(environment))
            .and_then(|()| pipeline::check(&environment.release.pipeline))
            .and_then(|()| pipeline::validation(&environment.release))
            .and_then(|()| one_token(environment))
            .and_then(|()| commits(environment))
            .and_then(|()| baseline(environment))
            .and_then(|()| waits(environment, speed))
            .and_then(|()| readers(environment))
            .and_then(|()| release_branch(environment))
            .map_err(|problem| problem.below(&path))?;
    }
    declared(settings)?;
    resolve(settings)?;
    clock::check(settings, file)
}

/// Which of two places counts would be anybody's guess.
fn one_token(environment: &Environment) -> Checked {
    let forge = &environment.release.forge;
    if forge.token.is_some() && forge.app.is_some() {
        let what = "GitHub tokens come from an App or from another place, not from both";
        return Err(Problem::new(keys(["release", "forge", "token"]), what, "leave out `token`, or the App"));
    }
    Ok(())
}

/// GitHub signs what it commits.
fn commits(environment: &Environment) -> Checked {
    let terraform = &environment.terraform;
    if terraform.commit == CommitBy::Api && terraform.sign.is_some() {
        let what = "GitHub signs the commits that it makes, so nothing is to be said of how they are signed";
        return Err(Problem::new(
            keys(["terraform", "sign"]),
            what,
            "leave out `sign`, or `commit = \"api\"`",
        ));
    }
    Ok(())
}

/// It is read from a commit, not from a disk.
fn baseline(environment: &Environment) -> Checked {
    let Some(path) = &environment.terraform.baseline else { return Ok(()) };
    let in_repository = |part: &str| !matches!(part, "" | "." | "..");
    if path.split('/').all(in_repository) {
        return Ok(());
    }
    let what = format!("“{path}” is no path of a file in the repository");
    let remedy = "write it from the repository's top, as \"infra/known.json\"";
    Err(Problem::new(keys(["terraform", "baseline"]), what, remedy))
}

fn declared(settings: &Settings) -> Checked {
    let mut names = BTreeSet::new();
    let mut claimed: BTreeMap<&str, &String> = BTreeMap::new();
    for (index, account) in settings.check.accounts.iter().enumerate() {
        let path = |key: &str| vec!["check".into(), "account".into(), index.into(), key.into()];
        if account.name.trim().is_empty() || !names.insert(account.name.trim().to_lowercase()) {
            let what = "every declared account has a name of its own";
            return Err(Problem::new(path("name"), what, "write another name, or put the symbols together"));
        }
        if account.symbols.iter().all(|symbol| symbol.trim().is_empty()) {
            let what = "no symbol stands for this account";
            return Err(Problem::new(path("symbols"), what, "`keyslot check` shows the symbols"));
        }
        for symbol in &account.symbols {
            if let Some(other) =
                claimed.insert(symbol.trim(), &account.name).filter(|it| *it != &account.name)
            {
                let what = format!("`{symbol}` is declared for the account {other} already");
                return Err(Problem::new(path("symbols"), what, "leave it with one of the two"));
            }
        }
    }
    mirrors(settings)
}

/// A pattern for every place would leave nothing that is read.
fn mirrors(settings: &Settings) -> Checked {
    for (index, mirror) in settings.check.mirrors.iter().enumerate() {
        let path = vec!["check".into(), "mirrors".into(), index.into()];
        let place = mirror.split_once(':').map_or(mirror.as_str(), |(_, place)| place);
        if place.chars().all(|letter| matches!(letter, '*' | '.')) {
            let what = "this declares every place a mirror of both slots";
            return Err(Problem::new(
                path,
                what,
                "name the place: FOLDER:PLACE, as `keyslot check` shows it",
            ));
        }
        if !mirror.contains([':', '*']) {
            let what = "a mirror is FOLDER:PLACE, and there is no folder";
            return Err(Problem::new(path, what, format!("write \":{mirror}\" for the folder of this file")));
        }
    }
    Ok(())
}

/// `*` stands only for everything below a domain.
fn resolve(settings: &Settings) -> Checked {
    for name in settings.endpoints.resolve.keys() {
        let bare = name.strip_prefix("*.").unwrap_or(name);
        if bare.is_empty() || bare.starts_with('.') || bare.contains(['*', '/', ':']) {
            let what = "neither a host nor “*.” and a domain";
            return Err(Problem::new(keys(["endpoints", "resolve", name]), what, "write \"*.example.com\""));
        }
    }
    Ok(())
}

fn keys<const N: usize>(names: [&str; N]) -> Vec<Step> {
    names.into_iter().map(Step::from).collect()
}

/// The name becomes a folder and part of addresses.
fn environment_name(name: &EnvironmentName) -> Checked {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if !name.as_str().is_empty() && name.as_str().chars().all(plain) {
        return Ok(());
    }
    Err(Problem::new(Vec::new(), "an environment has letters, digits, - and _ in its name", "rename it"))
}

fn state(environment: &Environment, file: &Path) -> Checked {
    let folder = file.parent().unwrap_or(Path::new(""));
    StorePlace::parse(&environment.state, folder).map(drop).map_err(|error| {
        Problem::new(keys(["state"]), error.to_string(), "name a folder or the address of a shared store")
    })
}

/// Names that must be something.
fn texts(environment: &Environment) -> Checked {
    let Environment { account, terraform, secret, release, workloads, .. } = environment;
    let named = [
        (keys(["account", "subscription"]), &account.subscription),
        (keys(["account", "resource_group"]), &account.resource_group),
        (keys(["account", "name"]), &account.name),
        (keys(["terraform", "base_branch"]), &terraform.base_branch),
        (keys(["secret", "name"]), &secret.name),
        (keys(["release", "forge", "owner"]), &release.forge.owner),
        (keys(["release", "forge", "repository"]), &release.forge.repository),
        (keys(["workloads", "namespace"]), &workloads.namespace),
    ];
    let read_only = secret.read_only.iter().map(|name| (keys(["secret", "read_only"]), name));
    for (path, text) in named.into_iter().chain(read_only) {
        if text.trim().is_empty() {
            return Err(Problem::new(path, "it is empty", "write the name"));
        }
    }
    // Key Vault's names have no case.
    if secret.read_only.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&secret.name)) {
        let what = "the read-only key stands in a secret of its own";
        return Err(Problem::new(keys(["secret", "read_only"]), what, "name that one, or remove the line"));
    }
    Ok(())
}

fn stamps(environment: &Environment) -> Checked {
    let path = |index: usize, key: &str| vec!["stamp".into(), index.into(), key.into()];
    if environment.stamps.is_empty() && environment.units.is_empty() {
        let remedy = "add [[environment.NAME.stamp]] or [[environment.NAME.release_unit]]";
        return Err(Problem::new(keys(["stamp"]), "there is no stamp", remedy));
    }
    if environment.inventory.as_ref().is_some_and(|it| it.names.is_empty() && it.tags.is_empty()) {
        let what = "neither names nor tags say what a stamp looks like";
        return Err(Problem::new(keys(["inventory"]), what, "write `names = [\"…\"]` or `tags = { … }`"));
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if environment
        .logs
        .as_ref()
        .is_some_and(|logs| logs.workspace.is_empty() || !logs.workspace.chars().all(plain))
    {
        let remedy = "write the workspace's id, a GUID, and not its name or resource id";
        return Err(Problem::new(keys(["logs", "workspace"]), "no id of a workspace", remedy));
    }
    let mut units = BTreeSet::new();
    for (index, unit) in environment.units.iter().enumerate() {
        if unit.name.is_empty() || !units.insert(&unit.name) {
            let path = vec!["release_unit".into(), index.into(), "name".into()];
            return Err(Problem::new(
                path,
                "every release unit has a name of its own",
                "give it another name",
            ));
        }
    }
    let (mut names, mut vaults) = (BTreeSet::new(), BTreeSet::new());
    let (mut contexts, mut clusters) = (BTreeSet::new(), BTreeSet::new());
    for (index, stamp) in environment.stamps.iter().enumerate() {
        if stamp.name.is_empty() || !names.insert(&stamp.name) {
            let what = "every stamp has a name of its own";
            return Err(Problem::new(path(index, "name"), what, "give it another name"));
        }
        if stamp.unit.trim().is_empty() {
            let what = "every stamp says of which release unit it is";
            return Err(Problem::new(path(index, "unit"), what, "write the unit's name: `unit = \"…\"`"));
        }
        if stamp.key_vault.is_empty() || stamp.key_vault.contains('.') {
            let what = "the vault's name stands here, without a domain";
            return Err(Problem::new(
                path(index, "key_vault"),
                what,
                "write what stands before the first dot",
            ));
        }
        if stamp.kubeconfig.is_none() && stamp.aks.is_none() {
            let what = "a stamp has a kubeconfig, or the cluster's name in Azure, or both";
            let remedy = "write `kubeconfig = …`, or `aks = { resource_group = …, name = … }`";
            return Err(Problem::new(path(index, "kubeconfig"), what, remedy));
        }
        if !vaults.insert(stamp.key_vault.to_ascii_lowercase()) {
            let what = "another stamp has this Key Vault: each has its own";
            return Err(Problem::new(path(index, "key_vault"), what, "correct one of the two"));
        }
        let what = "another stamp has this cluster: each has its own";
        if let Some(kubeconfig) = &stamp.kubeconfig
            && !contexts.insert((kubeconfig, &stamp.context))
        {
            return Err(Problem::new(path(index, "kubeconfig"), what, "correct one of the two"));
        }
        if let Some(aks) = &stamp.aks
            && !clusters.insert(aks_id(environment, aks))
        {
            return Err(Problem::new(path(index, "aks"), what, "correct one of the two"));
        }
    }
    Ok(())
}

/// By which Azure tells one cluster from another; its names have no case.
fn aks_id(environment: &Environment, aks: &AksSettings) -> [String; 3] {
    let subscription = aks.subscription.as_ref().unwrap_or(&environment.account.subscription);
    [subscription, &aks.resource_group, &aks.name].map(|part| part.to_ascii_lowercase())
}

fn workloads(environment: &Environment) -> Checked {
    let order = &environment.workloads.order;
    if order.is_empty() {
        let what = "no workload is named: nothing would be restarted";
        return Err(Problem::new(keys(["workloads", "order"]), what, "name the workloads that use the key"));
    }
    let mut seen = BTreeSet::new();
    for (index, name) in environment.workloads.names().into_iter().enumerate() {
        let path = vec!["workloads".into(), "order".into(), index.into()];
        // Only what cannot be read keeps a slash in its name.
        if name.name.is_empty() || name.namespace.is_empty() || name.name.contains('/') {
            return Err(Problem::new(path, "this names no workload", WORKLOAD_GRAMMAR));
        }
        // Kubernetes names are lower case; two spellings are one workload.
        if !seen.insert(name.to_string().to_lowercase()) {
            return Err(Problem::new(path, "this workload is named twice", "remove one of the two"));
        }
    }
    Ok(())
}

/// A sign-off says whom it speaks of, why, and for a time.
fn readers(environment: &Environment) -> Checked {
    for (place, reader) in environment.readers.iter().enumerate() {
        let path =
            |key: &str| vec![Step::Key("reader".to_owned()), Step::Entry(place), Step::Key(key.to_owned())];
        let wrong = |key, what, remedy| Err(Problem::new(path(key), what, remedy));
        if reader.identity.is_none() && reader.address.is_none() && reader.agent.is_none() {
            return wrong(
                "because",
                "a reader is signed off that nothing names",
                "add `identity`, `address` or `agent`",
            );
        }
        if reader.because.trim().is_empty() {
            return wrong("because", "the reason is empty", "say why it is gone");
        }
        if reader.by.trim().is_empty() {
            return wrong("by", "the name is empty", "say who says that it is gone");
        }
        if reader.until <= reader.gone {
            return wrong("until", "it ends before the reader is gone", "set it to a later time");
        }
    }
    Ok(())
}

/// Ages and waits have a limit: for so long something may change unseen before a step is taken all the same.
fn waits(environment: &Environment, speed: f64) -> Checked {
    let policy = &environment.policy;
    if policy.wave_size == 0 {
        let what = "a wave has at least one stamp";
        return Err(Problem::new(keys(["policy", "wave_size"]), what, "write 1 or more"));
    }
    if policy.restart_budget == 0 {
        let what = "a rotation restarts every workload once";
        return Err(Problem::new(keys(["policy", "restart_budget"]), what, "write 1 or more"));
    }
    let (ages, pace) = (&policy.ages, &policy.pace);
    let (hour, day, quarter) = (Span::minutes(60), Span::minutes(24 * 60), Span::minutes(90 * 24 * 60));
    if policy.log_lag < Span::minutes(1) {
        let what =
            "rows of a log come minutes after what they tell of: without a lag every log looks stalled";
        return Err(Problem::new(keys(["policy", "log_lag"]), what, "write \"10m\", or a minute at least"));
    }
    let spans: [(&[&str], Span, Span); 16] = [
        (&["ages", "ordinary"], ages.ordinary, hour),
        (&["ages", "restart"], ages.restart, Span::minutes(30)),
        (&["ages", "regenerate"], ages.regenerate, Span::minutes(10)),
        (&["ages", "proof"], ages.proof, hour),
        (&["pace", "people"], pace.people, hour),
        (&["pace", "pipeline"], pace.pipeline, hour),
        (&["pace", "rollout"], pace.rollout, hour),
        (&["pace", "pods"], pace.pods, hour),
        (&["pace", "account"], pace.account, hour),
        (&["soak"], policy.soak, quarter),
        (&["quiet_window"], policy.quiet_window, quarter),
        (&["confirm_window"], policy.confirm_window, quarter),
        (&["vault_lag"], policy.vault_lag, day),
        (&["log_lag"], policy.log_lag, day),
        (&["metrics_lag"], policy.metrics_lag, day),
        (&["settle"], policy.settle, day),
    ];
    for (below, span, most) in spans {
        let path = || ["policy"].iter().chain(below).map(|key| Step::from(*key)).collect();
        // A clock that runs fast needs as many more of its seconds for the same look.
        if span.0.as_secs_f64() > most.0.as_secs_f64() * speed.max(1.0) {
            let (what, remedy) = match below {
                ["ages", _] => (
                    format!("evidence that is {span} old tells what was so, not what is so"),
                    format!("write \"{most}\" or less: what has become too old is looked at again by itself"),
                ),
                _ => {
                    (format!("{span} is longer than any rotation waits"), format!("write \"{most}\" or less"))
                }
            };
            return Err(Problem::new(path(), what, remedy));
        }
        // Windows may be empty.
        if below.len() == 2 && span < Span::seconds(1) {
            return Err(Problem::new(path(), "it is at least one second", "write a longer time"));
        }
    }
    Ok(())
}

/// What commits and pull requests say.
fn words(release: &ReleaseSettings) -> Checked {
    for (key, text) in [
        ("template", &release.template),
        ("title", &release.title),
        ("commit_message", &release.commit_message),
    ] {
        let Some(text) = text else { continue };
        let wrong = |what: String, remedy: &str| Err(Problem::new(keys(["release", key]), what, remedy));
        if let [name, ..] = unknown_placeholders(text).as_slice() {
            let known: Vec<String> = PLACEHOLDERS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
            let remedy = format!("write one of {}", known.join(", "));
            return wrong(format!("{{{name}}} stands for nothing"), &remedy);
        }
        if key != "template" && text.trim().is_empty() {
            return wrong("it says nothing".to_owned(), "write what it shall say, or remove this line");
        }
        if key == "title" && text.trim().contains('\n') {
            return wrong("a title is one line".to_owned(), "put what else there is to say into `template`");
        }
    }
    Ok(())
}

fn release_branch(environment: &Environment) -> Checked {
    let release = &environment.release;
    let base = &environment.terraform.base_branch;
    if release.route == Route::VaultFirst {
        let what = "this route is not built yet";
        return Err(Problem::new(keys(["release", "route"]), what, "write route = \"hotfix\""));
    }
    if release.promote == Promotion::PullRequest && release.branch.is_none() {
        let what = "there is no release branch to promote to";
        let remedy = "name it: `branch` under [environment.NAME.release]; or remove this line";
        return Err(Problem::new(keys(["release", "promote"]), what, remedy));
    }
    words(release)?;
    if release.propagate == Propagation::Write && release.pipeline.kind != PipelineKind::Manual {
        let what = "a pipeline writes the vaults, and so would keyslot";
        let remedy = "say kind = \"manual\" under pipeline where there is none, or remove this line";
        return Err(Problem::new(keys(["release", "propagate"]), what, remedy));
    }
    if release.branch.as_ref().is_some_and(|branch| branch.is_empty() || branch == base) {
        let what = "the release branch is another than the base branch";
        let remedy = "remove the key where base itself is deployed";
        return Err(Problem::new(keys(["release", "branch"]), what, remedy));
    }
    Ok(())
}

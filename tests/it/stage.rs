//! A stage for tables: evidence, journal and policy of a rotation that is ready to regenerate, to be spoilt one
//! piece at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyslot::model::{
    Access, AccountId, AccountRights, AccountView, Ages, AuditView, BranchName, BranchRules, BranchView,
    Brings, Caller, CensusView, ClusterView, CommitId, Credential, EnvironmentName, Fingerprint, FlipBack,
    Holding, Identity, InventoryView, KeyKind, KeyProof, KeyView, Pace, PodAsks, PodTimes, PodView, Policy,
    ProofVerdict, PullApproval, PullCheck, PullEnds, PullNumber, PullPolicy, PullState, PullView, Region,
    RegionProof, ReleaseView, ReplicaNumber, Requests, Right, RightView, RoomView, RotationId, Route,
    RunStart, Salt, SecretReads, SecretVersion, Seen, SharedStore, Slot, SlotUse, StampFacts, StampName,
    Strategy, Term, TreeClaim, UsageView, VaultView, WorkloadName, WorkloadView, World,
};
use keyslot::rotation::{
    Approval, Decider, Decision, Ended, Event, Fold, Gate, Intent, Leg, Opened, Outcome, Phase, Reach,
    Report, StampRestart, Step, Verdict, decide, restarts,
};

pub const HOLDER: &str = "tester";

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub fn salt() -> Salt {
    Salt::new("00")
}

pub fn key(slot: Slot) -> Fingerprint {
    Fingerprint::of(slot.as_str().as_bytes(), &salt())
}

pub fn stamp(name: &str) -> StampName {
    StampName::new(name)
}

pub fn workload() -> WorkloadName {
    WorkloadName::new("workload", "catalogservice-deploy")
}

/// Everything that a decision takes.
#[derive(Clone)]
pub struct Stage {
    pub events: Vec<(Timestamp, Event)>,
    pub world: World,
    pub policy: Policy,
    pub now: Timestamp,
    pub without: BTreeSet<Gate>,
    pub reach: Reach,
}

impl Stage {
    /// As if the step had been tried now, and ended so; `None`: nothing is known of its end.
    pub fn tried(&mut self, step: &Step, outcome: Option<Outcome>) {
        let key = step.key();
        let attempt = self.fold().next_attempt(&key);
        let (generation_before, evidence, commit) = (None, String::new(), None);
        let secrets = Vec::new();
        let intent =
            Intent { key, attempt, step: step.clone(), generation_before, evidence, commit, secrets };
        let now = self.now;
        self.recorded(now, intent, outcome.map(|outcome| (now, outcome)));
    }

    /// An intent, and how it ended; `None`: nothing is known of its end.
    pub fn recorded(&mut self, sent: Timestamp, intent: Intent, end: Option<(Timestamp, Outcome)>) {
        let (key, attempt) = (intent.key.clone(), intent.attempt);
        self.events.push((sent, Event::Intended { intents: vec![intent] }));
        if let Some((at, outcome)) = end {
            self.events.push((at, Event::Ended { ends: vec![Ended { key, attempt, outcome }] }));
        }
    }

    /// Everybody is on secondary, every old pod is gone, a person has approved: only the regeneration is left.
    pub fn ready() -> Stage {
        let now = at(100_000);
        let stamps = ["east", "north"];
        let mut world = World {
            account: Some(Seen::known(now, account())),
            code: Some(Seen::known(now, code())),
            runs: Some(Seen::known(now, Vec::new())),
            inventory: Some(Seen::known(now, InventoryView { alike: 4, ..InventoryView::default() })),
            usage: Some(Seen::known(now, usage(now))),
            census: Some(Seen::known(now, census(now))),
            rights: Some(Seen::known(now, rights())),
            ..World::default()
        };
        world.proofs.insert(Slot::Secondary, Seen::known(now, proof(Slot::Secondary)));
        world.pulls.insert(proposal(), Seen::known(now, Some(pull())));
        for name in stamps {
            world.vaults.insert(stamp(name), Seen::known(now, vault()));
            let mut cluster = cluster();
            cluster.pods.iter_mut().for_each(|pod| pod.uid = format!("{name}-{}", pod.uid));
            world.clusters.insert(stamp(name), Seen::known(now, cluster));
            world.rooms.insert(stamp(name), Seen::known(now, RoomView::default()));
        }
        for name in ["east", "north", "west"] {
            world.rights_in.insert(stamp(name), Seen::known(now, Vec::new()));
        }
        for branch in [proposal_branch(), BranchName::new("main"), BranchName::new("release/1")] {
            world.rules.insert(branch, Seen::known(now, BranchRules::default()));
        }
        let events = vec![
            (at(0), Event::Opened(opened())),
            (at(1), Event::Reached { leg: Leg::Out, phase: Phase::Propose }),
            (at(2), Event::Lease { holder: HOLDER.to_owned(), until: at(200_000) }),
            (
                at(3),
                Event::Approved(Approval {
                    by: "approver".to_owned(),
                    rotation: RotationId::new("r1"),
                    digest: None,
                    key: None,
                }),
            ),
        ];
        Stage { events, world, policy: policy(), now, without: BTreeSet::new(), reach: Reach::Whole }
    }

    /// The same with every pod older than its vault's version: restart is next.
    pub fn before_restart() -> Stage {
        let mut stage = Stage::ready();
        for seen in stage.world.clusters.values_mut() {
            if let Ok(cluster) = &mut seen.what {
                for pod in &mut cluster.pods {
                    pod.created = at(10);
                    pod.mounted = Some(SecretVersion::new("v2"));
                }
            }
        }
        stage
    }

    pub fn fold(&self) -> Fold {
        Fold::of(self.events.iter().enumerate().map(|(seq, (at, event))| (seq as u64 + 1, *at, event)))
            .expect("a legal journal")
    }

    pub fn decide(&self) -> Decision {
        let decider =
            Decider { policy: &self.policy, holder: HOLDER, without: &self.without, reach: &self.reach };
        decide(&decider, &self.fold(), &self.world, self.now).expect("an open rotation")
    }

    pub fn report(&self) -> Report {
        let decider =
            Decider { policy: &self.policy, holder: HOLDER, without: &self.without, reach: &self.reach };
        Report::of(&decider, &self.fold(), &Arc::new(self.world.clone()), self.now)
    }

    /// Where every restart stands, for people.
    pub fn restarts(&self) -> Vec<StampRestart> {
        let decider =
            Decider { policy: &self.policy, holder: HOLDER, without: &self.without, reach: &self.reach };
        let fold = self.fold();
        let opened = fold.rotation().expect("an open rotation");
        restarts(&decider, &fold, opened, &self.world, self.now)
    }

    pub fn vault_mut(&mut self, name: &str) -> &mut VaultView {
        self.world.vaults.get_mut(&stamp(name)).unwrap().what.as_mut().unwrap()
    }

    pub fn cluster_mut(&mut self, name: &str) -> &mut ClusterView {
        self.world.clusters.get_mut(&stamp(name)).unwrap().what.as_mut().unwrap()
    }

    pub fn account_mut(&mut self) -> &mut AccountView {
        self.world.account.as_mut().unwrap().what.as_mut().unwrap()
    }

    pub fn rights_mut(&mut self) -> &mut AccountRights {
        self.world.rights.as_mut().unwrap().what.as_mut().unwrap()
    }

    pub fn usage_mut(&mut self) -> &mut UsageView {
        self.world.usage.as_mut().unwrap().what.as_mut().unwrap()
    }

    pub fn census_mut(&mut self) -> &mut CensusView {
        self.world.census.as_mut().unwrap().what.as_mut().unwrap()
    }

    pub fn code_mut(&mut self) -> &mut ReleaseView {
        self.world.code.as_mut().unwrap().what.as_mut().unwrap()
    }

    pub fn pull_mut(&mut self) -> &mut PullView {
        self.world.pulls.get_mut(&proposal()).unwrap().what.as_mut().unwrap().as_mut().unwrap()
    }
}

/// The gates that hold, and whether only a person can open them.
pub fn holding(decision: &Decision) -> BTreeSet<Gate> {
    match &decision.verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.iter().map(|reason| reason.gate).collect()
        }
        Verdict::Act { held, .. } => held.iter().map(|reason| reason.gate).collect(),
        Verdict::Record(_) | Verdict::Done | Verdict::Enough => BTreeSet::new(),
    }
}

/// What is done; nothing where it is waited or a person is called.
pub fn steps(decision: &Decision) -> Vec<Step> {
    match &decision.verdict {
        Verdict::Act { steps, .. } => steps.clone(),
        Verdict::Wait { .. } | Verdict::Halt { .. } => Vec::new(),
        other => panic!("{other:?}"),
    }
}

/// Everything is allowed, and stays so.
pub fn rights() -> AccountRights {
    let right = |what: &str| RightView {
        what: what.to_owned(),
        right: Right::Allowed,
        remedy: "ask for it".to_owned(),
    };
    AccountRights { rights: vec![right("listKeys"), right("regenerateKey")], term: Term::Lasting }
}

/// Every region serves requests with the new key; in one of them, those of keyslot's proof alone.
pub fn usage(now: Timestamp) -> UsageView {
    let served = |region: &str| requests(KeyKind::read_write(Slot::Secondary), region, now);
    let mut own = served("North Europe");
    own.caller.agent = "keyslot/0.1.0".to_owned();
    UsageView {
        since: now - SignedDuration::from_hours(29),
        newest: Some(now),
        requests: vec![served("east"), own, served("north")],
    }
}

/// Weeks of the same: the stamps used the old key until they moved, and their drivers read both versions.
pub fn census(now: Timestamp) -> CensusView {
    let since = now - SignedDuration::from_hours(14 * 24);
    let of_stamp = |place: usize, slot: Slot, last: Timestamp| {
        let mut used = requests(KeyKind::read_write(slot), "east", last);
        used.caller.address = address(place);
        used
    };
    let used = UsageView {
        since,
        newest: Some(now),
        requests: vec![
            Requests { first: since, ..of_stamp(0, Slot::Primary, at(50)) },
            of_stamp(0, Slot::Secondary, now),
        ],
    };
    let mut audit = AuditView { since, newest: BTreeMap::new(), oldest: BTreeMap::new(), reads: Vec::new() };
    for name in ["east", "north"] {
        audit.newest.insert(stamp(name), now);
        audit.reads.push(reads(name, &format!("driver-{name}"), "v1", at(40)));
        audit.reads.push(reads(name, &format!("driver-{name}"), "v2", now));
    }
    CensusView { used: Ok(used), read: Ok(audit) }
}

/// From where the pods of a stamp are seen to come.
pub fn address(place: usize) -> String {
    format!("20.50.0.{}", place + 1)
}

/// Reads of a stamp's secret by an application, the last of them then.
pub fn reads(vault: &str, application: &str, version: &str, last: Timestamp) -> SecretReads {
    SecretReads {
        stamp: stamp(vault),
        version: Some(SecretVersion::new(version)),
        identity: Identity { application: application.to_owned(), ..Identity::default() },
        caller: Caller { address: "198.51.100.9".to_owned(), agent: "azsdk".to_owned() },
        count: 3,
        first: last,
        last,
    }
}

/// Requests with the key, the last of them then.
pub fn requests(kind: KeyKind, region: &str, last: Timestamp) -> Requests {
    Requests {
        credential: Credential::Key(kind),
        refused: false,
        region: region.to_owned(),
        caller: Caller { address: "192.0.2.1".to_owned(), agent: "sdk".to_owned() },
        count: 7,
        first: last - SignedDuration::from_hours(1),
        last,
    }
}

pub fn proposal_branch() -> BranchName {
    BranchName::new("fix/keyslot-r1-secondary")
}

/// From where to where the change is proposed.
pub fn proposal() -> PullEnds {
    PullEnds { head: proposal_branch(), base: BranchName::new("main") }
}

pub fn opened() -> Opened {
    Opened {
        rotation: RotationId::new("r1"),
        environment: EnvironmentName::new("prod"),
        account: AccountId {
            subscription: "s".to_owned(),
            resource_group: "g".to_owned(),
            name: "cosmos".to_owned(),
        },
        from: Slot::Primary,
        access: Access::ReadWrite,
        retired_generation: Some(at(-1_000_000)),
        retired_fingerprint: Some(key(Slot::Primary)),
        salt: salt(),
        route: Route::Hotfix,
        flip_back: FlipBack::No,
        by: "proposer".to_owned(),
        pair: keyslot::rotation::Pair::Alone,
        round: 1,
        opening: 1,
        stamps: BTreeSet::new(),
    }
}

pub fn account() -> AccountView {
    let view = |slot: Slot| KeyView {
        generated: Some(at(-1_000_000)),
        // Whoever has moved uses the other one all the time.
        last_used: Some(if slot == Slot::Primary { at(10) } else { at(99_990) }),
        fingerprint: Some(key(slot)),
    };
    AccountView {
        provisioning: "Succeeded".to_owned(),
        local_auth_disabled: false,
        network: keyslot::model::NetworkRules::default(),
        regions: ["North Europe", "East", "North"]
            .map(|name| Region {
                name: name.to_owned(),
                endpoint: format!("https://cosmos-{}.example", name.to_lowercase().replace(' ', "")),
                writable: name == "North Europe",
            })
            .into(),
        keys: BTreeMap::from([
            (KeyKind::read_write(Slot::Primary), view(Slot::Primary)),
            (KeyKind::read_write(Slot::Secondary), view(Slot::Secondary)),
        ]),
        keys_hidden: None,
        tells_last_use: true,
    }
}

pub fn proof(slot: Slot) -> KeyProof {
    let accepted = RegionProof { read: ProofVerdict::Accepted, write: Some(ProofVerdict::Accepted) };
    KeyProof {
        fingerprint: Some(key(slot)),
        regions: BTreeMap::from([("North Europe".to_owned(), accepted)]),
    }
}

pub fn branch(name: &str, reads: SlotUse) -> BranchView {
    BranchView {
        branch: BranchName::new(name),
        head: CommitId::new("c".repeat(40)),
        claim: TreeClaim::of(reads, 1),
        is_flip: true,
        brings: ["main", "release/1"].map(|onto| (BranchName::new(onto), brings("0", true))).into(),
    }
}

/// What a branch has that another one lacks since they parted.
pub fn brings(since: &str, flip_alone: bool) -> Brings {
    Brings { since: Some(CommitId::new(since)), flip_alone, merged_reads: None }
}

pub fn code() -> ReleaseView {
    let secondary = SlotUse::Only(Slot::Secondary);
    ReleaseView {
        base: branch("main", secondary),
        release: Some(branch("release/1", secondary)),
        live_by: keyslot::model::LiveBy::Named,
        arrived: BTreeSet::new(),
        proposals: BTreeMap::from([(proposal_branch(), branch(proposal_branch().as_str(), secondary))]),
    }
}

pub fn pull() -> PullView {
    PullView {
        number: PullNumber(7),
        url: "https://forge.example/7".to_owned(),
        author: "keyslot".to_owned(),
        head_branch: proposal_branch(),
        head: CommitId::new("a".repeat(40)),
        base: BranchName::new("main"),
        state: PullState::Merged { commit: CommitId::new("b".repeat(40)) },
        approvals: vec![PullApproval {
            by: "reviewer".to_owned(),
            head: CommitId::new("a".repeat(40)),
            same_change: true,
        }],
        reviews_wanted: 1,
        unread: Vec::new(),
        auto_merge: false,
        checks: vec![PullCheck { name: "validation".to_owned(), required: true, passed: Some(true) }],
        waits: Vec::new(),
    }
}

pub fn vault() -> VaultView {
    VaultView {
        version: SecretVersion::new("v2"),
        created: at(50),
        expires: None,
        valid_from: None,
        fingerprint: key(Slot::Secondary),
    }
}

pub fn cluster() -> ClusterView {
    let name = workload();
    let pods = (0..3)
        .map(|number| PodView {
            name: format!("catalogservice-deploy-{number}"),
            uid: format!("u{number}"),
            namespace: name.namespace.clone(),
            created: at(60),
            deleting: None,
            workload: Some(name.clone()),
            above: None,
            phase: "Running".to_owned(),
            ready: true,
            ready_since: None,
            unready_since: None,
            holding: Holding::Specified { mounts: true, reads: Vec::new() },
            besides: None,
            mounted: Some(SecretVersion::new("v2")),
            mounted_besides: Vec::new(),
            fills: Vec::new(),
            elsewhere: Vec::new(),
            node: Some("node-1".to_owned()),
            asks: PodAsks::default(),
            trouble: None,
        })
        .collect();
    let ahead = Some(SignedDuration::ZERO);
    ClusterView { workloads: vec![deployment()], pods, ahead, ..ClusterView::default() }
}

pub fn deployment() -> WorkloadView {
    WorkloadView {
        name: workload(),
        uid: "d".to_owned(),
        generation: 1,
        observed_generation: 1,
        paused: false,
        strategy: Strategy::RollingUpdate {
            max_surge: ReplicaNumber::Percent(25),
            max_unavailable: ReplicaNumber::Percent(25),
        },
        desired: 3,
        replicas: 3,
        terminating: None,
        updated: 3,
        ready: 3,
        available: 3,
        unavailable: 0,
        between_revisions: false,
        conditions: Vec::new(),
        restarted_at: None,
        rotation: None,
        consumes: true,
        pinned: None,
        lacks: None,
        left: None,
        written: None,
        manager: None,
        times: PodTimes::default(),
    }
}

pub fn policy() -> Policy {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    Policy {
        route: Route::Hotfix,
        flip_back: FlipBack::No,
        base_branch: BranchName::new("main"),
        pulls: PullPolicy::default(),
        signs: None,
        run_start: RunStart::Asked,
        skip_stages: Vec::new(),
        deployments: false,
        moves_traffic: true,
        accepted_stages: Vec::new(),
        stamps: ["east", "north"]
            .iter()
            .enumerate()
            .map(|(place, name)| StampFacts {
                addresses: vec![address(place).parse().unwrap()],
                identities: vec![format!("driver-{name}")],
                name: stamp(name),
                unit: "unit".to_owned(),
                live_traffic: true,
                region: Some((*name).to_owned()),
            })
            .collect(),
        workloads: vec![workload()],
        wave_size: 1,
        restart_budget: 3,
        soak: minutes(10),
        quiet_window: minutes(30),
        confirm_window: minutes(30),
        vault_lag: Duration::from_secs(5),
        max_target_age: None,
        settle: minutes(15),
        approver_differs: false,
        propagation: keyslot::model::Propagation::Pipeline,
        promotion: keyslot::model::Promotion::Push,
        same_account: Vec::new(),
        words: keyslot::model::Wording::default(),
        inventory: true,
        log_lag: Some(minutes(10)),
        metrics_lag: None,
        census_window: minutes(14 * 24 * 60),
        automation: vec!["pipeline".to_owned()],
        sign_offs: Vec::new(),
        store: SharedStore::Shared,
        ages: Ages { ordinary: minutes(5), restart: minutes(2), regenerate: minutes(1), proof: minutes(10) },
        pace: Pace {
            people: minutes(1),
            pipeline: Duration::from_secs(30),
            rollout: Duration::from_secs(5),
            pods: Duration::from_secs(15),
            account: Duration::from_secs(30),
        },
    }
}

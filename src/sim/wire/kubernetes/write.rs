//! What a request may change: workloads by patches; Deployments, pods, Jobs and classes by deletion; pods, Jobs, CronJobs
//! and classes by creation. And the question what one may.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::super::{Changed, Lost};
use super::answer::{Refused, json_response};
use super::create;
use super::patch::{self, Current};
use super::resource::{Names, Resource};
use super::route::Target;
use super::serve::{Asked, No, Server, object, scale, stamp};
use super::undo;
use crate::model::{WorkloadKind, WorkloadName};
use crate::sim::kubernetes::{ClassChange, Cluster};
use crate::sim::{Call, Command, Operation, Refusal, World};

/// Does it, to a copy where it is a dry run, and looks at what came of it.
fn done<T>(
    asked: &Asked,
    world: &mut World,
    command: Command,
    (names, name): (&Names, &str),
    changed: &AtomicBool,
    look: impl FnOnce(&World) -> Result<T, No>,
) -> Result<T, No> {
    let mut copy = asked.query.dry_run.then(|| world.clone());
    let world = copy.as_mut().unwrap_or(world);
    let before = world.resource_version();
    world.apply(command).map_err(|refusal| refused(&refusal, names, name))?;
    changed.store(world.resource_version() != before && !asked.query.dry_run, Ordering::Relaxed);
    look(world)
}

impl Server {
    pub async fn patch(&self, asked: &Asked) -> Result<Response, No> {
        let content_type = asked.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let Some(workload) = asked.target.workload() else { return Err(No::Silence) };
        let rolls_back =
            content_type.is_some_and(undo::understood) && workload.kind == WorkloadKind::Deployment;
        if !rolls_back && !content_type.is_some_and(patch::understood) {
            return Err(patch::unsupported().into());
        }
        let is_scale = matches!(asked.target, Target::Scale { .. });
        let changed = AtomicBool::new(false);
        let answered = self
            .call(asked, Operation::Restart, |world| {
                let resource = Resource::of(workload.kind);
                let names = resource.names();
                let known = uid_and_app(&stamp(world, &self.access)?.cluster, &workload);
                let (uid, app) = known.ok_or_else(|| Refused::not_found(&names, &workload.name))?;
                let current = Current { name: &workload.name, kind: workload.kind, uid: &uid, app: &app };
                let read = if is_scale { patch::parse_scale } else { patch::parse };
                let patch = match rolls_back {
                    true => undo::parse(&asked.body, &workload, &stamp(world, &self.access)?.cluster)?,
                    false => read(&asked.body, current)?,
                };
                let command =
                    Command::Patch { stamp: self.access.stamp.clone(), workload: workload.clone(), patch };
                done(asked, world, command, (&names, &workload.name), &changed, |world| {
                    let stamp = stamp(world, &self.access)?;
                    object(stamp, resource, Some(&workload.namespace), &workload.name)
                })
            })
            .await;
        let response =
            answered.map(|json| json_response(StatusCode::OK, &if is_scale { scale(&json) } else { json }));
        mark(response, changed.load(Ordering::Relaxed))
    }

    /// A pod is told to end; a Deployment, a Job and a SecretProviderClass are gone at once, the pods of the first two are
    /// told to end.
    pub async fn delete(&self, asked: &Asked) -> Result<Response, No> {
        let Target::Object { resource, namespace: Some(namespace), name } = &asked.target else {
            return Err(No::Silence);
        };
        let changed = AtomicBool::new(false);
        let answered = self
            .call(asked, Operation::Restart, |world| {
                let names = resource.names();
                let before = object(stamp(world, &self.access)?, *resource, Some(namespace), name)?;
                let (stamp_name, in_namespace, named) =
                    (self.access.stamp.clone(), namespace.clone(), name.clone());
                let command = match resource {
                    Resource::Deployments => Command::DeleteDeployment {
                        stamp: stamp_name,
                        workload: WorkloadName::new(in_namespace, named),
                    },
                    Resource::Pods => {
                        Command::DeletePod { stamp: stamp_name, namespace: in_namespace, name: named }
                    }
                    Resource::Jobs => {
                        Command::DeleteJob { stamp: stamp_name, namespace: in_namespace, name: named }
                    }
                    Resource::Classes => Command::ChangeClass {
                        stamp: stamp_name,
                        namespace: in_namespace,
                        name: named,
                        change: ClassChange::Delete,
                    },
                    _ => return Err(No::Silence),
                };
                done(asked, world, command, (&names, name), &changed, |world| {
                    Ok(object(stamp(world, &self.access)?, *resource, Some(namespace), name)
                        .unwrap_or(before))
                })
            })
            .await;
        mark(answered.map(|json| json_response(StatusCode::OK, &json)), changed.load(Ordering::Relaxed))
    }

    /// A Job, a CronJob or a bare pod.
    pub async fn create(&self, asked: &Asked) -> Result<Response, No> {
        let Target::Collection { resource, namespace: Some(namespace) } = &asked.target else {
            return Err(No::Silence);
        };
        understood(asked, create::INSTEAD)?;
        let (name, made) = create::parse(*resource, &asked.body)?;
        let changed = AtomicBool::new(false);
        let answered = self
            .call(asked, Operation::Restart, |world| {
                let command = Command::Make {
                    stamp: self.access.stamp.clone(),
                    namespace: namespace.clone(),
                    name: name.clone(),
                    made,
                };
                done(asked, world, command, (&resource.names(), &name), &changed, |world| {
                    object(stamp(world, &self.access)?, *resource, Some(namespace), &name)
                })
            })
            .await;
        mark(answered.map(|json| json_response(StatusCode::CREATED, &json)), changed.load(Ordering::Relaxed))
    }

    /// Whoever has the token may do what the table of kinds says.
    pub fn review(&self, asked: &Asked) -> Result<Response, No> {
        understood(asked, "")?;
        let mut review: Value =
            serde_json::from_slice(&asked.body).map_err(|error| Refused::bad_request(error.to_string()))?;
        let attributes = &review["spec"]["resourceAttributes"];
        let text = |key: &str| attributes[key].as_str().unwrap_or_default();
        let resource = Resource::find_in(text("group"), text("resource"));
        let forbidden = self.forbids(text("verb"));
        let known = resource.is_some_and(|resource| resource.names().verbs.contains(&text("verb")));
        let allowed = known && !forbidden;
        review["kind"] = json!("SelfSubjectAccessReview");
        review["apiVersion"] = json!("authorization.k8s.io/v1");
        review["status"] = json!({ "allowed": allowed });
        Ok(json_response(StatusCode::CREATED, &review))
    }

    /// The same of all kinds at once.
    pub fn rules(&self, asked: &Asked) -> Result<Response, No> {
        understood(asked, "")?;
        let mut review: Value =
            serde_json::from_slice(&asked.body).map_err(|error| Refused::bad_request(error.to_string()))?;
        let rule = |resource: &Resource| {
            let names = resource.names();
            let verbs: Vec<&str> = names.verbs.iter().copied().filter(|verb| !self.forbids(verb)).collect();
            json!({ "verbs": verbs, "apiGroups": [names.group], "resources": [names.plural] })
        };
        let rules: Vec<Value> = Resource::ALL.iter().map(rule).collect();
        review["kind"] = json!("SelfSubjectRulesReview");
        review["apiVersion"] = json!("authorization.k8s.io/v1");
        review["status"] = json!({ "resourceRules": rules, "nonResourceRules": [], "incomplete": false });
        Ok(json_response(StatusCode::CREATED, &review))
    }

    fn forbids(&self, verb: &str) -> bool {
        let operation = match verb {
            "patch" => Operation::Restart,
            "watch" => Operation::Watch,
            _ => Operation::ReadCluster,
        };
        self.world.with(|world| world.forbids(&Call::on(operation, &self.access.stamp)))
    }
}

/// A real server takes protocol buffers too, which typed Go clients and `kubectl create job` send; here they are answered
/// as it answers a body in a format that it does not know. What to do instead is our own addition.
fn understood(asked: &Asked, instead: &str) -> Result<(), Refused> {
    let content_type = asked.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = content_type.and_then(|kind| kind.split(';').next()).unwrap_or("application/json").trim();
    if kind == "application/json" {
        return Ok(());
    }
    let message =
        "the body of the request was in an unknown format - accepted media types include: application/json";
    Err(Refused::new(415, "UnsupportedMediaType", format!("{message}{instead}")))
}

fn uid_and_app(cluster: &Cluster, workload: &WorkloadName) -> Option<(Arc<str>, Arc<str>)> {
    let deployment = cluster.deployment(workload).map(|one| (one.meta.uid.clone(), one.template.app.clone()));
    deployment
        .or_else(|| cluster.pod_set(workload).map(|one| (one.meta.uid.clone(), one.template.app.clone())))
}

/// Says that the world was changed, also where the answer is lost.
fn mark(answer: Result<Response, No>, changed: bool) -> Result<Response, No> {
    let mut response = match answer {
        Err(No::Silence) if changed => {
            let mut response = Response::default();
            response.extensions_mut().insert(Lost);
            response
        }
        other => other?,
    };
    if changed {
        response.extensions_mut().insert(Changed);
    }
    Ok(response)
}

fn refused(refusal: &Refusal, names: &Names, name: &str) -> No {
    match refusal {
        Refusal::NotFound(_) => Refused::not_found(names, name).into(),
        Refusal::AlreadyExists(_) => {
            let message = format!("{} \"{name}\" already exists", names.qualified());
            Refused::new(409, "AlreadyExists", message).about(names, Some(name)).into()
        }
        Refusal::Conflict(_) => {
            let message = format!(
                "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your \
                 changes to the latest version and try again",
                names.qualified()
            );
            Refused::new(409, "Conflict", message).about(names, Some(name)).into()
        }
        Refusal::Invalid(why) => Refused::invalid(names.kind, name, "spec", why).into(),
        _ => No::Silence,
    }
}

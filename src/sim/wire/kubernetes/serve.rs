//! From a request to an answer: who asks, for what, and what the world says to it.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use http::header::{ACCEPT, AUTHORIZATION, DATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::super::{Lost, SharedWorld};
use super::answer::{Refused, json_response, page_not_found, too_many_requests};
use super::objects::Wanted;
use super::query::Query;
use super::resource::Resource;
use super::route::Target;
use super::watch::Watch;
use super::{discovery, list, options, partial, table};
use crate::model::{StampName, WorkloadKind};
use crate::ports::Clock as _;
use crate::sim::{Call, Operation, Refusal, Stamp, World};

/// As a `Forbidden` message names whoever has the token.
const USER: &str = "keyslot";

/// No patch is near this size.
const BODY_LIMIT: usize = 1024 * 1024;

/// Whether a request's headers hold a token of another issuer that is good here.
pub type Admits = Arc<dyn Fn(&HeaderMap) -> bool + Send + Sync>;

/// Which cluster, and what opens it.
#[derive(Clone)]
pub struct Access {
    pub stamp: StampName,
    /// The token of the kubeconfig.
    pub token: SecretString,
    /// Entra ID's tokens for AKS, as from kubelogin.
    pub entra: Option<Admits>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

/// The API server of one stamp.
pub fn face(world: &SharedWorld, access: Access) -> Router {
    let server = Arc::new(Server { world: world.clone(), access });
    let handle = move |request: Request| {
        let server = Arc::clone(&server);
        async move { server.answer(request).await }
    };
    Router::new().fallback(any(handle))
}

pub(super) struct Server {
    pub world: SharedWorld,
    pub access: Access,
}

/// A request, taken apart.
pub(super) struct Asked {
    pub method: Method,
    pub target: Target,
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why there is no ordinary answer.
pub(super) enum No {
    Refused(Refused),
    /// Too many requests are being served.
    Busy {
        seconds: u64,
    },
    /// The connection ends.
    Silence,
}

impl From<Refused> for No {
    fn from(refused: Refused) -> No {
        No::Refused(refused)
    }
}

/// What somebody may delete by hand here.
fn deletes(target: &Target) -> bool {
    let Target::Object { resource, .. } = target else { return false };
    resource.names().verbs.contains(&"delete")
}

fn creates(resource: Resource) -> bool {
    resource.names().verbs.contains(&"create")
}

impl Server {
    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let target = Target::parse(parts.uri.path());
        let answer = match self.authenticate(&parts.headers, &parts.method, &target) {
            Err(refused) => Err(refused.into()),
            Ok(()) => match Query::parse(parts.uri.query().unwrap_or_default()) {
                Err(refused) => Err(refused.into()),
                Ok(query) => {
                    let body = axum::body::to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
                    let (method, headers) = (parts.method, parts.headers);
                    self.serve(Asked { method, target, query, headers, body }).await
                }
            },
        };
        let response = match answer {
            Ok(response) => response,
            Err(No::Refused(refused)) => refused.response(),
            Err(No::Busy { seconds }) => too_many_requests(seconds),
            Err(No::Silence) => {
                let mut response = Response::default();
                response.extensions_mut().insert(Lost);
                response
            }
        };
        self.dated(response)
    }

    /// The server's clock is the world's.
    fn dated(&self, mut response: Response) -> Response {
        let now = self.world.clock().now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&now) {
            response.headers_mut().insert(DATE, date);
        }
        response
    }

    /// Without a token one is anonymous, with a wrong one nobody.
    fn authenticate(&self, headers: &HeaderMap, method: &Method, target: &Target) -> Result<(), Refused> {
        let Some(header) = headers.get(AUTHORIZATION) else {
            return match target.resource() {
                Some(resource) => {
                    let names = resource.names();
                    Err(Refused::forbidden("system:anonymous", target.verb(method), &names, target.at()))
                }
                None => Ok(()),
            };
        };
        let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let known = token == Some(self.access.token.expose_secret());
        let admitted = || self.access.entra.as_ref().is_some_and(|admits| admits(headers));
        if known || admitted() { Ok(()) } else { Err(Refused::unauthorized()) }
    }

    async fn serve(&self, asked: Asked) -> Result<Response, No> {
        if asked.target.resource() == Some(Resource::Rollouts) && !self.has_rollouts() {
            return Ok(page_not_found());
        }
        let plain = |value: Value| Ok(json_response(StatusCode::OK, &value));
        match (&asked.target, asked.method.as_str()) {
            (Target::Version, "GET") => {
                let version = self.world.with(|world| world.config().kubernetes.cluster.version.clone());
                plain(discovery::version(&version))
            }
            (Target::CoreVersions, "GET") => plain(discovery::core_versions()),
            (Target::Groups, "GET") => plain(discovery::groups()),
            (Target::Group(name), "GET") if discovery::version_of(name).is_some() => {
                plain(discovery::group(name))
            }
            (Target::Resources { group, version }, "GET") => match discovery::resources(group, version) {
                Some(resources) => plain(resources),
                None => Ok(page_not_found()),
            },
            (Target::Schemas, "GET") => plain(discovery::schemas()),
            (Target::Schema(place), "GET") => match discovery::schema(place) {
                Some(schema) => plain(schema),
                None => Ok(page_not_found()),
            },
            (Target::AccessReview, "POST") => self.review(&asked),
            (Target::RulesReview, "POST") => self.rules(&asked),
            (Target::Collection { .. }, "GET") if asked.query.watch => self.watch(asked).await,
            (Target::Collection { .. }, "GET") => self.list(&asked).await,
            (Target::Object { .. } | Target::Scale { .. }, "GET") => self.get(&asked).await,
            (target, "PATCH") if target.workload().is_some() => self.patch(&asked).await,
            (Target::Object { .. }, "DELETE") if deletes(&asked.target) => self.delete(&asked).await,
            (Target::Collection { namespace: Some(_), resource }, "POST") if creates(*resource) => {
                self.create(&asked).await
            }
            (target, _) if target.resource().is_some() => {
                let message = "the server does not allow this method on the requested resource";
                Err(Refused::new(405, "MethodNotAllowed", message).into())
            }
            _ => Ok(page_not_found()),
        }
    }

    /// Whether somebody has installed Argo.
    fn has_rollouts(&self) -> bool {
        let rollout = |set: &crate::sim::config::SetConfig| set.workload.name.kind == WorkloadKind::Rollout;
        self.world.with(|world| world.config().sets.iter().any(rollout))
    }

    /// One call as the world's faults see it; within, the stamp is looked up.
    pub async fn call<T>(
        &self,
        asked: &Asked,
        operation: Operation,
        act: impl FnOnce(&mut World) -> Result<T, No> + Send,
    ) -> Result<T, No> {
        let workload = asked.target.workload();
        let mut call = Call::on(operation, &self.access.stamp);
        if let Some(workload) = &workload {
            call = call.about(workload);
        }
        let refusal = match self.world.call(&call, act).await {
            Ok(result) => return result,
            Err(refusal) => refusal,
        };
        Err(match refusal {
            Refusal::Throttled { retry_after } => No::Busy { seconds: retry_after.as_secs().max(1) },
            Refusal::Forbidden => {
                let names = asked.target.resource().unwrap_or(Resource::Deployments).names();
                Refused::forbidden(USER, asked.target.verb(&asked.method), &names, asked.target.at()).into()
            }
            _ => No::Silence,
        })
    }

    async fn list(&self, asked: &Asked) -> Result<Response, No> {
        let wanted = wanted(asked)?;
        let as_table = asks_for_table(&asked.headers);
        let metadata_alone = asks_for_metadata(&asked.headers, true);
        let room = wanted.resource.tells_of_room() || wanted.resource == Resource::Nodes;
        let operation = if room { Operation::ReadRoom } else { Operation::ReadCluster };
        let value = self
            .call(asked, operation, |world| {
                options::check(&asked.query, true)?;
                let page = list::page(&wanted, &asked.query, world, stamp(world, &self.access)?)?;
                if as_table {
                    return Ok(table::table(wanted.resource, &page.items, &page.metadata, world.now()));
                }
                if metadata_alone {
                    return Ok(partial::list(page.items.iter().map(|item| &item.json), &page.metadata));
                }
                let names = wanted.resource.names();
                let items = page.items.into_iter().map(|item| within_list(wanted.resource, item.json));
                let items: Vec<Value> = items.collect();
                Ok(json!({"kind": format!("{}List", names.kind), "apiVersion": names.api_version(),
                    "metadata": page.metadata, "items": items}))
            })
            .await?;
        Ok(json_response(StatusCode::OK, &value))
    }

    async fn get(&self, asked: &Asked) -> Result<Response, No> {
        let as_table = asks_for_table(&asked.headers);
        let metadata_alone = asks_for_metadata(&asked.headers, false);
        let value = self
            .call(asked, Operation::ReadCluster, |world| {
                let stamp = stamp(world, &self.access)?;
                if let Target::Scale { namespace, name } = &asked.target {
                    return Ok(scale(&object(stamp, Resource::Deployments, Some(namespace), name)?));
                }
                let Target::Object { resource, namespace, name } = &asked.target else {
                    return Err(No::Silence);
                };
                let wanted = Wanted {
                    resource: *resource,
                    namespace: namespace.clone(),
                    selector: Default::default(),
                };
                let item =
                    wanted.get(stamp, name).ok_or_else(|| Refused::not_found(&resource.names(), name))?;
                let version = json!({"resourceVersion": item.json["metadata"]["resourceVersion"]});
                Ok(match as_table {
                    true => table::table(*resource, std::slice::from_ref(&item), &version, world.now()),
                    false if metadata_alone => partial::object(&item.json),
                    false => item.json,
                })
            })
            .await?;
        Ok(json_response(StatusCode::OK, &value))
    }

    async fn watch(&self, asked: Asked) -> Result<Response, No> {
        let wanted = wanted(&asked)?;
        let query = self
            .call(&asked, Operation::Watch, |world| {
                stamp(world, &self.access)?;
                let streams = discovery::streams_lists(&world.config().kubernetes.cluster.version);
                let query = asked.query.clone().with_defaults(streams);
                options::check(&query, streams)?;
                Ok(query)
            })
            .await?;
        let as_table = asks_for_table(&asked.headers);
        let (world, stamp) = (self.world.clone(), self.access.stamp.clone());
        let body = Watch { world, stamp, wanted, query, as_table }.body();
        let mut response = json_response(StatusCode::OK, &Value::Null);
        *response.body_mut() = body;
        response.headers_mut().remove(http::header::CONTENT_LENGTH);
        Ok(response)
    }
}

pub(super) fn stamp<'a>(world: &'a World, access: &Access) -> Result<&'a Stamp, No> {
    world.stamp(&access.stamp).ok_or(No::Silence)
}

pub(super) fn object(
    stamp: &Stamp,
    resource: Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Value, No> {
    let namespace = namespace.map(str::to_owned);
    let wanted = Wanted { resource, namespace, selector: Default::default() };
    let found = wanted.get(stamp, name);
    found.map(|item| item.json).ok_or_else(|| Refused::not_found(&resource.names(), name).into())
}

fn wanted(asked: &Asked) -> Result<Wanted, No> {
    let Target::Collection { resource, namespace } = &asked.target else { return Err(No::Silence) };
    let selector = asked.query.selector.clone();
    Ok(Wanted { resource: *resource, namespace: namespace.clone(), selector })
}

/// Objects in a list do not repeat what the list is of, but for custom resources.
fn within_list(resource: Resource, mut json: Value) -> Value {
    if !resource.is_custom()
        && let Some(object) = json.as_object_mut()
    {
        object.remove("kind");
        object.remove("apiVersion");
    }
    json
}

pub(super) fn scale(deployment: &Value) -> Value {
    let meta = &deployment["metadata"];
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"], "creationTimestamp": meta["creationTimestamp"]},
        "spec": {"replicas": deployment["spec"]["replicas"]},
        "status": {"replicas": deployment["status"]["replicas"].as_u64().unwrap_or_default()},
    })
}

fn asks_for_metadata(headers: &HeaderMap, list: bool) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| partial::asked_for(accept, list))
}

fn asks_for_table(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(table::asked_for)
}

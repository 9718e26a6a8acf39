//! Creating and changing incidents. A write goes out once; it is sent again only when the gateway said that it did not begin it because
//! a property does not fit, and then without that property: an incident without its category is better than none.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Gateway;
use super::client::Said;
use super::items::{self, ETAG};
use super::known::Known;
use super::problem::Problem;
use super::shapes::{Commented, Created, Item, NotLinked};
use crate::configuration::Choice;
use crate::provider::ProviderError;
use crate::provider::fields::cut_to;
use crate::provider::service_manager::mapping::{self, COMMENT, LENGTHS};
use crate::provider::severity::levels;
use crate::provider::text::cut_note;
use crate::work_item::{Change, Draft, Phase, Transition, WorkItem, WorkItemKey, Written};

/// So often a remembered answer may name an incident that was deleted since: each try has a key of its own.
const REPLAYS: u32 = 5;
/// Most properties that are left out of one write.
const MOST_UNFIT: usize = 20;

/// A create or change in the making.
#[derive(Debug, Default)]
struct Parts {
    /// Properties by name.
    sent: BTreeMap<String, String>,
    template: Option<String>,
    computer: Option<String>,
    comment: Option<String>,
    category: Option<String>,
    dropped: Vec<(String, String)>,
    remarks: Vec<String>,
}

impl Parts {
    /// Takes out what does not fit; the problem as an error when the write cannot go without it.
    fn without(&mut self, problem: &Problem, defaults: &BTreeMap<&str, String>) -> Result<(), ProviderError> {
        let words = problem.words();
        let refused = |what: &str| ProviderError::Refused {
            cause: format!("{what}: {words}"),
            remedy: "correct it in the connection's mapping (incident.fields), its policy or severity table".to_owned(),
        };
        let property = problem.property.as_deref().unwrap_or_default();
        let before = self.dropped.len();
        match property {
            "templateId" if self.template.is_some() => {
                self.template = None;
                self.remarks.push(format!("the template was not applied: {words}"));
                return Ok(());
            }
            "ResolutionCategory" if self.category.is_some() => {
                let category = self.category.take().unwrap_or_default();
                self.remarks.push(format!("the resolution category \"{category}\" was left out: {words}"));
                return Ok(());
            }
            _ => {}
        }
        match (self.sent.remove(property), defaults.get(property)) {
            // Left to a template that does not set it, or is not there.
            (None, Some(default)) => {
                self.sent.insert(property.to_owned(), default.clone());
                self.remarks.push(format!("{property} was left to the template, which does not set it; \"{default}\" was sent"));
            }
            (None, None) => return Err(refused("the gateway does not take the incident")),
            (Some(value), Some(default)) if value != *default => {
                self.sent.insert(property.to_owned(), default.clone());
                self.dropped.push((property.to_owned(), format!("{words}; \"{default}\" was sent")));
            }
            (Some(_), Some(_)) => return Err(refused(property)),
            (Some(_), None) if property == "Title" => return Err(refused(property)),
            (Some(_), None) => self.dropped.push((property.to_owned(), format!("left out: {words}"))),
        }
        if before >= MOST_UNFIT { Err(refused("too many properties do not fit")) } else { Ok(()) }
    }

    fn create_body(&self, key: &WorkItemKey, known: &Known) -> Value {
        let mut body = json!({"correlationKey": key.to_string(), "properties": items::body(&self.sent, known)});
        if let Some(members) = body.as_object_mut() {
            let optional = [("templateId", &self.template), ("comment", &self.comment)];
            members.extend(optional.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))));
            members.extend(self.computer.iter().map(|id| ("affectedComputers".to_owned(), json!([id]))));
        }
        body
    }
}

/// Names one create: a create with other content has another name, so that the gateway holds it against the correlation key and not
/// against the content of an earlier try.
fn idempotency_key(key: &WorkItemKey, body: &Value, replay: u32) -> String {
    let digest = Sha256::digest(body.to_string().as_bytes());
    let content = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{key}.{content:016x}.{replay}")
}

pub(super) async fn create(tool: &Gateway, draft: &Draft) -> Result<Written, ProviderError> {
    let known = tool.known().await?;
    let mut parts = Parts { sent: mapping::fields(draft, &tool.connection), ..Parts::default() };
    known.fit(&mut parts.sent);
    if let Some(name) = draft.template.as_deref().filter(|name| !name.is_empty()) {
        parts.template = known.template(name).map(str::to_owned);
        if parts.template.is_none() {
            let remark =
                format!("template \"{name}\" was not found among the templates of incidents; the work item was made without it");
            parts.remarks.push(remark);
        }
    }
    parts.computer = draft.configuration_item.as_ref().map(|item| item.id.clone());
    let follows = |number: &String| format!("Follows {number}: the same condition, which had ended there.");
    parts.comment = draft.follows.as_ref().map(follows);
    let (created, item) = settled(tool, draft, &known, &mut parts).await?;
    parts.remarks.extend(created.not_linked.iter().map(|link| not_linked(draft, link)));
    if created.adopted {
        parts.remarks.push(format!("{} had been made by an earlier try; it was taken over", created.id));
    }
    if items::key(&item).as_ref() != Some(&draft.key) {
        let property = &tool.connection.own.service_manager.key_property;
        parts.remarks.push(format!(
            "the incident did not keep the connector's key, by which it is found again: see that nothing changes the property that the \
             gateway keeps it in (CorrelationProperty, {property} here)"
        ));
    }
    let note = parts.comment.take();
    parts.remarks.extend(commented(tool, &created.id, note.as_deref(), &created.comment).await);
    Ok(written(tool, &known, &item, draft.key.clone(), parts))
}

/// Creates, and reads what came of it.
async fn settled(tool: &Gateway, draft: &Draft, known: &Known, parts: &mut Parts) -> Result<(Created, Item), ProviderError> {
    let (impact, urgency) = levels(draft.severity);
    let defaults = BTreeMap::from([("Impact", mapping::impact(impact)), ("Urgency", mapping::urgency(urgency))]);
    let mut replay = 0;
    loop {
        let body = parts.create_body(&draft.key, known);
        let (said, replayed) = tool.client.create(&idempotency_key(&draft.key, &body, replay), &body).await?;
        let created = match said {
            Said::Unfit(problem) => {
                parts.without(&problem, &defaults)?;
                continue;
            }
            Said::Done(created) => created,
        };
        // From here on the incident is there: what fails now leaves the outcome to be looked up.
        let lost = |cause: String| ProviderError::Ambiguous { cause: format!("{} was created, but {cause}", created.id) };
        match tool.client.incident(&created.id).await.map_err(|error| lost(error.to_string()))? {
            Some(item) => return Ok((created, item)),
            // The gateway remembers an incident that was deleted since, and did nothing now.
            None if replayed && replay < REPLAYS => replay += 1,
            None => return Err(lost("it cannot be read".to_owned())),
        }
    }
}

fn not_linked(draft: &Draft, link: &NotLinked) -> String {
    let name = draft.configuration_item.as_ref().map_or(link.name.as_str(), |item| item.name.as_str());
    let why = match link.reason.as_str() {
        "not_found" => "the gateway does not find it",
        "ambiguous" => "several computers have this name",
        other => other,
    };
    format!("the computer {name} was not linked: {why}")
}

/// Sees that a comment is there after its commit; a remark when it is not.
async fn commented(tool: &Gateway, id: &str, sent: Option<&str>, told: &Commented) -> Option<String> {
    let (text, reason) = (sent?, told.reason.as_deref()?);
    if told.added {
        return None;
    }
    // The commit is done. Whether the comment is, can be unknown, so it is looked for before it is sent once more.
    let there = match tool.client.comments(id).await {
        Ok(Some(comments)) => comments.iter().any(|comment| comment.text == text),
        Ok(None) => return Some(format!("the comment could not be appended ({reason}): {id} is gone")),
        Err(error) => return Some(format!("the comment may not have been appended ({reason}): {error}")),
    };
    if there {
        return None;
    }
    let failed = tool.client.comment(id, text).await.err()?;
    Some(format!("the comment could not be appended ({reason}): {failed}"))
}

pub(super) async fn update(tool: &Gateway, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
    let known = tool.known().await?;
    let mut parts = Parts { sent: change.fields.clone(), ..Parts::default() };
    parts.sent.remove(&tool.connection.own.service_manager.key_property);
    if change.transition.is_some() {
        // The transition says it.
        parts.sent.remove("Status");
    }
    for (name, value) in &mut parts.sent {
        *value = cut_to(&LENGTHS, name, value);
    }
    known.fit(&mut parts.sent);
    parts.comment = change.note.as_ref().map(|note| cut_note(note, COMMENT));
    let what = match change.transition {
        Some(Transition::Resolve) => format!("resolving {}", item.number),
        Some(Transition::Reopen) => format!("reopening {}", item.number),
        None => format!("updating {}", item.number),
    };
    let mut description = None;
    if change.transition == Some(Transition::Resolve) {
        let list = known.choices.get("ResolutionCategory").map(Vec::as_slice);
        let (category, remark) = category(tool.connection.policy.close_code.as_deref(), list);
        parts.category = category;
        parts.remarks.extend(remark);
        let given = change.close_notes.as_deref().or(change.note.as_deref()).filter(|notes| !notes.trim().is_empty());
        let notes = given.unwrap_or("Azure Monitor reports that the condition is over.");
        description = Some(cut_to(&LENGTHS, "ResolutionDescription", notes));
    }
    // A comment alone overwrites nothing of anybody.
    let guarded = change.transition.is_some() || !parts.sent.is_empty();
    let etag = item.values.get(ETAG).map(String::as_str).filter(|etag| guarded && !etag.is_empty());
    loop {
        let body = change_body(&parts, change.transition, description.as_deref(), &known);
        if body.as_object().is_none_or(serde_json::Map::is_empty) {
            // Nothing is left of it.
            let read = tool.client.incident(&item.id).await?;
            let gone = || ProviderError::Retry { after: None, cause: format!("{what}: {} is gone", item.number) };
            return Ok(written(tool, &known, &read.ok_or_else(gone)?, item.key.clone(), parts));
        }
        match tool.client.change(&item.id, etag, &body, &what).await? {
            Said::Unfit(problem) => parts.without(&problem, &BTreeMap::new())?,
            Said::Done(changed) => {
                let note = parts.comment.take();
                parts.remarks.extend(commented(tool, &item.id, note.as_deref(), &changed.comment).await);
                let key = items::key(&changed.item).unwrap_or_else(|| item.key.clone());
                let mut done = written(tool, &known, &changed.item, key, parts);
                done.remarks.extend(change.transition.and_then(|wanted| not_there(wanted, &done.item)));
                return Ok(done);
            }
        }
    }
}

/// That the gateway took a transition and the incident stands elsewhere all the same.
fn not_there(wanted: Transition, item: &WorkItem) -> Option<String> {
    let (there, setting) = match wanted {
        Transition::Resolve => (item.phase != Phase::Open, "resolved_states"),
        Transition::Reopen => (item.phase == Phase::Open, "resolved_states and closed_states"),
    };
    let WorkItem { number, state, .. } = item;
    (!there).then(|| {
        format!("the gateway took the change, and the status of {number} is \"{state}\" now: check {setting}, and Service Manager's workflows")
    })
}

fn change_body(parts: &Parts, transition: Option<Transition>, description: Option<&str>, known: &Known) -> Value {
    let transition = transition.map(|transition| match transition {
        Transition::Resolve => "resolve",
        Transition::Reopen => "reopen",
    });
    let texts = [
        ("transition", transition),
        ("resolutionCategory", parts.category.as_deref()),
        ("resolutionDescription", description),
        ("comment", parts.comment.as_deref()),
    ];
    let mut members: serde_json::Map<String, Value> =
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))).collect();
    if !parts.sent.is_empty() {
        members.insert("properties".to_owned(), items::body(&parts.sent, known));
    }
    Value::Object(members)
}

/// The resolution category to send, and what a person should know about it. Without a list none is guessed: it may stay empty.
fn category(wanted: Option<&str>, list: Option<&[Choice]>) -> (Option<String>, Option<String>) {
    let wanted = wanted.filter(|wanted| !wanted.is_empty());
    let Some(list) = list.filter(|list| !list.is_empty()) else {
        return (wanted.map(str::to_owned), None);
    };
    let named = wanted.and_then(|wanted| list.iter().find(|choice| mapping::means(&choice.value, &choice.label, wanted)));
    let (category, remark) = mapping::RESOLUTION.choose(named.map(|choice| choice.value.as_str()).or(wanted), Some(list));
    (Some(category), remark)
}

fn written(tool: &Gateway, known: &Known, item: &Item, key: WorkItemKey, parts: Parts) -> Written {
    let Parts { sent, mut dropped, remarks, .. } = parts;
    dropped.extend(items::dropped(&sent, item));
    Written { item: items::work_item(item, key, known, &tool.connection), sent, dropped, remarks }
}

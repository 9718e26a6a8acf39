//! Creating and changing incidents. A commit hands the whole form back, as it was read and as it shall be, and the portal refuses it
//! when somebody else was faster. Then the incident is read again and looked at three ways (as the engine saw it, as it is, as it
//! shall be), so that what a person did in between stays.

use std::collections::BTreeMap;

use super::super::mapping::{self, LENGTHS};
use super::Cireson;
use super::client::Committed;
use super::shape::{Projection, date, list_value};
use super::{close_codes, form, template};
use crate::provider::fields::cut_to;
use crate::provider::severity::levels;
use crate::provider::{ProviderError, WaitReason};
use crate::work_item::{Change, Draft, Phase, Transition, WorkItem, Written};

/// How often a form that has become stale is read and filled in again. Workflows touch a new incident once or twice.
const ATTEMPTS: u32 = 5;
const CLOSE_NOTES: &str = "Azure Monitor reports that the condition is over.";

/// An error after something was written: whatever it says of itself, it is not true that nothing was.
fn after_write(what: &str, error: &ProviderError) -> ProviderError {
    ProviderError::Ambiguous { cause: format!("{what}: it was written, but reading it again failed: {error}") }
}

/// Puts values into a form; answers those that cannot be, and why.
async fn fill(
    tool: &Cireson,
    current: &mut Projection,
    values: &BTreeMap<String, String>,
) -> Result<Vec<(String, String)>, ProviderError> {
    let mut skipped = Vec::new();
    for (name, given) in values {
        match form::value_for(tool, current, name, given).await? {
            Ok(value) => current.set(name, value),
            Err(why) => skipped.push((name.clone(), why)),
        }
    }
    Ok(skipped)
}

/// An impact or urgency that cannot be written falls back to the severity's own: the template's would say nothing of the alert.
async fn severity(
    tool: &Cireson,
    current: &mut Projection,
    draft: &Draft,
    skipped: &[(String, String)],
) -> Result<(), ProviderError> {
    let (impact, urgency) = levels(draft.severity);
    let own = [("Impact", mapping::impact(impact)), ("Urgency", mapping::urgency(urgency))];
    let lost = own.into_iter().filter(|(name, _)| skipped.iter().any(|(skipped, _)| skipped == name));
    for (name, value) in lost {
        if let Ok(value) = form::value_for(tool, current, name, &value).await? {
            current.set(name, value);
        }
    }
    Ok(())
}

pub(super) async fn create(tool: &Cireson, draft: &Draft) -> Result<Written, ProviderError> {
    const WHAT: &str = "creating incident";
    let sent = tool.sent(draft);
    let mut remarks = Vec::new();
    let user = tool.client.user().await?;
    let mut current = template::form(tool, draft.template.as_deref(), &user, &mut remarks).await?;
    let skipped = fill(tool, &mut current, &sent).await?;
    severity(tool, &mut current, draft, &skipped).await?;
    let key_property = &tool.connection.own.service_manager.key_property;
    if let Some((_, why)) = skipped.iter().find(|(name, _)| name == key_property) {
        return Err(ProviderError::Refused {
            cause: format!("{WHAT}: {key_property}, by which the connector finds its incidents again, cannot be written: {why}"),
            remedy: "let service_manager.key_property name a text property of incidents, and service_manager.cireson.incident_projection a \
                     projection that has it"
                .to_owned(),
        });
    }
    let item = draft.configuration_item.as_ref();
    if let Some(item) = item {
        form::tie(&tool.connection, &mut current, &item.id);
    }
    if let Some(number) = &draft.follows {
        let note = format!("Follows {number}: the same condition, which had ended there.");
        form::comment(&tool.connection, &mut current, &note, tool.client.auth().username(), tool.clock.now());
    }
    let reserved = current.base_id().to_owned();
    let alias = form::computers_alias(&tool.connection, &current);
    let base_id = match tool.client.commit(current, None, WHAT).await? {
        Committed::Done(base_id) if base_id.is_empty() => reserved,
        Committed::Done(base_id) => base_id,
        Committed::Stale(told) => {
            let cause = format!("{WHAT}: the portal took the new incident for a stale one and did not make it: {told}");
            return Err(ProviderError::Retry { after: None, cause });
        }
    };
    // The answer tells no more than the GUID, and on some portals not even that.
    let made = match base_id.as_str() {
        "" => tool.keyed(&draft.key).await.map(|found| found.into_iter().next()),
        base_id => tool.object(base_id).await,
    };
    let Some(made) = made.map_err(|error| after_write(WHAT, &error))? else {
        return Err(ProviderError::Ambiguous { cause: format!("{WHAT}: it was written, but cannot be read") });
    };
    if tool.key(&made).as_ref() != Some(&draft.key) {
        remarks.push(format!(
            "Service Manager did not keep {key_property}, by which the connector finds its incidents again: see that no template, rule or \
             workflow sets it, or let service_manager.key_property name another property"
        ));
    }
    if let Some(item) = item.filter(|item| !form::is_tied(&made, alias, &item.id)) {
        remarks.push(format!(
            "the portal did not tie {} to the incident as {alias}: set service_manager.computer_relation to the other kind",
            item.name
        ));
    }
    let after = async {
        let dropped = form::dropped(tool, &sent, &made, skipped).await?;
        Ok((dropped, tool.item(&made, draft.key.clone()).await?))
    };
    let (dropped, item) = after.await.map_err(|error: ProviderError| after_write(WHAT, &error))?;
    Ok(Written { item, sent, dropped, remarks })
}

/// What is to be done to an incident as it is now.
struct Plan {
    current: Projection,
    /// Values put into it.
    sent: BTreeMap<String, String>,
    skipped: Vec<(String, String)>,
    remarks: Vec<String>,
    /// Whether there is anything to write.
    writes: bool,
}

pub(super) async fn update(tool: &Cireson, item: &WorkItem, change: &Change) -> Result<Written, ProviderError> {
    let what = match change.transition {
        Some(Transition::Resolve) => format!("resolving {}", item.number),
        Some(Transition::Reopen) => format!("reopening {}", item.number),
        None => format!("updating {}", item.number),
    };
    let mut told = String::new();
    for _ in 0..ATTEMPTS {
        let Some(fresh) = tool.object(&item.id).await? else {
            return Err(ProviderError::Refused {
                cause: format!("{what}: the incident is gone"),
                remedy: "it was deleted or groomed; the next firing makes a new one".to_owned(),
            });
        };
        let plan = plan(tool, item, change, &fresh).await?;
        if !plan.writes {
            let key = tool.key(&fresh).unwrap_or_else(|| item.key.clone());
            let item = tool.item(&fresh, key).await?;
            return Ok(Written { item, sent: plan.sent, dropped: plan.skipped, remarks: plan.remarks });
        }
        let seen = fresh.text("LastModified").to_owned();
        match tool.client.commit(plan.current.clone(), Some(fresh), &what).await {
            Ok(Committed::Done(_)) => {
                return written(tool, item, change, plan, &what).await.map_err(|error| after_write(&what, &error));
            }
            // Surely not written, so that trying again is no repetition.
            Ok(Committed::Stale(text)) => told = text,
            // The words are the server's, in its language: whether the incident has changed tells it, too.
            Err(ProviderError::Refused { cause, remedy }) => {
                let now = tool.object(&item.id).await;
                if !matches!(now, Ok(Some(now)) if now.text("LastModified") != seen) {
                    return Err(ProviderError::Refused { cause, remedy });
                }
                told = cause;
            }
            Err(other) => return Err(other),
        }
    }
    Err(ProviderError::Retry {
        after: None,
        cause: format!("{what}: others changed the incident each time while it was being written: {told}"),
    })
}

/// The incident as it is after a commit.
async fn written(tool: &Cireson, item: &WorkItem, change: &Change, plan: Plan, what: &str) -> Result<Written, ProviderError> {
    let Plan { sent, skipped, mut remarks, .. } = plan;
    let Some(after) = tool.object(&item.id).await? else {
        return Err(ProviderError::Ambiguous { cause: format!("{what}: the incident cannot be read any more") });
    };
    let marker = change.note.as_deref().and_then(|note| note.trim_end().rsplit('\n').next());
    if let Some(marker) = marker
        && form::has_comment(&tool.connection, &after, marker) == Some(false)
    {
        remarks.push(
            "the portal did not keep the comment: let service_manager.cireson.comments name the alias of the projection under which its own \
             pages write comments"
                .to_owned(),
        );
    }
    let dropped = form::dropped(tool, &sent, &after, skipped).await?;
    let key = tool.key(&after).unwrap_or_else(|| item.key.clone());
    let item = tool.item(&after, key).await?;
    Ok(Written { item, sent, dropped, remarks })
}

/// Holds what the engine saw (`item`) against what is there (`fresh`) and what shall be.
async fn plan(tool: &Cireson, item: &WorkItem, change: &Change, fresh: &Projection) -> Result<Plan, ProviderError> {
    let phase = tool.lists.phase(&tool.client, &tool.connection, fresh).await?;
    let mut plan =
        Plan { current: fresh.clone(), sent: BTreeMap::new(), skipped: Vec::new(), remarks: Vec::new(), writes: false };
    if phase == Phase::Closed {
        plan.remarks.push(format!("{} was closed by somebody meanwhile and was left alone", item.number));
        return Ok(plan);
    }
    let now = form::values(tool, fresh).await?;
    for (name, value) in &change.fields {
        let (seen, is) = (item.values.get(name), now.get(name));
        if seen.is_some() && seen != is {
            plan.remarks.push(format!("{name} was changed by somebody meanwhile and was left alone"));
        } else {
            plan.sent.insert(name.clone(), value.clone());
        }
    }
    match (change.transition, phase) {
        (Some(Transition::Resolve), Phase::Open) => resolve(tool, change, &mut plan).await?,
        (Some(Transition::Reopen), Phase::Resolved) => {
            plan.sent.insert("Status".to_owned(), tool.connection.own.service_manager.reopened_state.clone());
            // Nothing is undone by the status alone. What a person wrote about the resolution stays.
            clear(&mut plan.current);
        }
        (Some(_), _) => plan.remarks.push(format!("somebody took this step of {} meanwhile", item.number)),
        (None, _) => {}
    }
    plan.skipped.extend(fill(tool, &mut plan.current, &plan.sent).await?);
    if let (Some(_), Some((_, why))) =
        (change.transition, plan.skipped.iter().find(|(name, _)| name == "Status" && plan.sent.contains_key("Status")))
    {
        return Err(ProviderError::Refused {
            cause: format!("the status of {} cannot be set: {why}", item.number),
            remedy: "name statuses that Service Manager has in service_manager.resolved_states and reopened_state".to_owned(),
        });
    }
    if let Some(note) = &change.note {
        form::comment(&tool.connection, &mut plan.current, note, tool.client.auth().username(), tool.clock.now());
    }
    plan.writes = plan.current != *fresh;
    Ok(plan)
}

fn clear(current: &mut Projection) {
    if current.has("ResolvedDate") {
        current.set("ResolvedDate", serde_json::Value::Null);
    }
    if current.has("ResolutionCategory") {
        current.set("ResolutionCategory", list_value(None));
    }
}

/// The status alone sets neither date nor category.
async fn resolve(tool: &Cireson, change: &Change, plan: &mut Plan) -> Result<(), ProviderError> {
    let states = &tool.connection.own.service_manager.resolved_states;
    plan.sent.insert("Status".to_owned(), states.first().cloned().unwrap_or_default());
    plan.sent.insert("ResolvedDate".to_owned(), date(tool.clock.now()));
    let given = change.close_notes.as_deref().or(change.note.as_deref()).filter(|notes| !notes.trim().is_empty());
    let notes = cut_to(&LENGTHS, "ResolutionDescription", given.unwrap_or(CLOSE_NOTES));
    plan.sent.insert("ResolutionDescription".to_owned(), notes);
    let (code, remark) = match close_codes::choose(tool).await {
        Ok(chosen) => chosen,
        // The status matters more than its category.
        Err(error @ (ProviderError::Retry { .. } | ProviderError::Wait { reason: WaitReason::Outage, .. })) => return Err(error),
        Err(error) => (None, Some(format!("the resolution categories cannot be read: {error}"))),
    };
    plan.sent.extend(code.map(|code| ("ResolutionCategory".to_owned(), code)));
    plan.remarks.extend(remark);
    Ok(())
}

//! Pages of work items in the order of (`LastModified`, `Id`), and look-ups by correlation key.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

use super::{BODY_LIMIT, instants, problem::Problem, render::Renderer, request, service::Desk};
use crate::{
    http::{Answer, Call},
    service_manager::model::{Class, ObjectStatus, Position, WorkItem},
};

/// Room for what stands around the items.
const FRAME: usize = 4096;

const PARAMETERS: &[&str] =
    &["modifiedSince", "afterId", "until", "cursor", "limit", "objectStatus", "count", "correlationKey", "correlationPrefix"];

/// Which items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Living {
    Active,
    Deleted,
    All,
}

impl Living {
    fn takes(self, item: &WorkItem) -> bool {
        match self {
            Self::Active => item.status == ObjectStatus::Active,
            Self::Deleted => item.status == ObjectStatus::PendingDelete,
            Self::All => true,
        }
    }
}

type Parameters = BTreeMap<String, String>;

pub(super) fn list(desk: &Desk<'_>, call: &Call, class: Class) -> Result<Answer, Problem> {
    let parameters = request::query(call, PARAMETERS)?;
    let living = living(desk, &parameters)?;
    let limit = limit(desk, &parameters)?;
    if let Some(key) = parameters.get("correlationKey") {
        alone(&parameters, &["correlationKey", "objectStatus"])?;
        let found = desk.group.keyed(class, key).filter(|item| living.takes(item));
        return Ok(found_by_key(desk, found));
    }
    if let Some(prefix) = parameters.get("correlationPrefix") {
        alone(&parameters, &["correlationPrefix", "objectStatus", "limit"])?;
        return Ok(found_by_key(desk, newest(desk, class, prefix, living).into_iter().take(limit)));
    }
    page(desk, class, &parameters, living, limit)
}

fn page(desk: &Desk<'_>, class: Class, parameters: &Parameters, living: Living, limit: usize) -> Result<Answer, Problem> {
    let instant = |name: &str| {
        let wrong = || Problem::bad_request(format!("{name} must be an instant such as 2026-09-01T10:00:00Z"));
        parameters.get(name).map(|text| instants::read(text).ok_or_else(wrong)).transpose()
    };
    let until = instant("until")?;
    let scope = format!("{}|{}", until.unwrap_or(i64::MAX), parameters.get("objectStatus").map_or("active", String::as_str));
    let from = match (instant("modifiedSince")?, parameters.get("cursor")) {
        (None, Some(cursor)) if !parameters.contains_key("afterId") => place(cursor, &scope)?,
        (Some(since), None) => instants::position(since, parameters.get("afterId").map(String::as_str)),
        (Some(_) | None, Some(_)) => {
            return Err(Problem::bad_request("a cursor stands instead of modifiedSince and afterId"));
        }
        (None, None) => {
            return Err(Problem::bad_request("give modifiedSince, cursor, correlationKey or correlationPrefix"));
        }
    };
    let mut rest = desk
        .group
        .changed(class, &from)
        .take_while(|item| until.is_none_or(|until| instants::not_after(item, until)))
        .filter(|item| living.takes(item))
        .peekable();
    let renderer = desk.renderer();
    let (mut items, mut room, mut last) = (Vec::new(), BODY_LIMIT - FRAME, None);
    while items.len() < limit {
        let Some(item) = rest.peek() else { break };
        let shown = renderer.item(item);
        let size = shown.to_string().len() + 1;
        // The first always goes, or the walk would stand still.
        if size > room && !items.is_empty() {
            break;
        }
        room = room.saturating_sub(size);
        items.push(shown);
        last = rest.next();
    }
    let more = rest.peek().is_some();
    let cursor = last.filter(|_| more).map(|item| cursor(&scope, item));
    let mut body = json!({"items": items, "nextCursor": cursor, "watermark": desk.watermark()});
    if parameters.get("count").is_some_and(|count| count == "true") {
        let remaining = desk.options.counts.then(|| rest.count());
        if let Some(members) = body.as_object_mut() {
            members.insert("remaining".to_owned(), json!(remaining));
        }
    }
    Ok(Answer::json(200, &body))
}

/// Items whose key is the prefix and a generation, the highest first.
fn newest<'a>(desk: &Desk<'a>, class: Class, prefix: &'a str, living: Living) -> Vec<&'a WorkItem> {
    let generation = |item: &WorkItem| {
        let digits = item.text(&desk.group.settings().key_property).strip_prefix(prefix)?.to_owned();
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (!digits.starts_with('0') || digits == "0");
        digits.parse::<u64>().ok().filter(|_| plain)
    };
    let group = desk.group;
    let mut found: Vec<(u64, &WorkItem)> = group
        .keyed_with_prefix(class, prefix)
        .filter(|item| living.takes(item))
        .filter_map(|item| Some((generation(item)?, item)))
        .collect();
    found.sort_by(|(left, _), (right, _)| right.cmp(left));
    found.into_iter().map(|(_, item)| item).collect()
}

fn found_by_key<'a>(desk: &Desk<'_>, found: impl Iterator<Item = &'a WorkItem>) -> Answer {
    let renderer: Renderer<'_> = desk.renderer();
    let items: Vec<Json> = found.map(|item| renderer.item(item)).collect();
    Answer::json(200, &json!({"items": items, "nextCursor": null, "watermark": desk.watermark()}))
}

fn living(desk: &Desk<'_>, parameters: &Parameters) -> Result<Living, Problem> {
    let living = match parameters.get("objectStatus").map(String::as_str) {
        None | Some("active") => Living::Active,
        Some("deleted") => Living::Deleted,
        Some("all") => Living::All,
        Some(_) => return Err(Problem::bad_request("objectStatus must be active, deleted or all")),
    };
    if living != Living::Active && !desk.options.tells_deleted {
        return Err(Problem::new("not_supported", "this gateway cannot tell deleted work items"));
    }
    Ok(living)
}

fn limit(desk: &Desk<'_>, parameters: &Parameters) -> Result<usize, Problem> {
    let Some(text) = parameters.get("limit") else { return Ok(desk.options.page) };
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(desk.options.page)),
        _ => Err(Problem::bad_request("limit must be a number from 1 on")),
    }
}

fn alone(parameters: &Parameters, together: &[&str]) -> Result<(), Problem> {
    match parameters.keys().find(|name| !together.contains(&name.as_str())) {
        Some(other) => Err(Problem::bad_request(format!("{other} does not go together with the correlation key"))),
        None => Ok(()),
    }
}

fn cursor(scope: &str, item: &WorkItem) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}|{scope}|{}", item.last_modified, item.id))
}

fn place(cursor: &str, scope: &str) -> Result<Position, Problem> {
    let wrong = || Problem::bad_request("the cursor is none of this gateway, or until or objectStatus are not those of its page");
    let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
    let (at, rest) = text.split_once('|').ok_or_else(wrong)?;
    let (of, id) = rest.rsplit_once('|').ok_or_else(wrong)?;
    if of != scope {
        return Err(wrong());
    }
    Ok(Position::Behind(at.parse().map_err(|_| wrong())?, id.to_owned()))
}

//! Where a request goes: a connection and a work item type, found by the names in the URL.

use std::sync::Arc;

use axum::http::StatusCode;
use connector::route::Route;
use connector::settings::Settings;
use connector::work_item::WorkItemType;

use crate::nearest;
use crate::problem::Problem;

/// Checks that there is such a connection.
pub(crate) fn connection(settings: &Settings, name: &str) -> Result<(), Problem> {
    if settings.connections.contains_key(name) {
        return Ok(());
    }
    let names = settings.connections.keys().map(String::as_str);
    Err(Problem::new(StatusCode::NOT_FOUND, "unknown-connection", "No such connection")
        .detail(format!("there is no connection \"{}\"", nearest::shown(name)))
        .remedy(nearest::remedy("connection", name, names)))
}

/// Checks that there is such a connection and such a work item type.
pub(crate) fn work_item_type(settings: &Settings, connection: &str, kind: &str) -> Result<WorkItemType, Problem> {
    self::connection(settings, connection)?;
    kind.parse().map_err(|()| {
        let names = WorkItemType::ALL.into_iter().map(WorkItemType::name);
        Problem::new(StatusCode::NOT_FOUND, "unknown-work-item-type", "No such work item type")
            .detail(format!("there is no work item type \"{}\"", nearest::shown(kind)))
            .remedy(nearest::remedy("work item type", kind, names))
    })
}

/// The tool of the connection has no work items of this type.
pub(crate) fn not_made(connection: &str, kind: WorkItemType) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-work-item", "The tool has no such work items")
        .detail(format!("connection \"{connection}\" has no work items of type {kind}"))
        .remedy("name a type that the ITSM tool has, usually `incident`")
}

/// The route with this name.
pub(crate) fn route<'a>(settings: &'a Arc<Settings>, name: &str) -> Result<&'a Route, Problem> {
    if let Some(route) = settings.route.get(name) {
        return Ok(route);
    }
    let remedy = if settings.connections.contains_key(name) {
        format!("\"{name}\" is a connection: post to /api/alerts/{name}/incident")
    } else {
        let names = settings.route.keys().chain(settings.connections.keys()).map(String::as_str);
        nearest::remedy("route or connection", name, names)
    };
    Err(Problem::new(StatusCode::NOT_FOUND, "unknown-route", "No such route")
        .detail(format!("there is no route \"{}\"", nearest::shown(name)))
        .remedy(remedy))
}

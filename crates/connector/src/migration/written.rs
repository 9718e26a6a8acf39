//! The settings as text: what a person fills in first, then the routes, each with the action group it comes from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::connection::{self, Connections};
use super::names::one_line;
use super::{Options, Routed};
use crate::route::Route;

const HEAD: &str = "# Written by `itsm-connector migrate`. Fill in what stands in capitals, then `itsm-connector validate` and `check`;\n\
                    # connector.toml.sample explains every setting.\n";

/// A route of one receiver and the action group it comes from, as people call it.
pub(super) struct Line<'a> {
    pub(super) group: String,
    pub(super) routed: &'a Routed,
}

/// The text; empty without a route.
pub(super) fn settings(connections: &Connections<'_>, lines: &[Line<'_>], options: &Options) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    if !options.routes_only {
        text.push_str(HEAD);
        for (target, ids) in connections.used.values() {
            text.push('\n');
            text.push_str(&connection::comment(ids));
            text.push_str(&connection::section(target).unwrap_or_default());
        }
        text.push('\n');
        text.push_str(&intake(options));
    }
    let mut written = Vec::new();
    for line in lines {
        let name = line.routed.route.as_str();
        if written.contains(&name) {
            continue;
        }
        written.push(name);
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a text cannot fail.
        let _ = writeln!(text, "# {}, receiver {}", one_line(&line.group), one_line(&line.routed.receiver));
        text.push_str(&section(name, &line.routed.settings));
    }
    text
}

#[derive(Serialize)]
struct Routes<'a> {
    route: BTreeMap<&'a str, &'a Route>,
}

fn section(name: &str, route: &Route) -> String {
    toml::to_string(&Routes { route: BTreeMap::from([(name, route)]) }).unwrap_or_default()
}

#[derive(Serialize)]
struct Secured<'a> {
    intake: BTreeMap<&'static str, Entra<'a>>,
}

#[derive(Serialize)]
struct Entra<'a> {
    tenant: &'a str,
    audiences: Vec<&'a str>,
}

fn intake(options: &Options) -> String {
    let Some(secure) = &options.secure else {
        return "# The code=KEY of the webhooks. On Azure the function key does the same, and this section can go.\n\
                [intake]\napi_keys = [\"$INTAKE_KEY\"]\n"
            .to_owned();
    };
    // Tokens of version 2 name the client id, which most identifier URIs hold; those of version 1 the URI.
    let uri = secure.identifier_uri.as_str();
    let client_id = uri.strip_prefix("api://").filter(|id| id.len() == 36 && !id.contains('/'));
    let audiences = std::iter::once(uri).chain(client_id).collect();
    let entra = Entra { tenant: &secure.tenant, audiences };
    toml::to_string(&Secured { intake: BTreeMap::from([("entra", entra)]) }).unwrap_or_default()
}

//! Resource Health. One "Fired" for each change of a resource's health; it is over when the resource is available.

use super::activity::read_event;
use crate::alert::html;
use crate::alert::lenient::Node;
use crate::alert::reading::Reading;

pub(in crate::alert) fn read(event: Node<'_>, reading: &mut Reading) {
    let properties = event.at("properties");
    let text = |name: &str| properties.at(name).text();
    read_event(event, reading);
    reading.stateful = true;
    let (now, before) = (text("currentHealthStatus"), text("previousHealthStatus"));
    reading.over |=
        now.eq_ignore_ascii_case("Available") || now.is_empty() && event.at("status").text().eq_ignore_ascii_case("Resolved");
    if reading.over && reading.resolved_at.is_none() {
        reading.resolved_at = reading.episode_at;
    }
    let happened = html::strip(&text("title"));
    let place = reading.place();
    let place = if place.is_empty() { "Resource" } else { &place };
    let health = if now.is_empty() { "health changed".to_owned() } else { now.to_lowercase() };
    let mut what = format!("{place} is {health}");
    if now.is_empty() {
        what = format!("{place}: {health}");
    }
    reading.lead.push(if before.is_empty() {
        format!("{what}.")
    } else {
        format!("{what}; it was {} before.", before.to_lowercase())
    });
    reading.title =
        [what, happened.clone()].into_iter().filter(|part| !part.is_empty() && *part != now).collect::<Vec<_>>().join(": ");
    if happened != now && !happened.is_empty() {
        reading.lead.push(happened);
    }
    reading.fact("Cause", text("cause"));
    reading.fact("Type", text("type"));
    reading.fact("Status", event.at("status").text());
    reading.section("Details", html::strip(&text("details")));
}

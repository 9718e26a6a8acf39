//! The texts of work notes: short, for the person who works on the record. Each ends with a marker line that names the event it
//! is about, so that an interrupted append can be recognised and is not repeated.

use std::fmt::Write as _;

use crate::alert::{Alert, Condition};

/// The marker line of the event with this key: `[event 0123456789ab]`.
#[must_use]
pub fn marker(event_key: &str) -> String {
    let short: String = event_key.chars().take(12).collect();
    format!("[event {short}]")
}

/// The alert fired again for the same work item. `label` names the part of the alert (empty when it is whole), `count` counts
/// repeats from 1, `skipped` those that were counted since the last note without one of their own.
#[must_use]
pub fn note_repeat(alert: &Alert, label: &str, count: u64, skipped: u64, event_key: &str) -> String {
    let mut text = format!("Fired again (repeat {count})");
    add_label(&mut text, label);
    if let Some(at) = alert.fired_at {
        let _ = write!(text, " at {at}");
    }
    text.push('.');
    if skipped > 0 {
        let times = if skipped == 1 { "firing" } else { "firings" };
        let _ = write!(text, " {skipped} {times} in between had no note of their own.");
    }
    add_measured(&mut text, alert);
    finish(text, event_key)
}

/// The alert is over; the work item stays as it is (policy `note`), or one of several members of it is over.
#[must_use]
pub fn note_resolved(alert: &Alert, label: &str, event_key: &str) -> String {
    let mut text = "Azure Monitor reports that the condition is over".to_owned();
    add_label(&mut text, label);
    if let Some(at) = alert.resolved_at {
        let _ = write!(text, " since {at}");
    }
    text.push('.');
    finish(text, event_key)
}

/// The alert fired again soon after the work item was resolved, and so reopens it.
#[must_use]
pub fn note_reopened(alert: &Alert, label: &str, event_key: &str) -> String {
    let mut text = "Reopened, because the alert fired again".to_owned();
    add_label(&mut text, label);
    if let Some(at) = alert.fired_at {
        let _ = write!(text, " at {at}");
    }
    text.push('.');
    add_measured(&mut text, alert);
    finish(text, event_key)
}

/// The alert rule found something more that is wrong (`per = "rule"`): it joins this work item.
#[must_use]
pub fn note_member(alert: &Alert, event_key: &str) -> String {
    let mut names = alert.configuration_items.clone();
    if names.is_empty() {
        names = alert.resources.iter().map(|resource| resource.name.clone()).collect();
    }
    let mut text = match names.as_slice() {
        [] => format!("The alert rule fired for something else: {}.", alert.title),
        names => format!("The alert rule fired for {} as well.", names.join(", ")),
    };
    add_measured(&mut text, alert);
    finish(text, event_key)
}

/// The work item refers to an earlier one about the same thing, by its number.
#[must_use]
pub fn note_follows(number: &str, event_key: &str) -> String {
    finish(format!("The same alert was handled before in {number}."), event_key)
}

/// What was looked for when no configuration item was linked, or which one was; one line for each step.
#[must_use]
pub fn note_configuration_item(linked: Option<&str>, account: &[String], event_key: &str) -> String {
    let mut text = match linked {
        Some(name) => format!("Linked to configuration item {name}."),
        None => "No configuration item was linked.".to_owned(),
    };
    for step in account {
        let _ = write!(text, "\n- {step}");
    }
    finish(text, event_key)
}

fn add_label(text: &mut String, label: &str) {
    if !label.is_empty() {
        let _ = write!(text, " for {label}");
    }
}

/// The measured values and the first link: what tells this firing from the one before.
fn add_measured(text: &mut String, alert: &Alert) {
    for condition in &alert.conditions {
        let _ = write!(text, "\n{}", measured(condition));
    }
    if let Some(link) = alert.links.first() {
        let _ = write!(text, "\n{}: {}", link.label, link.url);
    }
}

fn measured(condition: &Condition) -> String {
    if condition.sentence.is_empty() {
        format!("{}: {} (threshold {})", condition.measure, condition.value, condition.threshold)
    } else {
        condition.sentence.clone()
    }
}

fn finish(mut text: String, event_key: &str) -> String {
    text.push('\n');
    text.push_str(&marker(event_key));
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::{note_configuration_item, note_follows, note_member, note_reopened, note_repeat, note_resolved};
    use crate::alert::AlertState;

    const EVENT: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn every_note_ends_with_the_line_that_names_its_event() {
        let fired = sample::alert(AlertState::Fired);
        let resolved = sample::alert(AlertState::Resolved);
        for note in [
            note_repeat(&fired, "web01", 1, 0, EVENT),
            note_resolved(&resolved, "", EVENT),
            note_reopened(&fired, "", EVENT),
            note_member(&fired, EVENT),
            note_follows("INC0010001", EVENT),
            note_configuration_item(None, &[], EVENT),
        ] {
            assert_eq!(note.lines().last(), Some("[event 0123456789ab]"), "{note}");
        }
    }

    #[test]
    fn a_repeat_says_which_when_what_was_measured_and_how_many_were_silent() {
        assert_eq!(
            note_repeat(&sample::alert(AlertState::Fired), "web01", 3, 2, EVENT),
            "Fired again (repeat 3) for web01 at 1970-01-01T00:00:00Z. 2 firings in between had no note of their own.\n\
             Percentage CPU was 97.3, greater than 90\nAlert in the Azure portal: https://portal.azure.com/\n[event 0123456789ab]"
        );
    }

    #[test]
    fn a_new_member_of_a_rule_is_named_by_its_configuration_item_else_its_resource_else_its_title() {
        let mut alert = sample::alert(AlertState::Fired);
        alert.configuration_items = vec!["db01".to_owned()];
        assert!(note_member(&alert, EVENT).starts_with("The alert rule fired for db01 as well."));
        alert.configuration_items.clear();
        assert!(note_member(&alert, EVENT).starts_with("The alert rule fired for web01 as well."));
        alert.resources.clear();
        assert!(note_member(&alert, EVENT).starts_with("The alert rule fired for something else: Percentage CPU on web01."));
    }

    #[test]
    fn a_work_item_without_configuration_item_tells_what_was_looked_for() {
        let account = ["cmdb_ci name = web01: 2 records".to_owned()];
        assert_eq!(
            note_configuration_item(None, &account, EVENT),
            "No configuration item was linked.\n- cmdb_ci name = web01: 2 records\n[event 0123456789ab]"
        );
    }
}

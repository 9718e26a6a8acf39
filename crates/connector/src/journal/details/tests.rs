//! The list of members, against what is written.

use serde_json::Value;

use super::{Delivered, Details, Standing};
use crate::alert::AlertState;
use crate::rows::RecordKind;
use crate::work_item::WorkItemType;

fn written<D: Details>(details: &D) -> Vec<String> {
    let Ok(Value::Object(members)) = serde_json::from_str(&details.text()) else { panic!("{}", details.text()) };
    let mut names: Vec<String> = members.into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names
}

fn listed<D: Details>() -> Vec<String> {
    let mut names: Vec<String> = D::MEMBERS.iter().map(|member| member.name.to_owned()).collect();
    names.sort_unstable();
    names
}

fn delivered() -> Delivered {
    Delivered {
        rule: "disk is full".to_owned(),
        state: AlertState::Fired,
        work_item_type: WorkItemType::Incident,
        created: 1,
        updated: 0,
        duplicates: 2,
        attempts: 3,
        latency_ms: 1500,
    }
}

#[test]
fn what_is_written_is_what_is_listed() {
    let mut standing = Standing { configuration_age_seconds: Some(1), ..Standing::default() };
    for kind in RecordKind::ALL {
        *standing.lag_mut(kind) = Some(1);
    }
    assert_eq!(written(&standing), listed::<Standing>());
    assert_eq!(written(&delivered()), listed::<Delivered>());
}

#[test]
fn what_is_not_known_is_left_out() {
    assert_eq!(Standing::default().text(), r#"{"backlog":0,"oldest_seconds":0,"dead_letters":0}"#);
    assert!(!Delivered { rule: String::new(), ..delivered() }.text().contains("rule"));
}

#[test]
fn every_member_says_what_it_means() {
    for (operation, message, members) in super::all() {
        assert!(!members.is_empty(), "{operation}: {message}");
        for member in members {
            assert!(member.description.ends_with('.'), "{operation}: {}: {}", member.name, member.description);
        }
    }
}

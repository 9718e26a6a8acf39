//! Choice lists of the instance (`sys_choice`), and the close code to resolve with. Lists differ between releases and
//! customers, so none is built in.

use std::collections::{BTreeMap, BTreeSet};

use super::client::{Client, Row};
use crate::provider::ProviderError;
use crate::provider::cached::Cached;
pub(super) use crate::provider::choices::Choice;
use crate::provider::choices::{CloseCodes, Known, remembered};

/// What is read of a choice.
pub(super) const COLUMNS: &str = "sys_id,name,element,value,label,sequence,language,inactive";
/// What to do when no choice is visible.
pub(super) const REMEDY: &str = "give the integration user the role personalize_choices";

/// Close codes of the newer and the older base system.
const CLOSE_CODES: CloseCodes<'_> = CloseCodes {
    owner: "the instance",
    fitting: &[
        "Solution provided",
        "Solved (Permanently)",
        "Resolved by monitoring",
        "Closed/Resolved by System",
        "No resolution provided",
    ],
    unfit: &["duplicate", "user error", "caller", "change", "problem", "not solved"],
    guess: "Solution provided",
    right: "role personalize_choices",
};

/// The choice lists of a table out of rows of `sys_choice`, by field. `lineage` is the table and its parents, own first: the
/// rows of the first that has any for a field are the field's list.
pub(super) fn lists(rows: &[Row], lineage: &[&str]) -> BTreeMap<String, Vec<Choice>> {
    let active =
        |row: &&Row| row.value("inactive") != "true" && !row.value("value").is_empty() && !row.value("element").is_empty();
    let mut of_field: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(active).filter(|row| lineage.contains(&row.value("name"))) {
        of_field.entry(row.value("element")).or_default().push(row);
    }
    of_field.into_iter().map(|(element, rows)| (element.to_owned(), list(rows, lineage))).collect()
}

/// One field's list, in its order.
fn list(mut rows: Vec<&Row>, lineage: &[&str]) -> Vec<Choice> {
    if let Some(owner) = lineage.iter().find(|table| rows.iter().any(|row| row.value("name") == **table)) {
        rows.retain(|row| row.value("name") == *owner);
    }
    // One language: labels matter only for recognising, values are the same in all.
    if rows.iter().any(|row| row.value("language") == "en") {
        rows.retain(|row| matches!(row.value("language"), "en" | ""));
    }
    rows.sort_by_key(|row| row.value("sequence").replace(',', "").parse::<i64>().unwrap_or(i64::MAX));
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(row.value("value")));
    rows.iter().map(|row| Choice { value: row.value("value").to_owned(), label: row.value("label").to_owned() }).collect()
}

/// The active choices of a field of incidents, in their order. Rows of `incident` replace those of its parent `task`. Empty when
/// the field has no list, or it may not be read: ServiceNow does not tell which.
pub(super) async fn look_up(client: &Client, element: &str) -> Result<Vec<Choice>, ProviderError> {
    let query = format!("nameINincident,task^element={element}^inactive=false^ORDERBYsequence");
    let rows = client.rows("sys_choice", &query, COLUMNS, 500).await?;
    Ok(lists(&rows, &["incident", "task"]).remove(element).unwrap_or_default())
}

/// Like [`look_up`], remembered; see [`remembered`]. Only for fields that must have a list.
pub(super) async fn cached(cache: &Cached<Vec<Choice>>, client: &Client, element: &str) -> Result<Option<Known>, ProviderError> {
    remembered(cache, element, REMEDY, look_up(client, element)).await
}

/// The close code to send, and what a person should know about it. `wanted` is the configured one, as value or label.
pub(super) fn close_code(wanted: Option<&str>, list: Option<&[Choice]>) -> (String, Option<String>) {
    CLOSE_CODES.choose(wanted, list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: &[(&str, &str)]) -> Vec<Choice> {
        values.iter().map(|(value, label)| Choice { value: (*value).to_owned(), label: (*label).to_owned() }).collect()
    }

    #[test]
    fn the_configured_close_code_is_known_by_value_or_label() {
        let list = list(&[("dup", "Duplicate"), ("solved_perm", "Solved (Permanently)")]);
        assert_eq!(close_code(Some("Solved (permanently)"), Some(&list)), ("solved_perm".to_owned(), None));
        assert_eq!(close_code(Some("dup"), Some(&list)), ("dup".to_owned(), None));
    }

    #[test]
    fn without_one_the_first_fitting_is_taken_and_never_an_untrue_one() {
        let usual = list(&[("Duplicate", "Duplicate"), ("User error", "User error"), ("Solution provided", "Solution provided")]);
        assert_eq!(close_code(None, Some(&usual)).0, "Solution provided");
        let own = list(&[("d", "Duplicate"), ("c", "Resolved by caller"), ("x", "Event over")]);
        assert_eq!(close_code(None, Some(&own)).0, "x");
    }

    #[test]
    fn a_close_code_the_instance_does_not_know_is_replaced_with_a_remark() {
        let (code, remark) = close_code(Some("Done"), Some(&list(&[("Solution provided", "Solution provided")])));
        assert_eq!(code, "Solution provided");
        assert!(remark.unwrap().contains("\"Done\""));
    }

    #[test]
    fn an_unreadable_list_is_said_to_be_one() {
        assert_eq!(close_code(Some("Done"), None), ("Done".to_owned(), None));
        assert!(close_code(None, None).1.unwrap().contains("personalize_choices"));
    }
}

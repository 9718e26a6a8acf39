//! Choice lists of the instance (`sys_choice`), and the close code to resolve with. Lists differ between releases and
//! customers, so none is built in.

use std::sync::Arc;

use super::client::Client;
use crate::provider::ProviderError;
use crate::provider::cached::Cached;

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
}

/// Close codes that say "it is over by itself", best first, of the newer and the older base system.
const FITTING: [&str; 5] = [
    "Solution provided",
    "Solved (Permanently)",
    "Resolved by monitoring",
    "Closed/Resolved by System",
    "No resolution provided",
];
/// Close codes that would say something untrue.
const UNFIT: [&str; 6] = ["duplicate", "user error", "caller", "change", "problem", "not solved"];
/// What is sent when the instance does not let its list be read.
const GUESS: &str = "Solution provided";

/// The active choices of a field of incidents, in their order. Rows of `incident` replace those of its parent `task`.
pub(super) async fn look_up(client: &Client, element: &str) -> Result<Vec<Choice>, ProviderError> {
    let query = format!("nameINincident,task^element={element}^inactive=false^ORDERBYsequence");
    let fields = "sys_id,name,element,value,label,sequence,language,inactive";
    let mut rows = client.rows("sys_choice", &query, fields, 500).await?;
    rows.retain(|row| row.value("element") == element && row.value("inactive") != "true" && !row.value("value").is_empty());
    let own = rows.iter().any(|row| row.value("name") == "incident");
    rows.retain(|row| row.value("name") == if own { "incident" } else { "task" });
    // One language: labels matter only for recognising, values are the same in all.
    if rows.iter().any(|row| row.value("language") == "en") {
        rows.retain(|row| matches!(row.value("language"), "en" | ""));
    }
    rows.sort_by_key(|row| row.value("sequence").replace(',', "").parse::<i64>().unwrap_or(i64::MAX));
    Ok(rows.iter().map(|row| Choice { value: row.value("value").to_owned(), label: row.value("label").to_owned() }).collect())
}

/// Like [`look_up`], remembered; nothing when the list may not be read.
pub(super) async fn cached(
    cache: &Cached<Vec<Choice>>,
    client: &Client,
    element: &str,
) -> Result<Option<Arc<Vec<Choice>>>, ProviderError> {
    match cache.get(element, look_up(client, element)).await {
        Ok(list) => Ok(Some(list).filter(|list| !list.is_empty())),
        Err(ProviderError::Refused { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The close code to send, and what a person should know about it. `wanted` is the configured one, as value or label.
pub(super) fn close_code(wanted: Option<&str>, list: Option<&[Choice]>) -> (String, Option<String>) {
    let Some(list) = list else {
        let remark = format!("the instance's close codes cannot be read (role personalize_choices); \"{GUESS}\" was sent");
        return wanted.map_or_else(|| (GUESS.to_owned(), Some(remark)), |wanted| (wanted.to_owned(), None));
    };
    let named = |name: &str| {
        let same = |choice: &&Choice| choice.value.eq_ignore_ascii_case(name) || choice.label.eq_ignore_ascii_case(name);
        list.iter().find(|choice| choice.value == name).or_else(|| list.iter().find(same))
    };
    if let Some(found) = wanted.and_then(named) {
        return (found.value.clone(), None);
    }
    let fit = |choice: &&Choice| {
        let label = choice.label.to_ascii_lowercase();
        !UNFIT.iter().any(|word| label.contains(word))
    };
    let best = FITTING.iter().find_map(|name| named(name)).or_else(|| list.iter().find(fit)).or_else(|| list.first());
    let best = best.map_or_else(|| GUESS.to_owned(), |choice| choice.value.clone());
    let remark = wanted.map(|wanted| {
        let known: Vec<_> = list.iter().map(|choice| choice.value.as_str()).collect();
        format!("close code \"{wanted}\" is not one of the instance's ({}); \"{best}\" was used", known.join(", "))
    });
    (best, remark)
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

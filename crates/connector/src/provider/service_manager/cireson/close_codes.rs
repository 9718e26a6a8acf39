//! The resolution category with which an incident is resolved.

use super::super::mapping::{self, RESOLUTION};
use super::Cireson;
use super::lists::list_of;
use crate::configuration::Choice;
use crate::provider::ProviderError;

const PROPERTY: &str = "ResolutionCategory";

/// The values of the category, as choices.
pub(super) async fn list(tool: &Cireson) -> Result<Vec<Choice>, ProviderError> {
    let values = tool.lists.below(&tool.client, list_of(PROPERTY).unwrap_or_default()).await?;
    Ok(values.iter().map(|value| super::refresh::choice(PROPERTY, value)).collect())
}

/// The category to send, and what a person should know about it.
pub(super) async fn choose(tool: &Cireson) -> Result<(Option<String>, Option<String>), ProviderError> {
    let wanted = tool.connection.policy.close_code.as_deref().filter(|code| !code.is_empty());
    Ok(choose_of(wanted, &list(tool).await?))
}

/// The same, of a list.
pub(super) fn choose_of(wanted: Option<&str>, list: &[Choice]) -> (Option<String>, Option<String>) {
    if list.is_empty() {
        let remark = "no resolution category can be read; the incident was resolved without one".to_owned();
        return match wanted {
            Some(wanted) if uuid::Uuid::try_parse(wanted).is_ok() => (Some(wanted.to_owned()), None),
            _ => (None, Some(remark)),
        };
    }
    let named = wanted.and_then(|wanted| list.iter().find(|choice| mapping::means(&choice.value, &choice.label, wanted)));
    let (code, remark) = RESOLUTION.choose(named.map(|choice| choice.value.as_str()).or(wanted), Some(list));
    (Some(code).filter(|code| !code.is_empty()), remark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(value: &str, label: &str) -> Choice {
        Choice { value: value.to_owned(), label: label.to_owned() }
    }

    #[test]
    fn the_category_says_what_is_true_and_a_missing_list_costs_no_resolution() {
        let list =
            [choice("x.UserError", "User Error"), choice("IncidentResolutionCategoryEnum.AutoResolved", "Automatisch gelöst")];
        assert_eq!(choose_of(None, &list), (Some("IncidentResolutionCategoryEnum.AutoResolved".to_owned()), None));
        assert_eq!(choose_of(Some("UserError"), &list), (Some("x.UserError".to_owned()), None));
        assert_eq!(choose_of(Some("user error"), &list), (Some("x.UserError".to_owned()), None));
        assert!(choose_of(Some("Nothing"), &list).1.unwrap().contains("\"Nothing\""));
        assert!(choose_of(Some("User Error"), &[]).1.is_some());
        let id = "3cf36b94-0c85-ab92-3b4d-2c7d082ba1c1";
        assert_eq!(choose_of(Some(id), &[]), (Some(id.to_owned()), None));
    }
}

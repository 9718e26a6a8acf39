//! Choice lists of a tool: known by value or label, remembered, and the close code to resolve with. Lists differ between releases
//! and customers, so none is built in.

use std::sync::Arc;

use super::ProviderError;
use super::cached::Cached;
pub use crate::configuration::Choice;
use crate::configuration::as_read;

/// The choice that `name` means: by its value, else by value or label whatever the case.
#[must_use]
pub fn named<'a>(list: &'a [Choice], name: &str) -> Option<&'a Choice> {
    let same = |choice: &&Choice| choice.value.eq_ignore_ascii_case(name) || choice.label.eq_ignore_ascii_case(name);
    list.iter().find(|choice| choice.value == name).or_else(|| list.iter().find(same))
}

/// A list, and what to say of it.
#[derive(Debug)]
pub struct Known {
    /// The list, never empty.
    pub list: Arc<Vec<Choice>>,
    /// That it is an old copy, if it is one.
    pub remark: Option<String>,
}

/// The list of `field` as `read` reads it, remembered; else the copy of the last refresh, with a remark; nothing when there is
/// neither and the list may not be read, or is empty, for which `remedy` is the remedy. Only for fields that must have a list.
pub async fn remembered<F>(
    cache: &Cached<Vec<Choice>>,
    field: &str,
    remedy: &str,
    read: F,
) -> Result<Option<Known>, ProviderError>
where
    F: Future<Output = Result<Vec<Choice>, ProviderError>> + Send,
{
    let read = async {
        let list = read.await?;
        let cause = || format!("no choice of {field} is visible");
        if list.is_empty() {
            return Err(ProviderError::Refused { cause: cause(), remedy: remedy.to_owned() });
        }
        Ok(list)
    };
    match cache.get(field, read).await {
        Ok(found) => {
            let say = |(at, error)| {
                let age = as_read(at, cache.now());
                format!("the choices of {field} cannot be read now ({error}); the copy {age} was used")
            };
            Ok(Some(Known { list: found.value, remark: found.stale.map(say) }))
        }
        Err(ProviderError::Refused { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// What a product knows of close codes in general.
#[derive(Debug, Clone, Copy)]
pub struct CloseCodes<'a> {
    /// Whose they are: `the instance`.
    pub owner: &'a str,
    /// Values or labels that say "it is over by itself", best first.
    pub fitting: &'a [&'a str],
    /// Parts of labels, in lower case, that would say something untrue.
    pub unfit: &'a [&'a str],
    /// What is sent when the list cannot be read.
    pub guess: &'a str,
    /// The right that reading the list needs: `role personalize_choices`.
    pub right: &'a str,
}

impl CloseCodes<'_> {
    /// The close code to send, and what a person should know about it. `wanted` is the configured one, as value or label; `list`
    /// is nothing when it cannot be read.
    #[must_use]
    pub fn choose(&self, wanted: Option<&str>, list: Option<&[Choice]>) -> (String, Option<String>) {
        let Self { owner, guess, right, .. } = self;
        let Some(list) = list else {
            let remark = format!("{owner}'s close codes cannot be read ({right}); \"{guess}\" was sent");
            return wanted.map_or_else(|| ((*guess).to_owned(), Some(remark)), |wanted| (wanted.to_owned(), None));
        };
        if let Some(found) = wanted.and_then(|wanted| named(list, wanted)) {
            return (found.value.clone(), None);
        }
        let fit = |choice: &&Choice| {
            let label = choice.label.to_ascii_lowercase();
            !self.unfit.iter().any(|word| label.contains(word))
        };
        let best = self.fitting.iter().find_map(|name| named(list, name)).or_else(|| list.iter().find(fit));
        let best = best.or_else(|| list.first()).map_or_else(|| (*guess).to_owned(), |choice| choice.value.clone());
        let remark = wanted.map(|wanted| {
            let known: Vec<_> = list.iter().map(|choice| choice.value.as_str()).collect();
            format!("close code \"{wanted}\" is not one of {owner}'s ({}); \"{best}\" was used", known.join(", "))
        });
        (best, remark)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::clock::ManualClock;

    const CODES: CloseCodes<'_> = CloseCodes {
        owner: "the server",
        fitting: &["Over", "Solved"],
        unfit: &["duplicate", "caller"],
        guess: "Over",
        right: "right to lists",
    };

    fn list(values: &[(&str, &str)]) -> Vec<Choice> {
        values.iter().map(|(value, label)| Choice { value: (*value).to_owned(), label: (*label).to_owned() }).collect()
    }

    #[test]
    fn the_configured_close_code_is_known_by_value_or_label() {
        let list = list(&[("dup", "Duplicate"), ("s", "Solved"), ("S", "Other")]);
        assert_eq!(CODES.choose(Some("solved"), Some(&list)), ("s".to_owned(), None));
        assert_eq!(CODES.choose(Some("S"), Some(&list)), ("S".to_owned(), None));
    }

    #[test]
    fn without_one_the_first_fitting_is_taken_and_never_an_untrue_one() {
        assert_eq!(CODES.choose(None, Some(&list(&[("d", "Duplicate"), ("s", "Solved")]))), ("s".to_owned(), None));
        let own = list(&[("d", "Duplicate"), ("c", "Closed by caller"), ("x", "Event over")]);
        assert_eq!(CODES.choose(None, Some(&own)).0, "x");
    }

    #[test]
    fn a_close_code_that_was_not_asked_for_is_told() {
        let (code, remark) = CODES.choose(Some("Done"), Some(&list(&[("o", "Over")])));
        assert_eq!(code, "o");
        assert_eq!(remark.unwrap(), "close code \"Done\" is not one of the server's (o); \"o\" was used");
        assert_eq!(CODES.choose(Some("Done"), None), ("Done".to_owned(), None));
        assert!(CODES.choose(None, None).1.unwrap().contains("(right to lists)"));
    }

    #[tokio::test]
    async fn a_list_that_cannot_be_read_is_the_adopted_copy_with_a_remark_or_nothing() {
        let cache = Cached::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)), Duration::from_secs(60));
        let empty = || std::future::ready(Ok(Vec::new()));
        assert!(remembered(&cache, "code", "ask", empty()).await.unwrap().is_none());
        let down = ProviderError::Retry { after: None, cause: "down".to_owned() };
        assert_eq!(remembered(&cache, "code", "ask", std::future::ready(Err(down.clone()))).await.unwrap_err(), down);
        cache.adopt(Timestamp::UNIX_EPOCH, [("code".to_owned(), list(&[("o", "Over")]))]);
        let known = remembered(&cache, "code", "ask", empty()).await.unwrap().unwrap();
        assert_eq!(known.list.len(), 1);
        assert!(known.remark.unwrap().starts_with("the choices of code cannot be read now (no choice of code is visible)"));
    }
}

//! "Did you mean": the nearest valid name to one that is not.

/// A remedy that names the nearest of `valid`, or all of them when none is near.
pub(crate) fn remedy<'a>(what: &str, given: &str, valid: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = valid
        .clone()
        .map(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &given.to_lowercase()), name))
        .min()
        // Of a name that shares no letter with what was written nobody thought.
        .filter(|(distance, name)| *distance <= 2.max(name.chars().count() / 3) && *distance < name.chars().count());
    if let Some((_, name)) = near {
        return format!("did you mean \"{name}\"?");
    }
    let all = valid.map(|name| format!("\"{name}\"")).collect::<Vec<_>>();
    if all.is_empty() { format!("no {what} is configured") } else { format!("the {what}s are: {}", all.join(", ")) }
}

/// A name as it may be shown: a URL may hold anything, of any length.
pub(crate) fn shown(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::{remedy, shown};

    #[test]
    fn a_near_name_is_suggested_and_without_one_all_are_listed() {
        let names = ["snow", "snow-test"];
        assert_eq!(remedy("connection", "Snwo", names.into_iter()), "did you mean \"snow\"?");
        assert_eq!(remedy("connection", "provance", names.into_iter()), "the connections are: \"snow\", \"snow-test\"");
        assert_eq!(remedy("route", "x", std::iter::empty()), "no route is configured");
        assert_eq!(remedy("value", "", ["ci", "row"].into_iter()), "the values are: \"ci\", \"row\"");
    }

    #[test]
    fn a_hostile_name_is_shown_short_and_without_control_characters() {
        assert_eq!(shown("a\r\nb\u{7}"), "ab");
        assert_eq!(shown(&"x".repeat(5000)).len(), 64);
    }
}

//! The query string of the Table API.

use url::form_urlencoded;

use crate::servicenow::errors::Refusal;

/// Which of its two values a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Show {
    /// `false`: the actual value.
    #[default]
    Value,
    /// `true`: what a person sees.
    Display,
    /// `all`: both.
    Both,
}

/// The parameters that the emulator knows; any other `sysparm_` is ignored.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of the wire, independent of the others")]
pub(crate) struct Parameters {
    pub(crate) query: String,
    pub(crate) fields: Option<Vec<String>>,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
    pub(crate) show: Show,
    pub(crate) exclude_link: bool,
    pub(crate) no_count: bool,
    pub(crate) no_link_header: bool,
    pub(crate) input_display: bool,
}

/// What a list holds when nothing is said.
const DEFAULT_LIMIT: usize = 10_000;

impl Parameters {
    /// Reads a raw query string.
    pub(crate) fn read(raw: &str) -> Result<Self, Refusal> {
        let mut read = Self { limit: DEFAULT_LIMIT, ..Self::default() };
        let mut filters = Vec::new();
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            let yes = value.eq_ignore_ascii_case("true");
            match name.as_ref() {
                "sysparm_query" => read.query = value.into_owned(),
                "sysparm_fields" => {
                    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                    read.fields = Some(names.map(str::to_owned).collect());
                }
                "sysparm_limit" => read.limit = limit(&value)?,
                "sysparm_offset" => {
                    read.offset = value.parse().map_err(|_| {
                        Refusal::new(
                            400,
                            "Invalid value for sysparm_offset",
                            Some("sysparm_offset must be an integer of 0 or more"),
                        )
                    })?;
                }
                "sysparm_display_value" => {
                    read.show = if value == "all" {
                        Show::Both
                    } else if yes {
                        Show::Display
                    } else {
                        Show::Value
                    }
                }
                "sysparm_exclude_reference_link" => read.exclude_link = yes,
                "sysparm_no_count" => read.no_count = yes,
                "sysparm_suppress_pagination_header" => read.no_link_header = yes,
                "sysparm_input_display_value" => read.input_display = yes,
                name if name.starts_with("sysparm_") || name == "x-sn-apikey" => {}
                name => filters.push(format!("{name}={value}")),
            }
        }
        for filter in filters {
            read.query = if read.query.is_empty() { filter } else { format!("{filter}^{}", read.query) };
        }
        // An empty list of fields is no list.
        read.fields = read.fields.filter(|fields| !fields.is_empty());
        Ok(read)
    }
}

fn limit(value: &str) -> Result<usize, Refusal> {
    let refusal =
        || Refusal::new(400, "Invalid value for sysparm_limit", Some("sysparm_limit must be an integer greater than 0"));
    value.parse().ok().filter(|limit| *limit > 0).ok_or_else(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_below_one_or_not_a_number_is_refused() {
        for value in ["0", "-1", "many"] {
            let refusal = Parameters::read(&format!("sysparm_limit={value}")).unwrap_err();
            assert_eq!(refusal.status, 400);
            assert!(refusal.message.contains("sysparm_limit"));
        }
        assert_eq!(Parameters::read("").unwrap().limit, 10_000);
    }

    #[test]
    fn a_plain_column_is_a_filter() {
        let read = Parameters::read("sysparm_query=active%3Dtrue&number=INC1&sysparm_view=x").unwrap();
        assert_eq!(read.query, "number=INC1^active=true");
    }
}

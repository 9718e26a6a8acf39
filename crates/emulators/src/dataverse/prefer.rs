//! The `Prefer` header: how large a page may be, which annotations come along, whether the record is sent back, whether changes are tracked.

use crate::http::Call;

/// Annotation with what people see.
pub(crate) const FORMATTED: &str = "OData.Community.Display.V1.FormattedValue";
/// Annotation with the table a lookup points to.
pub(crate) const LOGICAL_NAME: &str = "Microsoft.Dynamics.CRM.lookuplogicalname";
/// Annotation with a lookup's navigation property.
pub(crate) const NAVIGATION: &str = "Microsoft.Dynamics.CRM.associatednavigationproperty";

/// Preferences of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    pub(crate) page: Option<usize>,
    pub(crate) representation: bool,
    pub(crate) track: bool,
    annotations: Vec<String>,
}

impl Prefer {
    pub(crate) fn read(call: &Call) -> Self {
        let mut prefer = Self::default();
        for (_, value) in call.headers.iter().filter(|(name, _)| name == "prefer") {
            for part in split(value) {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                let value = value.trim().trim_matches('"');
                match name.trim() {
                    "odata.maxpagesize" | "maxpagesize" => prefer.page = value.parse().ok().filter(|size| *size > 0),
                    "return" => prefer.representation = value == "representation",
                    "odata.track-changes" => prefer.track = true,
                    "odata.include-annotations" => {
                        prefer.annotations = value.split(',').map(|pattern| pattern.trim().to_owned()).collect();
                    }
                    _ => {}
                }
            }
        }
        prefer
    }

    /// Whether an annotation was asked for: by its name, by `*`, or by a namespace with `.*` behind it.
    pub(crate) fn wants(&self, annotation: &str) -> bool {
        self.annotations.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => annotation.starts_with(beginning),
            None => pattern == annotation,
        })
    }

    /// Whether everything was asked for.
    pub(crate) fn wants_all(&self) -> bool {
        self.annotations.iter().any(|pattern| pattern == "*")
    }

    /// What `Preference-Applied` says.
    pub(crate) fn applied(&self, list: bool) -> Option<String> {
        let mut parts = Vec::new();
        if let (true, Some(page)) = (list, self.page) {
            parts.push(format!("odata.maxpagesize={}", page.min(5000)));
        }
        if list && self.track {
            parts.push("odata.track-changes".to_owned());
        }
        if !list && self.representation {
            parts.push("return=representation".to_owned());
        }
        if !self.annotations.is_empty() {
            parts.push(format!("odata.include-annotations=\"{}\"", self.annotations.join(",")));
        }
        (!parts.is_empty()).then(|| parts.join(","))
    }
}

/// At the commas that stand outside quotation marks.
fn split(value: &str) -> Vec<&str> {
    let mut quoted = false;
    value
        .split(|letter: char| {
            quoted ^= letter == '"';
            letter == ',' && !quoted
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

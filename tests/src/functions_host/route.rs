//! Routes of HTTP triggers: `alerts/{target}/{work_item_type?}`, `status/{*rest}`. Literals are compared without regard to case, as
//! ASP.NET does.

use std::collections::BTreeMap;

use anyhow::{bail, ensure};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter {
        name: String,
        optional: bool,
    },
    /// `{*name}`: what is left of the path, and that may be nothing.
    Rest {
        name: String,
    },
}

/// A template with its prefix.
#[derive(Debug, Clone)]
pub(super) struct Route(Vec<Segment>);

impl Route {
    pub(super) fn parse(prefix: &str, template: &str) -> anyhow::Result<Self> {
        let full = format!("{prefix}/{template}");
        let mut segments = Vec::new();
        for part in full.split('/').filter(|part| !part.is_empty()) {
            let optional_before = matches!(segments.last(), Some(Segment::Parameter { optional: true, .. }));
            ensure!(!optional_before, "route '{template}': only the last segment can be optional");
            let rest_before = matches!(segments.last(), Some(Segment::Rest { .. }));
            ensure!(!rest_before, "route '{template}': only the last segment can take the rest");
            let inner = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            segments.push(match inner {
                None => {
                    ensure!(!part.contains(['{', '}', '?']), "route '{template}': '{part}' is no segment the stand-in knows");
                    Segment::Literal(part.to_owned())
                }
                Some(inner) => {
                    // `{**name}` is the same for the host, which makes no addresses of routes.
                    let rest = inner.strip_prefix("**").or_else(|| inner.strip_prefix('*'));
                    let name = rest.unwrap_or_else(|| inner.strip_suffix('?').unwrap_or(inner));
                    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || name.is_empty() {
                        bail!("route '{template}': '{part}' is no parameter the stand-in knows");
                    }
                    match rest {
                        Some(_) => Segment::Rest { name: name.to_owned() },
                        None => Segment::Parameter { name: name.to_owned(), optional: inner.ends_with('?') },
                    }
                }
            });
        }
        Ok(Self(segments))
    }

    /// How specific it is: of two that fit, the one with more literals is taken.
    pub(super) fn literals(&self) -> usize {
        self.0.iter().filter(|segment| matches!(segment, Segment::Literal(_))).count()
    }

    /// The parameters' values, if the path fits.
    pub(super) fn values(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let mut values = BTreeMap::new();
        for segment in &self.0 {
            if let Segment::Rest { name } = segment {
                let rest: Vec<String> = parts.by_ref().map(decoded).collect();
                if !rest.is_empty() {
                    values.insert(name.clone(), rest.join("/"));
                }
                continue;
            }
            match (segment, parts.next()) {
                (Segment::Literal(literal), Some(part)) if decoded(part).eq_ignore_ascii_case(literal) => {}
                (Segment::Parameter { name, .. }, Some(part)) => {
                    values.insert(name.clone(), decoded(part));
                }
                (Segment::Parameter { optional: true, .. }, None) => {}
                _ => return None,
            }
        }
        parts.next().is_none().then_some(values)
    }
}

/// A path's segment without its percent signs.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        let escape: Vec<u8> = rest.clone().take(2).collect();
        let code = (byte == b'%').then(|| std::str::from_utf8(&escape).ok().and_then(|code| u8::from_str_radix(code, 16).ok()));
        if let Some(Some(code)) = code {
            bytes.push(code);
            rest.nth(1);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

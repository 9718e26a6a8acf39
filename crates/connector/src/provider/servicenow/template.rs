//! Templates kept in ServiceNow (`sys_template`). No REST call applies one, so its encoded text is read here and its constants
//! fill the fields that nothing else fills.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::{Client, fits_query};
use crate::configuration::as_read;
use crate::provider::ProviderError;
use crate::provider::cached::Cached;

/// What to do when no template is visible.
pub(super) const REMEDY: &str = "give the integration user the role template_editor";

/// The constants of a template, and what could not be taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) fields: BTreeMap<String, String>,
    pub(super) remarks: Vec<String>,
}

/// Reads `field=value^field2=value2^EQ`. Values that the instance would compute are left out with a remark.
pub(super) fn parse(name: &str, encoded: &str) -> Template {
    let mut template = Template::default();
    for part in encoded.split('^').take_while(|part| *part != "EQ") {
        let Some((field, value)) = part.split_once('=') else {
            if !part.trim().is_empty() {
                template.remarks.push(format!("template \"{name}\": \"{part}\" is no field=value and was skipped"));
            }
            continue;
        };
        let field = field.trim();
        if value.trim_start().starts_with("javascript:") {
            template
                .remarks
                .push(format!("template \"{name}\": {field} is computed by a script, which REST cannot run; it was skipped"));
        } else if !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            template.fields.insert(field.to_owned(), value.to_owned());
        } else {
            template.remarks.push(format!("template \"{name}\": \"{field}\" is no field name and was skipped"));
        }
    }
    template
}

/// The name under which a template is remembered; ServiceNow does not tell upper from lower case.
pub(super) fn remembered(table: &str, name: &str) -> String {
    format!("{table} {}", name.to_lowercase())
}

/// The active template `name` for `table`; `None` when there is none. Refused when no template at all is visible.
pub(super) async fn look_up(client: &Client, table: &str, name: &str) -> Result<Option<Template>, ProviderError> {
    if !fits_query(name) {
        return Ok(None);
    }
    let query = format!("active=true^table={table}^name={name}^ORDERBYsys_created_on");
    let rows = client.rows("sys_template", &query, "sys_id,name,table,active,template", 5).await?;
    let same = |row: &&super::client::Row| row.value("name").eq_ignore_ascii_case(name) && row.value("table") == table;
    if let Some(row) = rows.iter().find(same) {
        return Ok(Some(parse(name, row.value("template"))));
    }
    // A missing right shows as an empty list. Whether any other template is visible tells it from a template that is gone.
    if client.rows("sys_template", "ORDERBYsys_id", "sys_id", 1).await?.is_empty() {
        return Err(ProviderError::Refused { cause: "no template is visible".to_owned(), remedy: REMEDY.to_owned() });
    }
    Ok(None)
}

/// Like [`look_up`], remembered, else the copy of the last refresh; never refuses for a template's sake: an alert without its
/// constants is better than none.
pub(super) async fn cached(
    cache: &Cached<Option<Template>>,
    client: &Client,
    table: &str,
    name: &str,
) -> Result<Arc<Option<Template>>, ProviderError> {
    let missing = |why: &str| {
        let remark = format!("template \"{name}\" {why}; the work item was made without it");
        Arc::new(Some(Template { fields: BTreeMap::new(), remarks: vec![remark] }))
    };
    let found = match cache.get(&remembered(table, name), look_up(client, table, name)).await {
        Ok(found) => found,
        Err(ProviderError::Refused { cause, remedy }) => {
            return Ok(missing(&format!("could not be read ({cause}: {remedy})")));
        }
        Err(other) => return Err(other),
    };
    Ok(match (found.value.as_ref(), found.stale) {
        (None, _) => missing(&format!("was not found among the active templates of {table}")),
        (Some(_), None) => found.value,
        (Some(template), Some((at, error))) => {
            let mut template = template.clone();
            let age = as_read(at, cache.now());
            template.remarks.push(format!("template \"{name}\" cannot be read now ({error}); the copy {age} was used"));
            Arc::new(Some(template))
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn constants_end_at_eq_and_may_hold_equals_signs() {
        let found = parse("t", "category=network^u_link=https://x/?a=b^assignment_group=^EQ^state=7");
        let expected = [("category", "network"), ("u_link", "https://x/?a=b"), ("assignment_group", "")];
        assert_eq!(found.fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert!(found.remarks.is_empty());
    }

    #[test]
    fn scripts_are_skipped_with_a_remark() {
        let found = parse("Disk", "caller_id=javascript:gs.getUserID()^impact=2^EQ");
        assert_eq!(found.fields.len(), 1);
        assert!(found.remarks[0].contains("Disk") && found.remarks[0].contains("caller_id"));
    }

    proptest! {
        #[test]
        fn no_template_panics(text in ".{0,200}") {
            let _ = parse("t", &text);
        }
    }
}

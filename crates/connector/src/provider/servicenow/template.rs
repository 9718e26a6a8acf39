//! Templates kept in ServiceNow (`sys_template`). No REST call applies one, so its encoded text is read here and its constants
//! fill the fields that nothing else fills.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::{Client, fits_query};
use crate::provider::ProviderError;
use crate::provider::cached::Cached;

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

/// The active template `name` for `table`; `None` when there is none or it may not be read.
pub(super) async fn look_up(client: &Client, table: &str, name: &str) -> Result<Option<Template>, ProviderError> {
    if !fits_query(name) {
        return Ok(None);
    }
    let query = format!("active=true^table={table}^name={name}^ORDERBYsys_created_on");
    let rows = client.rows("sys_template", &query, "sys_id,name,table,active,template", 5).await?;
    let same = |row: &&super::client::Row| row.value("name").eq_ignore_ascii_case(name) && row.value("table") == table;
    Ok(rows.iter().find(same).map(|row| parse(name, row.value("template"))))
}

/// Like [`look_up`], remembered; never fails for a template's sake: an alert without its constants is better than none.
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
    match cache.get(&format!("{table} {name}"), look_up(client, table, name)).await {
        Ok(found) if found.is_some() => Ok(found),
        Ok(_) => Ok(missing(&format!("was not found among the active templates of {table}"))),
        Err(ProviderError::Refused { cause, .. }) => Ok(missing(&format!("could not be read ({cause})"))),
        Err(other) => Err(other),
    }
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

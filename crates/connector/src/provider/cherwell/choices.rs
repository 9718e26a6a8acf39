//! Lists of validated fields, the cause to resolve with, and the customer for whom incidents are filed. What is in them is the
//! customer's own, so nothing is built in.

use std::sync::Arc;

use super::client::{Operator, Search, Sent};
use super::definitions::Shape;
use super::shapes::Field;
use super::{Cherwell, ProviderError};
pub(super) use crate::provider::choices::Choice;
use crate::provider::choices::{named, remembered};

/// What to do when a list is empty.
const REMEDY: &str =
    "give the security group of the integration user the right to see the business object, and check the field's lookup";
/// Causes that say nothing untrue of an alert that ended by itself, best first.
const FITTING: [&str; 8] = [
    "Monitoring",
    "Resolved by Monitoring",
    "Self Resolved",
    "Self-Resolved",
    "Resolved by itself",
    "No Fault Found",
    "Unknown",
    "Other",
];

/// Choices of plain values: Cherwell shows what it stores.
pub(super) fn plain(values: Vec<String>) -> Vec<Choice> {
    values.into_iter().map(|value| Choice { label: value.clone(), value }).collect()
}

/// The values of a field of incidents beside others; empty when anything goes.
pub(super) async fn look_up(
    tool: &Cherwell,
    shape: &Shape,
    field: &Field,
    beside: &Sent<'_>,
) -> Result<Vec<Choice>, ProviderError> {
    Ok(plain(tool.client.lookup(&shape.object, field, beside).await?))
}

/// The cause to resolve with, and what a person should know about it. Without one in the settings only a cause is sent that says
/// nothing untrue, and none when the list has no such.
pub(super) async fn cause(tool: &Cherwell, shape: &Shape, field: &Field) -> Result<(Option<String>, Vec<String>), ProviderError> {
    let wanted = tool.connection.policy.close_code.as_deref().filter(|code| !code.trim().is_empty());
    let nothing = Vec::new();
    let read = look_up(tool, shape, field, &nothing);
    let known = remembered(&tool.choices, &field.name, REMEDY, read).await?;
    let mut remarks: Vec<String> = known.iter().filter_map(|known| known.remark.clone()).collect();
    let list = known.map(|known| known.list);
    let list = list.as_ref().map(|list| list.as_slice()).unwrap_or_default();
    let fitting = || FITTING.iter().find_map(|name| named(list, name)).map(|choice| choice.value.clone());
    let Some(wanted) = wanted else { return Ok((fitting(), remarks)) };
    if list.is_empty() {
        return Ok((Some(wanted.to_owned()), remarks));
    }
    if let Some(choice) = named(list, wanted) {
        return Ok((Some(choice.value.clone()), remarks));
    }
    let other = fitting();
    let values: Vec<&str> = list.iter().map(|choice| choice.value.as_str()).collect();
    let instead = other.as_deref().map_or_else(|| "none was sent".to_owned(), |other| format!("\"{other}\" was used"));
    remarks.push(format!("close code \"{wanted}\" is not one of {}'s values ({}); {instead}", field.name, values.join(", ")));
    Ok((other, remarks))
}

/// The `RecID` of the customer for whom incidents are filed.
pub(super) async fn customer(tool: &Cherwell) -> Result<Arc<String>, ProviderError> {
    let wanted = tool.settings().customer.trim();
    Ok(tool.customers.get(wanted, find_customer(tool, wanted)).await?.value)
}

async fn find_customer(tool: &Cherwell, wanted: &str) -> Result<String, ProviderError> {
    let settings = tool.settings();
    if (32..=42).contains(&wanted.len()) && wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(wanted.to_owned());
    }
    let object = tool.object(&settings.customer_object, "cherwell.customer_object").await?;
    let refused = |cause: String, remedy: &str| ProviderError::Refused { cause, remedy: remedy.to_owned() };
    let field = object.field(&settings.customer_field).ok_or_else(|| {
        let cause = format!("{} has no field {}", object.name, settings.customer_field);
        refused(cause, "set cherwell.customer_field to the field that holds a customer's name")
    })?;
    let search = Search {
        object: &object,
        filters: &[(field, Operator::Eq, wanted.to_owned())],
        sorting: &[],
        direction: tool.client.direction.upwards(),
        fields: &[field],
        size: 10,
        what: "looking for the customer of incidents",
    };
    let mut found = tool.client.search(&search).await?.business_objects;
    found.retain(|record| record.value(Some(field)).trim().eq_ignore_ascii_case(wanted) && !record.rec_id.is_empty());
    match found.as_slice() {
        [one] => Ok(one.rec_id.clone()),
        [] => Err(refused(
            format!("there is no {} whose {} is \"{wanted}\", or the integration user may not see it", object.name, field.name),
            "set cherwell.customer to the name of a customer, or to its RecID",
        )),
        several => Err(refused(
            format!("{} records of {} have the {} \"{wanted}\"", several.len(), object.name, field.name),
            "set cherwell.customer to the RecID of the right one, or cherwell.customer_field to a field that tells them apart",
        )),
    }
}

//! `Template/GetTemplates`.

use serde_json::{Value, json};

use super::Request;
use crate::{
    http::Answer,
    service_manager::cireson::{access::Session, answers, portal::Portal},
};

/// The templates of a class.
pub(super) fn get_templates(portal: &Portal, request: &Request<'_>, _: &Session) -> Result<Answer, Answer> {
    let class = request.guid("classId")?;
    let group = portal.read();
    let found = group.templates().iter().filter(|template| template.class.id() == class);
    let found: Vec<Value> = found
        .map(|template| json!({"Id": template.id, "Name": template.label, "ClassId": class, "InternalName": template.name}))
        .collect();
    Ok(answers::data(&Value::Array(found)))
}

//! Templates: the portal makes the form of a new incident from one, with a number of its own. The connector's own values are put over
//! it afterwards, because templates fill title and description, too.

use super::super::mapping::guid;
use super::Cireson;
use super::client::Template;
use super::shape::Projection;
use crate::configuration::as_read;
use crate::provider::ProviderError;

/// The template that `wanted` means: by name, whatever the case, or GUID.
pub(super) fn named<'a>(templates: &'a [Template], wanted: &str) -> Option<&'a Template> {
    templates.iter().find(|template| template.name.eq_ignore_ascii_case(wanted) || template.id.eq_ignore_ascii_case(wanted))
}

/// The form of a new incident. A named template that is missing costs a remark and not the alert: the default one is taken.
pub(super) async fn form(
    tool: &Cireson,
    wanted: Option<&str>,
    user: &str,
    remarks: &mut Vec<String>,
) -> Result<Projection, ProviderError> {
    if let Some(wanted) = wanted.map(str::trim).filter(|wanted| !wanted.is_empty())
        && let Some(template) = look_up(tool, wanted, remarks).await?
    {
        match tool.client.made_from(&template, user).await {
            Ok(form) => return Ok(form),
            Err(ProviderError::Refused { cause, .. }) => {
                remarks.push(format!(
                    "template \"{wanted}\" could not be used ({cause}); the incident was made from the default template"
                ));
            }
            Err(other) => return Err(other),
        }
    }
    let default = &tool.connection.own.service_manager.cireson.default_template;
    tool.client.made_from(default, user).await.map_err(|error| match error {
        ProviderError::Refused { cause, .. } => ProviderError::Refused {
            cause: format!("the default template {default} cannot be used: {cause}"),
            remedy:
                "let service_manager.cireson.default_template be the GUID of an incident template that this Service Manager has \
                     (Get-SCSMObjectTemplate), and see that the integration user may use it"
                    .to_owned(),
        },
        other => other,
    })
}

async fn look_up(tool: &Cireson, wanted: &str, remarks: &mut Vec<String>) -> Result<Option<String>, ProviderError> {
    let found = match tool.templates.get("incident", tool.client.templates(guid::INCIDENT)).await {
        Ok(found) => found,
        Err(ProviderError::Refused { cause, .. }) => {
            remarks.push(format!(
                "template \"{wanted}\" could not be looked up ({cause}); the incident was made from the default template"
            ));
            return Ok(None);
        }
        Err(other) => return Err(other),
    };
    let template = named(&found.value, wanted).map(|template| template.id.clone());
    match (&template, found.stale) {
        (None, _) => {
            remarks.push(format!(
                "template \"{wanted}\" was not found among those of incidents; the incident was made from the default template"
            ));
        }
        (Some(_), Some((at, error))) => {
            let age = as_read(at, tool.clock.now());
            remarks.push(format!("the templates cannot be read now ({error}); template \"{wanted}\" is known {age}"));
        }
        (Some(_), None) => {}
    }
    Ok(template)
}

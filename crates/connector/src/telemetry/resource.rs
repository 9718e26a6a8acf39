//! Who tells: the attributes of the process that every span and every metric carries.

use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

use crate::clock::Chance;
use crate::secret::{SecretRef, Secrets};
use crate::settings::Telemetry as Settings;

const NAME: &str = "azure-itsm-connector";

/// The settings win over `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, and these over what the platform says.
pub(super) fn resource(settings: &Settings, variables: &dyn Secrets, chance: &Chance, now: Timestamp) -> Resource {
    let variable = |name: &str| variable(variables, name);
    let instance = variable("WEBSITE_INSTANCE_ID").unwrap_or_else(|| chance.id(now).to_string());
    let mut all = vec![
        KeyValue::new("service.name", NAME),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance),
    ];
    all.extend(platform(&variable));
    all.extend(
        variable("OTEL_RESOURCE_ATTRIBUTES").iter().flat_map(|told| pairs(told)).map(|(key, value)| KeyValue::new(key, value)),
    );
    all.extend(variable("OTEL_SERVICE_NAME").map(|name| KeyValue::new("service.name", name)));
    all.extend(settings.attributes.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())));
    all.extend(settings.service_name.iter().map(|name| KeyValue::new("service.name", name.clone())));
    // Of two that say the same, the later.
    Resource::builder_empty().with_attributes(all).build()
}

/// What App Service and Functions say of themselves in the environment. The names are those of Microsoft's own detectors of
/// resources; which of the variables a plan sets is not documented for all of them, so each is left out where it is not set.
fn platform(variable: &dyn Fn(&str) -> Option<String>) -> Vec<KeyValue> {
    let Some(site) = variable("WEBSITE_SITE_NAME") else { return Vec::new() };
    let functions = variable("FUNCTIONS_WORKER_RUNTIME").is_some() || variable("FUNCTIONS_EXTENSION_VERSION").is_some();
    let functions = functions || variable(crate::telemetry::export::HOSTED).is_some();
    let mut all = vec![
        KeyValue::new("cloud.provider", "azure"),
        KeyValue::new("cloud.platform", if functions { "azure.functions" } else { "azure.app_service" }),
        KeyValue::new("faas.name", site.clone()),
    ];
    let more = [
        ("cloud.region", variable("REGION_NAME")),
        ("faas.instance", variable("WEBSITE_INSTANCE_ID")),
        ("deployment.environment.name", variable("WEBSITE_SLOT_NAME")),
        ("cloud.resource_id", resource_id(&site, variable)),
    ];
    all.extend(more.into_iter().filter_map(|(key, value)| Some(KeyValue::new(key, value?))));
    let memory = variable("WEBSITE_MEMORY_LIMIT_MB").and_then(|told| told.parse::<i64>().ok());
    all.extend(memory.map(|megabytes| KeyValue::new("faas.max_memory", megabytes.saturating_mul(1024 * 1024))));
    all
}

/// `WEBSITE_OWNER_NAME` begins with the subscription's id and a `+`.
fn resource_id(site: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (owner, group) = (variable("WEBSITE_OWNER_NAME")?, variable("WEBSITE_RESOURCE_GROUP")?);
    let subscription = owner.split('+').next()?;
    Some(format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{site}"))
}

/// An environment variable that is set to something.
pub(super) fn variable(variables: &dyn Secrets, name: &str) -> Option<String> {
    let value = variables.get(&SecretRef::variable(name)).ok()?;
    Some(value.expose().trim().to_owned()).filter(|value| !value.is_empty())
}

/// `key1=value1,key2=value2`, percent-encoded, as the variables of OpenTelemetry hold it. What is no pair is left out.
pub(super) fn pairs(told: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        // A `+` stands for itself here.
        let text = text.trim().replace('+', "%2B");
        url::form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
    };
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        // `=` and `&` in a value would be taken for a form's own.
        let value = decoded(&value.replace('=', "%3D").replace('&', "%26"));
        let key = key.trim();
        (!key.is_empty()).then(|| (key.to_owned(), value))
    };
    told.split(',').filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::secret::FixedSecrets;

    fn of(settings: &Settings, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        let variables = variables.iter().fold(FixedSecrets::default(), |all, (name, value)| all.with(name, value));
        let resource = resource(settings, &variables, &Chance::seeded(1), Timestamp::UNIX_EPOCH);
        resource.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn a_process_has_a_name_a_version_and_an_identity_of_its_own() {
        let told = of(&Settings::default(), &[]);
        assert_eq!((told["service.name"].as_str(), told["service.version"].as_str()), (NAME, env!("CARGO_PKG_VERSION")));
        assert_eq!(told["service.instance.id"].len(), 36);
        assert_eq!(told.len(), 3);
    }

    #[test]
    fn the_settings_win_over_the_environment_and_this_over_the_platform() {
        let variables = [
            ("OTEL_SERVICE_NAME", "env"),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=ops%20a, service.name=no,broken,a=b=c&d+e,cloud.region=mine"),
        ];
        let told = of(&Settings::default(), &[variables[0], variables[1], ("WEBSITE_SITE_NAME", "s"), ("REGION_NAME", "theirs")]);
        assert_eq!((told["service.name"].as_str(), told["team"].as_str(), told["a"].as_str()), ("env", "ops a", "b=c&d+e"));
        assert_eq!(told["cloud.region"], "mine");
        let settings = Settings {
            service_name: Some("file".to_owned()),
            attributes: [("team".to_owned(), "file".to_owned())].into(),
            ..Settings::default()
        };
        let told = of(&settings, &variables);
        assert_eq!((told["service.name"].as_str(), told["team"].as_str()), ("file", "file"));
    }

    #[test]
    fn on_azure_the_app_is_named() {
        let told = of(
            &Settings::default(),
            &[
                ("WEBSITE_SITE_NAME", "itsm"),
                ("WEBSITE_INSTANCE_ID", "0a1b"),
                ("WEBSITE_OWNER_NAME", "6f1c+rg-westeuropewebspace-Linux"),
                ("WEBSITE_RESOURCE_GROUP", "rg"),
                ("WEBSITE_MEMORY_LIMIT_MB", "512"),
                ("REGION_NAME", "West Europe"),
                ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"),
            ],
        );
        for (key, value) in [
            ("service.instance.id", "0a1b"),
            ("faas.name", "itsm"),
            ("faas.instance", "0a1b"),
            ("faas.max_memory", "536870912"),
            ("cloud.provider", "azure"),
            ("cloud.platform", "azure.functions"),
            ("cloud.region", "West Europe"),
            ("cloud.resource_id", "/subscriptions/6f1c/resourceGroups/rg/providers/Microsoft.Web/sites/itsm"),
        ] {
            assert_eq!(told[key], value, "{key}");
        }
    }
}

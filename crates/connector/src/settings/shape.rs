//! Compares a TOML document with the JSON Schema of the settings: keys that do not exist, keys that are missing, values of the
//! wrong type. The schema comes from the types, so that this room knows no setting by name.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::problem::{Problem, suggest};
use super::span::Span;

/// A comparison under way.
pub(super) struct Shape {
    schema: Value,
    /// What was found, and where in the text.
    pub(super) problems: Vec<(Problem, Range<usize>)>,
}

impl Shape {
    /// Will compare with `schema`.
    pub(super) fn new(schema: Value) -> Self {
        Self { schema, problems: Vec::new() }
    }

    /// Compares the whole document.
    pub(super) fn check(&mut self, document: &Spanned<DeTable<'_>>) {
        let schema = self.schema.clone();
        self.table(&schema, "", document.get_ref(), document.span());
    }

    fn value(&mut self, schema: &Value, path: &str, value: &Spanned<DeValue<'_>>) {
        let schema = resolved(&self.schema, schema).clone();
        if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
            if variants.iter().all(|variant| variant.get("const").is_some()) {
                self.word(variants, path, value);
            } else {
                self.tagged(&schema, variants, path, value);
            }
            return;
        }
        let expected = match schema.get("type") {
            // `["string", "null"]`: TOML has no null, so the other one is meant.
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|name| *name != "null"),
            other => other.and_then(Value::as_str),
        };
        match (expected, value.get_ref()) {
            (Some("object"), DeValue::Table(table)) => self.table(&schema, path, table, value.span()),
            (Some("array"), DeValue::Array(list)) => {
                let items = schema.get("items").cloned().unwrap_or_default();
                for (index, item) in list.iter().enumerate() {
                    self.value(&items, &format!("{path}[{index}]"), item);
                }
            }
            (Some("string"), DeValue::String(text)) => self.text(&schema, path, text, value.span()),
            (Some("integer"), DeValue::Integer(number)) => {
                let whole = i64::from_str_radix(number.as_str(), number.radix()).ok();
                let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(i64::MIN);
                if whole.is_none_or(|whole| whole < least) {
                    self.wrong(path, value.span(), format!("must be a whole number of at least {least}"), String::new());
                }
            }
            (Some("boolean"), DeValue::Boolean(_)) | (Some("number"), DeValue::Float(_) | DeValue::Integer(_)) | (None, _) => {}
            (Some(expected), found) => {
                let message = format!("must be {}, not {}", expected_name(expected), found_name(found));
                self.wrong(path, value.span(), message, String::new());
            }
        }
    }

    fn table(&mut self, schema: &Value, path: &str, table: &DeTable<'_>, span: Range<usize>) {
        let none = serde_json::Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        for (name, value) in table {
            let key = join(path, name.get_ref());
            if let Some(schema) = properties.get(name.get_ref().as_ref()).or(others) {
                self.value(schema, &key, value);
            } else {
                let remedy = suggest(name.get_ref(), properties.keys().map(String::as_str));
                self.wrong(&key, name.span(), "unknown key".to_owned(), remedy);
            }
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(name) {
                let about = properties.get(name).and_then(|property| property.get("description")).and_then(Value::as_str);
                let remedy = about.map(|about| format!("it says: {}", about.replace('\n', " "))).unwrap_or_default();
                self.wrong(&join(path, name), span.clone(), "is missing".to_owned(), remedy);
            }
        }
    }

    /// One of several fixed words.
    fn word(&mut self, variants: &[Value], path: &str, value: &Spanned<DeValue<'_>>) {
        let words = || variants.iter().filter_map(|variant| variant.get("const")).filter_map(Value::as_str);
        let message = match value.get_ref() {
            DeValue::String(text) if words().any(|word| word == text) => return,
            DeValue::String(text) => format!("\"{text}\" is not one of its values"),
            found => format!("must be a text, not {}", found_name(found)),
        };
        let given = value.get_ref().as_str().unwrap_or_default().to_owned();
        self.wrong(path, value.span(), message, suggest(&given, words()));
    }

    /// A table of which one member says what else is in it, besides what is in all of them.
    fn tagged(&mut self, common: &Value, variants: &[Value], path: &str, value: &Spanned<DeValue<'_>>) {
        let name = variants.iter().find_map(tag_name).unwrap_or_default();
        let tag = |variant: &Value| tag_value(variant, &name).map(str::to_owned);
        let tags: Vec<String> = variants.iter().filter_map(tag).collect();
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("must be a table, not {}", found_name(value.get_ref()));
            return self.wrong(
                path,
                value.span(),
                message,
                format!("write for example {{ {name} = \"{}\", .. }}", tags.join("|")),
            );
        };
        let Some(given) = table.get(name.as_str()) else {
            // A slip in the very name that tells what else may be here.
            let known: Vec<Value> =
                variants.iter().map(|variant| merged(common, resolved(&self.schema, variant), variant)).collect();
            let has =
                |key: &str| known.iter().any(|whole| whole.pointer("/properties").is_some_and(|all| all.get(key).is_some()));
            for (key, _) in table.iter().filter(|(key, _)| !has(key.get_ref())) {
                let remedy = suggest(key.get_ref(), std::iter::once(name.as_str()));
                self.wrong(&join(path, key.get_ref()), key.span(), "unknown key".to_owned(), remedy);
            }
            let remedy = format!("valid are {}", tags.join(", "));
            return self.wrong(&join(path, &name), value.span(), "is missing".to_owned(), remedy);
        };
        if let Some(variant) = variants.iter().find(|variant| tag(variant).as_deref() == given.get_ref().as_str()) {
            let whole = merged(common, resolved(&self.schema, variant), variant);
            return self.table(&whole, path, table, value.span());
        }
        let shown = match given.get_ref().as_str() {
            Some(text) => format!("\"{text}\""),
            None => found_name(given.get_ref()).to_owned(),
        };
        let remedy = suggest(given.get_ref().as_str().unwrap_or_default(), tags.iter().map(String::as_str));
        self.wrong(&join(path, &name), given.span(), format!("{shown} is not one of its values"), remedy);
    }

    /// A text that must read as something.
    fn text(&mut self, schema: &Value, path: &str, text: &str, span: Range<usize>) {
        if schema.get("format").and_then(Value::as_str) == Some("uri") {
            if let Err(error) = Url::parse(text) {
                // Only a connection's address may be that of ServiceNow.
                let whole = if path.starts_with("connections.") { "https://NAME.service-now.com" } else { "https://HOST" };
                let remedy = format!("write it in full, with https:// before the name, for example \"{whole}\"");
                self.wrong(path, span, format!("is not a URL: {error}"), remedy);
            }
        } else if schema.get("title").and_then(Value::as_str) == Some(Span::TITLE)
            && let Err(message) = Span::parse(text)
        {
            self.wrong(path, span, message, String::new());
        }
    }

    fn wrong(&mut self, path: &str, span: Range<usize>, message: String, remedy: String) {
        self.problems.push((Problem::new(path, message, remedy), span));
    }
}

/// The member of a variant that can have one value only.
fn tag_name(variant: &Value) -> Option<String> {
    let properties = variant.get("properties")?.as_object()?;
    properties.iter().find(|(_, property)| property.get("const").is_some()).map(|(name, _)| name.clone())
}

fn tag_value<'a>(variant: &'a Value, name: &str) -> Option<&'a str> {
    variant.get("properties")?.get(name)?.get("const")?.as_str()
}

/// One table of several descriptions of it.
fn merged(common: &Value, referred: &Value, variant: &Value) -> Value {
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    for part in [common, referred, variant] {
        properties.extend(part.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
        for name in part.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !required.contains(name) {
                required.push(name.clone());
            }
        }
    }
    serde_json::json!({"properties": properties, "required": required})
}

/// Follows a reference, and takes what is optional for what it is when it is there.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.trim_start_matches('#'))) {
        return resolved(root, target);
    }
    let present = |variant: &&Value| variant.get("type").and_then(Value::as_str) != Some("null");
    match schema.get("anyOf").and_then(Value::as_array).and_then(|variants| variants.iter().find(present)) {
        Some(variant) => resolved(root, variant),
        None => schema,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn expected_name(schema_type: &str) -> &'static str {
    match schema_type {
        "object" => "a table",
        "array" => "a list",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "a text in quotes",
    }
}

fn found_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

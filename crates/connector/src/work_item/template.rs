//! The template engine as mapping templates get it: strict about unknown names, bounded in work and output, without access to
//! other templates or files. What a template sees is put together here; what it is for is not known here.

use std::collections::BTreeMap;

use minijinja::value::Rest;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::alert::Alert;

/// Work one rendering may do. The engine charges instructions and bytes alike, so this bounds memory as well (about 6 MB).
const FUEL: u64 = 100_000;
/// Longest result in bytes; the longest field of an ITSM tool is far shorter.
const LONGEST_RESULT: usize = 256 * 1024;

/// Why a template gave nothing: a sentence for an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct RenderError(String);

/// The part of an alert that a template sees besides the alert itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extras<'a> {
    /// `ci`: the configuration item's name.
    pub(super) ci: Option<&'a str>,
    /// `row`: the row of `per = "row"`.
    pub(super) row: Option<&'a BTreeMap<String, String>>,
}

/// An engine without templates.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(false);
    // Templates are single: no name leads to another one.
    environment.set_path_join_callback(|_, _| "other templates".into());
    // An optional value that the alert does not have prints as nothing.
    environment.set_formatter(|out, state, value| {
        let empty = Value::from("");
        minijinja::escape_formatter(out, state, if value.is_none() { &empty } else { value })
    });
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter("truncate", truncate);
    environment.add_filter("json", json);
    environment.add_filter("last_segment", last_segment);
    environment.add_filter("one_line", |text: &str| one_line(text));
    environment
}

/// Renders the template `name`.
pub(super) fn render(environment: &Environment<'_>, name: &str, context: &Value) -> Result<String, RenderError> {
    let template = environment.get_template(name).map_err(|error| explain(&error))?;
    let text = template.render(context.clone()).map_err(|error| explain(&error))?;
    if text.len() > LONGEST_RESULT {
        return Err(RenderError(format!("the result is {} bytes long; at most {LONGEST_RESULT} are allowed", text.len())));
    }
    Ok(text)
}

/// What templates see of `alert`.
pub(super) fn context(alert: &Alert, extras: Extras<'_>) -> Value {
    let alert = serde_json::to_value(alert).map(value).unwrap_or_default();
    let row = extras.row.cloned().unwrap_or_default();
    with_alert(alert, Value::from(row), extras.ci.map_or(Value::from(()), Value::from))
}

/// The names that templates see, with these values.
pub(super) fn with_alert(alert: Value, row: Value, ci: Value) -> Value {
    Value::from(BTreeMap::from([("alert", alert), ("row", row), ("ci", ci)]))
}

/// The engine's own value for a JSON value.
pub(super) fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(truth) => Value::from(truth),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(fraction)) => Value::from(fraction),
            (None, None) => Value::from(number.to_string()),
        },
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(list) => list.into_iter().map(value).collect(),
        serde_json::Value::Object(members) => {
            Value::from(members.into_iter().map(|(name, member)| (name, value(member))).collect::<BTreeMap<_, _>>())
        }
    }
}

/// The engine's error as one sentence, without the template's source.
pub(super) fn explain(error: &Error) -> RenderError {
    let place = error.line().filter(|line| *line > 1).map(|line| format!(" (line {line} of the template)")).unwrap_or_default();
    let what = match error.kind() {
        ErrorKind::OutOfFuel => "the template does too much work".to_owned(),
        ErrorKind::TemplateNotFound => "a template cannot include or extend another one".to_owned(),
        kind => match error.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    RenderError(format!("{what}{place}"))
}

/// Control characters become blanks, so that the text stands on one line.
pub(super) fn one_line(text: &str) -> String {
    let blanked: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    blanked.trim().to_owned()
}

/// The built-in filter takes only what is undefined for missing; here a value that the alert does not have is missing too.
#[expect(clippy::needless_pass_by_value, reason = "the engine passes the rest of the arguments by value")]
fn default(value: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    if arguments.len() > 2 {
        return Err(ErrorKind::TooManyArguments.into());
    }
    let also_when_empty = arguments.get(1).is_some_and(Value::is_true);
    if value.is_undefined() || value.is_none() || (also_when_empty && !value.is_true()) {
        return Ok(arguments.first().cloned().unwrap_or_else(|| Value::from("")));
    }
    Ok(value.clone())
}

/// At most `length` characters; a cut is shown by an ellipsis that counts.
fn truncate(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(length.saturating_sub(1)).collect();
    if length > 0 {
        cut.push('…');
    }
    cut
}

/// As JSON on one line, not escaped for HTML.
fn json(value: &Value) -> Result<String, Error> {
    to_json(value).map(|json| json.to_string())
}

fn to_json(value: &Value) -> Result<serde_json::Value, Error> {
    use minijinja::value::ValueKind;
    Ok(match value.kind() {
        ValueKind::Undefined => return Err(Error::new(ErrorKind::UndefinedError, "nothing to write as JSON")),
        ValueKind::None => serde_json::Value::Null,
        ValueKind::Bool => value.is_true().into(),
        ValueKind::Number => match i64::try_from(value.clone()) {
            Ok(whole) => whole.into(),
            Err(_) => f64::try_from(value.clone())?.into(),
        },
        ValueKind::Map => {
            let mut members = serde_json::Map::new();
            for key in value.try_iter()? {
                members.insert(key.to_string(), to_json(&value.get_item(&key)?)?);
            }
            members.into()
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|item| to_json(&item)).collect::<Result<Vec<_>, _>>()?.into()
        }
        _ => value.to_string().into(),
    })
}

/// What follows the last slash: the resource name of an ARM id.
fn last_segment(text: &str) -> String {
    text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
}

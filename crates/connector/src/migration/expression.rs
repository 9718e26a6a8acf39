//! Expressions of ARM templates, as far as templates of action groups use them: parameters with a default, variables, and the
//! functions that put a text or an object together. What needs Azure to be known stays unknown, and the reader is told.

use serde_json::{Map, Value};

/// Nesting of expressions and variables at most; a variable may name itself.
const DEEPEST: usize = 32;

/// What names mean in one template.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// Values of parameters: those given, else the defaults.
    pub(super) parameters: Map<String, Value>,
    /// Variables as they are written.
    pub(super) variables: Map<String, Value>,
}

impl Scope {
    /// `value` with every expression in it replaced. `None` when one cannot be known without Azure.
    pub(super) fn known(&self, value: &Value) -> Option<Value> {
        self.value(value, 0)
    }

    /// `text` without brackets is one expression; `[[` stands for a bracket.
    fn value(&self, value: &Value, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        match value {
            Value::String(text) => match text.strip_prefix('[') {
                Some(rest) if rest.starts_with('[') => Some(Value::String(rest.to_owned())),
                Some(rest) if rest.ends_with(']') => {
                    let mut parser = Parser { scope: self, rest: rest.strip_suffix(']')?, depth };
                    let value = parser.expression()?;
                    parser.rest.trim().is_empty().then_some(value)
                }
                _ => Some(value.clone()),
            },
            Value::Array(list) => list.iter().map(|item| self.value(item, depth + 1)).collect::<Option<_>>().map(Value::Array),
            Value::Object(map) => {
                let known = map.iter().map(|(name, item)| Some((name.clone(), self.value(item, depth + 1)?)));
                known.collect::<Option<_>>().map(Value::Object)
            }
            other => Some(other.clone()),
        }
    }
}

/// What is left to read of one expression.
struct Parser<'a> {
    scope: &'a Scope,
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn expression(&mut self) -> Option<Value> {
        if self.depth > DEEPEST {
            return None;
        }
        self.depth += 1;
        let mut value = self.term()?;
        loop {
            if self.eats('.') {
                let name = self.word()?.to_owned();
                value = member(&value, &name)?;
            } else if self.eats('[') {
                let index = self.expression()?;
                if !self.eats(']') {
                    return None;
                }
                value = match index {
                    Value::String(name) => member(&value, &name)?,
                    index => value.get(usize::try_from(index.as_u64()?).ok()?)?.clone(),
                };
            } else {
                self.depth -= 1;
                return Some(value);
            }
        }
    }

    fn term(&mut self) -> Option<Value> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('\'') {
            return self.text().map(Value::String);
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(end);
            self.rest = rest;
            return number.parse::<i64>().ok().map(Value::from);
        }
        let function = self.word()?.to_ascii_lowercase();
        if !self.eats('(') {
            return None;
        }
        let mut arguments = Vec::new();
        while !self.eats(')') {
            if !arguments.is_empty() && !self.eats(',') {
                return None;
            }
            arguments.push(self.expression()?);
        }
        self.call(&function, &arguments)
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Option<Value> {
        let named = |map: &Map<String, Value>| {
            let [Value::String(name)] = arguments else { return None };
            let value = map.iter().find(|(has, _)| has.eq_ignore_ascii_case(name)).map(|(_, value)| value)?;
            self.scope.value(value, self.depth + 1)
        };
        match (function, arguments) {
            ("parameters", _) => named(&self.scope.parameters),
            ("variables", _) => named(&self.scope.variables),
            ("true", []) => Some(Value::Bool(true)),
            ("false", []) => Some(Value::Bool(false)),
            ("null", []) => Some(Value::Null),
            ("string", [value]) => Some(Value::String(plain(value))),
            ("json", [Value::String(text)]) => serde_json::from_str(text).ok(),
            ("concat", [first, ..]) if first.is_array() => {
                let lists: Option<Vec<_>> = arguments.iter().map(Value::as_array).collect();
                Some(Value::Array(lists?.into_iter().flatten().cloned().collect()))
            }
            ("concat", _) => Some(Value::String(arguments.iter().map(plain).collect())),
            ("format", [Value::String(pattern), values @ ..]) => format(pattern, values).map(Value::String),
            ("createarray", _) => Some(Value::Array(arguments.to_vec())),
            ("createobject", _) => {
                let (pairs, rest) = arguments.as_chunks::<2>();
                let pair = |[name, value]: &[Value; 2]| Some((name.as_str()?.to_owned(), value.clone()));
                rest.is_empty().then(|| pairs.iter().map(pair).collect::<Option<_>>()).flatten().map(Value::Object)
            }
            ("tolower", [Value::String(text)]) => Some(Value::String(text.to_lowercase())),
            _ => None,
        }
    }

    /// A text in single quotes; two of them stand for one.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut rest = self.rest.strip_prefix('\'')?;
        loop {
            let (before, after) = rest.split_once('\'')?;
            text.push_str(before);
            let Some(more) = after.strip_prefix('\'') else {
                self.rest = after;
                return Some(text);
            };
            text.push('\'');
            rest = more;
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn eats(&mut self, sign: char) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

fn member(value: &Value, name: &str) -> Option<Value> {
    value.as_object()?.iter().find(|(has, _)| has.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}

/// As a text: texts as they are, everything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `{0}` is the first value; doubled braces stand for themselves.
fn format(pattern: &str, values: &[Value]) -> Option<String> {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            text.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            text.push('}');
            rest = after;
        } else {
            let (index, after) = from.strip_prefix('{')?.split_once('}')?;
            text.push_str(&plain(values.get(index.parse::<usize>().ok()?)?));
            rest = after;
        }
    }
    text.push_str(rest);
    Some(text)
}

//! `$select`, `$expand`, `$orderby`, `$top`, `$count`: read from the query and checked against the table. Options that Dataverse does not
//! have are refused.

use super::{
    super::{refusal::Refusal, schema::Table},
    filter::{self, Condition},
};

/// A single-valued navigation property that is sent along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expand {
    pub(crate) navigation: String,
    /// The lookup's place.
    pub(crate) place: usize,
    /// As in the query; empty for all columns.
    pub(crate) select: String,
}

/// A read query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    /// As sent, for the context.
    pub(crate) select_text: String,
    /// Places of the columns; empty for all.
    pub(crate) select: Vec<usize>,
    pub(crate) filter: Option<Condition>,
    /// Place and whether descending.
    pub(crate) order: Vec<(usize, bool)>,
    pub(crate) top: Option<usize>,
    pub(crate) count: bool,
    pub(crate) expand: Vec<Expand>,
    pub(crate) skip_token: Option<String>,
    pub(crate) delta_token: Option<String>,
    /// Everything but the tokens, for links: decoded.
    pub(crate) pairs: Vec<(String, String)>,
}

/// Names and values of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

impl Query {
    /// Reads the query of a list or of one record; `now` in seconds since 1970.
    pub(crate) fn read(query: &str, table: &Table, now: i64) -> Result<Self, Refusal> {
        let mut read = Self::default();
        for (name, value) in pairs(query) {
            match name.as_str() {
                "$select" => {
                    read.select = select(&value, table)?;
                    read.select_text.clone_from(&value);
                }
                "$filter" => read.filter = Some(filter::parse(&value, table, now)?),
                "$orderby" => read.order = order(&value, table)?,
                "$top" => {
                    let top = value
                        .parse()
                        .map_err(|_| Refusal::bad(format!("Invalid value '{value}' for $top query option found.")))?;
                    read.top = Some(top);
                }
                "$count" => read.count = value == "true",
                "$expand" => read.expand = expand(&value, table)?,
                "$skiptoken" => read.skip_token = Some(value.clone()),
                "$deltatoken" => read.delta_token = Some(value.clone()),
                "$skip" => return Err(Refusal::bad("Skip Clause is not supported in CRM")),
                "$search" => return Err(Refusal::bad("Search Clause is not supported in CRM")),
                other if other.starts_with('$') => {
                    return Err(Refusal::bad(format!("The query parameter {other} is not supported.")));
                }
                _ => {}
            }
            if name != "$skiptoken" && name != "$deltatoken" {
                read.pairs.push((name, value));
            }
        }
        Ok(read)
    }
}

/// Places of selected columns; the primary key always comes along.
pub(crate) fn select(text: &str, table: &Table) -> Result<Vec<usize>, Refusal> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let places = names.map(|name| table.property(name).ok_or_else(|| Refusal::no_property(name, &table.logical_name)));
    let mut places: Vec<usize> = places.collect::<Result<_, _>>()?;
    if !places.contains(&table.places.id) {
        places.push(table.places.id);
    }
    Ok(places)
}

fn order(text: &str, table: &Table) -> Result<Vec<(usize, bool)>, Refusal> {
    text.split(',')
        .map(|part| {
            let mut words = part.split_ascii_whitespace();
            let name = words.next().unwrap_or_default();
            let place = table.property(name).ok_or_else(|| Refusal::no_property(name, &table.logical_name))?;
            match words.next() {
                None | Some("asc") => Ok((place, false)),
                Some("desc") => Ok((place, true)),
                Some(_) => Err(Refusal::bad(format!("Syntax error at position {} in '{text}'.", text.len()))),
            }
        })
        .collect()
}

/// `publisherid($select=uniquename,friendlyname),createdby`
pub(crate) fn expand(text: &str, table: &Table) -> Result<Vec<Expand>, Refusal> {
    split(text, ',')
        .into_iter()
        .map(|part| {
            let (name, options) = part.split_once('(').map_or((part, ""), |(name, rest)| (name, rest.trim_end_matches(')')));
            let name = name.trim();
            let (place, _) = table.navigation(name).ok_or_else(|| Refusal::no_property(name, &table.logical_name))?;
            let mut select = String::new();
            for option in split(options, ';') {
                match option.trim().split_once('=') {
                    Some(("$select", value)) => value.clone_into(&mut select),
                    _ => return Err(Refusal::bad(format!("The option '{option}' is not supported inside $expand here."))),
                }
            }
            Ok(Expand { navigation: name.to_owned(), place, select })
        })
        .collect()
}

/// At the separators that stand outside parentheses.
pub(crate) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == separator && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

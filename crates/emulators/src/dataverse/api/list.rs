//! Lists: filtered, in order, in pages. A page begins behind the last record of the page before, whose place is in the cookie of the next
//! link; so records that change in between move, as they do on the real thing, and no page costs more than the one before.

use std::{cmp::Ordering, fmt::Write, ops::Bound};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    super::{
        access::Act,
        database::{Cell, Database, Row, Shelf},
        environment::Request,
        guid,
        query::{compare, options::Query},
        refusal::Refusal,
        schema::{Table, TableId},
    },
    delta, ok, permitted, render,
};
use crate::http::Answer;

/// Most records of a page, and most that are counted.
pub(super) const LARGEST: usize = 5000;

/// Where a page begins: behind this record.
#[derive(Debug, Clone)]
pub(super) struct Position {
    page: u64,
    id: u128,
    /// Values of the columns that give the order.
    values: Vec<Cell>,
}

/// `GET /incidents`; `only` restricts the list to these records.
pub(super) fn answer(request: &Request<'_>, table: TableId, only: Option<&[u128]>) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Read)?;
    let query = Query::read(&request.call.query, &definition, request.environment.now())?;
    let database = request.environment.read();
    if request.prefer.track || query.delta_token.is_some() {
        return delta::answer(request, &database, (table, &definition), &query);
    }
    let position = query.skip_token.as_deref().map(|token| position(request, token, &query)).transpose()?;
    let size = page_size(request, &query);
    let shelf = database.shelf(table).ok_or_else(|| Refusal::no_segment(&definition.set_name))?;
    let mut rows = walk(&definition, shelf, &query, position.as_ref(), only, size + 1);
    let more = rows.len() > size && query.top.is_none();
    rows.truncate(size);
    let value: Result<Vec<Value>, Refusal> = rows
        .iter()
        .map(|(_, row)| render::expanded(&database, &definition, row, &query, &request.prefer).map(Value::Object))
        .collect();
    let mut body = json!({"@odata.context": render::context(request, &definition, &query.select_text, ""), "value": value?});
    if let Some(fields) = body.as_object_mut() {
        let counted = query.count.then(|| count_of(shelf, &query, only));
        if let Some((count, _)) = counted {
            fields.insert("@odata.count".to_owned(), count.into());
        }
        if request.prefer.wants("Microsoft.Dynamics.CRM.totalrecordcount") {
            let (count, exceeded) = counted.map_or((json!(-1), false), |(count, exceeded)| (json!(count), exceeded));
            fields.insert("@Microsoft.Dynamics.CRM.totalrecordcount".to_owned(), count);
            fields.insert("@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded".to_owned(), exceeded.into());
        }
        if let (true, Some((last, row)), Some((first, _))) = (more, rows.last(), rows.first()) {
            let page = position.map_or(1, |position| position.page) + 1;
            let values = query.order.iter().map(|(place, _)| row.get(*place).clone()).collect();
            let position = Position { page, id: *last, values };
            fields.insert("@odata.nextLink".to_owned(), next_link(request, &definition, &query, &position, *first).into());
        }
    }
    let answer = ok(&body);
    Ok(match request.prefer.applied(true) {
        // `$top` and a page size exclude each other; the preference is not applied then.
        Some(applied) if query.top.is_none() => answer.with_header("Preference-Applied", applied),
        _ => answer,
    })
}

/// `GET /incidents/$count`
pub(super) fn count(request: &Request<'_>, table: TableId) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Read)?;
    let query = Query::read(&request.call.query, &definition, request.environment.now())?;
    let database = request.environment.read();
    let shelf = database.shelf(table).ok_or_else(|| Refusal::no_segment(&definition.set_name))?;
    Ok(Answer::new(200, "text/plain", count_of(shelf, &query, None).0.to_string()))
}

fn page_size(request: &Request<'_>, query: &Query) -> usize {
    query.top.or(request.prefer.page).unwrap_or(LARGEST).min(LARGEST)
}

/// How many records match, up to 5000, and whether there are more.
fn count_of(shelf: &Shelf, query: &Query, only: Option<&[u128]>) -> (usize, bool) {
    let matching = shelf.rows.iter().filter(|(id, row)| fits(query, only, **id, row)).take(LARGEST + 1).count();
    (matching.min(LARGEST), matching > LARGEST)
}

fn fits(query: &Query, only: Option<&[u128]>, id: u128, row: &Row) -> bool {
    only.is_none_or(|only| only.contains(&id)) && query.filter.as_ref().is_none_or(|filter| filter.holds(row))
}

/// At most `limit` records behind the position.
fn walk<'a>(
    table: &Table,
    shelf: &'a Shelf,
    query: &Query,
    position: Option<&Position>,
    only: Option<&[u128]>,
    limit: usize,
) -> Vec<(u128, &'a Row)> {
    let places = table.places;
    let fits = |id: u128, row: &Row| fits(query, only, id, row);
    let by_id = matches!(query.order.as_slice(), [] | [(0, false)]);
    if by_id {
        let from = position.map_or(Bound::Unbounded, |position| Bound::Excluded(position.id));
        let rows = shelf.rows.range((from, Bound::Unbounded)).map(|(id, row)| (*id, row));
        return rows.filter(|(id, row)| fits(*id, row)).take(limit).collect();
    }
    let by_change =
        matches!(query.order.as_slice(), [(place, false)] | [(place, false), (0, false)] if *place == places.modified_on);
    if by_change {
        let earliest = query.filter.as_ref().and_then(|filter| filter.earliest(places.modified_on)).unwrap_or(i64::MIN);
        let behind = position.map(|position| (position.values.first().map_or(i64::MIN, Cell::time), position.id));
        let from = match behind {
            Some(behind) if behind >= (earliest, 0) => Bound::Excluded(behind),
            _ => Bound::Included((earliest, 0)),
        };
        let rows = shelf.modified.range((from, Bound::Unbounded)).filter_map(|(_, id)| shelf.rows.get(id).map(|row| (*id, row)));
        return rows.filter(|(id, row)| fits(*id, row)).take(limit).collect();
    }
    let order = |left: (u128, &dyn Fn(usize) -> Cell), right: (u128, &Row)| {
        let steps = query.order.iter().enumerate().map(|(step, (place, descending))| {
            let order = compare::order(&left.1(step), right.1.get(*place));
            if *descending { order.reverse() } else { order }
        });
        steps.fold(Ordering::Equal, Ordering::then).then(left.0.cmp(&right.0))
    };
    let behind = |id: u128, row: &Row| {
        position.is_none_or(|position| {
            let value = |step: usize| position.values.get(step).cloned().unwrap_or(Cell::Null);
            order((position.id, &value), (id, row)) == Ordering::Less
        })
    };
    let mut rows: Vec<(u128, &Row)> = shelf.rows.iter().map(|(id, row)| (*id, row)).collect();
    rows.retain(|(id, row)| behind(*id, row) && fits(*id, row));
    let compare = |left: &(u128, &'a Row), right: &(u128, &'a Row)| {
        let value = |step: usize| query.order.get(step).map_or(Cell::Null, |(place, _)| left.1.get(*place).clone());
        order((left.0, &value), (right.0, right.1))
    };
    if rows.len() > limit && limit > 0 {
        rows.select_nth_unstable_by(limit - 1, compare);
        rows.truncate(limit);
    }
    rows.sort_unstable_by(compare);
    rows
}

/// Percent-encoding of the cookie's outer and inner part.
fn escape(text: &str, inner: bool) -> String {
    let keep = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter) || (!inner && "=/".contains(letter));
    let mut escaped = String::new();
    let mut buffer = [0_u8; 4];
    for letter in text.chars() {
        if keep(letter) {
            escaped.push(letter);
        } else {
            for byte in letter.encode_utf8(&mut buffer).bytes() {
                // Writing into a text cannot fail.
                if inner { write!(escaped, "%{byte:02x}") } else { write!(escaped, "%{byte:02X}") }.unwrap_or_default();
            }
        }
    }
    escaped
}

fn cell_text(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => json!(["s", text.to_string()]),
        Cell::Integer(number) => json!(["i", number]),
        Cell::Decimal(number) => json!(["d", number]),
        Cell::Boolean(value) => json!(["b", value]),
        Cell::Time(time) => json!(["t", time]),
        Cell::Id(id) | Cell::Link(_, id) => json!(["g", guid::show(*id)]),
    }
}

fn cell_of(value: &Value) -> Cell {
    let part = value.get(1).unwrap_or(&Value::Null);
    match value.get(0).and_then(Value::as_str) {
        Some("s") => Cell::text(part.as_str().unwrap_or_default()),
        Some("i") => part.as_i64().map_or(Cell::Null, Cell::Integer),
        Some("d") => part.as_f64().map_or(Cell::Null, Cell::Decimal),
        Some("b") => part.as_bool().map_or(Cell::Null, Cell::Boolean),
        Some("t") => part.as_i64().map_or(Cell::Null, Cell::Time),
        Some("g") => part.as_str().and_then(guid::parse).map_or(Cell::Null, Cell::Id),
        _ => Cell::Null,
    }
}

/// The same link with these query options before the token.
pub(super) fn link(request: &Request<'_>, table: &Table, query: &Query, token: &str) -> String {
    let options: Vec<String> = query.pairs.iter().map(|(name, value)| format!("{name}={}&", escape(value, true))).collect();
    format!("{}/{}?{}{token}", request.base, table.set_name, options.concat())
}

/// What else the query says, for telling whether a link was altered.
fn rest(query: &Query) -> String {
    query.pairs.iter().flat_map(|(name, value)| [name.as_str(), "=", value.as_str(), "\n"]).collect()
}

fn next_link(request: &Request<'_>, table: &Table, query: &Query, position: &Position, first: u128) -> String {
    let key = &table.primary_id;
    let values: Vec<Value> = position.values.iter().map(cell_text).collect();
    let state = json!([guid::show(position.id), values, guid::show(super::super::guid::of_name(&rest(query)))]).to_string();
    let show = |id: u128| guid::show(id).to_uppercase();
    let inner = format!(
        "<cookie page=\"{}\"><{key} last=\"{{{}}}\" first=\"{{{}}}\" /><position at=\"{}\" /></cookie>",
        position.page - 1,
        show(position.id),
        show(first),
        BASE64_URL_SAFE_NO_PAD.encode(state)
    );
    // The inner cookie is encoded by itself and once more with the whole, as the real thing writes it.
    let cookie =
        format!("<cookie pagenumber=\"{}\" pagingcookie=\"{}\" istracking=\"False\" />", position.page, escape(&inner, true));
    link(request, table, query, &format!("$skiptoken={}", escape(&cookie, false)))
}

/// Reads the cookie again, which has to be whole and belong to this query.
fn position(request: &Request<'_>, token: &str, query: &Query) -> Result<Position, Refusal> {
    // The status is known, code and text are not.
    let malformed = || Refusal::bad("Malformed XML in the Paging Cookie");
    let attribute = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let page = attribute(token, "pagenumber").and_then(|page| page.parse().ok()).ok_or_else(malformed)?;
    let inner = attribute(token, "pagingcookie").ok_or_else(malformed)?;
    let inner = super::decode(&inner);
    let state = attribute(&inner, "at").and_then(|at| BASE64_URL_SAFE_NO_PAD.decode(at).ok()).ok_or_else(malformed)?;
    let state: Value = serde_json::from_slice(&state).map_err(|_| malformed())?;
    let text = |place: usize| state.get(place).and_then(Value::as_str).and_then(guid::parse);
    let id = text(0).ok_or_else(malformed)?;
    if request.environment.options.strict_links && text(2) != Some(guid::of_name(&rest(query))) {
        return Err(malformed());
    }
    let values = state.get(1).and_then(Value::as_array).map(|values| values.iter().map(cell_of).collect()).unwrap_or_default();
    Ok(Position { page, id, values })
}

/// Records of a table that point to a record, or are paired with it.
pub(super) fn pointing(database: &Database, table: TableId, place: usize, id: u128) -> Vec<u128> {
    let rows = database.shelf(table).into_iter().flat_map(|shelf| shelf.rows.iter());
    rows.filter(|(_, row)| row.get(place).link().is_some_and(|(_, other)| other == id)).map(|(id, _)| *id).collect()
}

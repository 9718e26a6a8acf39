//! Navigation properties: following them, and tying and untying records through `$ref`.

use serde_json::{Value, json};

use super::{
    super::{
        access::Act,
        database::{Cell, Database},
        environment::Request,
        guid,
        query::options::pairs,
        refusal::Refusal,
        schema::{Table, TableId},
        writing::{self, Hand},
    },
    binding, list, ok, payload, permitted, segment,
};
use crate::http::Answer;

/// What a collection-valued navigation property leads to.
enum Collection {
    /// Place of the many-to-many relationship, the other table, and whether this table is its first.
    Pairs(usize, TableId, bool),
    /// The other table and its lookup's place.
    Pointing(TableId, usize),
}

/// `{table}_{other}` names for lookups (`Incident_Annotations` for notes), the relationship's own name for pairs.
fn collection(database: &Database, table: &Table, name: &str) -> Option<Collection> {
    let schema = &database.schema;
    for (place, relationship) in schema.relationships.iter().enumerate().filter(|(_, relationship)| relationship.name == name) {
        if relationship.first == table.logical_name {
            return Some(Collection::Pairs(place, schema.id(&relationship.second)?, true));
        }
        if relationship.second == table.logical_name {
            return Some(Collection::Pairs(place, schema.id(&relationship.first)?, false));
        }
    }
    schema.tables().find_map(|(id, other)| {
        other.columns.iter().enumerate().find_map(|(place, column)| {
            let leads = column.kind.is_lookup() && column.targets.contains(&table.logical_name);
            (leads && reverse(table, other, &column.name) == name).then_some(Collection::Pointing(id, place))
        })
    })
}

/// Name of a one-to-many relationship's collection-valued navigation property.
pub(super) fn reverse(one: &Table, many: &Table, column: &str) -> String {
    if many.logical_name == "annotation" {
        format!("{}_Annotations", one.schema_name)
    } else {
        format!("{}_{}_{column}", one.logical_name, many.logical_name)
    }
}

/// `GET /incidents(…)/Incident_Annotations` and `GET /incidents(…)/ownerid`.
pub(super) fn related(request: &Request<'_>, table: TableId, id: u128, name: &str) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Read)?;
    let database = request.environment.read();
    if let Some((place, _)) = definition.navigation(name) {
        let cell = database.row(table, id).map_or(Cell::Null, |row| row.get(place).clone());
        drop(database);
        return match cell.link() {
            Some((target, other)) => super::record::get(request, target, &guid::show(other)),
            None => Ok(Answer::empty(204)),
        };
    }
    let found = collection(&database, &definition, name).ok_or_else(|| Refusal::no_segment(name))?;
    let (other, ids) = match found {
        Collection::Pointing(other, place) => (other, list::pointing(&database, other, place, id)),
        Collection::Pairs(place, other, first) => (other, paired(&database, place, first, id)),
    };
    drop(database);
    list::answer(request, other, Some(&ids))
}

fn paired(database: &Database, place: usize, first: bool, id: u128) -> Vec<u128> {
    let pairs = database.pairs.get(&place).into_iter().flatten();
    pairs
        .filter_map(|(left, right)| if first { (*left == id).then_some(*right) } else { (*right == id).then_some(*left) })
        .collect()
}

/// `GET /incidents(…)/…/$ref`
pub(super) fn list(request: &Request<'_>, table: TableId, key: &str, name: &str) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Read)?;
    let database = request.environment.read();
    let id = find(&database, (table, &definition), key)?;
    let found = collection(&database, &definition, name).ok_or_else(|| Refusal::no_segment(name))?;
    let (other, ids) = match found {
        Collection::Pointing(other, place) => (other, list::pointing(&database, other, place, id)),
        Collection::Pairs(place, other, first) => (other, paired(&database, place, first, id)),
    };
    let set = database.table(other).map(|table| table.set_name.clone()).unwrap_or_default();
    let value: Vec<Value> =
        ids.iter().map(|id| json!({"@odata.id": format!("{}/{set}({})", request.base, guid::show(*id))})).collect();
    Ok(ok(&json!({"@odata.context": format!("{}/$metadata#Collection($ref)", request.base), "value": value})))
}

fn find(database: &Database, table: (TableId, &Table), key: &str) -> Result<u128, Refusal> {
    let missing = || Refusal::no_record(&table.1.logical_name, key);
    binding::key(key, table.1)?.find(database, table.0).ok_or_else(missing)
}

/// `POST` and `PUT` tie, `DELETE` unties.
pub(super) fn change(request: &Request<'_>, table: TableId, key: &str, part: &str) -> Result<Answer, Refusal> {
    let definition = permitted(request, table, Act::Append)?;
    let mut database = request.environment.write();
    let id = find(&database, (table, &definition), key)?;
    let (name, inside) = segment(part);
    let tie = request.call.method != "DELETE";
    let other = if tie {
        let fields = payload::object(request)?;
        let text = fields
            .get("@odata.id")
            .and_then(Value::as_str)
            .ok_or_else(|| Refusal::bad("The property '@odata.id' is missing."))?;
        Some(binding::reference(&database, &request.base, text)?)
    } else {
        let query = pairs(&request.call.query).into_iter().find(|(name, _)| name == "$id").map(|(_, value)| value);
        query.map(|text| binding::reference(&database, &request.base, &text)).transpose()?
    };
    if let Some((target, _)) = other
        && let Some(target) = database.table(target)
    {
        request.session.check(Act::AppendTo, target)?;
    }
    let hand = Hand { user: request.session.user, now: request.environment.now() };
    if let Some((place, _)) = definition.navigation(name) {
        request.session.check(Act::Write, &definition)?;
        let cell = other.filter(|_| tie).map_or(Cell::Null, |(target, id)| Cell::Link(target, id));
        writing::update(&mut database, table, id, &[(place, cell)], hand);
        return Ok(Answer::empty(204));
    }
    let found = collection(&database, &definition, name).ok_or_else(|| Refusal::no_segment(name))?;
    let wanted = match &found {
        Collection::Pairs(_, target, _) | Collection::Pointing(target, _) => *target,
    };
    let named = inside.and_then(guid::parse).map(|id| (wanted, id));
    let (target, other) = other.or(named).ok_or_else(|| Refusal::bad("Which record is meant is not said."))?;
    if target != wanted {
        return Err(Refusal::bad(format!("The reference does not fit the navigation property '{name}'.")));
    }
    match found {
        Collection::Pairs(place, _, first) => {
            let pair = if first { (id, other) } else { (other, id) };
            let pairs = database.pairs.entry(place).or_default();
            if tie {
                pairs.insert(pair);
            } else {
                pairs.remove(&pair);
            }
        }
        Collection::Pointing(target, place) => {
            let cell = if tie { Cell::Link(table, id) } else { Cell::Null };
            writing::update(&mut database, target, other, &[(place, cell)], hand);
        }
    }
    Ok(Answer::empty(204))
}

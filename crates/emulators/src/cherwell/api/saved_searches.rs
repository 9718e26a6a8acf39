//! Searches that somebody saved: listing and running them. All are global, in one folder.

use serde_json::{Value, json};

use super::searches::{self, RESULTS};
use crate::cherwell::{
    content::Kind,
    database::{Database, SavedSearch},
    instance::Work,
    reply::{self, Outcome, Refusal, Stop},
    search::{Filter, Operator, Search, Window},
};

const FOLDER: &str = "94f0a1e5c3b2d4968778695a4b3c2d1e0f9a8b7c6d";

/// A saved search by id or name, below the id or name of its business object.
fn lookup<'a>(database: &'a Database, association: &str, name: &str) -> Option<&'a SavedSearch> {
    let object = database.content.by_id(association).or_else(|| database.content.by_name(association));
    let named = |search: &&SavedSearch| search.id.eq_ignore_ascii_case(name) || search.name.eq_ignore_ascii_case(name);
    database.searches.iter().filter(named).find(|search| object.is_none_or(|object| object == search.object))
}

/// The object and the conditions of a saved search.
pub(crate) fn find(work: &Work<'_>, database: &Database, association: &str, name: &str) -> Result<(usize, Search), Refusal> {
    let saved = lookup(database, association, name).ok_or_else(|| Refusal::no_search(name))?;
    work.may(database, saved.object, 'v')?;
    let definition = database.content.objects.get(saved.object).ok_or_else(Refusal::no_record)?;
    let filters = saved
        .conditions
        .iter()
        .filter_map(|(role, value)| Filter::new(definition, definition.role(role)?, Operator::Eq, value, &work.reading));
    Ok((saved.object, Search { filters: filters.collect(), ..Search::default() }))
}

/// `GET /getsearchresults/association/…/searchid/{}` or `…/searchname/{}`
pub(crate) fn run(work: &Work<'_>, association: &str, name: &str) -> Outcome {
    let refused = |refusal| Stop::Refused(refusal, RESULTS);
    let database = work.instance.read();
    let (object, mut search) = find(work, &database, association, name).map_err(refused)?;
    let definition = database.content.objects.get(object).ok_or_else(Refusal::no_record)?;
    work.parameter("searchTerm").clone_into(&mut search.text);
    let size = work.parameter("pagesize").parse().ok().filter(|size| *size > 0).unwrap_or(work.instance.options.page_size);
    let window = Window::new(work.instance.options.page_number, work.parameter("pagenumber").parse().unwrap_or_default(), size);
    let found = search.run(&database, object, window, &work.reading, work.instance.turn());
    let schema = work.parameter("includeschema").eq_ignore_ascii_case("true");
    Ok(searches::results(work, &database, definition, &found, window, &searches::columns(definition, &[]), schema))
}

/// `GET /storedsearches/{scope}/{association}/{name}`: a table.
pub(crate) fn stored(work: &Work<'_>, association: &str, name: &str) -> Outcome {
    let database = work.instance.read();
    let (object, mut search) = find(work, &database, association, name)?;
    let definition = database.content.objects.get(object).ok_or_else(Refusal::no_record)?;
    let window = Window { skip: 0, take: usize::MAX };
    let found = search.run(&database, object, window, &work.reading, work.instance.turn());
    let places = searches::columns(definition, &[]);
    let fields = places.iter().filter_map(|place| definition.fields.get(*place));
    let columns = fields.map(|field| {
        let kind = if field.kind == Kind::DateTime { "Datetime" } else { field.kind.name() };
        json!({"name": field.label, "fieldId": field.id, "type": kind})
    });
    let records = found.slots.iter().filter_map(|slot| database.rows(object).get(*slot));
    let rows = records.map(|record| {
        let cells = places.iter().map(|place| {
            let kept = record.value(*place);
            let date = definition.fields.get(*place).is_some_and(|field| field.kind == Kind::DateTime);
            Value::from(if date { work.reading.show(kept) } else { kept.to_owned() })
        });
        Value::from(cells.collect::<Vec<_>>())
    });
    Ok(reply::bare(&json!({"columns": columns.collect::<Vec<_>>(), "rows": rows.collect::<Vec<_>>()})))
}

/// `GET /getsearchitems[/association/{}[/scope/{}…]]`; V2 has other names for the same things.
pub(crate) fn items(work: &Work<'_>, second: bool, raw: &[String]) -> Outcome {
    let database = work.instance.read();
    let association = raw.get(2).map_or("", String::as_str);
    let object = database.content.by_id(association).or_else(|| database.content.by_name(association));
    if !association.is_empty() && object.is_none() {
        return Err(Refusal::no_object(association).into());
    }
    let mine = database.searches.iter().filter(|search| object.is_none_or(|object| object == search.object));
    let items = mine.map(|search| {
        let association = database.content.objects.get(search.object).map(|object| object.id.clone());
        let common = json!({"association": association, "links": [], "localizedScopeName": "Global", "scope": "Global", "scopeOwner": "(None)"});
        let own = if second {
            json!({"id": search.id, "name": search.name, "displayName": search.name, "parentFolder": FOLDER, "standInKey": search.id})
        } else {
            json!({"searchId": search.id, "searchName": search.name, "parentFolderId": FOLDER})
        };
        merged(common, own)
    });
    let items: Vec<Value> = items.collect();
    let common = json!({"association": association, "childFolders": [], "childItems": items, "links": [], "localizedScopeName": "Global",
        "scope": "Global", "scopeOwner": "(None)"});
    let own = if second {
        json!({"id": FOLDER, "name": "Global", "parentId": ""})
    } else {
        json!({"folderId": FOLDER, "folderName": "Global", "parentFolderId": ""})
    };
    let majors = database.content.objects.iter().filter(|object| object.major);
    let associations = majors.map(|object| {
        if second {
            json!({"name": object.name, "value": object.id})
        } else {
            json!({"busObId": object.id, "busObName": object.name})
        }
    });
    Ok(reply::good(json!({"root": merged(common, own), "supportedAssociations": associations.collect::<Vec<_>>()})))
}

fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (one, _) => one,
    }
}

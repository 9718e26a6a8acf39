//! Ad-hoc searches: filters, sorting, pages and columns as the request says.

use serde_json::{Value, json};

use super::{
    body::{self, Body},
    saved_searches,
};
use crate::{
    cherwell::{
        content::Object,
        database::Database,
        faults,
        instance::Work,
        render,
        reply::{self, Outcome, Refusal, Stop},
        search::{Filter, Found, Operator, Search, Window},
    },
    http::Answer,
};

/// Keys of a search's answer.
pub(crate) const RESULTS: &[&str] =
    &["businessObjects", "hasPrompts", "links", "prompts", "searchResultsFields", "simpleResults", "totalRows"];

/// `POST /getsearchresults`, which also runs saved searches.
pub(crate) fn ad_hoc(work: &Work<'_>) -> Outcome {
    let refused = |refusal| Stop::Refused(refusal, RESULTS);
    let request = body::parse(work)?;
    let request = Body(&request);
    let database = work.instance.read();
    let named = [request.text("searchId"), request.text("searchName")].into_iter().find(|name| !name.is_empty());
    let (object, mut search) = match named {
        Some(name) => {
            let association = [request.text("association"), request.text("busObId")].into_iter().find(|id| !id.is_empty());
            saved_searches::find(work, &database, &association.unwrap_or_default(), &name).map_err(refused)?
        }
        None => (work.object(&database, &request.text("busObId"), 'v').map_err(refused)?, Search::default()),
    };
    let definition = database.content.objects.get(object).ok_or_else(Refusal::no_record)?;
    search.text = request.text("searchText");
    search.filters.extend(filters(work, &database, object, request.list("filters")).map_err(refused)?);
    search.sorting.extend(sorting(work, &database, object, request.list("sorting")).map_err(refused)?);
    let size = usize::try_from(request.number("pageSize").unwrap_or_default()).unwrap_or_default();
    let size = if size == 0 { work.instance.options.page_size } else { size };
    let window = Window::new(work.instance.options.page_number, request.number("pageNumber").unwrap_or_default(), size);
    let fields = if request.flag("includeAllFields") {
        (0..definition.fields.len()).collect()
    } else {
        columns(definition, &request.texts("fields"))
    };
    let found = search.run(&database, object, window, &work.reading, work.instance.turn());
    Ok(results(work, &database, definition, &found, window, &fields, request.flag("includeSchema")))
}

/// The places of fields; unknown ones are left out, and none at all means the default grid.
pub(crate) fn columns(definition: &Object, ids: &[&str]) -> Vec<usize> {
    if ids.is_empty() {
        return definition.grid.iter().filter_map(|role| definition.role(role)).collect();
    }
    ids.iter().filter_map(|id| definition.field(id)).collect()
}

pub(crate) fn filters(work: &Work<'_>, database: &Database, object: usize, filters: &[Value]) -> Result<Vec<Filter>, Refusal> {
    let mut ready = Vec::new();
    let Some(definition) = database.content.objects.get(object) else { return Ok(ready) };
    for filter in filters.iter().map(Body) {
        let name = filter.text("operator");
        let operator = Operator::named(&name).ok_or_else(|| Refusal::bad_value(&format!("Operator '{name}' is not valid")))?;
        let Some(place) = work.field(database, object, &filter.text("fieldId"))? else { continue };
        let value = filter.text("value");
        let filter = Filter::new(definition, place, operator, &value, &work.reading);
        ready.push(filter.ok_or_else(|| Refusal::bad_value(&format!("Value '{value}' is not valid")))?);
    }
    Ok(ready)
}

pub(crate) fn sorting(
    work: &Work<'_>,
    database: &Database,
    object: usize,
    sorting: &[Value],
) -> Result<Vec<(usize, bool)>, Refusal> {
    let mut ready = Vec::new();
    for sort in sorting.iter().map(Body) {
        if let Some(place) = work.field(database, object, &sort.text("fieldId"))? {
            let direction = sort.number("sortDirection").unwrap_or_default();
            ready.push((place, direction == work.instance.options.ascending));
        }
    }
    Ok(ready)
}

pub(crate) fn results(
    work: &Work<'_>,
    database: &Database,
    definition: &Object,
    found: &Found,
    window: Window,
    fields: &[usize],
    with_schema: bool,
) -> Answer {
    let style = work.instance.style;
    let records = found.slots.iter().filter_map(|slot| {
        let object = database.content.by_id(&definition.id)?;
        let record = database.rows(object).get(*slot)?;
        Some(style.record(database, record, fields, &work.reading))
    });
    let columns = fields.iter().filter(|_| with_schema).filter_map(|place| definition.fields.get(*place));
    let mut body = json!({
        "businessObjects": records.collect::<Vec<_>>(),
        "hasPrompts": false,
        "links": [],
        "prompts": [],
        "searchResultsFields": columns.map(|field| render::column(definition, field)).collect::<Vec<_>>(),
        "simpleResults": null,
        "totalRows": found.total,
    });
    if let (true, Some(body)) = (style.ten, body.as_object_mut()) {
        let more = window.skip.saturating_add(found.slots.len()) < found.total;
        body.insert("hasMoreRecords".to_owned(), more.into());
    }
    let answer = reply::good(body);
    // A page of work items; looking up a computer or a customer is no page that a story waits for.
    let pages = !definition.states.is_empty();
    if pages && std::mem::take(&mut work.instance.troubles().half_page) { faults::half(answer) } else { answer }
}

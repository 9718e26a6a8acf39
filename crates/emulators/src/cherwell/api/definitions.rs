//! What business objects there are and what they are made of; the blank form; the values of validated fields.

use serde_json::{Value, json};

use super::body::{self, Body};
use crate::{
    cherwell::{
        database::Database,
        instance::Work,
        render,
        reply::{self, Outcome, Refusal, Stop},
        saving,
    },
    http::Answer,
};

/// Keys of a schema's answer.
const SCHEMA: &[&str] =
    &["busObId", "fieldDefinitions", "firstRecIdField", "gridDefinitions", "name", "recIdFields", "relationships"];

/// An unknown name is no error: the list is empty.
pub(crate) fn summary_by_name(work: &Work<'_>, name: &str) -> Answer {
    let database = work.instance.read();
    one_summary(&database, database.content.by_name(name))
}

/// By id, likewise.
pub(crate) fn summary_by_id(work: &Work<'_>, id: &str) -> Answer {
    let database = work.instance.read();
    one_summary(&database, database.content.by_id(id))
}

fn one_summary(database: &Database, object: Option<usize>) -> Answer {
    let object = object.and_then(|object| database.content.objects.get(object));
    let found: Vec<Value> = object.map(|object| render::summary(&database.content, object)).into_iter().collect();
    reply::bare(&Value::from(found))
}

/// `GET /getbusinessobjectsummaries/type/{All|Major|Supporting|Lookup|Groups}`
pub(crate) fn summaries(work: &Work<'_>, kind: &str) -> Outcome {
    let database = work.instance.read();
    let all = database.content.objects.iter();
    let found = all.filter(|object| match kind {
        "all" => true,
        "major" => object.major,
        "supporting" => object.supporting,
        "groups" => !object.members.is_empty(),
        _ => false,
    });
    let found: Vec<Value> = found.map(|object| render::summary(&database.content, object)).collect();
    if !matches!(kind, "all" | "major" | "supporting" | "lookup" | "groups") {
        return Err(Refusal::invalid().into());
    }
    Ok(reply::bare(&Value::from(found)))
}

/// `GET /getbusinessobjectschema/busobid/{id}`
pub(crate) fn schema(work: &Work<'_>, id: &str) -> Outcome {
    let database = work.instance.read();
    let object = work.object(&database, id, 'v').map_err(|refusal| Stop::Refused(refusal, SCHEMA))?;
    let object = database.content.objects.get(object).ok_or_else(|| Refusal::no_object(id))?;
    let with_relationships = work.parameter("includerelationships").eq_ignore_ascii_case("true");
    Ok(reply::good(work.instance.style.schema(&database.content, object, with_relationships)))
}

/// `POST /getbusinessobjecttemplate`: the fields that were asked for, with what a new record begins with.
pub(crate) fn template(work: &Work<'_>) -> Outcome {
    let request = body::parse(work)?;
    let request = Body(&request);
    let database = work.instance.read();
    let id = request.text("busObId");
    let refused = |refusal| Stop::Refused(refusal, &["fields"]);
    let object = work.object(&database, &id, 'v').map_err(refused)?;
    let object = database.content.objects.get(object).ok_or_else(|| Refusal::no_object(&id))?;
    let (all, required) = (request.flag("includeAll"), request.flag("includeRequired"));
    let mut wanted = vec![false; object.fields.len()];
    let named = request.texts("fieldNames").into_iter().map(|name| (object.named(name), name));
    let by_id = request.texts("fieldIds").into_iter().map(|id| (object.field(id), id));
    for (place, asked) in named.chain(by_id) {
        match place.and_then(|place| wanted.get_mut(place)) {
            Some(wanted) => *wanted = true,
            None => return Err(refused(Refusal::no_field(asked))),
        }
    }
    let fields = object.fields.iter().zip(wanted).filter(|(field, wanted)| *wanted || all || required && field.required);
    let items = fields.map(|(field, _)| work.instance.style.item(object, field, field.default, false, &work.reading));
    Ok(reply::good(json!({"fields": items.collect::<Vec<_>>()})))
}

/// `POST /fieldvalueslookup`. The values of dependent fields follow from the fields of the request, or else from the record.
pub(crate) fn lookup(work: &Work<'_>) -> Outcome {
    let request = body::parse(work)?;
    let request = Body(&request);
    let database = work.instance.read();
    let refused = |refusal| Stop::Refused(refusal, &["values"]);
    let object = work.object(&database, &request.text("busObId"), 'v').map_err(refused)?;
    let definition = database.content.objects.get(object).ok_or_else(Refusal::no_record)?;
    let (id, name) = (request.text("fieldId"), request.text("fieldName"));
    let place = if id.is_empty() { definition.named(&name) } else { definition.field(&id) };
    let unknown = || refused(Refusal::no_field(if id.is_empty() { &name } else { &id }));
    let field = place.and_then(|place| definition.fields.get(place)).ok_or_else(unknown)?;
    // The misspelling is the API's own.
    let (record_id, public) = (request.text("busObRecId"), request.text("busbPublicId"));
    let record = match (record_id.as_str(), public.as_str()) {
        ("", "") => None,
        ("", public) => Some(database.public(object, public).ok_or_else(|| refused(Refusal::no_record()))?.1),
        (id, _) => Some(database.record(object, id).ok_or_else(|| refused(Refusal::no_record()))?.1),
    };
    let sent = |role: &str| {
        let place = definition.role(role)?;
        let items = request.list("fields").iter().map(Body);
        items.filter(|item| definition.field(&item.text("fieldId")) == Some(place)).map(|item| item.text("value")).next()
    };
    let value =
        |role: &str| sent(role).or_else(|| record.map(|record| database.value(record, role).to_owned())).unwrap_or_default();
    let values = saving::allowed(&database, field, &value).unwrap_or_default();
    Ok(reply::good(json!({ "values": values })))
}

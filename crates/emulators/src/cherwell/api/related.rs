//! Relationships: children of a record, linking (by GET!) and unlinking, creating a child.

use serde_json::{Value, json};

use super::{
    body::{self, Body},
    records,
    saves::{self, SAVE},
    searches,
};
use crate::{
    cherwell::{
        content::Relationship,
        database::{Database, Draft},
        instance::Work,
        reply::{self, Outcome, Refusal, Stop},
        saving,
        search::{Search, Window},
    },
    http::Answer,
};

/// Whether a path has the five pairs of linking.
pub(crate) fn path(rest: &[&str]) -> bool {
    matches!(rest, ["parentbusobid", _, "parentbusobrecid", _, "relationshipid", _, "busobid", _, "busobrecid", _])
}

/// Parent and child of a link.
struct Ends {
    parent_object: usize,
    parent: String,
    relationship: Relationship,
    child: String,
}

fn ends(work: &Work<'_>, database: &Database, raw: &[String]) -> Result<Ends, Refusal> {
    let at = |place: usize| raw.get(place).map_or("", String::as_str);
    let parent_object = work.object(database, at(2), 'e')?;
    let (_, parent) = records::find(database, parent_object, at(4), "")?;
    let relationship = relationship(database, parent_object, at(6))?.clone();
    let child_object = work.object(database, at(8), 'v')?;
    let (_, child) = records::find(database, child_object, at(10), "")?;
    if !database.is_of(child, relationship.target) {
        return Err(Refusal::bad_value("The child is not of the relationship's target"));
    }
    Ok(Ends { parent_object, parent: parent.id.to_string(), relationship, child: child.id.to_string() })
}

fn relationship<'a>(database: &'a Database, object: usize, id: &str) -> Result<&'a Relationship, Refusal> {
    let definition = database.content.objects.get(object);
    definition.and_then(|definition| definition.relationship(id)).ok_or_else(|| Refusal::no_relationship(id))
}

/// `GET /linkrelatedbusinessobject/…`. Linking twice keeps one link.
pub(crate) fn link(work: &Work<'_>, second: bool, raw: &[String]) -> Outcome {
    let mut database = work.instance.write();
    let ends = ends(work, &database, raw)?;
    if database.link(&ends.relationship.id, &ends.parent, &ends.child) {
        touch(work, &mut database, ends.parent_object, &ends.parent);
    }
    Ok(linked(&database, &ends, second))
}

/// `DELETE /unlinkrelatedbusinessobject/…`
pub(crate) fn unlink(work: &Work<'_>, second: bool, raw: &[String]) -> Outcome {
    let mut database = work.instance.write();
    let ends = ends(work, &database, raw)?;
    if !database.unlink(&ends.relationship.id, &ends.parent, &ends.child) {
        return Err(Refusal::no_record().into());
    }
    touch(work, &mut database, ends.parent_object, &ends.parent);
    Ok(linked(&database, &ends, second))
}

/// V2 answers the tail alone.
fn linked(database: &Database, ends: &Ends, second: bool) -> Answer {
    if second {
        return reply::good(json!({}));
    }
    let object = database.content.objects.get(ends.parent_object).map_or("", |object| &object.id);
    reply::good(family(object, &ends.parent, &ends.relationship.id, &[], 0, (0, 0)))
}

fn family(object: &str, parent: &str, relationship: &str, children: &[Value], total: usize, page: (i64, usize)) -> Value {
    json!({
        "links": [],
        "pageNumber": page.0,
        "pageSize": page.1,
        "parentBusObId": object,
        "parentBusObPublicId": null,
        "parentBusObRecId": parent,
        "relatedBusinessObjects": children,
        "relationshipId": relationship,
        "totalRecords": total,
    })
}

/// A change of the children is one of the parent, where the customer's content has it so.
fn touch(work: &Work<'_>, database: &mut Database, object: usize, id: &str) {
    let slot = database.record(object, id).map(|(slot, _)| slot);
    if work.instance.options.child_touches_parent && slot.is_some() {
        let draft = Draft { object: database.content.leaf(object), slot, values: Vec::new() };
        saving::put(database, &draft, &work.instance.hand(&work.session.user.full_name));
    }
}

/// `POST /saverelatedbusinessobject`: creates a child, or changes one, and links it.
pub(crate) fn save(work: &Work<'_>) -> Outcome {
    let refused = |refusal| Stop::Refused(refusal, SAVE);
    let request = body::parse(work)?;
    let request = Body(&request);
    let mut database = work.instance.write();
    let parent_id = request.text("parentBusObId");
    let parent_object = work.object(&database, &parent_id, 'v').map_err(refused)?;
    let (id, public) = (request.text("parentBusObRecId"), request.text("parentBusObPublicId"));
    let (_, parent) = records::find(&database, parent_object, &id, &public).map_err(refused)?;
    let (parent, parent_public) = (parent.id.to_string(), parent.public.to_string());
    let relationship = relationship(&database, parent_object, &request.text("relationshipId")).map_err(refused)?.clone();
    let child = database.content.by_id(&request.text("busObId"));
    let fits = child.is_some_and(|child| database.content.base(child) == database.content.base(relationship.target));
    if !fits {
        return Err(refused(Refusal::bad_value("The child is not of the relationship's target")));
    }
    let fixed: &[(&str, &str)] = if relationship.owns { &[("ParentRecID", &parent), ("ParentTypeID", &parent_id)] } else { &[] };
    let mut saved = saves::one(work, &mut database, request, fixed)?;
    if let Some(child) = &saved.id {
        database.link(&relationship.id, &parent, child);
        touch(work, &mut database, parent_object, &parent);
    }
    if let Some(body) = saved.body.as_object_mut() {
        body.insert("parentBusObId".to_owned(), parent_id.into());
        body.insert("parentBusObPublicId".to_owned(), parent_public.into());
        body.insert("parentBusObRecId".to_owned(), parent.into());
        body.insert("relationshipId".to_owned(), relationship.id.into());
    }
    Ok(saves::answer(work, &saved))
}

/// `GET /getrelatedbusinessobject/…`
pub(crate) fn children_by_path(work: &Work<'_>, object: &str, parent: &str, relationship: &str) -> Outcome {
    let all = work.parameter("allfields");
    let request = json!({
        "parentBusObId": object,
        "parentBusObRecId": parent,
        "relationshipId": relationship,
        // All fields unless asked otherwise.
        "allFields": all.is_empty() || all.eq_ignore_ascii_case("true"),
        "pageNumber": work.parameter("pagenumber"),
        "pageSize": work.parameter("pagesize"),
    });
    list(work, Body(&request))
}

/// `POST /getrelatedbusinessobject`
pub(crate) fn children(work: &Work<'_>) -> Outcome {
    let request = body::parse(work)?;
    list(work, Body(&request))
}

fn list(work: &Work<'_>, request: Body<'_>) -> Outcome {
    let database = work.instance.read();
    let (id, parent) = (request.text("parentBusObId"), request.text("parentBusObRecId"));
    let object = work.object(&database, &id, 'v')?;
    records::find(&database, object, &parent, "")?;
    let relationship = relationship(&database, object, &request.text("relationshipId"))?;
    let target = relationship.target;
    work.may(&database, target, 'v')?;
    let definition = database.content.objects.get(target).ok_or_else(Refusal::no_record)?;
    let linked = database.children(&relationship.id, &parent);
    let slots: Vec<usize> = linked.iter().filter_map(|child| database.rows(target).find(child)).collect();
    let mut search = Search {
        filters: searches::filters(work, &database, target, request.list("filters"))?,
        sorting: searches::sorting(work, &database, target, request.list("sorting"))?,
        text: String::new(),
    };
    let number = request.number("pageNumber").unwrap_or_default();
    let size = usize::try_from(request.number("pageSize").unwrap_or_default()).unwrap_or_default();
    let window = Window::new(work.instance.options.page_number, number, if size == 0 { usize::MAX } else { size });
    let found = search.among(&database, target, slots, window, &work.reading);
    let fields: Vec<usize> = if request.flag("allFields") {
        (0..definition.fields.len()).collect()
    } else {
        searches::columns(definition, &request.texts("fieldsList"))
    };
    let records = found.slots.iter().filter_map(|slot| database.rows(target).get(*slot));
    let records = records.map(|record| work.instance.style.record(&database, record, &fields, &work.reading)).collect::<Vec<_>>();
    Ok(reply::good(family(&id, &parent, &relationship.id, &records, found.total, (number, size))))
}

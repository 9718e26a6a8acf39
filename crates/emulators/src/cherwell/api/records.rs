//! Reading and deleting single records.

use serde_json::{Value, json};

use crate::cherwell::{
    database::{Database, Record},
    instance::Work,
    reply::{self, Outcome, Refusal, Stop},
};

/// Keys of a record's answer.
pub(crate) const READ: &[&str] = &["busObId", "busObPublicId", "busObRecId", "fields", "links"];

const DELETE: &[&str] = &["busObId", "busObPublicId", "busObRecId"];

/// A record by either of its ids; the id that is empty was not given.
pub(crate) fn find<'a>(database: &'a Database, object: usize, id: &str, public: &str) -> Result<(usize, &'a Record), Refusal> {
    let found = if id.is_empty() { database.public(object, public) } else { database.record(object, id) };
    found.ok_or_else(Refusal::no_record)
}

/// A record with all its fields.
pub(crate) fn whole(work: &Work<'_>, database: &Database, object: &str, id: &str, public: &str) -> Result<Value, Refusal> {
    let object = work.object(database, object, 'v')?;
    let (_, record) = find(database, object, id, public)?;
    let places: Vec<usize> = (0..record.values.len()).collect();
    Ok(work.instance.style.record(database, record, &places, &work.reading))
}

/// `GET /getbusinessobject/busobid/{}/…`
pub(crate) fn read(work: &Work<'_>, object: &str, id: &str, public: &str) -> Outcome {
    let database = work.instance.read();
    let record = whole(work, &database, object, id, public).map_err(|refusal| Stop::Refused(refusal, READ))?;
    Ok(reply::bare(&record))
}

/// `DELETE /deletebusinessobject/busobid/{}/…`
pub(crate) fn delete(work: &Work<'_>, object_id: &str, id: &str, public: &str) -> Outcome {
    let refused = |refusal| Stop::Refused(refusal, DELETE);
    let mut database = work.instance.write();
    let object = work.object(&database, object_id, 'd').map_err(refused)?;
    let (slot, _) = find(&database, object, id, public).map_err(refused)?;
    let record = database.remove(object, slot).ok_or_else(|| refused(Refusal::no_record()))?;
    Ok(reply::good(json!({"busObId": object_id, "busObPublicId": record.public, "busObRecId": record.id})))
}

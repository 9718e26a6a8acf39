//! Several reads or saves in one call. The whole is answered 200; what failed says so inside.

use serde_json::{Value, json};

use super::{
    body::{self, Body},
    records, saves,
};
use crate::cherwell::{
    instance::Work,
    reply::{self, Outcome, Stop},
};

/// `POST /savebusinessobjectbatch`
pub(crate) fn save(work: &Work<'_>) -> Outcome {
    let request = body::parse(work)?;
    let request = Body(&request);
    let mut database = work.instance.write();
    let mut responses: Vec<Value> = Vec::new();
    for part in request.list("saveRequests") {
        let (response, failed) = match saves::one(work, &mut database, Body(part), &[]) {
            Ok(saved) => (saved.tail.on(saved.body), saved.tail != reply::Tail::GOOD),
            Err(Stop::Refused(refusal, keys)) => (refusal.body(keys), true),
            Err(stop) => return Err(stop),
        };
        responses.push(response);
        if failed && request.flag("stopOnError") {
            break;
        }
    }
    Ok(reply::good(json!({ "responses": responses })))
}

/// `POST /getbusinessobjectbatch`; its answer has no tail of its own.
pub(crate) fn read(work: &Work<'_>) -> Outcome {
    let request = body::parse(work)?;
    let request = Body(&request);
    let database = work.instance.read();
    let mut responses: Vec<Value> = Vec::new();
    for part in request.list("readRequests").iter().map(Body) {
        let (id, public) = (part.text("busObRecId"), part.text("busObPublicId"));
        match records::whole(work, &database, &part.text("busObId"), &id, &public) {
            Ok(record) => responses.push(record),
            Err(refusal) => {
                responses.push(refusal.body(records::READ));
                if request.flag("stopOnError") {
                    break;
                }
            }
        }
    }
    Ok(reply::bare(&json!({ "responses": responses })))
}

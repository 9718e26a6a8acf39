//! The calls, one file for each kind of thing they are about. Paths are in lower case here; ids are as they were sent.

pub(crate) mod batches;
pub(crate) mod body;
pub(crate) mod definitions;
pub(crate) mod lifecycle;
pub(crate) mod records;
pub(crate) mod related;
pub(crate) mod saved_searches;
pub(crate) mod saves;
pub(crate) mod searches;
pub(crate) mod service;
pub(crate) mod teams;

use super::{
    instance::Work,
    options::Lifecycle,
    reply::{Outcome, Refusal},
};

/// Finds the call. `second` is V2, which only some calls have.
pub(crate) fn route(work: &Work<'_>, second: bool, path: &[&str], raw: &[String]) -> Outcome {
    let at = |place: usize| raw.get(place).map_or("", String::as_str);
    let method = work.call.method.as_str();
    match (method, path) {
        ("GET", ["getteams"]) => return Ok(teams::all(work, second)),
        ("GET", ["getusersteams", "userrecordid", _]) => return Ok(teams::of_user(work, second, at(2))),
        ("GET", ["getworkgroups"]) => return Ok(teams::workgroups(second)),
        ("GET", ["getsearchitems", ..]) => return saved_searches::items(work, second, raw),
        ("GET", ["storedsearches", _, _, _]) => return saved_searches::stored(work, at(2), at(3)),
        ("GET", ["linkrelatedbusinessobject", rest @ ..]) if related::path(rest) => return related::link(work, second, raw),
        ("DELETE", ["unlinkrelatedbusinessobject", rest @ ..]) if related::path(rest) => {
            return related::unlink(work, second, raw);
        }
        _ if second => return Err(unknown(work, true)),
        _ => {}
    }
    match (method, path) {
        ("DELETE", ["logout"]) => Ok(service::log_out(work)),
        ("PUT", ["setculture", "culturecode", _]) => Ok(service::set_culture(work, at(2))),
        ("GET", ["getteam", _]) => teams::one(work, at(1)),
        ("GET", ["getbusinessobjectsummary", "busobname", _]) => Ok(definitions::summary_by_name(work, at(2))),
        ("GET", ["getbusinessobjectsummary", "busobid", _]) => Ok(definitions::summary_by_id(work, at(2))),
        ("GET", ["getbusinessobjectsummaries", "type", kind]) => definitions::summaries(work, kind),
        ("GET", ["getbusinessobjectschema", "busobid", _]) => definitions::schema(work, at(2)),
        ("POST", ["getbusinessobjecttemplate"]) => definitions::template(work),
        ("POST", ["fieldvalueslookup"]) => definitions::lookup(work),
        ("GET", ["getbusinessobject", "busobid", _, "publicid", _]) => records::read(work, at(2), "", at(4)),
        ("GET", ["getbusinessobject", "busobid", _, "busobrecid", _]) => records::read(work, at(2), at(4), ""),
        ("DELETE", ["deletebusinessobject", "busobid", _, "publicid", _]) => records::delete(work, at(2), "", at(4)),
        ("DELETE", ["deletebusinessobject", "busobid", _, "busobrecid", _]) => records::delete(work, at(2), at(4), ""),
        ("POST", ["savebusinessobject"]) => saves::save(work),
        ("POST", ["saverelatedbusinessobject"]) => related::save(work),
        ("POST", ["savebusinessobjectbatch"]) => batches::save(work),
        ("POST", ["getbusinessobjectbatch"]) => batches::read(work),
        ("POST", ["getsearchresults"]) => searches::ad_hoc(work),
        ("GET", ["getsearchresults", "association", _, "scope", _, "scopeowner", _, "searchid" | "searchname", _]) => {
            saved_searches::run(work, at(2), at(8))
        }
        ("POST", ["getrelatedbusinessobject"]) => related::children(work),
        ("GET", ["getrelatedbusinessobject", "parentbusobid", _, "parentbusobrecid", _, "relationshipid", _]) => {
            related::children_by_path(work, at(2), at(4), at(6))
        }
        (_, [_, "lifecycle", _] | [_, "records", _, _]) if work.instance.options.lifecycle != Lifecycle::Absent => {
            lifecycle::route(work, path, raw)
        }
        _ => Err(unknown(work, false)),
    }
}

/// Calls that exist under another method say so.
fn unknown(work: &Work<'_>, second: bool) -> super::reply::Stop {
    const POST_ONLY: [&str; 7] = [
        "getbusinessobjecttemplate",
        "fieldvalueslookup",
        "savebusinessobject",
        "saverelatedbusinessobject",
        "savebusinessobjectbatch",
        "getbusinessobjectbatch",
        "getsearchresults",
    ];
    let path = work.call.path.to_ascii_lowercase();
    if !second && POST_ONLY.iter().any(|name| path.ends_with(&format!("/{name}"))) {
        return Refusal::method(&work.call.method).into();
    }
    Refusal::no_resource(&format!("{}{}", work.instance.origin, work.call.path)).into()
}

//! `If-Match` and `If-None-Match`: what has to hold before a record is read or written.

use super::{
    super::{database::Row, environment::Request, refusal::Refusal, schema::Table},
    render,
};

/// The documentation prints these refusals with an empty code; live servers are expected to fill it.
fn code(request: &Request<'_>, live: &'static str) -> &'static str {
    if request.environment.options.empty_conditional_codes { "" } else { live }
}

fn header<'a>(request: &'a Request<'_>, name: &str) -> Option<&'a str> {
    // Microsoft's own samples send `If-None-Match: null`, which means nothing.
    request.call.header(name).map(str::trim).filter(|value| !value.is_empty() && *value != "null")
}

/// Whether a read is answered 304.
pub(super) fn unchanged(request: &Request<'_>, table: &Table, row: &Row) -> bool {
    header(request, "if-none-match").is_some_and(|known| known == render::etag(table, row))
}

/// Whether a write may go on; `row` is the record as it stands, if it does.
pub(super) fn check(request: &Request<'_>, table: &Table, row: Option<&Row>, id: &str) -> Result<(), Refusal> {
    match (header(request, "if-match"), row) {
        (Some(_), None) => {
            let live = Refusal::no_record(&table.logical_name, id);
            return Err(Refusal::new(404, code(request, "0x80040217"), live.message));
        }
        (Some(wanted), Some(row)) if wanted != "*" && wanted != render::etag(table, row) => {
            let message = "The version of the existing record doesn't match the RowVersion property provided.";
            return Err(Refusal::new(412, code(request, "0x80060882"), message));
        }
        _ => {}
    }
    if header(request, "if-none-match") == Some("*") && row.is_some() {
        let message = "A record with matching key values already exists.";
        return Err(Refusal::new(412, code(request, "0x80040237"), message));
    }
    Ok(())
}

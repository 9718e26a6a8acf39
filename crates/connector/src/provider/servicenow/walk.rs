//! Reads a whole small table, page by page in the order of `sys_id`: records that come and go meanwhile move no page, and a page
//! that read rights cut short is not taken for the last.

use reqwest::Method;

use super::classify::Trouble;
use super::client::{Call, Client, Row, error};
use crate::provider::ProviderError;
use crate::provider::wire::Effect;

/// Records on a page.
const PAGE: usize = 500;
/// Records asked for when a whole page was hidden: ServiceNow applies the limit before the rights.
const LARGEST_PAGE: usize = 10_000;

/// What was found.
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// Whether more fit the query than may be read, as far as the instance tells.
    pub(super) hidden: bool,
    /// Whether there are more than were asked for.
    pub(super) cut: bool,
}

/// Up to `most` records of `table` that fit `query` (without an order). `fields` must name `sys_id`. The caller verifies what the
/// rows hold.
pub(super) async fn walk(client: &Client, table: &str, query: &str, fields: &str, most: usize) -> Result<Found, ProviderError> {
    let mut found = Found { rows: Vec::new(), hidden: false, cut: false };
    let (mut last, mut limit, mut in_all) = (String::new(), PAGE, None);
    loop {
        let behind = if last.is_empty() { String::new() } else { format!("^sys_id>{last}") };
        let (mut rows, total) = page(client, table, &format!("{query}{behind}^ORDERBYsys_id"), fields, limit).await?;
        in_all = in_all.or(total);
        let came = rows.len();
        // An instance that ignores a term would give the same page for ever.
        rows.retain(|row| row.value("sys_id") > last.as_str());
        rows.sort_by(|one, other| one.value("sys_id").cmp(other.value("sys_id")));
        let Some(end) = rows.last().map(|row| row.value("sys_id").to_owned()) else {
            if came == 0 && total.is_some_and(|total| total > limit) && limit < LARGEST_PAGE {
                limit = LARGEST_PAGE;
                continue;
            }
            break;
        };
        last = end;
        found.rows.append(&mut rows);
        if found.rows.len() > most {
            found.rows.truncate(most);
            found.cut = true;
            break;
        }
        if came < limit && total.is_some_and(|total| total <= came) {
            break;
        }
    }
    found.hidden = !found.cut && in_all.is_some_and(|all| all > found.rows.len());
    Ok(found)
}

/// One page, and how many records fit the query, those included that may not be read.
async fn page(
    client: &Client,
    table: &str,
    query: &str,
    fields: &str,
    limit: usize,
) -> Result<(Vec<Row>, Option<usize>), ProviderError> {
    let limit = limit.to_string();
    let what = format!("reading {table}");
    let parameters = [
        ("sysparm_query", query),
        ("sysparm_limit", &limit),
        ("sysparm_suppress_pagination_header", "true"),
        ("sysparm_display_value", "all"),
        ("sysparm_exclude_reference_link", "true"),
        ("sysparm_fields", fields),
    ];
    let call = Call {
        method: Method::GET,
        path: &["api", "now", "table", table],
        query: &parameters,
        body: None,
        effect: Effect::Read,
        what: &what,
    };
    let reply = match client.call(&call).await {
        Ok(reply) => reply,
        Err(Trouble::NotFound(_)) => return Ok((Vec::new(), None)),
        Err(other) => return Err(error(other)),
    };
    let total = reply.headers.get("x-total-count").and_then(|count| count.to_str().ok()?.trim().parse().ok());
    let Some(rows) = reply.value.get("result").and_then(serde_json::Value::as_array) else {
        return Err(Effect::Read.unknown(format!("{what}: the answer is JSON but holds no records")));
    };
    Ok((rows.iter().map(Row::from_json).collect(), total))
}

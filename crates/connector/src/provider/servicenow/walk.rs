//! Reads a whole small table, page by page in the order of `sys_id`: records that come and go meanwhile move no page, and a page
//! that read rights cut short is not taken for the last.

use super::cells::Listed;
use super::client::{Client, List, Row};
use super::keyset::LARGEST;
use crate::provider::ProviderError;

/// Records on a page.
const PAGE: u32 = 500;

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
        let query = format!("{query}{behind}^ORDERBYsys_id");
        let page = List { table, query: &query, fields, limit, offset: 0, count: true };
        let Listed { items: mut rows, total } = client.whole(&page).await?;
        in_all = in_all.or(total);
        let came = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        // An instance that ignores a term would give the same page for ever.
        rows.retain(|row| row.value("sys_id") > last.as_str());
        rows.sort_by(|one, other| one.value("sys_id").cmp(other.value("sys_id")));
        let Some(end) = rows.last().map(|row| row.value("sys_id").to_owned()) else {
            // A whole page was hidden: ServiceNow applies the limit before the rights.
            if came == 0 && total.is_some_and(|total| total > u64::from(limit)) && limit < LARGEST {
                limit = LARGEST;
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
        if came < u64::from(limit) && total.is_some_and(|total| total <= came) {
            break;
        }
    }
    found.hidden = !found.cut && in_all.is_some_and(|all| usize::try_from(all).is_ok_and(|all| all > found.rows.len()));
    Ok(found)
}

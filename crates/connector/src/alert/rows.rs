//! Rows of search results in every shape Azure has for them, and the computers and resources that their columns name.

use std::collections::BTreeMap;

use super::lenient::Node;

/// Columns and dimensions that name a configuration item, most specific first.
pub(super) const ITEM_COLUMNS: [&str; 4] = ["_ResourceId", "ResourceId", "Resource", "Computer"];

/// A row: column to value.
pub(crate) type Row = BTreeMap<String, String>;

/// Rows from `{"tables": [{"columns": [{"name"}], "rows": [[..]]}]}`. The first table holds the result, the others describe it.
pub(crate) fn from_tables(result: Node<'_>) -> Vec<Row> {
    let Some(table) = result.at("tables").items().next() else { return Vec::new() };
    let column = |column: Node<'_>| if column.is_object() { column.at("name").text() } else { column.text() };
    let columns: Vec<String> = table.at("columns").items().map(column).collect();
    let row = |row: Node<'_>| columns.iter().cloned().zip(row.items().map(Node::shown)).collect();
    table.at("rows").items().map(row).collect()
}

/// Rows from the `event` of a simple log alert: `[[{"name", "value"}, ..], ..]`; a single row and rows as objects are read too.
pub(super) fn from_event(event: Node<'_>) -> Vec<Row> {
    let event = event.unpacked();
    let event = Node::from(event.as_ref());
    if event.items().any(|item| item.is_object() && item.at("name").exists() && item.at("value").exists()) {
        return vec![named(event)];
    }
    let row = |item: Node<'_>| if item.is_array() { named(item) } else { item.pairs().into_iter().collect() };
    event.items().map(row).filter(|row| !row.is_empty()).collect()
}

fn named(cells: Node<'_>) -> Row {
    cells.items().map(|cell| (cell.at("name").text(), cell.at("value").shown())).filter(|(name, _)| !name.is_empty()).collect()
}

/// The names or ARM ids in the cells that name a configuration item. A resource id that is no ARM id (metrics have GUIDs
/// there) names nothing a person knows.
pub(super) fn items<'a>(cells: &(impl Iterator<Item = (&'a str, &'a str)> + Clone)) -> Vec<String> {
    let mut found = Vec::new();
    for name in ITEM_COLUMNS {
        let cell = cells.clone().find(|(column, value)| column.eq_ignore_ascii_case(name) && !value.is_empty());
        let usable = |value: &&str| value.starts_with('/') || !name.ends_with("ResourceId");
        found.extend(cell.map(|(_, value)| value).filter(usable).map(str::to_owned));
    }
    found
}

/// The configuration items of one row.
pub(super) fn row_items(row: &Row) -> Vec<String> {
    items(&row.iter().map(|(column, cell)| (column.as_str(), cell.as_str())))
}

//! Records being made and changed: defaults, states, who and when. The Web API, the seed and the people behind the desk all write here;
//! what a request may say is checked before.

use super::{
    database::{Cell, Database, Row, Taken},
    refusal::Refusal,
    schema::{Kind, TableId},
};

/// Who writes, and when (seconds since 1970).
#[derive(Debug, Clone, Copy)]
pub(super) struct Hand {
    pub(super) user: u128,
    pub(super) now: i64,
}

/// A column's place with its new value.
pub(super) type Change = (usize, Cell);

/// The cells of a new record.
pub(super) fn new_cells(database: &mut Database, table: TableId, id: u128, changes: &[Change], hand: Hand) -> Vec<Cell> {
    let Some(definition) = database.table(table).cloned() else { return Vec::new() };
    let users = database.schema.id("systemuser").unwrap_or(table);
    let mut cells: Vec<Cell> = definition
        .columns
        .iter()
        .map(|column| match (column.kind, column.default) {
            (Kind::Boolean, Some(value)) => Cell::Boolean(value != 0),
            (_, Some(value)) => Cell::Integer(value),
            (_, None) => Cell::Null,
        })
        .collect();
    let places = definition.places;
    set(&mut cells, places.owner, Cell::Link(users, hand.user));
    for (place, column) in definition.columns.iter().enumerate() {
        let given = changes.iter().any(|(other, cell)| *other == place && *cell != Cell::Null);
        if let (Some(form), false) = (&column.number, given) {
            let number = database.number(table, form);
            set(&mut cells, Some(place), Cell::text(&number));
        }
    }
    for (place, cell) in changes {
        set(&mut cells, Some(*place), cell.clone());
    }
    set(&mut cells, Some(places.id), Cell::Id(id));
    set(&mut cells, Some(places.created_on), Cell::Time(hand.now));
    set(&mut cells, Some(places.modified_on), Cell::Time(hand.now));
    set(&mut cells, Some(places.created_by), Cell::Link(users, hand.user));
    set(&mut cells, Some(places.modified_by), Cell::Link(users, hand.user));
    if let (Some(state), Some(status)) = (places.state, places.status) {
        let given = cells.get(status).and_then(Cell::integer).and_then(|status| definition.state_of(status));
        let wanted = cells.get(state).and_then(Cell::integer).and_then(|state| definition.state(state));
        if let Some(active) = given.or(wanted).or(definition.states.first()) {
            set(&mut cells, Some(state), Cell::Integer(active.value));
            if given.is_none() {
                set(&mut cells, Some(status), active.statuses.first().map_or(Cell::Null, |status| Cell::Integer(status.value)));
            }
        }
    }
    cells
}

/// The cells of a changed record; a state brings its default status reason, and a status reason has to belong to the state.
pub(super) fn changed_cells(
    database: &Database,
    table: TableId,
    row: &Row,
    changes: &[Change],
    hand: Hand,
) -> Result<Vec<Cell>, Refusal> {
    let Some(definition) = database.table(table) else { return Ok(Vec::new()) };
    let users = database.schema.id("systemuser").unwrap_or(table);
    let places = definition.places;
    let mut cells = row.cells.clone();
    for (place, cell) in changes {
        set(&mut cells, Some(*place), cell.clone());
    }
    if let (Some(state), Some(status)) = (places.state, places.status) {
        let named = |place: usize| changes.iter().any(|(other, _)| *other == place);
        let value = |cells: &[Cell], place: usize| cells.get(place).and_then(Cell::integer).unwrap_or_default();
        if named(state) && !named(status) && row.get(state) != cells.get(state).unwrap_or(&Cell::Null) {
            let default = definition.state(value(&cells, state)).and_then(|state| state.statuses.first());
            set(&mut cells, Some(status), default.map_or(Cell::Null, |status| Cell::Integer(status.value)));
        }
        let (state, status) = (value(&cells, state), value(&cells, status));
        if definition.state_of(status).is_none_or(|of| of.value != state) {
            let label = definition.state(state).map(|state| state.label.as_str()).unwrap_or_default();
            let message = format!(
                "{status} is not a valid status code for state code {}State.{label} on {}",
                definition.schema_name, definition.logical_name
            );
            return Err(Refusal::new(400, "0x80048408", message));
        }
    }
    set(&mut cells, Some(places.modified_on), Cell::Time(hand.now));
    set(&mut cells, Some(places.modified_by), Cell::Link(users, hand.user));
    Ok(cells)
}

/// A duplicate key, in the words of the server.
pub(super) fn duplicate(taken: Taken, status: u16) -> Refusal {
    match taken {
        Taken::Primary => Refusal::new(status, "0x80040237", "Cannot insert duplicate key."),
        // Code and text of a duplicate alternate key are not documented beside each other.
        Taken::Alternate(_) => Refusal::new(
            status,
            "0x80060892",
            "A record that has the attribute values already exists. The entity key requires that this set of attributes contains unique values. Select unique values and try again.",
        ),
    }
}

fn set(cells: &mut [Cell], place: Option<usize>, value: Cell) {
    if let Some(cell) = place.and_then(|place| cells.get_mut(place)) {
        *cell = value;
    }
}

/// Makes a record without asking anybody: its id. For the seed and for people in the user interface.
pub(super) fn insert(database: &mut Database, table: &str, fields: &[(&str, Cell)], hand: Hand) -> u128 {
    let Some(id) = database.schema.id(table) else { return 0 };
    let places = |column: &str| database.table(id).and_then(|table| table.place(column));
    let changes: Vec<Change> =
        fields.iter().filter_map(|(column, cell)| places(column).map(|place| (place, cell.clone()))).collect();
    let key = database.new_id();
    let cells = new_cells(database, id, key, &changes, hand);
    database.put(id, key, cells);
    key
}

/// Changes a record without asking anybody.
pub(super) fn update(database: &mut Database, table: TableId, id: u128, changes: &[Change], hand: Hand) {
    let Some(row) = database.row(table, id).cloned() else { return };
    if let Ok(cells) = changed_cells(database, table, &row, changes, hand) {
        database.put(table, id, cells);
    }
}

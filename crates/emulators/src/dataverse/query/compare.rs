//! The order and equality of cells: the case of letters does not matter, what holds nothing comes first.

use std::cmp::Ordering;

use super::super::database::Cell;

fn rank(cell: &Cell) -> u8 {
    match cell {
        Cell::Null => 0,
        Cell::Boolean(_) => 1,
        Cell::Integer(_) | Cell::Decimal(_) => 2,
        Cell::Time(_) => 3,
        Cell::Text(_) => 4,
        Cell::Id(_) | Cell::Link(..) => 5,
    }
}

/// How two cells stand to each other.
#[expect(clippy::cast_precision_loss, reason = "whole numbers of records are far below 2^53")]
pub(crate) fn order(left: &Cell, right: &Cell) -> Ordering {
    match (left, right) {
        (Cell::Integer(left), Cell::Integer(right)) | (Cell::Time(left), Cell::Time(right)) => left.cmp(right),
        (Cell::Integer(left), Cell::Decimal(right)) => (*left as f64).total_cmp(right),
        (Cell::Decimal(left), Cell::Integer(right)) => left.total_cmp(&(*right as f64)),
        (Cell::Decimal(left), Cell::Decimal(right)) => left.total_cmp(right),
        (Cell::Boolean(left), Cell::Boolean(right)) => left.cmp(right),
        (Cell::Text(left), Cell::Text(right)) => {
            let letters = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
            if left.is_ascii() && right.is_ascii() {
                left.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(right.bytes().map(|byte| byte.to_ascii_lowercase()))
            } else {
                letters(left).cmp(&letters(right))
            }
        }
        (Cell::Id(left) | Cell::Link(_, left), Cell::Id(right) | Cell::Link(_, right)) => left.cmp(right),
        _ => rank(left).cmp(&rank(right)),
    }
}

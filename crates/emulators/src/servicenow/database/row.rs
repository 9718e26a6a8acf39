//! One record in few bytes: only the columns that hold something, each as column, length, text. A million incidents have to fit in memory.

use super::super::schema::ColumnId;

/// A record of one table; columns not set read as the empty text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    bytes: Box<[u8]>,
}

impl Row {
    /// Packs values; empty ones take no room. Columns must not repeat.
    #[must_use]
    pub fn pack<'a>(values: impl IntoIterator<Item = (ColumnId, &'a str)>) -> Self {
        let mut bytes = Vec::with_capacity(512);
        for (column, value) in values {
            if !value.is_empty() {
                push_number(&mut bytes, usize::from(column));
                push_number(&mut bytes, value.len());
                bytes.extend_from_slice(value.as_bytes());
            }
        }
        Self { bytes: bytes.into_boxed_slice() }
    }

    /// Every column that holds something, in the order of packing.
    pub fn values(&self) -> impl Iterator<Item = (ColumnId, &str)> {
        let mut rest: &[u8] = &self.bytes;
        std::iter::from_fn(move || {
            let column = take_number(&mut rest)?;
            let length = take_number(&mut rest)?;
            let (value, after) = rest.split_at_checked(length)?;
            rest = after;
            Some((ColumnId::try_from(column).ok()?, std::str::from_utf8(value).ok()?))
        })
    }

    /// The text of one column, empty when not set.
    #[must_use]
    pub fn get(&self, column: ColumnId) -> &str {
        let wanted = usize::from(column);
        let mut rest: &[u8] = &self.bytes;
        while let Some(column) = take_number(&mut rest) {
            let Some((value, after)) = take_number(&mut rest).and_then(|length| rest.split_at_checked(length)) else { break };
            if column == wanted {
                return std::str::from_utf8(value).unwrap_or_default();
            }
            rest = after;
        }
        ""
    }
}

/// Seven bits a byte, lowest first.
fn push_number(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_row_reads_back_and_unset_columns_are_empty() {
        let long = "x".repeat(5000);
        let row = Row::pack([(0, "a"), (300, long.as_str()), (2, ""), (7, "ö")]);
        assert_eq!((row.get(0), row.get(300), row.get(2), row.get(7), row.get(9)), ("a", long.as_str(), "", "ö", ""));
        assert_eq!(row.values().map(|(column, _)| column).collect::<Vec<_>>(), [0, 300, 7]);
    }
}

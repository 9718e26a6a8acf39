//! Texts as tools keep them: how long they are, where they are cut, and when two are the same.

/// Cuts `text` to `length` UTF-16 units, as tools count them, with an ellipsis, never inside a character.
#[must_use]
pub fn cut(text: &str, length: usize) -> String {
    if text.encode_utf16().count() <= length {
        return text.to_owned();
    }
    let mut room = length.saturating_sub(1);
    let fits = |letter: &char| {
        let fits = letter.len_utf16() <= room;
        room = room.saturating_sub(letter.len_utf16());
        fits
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// Cuts a work note to `length`, keeping its last line: that is the marker by which the note is known again.
#[must_use]
pub fn cut_note(note: &str, length: usize) -> String {
    if note.encode_utf16().count() <= length {
        return note.to_owned();
    }
    let last = note.trim_end().rsplit('\n').next().unwrap_or_default();
    format!("{}\n{last}", cut(note, length.saturating_sub(last.encode_utf16().count() + 1)))
}

/// Without line breaks and repeated blanks.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// For comparing: line ends and blanks around a text do not count.
#[must_use]
pub fn normal(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_note_keeps_its_marker() {
        let note = format!("{}\n[event 42]", "é".repeat(9000));
        let short = cut_note(&note, 4000);
        assert!(short.ends_with("\n[event 42]") && short.encode_utf16().count() <= 4000);
        assert_eq!(cut_note("short\n[event 42]", 4000), "short\n[event 42]");
    }

    #[test]
    fn line_ends_and_blanks_around_do_not_count_but_those_inside_do() {
        assert_eq!(normal(" a\r\nb \n"), "a\nb");
        assert_ne!(normal("a  b"), normal("a b"));
        assert_eq!(one_line("a\r\n  b\tc "), "a b c");
    }

    proptest! {
        #[test]
        fn nothing_is_cut_inside_a_character_or_too_long(text in any::<String>(), length in 1_usize..200) {
            prop_assert!(cut(&text, length).encode_utf16().count() <= length);
        }
    }
}

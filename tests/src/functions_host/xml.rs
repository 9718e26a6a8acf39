//! The little XML that the queue service speaks: flat elements with text.

/// The contents of all elements of this name, in order.
pub(super) fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = text.split(open.as_str()).skip(1);
    parts.filter_map(|part| part.split_once(close.as_str()).map(|(inner, _)| inner)).collect()
}

/// The text of the first element of this name.
pub(super) fn text(of: &str, name: &str) -> Option<String> {
    elements(of, name).first().map(|inner| unescaped(inner))
}

/// `a & b` as it stands in XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, behind) = after.split_once(';').unwrap_or((after, ""));
        let code = name.strip_prefix('#').and_then(|code| match code.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
            None => code.parse().ok(),
        });
        match name {
            "amp" => plain.push('&'),
            "lt" => plain.push('<'),
            "gt" => plain.push('>'),
            "quot" => plain.push('"'),
            "apos" => plain.push('\''),
            _ => plain.extend(code.and_then(char::from_u32)),
        }
        rest = behind;
    }
    plain.push_str(rest);
    plain
}

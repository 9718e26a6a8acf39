//! HTML that Azure writes into text fields, as plain text. Only real HTML tags are taken out, so that `CPU < 5` and
//! `<subscription ID>` survive.

use super::lenient::clean;
use super::text::cut;

/// More than any work item holds; the rest is not read.
const LONGEST: usize = 32_000;

const LINE_TAGS: [&str; 15] =
    ["br", "p", "div", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote"];
const INLINE_TAGS: [&str; 22] = [
    "a", "abbr", "b", "body", "code", "em", "font", "head", "html", "i", "img", "li", "pre", "s", "small", "span", "strong",
    "sub", "sup", "td", "th", "u",
];
const OTHER_TAGS: [&str; 10] = ["thead", "tbody", "tfoot", "meta", "link", "section", "center", "style", "script", "title"];

/// The text without tags; list items begin with a dash, links are followed by their address.
pub(super) fn strip(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return clean(html);
    }
    let html = cut(html, LONGEST);
    let mut out = String::with_capacity(html.len());
    let mut address: Option<String> = None;
    let mut rest = html.as_str();
    while let Some(start) = rest.find('<') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let Some((tag, after)) = tag(from) else {
            out.push('<');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        rest = after;
        match tag.name.as_str() {
            name @ ("style" | "script") if !tag.closing => rest = past(rest, &format!("</{name}")),
            "li" if !tag.closing => out.push_str("\n- "),
            "td" | "th" if tag.closing => out.push(' '),
            "a" if !tag.closing => address = href(tag.attributes),
            "a" => {
                if let Some(address) = address.take().filter(|address| !out.ends_with(address.as_str())) {
                    out.extend([" (", address.as_str(), ")"]);
                }
            }
            name if LINE_TAGS.contains(&name) => out.push('\n'),
            _ => {}
        }
    }
    out.push_str(rest);
    tidy(&entities(&out))
}

struct Tag<'a> {
    name: String,
    closing: bool,
    attributes: &'a str,
}

/// The tag that `from` begins with and what follows it; nothing when it is no HTML tag.
fn tag(from: &str) -> Option<(Tag<'_>, &str)> {
    if from.starts_with("<!--") {
        let comment = Tag { name: String::new(), closing: false, attributes: "" };
        return Some((comment, past(from, "-->")));
    }
    let (inside, after) = from.strip_prefix('<')?.split_once('>')?;
    let (closing, inside) = inside.strip_prefix('/').map_or((false, inside), |inside| (true, inside));
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at(end);
    let name = name.to_ascii_lowercase();
    let known = [&LINE_TAGS[..], &INLINE_TAGS[..], &OTHER_TAGS[..]].into_iter().flatten().any(|tag| *tag == name);
    known.then_some((Tag { name, closing, attributes }, after))
}

/// What follows the first `end` in `text` up to its next `>`; empty when there is none.
fn past<'a>(text: &'a str, end: &str) -> &'a str {
    let Some(at) = text.find(end) else { return "" };
    let from = text.get(at..).unwrap_or_default();
    from.split_once('>').map_or("", |(_, after)| after)
}

fn href(attributes: &str) -> Option<String> {
    let (_, value) = attributes.split_once("href=")?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let address = value.split(quote).nth(1)?;
    address.starts_with("http").then(|| address.to_owned())
}

fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let entity = from.get(1..).and_then(|from| from.split_once(';')).filter(|(name, _)| name.len() <= 8);
        if let Some((c, after)) = entity.and_then(|(name, after)| Some((character(name)?, after))) {
            out.push(c);
            rest = after;
        } else {
            out.push('&');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out + rest
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "nbsp" => ' ',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "ndash" => '–',
        "mdash" => '—',
        "rsquo" => '’',
        "lsquo" => '‘',
        "rdquo" => '”',
        "ldquo" => '“',
        "bull" => '•',
        "hellip" => '…',
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

/// Blanks within a line collapse; at most one empty line between paragraphs.
fn tidy(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if !(line.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(line);
        }
    }
    clean(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn tags_become_lines_and_entities_become_characters() {
        let html = "<p><strong>Summary</strong>:&nbsp;it &amp; that.</p>\n<p><br></p><ul><li>one</li><li>two</li></ul>\
            <style>p{}</style>See <a href=\"https://a.example/b\">the page</a>, it&#39;s <i>done</i>.";
        assert_eq!(strip(html), "Summary: it & that.\n\n- one\n- two\nSee the page (https://a.example/b), it's done.");
    }

    #[test]
    fn text_that_only_looks_like_a_tag_stays() {
        for text in ["CPU < 5 and > 3", "<subscription ID>", "<MESSAGE>", "a & b; c", "&", "<", "&#xFFFFFFFF;"] {
            assert_eq!(strip(text), text);
        }
    }
}

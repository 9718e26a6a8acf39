//! The words of a `$filter`.

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A name, perhaps with dots or slashes in it; also `and`, `eq`, `null`, `true`.
    Name(String),
    Text(String),
    Integer(i64),
    Decimal(f64),
    Guid(u128),
    /// Seconds since 1970.
    Time(i64),
    Open,
    Close,
    Comma,
    Equals,
    BracketOpen,
    BracketClose,
}

/// The words of a text, or what cannot be read.
pub(crate) fn read(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let single = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            '=' => Some(Token::Equals),
            '[' => Some(Token::BracketOpen),
            ']' => Some(Token::BracketClose),
            _ => None,
        };
        if let Some(token) = single {
            tokens.push(token);
            rest = rest.get(1..).unwrap_or_default().trim_start();
            continue;
        }
        if matches!(first, '\'' | '"') {
            let (value, behind) =
                quoted(rest, first).ok_or_else(|| format!("There is an unterminated string literal in '{text}'."))?;
            tokens.push(Token::Text(value));
            rest = behind.trim_start();
            continue;
        }
        let end = rest.find(|letter: char| letter.is_whitespace() || "(),=[]'\"".contains(letter)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        tokens.push(classify(word).ok_or_else(|| format!("Syntax error: character '{first}' is not valid in '{text}'."))?);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

/// A text in quotes, whose own quotes are doubled, and what stands behind it.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.get(1..)?;
    loop {
        let (part, behind) = rest.split_once(quote)?;
        value.push_str(part);
        match behind.strip_prefix(quote) {
            Some(further) => {
                value.push(quote);
                rest = further;
            }
            None => return Some((value, behind)),
        }
    }
}

fn classify(word: &str) -> Option<Token> {
    if let Some(guid) = super::super::guid::parse(word) {
        return Some(Token::Guid(guid));
    }
    let first = word.chars().next()?;
    if first.is_ascii_digit() || first == '-' {
        return word
            .parse()
            .map(Token::Integer)
            .ok()
            .or_else(|| time(word).map(Token::Time))
            .or_else(|| word.parse().map(Token::Decimal).ok());
    }
    let fits = word.chars().all(|letter| letter.is_alphanumeric() || "_./@*$".contains(letter));
    fits.then(|| Token::Name(word.to_owned()))
}

/// `2026-09-01T10:00:00Z`, with another zone, or a bare date, which begins in UTC; seconds since 1970.
pub(crate) fn time(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_second());
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp().as_second())
}

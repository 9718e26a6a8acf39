//! Reading what a tool offers part by part: each part that may not be read is a gap and the others are read all the same. It fails
//! only when the tool cannot be spoken to.

use super::{ProviderError, WaitReason};
use crate::configuration::Gap;

const READ_AGAIN: &str = "it is read again with the next refresh, or at once with `itsm-connector refresh`";

/// What was read, and why it is not all, with a remedy.
pub type Part<T> = Result<(T, Option<(String, String)>), ProviderError>;

/// What has come of the parts so far.
#[derive(Debug, Default)]
pub struct Parts {
    gaps: Vec<Gap>,
    /// Whether the tool gave a real answer to anything.
    reached: bool,
    error: Option<ProviderError>,
}

impl Parts {
    /// The part, if it could be read; fails only when nothing else will work either.
    pub fn take<T>(&mut self, part: &str, read: Part<T>) -> Result<Option<T>, ProviderError> {
        let (value, told) = match read {
            Ok((value, told)) => {
                self.reached = true;
                (Some(value), told)
            }
            Err(ProviderError::Refused { cause, remedy }) => {
                self.reached = true;
                (None, Some((cause, remedy)))
            }
            Err(error) => {
                // One table that fails is no outage of the tool; a second one in a row without any answer is.
                let whole = matches!(&error, ProviderError::Wait { reason, .. } if *reason != WaitReason::Outage);
                if whole || (!self.reached && self.error.is_some()) {
                    return Err(error);
                }
                let told = (error.to_string(), READ_AGAIN.to_owned());
                self.error = Some(error);
                (None, Some(told))
            }
        };
        self.gaps.extend(told.map(|(cause, remedy)| Gap::new(part, cause, remedy)));
        Ok(value)
    }

    /// The gaps; an error when nothing at all was answered.
    pub fn gaps(self) -> Result<Vec<Gap>, ProviderError> {
        match self.error {
            Some(error) if !self.reached => Err(error),
            _ => Ok(self.gaps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> ProviderError {
        ProviderError::Retry { after: None, cause: "down".to_owned() }
    }

    #[test]
    fn what_may_not_be_read_or_fails_once_is_a_gap() {
        let mut parts = Parts::default();
        assert_eq!(parts.take::<u8>("a", Err(down())), Ok(None));
        let refused = ProviderError::Refused { cause: "no".to_owned(), remedy: "ask".to_owned() };
        assert_eq!(parts.take::<u8>("b", Err(refused)), Ok(None));
        assert_eq!(parts.take::<u8>("c", Err(down())), Ok(None));
        assert_eq!(parts.take("d", Ok((7, Some(("not all".to_owned(), "ask".to_owned()))))), Ok(Some(7)));
        assert_eq!(parts.take("e", Ok((8, None))), Ok(Some(8)));
        let gaps: Vec<_> = parts.gaps().unwrap().into_iter().map(|gap| gap.part).collect();
        assert_eq!(gaps, ["a", "b", "c", "d"]);
    }

    #[test]
    fn no_answer_to_anything_and_refused_credentials_are_errors() {
        let mut parts = Parts::default();
        assert_eq!(parts.take::<u8>("a", Err(down())), Ok(None));
        assert_eq!(parts.take::<u8>("b", Err(down())), Err(down()));
        let mut parts = Parts::default();
        assert_eq!(parts.take::<u8>("a", Err(down())), Ok(None));
        assert_eq!(parts.gaps().unwrap_err(), down());
        let mut parts = Parts::default();
        assert_eq!(parts.take("a", Ok((7, None))), Ok(Some(7)));
        let wrong =
            ProviderError::Wait { reason: WaitReason::Credentials, after: None, cause: String::new(), remedy: String::new() };
        assert_eq!(parts.take::<u8>("b", Err(wrong.clone())), Err(wrong));
    }
}

//! docs/TROUBLESHOOTING.md against the program. `source`: what it quotes stands in the program's text. `old`: each trouble that the
//! old connector had a message for is made to happen, and what the guide says of it is what is said then.

#[cfg(test)]
mod guide;
#[cfg(test)]
mod old;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod source;

//! Stories over real HTTP against the stateful stand-in.

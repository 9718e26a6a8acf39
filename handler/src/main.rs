//! The executable; everything it does stands in the library beside it, so that tests and benches can use the same wiring.

use std::process::ExitCode;

fn main() -> ExitCode {
    itsm_connector::main()
}

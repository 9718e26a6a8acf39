//! The executable, as the tests start and kill it.

fn main() -> std::process::ExitCode {
    itsm_connector::main()
}

//! `litrocket`: the server and its client commands. All of it is in the library.

fn main() -> std::process::ExitCode {
    litrocket::command::run()
}

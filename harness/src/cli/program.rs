//! What is wrong with a subject that was named on the command line, and how to name it right.

use std::{ffi::OsStr, path::Path};

use super::{Stop, help, parse, separator};

/// A program that cannot be started: there is none, or it is no program.
pub(super) fn not_startable(program: &OsStr) -> Stop {
    let path = Path::new(program);
    let name = program.display();
    if path.is_dir() {
        return Stop::usage(format!("{name} is a folder; name the program in it, after `--`"));
    }
    if path.is_file() {
        return Stop::usage(match interpreter(path) {
            Some(interpreter) => format!(
                "{name} cannot be executed; name its interpreter, too: `-- {interpreter} {name}`"
            ),
            None => format!("{name} cannot be executed; make it executable: `chmod +x {name}`"),
        });
    }
    Stop::usage(format!(
        "there is no program {name}; after `--`, name one that is on the PATH, or a path to one"
    ))
}

/// A backend that is not built in, which may be a program that was named without `--`. `command` is the subcommand.
pub(super) fn not_built_in(name: &str, command: &str) -> Stop {
    let path = Path::new(name);
    let program = match interpreter(path) {
        Some(interpreter) if path.is_file() => Some(vec![interpreter, name]),
        _ if path.is_file() => Some(vec![name]),
        _ => None,
    };
    let right = |program: &[&str]| {
        separator::with_program_of(&help::command(), &parse::own_words(), name, program)
            .unwrap_or_else(|| format!("crashworthy {command} -- {}", program.join(" ")))
    };
    Stop::usage(match program {
        Some(program) => format!(
            "{name} is no built-in backend; to {command} that program, put `--` before it: \
             `{}`",
            right(&program)
        ),
        None => format!(
            "there is no built-in backend {name:?}; `crashworthy list backends` shows them, and a \
             program of your own goes after `--`, as in `crashworthy {command} -- python3 my_backend.py`"
        ),
    })
}

fn interpreter(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "py" => Some("python3"),
        "js" | "mjs" | "cjs" => Some("node"),
        _ => None,
    }
}

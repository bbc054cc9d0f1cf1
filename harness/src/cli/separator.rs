//! The `--` of a command line: what stands before it is for crashworthy, and what stands behind it is the program's.
//!
//! Whoever forgets it, or puts an option on the wrong side, is shown the whole line as it should be: a tip that leaves
//! out half of what was asked for runs something else.

use std::path::Path;

use clap::{Arg, Command};

use crate::{report::shell, subject};

/// The mark itself.
pub(super) const SEPARATOR: &str = "--";

/// The command line with a program that was named without `--` behind one; nothing where no program was named.
pub(super) fn with_program(command: &Command, words: &[String]) -> Option<String> {
    let (name, words) = words.split_first()?;
    let (ours, mut others) = apart(command.find_subcommand(name)?, words);
    if others.first().is_some_and(|word| is_built_in(word)) {
        // One at a time is certified.
        others.remove(0);
    }
    (!others.is_empty()).then(|| line(name, &ours, &others))
}

/// The command line with the word `file` replaced by the words of a program, behind `--`. Built-ins that were named
/// beside it stay.
pub(super) fn with_program_of(
    command: &Command,
    words: &[String],
    file: &str,
    program: &[&str],
) -> Option<String> {
    let (name, words) = words.split_first()?;
    let (mut ours, others) = apart(command.find_subcommand(name)?, words);
    ours.extend(others.into_iter().filter(|word| word != file && is_built_in(word)));
    Some(line(name, &ours, &program.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

/// What to say of options of crashworthy's that went to the program; nothing where none did. One that stands on both
/// sides is meant to.
pub(super) fn astray(command: &Command, words: &[String]) -> Option<String> {
    let (name, words) = words.split_first()?;
    let subcommand = command.find_subcommand(name)?;
    let at = words.iter().position(|word| word == SEPARATOR)?;
    let (before, behind) = (&words[..at], words[at + 1..].split_first());
    let (program, arguments) = behind?;
    // What stands behind a further one is no option of anybody.
    let end = arguments.iter().position(|word| word == SEPARATOR).unwrap_or(arguments.len());
    let is_before = |arg: &Arg| before.iter().any(|word| option(arg, word).is_some());
    let mut strays: Vec<String> = Vec::new();
    for word in &arguments[..end] {
        let arg = subcommand.get_arguments().find(|arg| option(arg, word).is_some());
        if let Some(long) = arg.filter(|arg| !is_before(arg)).and_then(Arg::get_long) {
            let stray = format!("--{long}");
            if !strays.contains(&stray) {
                strays.push(stray);
            }
        }
    }
    if strays.is_empty() {
        return None;
    }
    let (moved, mut rest) = apart(subcommand, &arguments[..end]);
    rest.insert(0, program.clone());
    rest.extend_from_slice(&arguments[end..]);
    let (it, belongs) = if strays.len() == 1 { ("it", "it is") } else { ("them", "they are") };
    Some(format!(
        "warning: {} behind `--`, where all is the program's, so {program} was given {it}; if {belongs} meant for \
         crashworthy: {}",
        stand(&strays),
        line(name, &[before, &moved].concat(), &rest)
    ))
}

fn stand(options: &[String]) -> String {
    match options {
        [one] => format!("{one} stands"),
        [several @ .., last] => format!("{} and {last} stand", several.join(", ")),
        [] => String::new(),
    }
}

/// The value that a word gives to this option, if it does: empty where the value is the next word's.
fn option<'a>(arg: &Arg, word: &'a str) -> Option<&'a str> {
    let rest = word.strip_prefix("--")?.strip_prefix(arg.get_long()?)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('=') }
}

/// The options that a subcommand has with their values, and all other words.
fn apart(subcommand: &Command, words: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match subcommand.get_arguments().find(|arg| option(arg, word).is_some()) {
            Some(arg) => {
                ours.push(word.clone());
                if arg.get_action().takes_values() && !word.contains('=') {
                    ours.extend(words.next().cloned());
                }
            }
            None => others.push(word.clone()),
        }
    }
    (ours, others)
}

fn is_built_in(word: &str) -> bool {
    subject::backends().iter().any(|backend| Some(backend.name()) == word.split(',').next())
}

/// A line to copy.
fn line(name: &str, ours: &[String], program: &[String]) -> String {
    let (first, separator) = (["crashworthy", name].map(str::to_owned), [SEPARATOR.to_owned()]);
    let words = [&first[..], ours, &separator, program].concat();
    words.iter().map(|word| shell::word(Path::new(word))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::help;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_forgotten_separator_loses_nothing_else() {
        for (wrong, right) in [
            ("certify python3 x.py", "certify -- python3 x.py"),
            ("certify --claims my.toml python3 x.py", "certify --claims my.toml -- python3 x.py"),
            (
                "certify --seed=7 python3 x.py --flag --claims my.toml",
                "certify --seed=7 --claims my.toml -- python3 x.py --flag",
            ),
            ("certify --no-fork-server fs ./x a", "certify --no-fork-server -- ./x a"),
        ] {
            let told = with_program(&help::command(), &words(wrong));
            assert_eq!(told, Some(format!("crashworthy {right}")), "{wrong}");
        }
        assert_eq!(with_program(&help::command(), &words("certify --seed 7")), None);
        let told = with_program_of(
            &help::command(),
            &words("bench fs,durability=none my.py --time 60s"),
            "my.py",
            &["python3", "my.py"],
        );
        let right = "crashworthy bench --time 60s fs,durability=none -- python3 my.py";
        assert_eq!(told.as_deref(), Some(right));
    }

    #[test]
    fn an_option_behind_the_separator_is_told_once() {
        let astray = |line: &str| astray(&help::command(), &words(line));
        let told = astray("bench fs -- ./x --out b.json --out c.json --own").expect("it is told");
        assert!(told.contains("--out stands behind `--`, where all is the program's, so ./x was"));
        assert!(
            told.ends_with("crashworthy bench fs --out b.json --out c.json -- ./x --own"),
            "{told}"
        );
        let told = astray("certify -- python3 x.py --seed=7 --claims m.toml").expect("it is told");
        assert!(told.contains("--seed and --claims stand behind"), "{told}");
        assert!(told.ends_with("certify --seed=7 --claims m.toml -- python3 x.py"), "{told}");
        for fine in [
            "certify --out a -- ./x --out b",
            "certify -- ./x --outer --own -- --out",
            "certify -- ./--out",
            "certify --out a",
            "list scenarios",
        ] {
            assert_eq!(astray(fine), None, "{fine}");
        }
    }
}

//! `countersign completions SHELL`

use clap::{Args, CommandFactory as _, ValueEnum};
use clap_complete::{Shell, generate};

use super::Cli;
use super::output::put;

#[derive(Args, Debug)]
pub(super) struct Options {
    shell: Known,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Known {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script that teaches a shell this command.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let shell = match options.shell {
        Known::Bash => Shell::Bash,
        Known::Zsh => Shell::Zsh,
        Known::Fish => Shell::Fish,
    };
    // Whole or not at all: clap_complete panics where nobody reads on.
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "countersign", &mut script);
    put(format_args!("{}", String::from_utf8(script)?));
    Ok(())
}

//! What can be said to every command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What can be said to every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct GlobalOptions {
    /// The policy; may be given several times: rules are joined in order [default: policy.yaml]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,
    /// The audit log [default: aegis_audit.db]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,
    /// The session: `check` records it [default: a new id], `audit` selects it
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// The agent: `check` imposes it, and refuses an action that names another; `audit` selects it
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Print nothing but errors, and what was asked for as data: the exit status says the rest
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(crate) color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

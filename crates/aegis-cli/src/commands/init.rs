//! `aegis init`: a policy to start from.

use std::path::{Path, PathBuf};

use aegis_audit::is_part_of_log;
use aegis_engine::escape;
use aegis_present::style::GOOD;
use clap::Args;

use crate::console::write_new;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Write a commented starter policy, and name the next step
///
/// Never overwrites a file unasked: on a terminal it asks, elsewhere it refuses.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis init\n  aegis init --list\n  aegis init --template devops -o devops.yaml"
)]
pub(crate) struct InitArgs {
    /// Where to write it
    #[arg(short, long, value_name = "FILE", default_value = "policy.yaml")]
    output: PathBuf,
    /// Which policy to start from
    #[arg(short, long, value_name = "NAME", default_value = "starter")]
    template: String,
    /// List the policies there are
    #[arg(short, long)]
    list: bool,
    /// Overwrite the file if it exists
    #[arg(short, long)]
    force: bool,
}

/// A policy that is part of the program.
struct Template {
    name: &'static str,
    text: &'static str,
}

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        [$(Template { name: $name, text: include_str!(concat!("../../../../policies/", $name, ".yaml")) }),*]
    };
}

/// Every policy of `policies/`, by name.
const TEMPLATES: [Template; 13] = templates![
    "starter",
    "browser",
    "coding-agent",
    "crm",
    "data-pipeline",
    "devops",
    "e-commerce",
    "email-assistant",
    "finance",
    "health-care",
    "read-only",
    "research",
    "support",
];

impl Template {
    /// The first words of the file: what it is for.
    fn purpose(&self) -> &'static str {
        let comments = self.text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
        comments
            .clone()
            .find(|line| !line.is_empty() && !line.starts_with("yaml-language-server"))
            .unwrap_or_default()
    }
}

pub(crate) fn run(args: &InitArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    if args.list {
        let width = TEMPLATES.iter().map(|template| template.name.len()).max().unwrap_or_default();
        let lines =
            TEMPLATES.iter().map(|template| format!("{:width$}  {}", template.name, template.purpose()));
        settings.console.answer(lines.collect::<Vec<_>>().join("\n"))?;
        return Ok(ExitStatus::Success);
    }
    let template = TEMPLATES.iter().find(|template| template.name == args.template).ok_or_else(|| {
        CommandError::usage(format!("there is no template called `{}`", escape(&args.template)))
            .help("`aegis init --list` lists them")
    })?;
    if is_part_of_log(&args.output, &settings.db) {
        let shown = escape(&args.output.to_string_lossy());
        let message = format!("`{shown}` is the audit log itself");
        return Err(CommandError::usage(message).help("name another file"));
    }
    write_new(&args.output, template.text, args.force)?;
    let path = escape(&args.output.to_string_lossy());
    let flag = if args.output == Path::new("policy.yaml") { String::new() } else { format!(" -p {path}") };
    settings.console.answer(format!(
        "{GOOD}wrote{GOOD:#} {path}\n\nRead it, change it, then:\n  aegis validate {path}\n  \
         echo '{{\"type\":\"read\",\"target\":\"crm\"}}' | aegis check{flag}"
    ))?;
    Ok(ExitStatus::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_policy_can_be_written_by_name() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
            .filter(|name| !name.contains(".test"))
            .collect();
        files.sort();
        let mut names: Vec<_> = TEMPLATES.iter().map(|template| template.name.to_owned()).collect();
        names.sort();
        assert_eq!(names, files);
    }

    #[test]
    fn every_shipped_policy_says_what_it_is_for() {
        for template in &TEMPLATES {
            assert!(template.purpose().len() > 10, "{}", template.name);
        }
    }
}

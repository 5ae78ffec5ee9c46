//! `aegis init`: a policy to start from.

use std::path::{Path, PathBuf};

use aegis_engine::escape;
use aegis_present::style::GOOD;
use clap::Args;

use crate::console::{chosen, refuse_log, write_new};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::standard_stream::output_file;
use crate::suggested::Suggested;

/// Write a commented starter policy, and name the next step
///
/// Never overwrites a file unasked: on a terminal it asks, elsewhere it refuses.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis init\n  aegis init --list\n  aegis init --template devops -o devops.yaml\n\nExit status: 0 written, 2 wrong usage, 5 the file exists, or cannot be written."
)]
pub(crate) struct InitArgs {
    /// Where to write it; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "policy.yaml")]
    output: PathBuf,
    /// Which policy to start from
    #[arg(short, long, value_name = "NAME", default_value = "starter",
        value_parser = Suggested::new(&TEMPLATES.map(|template| template.name)), hide_possible_values = true)]
    template: String,
    /// List the policies there are
    #[arg(short, long)]
    list: bool,
    /// Choose from that list with the arrow keys, at a terminal
    #[arg(short, long, conflicts_with_all = ["template", "list"])]
    choose: bool,
    /// Overwrite the file if it exists
    #[arg(short, long)]
    force: bool,
}

/// A policy that is part of the program.
#[derive(Clone, Copy)]
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

/// A line for each policy: its name, and what it is for.
fn listed() -> Vec<String> {
    let width = TEMPLATES.iter().map(|template| template.name.len()).max().unwrap_or_default();
    TEMPLATES.iter().map(|template| format!("{:width$}  {}", template.name, template.purpose())).collect()
}

pub(crate) fn run(args: &InitArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    if args.list {
        settings.console.answer(listed().join("\n"))?;
        return Ok(ExitStatus::Success);
    }
    let template = if args.choose {
        chosen(&listed()).and_then(|index| TEMPLATES.get(index)).ok_or_else(|| {
            CommandError::usage("no template was chosen").help("`--template NAME` takes one without asking")
        })?
    } else {
        TEMPLATES.iter().find(|template| template.name == args.template).ok_or_else(|| {
            CommandError::usage(format!("there is no template called `{}`", escape(&args.template)))
                .help("`aegis init --list` lists them")
        })?
    };
    refuse_log(&args.output, &settings.db)?;
    let Some(output) = output_file(Some(&args.output)) else {
        settings.console.answer(template.text.trim_end())?;
        return Ok(ExitStatus::Success);
    };
    write_new(output, template.text, args.force, settings.console)?;
    let path = escape(&args.output.to_string_lossy());
    let flag = if args.output == Path::new("policy.yaml") { String::new() } else { format!(" -p {path}") };
    settings.console.tell(format!(
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

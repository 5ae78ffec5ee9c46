//! What `stats` and `report` have in common: which records, and what they come to.

use aegis_audit::sqlite::TrailReader;
use aegis_engine::{ApprovalMode, RiskLevel};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::PathSource;
use aegis_ledger::filter::Filter;
use aegis_ledger::overview::Overview;
use aegis_ledger::statistics::Statistics;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;

use super::filter::FilterArgs;
use crate::console::Progress;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::trusted_policy::load_policy;

/// From how many records on counting them shows a progress bar.
const LONG_COUNT: u64 = 500_000;

/// Which records to count, and what is often.
#[derive(Debug, Args)]
pub(crate) struct OverviewArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// What was asked so often, and always answered alike, is listed
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    often: u64,
}

impl OverviewArgs {
    /// The filter that the flags say.
    ///
    /// # Errors
    /// When they ask for an order, of which there is none in a sum.
    pub(crate) fn filter(&self, settings: &Settings) -> Result<Filter, CommandError> {
        if self.filter.reverse {
            return Err(CommandError::usage("`--reverse` means nothing where records are counted")
                .help("leave it away; with `--limit N` the newest N are counted"));
        }
        Ok(self.filter.filter(settings))
    }

    /// Counts.
    ///
    /// # Errors
    /// When the log cannot be read, or the policy that was given.
    pub(crate) fn overview(
        &self,
        reader: &TrailReader,
        filter: &Filter,
        settings: &Settings,
    ) -> Result<Overview, CommandError> {
        let progress = Progress::through("records", LONG_COUNT, settings.console);
        if progress.is_wanted() {
            progress.begin(reader.count(filter)?);
        }
        let statistics = reader.statistics(filter, self.often, |done| progress.advance(done))?;
        progress.end();
        let idle_rules = idle_rules(&statistics, settings)?;
        Ok(Overview { log: reader.id(), filters: words(filter), often: self.often, statistics, idle_rules })
    }
}

/// The rules that decided nothing, of a policy that was named on the command line.
fn idle_rules(statistics: &Statistics, settings: &Settings) -> Result<Option<Vec<String>>, CommandError> {
    if settings.policy_source != PathSource::Argument || !statistics.knows_every_rule() {
        return Ok(None);
    }
    let loaded = load_policy(&settings.policies, &[], settings.console)?;
    Ok(statistics.idle_rules(loaded.policy.rules().iter().map(aegis_engine::Rule::name)))
}

/// A filter as the flags that say it.
fn words(filter: &Filter) -> Vec<(&'static str, String)> {
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let one = |flag, value: &Option<String>| value.clone().map(|value| (flag, value));
    let many = |flag, words: Vec<&str>| (!words.is_empty()).then(|| (flag, words.join(", ")));
    [
        one("--session", &filter.session),
        one("--agent", &filter.agent),
        one("--type", &filter.action_type),
        one("--target", &filter.target),
        one("--rule", &filter.rule),
        many("--risk", filter.risk.iter().copied().map(RiskLevel::as_str).collect()),
        many("--approval", filter.approval.iter().copied().map(ApprovalMode::as_str).collect()),
        many("--decision", filter.decision.iter().copied().map(Answer::as_str).collect()),
        many("--result", filter.result.iter().copied().map(ResultStatus::as_str).collect()),
        filter.since.map(|since| ("--since", instant(since))),
        filter.until.map(|until| ("--until", instant(until))),
        filter.limit.map(|limit| ("--limit", limit.to_string())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

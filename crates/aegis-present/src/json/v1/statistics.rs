//! The statistics of a trail.

use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::overview::Overview;
use aegis_ledger::statistics::{Asked, Distinct, Habit, Names, Results, Risks, Tally, Waits};
use schemars::JsonSchema;
use serde::Serialize;

use super::instant::timestamp;

/// What a trail says as a whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Aegis statistics", rename = "Statistics")]
pub struct StatisticsV1 {
    /// The id of the log.
    log: String,
    /// The newest event of the log at that moment, whether or not it was counted; null in an empty log.
    newest: Option<NewestV1>,
    /// What the records were selected by: flags and their values.
    filters: Vec<FilterV1>,
    /// The earliest and the latest time of a record; null where there is none.
    period: Option<PeriodV1>,
    /// How many actions were counted.
    actions: u64,
    /// How many more were done without asking; nothing else here counts them.
    observed: u64,
    /// How many of them a human had to be asked about.
    asked: u64,
    /// How they were answered.
    answers: AnswersV1,
    /// How they were answered, by risk.
    risks: RisksV1,
    /// What became of them.
    results: ResultsV1,
    /// How many sessions they belong to.
    sessions: DistinctV1,
    /// By the rule that decided, most actions first.
    rules: NamesV1,
    /// By agent; a null name stands for no agent.
    agents: NamesV1,
    /// By type of action.
    types: NamesV1,
    /// By target.
    targets: NamesV1,
    /// In the order of time, in equal intervals without a gap.
    series: SeriesV1,
    /// By weekday and hour of the day (UTC); hours in which nothing happened are left out.
    week: Vec<HourV1>,
    /// How long people took to approve or deny.
    waits: WaitsV1,
    /// What the rules asked, most first.
    asked_by_rule: Vec<AskedV1>,
    /// What the approvers answered, most first.
    approvers: Vec<AskedV1>,
    /// From how many answers on a question is listed below.
    often: u64,
    /// Questions that were approved each time.
    always_approved: Vec<HabitV1>,
    /// Questions that were denied each time.
    always_denied: Vec<HabitV1>,
    /// How many questions were not looked at for these, because there were too many kinds of them.
    habits_left_out: u64,
    /// The rules of the policy that decided nothing; null where no policy was given.
    idle_rules: Option<Vec<String>>,
}

/// An event of the log.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Newest")]
struct NewestV1 {
    /// Its number.
    seq: u64,
    /// Its hash, which covers everything before it.
    hash: String,
}

/// A flag that selected records.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Filter")]
struct FilterV1 {
    /// The flag.
    flag: &'static str,
    /// Its value.
    value: String,
}

/// Two instants (RFC 3339, UTC).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Period")]
struct PeriodV1 {
    /// The earliest.
    #[schemars(extend("format" = "date-time"))]
    from: String,
    /// The latest.
    #[schemars(extend("format" = "date-time"))]
    to: String,
}

/// How many actions were answered in which way.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Answers")]
struct AnswersV1 {
    /// Allowed by the policy.
    auto: u64,
    /// Allowed by a human.
    approved: u64,
    /// Refused by a human.
    denied: u64,
    /// Refused by the policy.
    block: u64,
    /// A human had to be asked, and nobody answered.
    unanswered: u64,
    /// Not answered yet, or the question was cut short.
    open: u64,
}

/// How actions were answered, by risk.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Risks")]
struct RisksV1 {
    low: AnswersV1,
    medium: AnswersV1,
    high: AnswersV1,
    critical: AnswersV1,
}

/// What became of actions.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Results")]
struct ResultsV1 {
    /// Done, and went well.
    success: u64,
    /// Tried, and failed.
    failed: u64,
    /// Refused by the policy.
    blocked: u64,
    /// Refused by a human.
    denied: u64,
    /// Not tried, because nobody answered.
    skipped: u64,
    /// Nobody said.
    unknown: u64,
}

/// How many different values there are.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Distinct")]
struct DistinctV1 {
    /// How many.
    count: u64,
    /// Whether that is an estimate, right to within a few per cent.
    estimated: bool,
}

/// What was counted by name.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Names")]
struct NamesV1 {
    /// The most frequent names.
    names: Vec<NameV1>,
    /// What was counted for all others, together.
    others: OthersV1,
}

/// What was counted for a name.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Name")]
struct NameV1 {
    /// The name; one of more than 256 bytes is cut, and ends in its digest.
    name: Option<String>,
    /// How many actions.
    actions: u64,
    /// Their part of all, from 0 to 1.
    share: f64,
    /// How many of them a human had to be asked about.
    asked: u64,
    /// How they were answered.
    answers: AnswersV1,
}

/// What was counted for names that are not listed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Others")]
struct OthersV1 {
    /// How many names.
    names: DistinctV1,
    /// How their actions were answered.
    answers: AnswersV1,
}

/// Actions in the order of time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Series")]
struct SeriesV1 {
    /// How many hours an interval has.
    hours: u64,
    /// The intervals.
    intervals: Vec<IntervalV1>,
}

/// An interval of time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Interval")]
struct IntervalV1 {
    /// When it begins (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    start: String,
    /// How its actions were answered.
    answers: AnswersV1,
}

/// An hour of the week.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Hour")]
struct HourV1 {
    /// From 1, Monday, to 7.
    weekday: usize,
    /// From 0 to 23, UTC.
    hour: usize,
    /// How its actions were answered.
    answers: AnswersV1,
}

/// How long answers took, in milliseconds. All but the smallest and the largest are right to within 2 %.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Waits")]
struct WaitsV1 {
    /// How many answers.
    count: u64,
    /// The quickest; null where there was none, as below.
    min_ms: Option<u64>,
    /// Half of them were at most so long.
    median_ms: Option<u64>,
    /// Nine of ten were at most so long.
    p90_ms: Option<u64>,
    /// 99 of 100 were at most so long.
    p99_ms: Option<u64>,
    /// The slowest.
    max_ms: Option<u64>,
    /// How many were of which length.
    histogram: Vec<WaitClassV1>,
}

/// How many answers took longer than the class before says, and at most so long.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WaitClass")]
struct WaitClassV1 {
    /// The longest; null in the last class, which has no bound.
    up_to_ms: Option<u64>,
    /// How many.
    count: u64,
}

/// What one rule asked, or one approver answered.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Asked")]
struct AskedV1 {
    /// The rule, or the approver.
    name: Option<String>,
    /// How it was answered.
    answers: AnswersV1,
    /// How long that took.
    waits: WaitsV1,
}

/// A kind of question that was always answered alike.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Habit")]
struct HabitV1 {
    /// The rule that asked.
    rule: String,
    /// The type of the actions.
    action_type: String,
    /// Their target.
    action_target: String,
    /// How often.
    times: u64,
}

impl StatisticsV1 {
    /// With at most `top` names of each kind.
    #[must_use]
    pub fn new(overview: &Overview, top: usize) -> StatisticsV1 {
        let it = &overview.statistics;
        let all = it.total.total();
        StatisticsV1 {
            log: overview.log.clone(),
            newest: it.newest.as_ref().map(|event| NewestV1 { seq: event.seq, hash: event.hash.clone() }),
            filters: overview
                .filters
                .iter()
                .map(|(flag, value)| FilterV1 { flag, value: value.clone() })
                .collect(),
            period: it.period.map(|(from, to)| PeriodV1 { from: timestamp(from), to: timestamp(to) }),
            actions: all,
            observed: it.observed,
            asked: it.total.asked(),
            answers: it.total.into(),
            risks: it.risks.into(),
            results: it.results.into(),
            sessions: it.sessions.into(),
            rules: names(&it.rules, top, all),
            agents: names(&it.agents, top, all),
            types: names(&it.types, top, all),
            targets: names(&it.targets, top, all),
            series: series(&it.series),
            week: week(&it.week.days),
            waits: (&it.waits).into(),
            asked_by_rule: asked(&it.asked_by_rule, top),
            approvers: asked(&it.approvers, top),
            often: overview.often,
            always_approved: it.always_approved.iter().take(top).map(HabitV1::from).collect(),
            always_denied: it.always_denied.iter().take(top).map(HabitV1::from).collect(),
            habits_left_out: it.habits_left_out,
            idle_rules: overview.idle_rules.clone(),
        }
    }
}

fn names(names: &Names<Tally>, top: usize, all: u64) -> NamesV1 {
    let mut others = names.others;
    names.named.iter().skip(top).for_each(|named| others += named.value);
    let hidden = names.named.len().saturating_sub(top) as u64;
    let Distinct { count, estimated } = names.other_names;
    NamesV1 {
        names: names
            .named
            .iter()
            .take(top)
            .map(|named| NameV1 {
                name: named.name.clone(),
                actions: named.value.total(),
                share: part(named.value.total(), all),
                asked: named.value.asked(),
                answers: named.value.into(),
            })
            .collect(),
        others: OthersV1 {
            names: DistinctV1 { count: count.saturating_add(hidden), estimated },
            answers: others.into(),
        },
    }
}

/// A part of a whole, to six places.
fn part(part: u64, whole: u64) -> f64 {
    let millionths = u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    f64::from(u32::try_from(millionths).unwrap_or(1_000_000)) / 1_000_000.0
}

fn series(series: &aegis_ledger::statistics::Series) -> SeriesV1 {
    let interval = |(index, tally): (usize, &Tally)| IntervalV1 {
        start: timestamp(series.time(index)),
        answers: (*tally).into(),
    };
    SeriesV1 { hours: series.hours, intervals: series.tallies.iter().enumerate().map(interval).collect() }
}

fn week(days: &[[Tally; 24]; 7]) -> Vec<HourV1> {
    (1..)
        .zip(days)
        .flat_map(|(weekday, hours)| {
            hours.iter().enumerate().map(move |(hour, tally)| (weekday, hour, *tally))
        })
        .filter(|(_, _, tally)| tally.total() > 0)
        .map(|(weekday, hour, tally)| HourV1 { weekday, hour, answers: tally.into() })
        .collect()
}

fn asked(names: &Names<Asked>, top: usize) -> Vec<AskedV1> {
    let asked = |named: &aegis_ledger::statistics::Named<Asked>| AskedV1 {
        name: named.name.clone(),
        answers: named.value.tally.into(),
        waits: (&named.value.waits).into(),
    };
    names.named.iter().take(top).map(asked).collect()
}

impl From<Tally> for AnswersV1 {
    fn from(tally: Tally) -> AnswersV1 {
        let of = |answer| tally.of(Some(answer));
        AnswersV1 {
            auto: of(Answer::Auto),
            approved: of(Answer::Approved),
            denied: of(Answer::Denied),
            block: of(Answer::Block),
            unanswered: of(Answer::Unanswered),
            open: tally.of(None),
        }
    }
}

impl From<Risks> for RisksV1 {
    fn from(risks: Risks) -> RisksV1 {
        RisksV1 {
            low: risks.low.into(),
            medium: risks.medium.into(),
            high: risks.high.into(),
            critical: risks.critical.into(),
        }
    }
}

impl From<Results> for ResultsV1 {
    fn from(results: Results) -> ResultsV1 {
        let of = |result| results.of(Some(result));
        ResultsV1 {
            success: of(ResultStatus::Success),
            failed: of(ResultStatus::Failed),
            blocked: of(ResultStatus::Blocked),
            denied: of(ResultStatus::Denied),
            skipped: of(ResultStatus::Skipped),
            unknown: results.of(None),
        }
    }
}

impl From<Distinct> for DistinctV1 {
    fn from(Distinct { count, estimated }: Distinct) -> DistinctV1 {
        DistinctV1 { count, estimated }
    }
}

impl From<&Waits> for WaitsV1 {
    fn from(waits: &Waits) -> WaitsV1 {
        let some = |milliseconds| (waits.count > 0).then_some(milliseconds);
        let bounds = aegis_ledger::statistics::WAIT_BOUNDS_MS.into_iter().map(Some).chain([None]);
        WaitsV1 {
            count: waits.count,
            min_ms: some(waits.min_ms),
            median_ms: some(waits.median_ms),
            p90_ms: some(waits.p90_ms),
            p99_ms: some(waits.p99_ms),
            max_ms: some(waits.max_ms),
            histogram: bounds
                .zip(waits.histogram)
                .map(|(up_to_ms, count)| WaitClassV1 { up_to_ms, count })
                .collect(),
        }
    }
}

impl From<&Habit> for HabitV1 {
    fn from(habit: &Habit) -> HabitV1 {
        HabitV1 {
            rule: habit.rule.clone(),
            action_type: habit.action_type.clone(),
            action_target: habit.target.clone(),
            times: habit.times,
        }
    }
}

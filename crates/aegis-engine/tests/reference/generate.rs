//! Policies, actions and instants, drawn from one small world per policy so that they often meet.

use super::zones::{day_number, offset};
use super::{Action, File, Json, Number, Rule, Test};

/// `SplitMix64`: a seed is enough to see a case again.
#[derive(Clone, Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    pub(crate) fn some<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        (0..count).map(|_| self.pick(items).clone()).collect()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            let other = self.below(place + 1);
            items.swap(place, other);
        }
    }
}

const WORDS: [&str; 30] = [
    "read",
    "write",
    "Read",
    "bulk_update",
    "bulk_delete",
    "http.get",
    "fs/read",
    "a\nb",
    "a*b",
    "a?b",
    "a\\b",
    "1",
    "no",
    "x",
    "é",
    "e\u{301}",
    "删除",
    "a🙂b",
    "[a]",
    "{a,b}",
    "crm",
    "CRM",
    "prod/eu/db",
    "prod_db",
    "pröd",
    "s3://b/k",
    "*",
    "x y",
    "a,b",
    "a-z",
];
/// Words that differ in case alone.
const SAME_LETTERS: [[&str; 2]; 6] =
    [["read", "READ"], ["pröd", "PRÖD"], ["ſtraße", "STRAẞE"], ["é", "É"], ["crm", "Crm"], ["ана", "АНА"]];
const AGENTS: [&str; 8] = ["bot", "bot-7", "ана", "АНА", "🙂", "*", "Bot", ""];
const REASONS: [&str; 4] = ["ask the owner", "über 100: erst fragen", " a\nb  c ", "\u{202e}no"];
const KEYS: [&str; 11] = ["count", "amount", "env", "tags", "a/b", "m~n", "~1", "", "нет", "0", "01"];
const STRINGS: [&str; 22] = [
    "",
    "1",
    "100",
    "150",
    "1.0",
    "prod",
    "prod_db",
    "admin",
    "ADMIN",
    "rm -rf /",
    "é",
    "e\u{301}",
    "删除",
    "\u{FB33}",
    "\u{1F600}",
    "true",
    "null",
    "no",
    "count",
    "a\nb",
    "~",
    "alice@corp.com",
];

/// As written in JSON and YAML, and in canonical form: as ECMAScript (RFC 8785) lays out the same number,
/// with every digit that it has.
pub(crate) const NUMBERS: [(&str, &str); 64] = [
    ("0", "0"),
    ("-0", "0"),
    ("-0.0", "0"),
    ("0.0", "0"),
    ("1", "1"),
    ("1.0", "1"),
    ("1e0", "1"),
    ("-1", "-1"),
    ("0.5", "0.5"),
    ("5e-1", "0.5"),
    ("1.5", "1.5"),
    ("99", "99"),
    ("99.5", "99.5"),
    ("100", "100"),
    ("100.0", "100"),
    ("1e2", "100"),
    ("1E+2", "100"),
    ("99.99999999999999999", "99.99999999999999999"),
    ("100.00000000000000001", "100.00000000000000001"),
    ("10000000000000000001e-17", "100.00000000000000001"),
    ("100.000000000000000000", "100"),
    ("100.00000000000001", "100.00000000000001"),
    ("-100.00000000000000001", "-100.00000000000000001"),
    ("100.5", "100.5"),
    ("101", "101"),
    ("150", "150"),
    ("0.1", "0.1"),
    ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
    ("0.10000000000000000000000000000000000", "0.1"),
    ("1e-1", "0.1"),
    ("0.30000000000000004", "0.30000000000000004"),
    ("0.3", "0.3"),
    ("9007199254740991", "9007199254740991"),
    ("9007199254740992", "9007199254740992"),
    ("9007199254740993", "9007199254740993"),
    ("9007199254740992.0", "9007199254740992"),
    ("9007199254740993.0", "9007199254740993"),
    ("9007199254740992.5", "9007199254740992.5"),
    ("9.007199254740993e15", "9007199254740993"),
    ("1234567890123456700.0", "1234567890123456700"),
    ("1.2345678901234567e18", "1234567890123456700"),
    ("1234567890123456768", "1234567890123456768"),
    ("9007199254740994.0", "9007199254740994"),
    ("-9007199254740993", "-9007199254740993"),
    ("-9007199254740992.0", "-9007199254740992"),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "9223372036854775808"),
    ("9223372036854775808.0", "9223372036854775808"),
    ("-9223372036854775808", "-9223372036854775808"),
    ("-9223372036854775808.0", "-9223372036854775808"),
    ("18446744073709551615", "18446744073709551615"),
    ("18446744073709551616.0", "1.8446744073709551616e+19"),
    ("18446744073709552000.0", "1.8446744073709552e+19"),
    ("1.8446744073709552e19", "1.8446744073709552e+19"),
    ("1e21", "1e+21"),
    ("1e300", "1e+300"),
    ("-1e300", "-1e+300"),
    ("5e-324", "5e-324"),
    ("5e-325", "5e-325"),
    ("1e-400", "1e-400"),
    ("-1e-400", "-1e-400"),
    ("0e-400", "0"),
    ("0e400", "0"),
    ("1e-7", "1e-7"),
];

/// A regular expression and what it means, in other words.
pub(crate) type Regex = (&'static str, fn(&str) -> bool);

pub(crate) const REGEXES: [Regex; 16] = [
    ("^prod", |text| text.starts_with("prod")),
    ("^prod$", |text| text == "prod"),
    ("d", |text| text.contains('d')),
    ("[0-9]", |text| text.contains(|c: char| c.is_ascii_digit())),
    ("^1$", |text| text == "1"),
    ("^100$", |text| text == "100"),
    (r"\.5$", |text| text.ends_with(".5")),
    ("^(true|false)$", |text| text == "true" || text == "false"),
    ("^.$", |text| text.chars().count() == 1 && text != "\n"),
    ("^..$", |text| text.chars().count() == 2 && !text.contains('\n')),
    ("^删", |text| text.starts_with('删')),
    ("(?i)admin", |text| text.to_ascii_lowercase().contains("admin")),
    (r"e\+", |text| text.contains("e+")),
    ("^-", |text| text.starts_with('-')),
    (r"^[^\n]*$", |text| !text.contains('\n')),
    ("^0$", |text| text == "0"),
];

pub(crate) const ZONES: [&str; 12] = [
    "UTC",
    "Etc/UTC",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "America/New_York",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Europe/London",
    "Australia/Sydney",
];
const TIMES: [(i64, i64); 10] =
    [(0, 0), (0, 1), (1, 58), (2, 0), (2, 30), (8, 0), (12, 0), (18, 0), (23, 59), (3, 0)];
/// Days of every weekday, among them those on which some zone changes its clocks, and the days beside them.
const DAYS: [(i64, i64, i64); 22] = [
    (2024, 2, 29),
    (2025, 3, 8),
    (2025, 3, 9),
    (2025, 3, 10),
    (2025, 3, 30),
    (2025, 3, 31),
    (2025, 4, 5),
    (2025, 4, 6),
    (2025, 10, 4),
    (2025, 10, 5),
    (2025, 10, 26),
    (2025, 10, 27),
    (2025, 11, 1),
    (2025, 11, 2),
    (2025, 12, 31),
    (2026, 1, 1),
    (2026, 7, 1),
    (2026, 7, 3),
    (2026, 7, 4),
    (2026, 7, 5),
    (2026, 7, 6),
    (2026, 7, 7),
];

pub(crate) fn number(place: usize) -> Json {
    let (text, canonical) = NUMBERS[place];
    Json::Number(Number::new(text, canonical))
}

/// The few words, keys, values and zones that one policy and its actions share.
pub(crate) struct World {
    words: Vec<&'static str>,
    agents: Vec<&'static str>,
    keys: Vec<&'static str>,
    values: Vec<Json>,
    zones: Vec<&'static str>,
}

impl World {
    pub(crate) fn new(rng: &mut Rng) -> World {
        let mut world = World {
            words: rng.some(&WORDS, 3),
            agents: rng.some(&AGENTS, 2),
            keys: rng.some(&KEYS, 3),
            values: Vec::new(),
            zones: rng.some(&ZONES, 2),
        };
        if rng.percent(30) {
            world.words.extend(rng.pick(&SAME_LETTERS));
        }
        let near = rng.below(NUMBERS.len() - 6);
        world.values = (near..near + 5).map(number).collect();
        for _ in 0..4 {
            let depth = rng.below(3);
            let value = world.value(rng, depth);
            world.values.push(value);
        }
        world.values.extend(rng.some(&STRINGS, 3).into_iter().map(|text| Json::Text(text.to_owned())));
        // A list in another order is another list.
        if rng.percent(25) {
            let (first, second) = (world.values[0].clone(), world.values[1].clone());
            let backwards = vec![second.clone(), first.clone()];
            world.values.extend([Json::List(vec![first, second]), Json::List(backwards)]);
        }
        world
    }

    fn value(&self, rng: &mut Rng, depth: usize) -> Json {
        if !self.values.is_empty() && rng.percent(55) {
            return rng.pick(&self.values).clone();
        }
        match rng.below(if depth == 0 { 8 } else { 14 }) {
            0 => Json::Null,
            1 => Json::Bool(rng.percent(50)),
            2..=4 => number(rng.below(NUMBERS.len())),
            5..=7 => Json::Text(rng.word(&STRINGS).to_owned()),
            8..=10 => Json::List((0..rng.below(4)).map(|_| self.value(rng, depth - 1)).collect()),
            _ => self.object(rng, depth - 1, 50),
        }
    }

    fn object(&self, rng: &mut Rng, depth: usize, chance: usize) -> Json {
        let mut members: Vec<(String, Json)> = Vec::new();
        for key in &self.keys {
            if rng.percent(chance) && members.iter().all(|(name, _)| name != key) {
                members.push(((*key).to_owned(), self.value(rng, depth)));
            }
        }
        rng.shuffle(&mut members);
        Json::Object(members)
    }

    pub(crate) fn action(&self, rng: &mut Rng) -> Action {
        Action {
            kind: rng.word(&self.words).to_owned(),
            target: if rng.percent(5) { String::new() } else { rng.word(&self.words).to_owned() },
            agent: rng.percent(70).then(|| rng.word(&self.agents).to_owned()),
            params: self.object(rng, 2, 75),
        }
    }

    /// An instant beside a time that a condition may name, in milliseconds.
    pub(crate) fn instant(&self, rng: &mut Rng) -> i64 {
        let (year, month, day) = *rng.pick(&DAYS);
        let (hour, minute) = *rng.pick(&TIMES);
        let local = (day_number(year, month, day) * 24 + hour) * 60 + minute;
        let zone = if rng.percent(30) { "UTC" } else { rng.word(&self.zones) };
        (local - offset(zone, local, true)) * 60_000
            + rng.pick(&[0, 0, -1, 1, 59_999, 60_000, -60_000, 3_600_000, -3_600_000])
    }

    // --- policies ---

    pub(crate) fn policy(&self, rng: &mut Rng) -> Vec<File> {
        let files = if rng.percent(80) { 1 } else { 1 + rng.below(3) };
        let mut names = 0;
        (0..files)
            .map(|_| File {
                risk: rng.percent(40).then(|| rng.below(4)),
                approval: rng.percent(40).then(|| rng.below(3)),
                zone: rng.percent(30).then(|| rng.word(&self.zones)),
                rules: (0..rng.below(6)).map(|_| self.rule(rng, &mut names)).collect(),
            })
            .collect()
    }

    fn rule(&self, rng: &mut Rng, names: &mut usize) -> Rule {
        *names += 1;
        let mut rule = Rule {
            name: rng.percent(60).then(|| format!("r{names}")),
            kind: rng.percent(55).then(|| globs(rng, &self.words)),
            target: rng.percent(35).then(|| globs(rng, &self.words)),
            agent: rng.percent(25).then(|| globs(rng, &self.agents)),
            ignore_case: rng.percent(35).then(|| rng.percent(80)),
            risk: rng.percent(75).then(|| rng.below(4)),
            approval: rng.percent(75).then(|| rng.below(3)),
            reason: rng.percent(40).then(|| rng.word(&REASONS)),
            ..Rule::default()
        };
        if rng.percent(25) {
            self.times(rng, &mut rule);
        }
        for _ in 0..*rng.pick(&[0, 0, 1, 1, 1, 2, 3]) {
            let (test, key, operand) = self.condition(rng);
            if rule.params.iter().all(|(other, name, _)| (*other, name) != (test, &key)) {
                rule.params.push((test, key, operand));
            }
        }
        rule
    }

    fn times(&self, rng: &mut Rng, rule: &mut Rule) {
        let time = |rng: &mut Rng| {
            let (hour, minute) = *rng.pick(&TIMES);
            hour * 60 + minute
        };
        rule.after = rng.percent(60).then(|| time(rng));
        // A window that can never hold is refused: one that is empty, or that ends where the day begins.
        let before = rng.percent(60).then(|| time(rng));
        rule.before =
            before.filter(|before| Some(*before) != rule.after && (*before > 0 || rule.after.is_some()));
        if rng.percent(40) || (rule.after.is_none() && rule.before.is_none()) {
            let mut days: Vec<i64> = (1..=7).collect();
            rng.shuffle(&mut days);
            days.truncate(1 + rng.below(6));
            rule.weekdays = Some(days);
        }
        rule.zone = rng.percent(60).then(|| rng.word(&self.zones));
    }

    fn condition(&self, rng: &mut Rng) -> (Test, String, Json) {
        let orders = [Test::Gt, Test::Lt, Test::Gte, Test::Lte];
        let (test, operand) = match rng.below(12) {
            0..=2 => (Test::Eq, self.operand(rng, |value| !matches!(value, Json::Null))),
            3..=6 => (
                *rng.pick(&orders),
                self.operand(rng, |value| matches!(value, Json::Number(_) | Json::Text(_))),
            ),
            7..=8 => (Test::Contains, self.operand(rng, |value| !matches!(value, Json::Null))),
            9..=10 => (Test::Matches, Json::Text(rng.pick(&REGEXES).0.to_owned())),
            _ => (Test::Exists, Json::Bool(rng.percent(50))),
        };
        (test, self.key(rng), operand)
    }

    fn operand(&self, rng: &mut Rng, accepts: fn(&Json) -> bool) -> Json {
        loop {
            let depth = rng.below(3);
            let value = if rng.percent(10) {
                Json::Text(rng.word(&self.keys).to_owned())
            } else {
                self.value(rng, depth)
            };
            if accepts(&value) {
                return value;
            }
        }
    }

    fn key(&self, rng: &mut Rng) -> String {
        let key = rng.word(&self.keys);
        if rng.percent(60) {
            return key.to_owned();
        }
        let mut pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        for _ in 0..*rng.pick(&[0, 1, 1, 2]) {
            let token = match rng.below(9) {
                0 | 1 => "0",
                2 => "1",
                3 => rng.word(&["-", "01", "00", "+1", "18446744073709551616", "2"]),
                _ => rng.word(&self.keys),
            };
            pointer = format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"));
        }
        pointer
    }
}

// --- globs, made of values that they should match by steps that keep them matching, or nearly so ---

fn globs(rng: &mut Rng, words: &[&str]) -> Vec<String> {
    let count = *rng.pick(&[1, 1, 1, 2, 3]);
    (0..count).map(|_| if rng.percent(12) { "*".to_owned() } else { glob(rng, words) }).collect()
}

pub(crate) fn glob(rng: &mut Rng, words: &[&str]) -> String {
    let word = *rng.pick(words);
    let mut parts: Vec<String> = word.chars().map(|c| literal(rng, c)).collect();
    for _ in 0..*rng.pick(&[0, 1, 1, 2, 2, 3]) {
        mutate(rng, &mut parts, words);
    }
    let glob = parts.concat();
    // `**` means what `*` does, except perhaps of an absent agent, of which the contract speaks only with
    // `*`.
    if glob.starts_with('*') && glob.chars().all(|c| c == '*') { "*".to_owned() } else { glob }
}

fn literal(rng: &mut Rng, c: char) -> String {
    match c {
        '*' | '?' | '[' | '{' | ',' | '}' => format!("[{c}]"),
        ']' => "?".to_owned(),
        _ if rng.percent(3) && !"!^-".contains(c) => format!("[{c}]"),
        _ => c.to_string(),
    }
}

fn mutate(rng: &mut Rng, parts: &mut Vec<String>, words: &[&str]) {
    let from = rng.below(parts.len() + 1);
    let to = from + rng.below(parts.len() - from + 1);
    let middle = parts[from..to].concat();
    let other: String = rng.pick(words).chars().map(|c| literal(rng, c)).collect();
    let single = to > from;
    let new = match rng.below(9) {
        0 => "*".to_owned(),
        1 => return parts.insert(from, "*".to_owned()),
        2 if single => return "?".clone_into(&mut parts[from]),
        3 if single => return parts[from] = class(rng, &parts[from]),
        4 => format!("{{{middle},{other}}}"),
        5 => format!("{{{other},{{x,{middle}}},*\\}}"),
        6 => format!("{{{middle},}}"),
        7 if single => {
            parts.remove(from);
            return;
        }
        8 if single && parts[from].chars().count() == 1 => {
            let upper = parts[from].to_uppercase();
            return parts[from] = upper;
        }
        _ => return,
    };
    parts.splice(from..to, [new]);
}

/// A class around a literal character, or one that just misses it.
fn class(rng: &mut Rng, part: &str) -> String {
    let mut chars = part.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return part.to_owned() };
    let near = |distance: u32, up: bool| {
        let code = if up { u32::from(c) + distance } else { u32::from(c).saturating_sub(distance) };
        char::from_u32(code).filter(|near| !near.is_control() && !"!^-[]\\".contains(*near)).unwrap_or(c)
    };
    if "!^-[]?*".contains(c) {
        return part.to_owned();
    }
    match rng.below(8) {
        0 => format!("[{}-{}]", near(1, false), near(1, true)),
        1 => format!("[{}-{}]", near(2, true).max(c), near(9, true).max(near(2, true).max(c))),
        2 => format!("[!{c}]"),
        3 => format!("[!{}]", near(1, true)),
        4 => format!("[x{c}删]"),
        5 => format!("[!a-mé{c}]"),
        6 => "[!\u{0}-\u{7F}]".replace('\u{0}', " "),
        _ => format!("[a-z{c}À-ÿ一-龥😀-🙏]"),
    }
}

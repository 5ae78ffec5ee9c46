//! Grants: given with a yes, listed, used, taken back; and what an agent could try with one.

use std::process::Child;

use aegis_ledger::answer::Answer;
use aegis_testkit::{Run, Terminal, figures, scaled, without_triggers};
use serde_json::Value;

use crate::approvals::{reply, without_terminal};
use crate::environment::TestEnvironment;

/// Notes may be granted, three more within a quarter of an hour, on one target; payments may not.
const POLICY: &str = "version: 1
rules:
  - { name: notes, match: { type: note }, approval: { grant: { for: 15m, uses: 3, same: [target] } } }
  - { name: payments, match: { type: pay } }
";

/// Asks whether a note may be taken, in a session of this name.
fn note(environment: &TestEnvironment, number: usize, session: &str) -> Run {
    let number = format!("n={number}");
    let arguments = ["check", "note:wiki", "--param", &number, "--session", session, "--format", "json"];
    Run::of(without_terminal(environment, &arguments).output().unwrap())
}

fn spawn_note(environment: &TestEnvironment, number: usize) -> Child {
    let number = format!("n={number}");
    without_terminal(environment, &["check", "note:wiki", "--param", &number, "--session", "s"])
        .spawn()
        .unwrap()
}

fn ended(children: Vec<Child>) -> Vec<i32> {
    let ended = children.into_iter().map(|child| child.wait_with_output().unwrap().status.code());
    ended.map(Option::unwrap).collect()
}

/// Gives the grant that is offered, at a terminal, to the session `s`. Gives its id.
#[track_caller]
fn give(environment: &TestEnvironment) -> String {
    let asked = note(environment, 0, "s");
    assert_eq!(asked.code, 3, "{asked:?}");
    let id = asked.json()["request"]["id"].as_str().unwrap().to_owned();
    let mut terminal = Terminal::aegis(environment, &["approve", &id, "--grant"]);
    terminal.wait_for_question();
    terminal.allow();
    assert_eq!(terminal.code(), 0, "{}", terminal.contents());
    id
}

fn grants(environment: &TestEnvironment) -> Vec<Value> {
    let run = environment.aegis(&["grants", "--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.json_lines()
}

#[track_caller]
fn verify(environment: &TestEnvironment) {
    let run = environment.aegis(&["audit", "verify"]);
    assert_eq!(run.code, 0, "{run:?}");
}

/// How often the log says that a grant was used.
fn uses(environment: &TestEnvironment) -> usize {
    let run = environment.aegis(&["audit", "--events"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout.lines().filter(|line| line.contains(r#""kind":"used""#)).count()
}

#[test]
fn whoever_gives_a_grant_is_told_what_it_is_and_types_a_word() {
    let environment = TestEnvironment::with_policy(POLICY);
    let id = note(&environment, 0, "s").json()["request"]["id"].as_str().unwrap().to_owned();
    let mut terminal = Terminal::aegis(&environment, &["approve", &id, "--grant"]);
    let screen = terminal.wait_for_question();
    for told in ["3 further actions within 15m", "the same target; rule notes, session s"] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
    // A risk that is medium takes a `y`, where nothing more is given.
    terminal.type_text("y\n");
    terminal.wait_for("2 tries left");
    terminal.type_text("n\n");
    assert_eq!(terminal.code(), 3, "{}", terminal.contents());
    assert_eq!(grants(&environment), Vec::<Value>::new());
    let asked = environment.aegis(&["approvals", "show", &id]);
    assert!(asked.stdout.contains("can be given with a yes: 3 further actions within 15m"), "{asked:?}");
}

/// Asks at a terminal, in the session `s`.
fn at_terminal(environment: &TestEnvironment, number: usize) -> Terminal {
    let number = format!("n={number}");
    Terminal::aegis(environment, &["check", "note:wiki", "--param", &number, "--session", "s"])
}

#[test]
fn at_the_prompt_a_grant_is_an_answer_of_its_own_that_is_spelt_out() {
    let environment = TestEnvironment::with_policy(POLICY);
    for (typed, code) in [("y\n", 0), ("g\n", 1), ("y grant\n", 1), ("grants\n", 1), ("\n", 1)] {
        let mut terminal = at_terminal(&environment, 1);
        let screen = terminal.wait_for_question();
        assert!(screen.contains("Allow this action? [y/grant/N]"), "{screen}");
        assert!(screen.contains("3 further actions within 15m, and nobody is asked"), "{screen}");
        assert!(screen.contains("the same target; rule notes, this session, no named agent"), "{screen}");
        terminal.type_text(typed);
        if code == 1 {
            terminal.wait_for("Why");
            terminal.type_text("\n");
        }
        assert_eq!(terminal.code(), code, "{typed:?}: {}", terminal.contents());
        assert_eq!(grants(&environment), Vec::<Value>::new(), "{typed:?}");
    }
    let mut terminal = at_terminal(&environment, 1);
    terminal.wait_for_question();
    terminal.type_text("grant\n");
    assert_eq!(terminal.code(), 0, "{}", terminal.contents());
    assert!(terminal.contents().contains("approved and granted"), "{}", terminal.contents());
    assert_eq!(grants(&environment).len(), 1);
    // The next one asks nobody, at a terminal or not.
    let mut next = at_terminal(&environment, 2);
    assert_eq!(next.code(), 0);
    assert!(next.contents().contains("allowed by grant"), "{}", next.contents());
    assert_eq!(note(&environment, 3, "s").code, 0);
    verify(&environment);
}

#[test]
fn where_a_word_is_wanted_a_grant_wants_it_too() {
    let policy = POLICY.replace("match: { type: note }, ", "match: { type: note }, risk_level: high, ");
    let environment = TestEnvironment::with_policy(&policy);
    let mut terminal = at_terminal(&environment, 1);
    let screen = terminal.wait_for_question();
    let word = terminal.word().unwrap();
    assert!(screen.contains(&format!("To allow this, type {word}, or grant {word}:")), "{screen}");
    for (wrong, left) in [("grant\n", "2 tries left"), ("grant nope\n", "one try left")] {
        terminal.type_text(wrong);
        terminal.wait_for(left);
    }
    terminal.type_text(&format!("grant {word}\n"));
    assert_eq!(terminal.code(), 0, "{}", terminal.contents());
    assert_eq!(grants(&environment).len(), 1);
    verify(&environment);
}

#[test]
fn a_grant_is_used_without_asking_and_every_use_says_so() {
    let environment = TestEnvironment::with_policy(POLICY);
    let id = give(&environment);
    let listed = grants(&environment);
    assert_eq!(listed.len(), 1);
    let grant = &listed[0];
    assert_eq!((grant["id"].as_str(), grant["standing"].as_str()), (Some(id.as_str()), Some("open")));
    assert_eq!((grant["uses"].as_u64(), grant["uses_left"].as_u64()), (Some(3), Some(3)));
    assert_eq!((grant["session_id"].as_str(), &grant["same"][0]), (Some("s"), &Value::from("target")));
    let mut last = None;
    for left in (0..3_u64).rev() {
        let run = note(&environment, 7, "s");
        let answer = run.json();
        assert_eq!((run.code, answer["allowed"].as_bool()), (0, Some(true)), "{run:?}");
        assert_eq!(answer["grant"]["id"].as_str(), Some(id.as_str()));
        assert_eq!(answer["grant"]["uses_left"].as_u64(), Some(left));
        assert_eq!(answer["grant"]["expires_at"], grant["expires_at"]);
        assert_eq!(
            (answer["decision"].as_str(), answer["approver"]["via"].as_str()),
            (Some("approved"), Some("grant"))
        );
        last = Some(answer["action_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(note(&environment, 8, "s").code, 3, "it is spent");
    assert_eq!(grants(&environment), Vec::<Value>::new());
    let last = last.unwrap();
    let shown = environment.aegis(&["audit", "show", &last]);
    assert!(shown.stdout.contains(&format!("{id}, given ")), "{shown:?}");
    assert!(shown.stdout.contains("by a grant given at a terminal"), "{shown:?}");
    let history = environment.aegis(&["audit", "show", &last, "--format", "json"]).json();
    assert_eq!(history["grant"]["id"].as_str(), Some(id.as_str()));
    let given = environment.aegis(&["audit", "show", &id]);
    assert!(given.stdout.contains("approved, with the grant"), "{given:?}");
    assert_eq!(given.stdout.matches("the grant let action ").count(), 3, "{given:?}");
    let csv = environment.aegis(&["audit", "--format", "csv"]);
    assert_eq!(csv.stdout.matches(",grant:").count(), 3, "{csv:?}");
    // Nobody was asked for these: they are counted as what the grant allowed, and not as what a rule asked.
    let stats = environment.aegis(&["audit", "stats", "--format", "json"]).json();
    let named = |list: &str, name: &str| {
        let all = stats[list].as_array().unwrap().iter();
        all.filter(|it| it["name"].as_str().is_some_and(|it| it.starts_with(name)))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(named("approvers", "grant:")[0]["answers"]["approved"], 3, "{stats}");
    assert_eq!(named("asked_by_rule", "notes")[0]["answers"]["approved"], 0, "{stats}");
    verify(&environment);
}

#[test]
fn in_text_an_answer_by_grant_says_whose_it_is() {
    let environment = TestEnvironment::with_policy(POLICY);
    let id = give(&environment);
    let run = Run::of(
        without_terminal(&environment, &["check", "note:wiki", "--param", "n=1", "--session", "s"])
            .output()
            .unwrap(),
    );
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains(&format!("allowed by grant {id} of ")), "{run:?}");
    assert!(run.stdout.contains("good for 2 more until "), "{run:?}");
}

#[test]
fn another_session_policy_or_target_does_not_fit() {
    let environment = TestEnvironment::with_policy(POLICY);
    give(&environment);
    assert_eq!(note(&environment, 1, "other").code, 3);
    let elsewhere = ["check", "note:blog", "--session", "s"];
    assert!(!without_terminal(&environment, &elsewhere).output().unwrap().status.success());
    let named = ["check", "note:wiki", "--session", "s", "--agent", "bot"];
    assert!(!without_terminal(&environment, &named).output().unwrap().status.success());
    environment.write("policy.yaml", format!("{POLICY}# changed\n"));
    assert_eq!(note(&environment, 1, "s").code, 3);
    environment.write("policy.yaml", POLICY);
    assert_eq!(note(&environment, 1, "s").code, 0);
    verify(&environment);
}

#[test]
fn where_the_rule_offers_none_a_grant_is_refused_before_anybody_is_asked() {
    let environment = TestEnvironment::with_policy(POLICY);
    let asked =
        Run::of(without_terminal(&environment, &["check", "pay:shop", "--format", "json"]).output().unwrap());
    let id = asked.json()["request"]["id"].as_str().unwrap().to_owned();
    let mut terminal = Terminal::aegis(&environment, &["approve", &id, "--grant"]);
    assert_eq!(terminal.code(), 1);
    assert!(terminal.contents().contains("the rule lets nobody give a grant"), "{}", terminal.contents());
    verify(&environment);
}

#[test]
fn a_grant_is_taken_back_once_and_by_its_id_alone() {
    let environment = TestEnvironment::with_policy(POLICY);
    let id = give(&environment);
    let revoke = |id: &str| environment.aegis(&["grants", "revoke", id]);
    let run = revoke(&id.chars().take(16).collect::<String>());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("revoked") && run.stdout.contains("used 0 of 3"), "{run:?}");
    let again = revoke(&id);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("the grant was revoked"), "{again:?}");
    // It was not for the action that was asked about, which has a yes of its own.
    assert_eq!(note(&environment, 0, "s").code, 0);
    let refused = note(&environment, 1, "s");
    assert_eq!(refused.code, 3);
    let none = revoke(refused.json()["action_id"].as_str().unwrap());
    assert_eq!(none.code, 1);
    assert!(none.stderr.contains("no grant ") && none.stderr.contains("was given"), "{none:?}");
    assert_eq!(revoke("no-such-grant").code, 1);
    assert_eq!(revoke("x").code, 2);
    let shown = environment.aegis(&["audit", "show", &id]);
    assert!(shown.stdout.contains("the grant taken back by "), "{shown:?}");
    verify(&environment);
}

#[test]
fn of_eight_processes_exactly_as_many_as_were_granted_use_a_grant() {
    let rounds = scaled(8, 300);
    let environment = TestEnvironment::with_policy(POLICY);
    for round in 0..rounds {
        give_in_log(&environment);
        let before = uses(&environment);
        let codes = ended((0..8).map(|_| spawn_note(&environment, unique())).collect());
        assert_eq!(codes.iter().filter(|code| **code == 0).count(), 3, "round {round}: {codes:?}");
        assert!(codes.iter().all(|code| matches!(code, 0 | 3)), "round {round}: {codes:?}");
        assert_eq!(uses(&environment), before + 3, "round {round}");
        clear_questions(&environment);
    }
    verify(&environment);
    figures("grants", format!("{rounds} rounds, 8 processes each, 3 of which used the grant"));
}

/// Whoever was not allowed waits in a question: a no clears it away, so that the next round asks anew.
fn clear_questions(environment: &TestEnvironment) {
    for question in environment.aegis(&["approvals", "--format", "json"]).json_lines() {
        reply(environment, question["id"].as_str().unwrap(), Answer::Denied, false);
    }
}

/// Gives a grant as somebody does who answers in another program.
fn give_in_log(environment: &TestEnvironment) {
    let session_only = ["check", "note:wiki", "--param", &format!("n={}", unique()), "--session", "s"];
    let arguments = [&session_only[..], &["--format", "json"]].concat();
    let asked = Run::of(without_terminal(environment, &arguments).output().unwrap());
    assert_eq!(asked.code, 3, "{asked:?}");
    let id = asked.json()["request"]["id"].as_str().unwrap().to_owned();
    reply(environment, &id, Answer::Approved, true);
}

/// A number that no other action of this program has.
fn unique() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(1000);
    NEXT.fetch_add(1, Ordering::SeqCst)
}

#[test]
fn what_is_taken_back_while_it_is_used_is_not_used_afterwards() {
    for _ in 0..scaled(5, 100) {
        let environment = TestEnvironment::with_policy(POLICY);
        give_in_log(&environment);
        let id = grants(&environment)[0]["id"].as_str().unwrap().to_owned();
        let using: Vec<_> = (1..=2).map(|number| spawn_note(&environment, number)).collect();
        let revoked = environment.aegis(&["grants", "revoke", &id]);
        assert_eq!(revoked.code, 0, "{revoked:?}");
        ended(using);
        assert_eq!(note(&environment, 3, "s").code, 3);
        let kinds = environment.aegis(&["audit", "--events"]).stdout;
        let place = |kind: &str| kinds.lines().position(|line| line.contains(&format!(r#""kind":"{kind}""#)));
        let last_use =
            kinds.lines().collect::<Vec<_>>().iter().rposition(|line| line.contains(r#""kind":"used""#));
        assert!(place("revoked").is_some(), "{kinds}");
        assert!(last_use.is_none_or(|last| Some(last) < place("revoked")), "{kinds}");
        verify(&environment);
    }
}

#[test]
fn whoever_is_killed_while_using_a_grant_leaves_the_whole_use_or_none() {
    let environment = TestEnvironment::with_policy(POLICY);
    let (mut whole, mut none) = (0, 0);
    for round in 0..scaled(12, 300) {
        give_in_log(&environment);
        let before = uses(&environment);
        let mut using = spawn_note(&environment, unique());
        std::thread::sleep(std::time::Duration::from_micros(u64::try_from(round).unwrap() * 1500 % 30_000));
        let _ = using.kill();
        using.wait().unwrap();
        let left = grants(&environment)[0]["uses_left"].as_u64().unwrap();
        match uses(&environment) - before {
            0 => none += 1,
            1 => whole += 1,
            other => panic!("{other} uses"),
        }
        assert!(left >= 2, "{left}");
        let id = grants(&environment)[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(environment.aegis(&["grants", "revoke", &id]).code, 0);
        clear_questions(&environment);
        verify(&environment);
    }
    figures("grants, killed", format!("{whole} whole uses, {none} without"));
}

#[test]
fn a_grant_whose_rows_were_changed_allows_nothing() {
    for sql in [
        "UPDATE events SET body = replace(body, '\"uses\":3', '\"uses\":9') WHERE seq = 1",
        "UPDATE events SET at = at + 3600000 WHERE kind = 'replied'",
        "DELETE FROM events WHERE kind = 'used'",
        "UPDATE events SET action_id = 'x' WHERE kind = 'used'",
    ] {
        let environment = TestEnvironment::with_policy(POLICY);
        give_in_log(&environment);
        assert_eq!(note(&environment, 1, "s").code, 0);
        let read = ["check", "note:other", "--session", "s"];
        assert_eq!(ended(vec![without_terminal(&environment, &read).spawn().unwrap()]), [3]);
        let log = rusqlite::Connection::open(environment.file("aegis_audit.db")).unwrap();
        without_triggers(&log, |log| log.execute_batch(sql).unwrap());
        drop(log);
        let refused = note(&environment, 2, "s");
        assert_ne!(refused.code, 0, "{sql}: {refused:?}");
        let found = environment.aegis(&["audit", "verify"]);
        assert_eq!(found.code, 1, "{sql}: {found:?}");
    }
}

#[test]
fn pruning_neither_loses_nor_revives_a_grant() {
    let environment = TestEnvironment::with_policy(POLICY);
    let id = give(&environment);
    assert_eq!(note(&environment, 1, "s").code, 0);
    std::thread::sleep(std::time::Duration::from_millis(20));
    let before = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let prune =
        |name: &str| environment.aegis(&["audit", "prune", "--before", &before, "--archive", name, "--yes"]);
    let run = prune("1.jsonl");
    assert!(matches!(run.code, 0 | 1), "{run:?}");
    assert_eq!(grants(&environment)[0]["uses_left"].as_u64(), Some(2));
    assert_eq!(note(&environment, 2, "s").json()["grant"]["id"].as_str(), Some(id.as_str()));
    assert_eq!(environment.aegis(&["grants", "revoke", &id]).code, 0);
    let _ = prune("2.jsonl");
    assert_eq!(note(&environment, 3, "s").code, 3);
    verify(&environment);
}

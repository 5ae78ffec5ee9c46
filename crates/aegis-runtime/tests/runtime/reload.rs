//! Another policy takes the place of one while the runtime works.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_ledger::filter::Filter;
use aegis_runtime::{Hooks, PolicyChange, Runtime};
use aegis_testkit::{Log, Place};

use crate::governed::{POLICY, action, policy, wait_until};
use crate::scripted::{Notes, Scripted};

const ONE: &str = "version: '1'
rules:
  - { name: one, approval: auto, risk_level: low }
";
const TWO: &str = "version: '1'
rules:
  - { name: two, approval: block, risk_level: critical }
";

/// Ten thousand decisions while the policy changes a hundred times: each is decided wholly by one.
#[test]
fn each_decision_is_made_by_one_policy_as_a_whole() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 50;
    const AT_ONCE: usize = 25;
    const CHANGES: usize = 100;
    let place = Place::new();
    let [one, two] = [ONE, TWO].map(policy);
    let builder = Runtime::builder().policy(one.0.clone(), one.1).log(&place.log);
    let runtime = builder.executor(Scripted::new()).build().unwrap();
    let done = AtomicUsize::new(0);
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let asked: Vec<_> = (0..AT_ONCE).map(|_| runtime.gate().ask(action("read"))).collect();
                    for reply in asked {
                        let outcome = reply.wait().unwrap();
                        let answered = outcome.answered();
                        let decision = answered.decision();
                        let of = (
                            answered.answer().as_str().to_owned(),
                            decision.matched_rule().to_owned(),
                            decision.risk_level().as_str().to_owned(),
                            answered.policy_sha256(),
                        );
                        seen.lock().unwrap().push(of);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        // A change for every hundredth decision, so that they fall everywhere between them.
        for change in 0..CHANGES {
            let due = change * THREADS * ROUNDS * AT_ONCE / CHANGES;
            wait_until(|| done.load(Ordering::SeqCst) >= due);
            let (policy, digest) = if change % 2 == 0 { &two } else { &one };
            runtime.update_policy(Arc::clone(policy), *digest);
        }
    });
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 10_000);
    let whole = [
        ("auto".to_owned(), "one".to_owned(), "low".to_owned(), one.1),
        ("block".to_owned(), "two".to_owned(), "critical".to_owned(), two.1),
    ];
    for of in &seen {
        assert!(whole.contains(of), "{of:?}");
    }
    for of in &whole {
        assert!(seen.iter().filter(|seen| *seen == of).count() > 1_000, "both policies decided");
    }
    let _ = Log::verified(&place.log).unwrap();
    let records = place.records(&Filter::default());
    assert_eq!(records.len(), 10_000);
    let mut changes = 0;
    for (record, before) in records.iter().skip(1).zip(&records) {
        changes += usize::from(record.policy_sha256 != before.policy_sha256);
        let of =
            (record.decision.unwrap().as_str(), record.matched_rule.as_str(), record.risk_level.as_str());
        assert!([("auto", "one", "low"), ("block", "two", "critical")].contains(&of), "{of:?}");
    }
    assert!(changes > 20, "{changes} changes are seen in the log");
}

/// Writes down what becomes of the policy.
struct Changes(Notes);

impl Hooks for Changes {
    fn on_policy_change(&self, change: &PolicyChange<'_>) {
        self.0.add(match change {
            PolicyChange::Replaced { .. } => "replaced".to_owned(),
            PolicyChange::Refused { error, .. } => error.to_string(),
            _ => "?".to_owned(),
        });
    }
}

fn rule(runtime: &Runtime) -> String {
    let plan = runtime.plan([action("read")]);
    plan.actions()[0].decision().matched_rule().to_owned()
}

/// Writes a file as careful programs do: beside it, and then in its place.
fn replace(path: &std::path::Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o644)).unwrap();
    fs::rename(&beside, path).unwrap();
}

#[test]
fn files_are_watched_and_what_is_no_policy_changes_nothing() {
    let place = Place::new();
    let path = place.directory.path().join("policy.yaml");
    replace(&path, ONE);
    let notes = Notes::default();
    let builder = Runtime::builder().policy_files([&path]).log(&place.log).executor(Scripted::new());
    let runtime = builder.hooks(Changes(notes.clone())).build().unwrap();
    assert_eq!(rule(&runtime), "one");
    replace(&path, TWO);
    wait_until(|| rule(&runtime) == "two");
    assert_eq!(runtime.blocking().run_one(action("read")).status().as_str(), "blocked");

    fs::write(&path, "version: '1'\nrules: [{ approval: perhaps }]\n").unwrap();
    wait_until(|| notes.all().len() == 2);
    assert!(notes.all()[1].starts_with("the policy is not valid: "), "{:?}", notes.all());
    assert_eq!(rule(&runtime), "two");

    fs::write(&path, ONE).unwrap();
    wait_until(|| rule(&runtime) == "one");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    wait_until(|| notes.all().len() == 4);
    assert!(notes.all()[3].contains("cannot be trusted"), "{:?}", notes.all());
    // What could be anybody's does not count.
    fs::write(&path, TWO).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(rule(&runtime), "one");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    wait_until(|| rule(&runtime) == "two");

    fs::remove_file(&path).unwrap();
    wait_until(|| notes.all().last().unwrap().starts_with("there is no policy at"));
    assert_eq!(rule(&runtime), "two");
    replace(&path, ONE);
    wait_until(|| rule(&runtime) == "one");
}

#[test]
fn a_link_that_leads_elsewhere_is_a_change() {
    let place = Place::new();
    let at = |name: &str| place.directory.path().join(name);
    for (name, text) in [("one", ONE), ("two", TWO)] {
        fs::create_dir(at(name)).unwrap();
        replace(&at(name).join("policy.yaml"), text);
    }
    symlink("one", at("current")).unwrap();
    let path = at("current").join("policy.yaml");
    let builder = Runtime::builder().policy_files([&path]).log(&place.log).executor(Scripted::new());
    let runtime = builder.build().unwrap();
    assert_eq!(rule(&runtime), "one");
    symlink("two", at("next")).unwrap();
    fs::rename(at("next"), at("current")).unwrap();
    wait_until(|| rule(&runtime) == "two");
}

#[test]
fn a_policy_that_is_given_ends_the_watch_of_files() {
    let place = Place::new();
    let path = place.directory.path().join("policy.yaml");
    replace(&path, ONE);
    let builder = Runtime::builder().policy_files([&path]).log(&place.log).executor(Scripted::new());
    let runtime = builder.build().unwrap();
    let (given, digest) = policy(POLICY);
    runtime.update_policy(given, digest);
    replace(&path, TWO);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(rule(&runtime), "<default>");
    // Until they are watched again.
    runtime.watch_policy([&path]).unwrap();
    assert_eq!(rule(&runtime), "two");
    replace(&path, ONE);
    wait_until(|| rule(&runtime) == "one");
    let refused = runtime.watch_policy([place.directory.path().join("absent.yaml")]).unwrap_err();
    assert!(refused.to_string().starts_with("there is no policy at"), "{refused}");
    replace(&path, TWO);
    wait_until(|| rule(&runtime) == "two");
}

//! A terminal that closes, or a process that is told to stop, while somebody is asked: whatever was asked
//! gets its answer in the log.

use std::fs::File;
use std::time::Duration;

use aegis_testkit::Terminal;
use nix::sys::signal::Signal;

use crate::environment::TestEnvironment;

const ASK: [&str; 4] = ["check", "bulk_update:crm", "--param", "count=101"];
/// Longer than the program takes from a signal to the log.
const A_MOMENT: Duration = Duration::from_millis(400);

fn held(environment: &TestEnvironment) -> File {
    let lock = File::options().write(true).open(environment.file("aegis_audit.db.lock")).unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn a_terminal_that_closes_while_the_log_is_busy_leaves_an_answer() {
    let environment = TestEnvironment::new();
    let mut terminal = Terminal::aegis(&environment, &ASK);
    terminal.wait_for_question();
    let lock = held(&environment);
    for _ in 0..4 {
        terminal.send(Signal::SIGHUP);
        std::thread::sleep(A_MOMENT);
    }
    assert!(!terminal.has_ended());
    lock.unlock().unwrap();
    assert_eq!(terminal.code(), 3);
    let record = environment.records().pop().unwrap();
    assert_eq!(
        (record["decision"].as_str(), record["result_status"].as_str()),
        (Some("unanswered"), Some("skipped"))
    );
}

#[test]
fn whoever_waits_for_a_turn_at_a_terminal_that_closes_leaves_an_answer() {
    let environment = TestEnvironment::new();
    let check = "\"$AEGIS\" check bulk_update:crm --param count=101";
    let script = format!(
        "{check} & A=$!; {check} & B=$!; while [ ! -e go ]; do sleep 0.1; done; \
         for i in 1 2 3 4 5; do kill -HUP $A $B 2>/dev/null; sleep 0.05; done; wait $A; echo $? >a; \
         wait $B; echo $? >b"
    );
    let mut terminal = Terminal::shell(&environment, &script);
    terminal.wait_for_question();
    // Both have put their question into the log, and one of them waits for the other.
    let deadline = std::time::Instant::now() + aegis_testkit::PATIENCE;
    while environment.records().len() < 2 && std::time::Instant::now() < deadline {
        std::thread::sleep(A_MOMENT);
    }
    environment.write("go", "");
    terminal.code();
    let records = environment.records();
    assert_eq!(records.len(), 2);
    for record in &records {
        assert_eq!(record["decision"], "unanswered", "{record:#}");
    }
    for file in ["a", "b"] {
        // A hang-up that comes once all is recorded may still end it.
        let status = std::fs::read_to_string(environment.file(file)).unwrap();
        assert!(["3", "129"].contains(&status.trim()), "{status}");
    }
}

#[test]
fn a_yes_is_recorded_before_a_signal_ends_the_process_that_got_it() {
    let environment = TestEnvironment::new();
    let mut terminal = Terminal::aegis(&environment, &ASK);
    terminal.wait_for_question();
    let lock = held(&environment);
    terminal.allow();
    std::thread::sleep(A_MOMENT);
    terminal.send(Signal::SIGTERM);
    std::thread::sleep(A_MOMENT);
    assert!(!terminal.has_ended());
    lock.unlock().unwrap();
    assert_eq!(terminal.code(), -1, "nobody is told that it may happen");
    assert_eq!(environment.records().pop().unwrap()["decision"], "approved");
}

#[test]
fn who_told_the_process_to_stop_is_said_as_it_was() {
    for (signal, why) in [
        (Signal::SIGTERM, "the process was told to stop"),
        (Signal::SIGINT, "the process was told to stop"),
        (Signal::SIGHUP, "the terminal went away"),
    ] {
        let environment = TestEnvironment::new();
        let mut terminal = Terminal::aegis(&environment, &ASK);
        terminal.wait_for_question();
        terminal.send(signal);
        assert_eq!(terminal.code(), 3, "{signal}");
        let events = environment.aegis(&["audit", "show", "seq:1", "--format", "json"]).stdout;
        assert!(events.contains(why), "{signal}: {events}");
    }
}

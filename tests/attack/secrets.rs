//! Secrets that are recorded although they announce themselves.

use aegis_testkit::Run;
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

/// Allows what is read, and refuses all else, with words about it.
const POLICY: &str = "version: '1'\nrules:\n  - { name: fine, match: { target: '*' }, conditions: { param_exists: \
    { ok: true } }, approval: auto, risk_level: low }\n  - { name: closed, match: { type: x, target: y, agent: z }, \
    approval: auto, risk_level: low }\ndefaults: { approval: block }\n";

/// What every secret begins with.
const MARK: &str = "Canary";

/// Texts in which a secret announces itself, which stands for `{}`.
const ANNOUNCED: [&str; 40] = [
    "GITHUB_TOKEN={} gh pr list",
    "export GH_PAT={}; gh auth status",
    "PGPASSWORD='{}' psql -h db",
    "docker run -e \"API_KEY={}\" image",
    "java -DdbPassword={} -jar x.jar",
    "password = {}",
    "Passwort: {}",
    "contraseña={}",
    "пароль: {}",
    "密码：{}",
    "{\"password\":\"{}\",\"user\":\"ana\"}",
    "{\\\"client_secret\\\":\\\"{}\\\"}",
    "'api_key' => '{}'",
    "<password>{}</password>",
    "Server=db;User Id=sa;Password={};Timeout=5",
    "https://user:{}@host/path",
    "postgres://app:{}@db:5432/shop?sslmode=require",
    "redis://:{}@cache:6379",
    "https://{}@host/",
    "https://host/?access_token={}&page=2",
    "https://a.blob.core.windows.net/c?sv=2024&sig={}&se=1",
    "curl -H \"Authorization: Bearer {}\" https://host",
    "curl -H 'Authorization: Basic {}' https://host",
    "Authorization: token {}",
    "Cookie: lang=it; sid={}",
    "asked with Bearer {}",
    "mysql --password={} shop",
    "login --password {} ana",
    "login --api-key '{}' ana",
    "tool -token {}",
    "curl -u ana:{} https://host",
    "curl -sSu 'ana:{}' https://host",
    "[\"login\", \"--password\", \"{}\"]",
    "ghp_{}aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "glpat-{}aaaaaaaaaa",
    "xoxb-{}-aaaaaaaa",
    "sk_live_{}aaaaaaaa",
    "sk-ant-api03-{}aaaaaaaaaa",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{}",
];

/// Parameters under whose names, or beside them, a secret stands.
fn under_names(secret: &mut impl FnMut() -> String) -> Vec<Value> {
    let names = [
        "GH_PAT",
        "stripe_key",
        "openaiKey",
        "kubeconfig",
        "DATABASE_URL",
        "REDIS_URL",
        "dsn",
        "Passwort",
        "Kennwort",
        "contraseña",
        "mot_de_passe",
        "senha",
        "пароль",
        "密码",
        "パスワード",
        "hasło",
        "ｐａｓｓｗｏｒｄ",
        ".netrc",
        "pgpass",
    ];
    let mut params: Vec<_> = names.into_iter().map(|name| json!({ name: secret() })).collect();
    params.push(json!({ "headers": [["Accept", "*/*"], ["Authorization", secret()]] }));
    params.push(json!({ "header": ["X-Api-Key", secret()] }));
    params.push(json!({ "argv": ["login", "--password", secret(), "ana"] }));
    params.push(
        json!({ "argv": ["curl", "-H", format!("Authorization: Bearer {}", secret()), "https://host"] }),
    );
    params.push(json!({ "argv": ["curl", "-u", format!("ana:{}", secret()), "https://host"] }));
    let whole = secret();
    params.push(json!({ "command": format!("TOKEN={whole} x"), "again": [format!("as {whole} said")] }));
    params
}

/// Actions that tell secrets, each of which begins with the mark.
fn telling() -> Vec<Value> {
    let mut number = 0;
    let mut secret = || {
        number += 1;
        format!("{MARK}{number:03}x7Kq92Lm")
    };
    let mut actions = Vec::new();
    for text in ANNOUNCED {
        let mut text = || text.replace("{}", &secret());
        actions.push(json!({ "type": "run", "target": "host", "params": { "command": text() } }));
        actions.push(
            json!({ "type": "run", "target": "host", "params": { "a": [{ "b": [text()] }], "ok": 1 } }),
        );
        actions
            .push(json!({ "type": "run", "target": "host", "description": text(), "params": { "ok": 1 } }));
        actions.push(json!({ "type": text(), "target": "host" }));
        actions.push(json!({ "type": "run", "target": text(), "params": { "ok": 1 } }));
        actions.push(json!({ "type": "x", "target": "y", "agent": text() }));
    }
    for params in under_names(&mut secret) {
        actions.push(json!({ "type": "run", "target": "host", "params": params }));
    }
    actions
}

#[track_caller]
fn assert_silent(run: &Run) {
    assert!(!run.stdout.contains(MARK) && !run.stderr.contains(MARK), "{run:?}");
}

fn files_with(environment: &TestEnvironment, text: &str) -> Vec<String> {
    aegis_testkit::files_with(environment.path(), text.as_bytes())
}

/// In whichever field it stands: in no file, no export and no answer.
#[test]
fn secrets_that_announce_themselves_in_any_text() {
    let environment = TestEnvironment::with_policy(POLICY);
    let actions = telling();
    let stream: Vec<_> = actions.iter().map(Value::to_string).collect();
    let sink = ["check", "--jsonl", "--explain", "--audit", "jsonl:sink.jsonl", "--audit", "tracing"];
    let run = environment.aegis_with_input(&sink, stream.join("\n"));
    assert_eq!(run.json_lines().len(), actions.len(), "{run:?}");
    assert_silent(&run);
    // One by one, in each way to answer.
    for (action, options) in actions.iter().step_by(29).zip(
        [
            &["check"][..],
            &["check", "--format", "json"],
            &["check", "--explain"],
            &["check", "--dry-run", "--explain"],
        ]
        .into_iter()
        .cycle(),
    ) {
        assert_silent(&environment.aegis_with_input(options, action.to_string()));
    }
    for format in ["table", "json", "jsonl", "csv", "cef", "ocsf"] {
        assert_silent(&environment.aegis(&["audit", "-n", "1000", "--format", format]));
        let export = format!("export.{format}");
        assert_eq!(environment.aegis(&["audit", "--format", format, "-o", &export]).code, 0, "{format}");
    }
    assert_eq!(environment.aegis(&["audit", "--events", "-o", "events.jsonl"]).code, 0);
    assert_eq!(environment.aegis(&["audit", "report", "-o", "report.html"]).code, 0);
    assert_silent(&environment.aegis(&["audit", "stats"]));
    let records = environment.records();
    assert!(records.len() >= actions.len());
    for record in records.iter().step_by(31) {
        assert_silent(&environment.aegis(&["audit", "show", record["id"].as_str().unwrap()]));
    }
    assert_eq!(files_with(&environment, MARK), [""; 0]);
    // The control: what stands around the secrets is in all of them, and can be read.
    for around in ["gh pr list", "@db:5432/shop", "login --password ", "Timeout=5"] {
        assert!(files_with(&environment, around).len() > 5, "{around}");
    }
    assert_eq!(environment.aegis(&["audit", "verify"]).code, 0);
}

/// The answer that a caller keeps is the row's, to the letter, and is compared as strictly as any.
#[test]
fn an_answer_without_secrets_is_one_that_the_log_has() {
    let environment = TestEnvironment::with_policy(POLICY);
    let action = json!({
        "type": "run PASSWORD=Canary000x7Kq92Lm", "target": "https://ana:Canary001x7Kq92Lm@host/",
        "agent": "bot token=Canary002x7Kq92Lm", "description": "with token Canary003",
        "params": { "ok": 1, "note": "--password Canary004x7Kq92Lm", "type": { "pin": 1234 } },
    });
    let run = environment.aegis_with_input(&["check", "--format", "json"], action.to_string());
    let (answer, record) = (run.json(), environment.records().remove(0));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!((&answer["type"], &answer["target"]), (&record["action_type"], &record["action_target"]));
    let digest = |text: &Value| text.as_str().unwrap().contains("redacted:hmac-sha256:");
    assert!(digest(&record["action_type"]) && digest(&record["action_target"]) && digest(&record["agent"]));
    environment.write("kept.jsonl", &run.stdout);
    let verify = || environment.aegis(&["audit", "verify", "--receipts", "kept.jsonl"]);
    assert_eq!(verify().code, 0, "{:?}", verify());
    environment.write("kept.jsonl", run.stdout.replace("@host/", "@else/"));
    let run = verify();
    assert!(run.code == 1 && run.stdout.contains("its `target` is"), "{run:?}");
    // The record says where, in words that no pointer to a parameter can be.
    let events = environment.aegis(&["audit", "--events"]).stdout;
    let listed = r#"\"redacted\":[\"/note\",\"/type/pin\",\"agent\",\"target\",\"type\"]"#;
    assert!(events.contains(listed) || events.contains(&listed.replace('\\', "")), "{events}");
    // What is recorded is what is asked for.
    let target = record["action_target"].as_str().unwrap();
    let found = environment.aegis(&["audit", "--target", target, "--format", "jsonl"]).json_lines();
    assert_eq!(found.len(), 1);
}

/// An agent must not choose what its record says.
#[test]
fn a_target_that_is_called_a_password() {
    let environment = TestEnvironment::with_policy(POLICY);
    let action = json!({
        "type": "delete_all", "target": "prod-db", "agent": "sales",
        "params": { "ok": 1, "password": "prod-db", "token": "delete_all", "secret": "sales", "x": "PIN=prod-db" },
        "description": "PASSWORD=prod-db TOKEN=delete_all",
    });
    assert_eq!(environment.check(&action.to_string()).code, 0);
    let record = environment.records().remove(0);
    for (field, name) in [("action_type", "delete_all"), ("action_target", "prod-db"), ("agent", "sales")] {
        assert_eq!(record[field], name);
    }
    // A key is no name of anything, and goes wherever it shows up again.
    let action = json!({
        "type": "send", "target": "https://host/botCanary000x7Kq92Lm/send",
        "params": { "ok": 1, "token": "Canary000x7Kq92Lm" },
    });
    assert_silent(&environment.check(&action.to_string()));
    assert_eq!(files_with(&environment, "Canary000x7Kq92Lm"), [""; 0]);
}

/// What is wrong with a command line or an action is said without the secrets in it.
#[test]
fn messages_that_would_repeat_a_secret() {
    let environment = TestEnvironment::with_policy(POLICY);
    for arguments in [
        &["check", "GITHUB_TOKEN=Canary000x7Kq92Lm"][..],
        &["check", "run:host", "--pasword=Canary000x7Kq92Lm"],
        &["check", "run:host", "--param", "PASSWORD:Canary000x7Kq92Lm"],
        &["audit", "--since", "https://u:Canary000x7Kq92Lm@host"],
    ] {
        let run = environment.aegis(arguments);
        assert_eq!(run.code, 2, "{run:?}");
        assert_silent(&run);
    }
    let action = r#"{"type":"x","target":"y","agent":"bot token=Canary000x7Kq92Lm"}"#;
    let run = environment.aegis_with_input(&["check", "--agent", "sales"], action);
    assert_eq!(run.code, 5, "{run:?}");
    assert_silent(&run);
    let action = r#"{"type":"x","target":"https://u:Canary000x7Kq92Lm@host"}"#;
    let run = environment.aegis_with_input(&["check", "--dry-run", "--format", "json"], action);
    assert_eq!(run.json()["target"], "https://u:[secret]@host", "{run:?}");
}

/// What is no secret is left to be read.
#[test]
fn what_only_looks_alike_is_recorded_as_it_is() {
    let environment = TestEnvironment::with_policy(POLICY);
    let params = json!({
        "ok": 1, "nextToken": "Canary000x7Kq92Lm", "page_token": "Canary001x7Kq92Lm",
        "NextContinuationToken": "Canary002x7Kq92Lm", "cursor": "Canary003x7Kq92Lm",
        "command": "git log --author=ana", "url": "https://host/path?page=2", "mail": "mailto:ana@host",
        "id": "550e8400-e29b-41d4-a716-446655440000", "words": "Token bucket", "pair": ["name", "value"],
        "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    });
    let action = json!({ "type": "token:refresh", "target": "secret:prod/db", "params": params });
    assert_eq!(environment.check(&action.to_string()).code, 0);
    let record = environment.records().remove(0);
    assert_eq!(record["action_params"], params);
    assert_eq!((&record["action_type"], &record["action_target"]), (&action["type"], &action["target"]));
}

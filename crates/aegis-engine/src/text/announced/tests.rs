use proptest::prelude::*;

use super::reading::LOOKED_AT;
use super::*;

/// A text in which an en dash stands for two dashes, as before an option of another program.
fn dashed(text: &str) -> String {
    text.replace('–', "--")
}

/// The text with `…` in place of every secret.
fn hidden(text: &str, kind: Kind) -> String {
    let (mut left, mut done) = (String::new(), 0);
    for secret in all_in(text, kind) {
        left.push_str(text.get(done..secret.start).unwrap());
        left.push('…');
        done = secret.end;
    }
    assert_eq!(done > 0, is_any_in(text, kind), "{text}");
    left + text.get(done..).unwrap()
}

#[track_caller]
fn assert_hidden(cases: &[(&str, &str)]) {
    for (text, left) in cases {
        assert_eq!(hidden(&dashed(text), Kind::Words), dashed(left), "{text}");
    }
}

#[test]
fn what_is_assigned_to_the_name_of_a_secret_goes() {
    assert_hidden(&[
        ("GITHUB_TOKEN=hunter2 gh pr list", "GITHUB_TOKEN=… gh pr list"),
        ("export GH_PAT=hunter2; ls", "export GH_PAT=…; ls"),
        ("export DB_PASSWORD='hunter 2' && ls", "export DB_PASSWORD='…' && ls"),
        ("PGPASSWORD=\"hunter 2\" psql", "PGPASSWORD=\"…\" psql"),
        ("PASSWORD=$'hunter2' x", "PASSWORD=$'…' x"),
        ("PASSWORD=ab\"cd\"ef x", "PASSWORD=… x"),
        ("docker run -e 'PASSWORD=hunter 2' image", "docker run -e 'PASSWORD=…' image"),
        ("docker run -e \"API_KEY=hunter2\" image", "docker run -e \"API_KEY=…\" image"),
        (
            "java -Djavax.net.ssl.keyStorePassword=hunter2 -jar x",
            "java -Djavax.net.ssl.keyStorePassword=… -jar x",
        ),
        ("bash -c \"GITHUB_TOKEN=hunter2 gh pr\" x", "bash -c \"GITHUB_TOKEN=… gh pr\" x"),
        ("sh -lc 'export TOKEN=hunter2; gh pr'", "sh -lc 'export TOKEN=…; gh pr'"),
        ("ssh host \"export TOKEN=hunter2 && gh\"", "ssh host \"export TOKEN=… && gh\""),
        ("password = hunter2", "password = …"),
        ("password := \"hunter2\"", "password := \"…\""),
        ("'password' => 'hunter2',", "'password' => '…',"),
        ("config[\"api_key\"] = \"hunter2\"", "config[\"api_key\"] = \"…\""),
        ("user[password]=hunter2&user[name]=ana", "user[password]=…&user[name]=ana"),
        ("Server=db;User Id=sa;Password=hunter2;Timeout=5", "Server=db;User Id=sa;Password=…;Timeout=5"),
        ("helm –set db.password=hunter2,image.tag=v1", "helm –set db.password=…,image.tag=v1"),
        ("password: hunter2", "password: …"),
        ("my api key: hunter2, please", "my api key: …, please"),
        ("X-Api-Key: hunter2", "X-Api-Key: …"),
        ("X-Api-Key:hunter2", "X-Api-Key:…"),
        ("{\"password\":\"hunter2\",\"n\":1}", "{\"password\":\"…\",\"n\":1}"),
        ("{\"password\" : \"hun\\\"ter2\"}", "{\"password\" : \"…\"}"),
        ("{\\\"password\\\":\\\"hunter2\\\",\\\"n\\\":1}", "{\\\"password\\\":\\\"…\\\",\\\"n\\\":1}"),
        ("{\"pin\":1234,\"n\":1}", "{\"pin\":…,\"n\":1}"),
        ("{\"credentials\":{\"user\":\"ana\",\"x\":\"}y\"},\"n\":1}", "{\"credentials\":…,\"n\":1}"),
        ("{'token': 'hunter2'}", "{'token': '…'}"),
        ("a=1\\nPASSWORD=hunter2\\nb=2", "a=1\\nPASSWORD=…\\nb=2"),
        ("<password>hunter2</password>", "<password>…</password>"),
        ("contraseña=hunter2", "contraseña=…"),
        ("密码：hunter2", "密码：…"),
        ("Passwort: hunter2.", "Passwort: …."),
        ("token=Bearer hunter-2", "token=… …"),
        ("seed phrase: correct horse battery staple", "seed phrase: …"),
        (
            "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY aws s3 ls",
            "AWS_SECRET_ACCESS_KEY=… aws s3 ls",
        ),
    ]);
}

#[test]
fn what_stands_before_a_host_goes() {
    assert_hidden(&[
        ("https://user:hunter2@host/path", "https://user:…@host/path"),
        ("git clone https://ana:hunter2@host/r.git && ls", "git clone https://ana:…@host/r.git && ls"),
        ("postgres://u:p%40ss@db:5432/x?sslmode=require", "postgres://u:…@db:5432/x?sslmode=require"),
        ("postgres://u:pa/ss@db:5432/x", "postgres://u:…@db:5432/x"),
        ("redis://:hunter2@cache:6379", "redis://:…@cache:6379"),
        ("https://x7Kq92LmPz01@host/", "https://…@host/"),
        ("https://x7Kq92LmPz01:@host/", "https://…@host/"),
        ("https://x-access-token:hunter2@github.com/a/b", "https://x-access-token:…@github.com/a/b"),
        ("https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/2", "https://…@o1.ingest.sentry.io/2"),
        ("https://h/?access_token=hunter2&page=2", "https://h/?access_token=…&page=2"),
        (
            "https://a.blob.core.windows.net/c?sv=2024&sig=aB%2Fc%3D&se=1",
            "https://a.blob.core.windows.net/c?sv=2024&sig=…&se=1",
        ),
        (
            "https://s3/x?X-Amz-Signature=0a1b&X-Amz-Expires=9",
            "https://s3/x?X-Amz-Signature=…&X-Amz-Expires=9",
        ),
        ("https://maps/?key=x7Kq92LmPz01x7Kq92LmPz01&q=rome", "https://maps/?key=…&q=rome"),
    ]);
}

#[test]
fn what_is_shown_in_a_header_goes() {
    assert_hidden(&[
        (
            "curl -H \"Authorization: Bearer hunter2\" https://h",
            "curl -H \"Authorization: Bearer …\" https://h",
        ),
        ("curl -H 'Authorization: Basic YTpi' https://h", "curl -H 'Authorization: Basic …' https://h"),
        ("Authorization: token hunter2", "Authorization: token …"),
        ("Authorization: Custom a b\nAccept: *", "Authorization: …\nAccept: *"),
        ("Cookie: a=b; sid=hunter2\r\nHost: h", "Cookie: …\r\nHost: h"),
        ("-H 'Cookie: a=b; sid=hunter2' x", "-H 'Cookie: …' x"),
        ("Set-Cookie: sid=hunter2; HttpOnly", "Set-Cookie: …"),
        ("with Bearer hunter2-x7", "with Bearer …"),
        ("bearer%20x7Kq92LmPz", "bearer%20…"),
        ("Basic dXNlcjpodW50ZXIy", "Basic …"),
    ]);
}

#[test]
fn what_an_option_takes_goes() {
    assert_hidden(&[
        ("mysql –password=hunter2 db", "mysql –password=… db"),
        ("login –password hunter2 db", "login –password … db"),
        ("login –api-key \"hunter 2\" db", "login –api-key \"…\" db"),
        ("tool -token hunter2", "tool -token …"),
        ("[\"login\", \"–password\", \"hunter2\"]", "[\"login\", \"–password\", \"…\"]"),
        ("curl -u ana:hunter2 https://h", "curl -u ana:… https://h"),
        ("curl -sSu 'ana:hunter 2' https://h", "curl -sSu 'ana:…' https://h"),
        ("curl –user ana:hunter2 https://h", "curl –user ana:… https://h"),
        ("curl -uana:hunter2 https://h", "curl -uana:… https://h"),
        ("curl -u \"ana:hunter2\" https://h", "curl -u \"ana:…\" https://h"),
    ]);
}

#[test]
fn keys_of_known_shapes_go_whole() {
    let body = "x7Kq92LmPz01".repeat(12);
    let hex = "0123456789abcdef".repeat(12);
    let capitals = "X7KQ92LMPZ01".repeat(12);
    for shape in shapes() {
        for body in [&body, &hex, &capitals] {
            let text = format!("a {}{body} b", shape.prefix);
            let kept = hidden(&text, Kind::Words);
            let is_of_this = shapes::key(&text, 2, shape).is_some();
            assert!(!is_of_this || !kept.contains(body.get(..8).unwrap()), "{text}: {kept}");
        }
        let any = [&body, &hex, &capitals]
            .into_iter()
            .any(|body| shapes::key(&format!("{}{body}", shape.prefix), 0, shape).is_some());
        assert!(any, "{}", shape.prefix);
    }
    assert_hidden(&[
        ("id AKIAIOSFODNN7EXAMPLE.", "id …."),
        ("try ghp_0123456789abcdefghijklmnopqrstuvwxyz", "try …"),
        ("a%20sk_live_0123456789abcdef b", "a%20… b"),
        ("SG.0123456789abcdefghijkl.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", "…"),
        (
            "https://hooks.slack.com/services/T00/B00/abcdefghijklmnop ok",
            "https://hooks.slack.com/services/… ok",
        ),
        ("t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN u", "t … u"),
        ("x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y", "x … y"),
        ("key=-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n", "key=…\\n"),
        ("password=-----BEGIN PRIVATE KEY-----\nMIIE", "password=…"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb", "…"),
    ]);
}

#[test]
fn what_is_harmless_is_left_alone() {
    for text in [
        "",
        "git log –author=x –since=yesterday",
        "https://host/path?page=2&key=name",
        "https://host:8080/@scope/pkg",
        "ssh://git@github.com/a/b",
        "git@github.com:a/b.git",
        "mailto:ana@example.com",
        "Token bucket",
        "the token bucket refills",
        "Bearer authentication and basic auth. Basic Auth",
        "the bearer of bad news",
        "key=value name: Ana sort_key=7",
        "550e8400-e29b-41d4-a716-446655440000",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "nextToken=abcdef0123456789 page_token: abcdef0123456789",
        "max_tokens=100 token_count: 7",
        "PASSWORD=$PASSWORD TOKEN=${TOKEN} X_TOKEN=$(pass show x) {\"token\":null}",
        "password: {{ vault_password }}",
        "–password-stdin –no-password x –password-file /run/p",
        "login –password –user ana",
        "tar -xzf a.tgz -p 22 -u",
        "docker run -u 1000:1000 image",
        "date -u +%H:%M",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod-a1b2c3",
        "secret:read token:refresh",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "task-scheduler-for-the-whole-department disk-usage",
        "sk-learn-for-the-whole-department",
        "a == b, c => d, e -> f, g::h, 12:30",
        "<name>Ana</name> <a href=\"x\">y</a>",
        "SELECT * FROM t WHERE a = 'b' AND c >= 7",
    ] {
        let text = dashed(text);
        assert_eq!(hidden(&text, Kind::Words), text);
    }
    for name in ["token:refresh", "secret:prod/db2", "vault:secret/data/a", "prod-db:5432"] {
        assert_eq!(hidden(name, Kind::Name), name);
    }
    assert_eq!(hidden("https://user:hunter2@host/", Kind::Name), "https://user:…@host/");
    assert_eq!(hidden("password:x7Kq92LmPz", Kind::Name), "password:…");
}

/// How many bytes are looked at for each byte of a text.
fn effort(text: &str) -> usize {
    LOOKED_AT.set(0);
    let _ = all_in(text, Kind::Words);
    LOOKED_AT.get() / text.len()
}

#[test]
fn no_text_takes_more_than_its_length() {
    let long = 1 << 14;
    for part in [
        "=",
        ":",
        "-",
        ">",
        " -",
        "a=",
        "token=",
        "token:",
        "token: ",
        "(token:",
        " token:a",
        "\"token=",
        "'token=\"token=",
        "token='",
        "token=\"",
        "token=$(",
        "'token=$( ",
        "token={",
        "token={{",
        "token=[\"",
        "?key=a",
        "&sig=",
        "://",
        "a://a:a@",
        "://a:a",
        "–token ",
        " –token",
        " -u a",
        " -u a:",
        " -ua:",
        "bearer ",
        "bearer a",
        "basic",
        "eyJ",
        ".eyJ",
        "-eyJ",
        "curl -u [",
        "eyJaaaaaaaa.",
        "eyJhbGciOiJIUzI1NiJ9.",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "sk-",
        "sk-a-",
        "AKIA",
        " AKIA",
        "SG.",
        "xoxb-",
        "\\",
        "\\\"token=*",
        "\\\\\\\\\\\\\\\\\\\\\\\\\"token=$( ",
        "Authorization: ",
        "Cookie:a",
        "<token>",
        "<token",
        "a,",
        "token=a,",
        "token=a,b",
        "token=a\"",
        "token=.",
        "：",
        "密码：",
        "密码",
        "token=\\",
        "token:\\\"",
        "token: Bearer ",
        "hvs.",
        "secret_",
        "a;",
        "&a",
    ] {
        let part = dashed(part);
        let text: String = part.chars().cycle().take(long).collect();
        assert!(effort(&text) < 400, "{part:?}: {}", effort(&text));
        // A text of twice the length takes twice the effort.
        let half: String = part.chars().cycle().take(long / 2).collect();
        assert!(effort(&text) <= 2 * effort(&half) + 2, "{part:?}: {} {}", effort(&half), effort(&text));
    }
}

proptest! {
    #[test]
    fn a_secret_behind_its_name_is_never_left(
        front in "[ -~\\n]{0,40}",
        sign in "(PASSWORD=|api_key: |\\{\"token\":\"|–password |–secret=|https://u:)",
        secret in "[a-zA-Z0-9_%+~^*!]{8,40}",
        back in "( [ -~\\n]{0,40})?",
    ) {
        // Where it is the name of one, or what stands before makes it the end of something else.
        prop_assume!(!secret.bytes().all(|byte| byte == b'*') && !is_reference_like(&secret));
        let behind = match sign.as_str() {
            "https://u:" => format!("@host/{back}"),
            "{\"token\":\"" => format!("\"}}{back}"),
            _ => back,
        };
        let text = format!("{front}\n{}{secret}{behind}", dashed(&sign));
        let left = hidden(&text, Kind::Words);
        prop_assert!(!left.contains(&secret), "{text:?}: {left:?}");
    }

    #[test]
    fn any_text_is_read(text in "([ -~]|\\PC|[=:\"'\\\\-]|token|password|://|bearer |é){0,60}") {
        let _ = hidden(&text, Kind::Words);
        let _ = hidden(&text, Kind::Name);
    }
}

fn is_reference_like(text: &str) -> bool {
    super::values::is_reference(text)
}

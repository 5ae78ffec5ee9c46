//! Keys that `ssh-keygen` made, and what comes of changing them.

use base64ct::{Base64, Encoding as _};

use super::*;

const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN8VXXmqgheOGGGlINnoaiz1gNvkFivqZ5KVGQdHK2b8 test key";
const P256: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBObWkazntL06uW/usvdsj5PZZ9KKfo8ueT0BGB0xIyPr9oABKcvoa4UnRAx/CaEcd7e57TJbGYdgi2cZqDfwAbM= test key";
const P384: &str = "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBGsvlgtcted7R9EoDSw8MrITc5q4ySLWvqD9SuYzOlU68tJ7MI77q0BxJICw/cWjT2MxXA5L4OSfwCfHQw6SyzOGOalBzYZ//poxQIJNWmF1DGvrQJsj8ZDbF3niep1r9w== test key";
const P521: &str = "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBADqQv9UUgzjLipkl0qkQXiJYOjeLxLpOYYOu+Qz2gCSytaRDja+rLkPYaRpIcFx+WQYoK3JI6Hn8wzR/eodG/b3+QCFubAAIy0myov31gj7MYGEmsYQ2JlT4qrpC30rCs2cnWuQLyxSX3/4UCE/1iy1bhzR+MK5K+f464FdEhQTZl0OrQ== test key";
const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCr/BBpqk1Xx25GeolRde7ZAH5tRzRVfuaMEIcYYkBjdywBvYZP7OFZuY3L3iTMHktqJvT9oVZ7y/D0VBJvQEYWL3hrlHuTVrkvsjqNvoXMS+s/fefxn3HYODfwrKW99uwq/A2SI26CugNvVz4eldJdpdpG/ZmTtemzlLd5Z1MEcPsK0zHnlSPjobKh32KAIii6Q89fdyPF4ATk2mfwOfdsu07zDHqfBXAekyiFa5j6r2b/ti872Q3VpDhMwp6oxhBKrFE1ZziUuuSAai8wgj7v/MajtQ6BOExSHeqeAiVJB3c9RY5CfNV4ve0gDOx2GGGWjdeYgeDNKu0bu9D+aPul test key";
const SHORT_RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDVnQ5LWV0AI/1x8q6IGUikXK9jWXblGs5wBjtDJsTlJDKtGFn2ZCkcOBt/nurI3jKVxEqO8XVE6PHzna1QvEB/9QMfnLAzFhpwtONAChU6p4BGEkDLpqxDytAnlW22R41HdwU836ixZQ9bTr1SC5m/Bd1xW8PEnWSEowyKJ0C2pw== test key";

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// A line of the type `kind`, whose bytes hold these strings.
fn line(kind: &str, strings: &[&[u8]]) -> String {
    let bytes: Vec<u8> = strings.iter().flat_map(|bytes| string(bytes)).collect();
    format!("{kind} {}", Base64::encode_string(&bytes))
}

fn security_key(application: &[u8]) -> String {
    let kind = "sk-ssh-ed25519@openssh.com";
    line(kind, &[kind.as_bytes(), &[7; 32], application])
}

#[test]
fn keys_of_each_type_are_read_and_lose_their_comment() {
    let sk_ecdsa = "sk-ecdsa-sha2-nistp256@openssh.com";
    let point = [&[4][..], &[9; 64]].concat();
    let made = [security_key(b"ssh:"), line(sk_ecdsa, &[sk_ecdsa.as_bytes(), b"nistp256", &point, b"ssh:"])];
    let texts = [ED25519, P256, P384, RSA].into_iter().chain(made.iter().map(String::as_str));
    for text in texts {
        let key = SshKey::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
        let two: Vec<_> = text.splitn(3, ' ').take(2).collect();
        assert_eq!(key.line, two.join(" "));
        assert_eq!(key.is_security_key, text.starts_with("sk-"));
        assert_eq!(SshKey::parse(&key.line), Ok(key.clone()));
        assert_eq!(SshKey::parse(&format!("{} a  comment, of any\tkind", key.line)), Ok(key));
    }
}

#[test]
fn what_is_no_key_is_told_apart() {
    let bare = ED25519.strip_suffix(" test key").unwrap();
    let (kind, written) = bare.split_once(' ').unwrap();
    for (text, problem) in [
        (String::new(), SshKeyProblem::UnknownType),
        ("AAAA".to_owned(), SshKeyProblem::UnknownType),
        ("ssh-dss AAAAB3NzaC1kc3M=".to_owned(), SshKeyProblem::UnknownType),
        (format!("{} {written}", kind.to_uppercase()), SshKeyProblem::UnknownType),
        ("-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(), SshKeyProblem::Private),
        ("~/.ssh/id_ed25519.pub".to_owned(), SshKeyProblem::Path),
        ("id_ed25519.pub".to_owned(), SshKeyProblem::Path),
        (format!("ssh-ed25519-cert-v01@openssh.com {written}"), SshKeyProblem::Certificate),
        (format!("no-pty {bare}"), SshKeyProblem::Options),
        (format!(" {bare}"), SshKeyProblem::Options),
        (format!("from=\"a b\",{bare}"), SshKeyProblem::Options),
        (kind.to_owned(), SshKeyProblem::NoKey),
        (format!("{kind} "), SshKeyProblem::NoKey),
        (format!("{kind}  {written}"), SshKeyProblem::NoKey),
        (format!("{kind} {written}\n"), SshKeyProblem::NotBase64),
        (format!("{kind} {written}="), SshKeyProblem::NotBase64),
        (format!("{kind} {}", written.get(1..).unwrap()), SshKeyProblem::NotBase64),
        (format!("{kind} {}", written.replace('Q', "-")), SshKeyProblem::NotBase64),
        (format!("{bare} {}", "x".repeat(MAX_LINE)), SshKeyProblem::NotBase64),
        (format!("ssh-rsa {written}"), SshKeyProblem::OtherType),
        (format!("sk-ssh-ed25519@openssh.com {written}"), SshKeyProblem::OtherType),
        (line(kind, &[kind.as_bytes(), &[7; 31]]), SshKeyProblem::Malformed),
        (line(kind, &[kind.as_bytes(), &[7; 32], b""]), SshKeyProblem::Malformed),
        (line(kind, &[kind.as_bytes()]), SshKeyProblem::Malformed),
        (line(kind, &[]), SshKeyProblem::NoKey),
        (format!("{kind} AAAAC3NzaC1lZDI1NTE5"), SshKeyProblem::Malformed),
        (format!("{kind} /////w=="), SshKeyProblem::Malformed),
        (security_key(b""), SshKeyProblem::Malformed),
        (SHORT_RSA.to_owned(), SshKeyProblem::Short),
        (P521.to_owned(), SshKeyProblem::Curve),
    ] {
        assert_eq!(SshKey::parse(&text).map(|key| key.line), Err(problem), "{text:?}");
    }
}

#[test]
fn points_and_numbers_are_those_of_their_type() {
    let p256 = "ecdsa-sha2-nistp256";
    let point = |first: u8, length: usize| [&[first][..], &vec![9; length]].concat();
    for (curve, point) in [
        ("nistp384", point(4, 64)),
        ("nistp256", point(4, 63)),
        ("nistp256", point(4, 96)),
        ("nistp256", point(2, 64)),
        ("nistp256", Vec::new()),
    ] {
        let text = line(p256, &[p256.as_bytes(), curve.as_bytes(), &point]);
        assert_eq!(SshKey::parse(&text), Err(SshKeyProblem::Malformed), "{curve} {point:?}");
    }
    let modulus = |first: &[u8], length: usize| [first, &vec![0xff; length]].concat();
    for (exponent, modulus, problem) in [
        (&[1, 0, 1][..], modulus(&[0], 256), None),
        (&[1, 0, 1], modulus(&[0], 255), Some(SshKeyProblem::Short)),
        (&[1, 0, 1], modulus(&[0x7f], 255), Some(SshKeyProblem::Short)),
        (&[1, 0, 1], modulus(&[0x7f], 256), None),
        (&[1, 0, 1], modulus(&[], 256), Some(SshKeyProblem::Malformed)),
        (&[1, 0, 1], modulus(&[0, 0], 256), Some(SshKeyProblem::Malformed)),
        (&[0, 1, 0, 1], modulus(&[0], 256), Some(SshKeyProblem::Malformed)),
        (&[1], modulus(&[0], 256), Some(SshKeyProblem::Malformed)),
        (&[1, 0, 0, 0, 1], modulus(&[0], 256), None),
        (&[2, 0, 0, 0, 1], modulus(&[0], 256), Some(SshKeyProblem::Malformed)),
        (&[1, 0, 1], modulus(&[0], 1024), None),
        (&[1, 0, 1], modulus(&[0, 1], 1024), Some(SshKeyProblem::Malformed)),
        (&[1, 0, 1], modulus(&[1], 1024), Some(SshKeyProblem::Long)),
        (&[], modulus(&[0], 256), Some(SshKeyProblem::Malformed)),
    ] {
        let text = line("ssh-rsa", &[b"ssh-rsa", exponent, &modulus]);
        assert_eq!(SshKey::parse(&text).err(), problem, "{exponent:?} {}", modulus.len());
    }
}

/// No two texts are one key: whatever is changed, it is another key or none.
#[test]
fn a_changed_character_is_never_the_same_key() {
    for text in [ED25519, P256, RSA] {
        let key = SshKey::parse(text).unwrap();
        for place in 0..key.line.len() {
            for other in ["A", "b", "/", "=", " ", "\t", "é", ""] {
                let mut changed = key.line.clone();
                changed.replace_range(place..=place, other);
                if changed != key.line
                    && let Ok(read) = SshKey::parse(&changed)
                {
                    assert_ne!(read.line, key.line, "{changed}");
                    let bytes = |line: &str| Base64::decode_vec(line.split(' ').nth(1).unwrap()).unwrap();
                    assert_ne!(bytes(&read.line), bytes(&key.line), "{changed}");
                }
            }
        }
    }
}

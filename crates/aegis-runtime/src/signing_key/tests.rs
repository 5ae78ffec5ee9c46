//! Keys that are made here, written as OpenSSH writes them, and signatures by them that are verified.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use aegis_ledger::answer::Evidence;
use aegis_ledger::ssh_signature::SshSignature;
use ssh_key::LineEnding;
use ssh_key::private::Ed25519Keypair;

use super::*;

fn private(seed: u8) -> PrivateKey {
    let public = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let mut bytes = [seed; 64];
    bytes[32..].copy_from_slice(ring::signature::KeyPair::public_key(&public).as_ref());
    let pair = Ed25519Keypair::from_bytes(&bytes).unwrap();
    PrivateKey::new(KeypairData::Ed25519(pair), "a comment").unwrap()
}

fn file(directory: &Path, text: &str, mode: u32) -> PathBuf {
    let path = directory.join("key");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn a_key_in_a_file_signs_what_is_verified_by_it() {
    let directory = tempfile::tempdir().unwrap();
    let text = private(1).to_openssh(LineEnding::LF).unwrap();
    let path = file(directory.path(), &text, 0o600);
    let mut key = SigningKey::open(&path, None).unwrap();
    assert!(!key.is_security_key() && !key.line().contains("comment"));
    assert!(!format!("{key:?}").contains("BEGIN"));
    let signature = key.sign("text").unwrap();
    let proof = SshSignature::parse(&signature).unwrap().verify("text").unwrap();
    assert_eq!((proof.key(), proof.evidence()), (key.line(), Evidence::Signature));
    assert!(SshSignature::parse(&signature).unwrap().verify("other").is_err());
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let text = private(1).to_openssh(LineEnding::LF).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601] {
        let path = file(directory.path(), &text, mode);
        let refused = SigningKey::open(&path, None).unwrap_err();
        assert!(matches!(refused, SigningKeyError::Exposed { mode: told, .. } if told == mode), "{refused}");
        assert!(refused.help().unwrap().starts_with("chmod 600 "));
    }
    assert!(SigningKey::open(&file(directory.path(), &text, 0o400), None).is_ok());
}

#[test]
fn a_damaged_file_is_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let text = private(1).to_openssh(LineEnding::LF).unwrap().to_string();
    for place in (0..text.trim_end().len()).step_by(2) {
        for other in ["", "A", "\n", "é", "\0"] {
            let mut changed = text.clone();
            changed.replace_range(place..=place, other);
            // What is still read must sign as the key that it says it is, or not at all.
            if let Ok(mut key) = SigningKey::open(&file(directory.path(), &changed, 0o600), None)
                && let Ok(signature) = key.sign("text")
            {
                let proof = SshSignature::parse(&signature).unwrap().verify("text");
                assert!(proof.is_ok_and(|proof| proof.key() == key.line()), "{changed}");
            }
        }
        assert!(SigningKey::open(&file(directory.path(), text.get(..place).unwrap(), 0o600), None).is_err());
    }
}

#[test]
fn a_locked_key_does_not_sign() {
    // Made by `ssh-keygen -t ed25519 -a 1 -N secret`.
    let locked = include_str!("tests/locked");
    let directory = tempfile::tempdir().unwrap();
    let mut key = SigningKey::open(&file(directory.path(), locked, 0o600), None).unwrap();
    assert!(matches!(key.sign("text"), Err(SigningError::Failed)));
    let Held::Here(held) = &mut key.held else { panic!() };
    assert!(held.decrypt("wrong").is_err());
    **held = held.decrypt("secret").unwrap();
    let signature = key.sign("text").unwrap();
    assert_eq!(SshSignature::parse(&signature).unwrap().verify("text").unwrap().key(), key.line());
}

/// An agent signs for security keys: what it says of a touch is what was signed.
#[test]
fn an_agent_signs_for_a_security_key() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("agent");
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let public = ring::signature::KeyPair::public_key(&pair).as_ref().to_vec();
    let kind = "sk-ssh-ed25519@openssh.com";
    let blob = strings(&[kind.as_bytes(), &public, b"ssh:"]);
    let line = PublicKey::from_bytes(&blob).unwrap().to_openssh().unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for flags in [None, Some(1_u8), Some(0)] {
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            let answer = match flags {
                None => [&[12, 0, 0, 0, 1][..], &strings(&[&blob, b""])].concat(),
                Some(flags) => {
                    let data = &request[1 + 4 + blob.len() + 4..request.len() - 4];
                    let sha256 =
                        |bytes: &[u8]| ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec();
                    let trailer = [flags, 0, 0, 0, 3];
                    let signed = [&sha256(b"ssh:")[..], &trailer, &sha256(data)].concat();
                    let made = strings(&[kind.as_bytes(), pair.sign(&signed).as_ref()]);
                    [&[14][..], &strings(&[&[&made[..], &trailer].concat()])].concat()
                }
            };
            stream.write_all(&strings(&[&answer])).unwrap();
        }
    });
    let path = file(directory.path(), &line, 0o644);
    let mut key = SigningKey::open(&path, Some(&socket)).unwrap();
    assert!(key.is_security_key());
    for evidence in [Evidence::Touch, Evidence::Signature] {
        let signature = key.sign("text").unwrap();
        let proof = SshSignature::parse(&signature).unwrap().verify("text").unwrap();
        assert_eq!((proof.evidence(), proof.key()), (evidence, line.as_str()));
    }
    served.join().unwrap();
}

//! Signatures that `ssh-keygen` made, and what comes of changing them; those of security keys are made here.

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::*;

const TEXT: &str = include_str!("tests/text");

macro_rules! vector {
    ($name:literal) => {
        (
            include_str!(concat!("tests/vectors/", $name, ".pub")),
            include_str!(concat!("tests/vectors/", $name, ".sig")),
        )
    };
}

const VECTORS: [(&str, &str); 4] =
    [vector!("ed25519"), vector!("ecdsa256"), vector!("ecdsa384"), vector!("rsa2048")];

fn verified(armoured: &str, text: &str) -> Result<Proof, SshSignatureError> {
    SshSignature::parse(armoured)?.verify(text)
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn bytes_of(armoured: &str) -> Vec<u8> {
    let lines: Vec<_> = armoured.lines().collect();
    Base64::decode_vec(&lines[1..lines.len() - 1].concat()).unwrap()
}

/// How a key signs.
type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A security key of software, and how it signs.
struct SecurityKey {
    blob: Vec<u8>,
    application: &'static str,
    sign: Sign,
    kind: &'static str,
}

impl SecurityKey {
    fn ed25519() -> SecurityKey {
        let (key, kind) = (SigningKey::from_bytes(&[7; 32]), "sk-ssh-ed25519@openssh.com");
        let blob = strings(&[kind.as_bytes(), key.verifying_key().as_bytes(), b"ssh:"]);
        let sign = Box::new(move |signed: &[u8]| key.sign(signed).to_bytes().to_vec());
        SecurityKey { blob, application: "ssh:", sign, kind }
    }

    fn ecdsa() -> SecurityKey {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let kind = "sk-ecdsa-sha2-nistp256@openssh.com";
        let blob = strings(&[kind.as_bytes(), b"nistp256", key.public_key().as_ref(), b"ssh:"]);
        let sign = Box::new(move |signed: &[u8]| {
            let fixed = key.sign(&random, signed).unwrap();
            let (r, s) = fixed.as_ref().split_at(32);
            strings(&[&number(r), &number(s)])
        });
        SecurityKey { blob, application: "ssh:", sign, kind }
    }

    /// Its signature over a text, with these flags signed and those written.
    fn signature(&self, text: &str, flags: u8, written: u8) -> String {
        let counter = 17_u32.to_be_bytes();
        let signed = to_be_signed(text, HashAlg::Sha512).unwrap();
        let trailer = [&[flags][..], &counter].concat();
        let signature = (self.sign)(&of_security_key(self.application, &trailer, &signed));
        let signature =
            [strings(&[self.kind.as_bytes(), &signature]), vec![written], counter.to_vec()].concat();
        assemble(&self.blob, &signature)
    }

    fn line(&self) -> String {
        format!("{} {}", self.kind, Base64::encode_string(&self.blob))
    }
}

/// A number as SSH writes it: without zeros before it, but one where it would be negative.
fn number(digits: &[u8]) -> Vec<u8> {
    let first = digits.iter().position(|digit| *digit != 0).unwrap();
    let digits = &digits[first..];
    if digits[0] >= 0x80 { [&[0], digits].concat() } else { digits.to_vec() }
}

#[test]
fn what_ssh_keygen_signed_is_verified() {
    for (key, signature) in VECTORS {
        let proof = verified(signature, TEXT).unwrap();
        assert_eq!((proof.key(), proof.evidence()), (key.trim_end(), Evidence::Signature));
        assert!(proof.fingerprint().starts_with("SHA256:") && proof.fingerprint().len() == 50);
        assert_eq!(verified(signature, &TEXT.replace("approve", "deny")), Err(SshSignatureError::Wrong));
        assert_eq!(verified(signature, ""), Err(SshSignatureError::Wrong));
    }
    let sha256 = include_str!("tests/vectors/ed25519-sha256.sig");
    assert_eq!(verified(sha256, TEXT).unwrap().key(), VECTORS[0].0.trim_end());
}

#[test]
fn what_was_signed_for_something_else_or_by_something_else_is_told_apart() {
    let (_, of_521) = vector!("ecdsa521");
    let type_of_521 = SshSignatureError::KeyType("ecdsa-sha2-nistp521".to_owned());
    assert_eq!(SshSignature::parse(of_521).unwrap_err(), type_of_521);
    let for_a_file = include_str!("tests/vectors/ed25519-file.sig");
    assert_eq!(SshSignature::parse(for_a_file).unwrap_err(), SshSignatureError::Namespace("file".to_owned()));
    let by_a_certificate = include_str!("tests/vectors/ed25519-cert.sig");
    assert!(SshSignature::parse(by_a_certificate).is_err());
}

#[test]
fn a_changed_byte_is_never_accepted() {
    for (_, signature) in VECTORS {
        let bytes = bytes_of(signature);
        for place in 0..bytes.len() {
            for flip in [1, 0x80] {
                let mut changed = bytes.clone();
                changed[place] ^= flip;
                let changed = wrapped(&Base64::encode_string(&changed));
                assert!(verified(&changed, TEXT).is_err(), "byte {place} of {signature}");
            }
        }
        for cut in 0..bytes.len() {
            assert!(verified(&wrapped(&Base64::encode_string(&bytes[..cut])), TEXT).is_err(), "{cut}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(verified(&wrapped(&Base64::encode_string(&longer)), TEXT).is_err());
    }
}

/// However the armour is changed, it is the same signature or none.
#[test]
fn a_changed_character_of_the_armour_is_the_same_signature_or_none() {
    let (_, signature) = VECTORS[0];
    let same = SshSignature::parse(signature).unwrap();
    for place in 0..signature.len() {
        for other in ["A", "b", "=", "-", " ", "\n", "\r\n", "\0", "é", ""] {
            let mut changed = signature.to_owned();
            changed.replace_range(place..=place, other);
            if let Ok(read) = SshSignature::parse(&changed)
                && read.verify(TEXT).is_ok()
            {
                assert_eq!(read.armoured(), same.armoured(), "{changed}");
            }
        }
    }
    let long = signature.lines().collect::<Vec<_>>();
    let one_line = format!("{}\n{}\n{}", long[0], long[1..long.len() - 1].concat(), long[long.len() - 1]);
    for text in [one_line.clone(), format!("\n{}\r\n", one_line.replace('\n', "\r\n"))] {
        assert_eq!(SshSignature::parse(&text).unwrap().armoured(), signature);
        assert!(verified(&text, TEXT).is_ok());
    }
    for text in [
        String::new(),
        format!("x{signature}"),
        format!("{signature}x"),
        format!("{signature}{signature}"),
        format!("Subject: x\n{signature}"),
        signature.replace("SSH SIGNATURE", "PGP SIGNATURE"),
        signature.replace('\n', "\n\n"),
        format!("{}{}", ARMOUR[0], ARMOUR[1]),
        format!("{}\n{}", ARMOUR[0], ARMOUR[1]),
        ARMOUR[0].to_owned(),
    ] {
        let read = SshSignature::parse(&text);
        assert!(read.is_err() || text.contains("\n\n"), "{text}");
        assert!(read.is_err() || verified(&text, TEXT).is_ok());
    }
    let oversize = format!("{}\n{}\n{}\n", ARMOUR[0], "A".repeat(LONGEST), ARMOUR[1]);
    assert_eq!(SshSignature::parse(&oversize).unwrap_err(), SshSignatureError::TooLong);
}

#[test]
fn a_security_key_proves_a_touch_by_what_it_signed() {
    for key in [SecurityKey::ed25519(), SecurityKey::ecdsa()] {
        for (flags, evidence) in
            [(1, Evidence::Touch), (5, Evidence::Touch), (0, Evidence::Signature), (4, Evidence::Signature)]
        {
            let signature = key.signature(TEXT, flags, flags);
            let proof = verified(&signature, TEXT).unwrap();
            assert_eq!((proof.evidence(), proof.key()), (evidence, key.line().as_str()), "{flags}");
            assert_eq!(verified(&signature, &format!("{TEXT} ")), Err(SshSignatureError::Wrong));
        }
        // What was not signed proves nothing.
        assert_eq!(verified(&key.signature(TEXT, 0, 1), TEXT), Err(SshSignatureError::Wrong));
        let bytes = bytes_of(&key.signature(TEXT, 1, 1));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(verified(&wrapped(&Base64::encode_string(&changed)), TEXT).is_err(), "{place}");
        }
    }
}

#[test]
fn a_key_for_one_use_does_not_sign_for_another() {
    let other = SecurityKey { application: "ssh:other", ..SecurityKey::ed25519() };
    assert_eq!(verified(&other.signature(TEXT, 1, 1), TEXT), Err(SshSignatureError::Wrong));
}

#[test]
fn a_signature_is_of_the_kind_that_its_key_makes() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let signed = to_be_signed(TEXT, HashAlg::Sha512).unwrap();
    let made = key.sign(&signed).to_bytes();
    let blob = strings(&[b"ssh-ed25519", key.verifying_key().as_bytes()]);
    let with = |kind: &str, bytes: &[u8], behind: &[u8]| {
        assemble(&blob, &[&strings(&[kind.as_bytes(), bytes])[..], behind].concat())
    };
    assert!(verified(&with("ssh-ed25519", &made, b""), TEXT).is_ok());
    assert!(verified(&with("ssh-ed25519", &made, b"x"), TEXT).is_err(), "trailing data");
    // An ordinary key does not become one that proves a touch.
    let touched = with("sk-ssh-ed25519@openssh.com", &made, &[1, 0, 0, 0, 1]);
    assert_eq!(
        verified(&touched, TEXT),
        Err(SshSignatureError::Algorithm("sk-ssh-ed25519@openssh.com".to_owned()))
    );
    for kind in ["rsa-sha2-512", "ssh-rsa", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "", "x\u{1b}"] {
        assert!(verified(&with(kind, &made, b""), TEXT).is_err(), "{kind}");
    }
    // SHA-1 is no hash of ours.
    let (key, signature) = vector!("rsa2048");
    let key = Base64::decode_vec(key.split(' ').nth(1).unwrap().trim()).unwrap();
    assert!(verified(signature, TEXT).is_ok());
    assert!(verified(&assemble(&key, &strings(&[b"ssh-rsa", &[1; 256]])), TEXT).is_err());
}

#[test]
fn other_versions_and_hashes_and_what_is_reserved_are_refused() {
    let bytes = bytes_of(VECTORS[0].1);
    let place = |word: &[u8]| bytes.windows(word.len()).position(|window| window == word).unwrap();
    let with = |at: usize, replacement: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + replacement.len()].copy_from_slice(replacement);
        verified(&wrapped(&Base64::encode_string(&changed)), TEXT).unwrap_err()
    };
    assert_eq!(with(6, &[0, 0, 0, 0]), SshSignatureError::Version(0));
    assert_eq!(with(6, &[0, 0, 0, 2]), SshSignatureError::Version(2));
    assert_eq!(with(place(b"sha512"), b"sha384"), SshSignatureError::Unreadable);
    assert_eq!(with(0, b"sshsig"), SshSignatureError::Unreadable);
    let namespace = place(NAMESPACE.as_bytes()) + NAMESPACE.len();
    let reserved = [&bytes[..namespace], &string(b"more"), &bytes[namespace + 4..]].concat();
    let reserved = verified(&wrapped(&Base64::encode_string(&reserved)), TEXT);
    assert_eq!(reserved.unwrap_err(), SshSignatureError::Reserved);
}

/// A key for which anybody can make signatures is none.
#[test]
fn a_key_of_small_order_signs_nothing() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let blob = strings(&[b"ssh-ed25519", &neutral]);
    let signature = [&neutral[..], &[0; 32]].concat();
    let made = assemble(&blob, &strings(&[b"ssh-ed25519", &signature]));
    assert_eq!(verified(&made, TEXT), Err(SshSignatureError::Wrong));
}

proptest! {
    #[test]
    fn no_text_is_too_strange_to_be_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(verified(&String::from_utf8_lossy(&bytes), TEXT).is_err());
        prop_assert!(verified(&wrapped(&Base64::encode_string(&bytes)), TEXT).is_err());
        let header = [&b"SSHSIG\0\0\0\x01"[..], &bytes].concat();
        prop_assert!(verified(&wrapped(&Base64::encode_string(&header)), TEXT).is_err());
    }

    #[test]
    fn pieces_of_signatures_put_together_otherwise_are_none(
        first in 0..VECTORS.len(), second in 0..VECTORS.len(), cut in 0_usize..400, skip in 0_usize..400,
    ) {
        let (one, other) = (bytes_of(VECTORS[first].1), bytes_of(VECTORS[second].1));
        let made: Vec<u8> = one.iter().take(cut).chain(other.iter().skip(skip)).copied().collect();
        prop_assume!(VECTORS.iter().all(|(_, signature)| bytes_of(signature) != made));
        prop_assert!(verified(&wrapped(&Base64::encode_string(&made)), TEXT).is_err());
    }
}

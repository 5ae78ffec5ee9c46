//! SSH signatures, as `ssh-keygen -Y sign` writes them (OpenSSH's `PROTOCOL.sshsig`), read strictly and
//! verified.
//!
//! The form is read by `ssh-key`; the arithmetic is that of `ed25519-dalek`, whose strict verification knows
//! one signature for a key and a text, and that of `ring`. A security key (`PROTOCOL.u2f`) signs the SHA-256
//! of what it is used for, a byte of flags, a counter, and the SHA-256 of the message: its flags say whether
//! somebody touched it.

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use sha2::{Digest as _, Sha256};
use ssh_key::public::{EcdsaPublicKey, Ed25519PublicKey, KeyData, RsaPublicKey};
use ssh_key::{Algorithm, HashAlg, Mpint, PublicKey, SshSig};
use thiserror::Error;

use crate::answer::Evidence;
use crate::signed_reply::NAMESPACE;

/// The longest text that is read, in bytes: a signature by an RSA key of 8192 bits takes 3 KiB.
pub const LONGEST: usize = 8 << 10;
/// Where an armoured signature begins and ends.
const ARMOUR: [&str; 2] = ["-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"];
/// How many characters of base 64 OpenSSH puts on a line.
const COLUMNS: usize = 70;
/// The bit of a security key's flags that says that somebody was there.
const PRESENT: u8 = 1;
/// How many bytes stand behind the signature of a security key itself: its flags and its counter.
const TRAILER: usize = 5;

/// Why a text is no signature, or not one over this text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SshSignatureError {
    /// It is longer than any signature.
    #[error("it is longer than any signature is")]
    TooLong,
    /// It is not written as an SSH signature is.
    #[error("it is no SSH signature, or a damaged one")]
    Unreadable,
    /// It is of another version of the format.
    #[error("it is of version {0} of the format, and 1 is read")]
    Version(u32),
    /// It was made for something else.
    #[error("it was made for `{}`, and not for `{NAMESPACE}`", aegis_engine::escape_capped(.0, 60))]
    Namespace(String),
    /// It holds something that this program does not know.
    #[error("it holds something that this program does not know")]
    Reserved,
    /// The key is of a kind by which nothing is verified here: certificates are among them.
    #[error("keys of type `{}` are not read", aegis_engine::escape_capped(.0, 60))]
    KeyType(String),
    /// The signature is not of the kind that the key makes.
    #[error("a signature `{}` is not what this key makes", aegis_engine::escape_capped(.0, 60))]
    Algorithm(String),
    /// It is not a signature over this text by its key.
    #[error("it is not a signature over this answer to this question by the key that it names")]
    Wrong,
}

/// A signature that was read, and not verified yet.
#[derive(Clone, Debug)]
pub struct SshSignature {
    signature: SshSig,
    armoured: String,
    key: String,
}

/// What a signature proves, once it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    key: String,
    fingerprint: String,
    evidence: Evidence,
}

impl Proof {
    /// The public key, as OpenSSH writes it on a line, without a comment.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key's fingerprint, as OpenSSH shows it: `SHA256:` and base 64.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A touch where the signature proves one, and otherwise a signature.
    #[must_use]
    pub const fn evidence(&self) -> Evidence {
        self.evidence
    }
}

impl SshSignature {
    /// Reads an armoured signature, however long its lines are.
    ///
    /// # Errors
    /// When it is too long, no SSH signature, of another version, or for another namespace than
    /// [`NAMESPACE`].
    pub fn parse(text: &str) -> Result<SshSignature, SshSignatureError> {
        if text.len() > LONGEST {
            return Err(SshSignatureError::TooLong);
        }
        let armoured = rewrapped(text).ok_or(SshSignatureError::Unreadable)?;
        let signature = SshSig::from_pem(&armoured).map_err(|error| match error {
            ssh_key::Error::Version { number } => SshSignatureError::Version(number),
            _ => SshSignatureError::Unreadable,
        })?;
        if signature.version() != SshSig::VERSION {
            return Err(SshSignatureError::Version(signature.version()));
        }
        if signature.namespace() != NAMESPACE {
            return Err(SshSignatureError::Namespace(signature.namespace().to_owned()));
        }
        if !signature.reserved().is_empty() {
            return Err(SshSignatureError::Reserved);
        }
        let key = line_of(signature.public_key())?;
        // The reader takes the length of a part for advice. What is not written as OpenSSH writes it is none.
        if written_as_openssh(&signature).as_ref() != Some(&armoured) {
            return Err(SshSignatureError::Unreadable);
        }
        Ok(SshSignature { signature, armoured, key })
    }

    /// The same, armoured as OpenSSH does it.
    #[must_use]
    pub fn armoured(&self) -> &str {
        &self.armoured
    }

    /// The public key that it says it is by, as OpenSSH writes it on a line, without a comment.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Verifies it over a text, by the key that it names.
    ///
    /// # Errors
    /// When it is of a kind that is not read, or not one over this text.
    pub fn verify(&self, text: &str) -> Result<Proof, SshSignatureError> {
        let signature = self.signature.signature();
        let wrong_kind = || SshSignatureError::Algorithm(signature.algorithm().to_string());
        let signed = to_be_signed(text, self.signature.hash_alg())?;
        let (bytes, key) = (signature.as_bytes(), self.signature.public_key());
        let is_right = match (key, signature.algorithm()) {
            (KeyData::Ed25519(key), Algorithm::Ed25519) => ed25519(key, &signed, bytes),
            (KeyData::SkEd25519(key), Algorithm::SkEd25519) => {
                let (bytes, trailer) = split_trailer(bytes)?;
                ed25519(key.public_key(), &of_security_key(key.application(), trailer, &signed), bytes)
            }
            (KeyData::Ecdsa(key), Algorithm::Ecdsa { curve }) if key.curve() == curve => {
                ecdsa(key, &signed, bytes)?
            }
            (KeyData::SkEcdsaSha2NistP256(key), Algorithm::SkEcdsaSha2NistP256) => {
                let (bytes, trailer) = split_trailer(bytes)?;
                let signed = of_security_key(key.application(), trailer, &signed);
                ecdsa(&EcdsaPublicKey::NistP256(*key.ec_point()), &signed, bytes)?
            }
            (KeyData::Rsa(key), Algorithm::Rsa { hash: Some(hash) }) => rsa(key, hash, &signed, bytes),
            _ => return Err(wrong_kind()),
        };
        if !is_right {
            return Err(SshSignatureError::Wrong);
        }
        let is_security_key = key.is_sk_ed25519() || key.is_sk_ecdsa_p256();
        let flags = split_trailer(bytes).ok().and_then(|(_, trailer)| trailer.first().copied());
        let is_touched = is_security_key && flags.is_some_and(|flags| flags & PRESENT != 0);
        Ok(Proof {
            key: self.key.clone(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            evidence: if is_touched { Evidence::Touch } else { Evidence::Signature },
        })
    }
}

/// The bytes that a key signs, for a signature over a text.
///
/// # Errors
/// Never, as far as is known: when the bytes cannot be put together.
pub fn to_be_signed(text: &str, hash: HashAlg) -> Result<Vec<u8>, SshSignatureError> {
    SshSig::signed_data(NAMESPACE, hash, text.as_bytes()).map_err(|_| SshSignatureError::Unreadable)
}

/// The armoured signature that a key of these bytes made over [`to_be_signed`], with SHA-512: `signature` is
/// what SSH writes of one, with its type before it. It is not verified.
#[must_use]
pub fn assemble(key: &[u8], signature: &[u8]) -> String {
    put_together(key, HashAlg::Sha512, signature)
}

fn put_together(key: &[u8], hash: HashAlg, signature: &[u8]) -> String {
    let hash = hash.to_string();
    let parts = strings(&[key, NAMESPACE.as_bytes(), b"", hash.as_bytes(), signature]);
    let bytes = [b"SSHSIG", &SshSig::VERSION.to_be_bytes()[..], &parts].concat();
    wrapped(&Base64::encode_string(&bytes))
}

/// These one after another, each behind its length: what RFC 4251 (section 5) calls strings.
#[must_use]
pub fn strings(strings: &[&[u8]]) -> Vec<u8> {
    let length = |string: &[u8]| u32::try_from(string.len()).unwrap_or(u32::MAX).to_be_bytes();
    strings.iter().flat_map(|string| [&length(string), *string].concat()).collect()
}

/// What was read, written anew. (`ssh-key` itself writes no signature of a security key's ECDSA right.)
fn written_as_openssh(signature: &SshSig) -> Option<String> {
    let key = PublicKey::from(signature.public_key().clone()).to_bytes().ok()?;
    let (algorithm, bytes) = (signature.algorithm(), signature.signature_bytes());
    let has_trailer = matches!(algorithm, Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256);
    let (bytes, trailer) = if has_trailer { split_trailer(bytes).ok()? } else { (bytes, &[][..]) };
    let made = [&strings(&[algorithm.as_str().as_bytes(), bytes])[..], trailer].concat();
    Some(put_together(&key, signature.hash_alg(), &made))
}

/// The line of a key that a signature names, where it is of a type that is read.
fn line_of(key: &KeyData) -> Result<String, SshSignatureError> {
    let refused = || SshSignatureError::KeyType(key.algorithm().to_string());
    let is_read = match key {
        KeyData::Ed25519(_) | KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) | KeyData::Rsa(_) => {
            true
        }
        KeyData::Ecdsa(key) => !matches!(key, EcdsaPublicKey::NistP521(_)),
        _ => false,
    };
    if !is_read {
        return Err(refused());
    }
    PublicKey::from(key.clone()).to_openssh().map_err(|_| refused())
}

/// The armour of OpenSSH around what stands in another one with lines of any length.
fn rewrapped(text: &str) -> Option<String> {
    let [begin, end] = ARMOUR;
    let inner = text.trim_ascii().strip_prefix(begin)?.strip_suffix(end)?;
    // Line ends, and nothing else: what is no base 64 is found when it is read.
    let written = inner.replace("\r\n", "\n");
    let written = written.strip_prefix('\n')?.strip_suffix('\n')?;
    Some(wrapped(&written.replace('\n', "")))
}

/// The armour of OpenSSH around base 64.
fn wrapped(written: &str) -> String {
    let [begin, end] = ARMOUR;
    let mut lines = String::with_capacity(written.len() + written.len() / COLUMNS);
    for (place, character) in written.chars().enumerate() {
        if place > 0 && place % COLUMNS == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    format!("{begin}\n{lines}\n{end}\n")
}

/// What a security key signs for what it is used for (RFC 4251 calls it the application).
fn of_security_key(application: &str, trailer: &[u8], signed: &[u8]) -> Vec<u8> {
    [&Sha256::digest(application)[..], trailer, &Sha256::digest(signed)[..]].concat()
}

/// The signature itself, and the flags and the counter behind it.
fn split_trailer(bytes: &[u8]) -> Result<(&[u8], &[u8]), SshSignatureError> {
    let at = bytes.len().checked_sub(TRAILER);
    at.and_then(|at| bytes.split_at_checked(at)).ok_or(SshSignatureError::Unreadable)
}

fn ed25519(key: &Ed25519PublicKey, signed: &[u8], bytes: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_bytes(&key.0), Ed25519Signature::from_slice(bytes))
    else {
        return false;
    };
    key.verify_strict(signed, &signature).is_ok()
}

fn ecdsa(key: &EcdsaPublicKey, signed: &[u8], bytes: &[u8]) -> Result<bool, SshSignatureError> {
    let (algorithm, size) = match key {
        EcdsaPublicKey::NistP256(_) => (&ECDSA_P256_SHA256_FIXED, 32),
        EcdsaPublicKey::NistP384(_) => (&ECDSA_P384_SHA384_FIXED, 48),
        EcdsaPublicKey::NistP521(_) => return Err(SshSignatureError::KeyType(key.algorithm().to_string())),
    };
    let fixed = fixed_size(bytes, size).ok_or(SshSignatureError::Unreadable)?;
    Ok(UnparsedPublicKey::new(algorithm, key.as_sec1_bytes()).verify(signed, &fixed).is_ok())
}

/// The two numbers of an ECDSA signature, each with so many digits (of 256).
fn fixed_size(mut bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut fixed = Vec::with_capacity(2 * size);
    for _ in 0..2 {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (number, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let number = Mpint::from_bytes(number).ok()?;
        let digits = number.as_positive_bytes()?;
        fixed.extend(std::iter::repeat_n(0, size.checked_sub(digits.len())?));
        fixed.extend(digits);
        bytes = rest;
    }
    bytes.is_empty().then_some(fixed)
}

fn rsa(key: &RsaPublicKey, hash: HashAlg, signed: &[u8], bytes: &[u8]) -> bool {
    let (Some(n), Some(e)) = (key.n.as_positive_bytes(), key.e.as_positive_bytes()) else { return false };
    let parameters = match hash {
        HashAlg::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        HashAlg::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        _ => return false,
    };
    RsaPublicKeyComponents { n, e }.verify(parameters, signed, bytes).is_ok()
}

#[cfg(test)]
mod tests;

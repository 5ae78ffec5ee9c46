//! Signed notes (C2SP `signed-note`): text that keys sign, and the keys as text.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{SECRET_KEY_LENGTH, Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// What says that a key is for Ed25519.
const ED25519: u8 = 1;
/// What every line of a signature begins with: an em dash and a blank.
const SIGNATURE_MARK: &str = "\u{2014} ";
/// A note that is larger is none of ours.
const MAX_NOTE_BYTES: usize = 64 * 1024;
/// As many signatures as other programs take.
const MAX_SIGNATURES: usize = 100;

/// What is wrong with a note or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It has no blank line with signatures behind it, or holds what no note may hold.
    #[error("it is not a note: text, a blank line, and lines of signatures")]
    NotANote,
    /// A line of a signature is not one.
    #[error("a line of its signatures is not one")]
    NotASignature,
    /// The text is not a checkpoint.
    #[error("it is not a checkpoint: a line for the origin, one for the size, one for the root")]
    NotACheckpoint,
    /// It is no key.
    #[error("it is not a key of the form `{form}`", form = if *private { "PRIVATE+KEY+name+hash+base64" } else { "name+hash+base64" })]
    NotAKey {
        /// Whether a private one was expected.
        private: bool,
    },
    /// The key is of a kind that is not known here.
    #[error("the key is not for Ed25519")]
    UnknownKind,
    /// The hash in the key is not that of its name and value.
    #[error("the key's hash does not fit its name and value")]
    WrongHash,
    /// A name of a key that no key may have.
    #[error("a key's name must not be empty, nor hold blanks, `+` or control characters")]
    BadName,
    /// The system has no randomness to give.
    #[error("no key can be made: {0}")]
    NoRandomness(getrandom::Error),
}

/// A private key, and the name that it signs under.
#[derive(Clone)]
pub struct SignerKey {
    name: String,
    key: SigningKey,
}

/// A public key, and the name that it is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

/// A text and its signatures, none of which has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// With the line end of its last line.
    pub(crate) text: String,
    signatures: Vec<NoteSignature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NoteSignature {
    name: String,
    key_hash: [u8; 4],
    signature: Vec<u8>,
}

impl SignerKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// When no key may have the name, or the system has no randomness.
    pub fn generate(name: &str) -> Result<SignerKey, NoteError> {
        check_name(name)?;
        let mut seed = [0; SECRET_KEY_LENGTH];
        getrandom::fill(&mut seed).map_err(NoteError::NoRandomness)?;
        Ok(SignerKey { name: name.to_owned(), key: SigningKey::from_bytes(&seed) })
    }

    /// Reads a key of the form `PRIVATE+KEY+name+hash+base64`.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_text(text: &str) -> Result<SignerKey, NoteError> {
        let wrong = NoteError::NotAKey { private: true };
        let rest = text.trim_end_matches(['\r', '\n']).strip_prefix("PRIVATE+KEY+").ok_or(wrong)?;
        let (name, hash, seed) = split_key(rest, wrong)?;
        let key = SigningKey::from_bytes(&seed);
        if hash != key_hash(name, key.verifying_key().as_bytes()) {
            return Err(NoteError::WrongHash);
        }
        Ok(SignerKey { name: name.to_owned(), key })
    }

    /// The key as text, to be kept secret.
    #[must_use]
    pub fn to_text(&self) -> String {
        let hash = key_hash(&self.name, self.key.verifying_key().as_bytes());
        format!("PRIVATE+KEY+{}", join_key(&self.name, hash, self.key.as_bytes()))
    }

    /// The name that it signs under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same key, under the name of a checkpoint's origin: that is the name which its signature must have.
    ///
    /// # Errors
    /// When no key may have the name.
    pub fn under(&self, origin: &str) -> Result<SignerKey, NoteError> {
        check_name(origin)?;
        Ok(SignerKey { name: origin.to_owned(), key: self.key.clone() })
    }

    /// The key that checks its signatures.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }
}

/// The private part is not shown.
impl fmt::Debug for SignerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SignerKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl VerifierKey {
    /// Reads a key of the form `name+hash+base64`.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_text(text: &str) -> Result<VerifierKey, NoteError> {
        let wrong = NoteError::NotAKey { private: false };
        let (name, hash, bytes) = split_key(text.trim_end_matches(['\r', '\n']), wrong)?;
        if hash != key_hash(name, &bytes) {
            return Err(NoteError::WrongHash);
        }
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| wrong)?;
        Ok(VerifierKey { name: name.to_owned(), key })
    }

    /// The name that it is known by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.key.as_bytes();
        formatter.write_str(&join_key(&self.name, key_hash(&self.name, bytes), bytes))
    }
}

impl Note {
    /// A text, which ends with its line, and no signature yet.
    pub(crate) const fn new(text: String) -> Note {
        Note { text, signatures: Vec::new() }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotANote)?;
        let forbidden = |character: char| character < ' ' && character != '\n';
        if note.len() > MAX_NOTE_BYTES || note.contains(forbidden) || !note.ends_with('\n') {
            return Err(NoteError::NotANote);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NotANote)?;
        let signatures: Vec<_> = lines.lines().map(NoteSignature::parse).collect::<Result<_, _>>()?;
        if text.is_empty() || signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::NotANote);
        }
        Ok(Note { text: format!("{text}\n"), signatures })
    }

    pub(crate) fn sign(&mut self, signer: &SignerKey) {
        let signature = signer.key.sign(self.text.as_bytes());
        self.signatures.push(NoteSignature {
            name: signer.name.clone(),
            key_hash: key_hash(&signer.name, signer.key.verifying_key().as_bytes()),
            signature: signature.to_bytes().to_vec(),
        });
    }

    /// The names that it says it is signed by.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|signature| signature.name.as_str())
    }

    /// Whether this key signed it. One signature of the key that does not hold spoils the others.
    ///
    /// The key is known by its own name and by those of `others`, of which its hash is another one each.
    pub(crate) fn is_signed_by(&self, verifier: &VerifierKey, others: &[&str]) -> bool {
        let is_of_key = |signature: &&NoteSignature| {
            let names = others.iter().copied().chain([verifier.name.as_str()]);
            names.into_iter().any(|name| signature.is_of(name, key_hash(name, verifier.key.as_bytes())))
        };
        let mut of_key = self.signatures.iter().filter(is_of_key).peekable();
        of_key.peek().is_some()
            && of_key.all(|found| {
                Signature::from_slice(&found.signature).is_ok_and(|signature| {
                    verifier.key.verify_strict(self.text.as_bytes(), &signature).is_ok()
                })
            })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        for NoteSignature { name, key_hash, signature } in &self.signatures {
            let encoded = Base64::encode_string(&[key_hash.as_slice(), signature].concat());
            writeln!(formatter, "{SIGNATURE_MARK}{name} {encoded}")?;
        }
        Ok(())
    }
}

impl NoteSignature {
    fn is_of(&self, name: &str, hash: [u8; 4]) -> bool {
        self.name == name && self.key_hash == hash
    }

    fn parse(line: &str) -> Result<NoteSignature, NoteError> {
        let wrong = NoteError::NotASignature;
        let (name, encoded) =
            line.strip_prefix(SIGNATURE_MARK).and_then(|rest| rest.split_once(' ')).ok_or(wrong)?;
        let bytes = Base64::decode_vec(encoded).map_err(|_| wrong)?;
        let (key_hash, signature) = bytes.split_first_chunk().ok_or(wrong)?;
        if check_name(name).is_err() || signature.is_empty() {
            return Err(wrong);
        }
        Ok(NoteSignature { name: name.to_owned(), key_hash: *key_hash, signature: signature.to_vec() })
    }
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let bad = |character: char| character.is_whitespace() || character.is_control() || character == '+';
    if name.is_empty() || name.contains(bad) { Err(NoteError::BadName) } else { Ok(()) }
}

/// The hash that tells keys of one name apart.
fn key_hash(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(public).finalize();
    let [a, b, c, d, ..]: [u8; 32] = hash.into();
    [a, b, c, d]
}

fn join_key(name: &str, hash: [u8; 4], key: &[u8; 32]) -> String {
    let encoded = Base64::encode_string(&[&[ED25519], key.as_slice()].concat());
    format!("{name}+{}+{encoded}", hex::encode(hash))
}

fn split_key(text: &str, wrong: NoteError) -> Result<(&str, [u8; 4], [u8; 32]), NoteError> {
    let (name, rest) = text.split_once('+').ok_or(wrong)?;
    let (hash, encoded) = rest.split_once('+').ok_or(wrong)?;
    check_name(name)?;
    let hash = hex::decode(hash).ok().and_then(|hash| hash.try_into().ok()).ok_or(wrong)?;
    let bytes = Base64::decode_vec(encoded).map_err(|_| wrong)?;
    match bytes.split_first() {
        Some((&ED25519, key)) => Ok((name, hash, key.try_into().map_err(|_| wrong)?)),
        Some(_) => Err(NoteError::UnknownKind),
        None => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the specification and of Go's `sumdb/note`.
    const PRIVATE: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_known_note_is_signed_and_checked() {
        let signer = SignerKey::from_text(PRIVATE).unwrap();
        assert_eq!((signer.to_text().as_str(), signer.name()), (PRIVATE, "PeterNeumann"));
        assert_eq!(signer.verifier().to_string(), PUBLIC);
        let verifier = VerifierKey::from_text(&format!("{PUBLIC}\n")).unwrap();
        assert_eq!(verifier, signer.verifier());
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert!(note.is_signed_by(&verifier, &[]));
        assert_eq!(note.to_string(), NOTE);
        let mut again = Note::new(note.text.clone());
        assert!(!again.is_signed_by(&verifier, &[]));
        again.sign(&signer);
        assert_eq!(again, note);
    }

    #[test]
    fn another_text_key_or_name_is_not_signed() {
        let verifier = VerifierKey::from_text(PUBLIC).unwrap();
        let edited = Note::parse(NOTE.replace("don't", "do").as_bytes()).unwrap();
        assert!(!edited.is_signed_by(&verifier, &[]));
        let other = SignerKey::generate("PeterNeumann").unwrap();
        let mut note = Note::parse(NOTE.as_bytes()).unwrap();
        assert!(!note.is_signed_by(&other.verifier(), &[]));
        note.sign(&other);
        let note = Note::parse(note.to_string().as_bytes()).unwrap();
        assert!(note.is_signed_by(&other.verifier(), &[]) && note.is_signed_by(&verifier, &[]));
        assert_eq!(note.names().collect::<Vec<_>>(), ["PeterNeumann"; 2]);
    }

    #[test]
    fn a_note_without_signatures_is_one() {
        let note = Note::new("text\n".to_owned());
        assert_eq!(note.to_string(), "text\n\n");
        assert_eq!(Note::parse(b"text\n\n"), Ok(note));
    }

    #[test]
    fn what_is_no_note_or_key_is_refused() {
        for bad in ["", "\n", "\n\n", "text", "text\n", "a\r\n\n", "text\n\nx\n", "text\n\n\u{2014} a\n"] {
            assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(Note::parse(b"\xff\n\n").is_err());
        for bad in ["", "a", "a+b", "a+00000000+AQ==", "+c74f20a3+ARpc", "a b+c74f20a3+ARpc"] {
            assert!(VerifierKey::from_text(bad).is_err(), "{bad:?}");
            assert!(SignerKey::from_text(&format!("PRIVATE+KEY+{bad}")).is_err(), "{bad:?}");
        }
        let renamed = PUBLIC.replace("Peter", "Petra");
        assert_eq!(VerifierKey::from_text(&renamed), Err(NoteError::WrongHash));
        assert!(matches!(SignerKey::from_text(PUBLIC), Err(NoteError::NotAKey { private: true })));
        assert_eq!(SignerKey::generate("a b").unwrap_err(), NoteError::BadName);
        assert!(!format!("{:?}", SignerKey::from_text(PRIVATE).unwrap()).contains("AYEK"));
    }
}

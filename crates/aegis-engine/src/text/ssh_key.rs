//! SSH public keys, as OpenSSH writes them on a line: read strictly, so that two texts of one key are one.

use base64ct::{Base64, Encoding as _};

/// The longest line of a key that is read, in bytes.
const MAX_LINE: usize = 16 << 10;
/// How short and how long an RSA key may be, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// How long its exponent may be, in bits.
const MAX_RSA_EXPONENT_BITS: usize = 33;
/// A type of key that is known and not read.
const P521: &str = "ecdsa-sha2-nistp521";

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SshKey {
    /// Its type and its bytes in base 64, without a comment.
    pub(crate) line: String,
    /// Whether it is that of a security key, whose signatures can prove a touch.
    pub(crate) is_security_key: bool,
}

/// Why a text is no public key that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SshKeyProblem {
    /// It is a private key.
    Private,
    /// It names a file.
    Path,
    /// It is a certificate.
    Certificate,
    /// It begins with options, or with something else before the type.
    Options,
    /// Its type is not one that is read.
    UnknownType,
    /// It has a type and nothing behind it.
    NoKey,
    /// What is behind the type is not base 64, or more than one blank is before it.
    NotBase64,
    /// Its bytes are those of a key of another type.
    OtherType,
    /// Its bytes are no key of its type.
    Malformed,
    /// It is an RSA key that is too short.
    Short,
    /// It is an RSA key that is too long.
    Long,
    /// It is of a curve by which no signature is verified here.
    Curve,
}

impl SshKeyProblem {
    pub(crate) const fn message(self) -> &'static str {
        match self {
            SshKeyProblem::Private => "this is a private key, which nobody else must ever see",
            SshKeyProblem::Path => "this is the name of a file, and no key",
            SshKeyProblem::Certificate => "this is a certificate, and no key",
            SshKeyProblem::Options => "something stands before the type of the key",
            SshKeyProblem::UnknownType => "this is no type of SSH key that can sign an answer",
            SshKeyProblem::NoKey => "there is no key behind its type",
            SshKeyProblem::NotBase64 => "what stands behind the type is not a key in base 64",
            SshKeyProblem::OtherType => "the key itself says that it is of another type",
            SshKeyProblem::Malformed => "the key is damaged: its bytes are no key of this type",
            SshKeyProblem::Short => "the RSA key has less than 2048 bits",
            SshKeyProblem::Long => "the RSA key has more than 8192 bits",
            SshKeyProblem::Curve => "signatures by keys of the curve P-521 are not verified",
        }
    }

    pub(crate) const fn help(self) -> &'static str {
        match self {
            SshKeyProblem::Private => {
                "make a new key with `ssh-keygen -t ed25519`, and write the line of its `.pub` file"
            }
            SshKeyProblem::Path => "write the line that stands in that file",
            SshKeyProblem::Certificate => "write the line of the `.pub` file that it was made for",
            SshKeyProblem::Options => "begin with the type, as the `.pub` file does: `ssh-ed25519 AAAA…`",
            SshKeyProblem::UnknownType
            | SshKeyProblem::Short
            | SshKeyProblem::Long
            | SshKeyProblem::Curve => {
                "use a key of type `ssh-ed25519`, `sk-ssh-ed25519@openssh.com`, `ecdsa-sha2-nistp256` or \
                 `ssh-rsa` with 2048 to 8192 bits"
            }
            SshKeyProblem::NoKey
            | SshKeyProblem::NotBase64
            | SshKeyProblem::OtherType
            | SshKeyProblem::Malformed => "copy the line of the `.pub` file anew, whole and on one line",
        }
    }
}

/// What the bytes of a key hold behind its type.
#[derive(Clone, Copy)]
enum Form {
    Ed25519,
    /// A point of the curve of this name and with coordinates of so many bytes.
    Ecdsa(&'static str, usize),
    Rsa,
}

/// The types that are read: whether keys of it are security keys, and what they hold.
const TYPES: [(&str, bool, Form); 6] = [
    ("ssh-ed25519", false, Form::Ed25519),
    ("sk-ssh-ed25519@openssh.com", true, Form::Ed25519),
    ("ecdsa-sha2-nistp256", false, Form::Ecdsa("nistp256", 32)),
    ("sk-ecdsa-sha2-nistp256@openssh.com", true, Form::Ecdsa("nistp256", 32)),
    ("ecdsa-sha2-nistp384", false, Form::Ecdsa("nistp384", 48)),
    ("ssh-rsa", false, Form::Rsa),
];

impl SshKey {
    /// Reads a line `TYPE BASE64`, perhaps with a blank and a comment behind it.
    pub(crate) fn parse(text: &str) -> Result<SshKey, SshKeyProblem> {
        if text.contains("PRIVATE KEY") {
            return Err(SshKeyProblem::Private);
        }
        let mut parts = text.splitn(3, ' ');
        let kind = parts.next().unwrap_or_default();
        let Some((_, is_security_key, form)) = TYPES.into_iter().find(|(known, ..)| *known == kind) else {
            return Err(not_a_type(text, kind));
        };
        let written = parts.next().filter(|written| !written.is_empty()).ok_or(SshKeyProblem::NoKey)?;
        if text.len() > MAX_LINE || text.contains(['\n', '\r']) {
            return Err(SshKeyProblem::NotBase64);
        }
        let bytes = Base64::decode_vec(written).map_err(|_| SshKeyProblem::NotBase64)?;
        let mut bytes = Bytes(&bytes);
        if bytes.string().ok_or(SshKeyProblem::Malformed)? != kind.as_bytes() {
            return Err(SshKeyProblem::OtherType);
        }
        bytes.key(form)?;
        // A security key names what it may be used for.
        if is_security_key && bytes.string().is_none_or(<[u8]>::is_empty) {
            return Err(SshKeyProblem::Malformed);
        }
        if !bytes.0.is_empty() {
            return Err(SshKeyProblem::Malformed);
        }
        Ok(SshKey { line: format!("{kind} {written}"), is_security_key })
    }
}

/// What a text is that begins with no type of a key.
fn not_a_type(text: &str, kind: &str) -> SshKeyProblem {
    let is_type = |word: &str| TYPES.iter().any(|(known, ..)| *known == word);
    if kind.contains("-cert-v0") {
        SshKeyProblem::Certificate
    } else if kind == P521 {
        SshKeyProblem::Curve
    } else if text.split([' ', '\t', '"', ',']).skip(1).any(is_type) {
        SshKeyProblem::Options
    } else if kind.starts_with(['/', '~', '.']) || kind.to_ascii_lowercase().ends_with(".pub") {
        SshKeyProblem::Path
    } else {
        SshKeyProblem::UnknownType
    }
}

/// Bytes that are read from the front (RFC 4251, section 5).
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    /// So many bytes behind their number.
    fn string(&mut self) -> Option<&'b [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (string, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(string)
    }

    /// A positive number without leading zeros, in bits.
    fn number_bits(&mut self) -> Option<usize> {
        let bytes = self.string()?;
        let digits = match bytes {
            [0, rest @ ..] => rest.first().filter(|first| **first >= 0x80).map(|_| rest)?,
            [first, ..] if *first < 0x80 => bytes,
            _ => return None,
        };
        let leading = digits.first()?.leading_zeros();
        Some(digits.len() * 8 - usize::try_from(leading).ok()?)
    }

    /// What a key of this form holds.
    fn key(&mut self, form: Form) -> Result<(), SshKeyProblem> {
        let holds = match form {
            Form::Ed25519 => self.string().is_some_and(|key| key.len() == 32),
            Form::Ecdsa(curve, size) => {
                self.string() == Some(curve.as_bytes())
                    && self
                        .string()
                        .is_some_and(|point| point.first() == Some(&4) && point.len() == 1 + 2 * size)
            }
            Form::Rsa => {
                let exponent = self.number_bits().ok_or(SshKeyProblem::Malformed)?;
                let modulus = self.number_bits().ok_or(SshKeyProblem::Malformed)?;
                if modulus < *RSA_BITS.start() {
                    return Err(SshKeyProblem::Short);
                }
                if modulus > *RSA_BITS.end() {
                    return Err(SshKeyProblem::Long);
                }
                (2..=MAX_RSA_EXPONENT_BITS).contains(&exponent)
            }
        };
        holds.then_some(()).ok_or(SshKeyProblem::Malformed)
    }
}

#[cfg(test)]
mod tests;

//! Names that look as if a secret stood under them.
//!
//! A name is split into words: at everything that is no ASCII letter, and where its capitals say so
//! (`dbPassword`, `APIKey`). Some words are secret wherever they stand, others only at the end, alone or
//! beside another word. What stands behind may make it harmless: `token_count` counts, `secret_name` names.
//! In doubt it is a secret: in a record, a digest too many costs less than a password.

/// How many letters of a word are looked at: its last ones, and more than any word below has.
const LETTERS: usize = 16;

/// Whether a parameter of this name is secret in every policy.
///
/// ```
/// use aegis_engine::looks_secret;
/// assert!(looks_secret("dbPassword") && looks_secret("X-Api-Key") && looks_secret("AWS_SECRET_ACCESS_KEY"));
/// assert!(!looks_secret("max_tokens") && !looks_secret("author"));
/// ```
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    let mut name_of = Name::default();
    let mut bytes = name.bytes().peekable();
    let (mut before, mut separated) = (0_u8, true);
    while let Some(byte) = bytes.next() {
        if byte.is_ascii_alphabetic() {
            let next_is_lower = bytes.peek().is_some_and(u8::is_ascii_lowercase);
            // In `dbPassword` a word begins at a capital; in `APIKey` at the last of several.
            let begins = byte.is_ascii_uppercase() && (before.is_ascii_lowercase() || next_is_lower);
            if begins && !separated {
                name_of.end_word();
            }
            name_of.push(byte.to_ascii_lowercase());
            separated = false;
        } else {
            name_of.end_run();
            separated = true;
        }
        before = byte;
    }
    name_of.end_run();
    name_of.is_secret()
}

/// The end of some letters.
#[derive(Clone, Copy, Default)]
struct Word {
    letters: [u8; LETTERS],
    length: usize,
}

impl Word {
    fn push(&mut self, letter: u8) {
        if self.length == LETTERS {
            self.letters.rotate_left(1);
            self.length -= 1;
        }
        if let Some(place) = self.letters.get_mut(self.length) {
            *place = letter;
            self.length += 1;
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

/// What is known of a name that is read from its beginning.
#[derive(Default)]
struct Name {
    /// The letters since the last separator, whatever their capitals say: `PassWord` is a password.
    run: Word,
    word: Word,
    previous: Word,
    /// How many words there are.
    words: usize,
    /// The last word that told of a secret, counted from 1.
    secret: usize,
    starts_harmless: bool,
}

impl Name {
    fn push(&mut self, letter: u8) {
        self.run.push(letter);
        self.word.push(letter);
    }

    fn end_word(&mut self) {
        let word = self.word.as_bytes();
        if word.is_empty() {
            return;
        }
        self.words += 1;
        if self.words == 1 {
            self.starts_harmless = makes_harmless_in_front(word);
        }
        if is_secret(word) || are_secret(self.previous.as_bytes(), word) {
            self.secret = self.words;
        }
        self.previous = std::mem::take(&mut self.word);
    }

    fn end_run(&mut self) {
        self.end_word();
        if ends_secret(self.run.as_bytes()) {
            self.secret = self.words;
        }
        self.run = Word::default();
    }

    fn is_secret(&self) -> bool {
        let last = self.previous.as_bytes();
        if is_secret_at_the_end(last) || (self.words == 1 && is_secret_alone(last)) {
            return true;
        }
        let harmless_behind = self.secret < self.words && makes_harmless_behind(last);
        self.secret > 0 && !self.starts_harmless && !harmless_behind
    }
}

/// Words that tell of a secret wherever they stand.
fn is_secret(word: &[u8]) -> bool {
    matches!(
        word,
        b"password"
            | b"passwords"
            | b"passwd"
            | b"pwd"
            | b"passphrase"
            | b"passphrases"
            | b"passcode"
            | b"secret"
            | b"secrets"
            | b"token"
            | b"credential"
            | b"credentials"
            | b"creds"
            | b"authorization"
            | b"bearer"
            | b"jwt"
            | b"otp"
            | b"otps"
            | b"totp"
            | b"hotp"
            | b"cvv"
            | b"cvc"
            | b"ssn"
            | b"mnemonic"
    )
}

/// Words in which a secret is written together with what it is for, such as `dbpassword` and `clientsecret`.
fn ends_secret(run: &[u8]) -> bool {
    const ENDS: [&[u8]; 23] = [
        b"password",
        b"passwords",
        b"passwd",
        b"pwd",
        b"passphrase",
        b"passcode",
        b"secret",
        b"secrets",
        b"token",
        b"credential",
        b"credentials",
        b"apikey",
        b"apikeys",
        b"accesskey",
        b"secretkey",
        b"privatekey",
        b"signingkey",
        b"encryptionkey",
        b"masterkey",
        b"sshkey",
        b"cardnumber",
        b"sessioncookie",
        b"authheader",
    ];
    // A name that ends in another letter needs no closer look.
    matches!(run.last(), Some(b'd' | b's' | b'e' | b't' | b'n' | b'l' | b'y' | b'r'))
        && ENDS.iter().any(|end| run.ends_with(end))
}

/// Words that tell of a secret together.
fn are_secret(first: &[u8], second: &[u8]) -> bool {
    match second {
        b"key" | b"keys" => matches!(
            first,
            b"api"
                | b"access"
                | b"private"
                | b"encryption"
                | b"decryption"
                | b"signing"
                | b"master"
                | b"shared"
                | b"ssh"
                | b"account"
                | b"deploy"
                | b"license"
                | b"licence"
                | b"hmac"
                | b"aes"
                | b"rsa"
                | b"pgp"
                | b"gpg"
                | b"session"
                | b"auth"
                | b"subscription"
                | b"webhook"
        ),
        // Elsewhere, tokens are what language models are paid by.
        b"tokens" => matches!(
            first,
            b"access"
                | b"refresh"
                | b"auth"
                | b"oauth"
                | b"api"
                | b"session"
                | b"bearer"
                | b"id"
                | b"csrf"
                | b"xsrf"
                | b"personal"
                | b"device"
                | b"deploy"
                | b"reset"
        ),
        b"word" | b"words" | b"wd" | b"phrase" | b"phrases" => {
            first == b"pass" || (second.starts_with(b"phrase") && matches!(first, b"seed" | b"recovery"))
        }
        b"code" | b"codes" => matches!(
            first,
            b"pass"
                | b"security"
                | b"verification"
                | b"auth"
                | b"authentication"
                | b"recovery"
                | b"backup"
                | b"mfa"
                | b"fa"
                | b"sms"
                | b"pin"
                | b"access"
                | b"login"
                | b"activation"
                | b"reset"
        ),
        b"cookie" | b"cookies" => matches!(
            first,
            b"session" | b"auth" | b"set" | b"login" | b"http" | b"csrf" | b"xsrf" | b"sso" | b"remember"
        ),
        b"header" | b"headers" => matches!(first, b"auth" | b"authentication"),
        b"auth" => matches!(first, b"basic" | b"http" | b"proxy" | b"x" | b"docker" | b"registry" | b"smtp"),
        b"number" | b"numbers" | b"num" | b"no" | b"nr" => matches!(first, b"card" | b"cc" | b"pin"),
        b"card" | b"cards" => matches!(first, b"credit" | b"debit"),
        b"security" => first == b"social",
        b"string" => first == b"connection",
        b"block" => first == b"pin",
        // A secret's name is none, but the identifier of an application's secret is one.
        b"id" | b"ids" => first == b"secret",
        b"pass" => matches!(
            first,
            b"user"
                | b"db"
                | b"database"
                | b"mysql"
                | b"postgres"
                | b"pg"
                | b"redis"
                | b"mongo"
                | b"smtp"
                | b"imap"
                | b"ftp"
                | b"ldap"
                | b"mail"
                | b"email"
                | b"root"
                | b"admin"
                | b"login"
                | b"sudo"
        ),
        _ => false,
    }
}

/// Words that tell of a secret where nothing follows them.
fn is_secret_at_the_end(word: &[u8]) -> bool {
    matches!(word, b"pin" | b"pins" | b"pan" | b"csc")
}

/// Words that tell of a secret where they are the whole name.
fn is_secret_alone(word: &[u8]) -> bool {
    matches!(
        word,
        b"auth" | b"pass" | b"cookie" | b"cookies" | b"userpass" | b"dbpass" | b"creditcard" | b"cardno"
    )
}

/// What such a word in front of a secret asks, or counts.
fn makes_harmless_in_front(word: &[u8]) -> bool {
    matches!(
        word,
        b"max"
            | b"min"
            | b"num"
            | b"total"
            | b"count"
            | b"has"
            | b"is"
            | b"requires"
            | b"needs"
            | b"remaining"
    )
}

/// What is known of a secret, and is not the secret.
fn makes_harmless_behind(word: &[u8]) -> bool {
    matches!(
        word,
        b"count"
            | b"counts"
            | b"length"
            | b"len"
            | b"size"
            | b"type"
            | b"types"
            | b"kind"
            | b"used"
            | b"usage"
            | b"limit"
            | b"limits"
            | b"budget"
            | b"policy"
            | b"endpoint"
            | b"expires"
            | b"expiry"
            | b"expiration"
            | b"expired"
            | b"ttl"
            | b"age"
            | b"in"
            | b"at"
            | b"enabled"
            | b"required"
            | b"allowed"
            | b"format"
            | b"algorithm"
            | b"alg"
            | b"version"
            | b"status"
            | b"id"
            | b"ids"
            | b"name"
            | b"names"
            | b"last"
            | b"brand"
            | b"network"
            | b"country"
            | b"currency"
            | b"strength"
            | b"rotation"
            | b"manager"
            | b"provider"
            | b"backend"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Separated by white space.
    const SECRET: &str = "
        password PASSWORD Password passwd pwd pass passphrase pass_phrase PassWord dbPassword
        db_password DB_PASSWORD db-password db.password dbpassword DBPASSWORD password1 password2_old
        newPassword password_confirmation password_hash passwords secret secrets client_secret
        clientSecret CLIENTSECRET secret_id shared-secret token access_token accessToken refresh_token
        access_tokens authToken x-auth-token github_token GITHUB_TOKEN id_token csrf-token tokenValue
        oauth2Token accesstoken api_key apikey api-key apiKey APIKey APIkey API_KEY X-Api-Key x_apikey
        api_keys openai_api_key apikey2 Authorization authorization proxy-authorization auth auth_header
        authHeader authHeaders basic_auth bearer bearerToken credential credentials aws_credentials
        creds private_key privateKey private-key-pem ssh_private_key access_key AWS_SECRET_ACCESS_KEY
        aws_session_token awsSecretAccessKey secretKey signing_key session_cookie sessionCookie
        session-cookies Set-Cookie Cookie cookies otp otp_code totpCode pin card_pin PIN pin_code cvv
        cvv2 CVC card_cvv ssn user_ssn social_security_number card_number cardNumber card-number
        credit_card creditCardNumber debitCard cc_number cardnumber pan mfa_code 2fa_code recovery_codes
        jwt JWT connection_string seed_phrase smtp_pass dbPass params[password] user/password
        пароль_password
    ";

    /// Likewise.
    const HARMLESS: &str = "
        _ 42 id name tokens_used max_tokens maxTokens MAX_TOKENS max_token tokens token_count tokenCount
        total_tokens prompt_tokens completion_tokens token_limit tokenizer tokenize token_type author
        authors authority authorId authenticated passenger passengers passenger_name passage compass
        bypass pass_rate boarding_pass secretary secretariat secret_name pinned pinned_message
        pin_message spinner opinion mapping panel japan company expand keyboard key keys primary_key
        foreign_key public_key partition_key sort_key monkey option otpauth adopt optional cookie_banner
        cookie_consent accept_cookies has_password is_secret requires_token password_length
        password_policy password_changed_at token_expires_in access_key_id card_type card_brand
        card_last4 credit_card_type credit_limit discard cardinality number country_code zip_code
        status_code code header headers session session_id sessionId word words keyword crossword
        wordpress phrase connection string account account_number classname assn lesson
        secretsManagerProvider tokenIn
    ";

    #[test]
    fn names_of_secrets_are_recognised_however_they_are_written() {
        for name in SECRET.split_whitespace().chain(["PRIVATE KEY", "my password", " token "]) {
            assert!(looks_secret(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_alike_are_not() {
        for name in HARMLESS.split_whitespace().chain(["", " ", "key of the house"]) {
            assert!(!looks_secret(name), "{name}");
        }
    }

    #[test]
    fn long_names_are_read_to_their_end() {
        assert!(looks_secret(&format!("{}_password", "x".repeat(10_000))));
        assert!(looks_secret(&format!("{}password", "x".repeat(10_000))));
        assert!(looks_secret(&format!("password_{}", "x".repeat(10_000))));
        assert!(!looks_secret(&"x_".repeat(10_000)));
    }
}

//! Names that look as if a secret stood under them.
//!
//! A name is split into words: at everything that is no ASCII letter, and where its capitals say so
//! (`dbPassword`, `APIKey`). Some words are secret wherever they stand, others only at the end, alone or
//! beside another word. What stands behind may make it harmless: `token_count` counts, `secret_name` names.
//! So may what stands in front: `next_token` is a place in a list. In doubt it is a secret: in a record, a
//! digest too many costs less than a password.

mod folding;
mod pairs;
mod services;
mod words;

use folding::{is_secret_elsewhere, to_ascii};
use pairs::are_secret;
use words::{
    ends_secret, is_secret, is_secret_alone, is_secret_at_the_end, makes_harmless_behind,
    makes_harmless_in_front, makes_paging,
};

/// How many letters of a word are looked at: its last ones, and more than any word of the tables has.
const LETTERS: usize = 24;

/// Whether a parameter of this name is secret in every policy.
///
/// ```
/// use aegis_engine::looks_secret;
/// assert!(looks_secret("dbPassword") && looks_secret("X-Api-Key") && looks_secret("AWS_SECRET_ACCESS_KEY"));
/// assert!(looks_secret("DATABASE_URL") && looks_secret("stripe_key") && looks_secret("contraseña"));
/// assert!(!looks_secret("max_tokens") && !looks_secret("nextToken") && !looks_secret("author"));
/// ```
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    if name.is_ascii() {
        return is_secret_in_ascii(name);
    }
    is_secret_in_ascii(&to_ascii(name)) || is_secret_elsewhere(name)
}

fn is_secret_in_ascii(name: &str) -> bool {
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

    /// A word that is no longer than one can be.
    fn of(word: &[u8]) -> Word {
        let mut letters = [0; LETTERS];
        let length = word.len().min(LETTERS);
        for (place, letter) in letters.iter_mut().zip(word) {
            *place = *letter;
        }
        Word { letters, length }
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
    /// How many of them belong to the word that is not ended yet.
    length: usize,
    previous: Word,
    /// How many words there are.
    words: usize,
    /// The last word that told of a secret, counted from 1.
    secret: usize,
    starts_harmless: bool,
    /// Whether the last word is that of a place in a list.
    is_place: bool,
}

impl Name {
    fn push(&mut self, letter: u8) {
        self.run.push(letter);
        self.length += 1;
    }

    fn end_word(&mut self) {
        if self.length == 0 {
            return;
        }
        // It is the end of the run.
        let run = self.run.as_bytes();
        let word = run.get(run.len().saturating_sub(self.length)..).unwrap_or_default();
        self.words += 1;
        if self.words == 1 {
            self.starts_harmless = makes_harmless_in_front(word);
        }
        let previous = self.previous.as_bytes();
        self.is_place = word == b"token" && makes_paging(previous);
        if (is_secret(word) && !self.is_place) || are_secret(previous, word) {
            self.secret = self.words;
        }
        self.previous = Word::of(word);
        self.length = 0;
    }

    fn end_run(&mut self) {
        self.end_word();
        if !self.is_place && ends_secret(self.run.as_bytes()) {
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
        GH_PAT GITHUB_PAT azure-devops-pat ghPat pat stripe_key stripeKey STRIPEKEY openaiKey OpenAIKey
        OPENAIKEY anthropic_key sendgrid_key sendgridKey twilioKey aws_key googleKey hf_key server_key
        tls_key app_key DATABASE_URL databaseUrl database_uri DB_URL REDIS_URL MONGO_URI mongodb_uri
        postgres_url AMQP_URL CELERY_BROKER_URL jdbc_url SQLALCHEMY_DATABASE_URI slack_webhook_url dsn DSN
        sentry_dsn SENTRYDSN connectionString CONNECTIONSTRING conn_str connStr kubeconfig KUBECONFIG
        kube_config kubeConfig .netrc _netrc netrc .pgpass pgpass .htpasswd htpasswd .npmrc .pypirc
        .dockerconfigjson service_account_json keytab id_rsa id_ed25519 private_key_pem SharedAccessKey
        Passwort passwort db_passwort dbPasswort DBPASSWORT Kennwort kennwort geheimnis contraseña
        contrasen\u{303}a CONTRASEÑA contrasena mot_de_passe motdepasse motDePasse mot-de-passe senha senhas
        пароль ПАРОЛЬ пароля секрет 密码 用户密码 密碼 密钥 パスワード ハ\u{309a}スワート\u{3099} ﾊﾟｽﾜｰﾄﾞ 暗証番号
        비밀번호 סיסמה hasło HASŁO haslo heslo wachtwoord lösenord lo\u{308}senord LÖSENORD salasana
        parola jelszó adgangskode şifre mật_khẩu ｐａｓｓｗｏｒｄ ＰＡＳＳＷＯＲＤ ａｐｉ＿ｋｅｙ pässword pw db_pw
        passkey page_password next_auth_token page_access_token nextPageSecret token_page
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
        nextToken next_token nexttoken NextToken NEXT_TOKEN next_page_token nextPageToken pageToken
        page_token pagetoken PAGE_TOKEN pagination_token paginationToken continuation_token
        continuationToken NextContinuationToken cursor cursor_token tokenCursor end_cursor sync_token
        syncToken nextSyncToken resume_token delta_token skiptoken $skiptoken startingToken
        stripe_publishable_key stripe_public_key google_maps_url base_url url uri callback_url database
        database_name database_host redis_host pattern path patient config pat_id monkeys tokenised
        größe straße clé schlüssel 名前 имя naïve cache_key idempotency_key object_key s3_key sortKey
        partitionKey contrast sender senator
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

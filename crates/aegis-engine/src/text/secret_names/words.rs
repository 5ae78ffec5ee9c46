//! Words that tell of a secret by themselves, and words that take that back.

use super::services::is_service;

/// Words that tell of a secret wherever they stand. Files that are nothing but credentials are among them,
/// and passwords in other languages, their letters without marks.
pub(super) fn is_secret(word: &[u8]) -> bool {
    match word.first() {
        Some(b'a') => matches!(word, b"authorization" | b"authorisation" | b"adgangskode"),
        Some(b'b') => matches!(word, b"bearer"),
        Some(b'c') => matches!(
            word,
            b"credential"
                | b"credentials"
                | b"creds"
                | b"cvv"
                | b"cvc"
                | b"contrasena"
                | b"contrasenas"
                | b"contrasenya"
        ),
        Some(b'd') => matches!(word, b"dockerconfigjson"),
        Some(b'g') => matches!(word, b"geheimnis" | b"geslo"),
        Some(b'h') => matches!(word, b"hotp" | b"htpasswd" | b"haslo" | b"heslo"),
        Some(b'j') => matches!(word, b"jwt" | b"jwts" | b"jelszo" | b"jsessionid"),
        Some(b'k') => matches!(word, b"kubeconfig" | b"kubeconfigs" | b"keytab" | b"kennwort"),
        Some(b'l') => matches!(word, b"losenord" | b"lozinka"),
        Some(b'm') => matches!(word, b"mnemonic" | b"motdepasse" | b"mdp" | b"matkhau"),
        Some(b'n') => matches!(word, b"netrc" | b"npmrc"),
        Some(b'o') => matches!(word, b"otp" | b"otps"),
        Some(b'p') => matches!(
            word,
            b"password"
                | b"passwords"
                | b"passwd"
                | b"pwd"
                | b"passphrase"
                | b"passphrases"
                | b"passcode"
                | b"passcodes"
                | b"passkey"
                | b"passkeys"
                | b"pswd"
                | b"passw"
                | b"pgpass"
                | b"pypirc"
                | b"privkey"
                | b"phpsessid"
                | b"passwort"
                | b"passworter"
                | b"passord"
                | b"parola"
        ),
        Some(b's') => matches!(
            word,
            b"secret" | b"secrets" | b"ssn" | b"senha" | b"senhas" | b"salasana" | b"sifre" | b"segredo"
        ),
        Some(b't') => matches!(word, b"token" | b"totp"),
        Some(b'w') => matches!(word, b"wachtwoord" | b"wachtwoorden"),
        _ => false,
    }
}

/// Words in which a secret is written together with what it is for, such as `dbpassword` and `clientsecret`.
pub(super) fn ends_secret(run: &[u8]) -> bool {
    // A name that ends in another letter needs no closer look.
    let ends: &[&[u8]] = match run.last() {
        Some(b'd') => &[b"password", b"passwd", b"pwd", b"wachtwoord", b"losenord", b"passord"],
        Some(b's') => &[b"passwords", b"secrets", b"apikeys", b"credentials"],
        Some(b'e') => &[b"passphrase", b"passcode", b"sessioncookie", b"motdepasse"],
        Some(b't') => &[b"secret", b"passwort", b"kennwort"],
        Some(b'l') => &[b"credential", b"databaseurl", b"redisurl", b"postgresurl", b"mysqlurl", b"dburl"],
        Some(b'i') => &[b"databaseuri", b"mongouri", b"mongodburi"],
        Some(b'g') => &[b"connectionstring", b"connstring", b"kubeconfig"],
        Some(b'n') => &[b"token", b"dsn"],
        Some(b'r') => &[b"cardnumber", b"authheader", b"connstr"],
        Some(b'a') => &[b"contrasena", b"senha"],
        Some(b'y') => &[
            b"apikey",
            b"accesskey",
            b"secretkey",
            b"privatekey",
            b"signingkey",
            b"encryptionkey",
            b"masterkey",
            b"sshkey",
            b"authkey",
        ],
        _ => return false,
    };
    (ends.iter().any(|end| run.ends_with(end)) && !is_paging_token(run))
        || run.strip_suffix(b"key").is_some_and(is_service)
}

/// Whether a token is no secret, but a place in a list: `nexttoken`, `pagetoken`.
fn is_paging_token(run: &[u8]) -> bool {
    const PAGING: [&[u8]; 11] = [
        b"next",
        b"page",
        b"pagination",
        b"paging",
        b"continuation",
        b"continue",
        b"cursor",
        b"sync",
        b"resume",
        b"delta",
        b"skip",
    ];
    run.strip_suffix(b"token").is_some_and(|front| PAGING.iter().any(|word| front.ends_with(word)))
}

/// Words in front of `token` that make it a place in a list: whoever has it can read on, and no more.
pub(super) fn makes_paging(word: &[u8]) -> bool {
    matches!(
        word,
        b"next"
            | b"page"
            | b"pagination"
            | b"paging"
            | b"continuation"
            | b"continue"
            | b"cursor"
            | b"sync"
            | b"resume"
            | b"delta"
            | b"skip"
            | b"scroll"
            | b"starting"
            | b"previous"
            | b"prev"
    )
}

/// Words that tell of a secret where nothing follows them.
pub(super) fn is_secret_at_the_end(word: &[u8]) -> bool {
    matches!(word, b"pin" | b"pins" | b"pan" | b"csc" | b"pat" | b"pats" | b"dsn" | b"pw" | b"psw")
}

/// Words that tell of a secret where they are the whole name.
pub(super) fn is_secret_alone(word: &[u8]) -> bool {
    matches!(
        word,
        b"auth"
            | b"pass"
            | b"cred"
            | b"cookie"
            | b"cookies"
            | b"userpass"
            | b"dbpass"
            | b"creditcard"
            | b"cardno"
            | b"clave"
            | b"ghpat"
    )
}

/// What such a word in front of a secret asks, or counts.
pub(super) fn makes_harmless_in_front(word: &[u8]) -> bool {
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
pub(super) fn makes_harmless_behind(word: &[u8]) -> bool {
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
            | b"cursor"
            | b"cursors"
    )
}

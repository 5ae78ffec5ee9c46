//! Names in other letters than those of ASCII: reduced to ASCII where they are Latin, looked up where not.

/// Secrets in other scripts, in lower case. Where one stands, the name is that of a secret.
const WORDS: [&str; 25] = [
    "парол",                      // Russian, Ukrainian, Bulgarian; without the ending
    "секрет",                     // Russian
    "токен",                      // Russian
    "лозинка",                    // Serbian, Macedonian
    "密码",                       // Chinese
    "密碼",                       // Chinese, traditional
    "口令",                       // Chinese
    "密钥",                       // Chinese
    "密鑰",                       // Chinese, traditional
    "令牌",                       // Chinese
    "パスワード",                 // Japanese
    "ハ\u{309a}スワート\u{3099}", // the same, decomposed
    "ﾊﾟｽﾜｰﾄﾞ",                      // the same, of half width
    "暗証番号",                   // Japanese
    "비밀번호",                   // Korean
    "암호",                       // Korean
    "كلمة المرور",                // Arabic
    "كلمة_المرور",                // the same, as one name
    "كلمة السر",                  // Arabic
    "סיסמה",                      // Hebrew
    "סיסמא",                      // Hebrew
    "รหัสผ่าน",                     // Thai
    "पासवर्ड",                     // Hindi
    "κωδικός",                    // Greek
    "κωδικος",                    // Greek
];

/// Whether a name tells of a secret in another script.
pub(super) fn is_secret_elsewhere(name: &str) -> bool {
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// The name in ASCII letters: without marks, and of one width. What has no such letter separates words.
pub(super) fn to_ascii(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '\u{300}'..='\u{36f}' => {}
            _ if character.is_ascii() => folded.push(character),
            '\u{ff01}'..='\u{ff5e}' => folded.push(narrow(character)),
            'ß' => folded.push_str("ss"),
            _ => match without_marks(character) {
                Some(letter) if character.is_uppercase() => folded.push(letter.to_ascii_uppercase()),
                Some(letter) => folded.push(letter),
                None => folded.push('\0'),
            },
        }
    }
    folded
}

/// The ASCII character of which this is the full-width form.
fn narrow(character: char) -> char {
    char::from_u32(u32::from(character).saturating_sub(0xfee0)).unwrap_or('\0')
}

/// The letter of which this one is made, in lower case.
fn without_marks(character: char) -> Option<char> {
    Some(match character {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' | 'Ạ'..='ặ' => 'a',
        'Ç' | 'ç' | 'Ć'..='č' => 'c',
        'Ď'..='đ' => 'd',
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' | 'Ẹ'..='ệ' => 'e',
        'Ĝ'..='ģ' => 'g',
        'Ĥ'..='ħ' => 'h',
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' | 'Ỉ'..='ị' => 'i',
        'Ĵ' | 'ĵ' => 'j',
        'Ķ' | 'ķ' => 'k',
        'Ĺ'..='ł' => 'l',
        'Ñ' | 'ñ' | 'Ń'..='ŉ' => 'n',
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' | 'Ọ'..='ợ' => 'o',
        'Ŕ'..='ř' => 'r',
        'Ś'..='š' | 'Ș' | 'ș' => 's',
        'Ţ'..='ŧ' | 'Ț' | 'ț' => 't',
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' | 'Ụ'..='ự' => 'u',
        'Ŵ' | 'ŵ' => 'w',
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' | 'Ỳ'..='ỹ' => 'y',
        'Ź'..='ž' => 'z',
        _ => return None,
    })
}

//! Every code is explained, and its examples are what they are said to be.

#[cfg(test)]
mod explanations {
    use std::fmt::Write as _;

    use aegis_engine::{Code, Source, lint, load};

    /// Codes that a short text cannot show.
    const WITHOUT_EXAMPLE: [Code; 4] =
        [Code::FileTooLarge, Code::NotUtf8, Code::YamlTooDeep, Code::YamlAliasExpansion];

    /// An example as a whole policy: rules alone are given the rest.
    fn policy(example: &str) -> String {
        if example.starts_with("version") {
            return example.to_owned();
        }
        let mut text = String::from("version: \"1\"\nrules:\n");
        for line in example.lines() {
            writeln!(text, "  {line}").unwrap();
        }
        text
    }

    fn codes(example: &str) -> Vec<Code> {
        let text = policy(example);
        let sources = [Source { text: text.as_bytes() }];
        let loaded = load(&sources);
        let found = lint(&loaded, &sources);
        loaded.diagnostics.iter().chain(&found).map(|found| found.code).collect()
    }

    #[test]
    fn every_wrong_example_has_its_finding_and_every_right_one_has_none() {
        let mut failed = String::new();
        for code in Code::ALL {
            let explanation = code.explanation();
            assert!(explanation.text.ends_with('.'), "{code}");
            if WITHOUT_EXAMPLE.contains(code) {
                continue;
            }
            let (wrong, right) = (codes(explanation.wrong), codes(explanation.right));
            if !wrong.contains(code) {
                writeln!(failed, "{code} is not in {wrong:?}: {}", explanation.wrong).unwrap();
            }
            if !right.is_empty() {
                writeln!(failed, "{code}: {right:?} in {}", explanation.right).unwrap();
            }
        }
        assert!(failed.is_empty(), "{failed}");
    }

    #[test]
    fn no_two_codes_share_an_explanation() {
        for (index, code) in Code::ALL.iter().enumerate() {
            let others = Code::ALL.iter().skip(index + 1);
            assert!(
                others.clone().all(|other| other.explanation().text != code.explanation().text),
                "{code}"
            );
        }
    }
}

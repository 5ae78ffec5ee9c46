//! The public YAML test suite: its valid documents can be read, and its invalid ones are refused.
//!
//! `yaml-test-suite/cases.jsonl` holds the names and inputs of <https://github.com/yaml/yaml-test-suite> (MIT,
//! see `LICENSE` there), and whether each is valid. No document of it is a policy; what counts is whether it
//! is refused for its YAML.

#[cfg(test)]
mod suite {
    use aegis_engine::{Code, Source, apply_fixes, load};
    use serde_json::Value;

    const CASES: &str = include_str!("yaml-test-suite/cases.jsonl");

    struct Case {
        id: String,
        name: String,
        valid: bool,
        yaml: String,
    }

    fn cases() -> Vec<Case> {
        let text = |case: &Value, key: &str| case[key].as_str().unwrap().to_owned();
        let cases = CASES.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        cases
            .map(|case| Case {
                id: text(&case, "id"),
                name: text(&case, "name"),
                valid: case["valid"].as_bool().unwrap(),
                yaml: text(&case, "yaml"),
            })
            .collect()
    }

    fn is_yaml(text: &str) -> bool {
        let loaded = load(&[Source { text: text.as_bytes() }]);
        loaded.diagnostics.iter().all(|found| found.code != Code::YamlSyntax)
    }

    #[test]
    fn valid_documents_are_read_and_invalid_ones_refused() {
        let cases = cases();
        assert!(cases.len() > 390 && cases.iter().filter(|case| !case.valid).count() > 90);
        let wrong: Vec<_> = cases
            .iter()
            .filter(|case| is_yaml(&case.yaml) != case.valid)
            .map(|case| format!("{} ({}), valid: {}", case.id, case.name, case.valid))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Whatever is written, an error of it has a help, and making its change does no harm to the reader.
    #[test]
    fn every_error_has_a_help_and_every_change_can_be_made() {
        for case in cases().iter().filter(|case| !case.valid) {
            let loaded = load(&[Source { text: case.yaml.as_bytes() }]);
            for found in &loaded.diagnostics {
                assert!(found.code != Code::YamlSyntax || found.help.is_some(), "{}", case.id);
            }
            let fixes = loaded.diagnostics.iter().filter_map(|found| found.fix.as_ref());
            let (mended, _) = apply_fixes(&case.yaml, fixes);
            let _ = load(&[Source { text: mended.as_bytes() }]);
        }
    }
}

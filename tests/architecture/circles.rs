//! No circle of files in any crate: whoever is named by a file does not name it, not even by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::sources::{bare_code, files_below};
use super::{FLOORS, KIT, at};

/// The place of a module in its crate: `["journal", "end"]`.
type Module = Vec<String>;

#[test]
fn no_files_stand_in_a_circle() {
    for name in FLOORS.map(|floor| floor.0).into_iter().chain([KIT]) {
        let arrows = arrows(&format!("crates/{name}/src"));
        assert!(arrows.len() > 15, "{name}");
        if let Some(circle) = circle(&arrows) {
            panic!("{name}: these files name each other in a circle: {circle:?}");
        }
    }
}

/// The engine's rooms, from the lowest: each names only those before it.
#[test]
fn the_rooms_of_the_engine_name_only_those_below() {
    let rooms = ["text", "decide", "language", "author"];
    for (from, names) in arrows("crates/aegis-engine/src") {
        let rank =
            |module: &Module| rooms.iter().position(|room| Some(*room) == module.first().map(String::as_str));
        for name in names {
            assert!(rank(&name) <= rank(&from), "{from:?} names {name:?}");
        }
    }
}

/// Which modules every module of a crate names. The crate's root is left out: it names all that is public.
fn arrows(folder: &str) -> BTreeMap<Module, BTreeSet<Module>> {
    let files = files_below(folder);
    let named: BTreeMap<Module, &Path> =
        files.iter().map(|path| (module_of(path, folder), path.as_path())).collect();
    let known: BTreeSet<Module> = named.keys().cloned().collect();
    named
        .iter()
        .filter(|(module, _)| !module.is_empty())
        .map(|(module, path)| {
            let mut names: BTreeSet<Module> =
                paths(&bare_code(path)).iter().filter_map(|path| resolve(module, path, &known)).collect();
            names.remove(module);
            names.remove(&Vec::new());
            (module.clone(), names)
        })
        .collect()
}

fn module_of(path: &Path, folder: &str) -> Module {
    let within = path.strip_prefix(at(folder)).unwrap().with_extension("");
    let module: Module = within.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module == ["lib"] { Vec::new() } else { module }
}

/// Every path in some code: what `use` names, and what is named in place.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(|character: char| character.is_alphabetic() || character == '_') {
        rest = &rest[start..];
        let word = rest.find(|character: char| !is_of_word(character)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(word);
        rest = after;
        if name == "use" {
            let (tree, after) = rest.split_once(';').unwrap_or((rest, ""));
            spread(&[], tree, &mut found);
            rest = after;
        } else if rest.starts_with("::") {
            let end =
                rest.find(|character: char| !is_of_word(character) && character != ':').unwrap_or(rest.len());
            let path = format!("{name}{}", &rest[..end]);
            found.push(path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect());
            rest = &rest[end..];
        }
    }
    found
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The paths of a tree as `use` has them: `a::{b, c::{d, e}}`.
fn spread(prefix: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    let (path, branches) = match tree.split_once('{') {
        None => (tree.split(" as ").next().unwrap_or(tree), None),
        Some((path, rest)) => (path, Some(rest.rsplit_once('}').map_or(rest, |(inner, _)| inner))),
    };
    let parts = path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned);
    let prefix: Vec<String> = prefix.iter().cloned().chain(parts).collect();
    let Some(branches) = branches else {
        found.push(prefix);
        return;
    };
    let (mut depth, mut from) = (0, 0);
    for (offset, character) in branches.char_indices().chain([(branches.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let branch = branches[from..offset].trim();
                if !branch.is_empty() {
                    spread(&prefix, branch, found);
                }
                from = (offset + 1).min(branches.len());
            }
            _ => {}
        }
    }
}

/// The module that a path in another one leads to, if it is of the same crate.
fn resolve(module: &Module, path: &[String], known: &BTreeSet<Module>) -> Option<Module> {
    let first = path.first()?.as_str();
    let absolute: Module = match first {
        "crate" => path[1..].to_vec(),
        "self" => [module.as_slice(), &path[1..]].concat(),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            [&module[..module.len().saturating_sub(ups)], &path[ups..]].concat()
        }
        _ => {
            let child = [module.as_slice(), &path[..1]].concat();
            known.contains(&child).then(|| [module.as_slice(), path].concat())?
        }
    };
    // The longest beginning that is a file; the rest is what it holds.
    (0..=absolute.len()).rev().map(|length| absolute[..length].to_vec()).find(|module| known.contains(module))
}

/// Some modules that name each other in a circle, if there are any.
fn circle(arrows: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut left = arrows.clone();
    // Whoever names nobody that is left is in no circle.
    while let Some(free) = left.iter().find(|(_, names)| names.iter().all(|name| !left.contains_key(name))) {
        let free = free.0.clone();
        left.remove(&free);
    }
    let mut trail = vec![left.keys().next()?.clone()];
    loop {
        let next = left[trail.last()?].iter().find(|name| left.contains_key(*name))?.clone();
        if let Some(begin) = trail.iter().position(|module| *module == next) {
            trail.push(next);
            return Some(trail.split_off(begin));
        }
        trail.push(next);
    }
}

#[test]
fn circles_are_found() {
    let module = |name: &str| vec![name.to_owned()];
    let arrow = |from: &str, to: &[&str]| (module(from), to.iter().map(|to| module(to)).collect());
    let straight = BTreeMap::from([arrow("a", &["b", "c"]), arrow("b", &["c"]), arrow("c", &[])]);
    assert_eq!(circle(&straight), None);
    let round =
        BTreeMap::from([arrow("a", &["b"]), arrow("b", &["c"]), arrow("c", &["b"]), arrow("d", &["a"])]);
    assert_eq!(circle(&round).unwrap().len(), 3);
    let known = BTreeSet::from([module("a"), vec!["a".to_owned(), "b".to_owned()], module("c")]);
    let found: Vec<_> = paths("use crate::{a::{b::X, Y}, c}; let z = super::c::Z; use std::fs;")
        .iter()
        .filter_map(|path| resolve(&module("a"), path, &known))
        .map(|module| module.join("/"))
        .collect();
    assert_eq!(found, ["a/b", "a", "c", "c"]);
}

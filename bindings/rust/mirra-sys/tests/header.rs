//! Whether the committed bindings still fit mirra.h. What rustc has checked of the layouts of `bindings.rs` is asked of a
//! C compiler and the header too; where bindgen is, its output is compared as a whole.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const BINDINGS: &str = include_str!("../src/bindings.rs");

fn include_folder() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../include");
    own.canonicalize().expect("the tests run in a clone of the repository")
}

fn header() -> String {
    fs::read_to_string(include_folder().join("mirra/mirra.h")).expect("mirra.h can be read")
}

/// What `text` has between `before` and `after`, once for each `before`.
fn between<'a>(text: &'a str, before: &'a str, after: char) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).map(move |rest| rest.split(after).next().unwrap_or(rest))
}

/// The number in `... - 8usize];`.
fn number(assertion: &str) -> &str {
    assertion.rsplit("- ").next().and_then(|rest| rest.split("usize").next()).expect("bindgen's form")
}

/// bindgen's assertions about layouts and its constants, as those of C.
fn as_c_assertions() -> Vec<String> {
    let one_line = BINDINGS.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = Vec::new();
    for assertion in between(&one_line, "[\"Size of ", ';') {
        let name = assertion.split('"').next().expect("a name");
        lines.push(format!("_Static_assert(sizeof({name}) == {}, \"size of {name}\");", number(assertion)));
    }
    for assertion in between(&one_line, "[\"Offset of field: ", ';') {
        let (name, field) = assertion.split('"').next().and_then(|n| n.split_once("::")).expect("a field");
        // bindgen writes Rust's keyword as `type_`.
        let field = field.trim_end_matches('_');
        lines.push(format!(
            "_Static_assert(offsetof({name}, {field}) == {}, \"offset of {name}.{field}\");",
            number(assertion)
        ));
    }
    for constant in between(&one_line, "pub const ", ';') {
        let (name, rest) = constant.split_once(": ").expect("a type");
        let value = rest.rsplit("= ").next().expect("a value");
        if value.parse::<i64>().is_ok() {
            lines.push(format!("_Static_assert(({name}) == {value}, \"value of {name}\");"));
        }
    }
    lines
}

#[test]
fn layouts_and_constants_are_those_of_the_header() {
    let assertions = as_c_assertions();
    assert!(assertions.len() > 400, "only {} assertions were found in bindings.rs", assertions.len());
    let folder = tempfolder("layouts");
    let source = folder.join("layouts.c");
    fs::write(&source, format!("#include <mirra/mirra.h>\n{}\n", assertions.join("\n"))).expect("written");
    let compiler =
        cc::Build::new().target(TARGET).host(TARGET).opt_level(0).cargo_metadata(false).get_compiler();
    let output = Command::new(compiler.path())
        .args(["-std=c11", "-fsyntax-only", "-I"])
        .arg(include_folder())
        .arg(&source)
        .output()
        .expect("the C compiler starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const TARGET: &str = "x86_64-unknown-linux-gnu";

#[test]
fn functions_and_structs_are_those_of_the_header() {
    let header = header();
    let declared: BTreeSet<&str> = between(&header, "\nMIRRA_API ", '(')
        .map(|declaration| declaration.rsplit([' ', '*']).next().expect("a name"))
        .collect();
    let bound: BTreeSet<&str> = between(BINDINGS, "pub fn ", '(').collect();
    assert_eq!(declared, bound);

    let declared: BTreeSet<&str> = between(&header, "\ntypedef struct mirra_", ' ').collect();
    let bound: BTreeSet<&str> = between(BINDINGS, "pub struct mirra_", ' ').collect();
    assert_eq!(declared, bound);
}

#[test]
fn symbols_are_those_of_the_library() {
    // Taking its address makes the linker resolve it.
    let first = mirra_sys::mirra_version as *const ();
    assert!(!first.is_null());
    // SAFETY: the function takes nothing.
    let abi = unsafe { mirra_sys::mirra_abi_version() };
    assert_eq!(abi, mirra_sys::MIRRA_ABI_VERSION);

    let maps = fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let library = maps.split_whitespace().find(|word| word.contains("/libmirra.so")).expect("it is loaded");
    let output = Command::new("nm").args(["-D", "--defined-only", library]).output().expect("nm starts");
    let symbols = String::from_utf8_lossy(&output.stdout);
    let exported: BTreeSet<&str> = symbols
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        .map(|name| name.split('@').next().unwrap_or(name))
        .filter(|name| name.starts_with("mirra_"))
        .collect();
    let missing: Vec<_> = between(BINDINGS, "pub fn ", '(').filter(|name| !exported.contains(name)).collect();
    assert!(missing.is_empty(), "{library} lacks {missing:?}");
}

#[test]
fn bindgen_gives_what_is_committed() {
    if !Command::new("bindgen").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: this system has no bindgen");
        return;
    }
    let file = tempfolder("bindgen").join("bindings.rs");
    let generate = Path::new(env!("CARGO_MANIFEST_DIR")).join("generate");
    let output = Command::new(generate).arg(&file).output().expect("the script starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fresh = fs::read_to_string(file).expect("bindgen wrote it");
    // Comments may be older than those of the header.
    let code = |text: &str| text.lines().filter(|line| !line.trim().starts_with("#[doc")).collect::<String>();
    assert!(code(&fresh) == code(BINDINGS), "mirra.h has changed: run mirra-sys/generate");
}

fn tempfolder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("the target's folder can be written");
    folder
}

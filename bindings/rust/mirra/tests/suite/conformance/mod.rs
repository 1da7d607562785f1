//! The conformance suite of all bindings (tests/conformance): JSON cases, each a list of calls and what must come of them.

mod fields;
mod memory;
mod steps;
mod work;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use mirra::{Bundle, Cancel, Engine, Job, JobStatus, Picture, Session, Tensors};
use serde_json::{Map, Value};

use crate::support::{repository, scratch};
use work::Work;

/// Why a step fails.
type Failure = String;

/// Capabilities that this binding lacks: the compiler refuses what they ask for.
const LACKS: [&str; 1] = ["use_after_close"];

pub enum Object {
    Engine(Engine),
    Session(Session),
    Bundle(Bundle),
    Picture(Picture),
    Tensors(Tensors),
    Cancel(Cancel),
    Job(Job<Work>, Map<String, Value>),
    /// A job that was waited for, which takes it: how it was then, and what it ended with.
    Ended(JobStatus, mirra::Result<()>),
}

/// What the suite was prepared with.
pub struct Index {
    folder: PathBuf,
    json: Value,
}

impl Index {
    fn read(folder: PathBuf) -> Self {
        let json = read_json(&folder.join("index.json"));
        Self { folder, json }
    }

    fn entry(&self, kind: &str, name: &str) -> &Value {
        let found = &self.json[kind][name];
        assert!(!found.is_null(), "the index has no {kind} of the name {name}");
        found
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(self.entry("files", name).as_str().expect("a path"))
    }

    fn bytes(&self, entry: &Value) -> Vec<u8> {
        std::fs::read(self.folder.join(entry["file"].as_str().expect("a path")))
            .expect("the file of the index")
    }

    /// What is expected, with `{"value": PATH}` replaced.
    fn expected<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(path) = value.get("value").and_then(Value::as_str) else { return value };
        let mut parts = path.split('/');
        let first = self.entry("values", parts.next().expect("a name"));
        parts.fold(first, |value, part| match part.parse::<usize>() {
            Ok(place) if value.is_array() => &value[place],
            _ => &value[part],
        })
    }

    fn engine(&self) -> mirra::EngineBuilder {
        Engine::builder().plugin_path(self.folder.join(self.json["plugins"].as_str().expect("a folder")))
    }
}

/// A case that runs.
pub struct Case<'a> {
    index: &'a Index,
    engine: &'a Engine,
    folder: PathBuf,
    objects: HashMap<String, Object>,
    memory: HashMap<String, Vec<u8>>,
}

impl Case<'_> {
    /// A path as the suite writes it.
    fn path(&self, written: &str) -> PathBuf {
        match written.split_at(1) {
            ("@", name) => self.index.file(name),
            ("%", "") => self.folder.clone(),
            ("%", name) => self.folder.join(name),
            _ => panic!("a path begins with @ or %: {written}"),
        }
    }

    fn do_step(&mut self, step: &Map<String, Value>) -> Result<(), Failure> {
        let outcome = self.call(step)?;
        match (outcome, step.get("error")) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(error)) => Err(format!("it does not fail, as expected: {error}")),
            (Err(error), None) => Err(format!("{error:?}")),
            (Err(error), Some(expected)) => {
                let code = expected["code"].as_str() == Some(error.kind().name());
                let subject = expected.get("subject").and_then(Value::as_str).is_none_or(|subject| {
                    let path = || self.path(subject).to_string_lossy().into_owned();
                    error.subject()
                        == if subject.starts_with(['@', '%']) { path() } else { subject.to_owned() }
                });
                if code && subject { Ok(()) } else { Err(format!("{error:?}, not {expected}")) }
            }
        }
    }
}

fn read_json(file: &Path) -> Value {
    let text = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn prepared() -> Index {
    let folder = repository().join("build/conformance");
    let status = Command::new(repository().join("tests/conformance/prepare")).arg(&folder).status();
    assert!(status.expect("prepare starts").success(), "tests/conformance/prepare failed");
    Index::read(folder)
}

#[test]
fn the_suite_passes() {
    let index = prepared();
    let engine = index.engine().build().expect("an engine");
    let mut files: Vec<PathBuf> = std::fs::read_dir(repository().join("tests/conformance/cases"))
        .expect("cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let (mut passed, mut skipped, mut failures, mut names) = (0, 0, Vec::new(), BTreeSet::new());
    for case in files.iter().flat_map(|file| read_json(file)["cases"].as_array().expect("cases").clone()) {
        let name = case["name"].as_str().expect("a name").to_owned();
        let needs = case.get("needs").and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(lacked) = needs.iter().find(|need| LACKS.contains(&need.as_str().expect("a word"))) {
            println!("skipped: {name}: the binding lacks {lacked}");
            skipped += 1;
            continue;
        }
        assert!(names.insert(name.clone()), "two cases are called {name}");
        let folder = scratch(&format!("conformance/{name}"));
        let (objects, memory) = (HashMap::new(), HashMap::new());
        let mut running = Case { index: &index, engine: &engine, folder, objects, memory };
        let steps =
            case["steps"].as_array().expect("steps").iter().map(|step| step.as_object().expect("a step"));
        match steps.enumerate().find_map(|(place, step)| Some((place, running.do_step(step).err()?))) {
            None => passed += 1,
            Some((place, failure)) => failures.push(format!("{name}, step {}: {failure}", place + 1)),
        }
    }
    println!("{passed} cases passed, {skipped} were skipped");
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
    assert!(passed > 190, "only {passed} cases ran");
}

//! The calls that a step of a case makes.

use std::time::Duration;

use mirra::{
    Cancel, Error, ErrorKind, FileFormat, GraphOptions, ImageView, JobState, Metadata, Picture, ReadOptions,
    Rect, Result, Session, TensorView, Tensors, Transfer, Writer,
};
use ndarray::{ArrayD, Axis};
use serde_json::{Map, Value, json};

use super::fields::knows;
use super::memory::{Buffer, Samples, color_of, format_of};
use super::work::{floats, numbers, shape_of};
use super::{Case, Failure, Index, Object};

type Step = Map<String, Value>;

/// What came of a call: an error of the library's is for the case to judge, a failure is not.
type Outcome = std::result::Result<Result<()>, Failure>;

/// The error that a step may expect, out of a call that also compares.
macro_rules! call {
    ($call:expr) => {
        match $call {
            Ok(value) => value,
            Err(error) => return Ok(Err(Error::from(error))),
        }
    };
}

fn text<'a>(step: &'a Step, key: &str) -> &'a str {
    word(step, key).unwrap_or_else(|| panic!("the step lacks {key}: {step:?}"))
}

fn word<'a>(step: &'a Step, key: &str) -> Option<&'a str> {
    step.get(key).map(|value| value.as_str().expect("a text"))
}

fn integer(step: &Step, key: &str) -> Option<u32> {
    step.get(key).map(|value| u32::try_from(value.as_u64().expect("a number")).expect("small"))
}

pub fn number_of(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

pub fn rect_of(value: &Value) -> Rect {
    let sides = numbers(value);
    Rect::new(sides[0] as u32, sides[1] as u32, sides[2] as u32, sides[3] as u32)
}

pub fn value_json(value: &mirra::Value) -> Value {
    match value {
        mirra::Value::Bool(value) => json!(value),
        mirra::Value::Int(value) => json!(value),
        mirra::Value::Float(value) => json!(value),
        mirra::Value::Text(value) => json!(value),
        other => panic!("a new kind of value: {other}"),
    }
}

/// Whether a value is as expected: numbers within 1e-9, of objects the fields that are expected.
pub fn equal(name: &str, value: &Value, expected: &Value) -> std::result::Result<(), Failure> {
    let fits = match (value, expected) {
        (Value::Object(value), Value::Object(expected)) => {
            return expected.iter().try_for_each(|(key, expected)| {
                equal(&format!("{name}.{key}"), value.get(key).unwrap_or(&Value::Null), expected)
            });
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 1e-9 * b.abs()
        }
        _ => value == expected,
    };
    if fits { Ok(()) } else { Err(format!("{name} is {value}, not {expected}")) }
}

pub fn tensors_equal(index: &Index, tensors: &Tensors, expected: &Step) -> std::result::Result<(), Failure> {
    for (name, wanted) in expected {
        let entry = index.entry("tensors", wanted.as_str().expect("a name"));
        let tensor = tensors.get(name).map_err(|error| format!("{error:?}"))?;
        if tensor.shape() != shape_of(entry) {
            return Err(format!("{name} is of shape {:?}, not {:?}", tensor.shape(), shape_of(entry)));
        }
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        if bits(tensor.as_slice().expect("compact fp32")) != bits(&floats(&index.bytes(entry))) {
            return Err(format!("the values of {name} differ"));
        }
    }
    Ok(())
}

impl Case<'_> {
    pub fn call(&mut self, step: &Step) -> Outcome {
        let call = text(step, "op");
        if let Some(key) = step.keys().find(|key| !knows(call, key)) {
            return Err(format!("the runner does not know the field {key} of {call}"));
        }
        match call {
            "engine" | "session" | "bundle" | "clone" | "cancel_token" | "create_picture" => self.make(step),
            "close" | "cancel" | "shutdown" | "reset" | "set" | "set_text" => Ok(self.change(step)),
            "run" | "submit" | "wait" | "poll" => self.run(step),
            "read" | "write" | "picture_info" | "metadata" | "noise" | "estimate" | "compare"
            | "file_write" => self.pictures(step),
            "tensors" | "tensors_read" | "tensors_write" | "tensors_equal" | "graph" => self.tensors(step),
            _ => self.ask(step),
        }
    }

    fn object(&mut self, name: &str) -> &mut Object {
        self.objects.get_mut(name).unwrap_or_else(|| panic!("no object of the name {name}"))
    }

    fn keep(&mut self, step: &Step, object: Object) {
        self.objects.insert(text(step, "as").to_owned(), object);
    }

    fn engine<'s>(&'s self, step: &Step) -> &'s mirra::Engine {
        match word(step, "engine").map(|name| &self.objects[name]) {
            Some(Object::Engine(engine)) => engine,
            Some(_) => panic!("no engine"),
            None => self.engine,
        }
    }

    fn session(&mut self, step: &Step) -> &mut Session {
        let Object::Session(session) = self.object(text(step, "session")) else { panic!("no session") };
        session
    }

    fn picture(&mut self, step: &Step, key: &str) -> &mut Picture {
        let Object::Picture(picture) = self.object(text(step, key)) else { panic!("no picture") };
        picture
    }

    fn make(&mut self, step: &Step) -> Outcome {
        let made = match text(step, "op") {
            "engine" => {
                let mut builder = match word(step, "plugin_path") {
                    Some(path) => mirra::Engine::builder().plugin_path(self.path(path)),
                    None => self.index.engine(),
                };
                for flag in step.get("flags").and_then(Value::as_array).into_iter().flatten() {
                    builder = match flag.as_str() {
                        Some("plugin_path_only") => builder.plugin_path_only(),
                        Some("plugin_scan_process") => builder.plugin_scan_process(),
                        Some("isolation_process") => builder.isolation_process(),
                        _ => return Err(format!("the runner does not know the flag {flag}")),
                    };
                }
                if let Some(skip) = word(step, "plugin_skip") {
                    builder = builder.plugin_skip(skip);
                }
                Object::Engine(call!(builder.build()))
            }
            "bundle" => {
                let path = match word(step, "name") {
                    Some(name) => call!(self.engine(step).find_bundle(name)),
                    None => self.path(text(step, "file")),
                };
                let memory = step.get("memory") == Some(&Value::Bool(true));
                let bytes = memory.then(|| std::fs::read(&path).expect("the bundle's file"));
                Object::Bundle(call!(match bytes {
                    Some(bytes) => mirra::Bundle::from_bytes(&bytes, &path.to_string_lossy()),
                    None => mirra::Bundle::open(&path),
                }))
            }
            "clone" => Object::Session(call!(self.session(step).try_clone())),
            "cancel_token" => Object::Cancel(call!(Cancel::new())),
            "create_picture" => {
                let (width, height) = (integer(step, "width"), integer(step, "height"));
                let (format, color) = (format_of(text(step, "format")), color_of(text(step, "color")));
                let made = Picture::create(width.expect("a side"), height.expect("a side"), format, color);
                let made = call!(made);
                self.equals(step, &made)?;
                Object::Picture(made)
            }
            _ => Object::Session(call!(self.make_session(step))),
        };
        self.keep(step, made);
        Ok(Ok(()))
    }

    fn make_session(&self, step: &Step) -> Result<Session> {
        let mut builder = self.engine(step).session(text(step, "task"));
        if let Some(name) = word(step, "bundle") {
            let Object::Bundle(bundle) = &self.objects[name] else { panic!("no bundle") };
            builder = builder.bundle(bundle);
        }
        if let Some(quality) = word(step, "quality") {
            builder = builder.quality(quality);
        }
        if let Some(device) = word(step, "device") {
            builder = builder.device(device);
        }
        if let Some(bytes) = step.get("memory_limit") {
            builder = builder.memory_limit(bytes.as_u64().expect("bytes"));
        }
        builder = builder.threads(integer(step, "threads").unwrap_or(0));
        builder = builder.tile_size(integer(step, "tile_size").unwrap_or(0));
        for (name, value) in step.get("set").and_then(Value::as_object).into_iter().flatten() {
            builder = match value {
                Value::Bool(value) => builder.set(name, *value),
                Value::Number(value) => match value.as_i64() {
                    Some(value) => builder.set(name, value),
                    None => builder.set(name, value.as_f64().expect("a number")),
                },
                value => builder.set(name, value.as_str().expect("a text")),
            };
        }
        builder.create()
    }

    fn change(&mut self, step: &Step) -> Result<()> {
        match text(step, "op") {
            "close" => {
                self.objects.remove(text(step, "what")).expect("it is open");
                Ok(())
            }
            "cancel" => {
                match self.object(text(step, "what")) {
                    Object::Cancel(cancel) => cancel.request(),
                    Object::Job(job, _) => job.cancel(),
                    _ => panic!("it cannot be cancelled"),
                }
                Ok(())
            }
            "shutdown" => {
                let seconds = step["seconds"].as_f64().expect("seconds");
                self.engine(step).shutdown(Some(Duration::from_secs_f64(seconds)))
            }
            "reset" => match word(step, "name") {
                Some(name) => self.session(step).reset(name),
                None => self.session(step).reset_all(),
            },
            "set" => self.session(step).set_json(&step["values"].to_string()),
            _ => self.session(step).set_text(text(step, "name"), text(step, "text")),
        }
    }

    fn run(&mut self, step: &Step) -> Outcome {
        match text(step, "op") {
            "poll" => {
                let status = match self.object(text(step, "job")) {
                    Object::Job(job, _) => call!(job.status()),
                    Object::Ended(status, _) => status.clone(),
                    _ => panic!("no job"),
                };
                let state = match status.state {
                    JobState::Running => "running",
                    JobState::Done => "done",
                    JobState::Failed => "failed",
                    JobState::Cancelled => "cancelled",
                    other => panic!("a new state: {other:?}"),
                };
                equal("status", &json!({"state": state, "fraction": status.fraction}), &step["expect"])
                    .map(Ok)
            }
            "wait" => self.wait(step),
            "run" => {
                let mut work = self.work(step);
                let options = self.options(step, &work);
                let result = self.session(step).run(work.bind(options));
                self.finish(step, work, result.as_ref().ok())?;
                Ok(result.map(|_| ()))
            }
            _ => {
                let work = self.work(step);
                let options = self.options(step, &work);
                let job = self.session(step).submit(work, |work, _| work.bind(options));
                let object = Object::Job(call!(job), step.clone());
                self.keep(step, object);
                Ok(Ok(()))
            }
        }
    }

    fn wait(&mut self, step: &Step) -> Outcome {
        let name = text(step, "job");
        let (job, submitted) = match self.objects.remove(name) {
            Some(Object::Job(job, submitted)) => (job, submitted),
            Some(Object::Ended(status, outcome)) => {
                self.objects.insert(name.to_owned(), Object::Ended(status, outcome.clone()));
                return Ok(outcome);
            }
            _ => panic!("no job"),
        };
        let within =
            step.get("seconds").map_or(Duration::MAX, |value| Duration::from_secs_f64(number_of(value)));
        if !job.wait_timeout(within) {
            self.objects.insert(name.to_owned(), Object::Job(job, submitted));
            return Ok(Err(Error::new(ErrorKind::Timeout, "the job is not done")));
        }
        let status = call!(job.status());
        let outcome = match job.wait() {
            Ok((work, result)) => self.finish(&submitted, work, Some(&result)).map(Ok)?,
            Err(failed) => {
                self.finish(&submitted, failed.buffers.expect("they come back"), None)?;
                Err(failed.error)
            }
        };
        self.objects.insert(name.to_owned(), Object::Ended(status, outcome.clone()));
        Ok(outcome)
    }

    /// The picture of the index that a step expects.
    fn equals(&self, step: &Step, picture: &Picture) -> std::result::Result<(), Failure> {
        let Some(name) = word(step, "equals") else { return Ok(()) };
        let view = picture.view().map_err(|error| format!("{error:?}"))?;
        Samples::of_view(&view).check(&Samples::of(self.index, name), 0.0)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        if name.starts_with('@') {
            std::fs::read(self.path(name)).expect("the file of the index")
        } else {
            self.memory[name].clone()
        }
    }

    fn pictures(&mut self, step: &Step) -> Outcome {
        match text(step, "op") {
            "read" => {
                let mut options = ReadOptions::new();
                if let Some(pixels) = integer(step, "max_pixels") {
                    options = options.max_pixels(pixels.into());
                }
                let picture = call!(match word(step, "memory") {
                    Some(name) => Picture::from_bytes_with(&self.bytes(name), &options),
                    None => Picture::read_with(self.path(text(step, "file")), &options),
                });
                self.equals(step, &picture)?;
                self.keep(step, Object::Picture(picture));
                Ok(Ok(()))
            }
            "write" => Ok(self.write(step)),
            "picture_info" => {
                let expected = &step["expect"];
                let picture = self.picture(step, "picture");
                let (info, view) = (call!(picture.info()), call!(picture.view()));
                let linear = view.transfer() == Transfer::Linear;
                let info = json!({
                    "bit_depth": info.bit_depth, "file_format": info.file_format, "icc_bytes": info.icc_bytes,
                    "exif_bytes": info.exif_bytes, "color_tag": info.color_tag,
                    "note_count": call!(picture.notes()).len(), "width": view.width(), "height": view.height(),
                    "format": format!("{:?}", view.format()).to_lowercase(),
                    "color": snake(&format!("{:?}", view.color())),
                    "transfer": if linear { "linear" } else { "encoded" },
                });
                equal("info", &info, expected).map(Ok)
            }
            "metadata" => {
                let kind = match text(step, "kind") {
                    "icc" => Metadata::Icc,
                    "exif" => Metadata::Exif,
                    "xmp" => Metadata::Xmp,
                    _ => Metadata::Photoshop,
                };
                let expected = step["file"].as_str().map(|name| self.bytes(name));
                let found = call!(self.picture(step, "picture").metadata(kind));
                let same = found == expected.as_deref();
                if same { Ok(Ok(())) } else { Err(format!("the metadata is {found:?}")) }
            }
            "noise" => {
                let mut buffer = self.buffer(step, "picture");
                let seed = step["seed"].as_u64().expect("a seed");
                call!(buffer.view_mut().and_then(|mut view| view.add_noise(number_of(&step["sigma"]), seed)));
                buffer.read()?.check(&Samples::of(self.index, text(step, "equals")), 0.0).map(Ok)
            }
            "estimate" => {
                let buffer = self.buffer(step, "picture");
                let sigma = call!(buffer.view().and_then(|view| ImageView::estimate_noise(&view)));
                equal("sigma", &json!(sigma), self.index.expected(&step["expect"])).map(Ok)
            }
            "compare" => {
                let (a, b) = (self.buffer(step, "a"), self.buffer(step, "b"));
                let found = call!(mirra::compare(a.view(), b.view()));
                ["psnr", "ssim"].into_iter().zip([found.psnr, found.ssim]).try_for_each(
                    |(name, value)| equal(name, &json!(value), self.index.expected(&step["expect"][name])),
                )?;
                Ok(Ok(()))
            }
            _ => {
                let bytes = self.bytes(text(step, "from"));
                Ok(mirra::write_file(self.path(text(step, "file")), &bytes))
            }
        }
    }

    fn buffer(&self, step: &Step, key: &str) -> Buffer {
        Buffer::new(Samples::of(self.index, text(step, key)), step)
    }

    fn write(&mut self, step: &Step) -> Result<()> {
        let mut writer = Writer::new();
        let mut format = None;
        for (name, value) in step.get("options").and_then(Value::as_object).into_iter().flatten() {
            let number = || u8::try_from(value.as_u64().expect("a number")).expect("small");
            match name.as_str() {
                "jpeg_quality" => writer = writer.jpeg_quality(number()),
                "bit_depth" => writer = writer.bit_depth(number()),
                "format" if value == "png" => format = Some(FileFormat::Png),
                "format" if value == "jpeg" => format = Some(FileFormat::Jpeg),
                _ => panic!("the runner does not know the option {name}"),
            }
        }
        if let Some(name) = word(step, "metadata") {
            let Object::Picture(picture) = &self.objects[name] else { panic!("no picture") };
            writer = writer.metadata(picture);
        }
        let buffer = step.get("picture").map(|_| self.buffer(step, "picture"));
        let view = match (&buffer, word(step, "held").map(|name| &self.objects[name])) {
            (Some(buffer), _) => buffer.view(),
            (None, Some(Object::Picture(picture))) => picture.view(),
            _ => panic!("nothing to write"),
        };
        if let Some(name) = word(step, "memory") {
            let (bytes, _) = writer.encode(format.expect("a format"), view)?;
            self.memory.insert(name.to_owned(), bytes);
            return Ok(());
        }
        let writer = if let Some(format) = format { writer.format(format) } else { writer };
        writer.write(self.path(text(step, "file")), view)?;
        Ok(())
    }

    fn tensors(&mut self, step: &Step) -> Outcome {
        let set = match text(step, "op") {
            "tensors" => call!(self.make_tensors(step["from"].as_object().expect("tensors"))),
            "tensors_read" => call!(match word(step, "memory") {
                Some(name) => Tensors::from_bytes(&self.bytes(name)),
                None => Tensors::read(self.path(text(step, "file"))),
            }),
            "graph" => {
                let Object::Bundle(bundle) = &self.objects[text(step, "bundle")] else { panic!("no bundle") };
                let Object::Tensors(inputs) = &self.objects[text(step, "inputs")] else {
                    panic!("no tensors")
                };
                let options = GraphOptions::new();
                call!(self.engine.run_graph(bundle, text(step, "graph"), &options, inputs))
            }
            call => {
                let Object::Tensors(set) = &self.objects[text(step, "tensors")] else { panic!("no tensors") };
                if call == "tensors_equal" {
                    return tensors_equal(self.index, set, step["expect"].as_object().expect("tensors"))
                        .map(Ok);
                }
                match word(step, "memory") {
                    Some(name) => {
                        let bytes = call!(set.to_bytes());
                        self.memory.insert(name.to_owned(), bytes);
                    }
                    None => call!(set.write(self.path(text(step, "file")))),
                }
                return Ok(Ok(()));
            }
        };
        if let Some(expected) = step.get("expect") {
            tensors_equal(self.index, &set, expected.as_object().expect("tensors"))?;
        }
        self.keep(step, Object::Tensors(set));
        Ok(Ok(()))
    }

    fn make_tensors(&self, from: &Step) -> Result<Tensors> {
        let mut set = Tensors::new()?;
        for (name, spec) in from {
            let entry = self.index.entry("tensors", spec["tensor"].as_str().expect("a name"));
            let array = ArrayD::from_shape_vec(shape_of(entry), floats(&self.index.bytes(entry)));
            let array = array.expect("as many values as the shape says");
            let mut view = array.view();
            if spec.get("swap") == Some(&Value::Bool(true)) {
                view.swap_axes(array.ndim() - 2, array.ndim() - 1);
                assert!(view.len_of(Axis(0)) > 0);
            }
            set.add(name, TensorView::from(view))?;
        }
        Ok(set)
    }

    /// Calls that only say something.
    fn ask(&mut self, step: &Step) -> Outcome {
        let index = self.index;
        let none = Value::Null;
        let expected = step.get("expect").unwrap_or(&none);
        let found = match text(step, "op") {
            "version" => json!({"abi": mirra::abi_version()}),
            "plugin" => {
                let plugins = call!(self.engine(step).plugins());
                let file = plugins.iter().find(|plugin| plugin.path.ends_with(text(step, "file")));
                let plugin = file.ok_or("the file was not looked at")?;
                json!({"id": plugin.id, "version": plugin.version, "loaded": plugin.loaded,
                    "task_count": plugin.task_count, "abi": plugin.abi})
            }
            "device" => {
                let device =
                    &call!(self.engine(step).devices())[integer(step, "index").expect("an index") as usize];
                json!({"id": device.id, "usable": device.usable, "name": device.name})
            }
            "schema" => self.schema(step)?,
            "find_bundle" => {
                call!(self.engine(step).find_bundle(text(step, "name")));
                Value::Null
            }
            "bundle_info" => {
                let Object::Bundle(bundle) = self.object(text(step, "bundle")) else { panic!("no bundle") };
                let (info, graphs) = (call!(bundle.info()), call!(bundle.graphs()));
                json!({"task": info.task, "name": info.name, "graph_count": graphs.len(), "sha256": info.sha256,
                    "architecture": info.architecture, "licence": info.licence,
                    "tensor_count": info.tensor_count, "tensor_bytes": info.tensor_bytes})
            }
            "get" => {
                let names = expected.as_object().expect("parameters").keys();
                let mut found = Map::new();
                for name in names {
                    let value = call!(self.session(step).value(name));
                    found.insert(name.clone(), value_json(&value));
                }
                Value::Object(found)
            }
            "session_info" => {
                let info = call!(self.session(step).info());
                json!({"task": info.task, "quality": info.quality, "device": info.device,
                    "threads": info.threads, "tile_size": info.tile_size, "bundle_name": info.bundle_name,
                    "bundle_sha256": info.bundle_sha256, "plugin_id": info.plugin_id,
                    "memory_limit": info.memory_limit, "precision": info.precision.name()})
            }
            "plan" => {
                let (width, height) = (integer(step, "width"), integer(step, "height"));
                let plan = call!(self.session(step).plan(width.expect("a side"), height.expect("a side")));
                json!({"fits": plan.fits, "tile_count": plan.tile_count, "output_width": plan.output_size.0,
                    "output_height": plan.output_size.1, "device": plan.device,
                    "memory_limit": plan.memory_limit})
            }
            "required" => {
                let (width, height) = (integer(step, "width"), integer(step, "height"));
                let (width, height) = (width.expect("a side"), height.expect("a side"));
                let rect = call!(self.session(step).required(width, height, rect_of(&step["region"])));
                json!([rect.x, rect.y, rect.width, rect.height])
            }
            other => return Err(format!("the runner does not know the call {other}")),
        };
        match expected {
            Value::Object(expected) => expected
                .iter()
                .try_for_each(|(name, wanted)| equal(name, &found[name], index.expected(wanted)))
                .map(Ok),
            expected => equal("it", &found, expected).map(Ok),
        }
    }

    fn schema(&self, step: &Step) -> std::result::Result<Value, Failure> {
        let schema: Value = serde_json::from_str(self.engine(step).schema_json()).expect("JSON");
        let named = |list: &Value, name: &str| {
            let entries = list.as_array().expect("a list").iter();
            let found = entries.into_iter().find(|entry| entry["name"] == name).cloned();
            found.ok_or_else(|| format!("the schema has no {name}"))
        };
        let task = named(&schema["tasks"], text(step, "task"))?;
        match (word(step, "param"), word(step, "port")) {
            (Some(name), _) => named(&task["params"], name),
            (None, Some(name)) => named(&task["ports"], name),
            (None, None) => Ok(task),
        }
    }
}

fn snake(name: &str) -> String {
    name.replace("GrayAlpha", "gray_alpha").to_lowercase()
}

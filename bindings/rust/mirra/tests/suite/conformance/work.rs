//! What a run of a case is given, and what must come of it.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use mirra::{Cancel, Picture, Run, RunResult, TensorView};
use serde_json::{Map, Value};

use super::memory::{Buffer, Samples};
use super::steps::{equal, number_of, rect_of, tensors_equal, value_json};
use super::{Case, Failure, Index, Object};

/// What lies at a port.
enum Slot {
    Memory(Box<Buffer>),
    Held(String, Picture),
    Tensor { values: Vec<f32>, shape: Vec<usize> },
}

/// The buffers of a run, by port. An output without a slot is in place.
pub struct Work {
    inputs: Vec<(String, Slot)>,
    outputs: Vec<(String, Option<Slot>, Map<String, Value>)>,
    fractions: Arc<Mutex<Vec<f64>>>,
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

impl Case<'_> {
    pub fn work(&mut self, step: &Map<String, Value>) -> Work {
        let inputs =
            object(&step["inputs"]).iter().map(|(port, spec)| (port.clone(), self.input(spec))).collect();
        let outputs = object(&step["outputs"])
            .iter()
            .map(|(port, spec)| (port.clone(), self.output(spec), object(spec).clone()))
            .collect();
        Work { inputs, outputs, fractions: Arc::default() }
    }

    fn input(&mut self, spec: &Value) -> Slot {
        if let Some(name) = spec.get("tensor") {
            let entry = self.index.entry("tensors", name.as_str().expect("a name"));
            return Slot::Tensor { values: floats(&self.index.bytes(entry)), shape: shape_of(entry) };
        }
        match spec.get("picture") {
            Some(name) => {
                let samples = Samples::of(self.index, name.as_str().expect("a name"));
                Slot::Memory(Box::new(Buffer::new(samples, object(spec))))
            }
            None => self.hold(&spec["held"]),
        }
    }

    fn output(&mut self, spec: &Value) -> Option<Slot> {
        if spec.get("in_place").is_some() {
            return None;
        }
        if spec.get("held").is_some() {
            return Some(self.hold(&spec["held"]));
        }
        let samples = match spec.get("equals") {
            Some(name) => {
                let whole = Samples::of(self.index, name.as_str().expect("a name"));
                let part = spec.get("crop").map_or_else(|| whole.clone(), |rect| whole.crop(&numbers(rect)));
                Samples::black(part.width, part.height, part.format, part.color)
            }
            None => Samples::described(spec),
        };
        Some(Slot::Memory(Box::new(Buffer::new(samples, object(spec)))))
    }

    /// Takes a picture out of the objects of the case, for as long as the run has it.
    fn hold(&mut self, name: &Value) -> Slot {
        let name = name.as_str().expect("a name");
        match self.objects.remove(name) {
            Some(Object::Picture(picture)) => Slot::Held(name.to_owned(), picture),
            _ => panic!("no picture of the name {name}"),
        }
    }

    /// How a run goes, beside its ports.
    pub fn options(&self, step: &Map<String, Value>, work: &Work) -> Run<'static> {
        let mut run = Run::new();
        if let Some(region) = step.get("region") {
            run = run.region(rect_of(region));
        }
        if let Some(scale) = step.get("scale") {
            run = run.scale(number_of(scale));
        }
        if let Some(name) = step.get("cancel") {
            let Some(Object::Cancel(cancel)) = self.objects.get(name.as_str().expect("a name")) else {
                panic!("no token of the name {name}")
            };
            run = run.cancel(cancel as &Cancel);
        }
        let tensors = step.get("results").and_then(|results| results.get("tensors"));
        for port in tensors.map(|tensors| object(tensors).keys()).into_iter().flatten() {
            run = run.ask(port);
        }
        let stop_after = step.get("stop_after").and_then(Value::as_u64);
        let fractions = Arc::clone(&work.fractions);
        run.progress(move |progress| {
            let mut fractions = fractions.lock().expect("no panic");
            fractions.push(progress.fraction);
            if stop_after.is_some_and(|calls| fractions.len() as u64 >= calls) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    /// Gives the pictures back, and compares what came of the run.
    pub fn finish(
        &mut self,
        step: &Map<String, Value>,
        mut work: Work,
        result: Option<&RunResult>,
    ) -> Result<(), Failure> {
        let checked = result.map_or(Ok(()), |result| self.check(step, &mut work, result));
        let slots = work.inputs.into_iter().map(|(_, slot)| Some(slot));
        for slot in slots.chain(work.outputs.into_iter().map(|(_, slot, _)| slot)) {
            if let Some(Slot::Held(name, picture)) = slot {
                self.objects.insert(name, Object::Picture(picture));
            }
        }
        checked
    }

    fn check(&self, step: &Map<String, Value>, work: &mut Work, result: &RunResult) -> Result<(), Failure> {
        for at in 0..work.outputs.len() {
            let (port, slot, spec) = &mut work.outputs[at];
            let spec = spec.clone();
            let input =
                spec.get("in_place").and_then(|name| work.inputs.iter_mut().find(|(input, _)| input == name));
            let slot = slot.as_mut().or(input.map(|(_, slot)| slot)).ok_or("it has no memory")?;
            check_output(self.index, &spec, slot).map_err(|failure| format!("{port}: {failure}"))?;
        }
        if step.get("progress") == Some(&Value::Bool(true)) {
            let fractions = work.fractions.lock().expect("no panic");
            if !fractions.is_sorted() || fractions.last() != Some(&1.0) {
                return Err(format!("the progress is {fractions:?}"));
            }
        }
        let Some(results) = step.get("results") else { return Ok(()) };
        for (name, expected) in results.get("values").map(object).into_iter().flatten() {
            let value = value_json(&result.value(name).map_err(|error| format!("{error:?}"))?);
            equal(name, &value, self.index.expected(expected))?;
        }
        match results.get("tensors") {
            None => Ok(()),
            Some(expected) => {
                let tensors = result.tensors().map_err(|error| format!("{error:?}"))?;
                tensors_equal(self.index, &tensors, object(expected))
            }
        }
    }
}

fn check_output(index: &Index, spec: &Map<String, Value>, slot: &mut Slot) -> Result<(), Failure> {
    let samples = match slot {
        Slot::Memory(buffer) => buffer.read()?,
        Slot::Held(_, picture) => Samples::of_view(&picture.view().expect("a view")),
        Slot::Tensor { .. } => return Err("a tensor is no image".to_owned()),
    };
    let Some(name) = spec.get("equals") else { return Ok(()) };
    let whole = Samples::of(index, name.as_str().expect("a name"));
    let expected = spec.get("crop").map_or_else(|| whole.clone(), |rect| whole.crop(&numbers(rect)));
    samples.check(&expected, spec.get("tolerance").map_or(0.0, number_of))
}

impl Work {
    /// Gives the buffers to a run.
    pub fn bind<'a>(&'a mut self, mut run: Run<'a>) -> Run<'a> {
        let Self { inputs, outputs, .. } = self;
        let in_place = |port: &str| {
            let output =
                outputs.iter().find(|(_, _, spec)| spec.get("in_place").is_some_and(|name| name == port));
            output.map(|(output, _, _)| output.clone())
        };
        let inputs: Vec<_> = inputs.iter_mut().map(|(port, slot)| (in_place(port), port, slot)).collect();
        for (output, port, slot) in inputs {
            run = match (slot, output) {
                (Slot::Memory(buffer), Some(output)) => run.in_place(port, &output, buffer.view_mut()),
                (Slot::Held(_, picture), Some(output)) => run.in_place(port, &output, picture),
                (Slot::Memory(buffer), None) => run.input(port, buffer.view()),
                (Slot::Held(_, picture), None) => run.input(port, &*picture),
                (Slot::Tensor { values, shape }, _) => {
                    run.tensor(port, TensorView::new(values, shape).expect("its shape"))
                }
            };
        }
        for (port, slot, _) in outputs {
            run = match slot {
                Some(Slot::Memory(buffer)) => run.output(port, buffer.view_mut()),
                Some(Slot::Held(_, picture)) => run.output(port, picture),
                _ => run,
            };
        }
        run
    }
}

pub fn numbers(value: &Value) -> Vec<usize> {
    let numbers = value.as_array().expect("numbers").iter();
    numbers.map(|number| usize::try_from(number.as_u64().expect("a number")).expect("small")).collect()
}

pub fn shape_of(entry: &Value) -> Vec<usize> {
    numbers(&entry["shape"])
}

pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|bytes| f32::from_ne_bytes(bytes.try_into().expect("four"))).collect()
}

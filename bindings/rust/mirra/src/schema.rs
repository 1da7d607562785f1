use mirra_sys as sys;

use crate::{Value, ffi};

/// A task: what sessions are made of. Dialogs, options and signatures are built from it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Task {
    /// What callers write: `"denoise"`.
    pub name: String,
    /// What people read: `"Denoise"`.
    pub label: String,
    /// One paragraph.
    pub doc: String,
    /// The file name of the bundle that serves when none is given, or `""`.
    pub default_bundle: String,
    /// Id of the plugin that brought it.
    pub plugin_id: String,
    /// Version of that plugin.
    pub plugin_version: String,
    /// Qualities of the task's bundles that were found, from the fastest: `"fast"`, `"balanced"`, `"best"`. Empty where
    /// there is one bundle only.
    pub qualities: Vec<String>,
    /// It goes over the whole image first: a region reads all of it.
    pub global_statistics: bool,
    /// It runs no network: sessions load no LibTorch.
    pub no_network: bool,
    /// It works on several tiles at once, each on a thread of its own.
    pub concurrent_tiles: bool,
    /// Inputs and outputs.
    pub ports: Vec<Port>,
    /// Parameters, in the order of a dialog.
    pub params: Vec<Param>,
}

impl Task {
    /// The parameter of that name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// The port of that name.
    #[must_use]
    pub fn port(&self, name: &str) -> Option<&Port> {
        self.ports.iter().find(|port| port.name == name)
    }

    /// # Safety
    /// The library filled `info`, and its strings are alive.
    pub(crate) unsafe fn from_raw(info: &sys::mirra_task_info, ports: Vec<Port>, params: Vec<Param>) -> Self {
        let has = |flag| info.flags & flag != 0;
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                name: ffi::text(info.name),
                label: ffi::text(info.label),
                doc: ffi::text(info.doc),
                default_bundle: ffi::text(info.default_bundle),
                plugin_id: ffi::text(info.plugin_id),
                plugin_version: ffi::text(info.plugin_version),
                qualities: ffi::texts(info.qualities, info.quality_count),
                global_statistics: has(sys::MIRRA_TASK_GLOBAL_STATISTICS),
                no_network: has(sys::MIRRA_TASK_NO_NETWORK),
                concurrent_tiles: has(sys::MIRRA_TASK_CONCURRENT_TILES),
                ports,
                params,
            }
        }
    }
}

/// The type of a port or parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A text.
    String,
    /// One of the choices.
    Enum,
    /// Pixels.
    Image,
    /// Tensors.
    Tensor,
    /// The path of a file to read, or `""`.
    File,
    /// `"#rrggbb"` or `"#rrggbbaa"`, on the sRGB curve.
    Color,
    /// A type that is newer than this crate.
    Other(i32),
}

impl Type {
    pub(crate) fn from_raw(raw: sys::mirra_type) -> Self {
        match raw {
            sys::MIRRA_TYPE_BOOL => Self::Bool,
            sys::MIRRA_TYPE_INT => Self::Int,
            sys::MIRRA_TYPE_FLOAT => Self::Float,
            sys::MIRRA_TYPE_STRING => Self::String,
            sys::MIRRA_TYPE_ENUM => Self::Enum,
            sys::MIRRA_TYPE_IMAGE => Self::Image,
            sys::MIRRA_TYPE_TENSOR => Self::Tensor,
            sys::MIRRA_TYPE_FILE => Self::File,
            sys::MIRRA_TYPE_COLOR => Self::Color,
            other => Self::Other(other),
        }
    }
}

/// The place of a port or parameter in a series, such as the styles that a picture is given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Series {
    /// Ports and parameters of one series and the same place go together.
    pub name: String,
    /// From 1.
    pub place: u32,
    /// How many of its kind the series has at most.
    pub max_count: u32,
}

impl Series {
    /// # Safety
    /// `name` is null or alive.
    unsafe fn from_raw(name: *const std::ffi::c_char, place: u32, max_count: u32) -> Option<Self> {
        // SAFETY: the caller's promise.
        let name = unsafe { ffi::text(name) };
        (!name.is_empty()).then_some(Self { name, place, max_count })
    }
}

/// Whether a run reads a port or writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Read.
    Input,
    /// Written.
    Output,
}

/// An input or output of a task.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
#[non_exhaustive]
pub struct Port {
    /// What callers write: `"image"`.
    pub name: String,
    /// What people read: `"Image"`.
    pub label: String,
    /// One sentence or more.
    pub doc: String,
    /// `""` where there is none.
    pub unit: String,
    /// Whether it is read or written.
    pub direction: Direction,
    /// Image outputs go to memory of yours; other outputs come in [`RunResult`](crate::RunResult).
    pub type_: Type,
    /// May be left out of a run.
    pub optional: bool,
    /// Image: the task sees its own channels. Otherwise it sees RGB: gray is repeated on the way in and averaged on the
    /// way out, alpha goes round the task untouched.
    pub as_is: bool,
    /// Image output: a drawing in colours, which a gray image would lose.
    pub colored: bool,
    /// Image: alpha goes through the task as a channel behind the colours.
    pub with_alpha: bool,
    /// The series that it belongs to.
    pub series: Option<Series>,
}

impl Port {
    /// # Safety
    /// The library filled `info`, and its strings are alive.
    pub(crate) unsafe fn from_raw(info: &sys::mirra_port_info) -> Self {
        let has = |flag| info.flags & flag != 0;
        let output = info.direction == sys::MIRRA_PORT_OUTPUT;
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                name: ffi::text(info.name),
                label: ffi::text(info.label),
                doc: ffi::text(info.doc),
                unit: ffi::text(info.unit),
                direction: if output { Direction::Output } else { Direction::Input },
                type_: Type::from_raw(info.type_),
                optional: has(sys::MIRRA_PORT_OPTIONAL),
                as_is: has(sys::MIRRA_PORT_AS_IS),
                colored: has(sys::MIRRA_PORT_COLORED),
                with_alpha: has(sys::MIRRA_PORT_WITH_ALPHA),
                series: Series::from_raw(info.series, info.series_place, info.max_count),
            }
        }
    }
}

/// A value that a parameter accepts by name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choice {
    /// What callers write.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// A parameter of a task.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Param {
    /// What callers write: `"sigma"`.
    pub name: String,
    /// What people read: `"Noise level"`.
    pub label: String,
    /// One paragraph.
    pub doc: String,
    /// For dialogs; `""` where there is none.
    pub group: String,
    /// `"1/255"`; `""` where there is none.
    pub unit: String,
    /// Bool ... Enum, File or Color.
    pub type_: Type,
    /// What it is where nobody sets it.
    pub default: Value,
    /// Int, float: values below are refused.
    pub minimum: f64,
    /// Int, float: values above are refused.
    pub maximum: f64,
    /// Where a slider begins.
    pub soft_minimum: f64,
    /// Where a slider ends.
    pub soft_maximum: f64,
    /// Of a slider; 0: the host's choice.
    pub step: f64,
    /// Enum: the values. Numbers: texts that are accepted besides, such as `"auto"`.
    pub choices: Vec<Choice>,
    /// For dialogs: `"NAME=VALUE"` or `"NAME=VALUE|VALUE"`, shown only while another parameter has that value; `""`:
    /// always.
    pub visible_if: String,
    /// A dialog may hide it at first.
    pub advanced: bool,
    /// Still honoured; its doc says what to use instead.
    pub deprecated: bool,
    /// A length in pixels of the image.
    pub pixels: bool,
    /// Version of the plugin's task that brought it, from 1.
    pub since: u32,
    /// The series that it belongs to.
    pub series: Option<Series>,
}

impl Param {
    /// # Safety
    /// The library filled `info`, and its strings are alive.
    pub(crate) unsafe fn from_raw(info: &sys::mirra_param_info) -> Self {
        let has = |flag| info.flags & flag != 0;
        let type_ = Type::from_raw(info.type_);
        // SAFETY: the caller's promise.
        unsafe {
            let mut labels = ffi::texts(info.choice_labels, info.choice_count).into_iter();
            let choices = ffi::texts(info.choices, info.choice_count).into_iter();
            Self {
                name: ffi::text(info.name),
                label: ffi::text(info.label),
                doc: ffi::text(info.doc),
                group: ffi::text(info.group),
                unit: ffi::text(info.unit),
                type_,
                default: default_of(info, type_),
                minimum: info.minimum,
                maximum: info.maximum,
                soft_minimum: info.soft_minimum,
                soft_maximum: info.soft_maximum,
                step: info.step,
                choices: choices
                    .map(|value| Choice { label: labels.next().unwrap_or_else(|| value.clone()), value })
                    .collect(),
                visible_if: ffi::text(info.visible_if),
                advanced: has(sys::MIRRA_PARAM_ADVANCED),
                deprecated: has(sys::MIRRA_PARAM_DEPRECATED),
                pixels: has(sys::MIRRA_PARAM_PIXELS),
                since: info.since,
                series: Series::from_raw(info.series, info.series_place, info.max_count),
            }
        }
    }
}

/// # Safety
/// As of [`Param::from_raw`].
unsafe fn default_of(info: &sys::mirra_param_info, type_: Type) -> Value {
    match type_ {
        Type::Bool | Type::Int | Type::Float if !info.default_text.is_null() => {
            // SAFETY: the caller's promise.
            Value::Text(unsafe { ffi::text(info.default_text) })
        }
        Type::Bool => Value::Bool(info.default_value != 0.0),
        Type::Int => Value::Int(info.default_value as i64),
        Type::Float => Value::Float(info.default_value),
        // SAFETY: the caller's promise.
        _ => Value::Text(unsafe { ffi::text(info.default_text) }),
    }
}

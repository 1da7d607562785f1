use std::ffi::CString;
use std::fmt;
use std::path::Path;

use mirra_sys as sys;

use crate::Result;
use crate::ffi::{self, Struct};

/// A value of a parameter, a port or a result.
///
/// Parameters take whatever converts: `session.set("sigma", 12.5)`, `session.set("sigma", "auto")`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number. A parameter that is a [`Float`](Value::Float) takes it too.
    Int(i64),
    /// A number.
    Float(f64),
    /// A string, a choice, the path of a file, a colour (`"#rrggbb"`), or a number that stands at one of its choices
    /// (`"auto"`).
    Text(String),
}

impl Value {
    /// The number, where it is a number or a bool (0 or 1).
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Bool(value) => Some(f64::from(u8::from(value))),
            Self::Int(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            Self::Text(_) => None,
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// # Safety
    /// The value was filled by the library, and its text is alive.
    pub(crate) unsafe fn from_raw(raw: &sys::mirra_value) -> Self {
        match raw.type_ {
            sys::MIRRA_TYPE_BOOL => Self::Bool(raw.integer != 0),
            sys::MIRRA_TYPE_INT => Self::Int(raw.integer),
            sys::MIRRA_TYPE_FLOAT => Self::Float(raw.real),
            // SAFETY: the caller's promise.
            _ => Self::Text(unsafe { ffi::text(raw.text) }),
        }
    }
}

/// A value as the library takes it.
pub(crate) struct RawValue {
    raw: sys::mirra_value,
    _text: Option<CString>,
}

// SAFETY: the pointer in `raw` is that of `_text`, which is only read.
unsafe impl Send for RawValue {}
// SAFETY: as above.
unsafe impl Sync for RawValue {}

impl RawValue {
    pub(crate) fn new(value: Value) -> Result<Self> {
        let mut raw = sys::mirra_value::sized();
        let mut text = None;
        match value {
            Value::Bool(value) => (raw.type_, raw.integer) = (sys::MIRRA_TYPE_BOOL, i64::from(value)),
            Value::Int(value) => (raw.type_, raw.integer) = (sys::MIRRA_TYPE_INT, value),
            Value::Float(value) => (raw.type_, raw.real) = (sys::MIRRA_TYPE_FLOAT, value),
            Value::Text(value) => {
                let value = text.insert(ffi::c_text(value)?);
                (raw.type_, raw.text) = (sys::MIRRA_TYPE_STRING, value.as_ptr());
            }
        }
        Ok(Self { raw, _text: text })
    }

    pub(crate) fn as_ptr(&self) -> *const sys::mirra_value {
        &raw const self.raw
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

macro_rules! from {
    ($($source:ty => $variant:ident,)*) => {$(
        impl From<$source> for Value {
            fn from(value: $source) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from! {
    bool => Bool,
    i8 => Int, i16 => Int, i32 => Int, i64 => Int, u8 => Int, u16 => Int, u32 => Int,
    f32 => Float, f64 => Float,
    &str => Text, String => Text,
}

impl From<&Path> for Value {
    fn from(value: &Path) -> Self {
        Self::Text(value.to_string_lossy().into_owned())
    }
}

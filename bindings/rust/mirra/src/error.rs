use std::fmt;

use mirra_sys as sys;

use crate::ffi::{self, Owned};

/// What a call of this crate gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $code:ident,)*) => {
        /// What sort of failure an [`Error`] is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[doc = $doc])* $kind,)*
            /// A code that is newer than this crate.
            Other(i32),
        }

        impl ErrorKind {
            /// The code of `mirra.h`, below 0.
            #[must_use]
            pub fn code(self) -> i32 {
                match self {
                    $(Self::$kind => sys::$code,)*
                    Self::Other(code) => code,
                }
            }

            /// Of a code of `mirra.h`.
            #[must_use]
            pub fn from_code(code: i32) -> Self {
                match code {
                    $(sys::$code => Self::$kind,)*
                    other => Self::Other(other),
                }
            }
        }
    };
}

kinds! {
    /// An argument or parameter is out of range or of the wrong type.
    InvalidArgument = MIRRA_E_INVALID_ARGUMENT,
    /// A file, folder, task, device, graph or parameter does not exist.
    NotFound = MIRRA_E_NOT_FOUND,
    /// Reading or writing failed: permission, full disk.
    Io = MIRRA_E_IO,
    /// A file's content contradicts its format.
    Corrupt = MIRRA_E_CORRUPT,
    /// Valid, but this build or version cannot do it.
    Unsupported = MIRRA_E_UNSUPPORTED,
    /// A safety limit (pixels, nodes, bytes) is exceeded.
    Limit = MIRRA_E_LIMIT,
    /// The memory limit is too small, even for the smallest tile.
    Budget = MIRRA_E_BUDGET,
    /// The caller cancelled.
    Cancelled = MIRRA_E_CANCELLED,
    /// The device is missing or failed.
    Device = MIRRA_E_DEVICE,
    /// A plugin is missing, incompatible or failed.
    Plugin = MIRRA_E_PLUGIN,
    /// Two inputs do not fit together: bundle and task, shapes, sizes.
    Mismatch = MIRRA_E_MISMATCH,
    /// An allocation failed.
    OutOfMemory = MIRRA_E_OUT_OF_MEMORY,
    /// The object is in use by another call.
    Busy = MIRRA_E_BUSY,
    /// The time given for a wait is over; what was waited for goes on.
    Timeout = MIRRA_E_TIMEOUT,
    /// A bug in Mirra.
    Internal = MIRRA_E_INTERNAL,
}

impl ErrorKind {
    /// The name that other languages and the command line use: `"invalid_argument"`, `"not_found"` ...
    #[must_use]
    pub fn name(self) -> &'static str {
        // SAFETY: the function takes any number and gives a static string.
        unsafe { ffi::text_ref(sys::mirra_status_name(self.code())) }
    }
}

/// What failed, what it was about, and what to do.
///
/// ```
/// let error = mirra::Picture::read("no-such-file.png").unwrap_err();
/// assert_eq!(error.kind(), mirra::ErrorKind::NotFound);
/// assert_eq!(error.subject(), "no-such-file.png");
/// ```
#[derive(Clone)]
pub struct Error(Box<Content>);

#[derive(Clone)]
struct Content {
    kind: ErrorKind,
    message: String,
    subject: String,
    hint: String,
}

impl Error {
    /// For a source, a sink or another callback that fails.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (message, subject, hint) = (message.into(), String::new(), String::new());
        Self(Box::new(Content { kind, message, subject, hint }))
    }

    /// With what the error is about: a file, a parameter, a tensor ...
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.0.subject = subject.into();
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = hint.into();
        self
    }

    /// The sort of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// One sentence: what went wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The file, parameter, tensor ..., or `""`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// What to do about it, or `""`.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// Takes over an error of the library's, which may be null.
    pub(crate) fn take(status: sys::mirra_status, error: *mut sys::mirra_error) -> Self {
        let kind = ErrorKind::from_code(status);
        if error.is_null() {
            return Self::new(kind, kind.name());
        }
        // SAFETY: the error is this caller's; its strings live until it is destroyed.
        unsafe {
            let content = Content {
                kind,
                message: ffi::text(sys::mirra_error_message(error)),
                subject: ffi::text(sys::mirra_error_subject(error)),
                hint: ffi::text(sys::mirra_error_hint(error)),
            };
            Owned::destroy(error);
            Self(Box::new(content))
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        if !self.subject().is_empty() && !self.message().contains(self.subject()) {
            write!(f, " ({})", self.subject())?;
        }
        if !self.hint().is_empty() {
            write!(f, "; {}", self.hint())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("message", &self.message())
            .field("subject", &self.subject())
            .field("hint", &self.hint())
            .finish()
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Io,
        };
        Self::new(kind, error.to_string())
    }
}

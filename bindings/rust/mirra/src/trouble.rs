//! What callbacks leave behind: panics and errors, which come out of the call that they were given to.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mirra_sys as sys;

use crate::{Error, Result};

/// The first trouble of the callbacks of a call. After it no callback is called again.
#[derive(Default)]
pub(crate) struct Trouble(Mutex<First>);

#[derive(Default)]
enum First {
    #[default]
    None,
    Panic(Box<dyn Any + Send>),
    Error(Error),
}

impl Trouble {
    /// Calls a callback, unless there was trouble before.
    pub(crate) fn guard<T>(&self, callback: impl FnOnce() -> T) -> Option<T> {
        if !matches!(*lock(&self.0), First::None) {
            return None;
        }
        // What a panic leaves half done is not used again.
        match catch_unwind(AssertUnwindSafe(callback)) {
            Ok(value) => Some(value),
            Err(panic) => {
                self.keep(First::Panic(panic));
                None
            }
        }
    }

    /// The same for a callback that gives an error, as a status.
    pub(crate) fn guard_result(&self, callback: impl FnOnce() -> Result<()>) -> sys::mirra_status {
        match self.guard(callback) {
            Some(Ok(())) => sys::MIRRA_OK,
            Some(Err(error)) => {
                // A success of another program's code would not end the run.
                let code = Some(error.kind().code()).filter(|&code| code < 0);
                self.keep(First::Error(error));
                code.unwrap_or(sys::MIRRA_E_INTERNAL)
            }
            None => sys::MIRRA_E_CANCELLED,
        }
    }

    /// What came of the call that the callbacks were given to.
    pub(crate) fn outcome<T>(&self, result: Result<T>) -> Result<T> {
        match std::mem::take(&mut *lock(&self.0)) {
            First::None => result,
            First::Panic(panic) => resume_unwind(panic),
            First::Error(error) => result.map_err(|_| error),
        }
    }

    fn keep(&self, trouble: First) {
        let mut first = lock(&self.0);
        if matches!(*first, First::None) {
            *first = trouble;
        }
    }
}

/// For what must not unwind and has nobody to tell: dropping, waking, logging. The panic hook has reported it. False after a
/// panic.
pub(crate) fn quietly(action: impl FnOnce()) -> bool {
    let outcome = catch_unwind(AssertUnwindSafe(action));
    // Dropping what was thrown may panic too, and so on.
    let left = outcome.map_err(|panic| catch_unwind(AssertUnwindSafe(|| drop(panic))));
    left.map_err(std::mem::forget).is_ok()
}

/// No lock of this crate guards what a panic could leave half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

use std::fmt;
use std::sync::Arc;

use mirra_sys as sys;

use crate::Result;
use crate::ffi::Handle;

/// Stops runs, from any thread. Clones are the same token.
///
/// Once requested it stays so: every run that has it stops, now and later, with
/// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled). A run stops before the next node of its network.
#[derive(Clone)]
pub struct Cancel(Arc<Handle<sys::mirra_cancel>>);

impl Cancel {
    /// A token that nobody has requested.
    pub fn new() -> Result<Self> {
        Handle::made(|cancel, error| unsafe { sys::mirra_cancel_create(cancel, error) })
            .map(|handle| Self(Arc::new(handle)))
    }

    /// Asks; does not wait.
    pub fn request(&self) {
        unsafe { sys::mirra_cancel_request(self.get()) }
    }

    /// Whether it was requested.
    #[must_use]
    pub fn requested(&self) -> bool {
        unsafe { sys::mirra_cancel_requested(self.get()) != 0 }
    }

    pub(crate) fn get(&self) -> *mut sys::mirra_cancel {
        self.0.get()
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("requested", &self.requested()).finish()
    }
}

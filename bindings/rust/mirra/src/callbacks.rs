//! How the library calls closures.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex};

use mirra_sys as sys;

use crate::ffi::{self, Struct};
use crate::trouble::{Trouble, lock};
use crate::{ImageView, ImageViewMut, Rect, Result};

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// `"prepare"`, `"measure"`, `"process"`, `"finish"`.
    pub stage: &'a str,
    /// Of the whole run, 0 ... 1; never goes back.
    pub fraction: f64,
    /// Tiles done in this stage.
    pub tile: u64,
    /// Of so many; 0 where the stage has none.
    pub tile_count: u64,
    /// Tensors and buffers held at this moment.
    pub bytes_now: u64,
    /// And the most so far.
    pub bytes_peak: u64,
    /// How often an unfinished result was put into the output image.
    pub previews: u64,
    /// Nodes of the network done, in the tile at hand.
    pub step: u64,
    /// Of so many; 0 where no network runs.
    pub step_count: u64,
}

pub(crate) type ProgressCallback<'a> = dyn FnMut(&Progress<'_>) -> bool + Send + 'a;
pub(crate) type TileCallback<'a> = dyn FnMut(Rect, &ImageView<'_>) -> bool + Send + 'a;
pub(crate) type ReadCallback<'a> = dyn FnMut(Rect, &mut ImageViewMut<'_>) -> Result<()> + Send + 'a;
pub(crate) type WriteCallback<'a> = dyn FnMut(Rect, &ImageView<'_>) -> Result<()> + Send + 'a;

/// A closure that one thread at a time calls. Unlike a `Mutex` of it, it may be taken for one that lives shorter, and with it
/// [`Run`](crate::Run).
pub(crate) struct Locked<F: ?Sized> {
    callback: NonNull<F>,
    lock: Mutex<()>,
}

// SAFETY: it owns the closure, as a box.
unsafe impl<F: ?Sized + Send> Send for Locked<F> {}
// SAFETY: one thread at a time has the closure.
unsafe impl<F: ?Sized + Send> Sync for Locked<F> {}

impl<F: ?Sized> Locked<F> {
    pub(crate) fn new(callback: Box<F>) -> Self {
        // SAFETY: a box is not null.
        let callback = unsafe { NonNull::new_unchecked(Box::into_raw(callback)) };
        Self { callback, lock: Mutex::new(()) }
    }

    fn with<T>(&self, action: impl FnOnce(&mut F) -> T) -> T {
        let _guard = lock(&self.lock);
        // SAFETY: the closure is this object's; the lock keeps other threads away.
        action(unsafe { &mut *self.callback.as_ptr() })
    }
}

impl<F: ?Sized> Drop for Locked<F> {
    fn drop(&mut self) {
        // SAFETY: the pointer is that of a box that this object owns.
        drop(unsafe { Box::from_raw(self.callback.as_ptr()) });
    }
}

/// The closures of a run, and what they left behind. Each is behind a lock of its own: the library may call different ones
/// at once.
#[derive(Default)]
pub(crate) struct Hooks<'a> {
    progress: Option<Locked<ProgressCallback<'a>>>,
    tile: Option<Locked<TileCallback<'a>>>,
    trouble: Arc<Trouble>,
}

const STOP: i32 = 1;

impl<'a> Hooks<'a> {
    pub(crate) fn set_progress(&mut self, callback: Box<ProgressCallback<'a>>) {
        self.progress = Some(Locked::new(callback));
    }

    pub(crate) fn set_tile(&mut self, callback: Box<TileCallback<'a>>) {
        self.tile = Some(Locked::new(callback));
    }

    pub(crate) fn trouble(&self) -> Arc<Trouble> {
        Arc::clone(&self.trouble)
    }

    pub(crate) fn outcome<T>(&self, result: Result<T>) -> Result<T> {
        self.trouble.outcome(result)
    }

    /// Names the callbacks that there are. `user` points to these hooks.
    pub(crate) fn install(&self, options: &mut sys::mirra_run_options, user: *mut c_void) {
        options.user = user;
        options.progress = self.progress.is_some().then_some(progress);
        options.tile = self.tile.is_some().then_some(tile);
    }

    /// # Safety
    /// `raw` is what the library gives to a progress callback.
    pub(crate) unsafe fn on_progress(&self, raw: *const sys::mirra_progress) -> i32 {
        // SAFETY: it lives during the call.
        let (raw, stage) = unsafe { (&*raw, ffi::text_ref((*raw).stage)) };
        let progress = Progress {
            stage,
            fraction: raw.fraction,
            tile: raw.tile,
            tile_count: raw.tile_count,
            bytes_now: raw.bytes_now,
            bytes_peak: raw.bytes_peak,
            previews: raw.previews,
            step: raw.step,
            step_count: raw.step_count,
        };
        let Some(callback) = &self.progress else { return 0 };
        let goes_on = callback.with(|callback| self.trouble.guard(|| callback(&progress)));
        if goes_on == Some(true) { 0 } else { STOP }
    }

    /// # Safety
    /// `rect` and `pixels` are what the library gives to a tile callback.
    pub(crate) unsafe fn on_tile(
        &self,
        rect: *const sys::mirra_rect,
        pixels: *const sys::mirra_image,
    ) -> i32 {
        // SAFETY: they live during the call; the pixels are final.
        let (rect, pixels) = unsafe { (Rect::from_raw(&*rect), ImageView::from_raw(*pixels)) };
        let Some(callback) = &self.tile else { return 0 };
        let goes_on = callback.with(|callback| self.trouble.guard(|| callback(rect, &pixels)));
        if goes_on == Some(true) { 0 } else { STOP }
    }
}

unsafe extern "C" fn progress(user: *mut c_void, raw: *const sys::mirra_progress) -> i32 {
    // SAFETY: `user` are hooks that live until no callback follows.
    unsafe { (*user.cast::<Hooks>()).on_progress(raw) }
}

unsafe extern "C" fn tile(
    user: *mut c_void,
    rect: *const sys::mirra_rect,
    pixels: *const sys::mirra_image,
) -> i32 {
    // SAFETY: as above.
    unsafe { (*user.cast::<Hooks>()).on_tile(rect, pixels) }
}

macro_rules! piecewise {
    ($name:ident, $raw:ident, $field:ident, $callback:ident) => {
        /// A picture in pieces. It is boxed, so that the library may point to it.
        pub(crate) struct $name<'a> {
            image: sys::mirra_image,
            callback: Locked<$callback<'a>>,
            trouble: Arc<Trouble>,
        }

        impl<'a> $name<'a> {
            pub(crate) fn new(
                image: sys::mirra_image,
                callback: Box<$callback<'a>>,
                trouble: Arc<Trouble>,
            ) -> Box<Self> {
                Box::new(Self { image, callback: Locked::new(callback), trouble })
            }

            pub(crate) fn raw(&self) -> sys::$raw {
                let mut raw = sys::$raw::sized();
                raw.image = &raw const self.image;
                raw.$field = Some($field);
                raw.user = ptr::from_ref(self).cast_mut().cast();
                raw
            }
        }
    };
}

piecewise!(SourceState, mirra_source, read, ReadCallback);
piecewise!(SinkState, mirra_sink, write, WriteCallback);

unsafe extern "C" fn read(
    user: *mut c_void,
    rect: *const sys::mirra_rect,
    pixels: *const sys::mirra_image,
) -> sys::mirra_status {
    // SAFETY: `user` lives as long as the run; the rest during the call, in which the pixels are the callback's alone.
    let (state, rect, mut pixels) =
        unsafe { (&*user.cast::<SourceState>(), Rect::from_raw(&*rect), ImageViewMut::from_raw(*pixels)) };
    state.callback.with(|callback| state.trouble.guard_result(|| callback(rect, &mut pixels)))
}

unsafe extern "C" fn write(
    user: *mut c_void,
    rect: *const sys::mirra_rect,
    pixels: *const sys::mirra_image,
) -> sys::mirra_status {
    // SAFETY: as above, but that the pixels are read.
    let (state, rect, pixels) =
        unsafe { (&*user.cast::<SinkState>(), Rect::from_raw(&*rect), ImageView::from_raw(*pixels)) };
    state.callback.with(|callback| state.trouble.guard_result(|| callback(rect, &pixels)))
}

//! Runs on a thread of the library's: [`Job`].

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mirra_sys as sys;

use crate::ffi::{self, Handle};
use crate::trouble::{lock, quietly};
use crate::{Error, ErrorKind, Image, Result, Run, RunResult, Session};

/// A run on a thread of the library's, which owns its buffers and gives them back.
///
/// [`wait`](Job::wait) blocks; as a [`Future`] it wakes its task when the run has ended. Both give the buffers and the
/// result. Dropping a job stops it, and waits until it no longer touches the buffers: one tile at most. A job that is
/// forgotten (`mem::forget`) runs on, and its buffers stay.
pub struct Job<B: Send + 'static> {
    // First: destroying the job ends the use of what is shared.
    handle: Handle<sys::mirra_job>,
    shared: Arc<Shared<B>>,
}

/// What a job ends with.
pub type JobOutcome<B> = Result<(B, RunResult), JobError<B>>;

/// Why a job failed, with its buffers.
pub struct JobError<B> {
    /// What went wrong.
    pub error: Error,
    /// The buffers; outputs may be partly written. `None` where the job waited for itself.
    pub buffers: Option<B>,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JobStatus {
    /// Whether it runs, or how it ended.
    pub state: JobState,
    /// `"prepare"`, `"measure"`, `"process"`, `"finish"`.
    pub stage: String,
    /// Of the run, 0 ... 1.
    pub fraction: f64,
    /// Tiles done in this stage.
    pub tile: u64,
    /// Of so many; 0 where the stage has none.
    pub tile_count: u64,
    /// Tensors and buffers held at this moment.
    pub bytes_now: u64,
    /// And the most so far.
    pub bytes_peak: u64,
    /// Nodes of the network done, in the tile at hand.
    pub step: u64,
    /// Of so many; 0 where no network runs.
    pub step_count: u64,
}

/// Whether a job runs, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobState {
    /// It runs.
    Running,
    /// It ended well.
    Done,
    /// It failed.
    Failed,
    /// It was stopped.
    Cancelled,
}

/// What a job shares with the library, which has it until no callback follows.
///
/// While the run goes on, `run` is used by callbacks only, and `buffers` by the run alone, which has pointers into them.
/// [`Job::finish`] takes both out, after the run has ended.
struct Shared<B> {
    // First: its closures may borrow from the buffers.
    run: UnsafeCell<Option<Run<'static>>>,
    buffers: UnsafeCell<Option<B>>,
    ended: Mutex<Ended>,
}

#[derive(Default)]
struct Ended {
    yes: bool,
    waker: Option<Waker>,
}

// SAFETY: one thread at a time has the buffers; callbacks are behind locks of their own.
unsafe impl<B: Send> Send for Shared<B> {}
// SAFETY: as above.
unsafe impl<B: Send> Sync for Shared<B> {}

impl Session {
    /// Begins a run on a thread of the library's and returns at once. The job owns `buffers`, whatever they are; `bind`
    /// says which of them go to which ports, and how it runs.
    ///
    /// ```no_run
    /// # fn main() -> mirra::Result<()> {
    /// # let engine = mirra::Engine::new()?;
    /// # let mut session = engine.session("denoise").create()?;
    /// # let noisy = mirra::image::RgbImage::new(64, 64);
    /// let clean = mirra::image::RgbImage::new(noisy.width(), noisy.height());
    /// let job = session.submit((noisy, clean), |(noisy, clean), run| {
    ///     run.input("image", &*noisy).output("output", clean)
    /// })?;
    /// let ((noisy, clean), result) = job.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn submit<B, F>(&mut self, buffers: B, bind: F) -> Result<Job<B>, JobError<B>>
    where
        B: Send + 'static,
        F: for<'a> FnOnce(&'a mut B, Run<'a>) -> Run<'a>,
    {
        let shared = Arc::new(Shared {
            run: UnsafeCell::new(None),
            buffers: UnsafeCell::new(None),
            ended: Mutex::default(),
        });
        // SAFETY: nobody else has them yet. They stay in place until `run` is gone, and nothing refers to them but `run`:
        // `bind` is good for any lifetime, so what it returns is all that may keep the reference.
        let buffers: &'static mut B = unsafe { (*shared.buffers.get()).insert(buffers) };
        let mut run = bind(buffers, Run::new());
        if let Err(error) = run.checked() {
            drop(run);
            return Err(shared.failed(error));
        }
        // SAFETY: as above; the run stays where it is from here on.
        let run = unsafe { (*shared.run.get()).insert(run) };
        let submitted = Handle::made(|job, error| {
            run.with_raw(|ports, mut options| {
                run.hooks.install(&mut options, std::ptr::null_mut());
                options.progress = options.progress.and(Some(Shared::<B>::progress));
                options.tile = options.tile.and(Some(Shared::<B>::tile));
                options.done = Some(Shared::<B>::done);
                options.user_free = Some(Shared::<B>::release);
                options.user = Arc::into_raw(Arc::clone(&shared)).cast_mut().cast();
                // SAFETY: `release` is called once, whatever comes of the call.
                unsafe {
                    let (session, options) = (self.get(), &raw const options);
                    sys::mirra_session_submit(session, ports.as_ptr(), ports.len(), options, job, error)
                }
            })
        });
        match submitted {
            Ok(handle) => Ok(Job { handle, shared }),
            Err(error) => {
                // SAFETY: no run has begun.
                drop(unsafe { (*shared.run.get()).take() });
                Err(shared.failed(error))
            }
        }
    }

    /// Begins a run of the task on an image, as [`process`](Session::process): gives the image back, and the result as an
    /// image of the same kind.
    ///
    /// ```no_run
    /// # async fn clean(noisy: mirra::image::RgbImage) -> mirra::Result<mirra::image::RgbImage> {
    /// let engine = mirra::Engine::new()?;
    /// let mut session = engine.session("denoise").create()?;
    /// let ((_noisy, clean), _result) = session.start(noisy)?.await?;
    /// # Ok(clean)
    /// # }
    /// ```
    pub fn start<I>(&mut self, image: I) -> Result<Job<(I, I::Owned)>, JobError<I>>
    where
        I: Image + Send + 'static,
    {
        self.start_with(image, Run::new())
    }

    /// The same with a run of yours, which needs neither the image nor the output.
    pub fn start_with<I>(&mut self, image: I, run: Run<'static>) -> Result<Job<(I, I::Owned)>, JobError<I>>
    where
        I: Image + Send + 'static,
    {
        let ports = self.main_ports();
        let prepared = ports.names().and_then(|names| Ok((names, self.make_output(&image, &run)?)));
        let ((input, output), made) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err(JobError { error, buffers: Some(image) }),
        };
        self.submit((image, made), |(image, made), _| {
            run.input(input, image.view()).output(output, I::view_mut(made))
        })
        .map_err(|failed| JobError { error: failed.error, buffers: failed.buffers.map(|(image, _)| image) })
    }
}

impl<B: Send + 'static> Job<B> {
    /// Waits until the run has ended.
    ///
    /// In a callback of the job itself it fails at once with [`ErrorKind::Busy`], and the job is stopped.
    ///
    /// # Panics
    /// With the panic of a callback.
    pub fn wait(self) -> JobOutcome<B> {
        self.finish()
    }

    /// Waits for at most that long, and says whether the run has ended. False at once in a callback of the job itself.
    #[must_use]
    pub fn wait_timeout(&self, within: Duration) -> bool {
        let waited = ffi::check(|error| unsafe {
            sys::mirra_job_wait(self.handle.get(), within.as_secs_f64(), std::ptr::null_mut(), error)
        });
        // Both may be what the run itself ended with.
        let unsure = |error: &Error| matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Busy);
        !waited.as_ref().is_err_and(unsure) || self.is_finished()
    }

    /// Whether the run has ended; does not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.status().is_ok_and(|status| status.state != JobState::Running)
    }

    /// How far it is.
    pub fn status(&self) -> Result<JobStatus> {
        let raw: sys::mirra_job_status =
            ffi::filled(|status, error| unsafe { sys::mirra_job_poll(self.handle.get(), status, error) })?;
        Ok(JobStatus {
            state: match raw.state {
                sys::MIRRA_JOB_DONE => JobState::Done,
                sys::MIRRA_JOB_FAILED => JobState::Failed,
                sys::MIRRA_JOB_CANCELLED => JobState::Cancelled,
                _ => JobState::Running,
            },
            // SAFETY: a static string.
            stage: unsafe { ffi::text(raw.stage) },
            fraction: raw.fraction,
            tile: raw.tile,
            tile_count: raw.tile_count,
            bytes_now: raw.bytes_now,
            bytes_peak: raw.bytes_peak,
            step: raw.step,
            step_count: raw.step_count,
        })
    }

    /// Asks it to stop; does not wait.
    pub fn cancel(&self) {
        unsafe { sys::mirra_job_cancel(self.handle.get()) }
    }

    fn finish(&self) -> JobOutcome<B> {
        let result = Handle::made(|result, error| unsafe {
            sys::mirra_job_wait(self.handle.get(), -1.0, result, error)
        });
        if let Err(error) = &result
            && error.kind() == ErrorKind::Busy
            && !self.is_finished()
        {
            return Err(JobError { error: error.clone(), buffers: None });
        }
        // SAFETY: the run has ended: it touches the buffers no more, and calls nothing but `done`, which leaves the run
        // alone. `self` is given up by every caller.
        let (run, buffers) =
            unsafe { ((*self.shared.run.get()).take(), (*self.shared.buffers.get()).take()) };
        let (Some(run), Some(buffers)) = (run, buffers) else {
            panic!("a job was polled after it had given its outcome");
        };
        let outcome = run.hooks.outcome(result);
        drop(run);
        match outcome {
            Ok(result) => Ok((buffers, RunResult::new(result))),
            Err(error) => Err(JobError { error, buffers: Some(buffers) }),
        }
    }
}

impl<B: Send + 'static> Future for Job<B> {
    type Output = JobOutcome<B>;

    /// # Panics
    /// With the panic of a callback, and when it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut ended = lock(&self.shared.ended);
        if !ended.yes {
            // The old waker may run code of others when it is dropped: not under the lock.
            let old = ended.waker.replace(context.waker().clone());
            drop(ended);
            drop(old);
            return Poll::Pending;
        }
        drop(ended);
        Poll::Ready(self.finish())
    }
}

impl<B> Shared<B> {
    fn failed(&self, error: Error) -> JobError<B> {
        // SAFETY: no run has begun, and what was bound is gone.
        JobError { error, buffers: unsafe { (*self.buffers.get()).take() } }
    }

    unsafe extern "C" fn progress(user: *mut c_void, raw: *const sys::mirra_progress) -> i32 {
        // SAFETY: the library has `user` until `release`, and the run goes on.
        unsafe {
            let run = &*(*user.cast::<Self>()).run.get();
            run.as_ref().map_or(1, |run| run.hooks.on_progress(raw))
        }
    }

    unsafe extern "C" fn tile(
        user: *mut c_void,
        rect: *const sys::mirra_rect,
        pixels: *const sys::mirra_image,
    ) -> i32 {
        // SAFETY: as above.
        unsafe {
            let run = &*(*user.cast::<Self>()).run.get();
            run.as_ref().map_or(1, |run| run.hooks.on_tile(rect, pixels))
        }
    }

    unsafe extern "C" fn done(user: *mut c_void, _status: sys::mirra_status) {
        // SAFETY: the library has `user` until `release`.
        let shared = unsafe { &*user.cast::<Self>() };
        let mut ended = lock(&shared.ended);
        ended.yes = true;
        let waker = ended.waker.take();
        drop(ended);
        quietly(|| waker.into_iter().for_each(Waker::wake));
    }

    unsafe extern "C" fn release(user: *mut c_void) {
        // SAFETY: the library calls it once, and has no use for `user` after it.
        quietly(|| drop(unsafe { Arc::from_raw(user.cast::<Self>()) }));
    }
}

impl<B: Send + 'static> fmt::Debug for Job<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Job").field(&self.status()).finish()
    }
}

impl<B> fmt::Debug for JobError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<B> fmt::Display for JobError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<B> std::error::Error for JobError<B> {}

impl<B> From<JobError<B>> for Error {
    fn from(failed: JobError<B>) -> Self {
        failed.error
    }
}

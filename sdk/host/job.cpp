// A run on a thread of its own.
#include "engine_runs.hpp"
#include "mirra/error.hpp"
#include "mirra/host.hpp"
#include "process_life.hpp"

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cxxabi.h>
#include <mutex>
#include <utility>

namespace mirra::host {

/// What the job's thread and its handle share; outlives whichever ends first.
struct Job::Shared {
    /// The caller's memory is no longer touched from here on.
    void finish(JobStatus::State state);
    /// Calls the caller's last callbacks.
    void tell();
    bool progressed(const std::function<bool(const Progress &)> &callers, const Progress &progress);
    void work();

    std::shared_ptr<Session> session;
    RunRequest request;
    std::unique_ptr<RunPass> pass;
    std::shared_ptr<CancelToken> cancel = std::make_shared<CancelToken>(); ///< beside the caller's
    std::mutex mutex;
    std::condition_variable ended;
    JobStatus status;
    std::shared_ptr<const RunResult> result;
    std::exception_ptr error;
};

void Job::Shared::finish(JobStatus::State state) {
    request.progress = nullptr;
    request.kept.clear();
    session->release();
    const std::lock_guard lock(mutex);
    status.state = state;
    ended.notify_all();
}

void Job::Shared::tell() {
    const auto user = std::exchange(request.user, nullptr);
    const auto done = std::exchange(request.done, nullptr);
    try {
        if (done) done(error);
        if (user) user->free_now();
    } catch (abi::__forced_unwind &) {
        if (user) user->forget();
        throw;
    }
}

bool Job::Shared::progressed(const std::function<bool(const Progress &)> &callers, const Progress &progress) {
    {
        const std::lock_guard lock(mutex);
        status.progress = progress;
    }
    return !callers || callers(progress);
}

void Job::Shared::work() {
    const auto under_way = std::move(pass); // until the last callback has returned
    const PlainArithmetic arithmetic;
    auto state = JobStatus::State::done;
    try {
        auto made = session->run_acquired(request);
        const std::lock_guard lock(mutex);
        status.progress.fraction = 1;
        result = std::move(made);
    } catch (const Error &failed) {
        state =
            failed.code() == ErrorCode::cancelled ? JobStatus::State::cancelled : JobStatus::State::failed;
        error = std::current_exception();
    } catch (abi::__forced_unwind &) { // a callback ended the thread
        error = std::make_exception_ptr(Error(ErrorCode::cancelled, "a callback ended the job's thread"));
        request.done = nullptr; // no callback may follow on a thread that ends
        if (request.user) request.user->forget();
        finish(JobStatus::State::cancelled);
        throw;
    } catch (...) {
        state = JobStatus::State::failed;
        error = std::current_exception();
    }
    const RunEnding ending(&request);
    finish(state);
    tell();
}

Job::Job(std::shared_ptr<Session> session, RunRequest request) : shared_(std::make_shared<Shared>()) {
    shared_->session = std::move(session);
    shared_->request = std::move(request);
    shared_->request.progress = [raw = shared_.get(), callers = std::move(shared_->request.progress)](
                                    const Progress &p) { return raw->progressed(callers, p); };
    shared_->request.cancels.push_back(shared_->cancel);
    shared_->session->acquire_run();
    try {
        shared_->pass = shared_->session->enter(shared_->request);
        thread_ = std::make_unique<QuietThread>([kept = shared_] { kept->work(); });
    } catch (...) {
        shared_->pass = nullptr;
        shared_->session->release();
        throw;
    }
}

Job::~Job() {
    cancel();
    // In the job's own callback, waiting for the thread would be waiting for oneself.
    if (may_wait()) {
        thread_->join();
    } else {
        thread_->detach();
    }
}

JobStatus Job::status() const {
    check_not_forked();
    const std::lock_guard lock(shared_->mutex);
    return shared_->status;
}

std::shared_ptr<const RunResult> Job::wait(double seconds) {
    check_not_forked();
    if (std::isnan(seconds))
        throw Error(ErrorCode::invalid_argument, "the time to wait is no number", "seconds");
    std::unique_lock lock(shared_->mutex);
    const auto ended = [this] { return shared_->status.state != JobStatus::State::running; };
    if (!ended() && !may_wait())
        throw Error(ErrorCode::busy, "a job's own callback cannot wait for the job", "job",
                    "Return from the callback, and wait in another thread.");
    if (!wait_at_most(shared_->ended, lock, seconds, ended))
        throw Error(ErrorCode::timeout, "the job is still running", "seconds", "Wait again, or cancel it.");
    if (shared_->error) std::rethrow_exception(shared_->error);
    return shared_->result;
}

void Job::cancel() noexcept {
    shared_->cancel->request();
}

bool Job::may_wait() const noexcept {
    return shared_->session->may_wait_for(shared_->request);
}

} // namespace mirra::host

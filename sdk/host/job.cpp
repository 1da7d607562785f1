// A run on a thread of its own.
#include "mirra/error.hpp"
#include "mirra/host.hpp"
#include "process_life.hpp"

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cxxabi.h>
#include <mutex>

namespace mirra::host {
namespace {

/// What the job's thread and its handle share; outlives whichever ends first.
struct Shared {
    std::shared_ptr<Session> session;
    RunRequest request;
    std::shared_ptr<CancelToken> cancel = std::make_shared<CancelToken>(); ///< beside the caller's
    std::mutex mutex;
    std::condition_variable ended;
    JobStatus status;
    std::shared_ptr<const RunResult> result;
    std::exception_ptr error;
};

void finish(Shared &shared, JobStatus::State state) {
    shared.session->release();
    const std::lock_guard lock(shared.mutex);
    shared.status.state = state;
    shared.ended.notify_all();
}

bool progressed(Shared &shared, const std::function<bool(const Progress &)> &callers,
                const Progress &progress) {
    {
        const std::lock_guard lock(shared.mutex);
        shared.status.progress = progress;
    }
    return !callers || callers(progress);
}

void work(const std::shared_ptr<Shared> &shared) {
    const PlainArithmetic arithmetic;
    auto state = JobStatus::State::done;
    try {
        auto result = shared->session->run_acquired(shared->request);
        const std::lock_guard lock(shared->mutex);
        shared->status.progress.fraction = 1;
        shared->result = std::move(result);
    } catch (const Error &error) {
        state = error.code() == ErrorCode::cancelled ? JobStatus::State::cancelled : JobStatus::State::failed;
        shared->error = std::current_exception();
    } catch (abi::__forced_unwind &) { // a callback ended the thread
        shared->error =
            std::make_exception_ptr(Error(ErrorCode::cancelled, "a callback ended the job's thread"));
        finish(*shared, JobStatus::State::cancelled);
        throw;
    } catch (...) {
        state = JobStatus::State::failed;
        shared->error = std::current_exception();
    }
    finish(*shared, state);
}

class JobThread final : public Job {
  public:
    explicit JobThread(std::shared_ptr<Shared> shared)
        : shared_(std::move(shared))
        , thread_([kept = shared_] { work(kept); }) {}

    ~JobThread() override {
        cancel();
        // In the job's own callback, waiting for the thread would be waiting for oneself.
        if (may_wait()) {
            thread_.join();
        } else {
            thread_.detach();
        }
    }

    JobStatus status() override {
        check_not_forked();
        const std::lock_guard lock(shared_->mutex);
        return shared_->status;
    }

    std::shared_ptr<const RunResult> wait(double seconds) override {
        check_not_forked();
        if (std::isnan(seconds))
            throw Error(ErrorCode::invalid_argument, "the time to wait is no number", "seconds");
        std::unique_lock lock(shared_->mutex);
        const auto ended = [this] { return shared_->status.state != JobStatus::State::running; };
        if (!ended() && !may_wait())
            throw Error(ErrorCode::busy, "a job's own callback cannot wait for the job", "job",
                        "Return from the callback, and wait in another thread.");
        constexpr double kLongest = 1e8; // seconds; a longer wait overflows the clock
        if (seconds < 0 || seconds > kLongest) {
            shared_->ended.wait(lock, ended);
        } else if (!shared_->ended.wait_for(lock, std::chrono::duration<double>(seconds), ended)) {
            throw Error(ErrorCode::busy, "the job is still running", "seconds", "Wait again, or cancel it.");
        }
        if (shared_->error) std::rethrow_exception(shared_->error);
        return shared_->result;
    }

    void cancel() noexcept override { shared_->cancel->request(); }

  private:
    [[nodiscard]] bool may_wait() const noexcept { return shared_->session->may_wait_for(shared_->request); }

    std::shared_ptr<Shared> shared_;
    QuietThread thread_;
};

} // namespace

std::unique_ptr<Job> Job::submit(std::shared_ptr<Session> session, RunRequest request) {
    auto shared = std::make_shared<Shared>();
    shared->session = std::move(session);
    shared->request = std::move(request);
    shared->request.progress = [raw = shared.get(), callers = std::move(shared->request.progress)](
                                   const Progress &p) { return progressed(*raw, callers, p); };
    shared->request.cancels.push_back(shared->cancel);
    shared->session->acquire();
    try {
        return std::make_unique<JobThread>(shared);
    } catch (...) {
        shared->session->release();
        throw;
    }
}

} // namespace mirra::host

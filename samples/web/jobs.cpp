// The queue of jobs, and the threads that run them.
#include "jobs.hpp"

#include "guard.hpp"

#include <algorithm>

namespace web {

constexpr auto kAbandoned = std::chrono::minutes(3); // a page in the background asks once a minute
constexpr auto kForgotten = std::chrono::minutes(60);
constexpr std::size_t kMostJobs = 256;

struct Jobs::Job {
    explicit Job(Request given) : request(std::move(given)) {}

    std::mutex lock;
    Request request;
    api::Cancel cancel = api::Cancel::create();
    Preview preview;
    State state = State::queued;
    Clock::time_point asked = Clock::now();
    std::string stage;
    double fraction = 0;
    std::uint64_t tile = 0, tile_count = 0, step = 0, step_count = 0, bytes_now = 0;
    Json result, error;

    [[nodiscard]] bool over() const { return state > State::running; }
    /// Its pictures may go now.
    void finish(State how) {
        state = how;
        request = Request{};
    }
};

Jobs::Jobs(const Workshop &shop, int running, int waiting)
    : shop_(shop)
    , waiting_(static_cast<std::size_t>(waiting)) {
    for (int i = 0; i < running; ++i) threads_.emplace_back([this] { serve(); });
}

Jobs::~Jobs() {
    end();
}

std::string Jobs::submit(Request request) {
    auto job = std::make_shared<Job>(std::move(request));
    const std::string name = random_name();
    const std::lock_guard hold(lock_);
    if (ended_) throw api::Error(MIRRA_E_CANCELLED, "the server is about to end");
    const auto open = static_cast<std::size_t>(std::ranges::count_if(jobs_, [](const auto &each) {
        const std::lock_guard held(each.second->lock);
        return !each.second->over();
    }));
    if (open >= threads_.size() + waiting_)
        throw api::Error(MIRRA_E_BUSY, "too many jobs wait already", "",
                         "Try again when one of them is done.");
    jobs_.emplace(name, job);
    queue_.push_back(std::move(job));
    change_.notify_one();
    return name;
}

Jobs::JobPointer Jobs::find(const std::string &name) {
    const std::lock_guard hold(lock_);
    const auto found = jobs_.find(name);
    if (found == jobs_.end())
        throw api::Error(MIRRA_E_NOT_FOUND, "there is no such job", "", "Run it again.");
    return found->second;
}

Json Jobs::status(const std::string &name) {
    const JobPointer job = find(name);
    constexpr std::array<const char *, 5> kNames{"queued", "running", "done", "failed", "cancelled"};
    const std::lock_guard hold(job->lock);
    job->asked = Clock::now();
    Json told{{"state", kNames.at(static_cast<std::size_t>(job->state))},
              {"stage", job->stage},
              {"fraction", job->fraction},
              {"tile", job->tile},
              {"tile_count", job->tile_count},
              {"step", job->step},
              {"step_count", job->step_count},
              {"bytes_now", job->bytes_now},
              {"preview", job->preview.version()}};
    if (!job->result.is_null()) told["result"] = job->result;
    if (!job->error.is_null()) told["error"] = job->error;
    return told;
}

api::Memory Jobs::preview(const std::string &name) {
    return find(name)->preview.jpeg();
}

void Jobs::cancel(const std::string &name) {
    const JobPointer job = find(name);
    job->cancel.request();
    const std::lock_guard hold(job->lock);
    if (job->state == State::queued) job->finish(State::cancelled);
}

void Jobs::tidy() {
    const Clock::time_point now = Clock::now();
    const std::lock_guard hold(lock_);
    for (const auto &[name, job] : jobs_) {
        const std::lock_guard held(job->lock);
        if (!job->over() && job->asked + kAbandoned < now) job->cancel.request();
    }
    std::erase_if(jobs_, [&](const auto &each) {
        const std::lock_guard held(each.second->lock);
        const bool many = jobs_.size() > kMostJobs;
        return each.second->over() && each.second->asked + (many ? kAbandoned : kForgotten) < now;
    });
}

void Jobs::end() {
    {
        const std::lock_guard hold(lock_);
        ended_ = true;
        for (const auto &[name, job] : jobs_) job->cancel.request();
    }
    change_.notify_all();
    threads_.clear();
}

void Jobs::serve() {
    for (;;) {
        JobPointer job;
        {
            std::unique_lock hold(lock_);
            change_.wait(hold, [&] { return ended_ || !queue_.empty(); });
            if (ended_) return;
            job = std::move(queue_.front());
            queue_.pop_front();
        }
        {
            const std::lock_guard hold(job->lock);
            if (job->over()) continue;
            job->state = State::running;
        }
        execute(*job);
    }
}

void Jobs::execute(Job &job) const {
    const auto progress = [&job](const mirra_progress &now) {
        const std::lock_guard hold(job.lock);
        job.stage = now.stage;
        job.fraction = now.fraction;
        job.tile = now.tile;
        job.tile_count = now.tile_count;
        job.step = now.step;
        job.step_count = now.step_count;
        job.bytes_now = now.bytes_now;
    };
    Json result, error;
    State state = State::failed;
    try {
        result = run(job.request, shop_, job.cancel, job.preview, progress);
        state = State::done;
    } catch (const api::Error &failure) {
        state = failure.code() == MIRRA_E_CANCELLED ? State::cancelled : State::failed;
        error = error_json(failure);
    } catch (const std::bad_alloc &) {
        error =
            error_json(api::Error(MIRRA_E_OUT_OF_MEMORY, "memory ran out", "", "Take a smaller picture."));
    } catch (const std::exception &failure) {
        error = error_json(api::Error(MIRRA_E_INTERNAL, failure.what()));
    }
    const std::lock_guard hold(job.lock);
    job.result = std::move(result);
    job.error = std::move(error);
    job.finish(state);
}

} // namespace web

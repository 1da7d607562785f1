// Batches made by threads ahead of the training step. Batch k depends on k alone, so that resuming needs no
// state.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mirra::trainer {

/// Thread t makes every n-th batch, so that order needs no sorting.
template<class Batch> class BatchLoader {
  public:
    /// Starts the threads. @param make  the batch of a step; called from any of the threads
    BatchLoader(std::function<Batch(std::int64_t step)> make, int threads, std::int64_t first_step)
        : make_(std::move(make))
        , first_step_(first_step)
        , next_step_(first_step)
        , lanes_(static_cast<std::size_t>(std::max(1, threads))) {
        for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
            threads_.emplace_back([this, lane] { work(lane); });
    }
    BatchLoader(const BatchLoader &) = delete;
    BatchLoader &operator=(const BatchLoader &) = delete;
    ~BatchLoader() {
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
    }

    /// The next batch, in order of steps. Rethrows a thread's error. One caller.
    Batch next() {
        auto &lane = lanes_[static_cast<std::size_t>(next_step_ - first_step_) % lanes_.size()];
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !lane.ready.empty() || lane.failure; });
        if (lane.ready.empty()) std::rethrow_exception(lane.failure);
        auto batch = std::move(lane.ready.front());
        lane.ready.pop_front();
        ++next_step_;
        changed_.notify_all();
        return batch;
    }

  private:
    struct Lane {
        std::deque<Batch> ready;
        std::exception_ptr failure;
    };

    void work(std::size_t index) {
        constexpr std::size_t kAhead = 2; // batches that a thread keeps ready
        auto &lane = lanes_[index];
        const auto stride = static_cast<std::int64_t>(lanes_.size());
        try {
            for (auto step = first_step_ + static_cast<std::int64_t>(index);; step += stride) {
                auto batch = make_(step);
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [&] { return stopping_ || lane.ready.size() < kAhead; });
                if (stopping_) return;
                lane.ready.push_back(std::move(batch));
                changed_.notify_all();
            }
        } catch (...) {
            const std::scoped_lock lock(mutex_);
            lane.failure = std::current_exception();
            changed_.notify_all();
        }
    }

    std::function<Batch(std::int64_t)> make_;
    std::int64_t first_step_, next_step_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::vector<Lane> lanes_;
    std::vector<std::jthread> threads_;
};

} // namespace mirra::trainer

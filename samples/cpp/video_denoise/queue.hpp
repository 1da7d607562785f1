// A queue between two threads that holds a few items at most.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace video {

template<class Item> class Queue {
  public:
    explicit Queue(std::size_t most) : most_(most) {}

    /// Waits for room. False: the queue is closed, and nobody will take the item.
    bool push(Item item) {
        std::unique_lock hold(lock_);
        changed_.wait(hold, [&] { return closed_ || items_.size() < most_; });
        if (closed_) return false;
        items_.push_back(std::move(item));
        changed_.notify_all();
        return true;
    }
    /// Waits for an item. None: the queue is closed and empty.
    std::optional<Item> pop() {
        std::unique_lock hold(lock_);
        changed_.wait(hold, [&] { return closed_ || !items_.empty(); });
        if (items_.empty()) return std::nullopt;
        std::optional<Item> item = std::move(items_.front());
        items_.pop_front();
        changed_.notify_all();
        return item;
    }
    void close() {
        const std::lock_guard hold(lock_);
        closed_ = true;
        changed_.notify_all();
    }

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<Item> items_;
    std::size_t most_;
    bool closed_ = false;
};

/// Closes a queue at the end of a scope, however that is left.
template<class Item> class Closing {
  public:
    explicit Closing(Queue<Item> &queue) : queue_(queue) {}
    Closing(const Closing &) = delete;
    Closing &operator=(const Closing &) = delete;
    ~Closing() { queue_.close(); }

  private:
    Queue<Item> &queue_;
};

} // namespace video

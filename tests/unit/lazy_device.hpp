// A device that puts off all work for as long as it may, and does it in any order that its streams allow.
// What is not waited for comes out wrong.
#pragma once

#include "runtime/cuda/tile_transfer.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <vector>

namespace mirra::test {

class LazyDevice final : public cuda::CopyDevice {
  public:
    /// What it forgets to wait for, to show that a test would see it.
    enum class Forgets : std::uint8_t { nothing, copies, kernels, processor };

    explicit LazyDevice(unsigned seed, Forgets forgets = Forgets::nothing)
        : random_(seed)
        , forgets_(forgets) {}

    /// Memory that is given back is written by who has it next: at once, or by a kernel.
    cuda::Memory allocate(cuda::Place place, std::size_t bytes) override {
        std::vector<std::byte> &memory = memories_.emplace_back(bytes);
        const auto spoil = [this, place, &memory] {
            const auto write = [&memory] { std::ranges::fill(memory, std::byte{0xee}); };
            place == cuda::Place::device ? put(cuda::Stream::kernels, write) : write();
        };
        spoil(); // who had it before
        allocated_ += bytes;
        return {memory.data(), [spoil](void *) { spoil(); }};
    }
    void to_device(void *to, const void *from, std::size_t bytes) override { copy(to, from, bytes); }
    void to_processor(void *to, const void *from, std::size_t bytes) override { copy(to, from, bytes); }
    cuda::FencePtr mark(cuda::Stream stream) override { return mark_order(index_of(stream)); }
    void wait(cuda::Stream stream, const cuda::FencePtr &fence) override {
        const auto &mark = dynamic_cast<const Mark &>(*fence);
        const bool forgotten = (stream == cuda::Stream::copies && forgets_ == Forgets::copies) ||
                               (stream == cuda::Stream::kernels && forgets_ == Forgets::kernels);
        std::uint64_t &needs = orders_[index_of(stream)].needs[mark.order];
        if (!forgotten && mark.order != index_of(stream)) needs = std::max(needs, mark.count);
    }
    void finish(const cuda::FencePtr &fence) override {
        const auto &mark = dynamic_cast<const Mark &>(*fence);
        ++waits_;
        if (forgets_ == Forgets::processor) return;
        while (orders_[mark.order].done < mark.count) step(mark.order);
    }

    /// Puts work on a stream.
    void put(cuda::Stream stream, std::function<void()> work) { put(index_of(stream), std::move(work)); }
    /// The same for a stream of the caller's, and what it has by now.
    void put_for_caller(std::function<void()> work) { put(kCaller, std::move(work)); }
    cuda::FencePtr mark_caller() { return mark_order(kCaller); }
    void finish_all() {
        for (std::size_t order = 0; order < kOrders; ++order)
            while (!orders_[order].works.empty()) step(order);
    }
    [[nodiscard]] std::size_t allocated() const { return allocated_; }
    [[nodiscard]] int waits() const { return waits_; }
    [[nodiscard]] int copies() const { return copies_; }

  private:
    static constexpr std::size_t kCaller = 2, kOrders = 3;
    using Counts = std::array<std::uint64_t, kOrders>; ///< works of each order
    struct Mark final : cuda::Fence {
        Mark(std::size_t on, std::uint64_t put) : order(on), count(put) {}
        std::size_t order;
        std::uint64_t count;
    };
    struct Work {
        std::function<void()> body;
        Counts needs; ///< of the others: so many done
    };
    struct Order {
        std::deque<Work> works;
        std::uint64_t put = 0, done = 0;
        Counts needs{};
    };

    static std::size_t index_of(cuda::Stream stream) { return stream == cuda::Stream::kernels ? 0 : 1; }
    [[nodiscard]] cuda::FencePtr mark_order(std::size_t order) const {
        return std::make_shared<Mark>(order, orders_[order].put);
    }
    void copy(void *to, const void *from, std::size_t bytes) {
        ++copies_;
        put(cuda::Stream::copies,
            [=] { std::copy_n(static_cast<const std::byte *>(from), bytes, static_cast<std::byte *>(to)); });
    }
    void put(std::size_t order, std::function<void()> work) {
        orders_[order].works.push_back({std::move(work), orders_[order].needs});
        ++orders_[order].put;
        for (auto steps = random_() % 3; steps > 0; --steps) step(random_() % kOrders);
    }
    /// Does the next work of an order, and before it what that needs.
    void step(std::size_t index) {
        Order &order = orders_[index];
        if (order.works.empty()) return;
        const Counts needs = order.works.front().needs;
        for (std::size_t other = 0; other < kOrders; ++other)
            while (orders_[other].done < needs[other]) step(other);
        const auto body = std::move(order.works.front().body);
        order.works.pop_front();
        body();
        ++order.done;
    }

    std::mt19937 random_;
    const Forgets forgets_;
    std::deque<std::vector<std::byte>> memories_;
    std::array<Order, kOrders> orders_;
    std::size_t allocated_ = 0;
    int waits_ = 0, copies_ = 0;
};

} // namespace mirra::test

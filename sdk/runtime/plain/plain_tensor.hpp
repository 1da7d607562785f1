// Tensors in the process's own memory, counted by an arena. No LibTorch.
#pragma once

#include "mirra/runtime.hpp"
#include "runtime/arena_scope.hpp"
#include "runtime/plan/system_blocks.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace mirra::runtime {

/// Gives a block back.
struct FreeFloats {
    std::size_t count = 0;
    void operator()(float *values) const noexcept { free_block(values, count * sizeof(float)); }
};
using Floats = std::unique_ptr<float[], FreeFloats>;
/// Left as they are. @throws std::bad_alloc
[[nodiscard]] Floats make_floats(std::size_t count);

/// Memory of tensors that are gone.
struct SpareFloats {
    Floats values;
    std::size_t count;
};

/// What runs leave for the next one: its pages are there already. Never more than what a plan has left for
/// kernels (see memory.cpp). Thread-safe.
class Leftovers {
  public:
    /// Memory for so many values; empty where there is none of that size.
    [[nodiscard]] Floats take(std::size_t count);
    /// The oldest makes room. What is too large goes.
    void give(SpareFloats spare) noexcept;

  private:
    static constexpr std::uint64_t kMost = std::uint64_t{16} << 20;

    std::mutex mutex_; ///< held by who changes what follows
    std::vector<SpareFloats> spares_;
    std::uint64_t bytes_ = 0;
};

/// Counts what its tensors take, and holds it to a limit.
class PlainArena final : public Arena {
  public:
    PlainArena(std::uint64_t limit, std::shared_ptr<Leftovers> leftovers)
        : limit_(limit)
        , leftovers_(std::move(leftovers)) {}
    PlainArena(const PlainArena &) = delete;
    PlainArena &operator=(const PlainArena &) = delete;
    ~PlainArena() override;
    /// Memory for so many values, as it is: that of a tensor of that size that is gone, where there is one.
    /// @throws Error budget | std::bad_alloc
    [[nodiscard]] Floats take(std::size_t count);
    void give(Floats values, std::size_t count) noexcept;
    [[nodiscard]] std::uint64_t peak_bytes() const override { return peak_; }
    [[nodiscard]] std::uint64_t current_bytes() const override { return current_; }
    void reserve(std::uint64_t bytes) override;
    [[nodiscard]] std::uint64_t idle_bytes() const override;
    void begin(std::uint64_t hold) override;

  private:
    void count(std::uint64_t bytes);
    /// Pages that are there need not be asked of the system again. What is beyond that which was held at once
    /// goes to the leftovers.
    Floats take_spare(std::size_t count);
    /// By who holds mutex_, as drop_spare().
    [[nodiscard]] std::uint64_t most_held() const;
    void drop_spare();

    const std::uint64_t limit_;
    const std::shared_ptr<Leftovers> leftovers_;
    std::atomic<std::uint64_t> current_{0}, reserved_{0}, peak_{0};
    mutable std::mutex mutex_; ///< held by who changes what follows
    std::uint64_t most_ = 0;   ///< that may be held beyond the peak, as runs before did
    std::vector<SpareFloats> spares_;
    std::uint64_t spare_bytes_ = 0;
};

using PlainArenaScope = ThreadArenaScope<PlainArena>;

/// A tensor whose values lie row-major, or with the channels of a pixel side by side (nhwc, of rank 4 only).
class PlainTensor final : public DeviceTensor {
  public:
    /// The values are left as they are. From the calling thread's arena. @throws Error budget |
    /// std::bad_alloc
    PlainTensor(graph::Shape shape, Layout layout);
    PlainTensor(const PlainTensor &) = delete;
    PlainTensor &operator=(const PlainTensor &) = delete;
    ~PlainTensor() override;

    [[nodiscard]] const graph::Shape &shape() const override { return shape_; }
    [[nodiscard]] Layout layout() const noexcept { return layout_; }
    [[nodiscard]] const std::vector<std::int64_t> &strides() const noexcept { return strides_; }
    /// In the order of the layout.
    [[nodiscard]] std::span<float> values() noexcept { return {values_.get(), count_}; }
    [[nodiscard]] std::span<const float> values() const noexcept { return {values_.get(), count_}; }

  private:
    const graph::Shape shape_;
    const Layout layout_;
    const std::vector<std::int64_t> strides_;
    const std::size_t count_;
    std::shared_ptr<PlainArena> arena_;
    Floats values_;
};

std::shared_ptr<PlainTensor> make_plain(const graph::Shape &shape, Layout layout = Layout::nchw);
/// @throws Error invalid_argument for a tensor of another runtime
const PlainTensor &plain(const DeviceTensor &tensor);
/// The values row-major; `copy` holds them where the tensor has them in another order.
std::span<const float> row_major(const PlainTensor &tensor, std::vector<float> &copy);

/// Distances of neighbours along each axis.
std::vector<std::int64_t> strides_of(const graph::Shape &shape, Layout layout);

/// Calls row(a, b, c) for each row along the last axis, with the places of its first values, given distances
/// along the axes of three tensors walked side by side.
template<class Row>
void for_rows(const graph::Shape &shape, std::span<const std::int64_t> a, std::span<const std::int64_t> b,
              std::span<const std::int64_t> c, const Row &row) {
    const std::size_t axes = shape.empty() ? 0 : shape.size() - 1;
    std::vector<std::int64_t> at(axes, 0);
    std::int64_t x = 0, y = 0, z = 0;
    for (;;) {
        row(x, y, z);
        std::size_t axis = axes;
        for (; axis > 0; --axis) {
            const std::size_t i = axis - 1;
            x += a[i];
            y += b[i];
            z += c[i];
            if (++at[i] < shape[i]) break;
            x -= a[i] * shape[i];
            y -= b[i] * shape[i];
            z -= c[i] * shape[i];
            at[i] = 0;
        }
        if (axis == 0) return;
    }
}

} // namespace mirra::runtime

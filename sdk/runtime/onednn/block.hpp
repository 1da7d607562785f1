// Values of a step in a run: channels-last memory of the calling thread's arena, or a part of it.
#pragma once

#include "runtime/plain/plain_tensor.hpp"
#include "runtime/rows/bfloat16.hpp"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <cstdint>

#include <omp.h>

namespace mirra::runtime::onednn {

enum class Type : std::uint8_t { f32, bf16 };

/// Values {N, C, H, W} or {N, C} whose channels lie side by side. Copies share the memory.
class Block {
  public:
    Block() = default;
    /// Memory of its own, dense, not set. @throws Error budget | std::bad_alloc
    static Block make(const graph::Shape &shape, Type type);
    /// The caller's values, which are not written: their memory where it is channels-last, or else a copy.
    static Block of(const TensorPtr &tensor);

    [[nodiscard]] const graph::Shape &shape() const { return shape_; }
    [[nodiscard]] Type type() const { return type_; }
    [[nodiscard]] std::int64_t images() const { return shape_[0]; }
    [[nodiscard]] std::int64_t channels() const { return shape_[1]; }
    [[nodiscard]] std::int64_t height() const { return shape_.size() == 4 ? shape_[2] : 1; }
    [[nodiscard]] std::int64_t width() const { return shape_.size() == 4 ? shape_[3] : 1; }
    [[nodiscard]] std::int64_t rows() const { return images() * height(); }
    [[nodiscard]] std::int64_t count() const { return rows() * width() * channels(); }
    [[nodiscard]] std::int64_t pixel_stride() const { return pixel_; } ///< in values
    /// Whether there is nothing between the pixels and rows.
    [[nodiscard]] bool dense() const;
    /// Whether nobody else has this memory, and it may be written.
    [[nodiscard]] bool owned() const { return ours_ && memory_.use_count() == 1; }

    /// First value of a row, counted over all images. T: float or Bf16, as type() says.
    template<class T> [[nodiscard]] T *row(std::int64_t index) const {
        return static_cast<T *>(data_) + index / height() * image_ + index % height() * row_;
    }
    [[nodiscard]] void *data() const { return data_; }

    /// Some of the channels, or some of the pixels, in the same memory.
    [[nodiscard]] Block channel_range(std::int64_t begin, std::int64_t end) const;
    [[nodiscard]] Block window(std::int64_t top, std::int64_t left, std::int64_t height,
                               std::int64_t width) const;
    /// Dense values of one type: this block where it is so already.
    [[nodiscard]] Block as(Type type) const;
    /// As as(), in memory that may be written.
    [[nodiscard]] Block own(Type type) const;
    /// The values as a tensor in fp32.
    [[nodiscard]] TensorPtr tensor() const;

    [[nodiscard]] dnnl::memory::desc descriptor() const;
    [[nodiscard]] dnnl::memory memory() const;

  private:
    /// Without memory yet.
    static Block dense_of(const graph::Shape &shape, Type type);
    [[nodiscard]] Block copied(Type type) const;

    graph::Shape shape_;
    Type type_ = Type::f32;
    std::int64_t image_ = 0, row_ = 0, pixel_ = 0; ///< strides in values
    std::shared_ptr<const DeviceTensor> memory_;
    void *data_ = nullptr;
    bool ours_ = false;
};

/// The processor, and a queue of the calling thread's.
const dnnl::engine &processor();
dnnl::stream &queue();
/// Runs a primitive and waits for it.
void execute(const dnnl::primitive &primitive, const std::unordered_map<int, dnnl::memory> &arguments);

/// Copies values from one layout or type to another.
void reorder(dnnl::memory from, dnnl::memory to);

/// body(row) for each of `count` rows of so many values, by the threads of the calling one.
template<class Body> void for_each_row(std::int64_t count, std::int64_t values, const Body &body) {
    constexpr std::int64_t kWorthThreads = 65536;
    const bool several = count > 1 && count * values > kWorthThreads;
    // Some for each thread, so that one which is held up holds up nobody.
    const std::int64_t share = std::max<std::int64_t>(count / (std::int64_t{8} * omp_get_max_threads()), 1);
#pragma omp parallel for schedule(dynamic, share) if (several)
    for (std::int64_t row = 0; row < count; ++row) body(row);
}

/// Calls body with a value of the type that the block has: float() or Bf16().
template<class Body> void with_type(Type type, const Body &body) {
    if (type == Type::f32)
        body(float());
    else
        body(Bf16());
}

} // namespace mirra::runtime::onednn

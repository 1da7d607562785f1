// A runtime without networks: memory, copies in and out.
#include "runtime/plain/plain_module.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <numeric>

namespace mirra::runtime {
namespace {

[[noreturn]] void refuse() {
    throw Error(ErrorCode::unsupported, "this runtime runs no networks", "graph");
}

/// Copies between rows of three strides of the same shape.
void copy_rows(const graph::Shape &shape, const float *from, std::span<const std::int64_t> from_strides,
               float *to, std::span<const std::int64_t> to_strides) {
    const std::int64_t width = shape.empty() ? 1 : shape.back();
    const std::int64_t from_step = shape.empty() ? 1 : from_strides.back(),
                       to_step = shape.empty() ? 1 : to_strides.back();
    for_rows(shape, from_strides, to_strides, to_strides, [&](std::int64_t x, std::int64_t y, std::int64_t) {
        for (std::int64_t i = 0; i < width; ++i) to[y + i * to_step] = from[x + i * from_step];
    });
}

/// Pixels of three colours to planes. @param plane  values of one
void split_colors(const float *pixels, std::int64_t plane, float *planes) {
    for (std::int64_t i = 0; i < plane; ++i)
        for (std::int64_t c = 0; c < 3; ++c) planes[c * plane + i] = pixels[3 * i + c];
}
void join_colors(const float *planes, std::int64_t plane, float *pixels) {
    for (std::int64_t i = 0; i < plane; ++i)
        for (std::int64_t c = 0; c < 3; ++c) pixels[3 * i + c] = planes[c * plane + i];
}

/// Values of rank 4 from one layout to the other.
void change_layout(const PlainTensor &x, Layout wanted, float *to) {
    const auto &shape = x.shape();
    if (shape[1] != 3) return copy_rows(shape, x.values().data(), x.strides(), to, strides_of(shape, wanted));
    const std::int64_t plane = shape[2] * shape[3];
    for (std::int64_t image = 0; image < shape[0]; ++image) {
        const float *const from = x.values().data() + image * 3 * plane;
        wanted == Layout::nchw ? split_colors(from, plane, to + image * 3 * plane)
                               : join_colors(from, plane, to + image * 3 * plane);
    }
}

} // namespace

std::string PlainModule::version() const {
    return "without networks";
}

std::vector<DeviceInfo> PlainModule::devices() const {
    return {};
}

void PlainModule::set_threads(int) {}

std::shared_ptr<Executable> PlainModule::compile(const graph::Graph &, const WeightSource &,
                                                 const CompileOptions &) {
    refuse();
}

std::shared_ptr<Differentiable> PlainModule::compile_gradient(const graph::Graph &, const WeightSource &,
                                                              const std::string &) {
    refuse();
}

std::shared_ptr<Arena> PlainModule::make_arena(std::uint64_t limit, std::uint64_t) {
    return std::make_shared<PlainArena>(limit, leftovers_);
}

std::unique_ptr<ArenaScope> PlainModule::enter(const std::shared_ptr<Arena> &arena) {
    auto ours = std::dynamic_pointer_cast<PlainArena>(arena);
    if (ours == nullptr)
        throw Error(ErrorCode::invalid_argument, "the arena is not of this runtime", "arena");
    return std::make_unique<PlainArenaScope>(std::move(ours));
}

TensorPtr PlainModule::upload(std::span<const float> values, const graph::Shape &shape, Layout layout,
                              const std::string &device) {
    const auto copy = [&](std::span<float> to) {
        if (to.size() != values.size())
            throw Error(ErrorCode::mismatch,
                        "the tensor has " + std::to_string(to.size()) + " values, the buffer " +
                            std::to_string(values.size()),
                        "tensor");
        std::ranges::copy(values, to.begin());
    };
    return upload(copy, shape, layout, device);
}

TensorPtr PlainModule::upload(const std::function<void(std::span<float>)> &fill, const graph::Shape &shape,
                              Layout layout, const std::string &) {
    auto made = make_plain(shape, layout);
    fill(made->values());
    return made;
}

TensorPtr PlainModule::full(const graph::Shape &shape, double value, const std::string &) {
    auto made = make_plain(shape);
    std::ranges::fill(made->values(), static_cast<float>(value));
    return made;
}

void PlainModule::download(const DeviceTensor &tensor, std::span<float> values, Layout layout) {
    const PlainTensor &x = plain(tensor);
    if (values.size() != x.values().size())
        throw Error(ErrorCode::mismatch,
                    "the tensor has " + std::to_string(x.values().size()) + " values, the buffer " +
                        std::to_string(values.size()),
                    "tensor");
    const Layout wanted = x.shape().size() == 4 ? layout : Layout::nchw;
    if (wanted == x.layout())
        std::ranges::copy(x.values(), values.begin());
    else
        change_layout(x, wanted, values.data());
}

Created PlainModule::create(const graph::Shape &shape, const std::string &) {
    auto made = make_plain(shape);
    std::ranges::fill(made->values(), 0.0F);
    float *const values = made->values().data();
    return {std::move(made), values};
}

Mapped PlainModule::map(const DeviceTensor &tensor) {
    const PlainTensor &x = plain(tensor);
    return {x.values().data(), x.strides()};
}

TensorPtr PlainModule::part(const TensorPtr &x, std::size_t axis, std::int64_t first, std::int64_t count) {
    const PlainTensor &from = plain(*x);
    graph::Shape shape = from.shape();
    shape.at(axis) = count;
    auto made = make_plain(shape, from.layout());
    copy_rows(shape, from.values().data() + first * from.strides()[axis], from.strides(),
              made->values().data(), made->strides());
    return made;
}

TensorPtr PlainModule::concat(std::span<const TensorPtr> tensors, std::size_t axis) {
    graph::Shape shape = tensors.front()->shape();
    shape.at(axis) = 0;
    for (const TensorPtr &each : tensors) shape[axis] += each->shape()[axis];
    auto made = make_plain(shape, plain(*tensors.front()).layout());
    std::int64_t at = 0;
    for (const TensorPtr &each : tensors) {
        const PlainTensor &from = plain(*each);
        copy_rows(from.shape(), from.values().data(), from.strides(),
                  made->values().data() + at * made->strides()[axis], made->strides());
        at += from.shape()[axis];
    }
    return made;
}

} // namespace mirra::runtime

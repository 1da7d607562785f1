// A runtime without networks: tensors in the process's own memory and plain loops over them. For tasks that
// run no network, and, with networks put in, for tests.
#pragma once

#include "runtime/plain/plain_tensor.hpp"

namespace mirra::runtime {

/// compile() and compile_gradient() refuse. Every device is the processor.
class PlainModule : public Module {
  public:
    [[nodiscard]] std::string version() const override;
    [[nodiscard]] std::vector<DeviceInfo> devices() const override;
    void set_threads(int count) override;
    std::shared_ptr<Executable> compile(const graph::Graph &graph, const WeightSource &weights,
                                        const CompileOptions &options) override;
    std::shared_ptr<Differentiable> compile_gradient(const graph::Graph &graph, const WeightSource &weights,
                                                     const std::string &device) override;
    std::shared_ptr<Arena> make_arena(std::uint64_t limit, std::uint64_t keep) override;
    std::unique_ptr<ArenaScope> enter(const std::shared_ptr<Arena> &arena) override;

    TensorPtr upload(std::span<const float> values, const graph::Shape &shape, Layout layout,
                     const std::string &device) override;
    TensorPtr upload(const std::function<void(std::span<float>)> &fill, const graph::Shape &shape,
                     Layout layout, const std::string &device) override;
    TensorPtr full(const graph::Shape &shape, double value, const std::string &device) override;
    void download(const DeviceTensor &tensor, std::span<float> values, Layout layout) override;
    Created create(const graph::Shape &shape, const std::string &device) override;
    Mapped map(const DeviceTensor &tensor) override;

    TensorPtr binary(Binary op, const TensorPtr &a, const TensorPtr &b) override;
    TensorPtr affine(const TensorPtr &x, double scale, double offset) override;
    TensorPtr clamp(const TensorPtr &x, double low, double high) override;
    TensorPtr unary(Unary op, const TensorPtr &x) override;
    double reduce(Reduction op, const TensorPtr &x) override;
    TensorPtr reduce_axes(Reduction op, const TensorPtr &x, std::uint32_t axes) override;
    TensorPtr part(const TensorPtr &x, std::size_t axis, std::int64_t first, std::int64_t count) override;
    TensorPtr concat(std::span<const TensorPtr> tensors, std::size_t axis) override;
    TensorPtr product(const TensorPtr &a, bool transpose_a, const TensorPtr &b, bool transpose_b) override;
    Eigen eigen(const TensorPtr &symmetric) override;

  private:
    const std::shared_ptr<Leftovers> leftovers_ = std::make_shared<Leftovers>();
};

} // namespace mirra::runtime

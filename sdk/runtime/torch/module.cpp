// The Module interface over LibTorch.
#include "runtime/torch/module.hpp"

#include "runtime/plan/startable_threads.hpp"
#include "runtime/torch/arena.hpp"
#include "runtime/torch/device_arena.hpp"
#include "runtime/torch/devices.hpp"
#include "runtime/torch/executable.hpp"
#include "runtime/torch/graph_runs.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/tensor.hpp"

#include <torch/csrc/inductor/aoti_torch/c/shim.h>

namespace mirra::runtime {
namespace {

at::Tensor as_nchw(const graph::Shape &shape, Layout layout, float *values) {
    if (layout == Layout::nchw || shape.size() != 4) return at::from_blob(values, shape, at::kFloat);
    return at::from_blob(values, {shape[0], shape[2], shape[3], shape[1]}, at::kFloat).permute({0, 3, 1, 2});
}

void check_count(const graph::Shape &shape, std::size_t values) {
    std::int64_t count = 1;
    for (const auto extent : shape) count *= extent;
    if (count != static_cast<std::int64_t>(values))
        throw Error(ErrorCode::mismatch,
                    "the tensor has " + std::to_string(count) + " values, the buffer " +
                        std::to_string(values),
                    "tensor");
}

class TorchModule final : public Module {
  public:
    TorchModule() : default_threads_(default_threads(at::get_num_threads())) { install_arena_allocator(); }

    [[nodiscard]] std::string version() const override {
        const std::uint64_t loaded = aoti_torch_abi_version(); // of the library, not of the header
        const auto part = [loaded](int shift) { return std::to_string(loaded >> shift & 0xff); };
        return "LibTorch " + part(56) + '.' + part(48) + '.' + part(40);
    }
    [[nodiscard]] std::vector<DeviceInfo> devices() const override { return guarded(list_devices); }
    void set_threads(int count) override {
        const int wanted = count > 0 ? count : default_threads_;
        guarded([&] {
            at::get_num_threads(); // a thread's first call takes over what another thread has set
            check_startable(wanted, count > 0);
            at::set_num_threads(wanted); // of the calling thread
            return 0;
        });
    }

    std::shared_ptr<Executable> compile(const graph::Graph &graph, const WeightSource &weights,
                                        const CompileOptions &options) override {
        // Weights outlive the run that happens to need them first, so they are none of its arena's.
        const auto heap = enter_heap();
        const UncountedMemory uncounted;
        return guarded([&] {
            return make_executable(graph, weights, options, recordings_.of(find_device(options.device)));
        });
    }

    std::shared_ptr<Differentiable> compile_gradient(const graph::Graph &graph, const WeightSource &weights,
                                                     const std::string &device) override {
        const auto heap = enter_heap();
        const UncountedMemory uncounted;
        return guarded([&] { return make_differentiable(graph, weights, device); });
    }

    std::shared_ptr<Arena> make_arena(std::uint64_t limit, std::uint64_t keep) override {
        return make_cpu_arena(limit, keep);
    }
    std::unique_ptr<ArenaScope> enter(const std::shared_ptr<Arena> &arena) override {
        auto scope = enter_device_arena(arena);
        return scope != nullptr ? std::move(scope) : enter_cpu_arena(arena);
    }

    TensorPtr upload(std::span<const float> values, const graph::Shape &shape, Layout layout,
                     const std::string &device) override {
        return guarded([&] {
            check_count(shape, values.size());
            const c10::InferenceMode inference;
            return wrap(as_nchw(shape, layout, const_cast<float *>(values.data()))
                            .to(find_device(device), at::kFloat, false, true));
        });
    }

    TensorPtr upload(const std::function<void(std::span<float>)> &fill, const graph::Shape &shape,
                     Layout layout, const std::string &device) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            const bool channels_last = layout == Layout::nhwc && shape.size() == 4;
            const at::Tensor values =
                at::empty(shape, at::kFloat,
                          channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
            fill({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
            return wrap(values.to(find_device(device)));
        });
    }

    TensorPtr full(const graph::Shape &shape, double value, const std::string &device) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            return wrap(at::full(shape, value, at::TensorOptions(at::kFloat).device(find_device(device))));
        });
    }

    void download(const DeviceTensor &tensor, std::span<float> values, Layout layout) override {
        guarded([&] {
            check_count(tensor.shape(), values.size());
            const c10::InferenceMode inference;
            as_nchw(tensor.shape(), layout, values.data()).copy_(unwrap(tensor));
            return 0;
        });
    }

    TensorPtr binary(Binary op, const TensorPtr &left, const TensorPtr &right) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            return wrap(compute(op, unwrap(*left), unwrap(*right)));
        });
    }

    TensorPtr affine(const TensorPtr &x, double scale, double offset) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            return wrap(unwrap(*x) * scale + offset);
        });
    }

    TensorPtr clamp(const TensorPtr &x, double low, double high) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            return wrap(at::clamp(unwrap(*x), low, high));
        });
    }

    Created create(const graph::Shape &shape, const std::string &device) override {
        return guarded([&] {
            if (!find_device(device).is_cpu()) refuse_gpu();
            const c10::InferenceMode inference;
            at::Tensor made = at::zeros(shape, at::kFloat);
            auto *values = made.data_ptr<float>();
            return Created{wrap(std::move(made)), values};
        });
    }

    Mapped map(const DeviceTensor &tensor) override {
        return guarded([&] {
            const at::Tensor &x = unwrap(tensor);
            if (!x.is_cpu()) refuse_gpu();
            return Mapped{x.const_data_ptr<float>(), x.strides().vec()};
        });
    }

    TensorPtr unary(Unary op, const TensorPtr &x) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            return wrap(compute(op, unwrap(*x)));
        });
    }

    TensorPtr reduce_axes(Reduction op, const TensorPtr &x, std::uint32_t axes) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            std::vector<std::int64_t> dims;
            for (std::int64_t i = 0; i < unwrap(*x).dim(); ++i)
                if ((axes >> i & 1U) != 0) dims.push_back(i);
            return wrap(compute(op, unwrap(*x), dims));
        });
    }

    TensorPtr part(const TensorPtr &x, std::size_t axis, std::int64_t first, std::int64_t count) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            return wrap(unwrap(*x).narrow(static_cast<std::int64_t>(axis), first, count).clone());
        });
    }

    TensorPtr concat(std::span<const TensorPtr> tensors, std::size_t axis) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            std::vector<at::Tensor> parts;
            for (const TensorPtr &each : tensors) parts.push_back(unwrap(*each));
            return wrap(at::cat(parts, static_cast<std::int64_t>(axis)));
        });
    }

    double reduce(Reduction op, const TensorPtr &x) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            const auto values = unwrap(*x).to(at::kDouble);
            switch (op) {
            case Reduction::sum:
                return values.sum().item<double>();
            case Reduction::mean:
                return values.mean().item<double>();
            case Reduction::minimum:
                return values.min().item<double>();
            case Reduction::maximum:
                return values.max().item<double>();
            }
            throw Error(ErrorCode::invalid_argument, "unknown reduction", "op");
        });
    }

    TensorPtr product(const TensorPtr &left, bool transpose_left, const TensorPtr &right,
                      bool transpose_right) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            const auto matrix = [](const TensorPtr &x, bool transpose) {
                return transpose ? unwrap(*x).t() : unwrap(*x);
            };
            return wrap(at::mm(matrix(left, transpose_left), matrix(right, transpose_right)));
        });
    }

    Eigen eigen(const TensorPtr &symmetric) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            const auto lower = at::tril(unwrap(*symmetric));
            if (!at::isfinite(lower).all().item<bool>())
                throw Error(ErrorCode::invalid_argument, "the matrix has values that are no finite numbers",
                            "symmetric");
            // In double, so that eigenvalues far below the greatest keep their digits.
            const auto [values, vectors] = at::linalg_eigh(lower.to(at::kDouble), "L");
            return Eigen{wrap(values.to(at::kFloat)), wrap(vectors.to(at::kFloat).contiguous())};
        });
    }

  private:
    const int default_threads_;
    AllRecordings recordings_;
    [[noreturn]] static void refuse_gpu() {
        throw Error(ErrorCode::unsupported, "the tensor is not in the processor's memory", "device",
                    "Use tensor_upload and tensor_download.");
    }

    static at::Tensor compute(Unary op, const at::Tensor &x) {
        switch (op) {
        case Unary::absolute:
            return at::abs(x);
        case Unary::square_root:
            return at::sqrt(x);
        case Unary::exponential:
            return at::exp(x);
        case Unary::logarithm:
            return at::log(x);
        case Unary::tangent:
            return at::tanh(x);
        case Unary::sigmoid:
            return at::sigmoid(x);
        case Unary::relu:
            return at::relu(x);
        }
        throw Error(ErrorCode::invalid_argument, "unknown operation", "op");
    }

    static at::Tensor compute(Reduction op, const at::Tensor &x, const std::vector<std::int64_t> &axes) {
        switch (op) {
        case Reduction::sum:
            return at::sum(x, axes, true);
        case Reduction::mean:
            return at::mean(x, axes, true);
        case Reduction::minimum:
            return at::amin(x, axes, true);
        case Reduction::maximum:
            return at::amax(x, axes, true);
        }
        throw Error(ErrorCode::invalid_argument, "unknown reduction", "op");
    }

    static at::Tensor compute(Binary op, const at::Tensor &a, const at::Tensor &b) {
        switch (op) {
        case Binary::add:
            return a + b;
        case Binary::subtract:
            return a - b;
        case Binary::multiply:
            return a * b;
        case Binary::divide:
            return a / b;
        case Binary::minimum:
            return at::minimum(a, b);
        case Binary::maximum:
            return at::maximum(a, b);
        }
        throw Error(ErrorCode::invalid_argument, "unknown operation", "op");
    }
};

} // namespace

Module &torch_module() {
    static TorchModule module;
    return module;
}

} // namespace mirra::runtime

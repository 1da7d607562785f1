// The runtime's interface as the core sees it: no LibTorch here. A Module is the loaded runtime; it compiles
// graphs into Executables and Differentiables, which run on DeviceTensors, whose memory is an Arena's.
#pragma once

#include "mirra/graph.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mirra::runtime {

enum class Precision : std::uint8_t { automatic, fp32, bf16, fp16 };

struct DeviceInfo {
    std::string id;                    ///< "cpu", "cuda:0", …: what callers write
    std::string name;                  ///< the processor's or card's own name
    std::uint64_t memory = 0;          ///< bytes in all
    std::vector<Precision> precisions; ///< those with hardware support
    bool usable = false;
    std::string reason; ///< why not usable
};

/// One weight: fp32 values in the layout of its graph role. The span lives as long as the caller says.
struct Weight {
    graph::Shape shape;
    std::span<const float> values;
};
/// Looks a weight up by name. @throws Error not_found
using WeightSource = std::function<Weight(const std::string &name)>;

/// A tensor on a device; opaque outside of the runtime. Immutable once returned; share freely between
/// threads.
class DeviceTensor {
  public:
    virtual ~DeviceTensor() = default;
    [[nodiscard]] virtual const graph::Shape &shape() const = 0;
};
using TensorPtr = std::shared_ptr<const DeviceTensor>;

enum class Layout : std::uint8_t { nchw, nhwc };

struct CompileOptions {
    std::string device = "cpu";
    Precision precision = Precision::fp32; ///< never automatic here: the caller has chosen
};

/// Called before each step of a graph's run: how many are done, of how many, and how much of the work that is
/// (0 ... 1). What it throws ends the run. Empty: nobody looks.
using StepFunction = std::function<void(std::size_t done, std::size_t count, double fraction)>;

/// A graph compiled for a device. Thread-safe for concurrent run() calls.
class Executable {
  public:
    virtual ~Executable() = default;
    /// @param inputs  in the order of graph().inputs, NCHW logically, fp32
    /// @returns outputs in the order of graph().outputs, fp32
    /// @throws Error mismatch (shapes) | budget | out_of_memory, and what `step` throws
    virtual std::vector<TensorPtr> run(std::span<const TensorPtr> inputs, const StepFunction &step) = 0;
    std::vector<TensorPtr> run(std::span<const TensorPtr> inputs) { return run(inputs, {}); }
    [[nodiscard]] virtual const graph::Graph &graph() const = 0;
};

/// Given a graph's output, the gradient of some function of it with respect to that output, of its shape.
using Upstream = std::function<TensorPtr(const TensorPtr &output)>;

/// A graph on a device through which gradients flow; fp32. Thread-safe for concurrent gradient() calls.
class Differentiable {
  public:
    virtual ~Differentiable() = default;
    /// Gradient of a function of one output with respect to one input, of that input's shape.
    /// @param inputs    in the order of graph().inputs
    /// @param output    index into graph().outputs
    /// @param input     index into graph().inputs
    /// @param upstream  called once, between the pass forward and the pass back
    /// @param step      of both passes
    /// @throws Error mismatch (shapes) | budget | out_of_memory, and what `upstream` and `step` throw
    virtual TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                               const Upstream &upstream, const StepFunction &step) = 0;
    TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                       const Upstream &upstream) {
        return gradient(inputs, output, input, upstream, {});
    }
    [[nodiscard]] virtual const graph::Graph &graph() const = 0;
};

/// An arena is the memory that the tensors of one run come from: it counts them, keeps freed blocks for the
/// next tensor, and holds all to a limit.
class Arena {
  public:
    virtual ~Arena() = default;
    [[nodiscard]] virtual std::uint64_t peak_bytes() const = 0;
    [[nodiscard]] virtual std::uint64_t current_bytes() const = 0;
    /// Takes bytes from the limit, for what is allocated elsewhere. @throws Error budget where they are not
    /// left
    virtual void reserve(std::uint64_t bytes) = 0;
    /// What it holds for the sake of blocks that may be wanted again, when no tensor of it is left.
    [[nodiscard]] virtual std::uint64_t idle_bytes() const = 0;
    /// A run begins: the peak counts anew, and nothing is reserved.
    /// @param hold  bytes that it may hold from now on, though no run needed as many at once; not with a
    /// limit
    virtual void begin(std::uint64_t hold) = 0;
};

/// While alive, tensors that the calling thread makes come from the arena.
class ArenaScope {
  public:
    virtual ~ArenaScope() = default;
};

/// Element-wise and reducing tensor functions for tasks; all return new fp32 tensors on the operands' device.
enum class Binary : std::uint8_t { add, subtract, multiply, divide, minimum, maximum };
enum class Reduction : std::uint8_t { sum, mean, minimum, maximum };
enum class Unary : std::uint8_t {
    absolute,
    square_root,
    exponential,
    logarithm,
    tangent,
    sigmoid,
    relu
}; ///< in the order of MIRRA_UNARY_*

/// A tensor that is still being written.
struct Created {
    TensorPtr tensor;
    float *values; ///< row-major
};
/// Where a tensor's values lie, as long as the tensor lives.
struct Mapped {
    const float *values;
    std::vector<std::int64_t> strides; ///< in values, one for each axis
};

/// Of a symmetric matrix {n, n}.
struct Eigen {
    TensorPtr values;  ///< {n}, ascending
    TensorPtr vectors; ///< {n, n}, one a column
};

/// The loaded runtime: one object per process, made by mirra_runtime_module(). Thread-safe.
class Module {
  public:
    virtual ~Module() = default;
    [[nodiscard]] virtual std::string version() const = 0;
    [[nodiscard]] virtual std::vector<DeviceInfo> devices() const = 0;
    /// CPU threads of the calling thread's kernels; 0: as many as it may use. @throws Error limit (too many)
    virtual void set_threads(int count) = 0;

    /// @throws Error device | unsupported | not_found (weight) | mismatch (weight shape)
    virtual std::shared_ptr<Executable> compile(const graph::Graph &graph, const WeightSource &weights,
                                                const CompileOptions &options) = 0;

    /// The same graph for gradients, in fp32. @throws Error as compile()
    virtual std::shared_ptr<Differentiable>
    compile_gradient(const graph::Graph &graph, const WeightSource &weights, const std::string &device) = 0;

    /// @param limit  0: none. Exceeding it throws Error budget out of the run.
    /// @param keep   the most that it holds for the sake of freed blocks that may be wanted again; 0: the
    /// limit
    virtual std::shared_ptr<Arena> make_arena(std::uint64_t limit, std::uint64_t keep = 0) = 0;
    virtual std::unique_ptr<ArenaScope> enter(const std::shared_ptr<Arena> &arena) = 0;

    /// Copies. values.size() must be the product of shape (always given as {N,C,H,W}); layout is that of
    /// values.
    virtual TensorPtr upload(std::span<const float> values, const graph::Shape &shape, Layout layout,
                             const std::string &device) = 0;
    /// The same for values that `fill` writes where the tensor has them: on the processor none are copied.
    virtual TensorPtr upload(const std::function<void(std::span<float> values)> &fill,
                             const graph::Shape &shape, Layout layout, const std::string &device) = 0;
    virtual TensorPtr full(const graph::Shape &shape, double value, const std::string &device) = 0;
    virtual void download(const DeviceTensor &tensor, std::span<float> values, Layout layout) = 0;

    /// Zeros, to be written where they lie. @throws Error unsupported (not in the processor's memory)
    virtual Created create(const graph::Shape &shape, const std::string &device) = 0;
    /// @throws Error unsupported likewise
    virtual Mapped map(const DeviceTensor &tensor) = 0;

    virtual TensorPtr binary(Binary op, const TensorPtr &a, const TensorPtr &b) = 0; ///< broadcasts
    virtual TensorPtr affine(const TensorPtr &x, double scale, double offset) = 0;
    virtual TensorPtr clamp(const TensorPtr &x, double low, double high) = 0;
    virtual TensorPtr unary(Unary op, const TensorPtr &x) = 0;
    virtual double reduce(Reduction op, const TensorPtr &x) = 0;
    /// @param axes  those whose extents become 1, a bit each
    virtual TensorPtr reduce_axes(Reduction op, const TensorPtr &x, std::uint32_t axes) = 0;
    virtual TensorPtr part(const TensorPtr &x, std::size_t axis, std::int64_t first, std::int64_t count) = 0;
    /// @param tensors  at least one
    virtual TensorPtr concat(std::span<const TensorPtr> tensors, std::size_t axis) = 0;

    /// Of matrices {m, k} and {k, n}, each as it is after it is transposed where asked for.
    virtual TensorPtr product(const TensorPtr &a, bool transpose_a, const TensorPtr &b, bool transpose_b) = 0;
    /// Reads the lower triangle only. @throws Error invalid_argument for values that are no finite numbers
    virtual Eigen eigen(const TensorPtr &symmetric) = 0;
};

/// Version of the Module interface; part of the name of the symbol that the module exports.
#define MIRRA_RUNTIME_MODULE_SYMBOL "mirra_runtime_module_v7"
using ModuleFactory = Module *(*)();

} // namespace mirra::runtime

// The lowered program is played through with sizes instead of tensors.
#include "runtime/plan/memory.hpp"

#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "runtime/rows/three_channels.hpp"
#include "runtime/rows/winograd.hpp"

#include <algorithm>
#include <thread>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

constexpr std::uint64_t kKernelScratch = std::uint64_t{24}
                                         << 20; ///< oneDNN's buffers, which no graph tells of

std::uint64_t elements(const g::Shape &shape) {
    std::uint64_t count = 1;
    for (const auto extent : shape) count *= static_cast<std::uint64_t>(extent);
    return count;
}

std::uint64_t pixels(const g::Shape &shape) {
    return shape.size() == 4 ? elements(shape) / static_cast<std::uint64_t>(shape[1]) : 0;
}

/// Blocks of the arena are a little larger than what they hold.
std::uint64_t block(std::uint64_t bytes) {
    return bytes + bytes / 8 + 4096;
}

/// Whether an op's result may lie in the memory of its input.
bool is_view(g::Storage storage) {
    return storage == g::Storage::view || storage == g::Storage::view_or_copy;
}

bool contains(const std::vector<std::size_t> &values, std::size_t value) {
    return std::ranges::find(values, value) != values.end();
}

std::vector<g::Shape> ordered(const g::Graph &graph, const std::map<std::string, g::Shape> &inputs) {
    std::vector<g::Shape> out;
    for (const auto &input : graph.inputs) {
        const auto found = inputs.find(input.name);
        if (found == inputs.end())
            throw Error(ErrorCode::mismatch, "graph input '" + input.name + "' is not given", input.name);
        out.push_back(found->second);
    }
    return out;
}

} // namespace

/// Which tensors are alive at a time.
class Footprint::Simulation {
  public:
    Simulation(const Footprint &footprint, const std::vector<g::Shape> &shapes)
        : input_count_(footprint.graph_.inputs.size())
        , value_bytes_(footprint.value_bytes_)
        , shapes_(shapes)
        , values_(shapes.size()) {
        // The caller keeps its inputs during the run, and each may be copied to channels-last.
        for (std::size_t i = 0; i < input_count_; ++i) {
            hold(i, 2 * sizeof(float), true);
            values_[i].width = sizeof(float);
        }
    }

    void play(const Played &played) {
        const auto taken = reused(played);
        const auto width = result_width(played);
        const auto beside = temporaries(played) + copies(played);
        if (taken) {
            peak_ = std::max(peak_, live_ + beside);
            share(played.result, *taken);
        } else if (is_view(played.op.storage)) {
            peak_ = std::max(peak_, live_ + beside);
            if (played.op.storage == g::Storage::view_or_copy)
                hold(played.result, sizeof(float), true);
            else
                share(played.result, played.inputs.front());
            values_[played.result].dense = played.op.dense;
        } else {
            peak_ = std::max(peak_, live_ + beside + block(count(played.result) * width));
            hold(played.result, width, played.op.dense || all_dense(played));
        }
        values_[played.result].width = width;
        for (const auto value : played.released) release(value);
    }

    /// Outputs leave the run as fp32 copies.
    void give(std::size_t value) { live_ += block(count(value) * sizeof(float)); }

    [[nodiscard]] std::uint64_t peak() const { return std::max(peak_, live_); }

  private:
    /// Memory that one or several values share.
    struct Memory {
        std::uint64_t bytes = 0;
        int values = 0;
        bool is_input = false;
    };
    struct Value {
        std::size_t memory = 0;
        std::uint64_t width = 0; ///< bytes of an element
        bool dense = false;      ///< whether it is known to be channels-last without gaps
    };

    [[nodiscard]] std::uint64_t count(std::size_t value) const { return elements(shapes_[value]); }

    void hold(std::size_t value, std::uint64_t width, bool dense) {
        const auto bytes = block(count(value) * width);
        values_[value] = {memory_.size(), width, dense};
        memory_.push_back({bytes, 1, value < input_count_});
        live_ += bytes;
        peak_ = std::max(peak_, live_);
    }

    void share(std::size_t value, std::size_t source) {
        values_[value] = values_[source];
        ++memory_[values_[source].memory].values;
    }

    void release(std::size_t value) {
        auto &memory = memory_[values_[value].memory];
        if (--memory.values == 0 && !memory.is_input) live_ -= memory.bytes;
    }

    [[nodiscard]] bool all_dense(const Played &played) const {
        return std::ranges::all_of(played.inputs, [&](auto input) { return values_[input].dense; });
    }

    [[nodiscard]] std::uint64_t widest(const Played &played) const {
        std::uint64_t width = 0;
        for (const auto input : played.inputs) width = std::max(width, values_[input].width);
        return width;
    }

    [[nodiscard]] std::uint64_t result_width(const Played &played) const {
        if (played.step->image_range || played.op.precision == g::ResultPrecision::fp32) return sizeof(float);
        if (played.op.precision == g::ResultPrecision::of_inputs) return widest(played);
        return played.step->addend ? std::max(value_bytes_, values_[played.inputs.back()].width)
                                   : value_bytes_;
    }

    /// Whether the executable may write over this value.
    [[nodiscard]] bool reusable(const Played &played, std::size_t value) const {
        const auto &memory = memory_[values_[value].memory];
        return contains(played.released, value) && !memory.is_input && memory.values == 1 &&
               values_[value].width == result_width(played) && shapes_[value] == shapes_[played.result];
    }

    /// The value whose memory the step's result takes over.
    [[nodiscard]] std::optional<std::size_t> reused(const Played &played) const {
        const auto &inputs = played.inputs;
        if (played.step->addend) {
            const auto addend = inputs.back();
            const bool fits =
                addend != inputs.front() && values_[addend].width == value_bytes_ && values_[addend].dense;
            return fits && reusable(played, addend) ? std::optional(addend) : std::nullopt;
        }
        if (played.op.storage != g::Storage::over_input) return std::nullopt;
        const auto found = std::ranges::find_if(inputs, [&](auto input) { return reusable(played, input); });
        return found == inputs.end() ? std::nullopt : std::optional(*found);
    }

    /// Inputs that are made dense first.
    [[nodiscard]] std::uint64_t copies(const Played &played) const {
        if (is_view(played.op.storage)) return 0;
        std::uint64_t bytes = 0;
        for (const auto input : played.inputs)
            if (!values_[input].dense) bytes += block(count(input) * values_[input].width);
        return bytes;
    }

    /// Of several values, those that are brought to the precision of the most precise.
    [[nodiscard]] std::uint64_t widened(const Played &played) const {
        if (played.op.storage != g::Storage::over_input) return 0;
        const auto width = widest(played);
        std::uint64_t bytes = 0;
        for (const auto input : played.inputs)
            if (values_[input].width != width) bytes += block(count(input) * width);
        return bytes;
    }

    /// What a step holds beside its inputs and its result.
    [[nodiscard]] std::uint64_t temporaries(const Played &played) const {
        if (is_convolution(played.node.op)) return of_convolution(played);
        const g::Temporaries &each = played.op.temporaries;
        const auto channels = static_cast<std::uint64_t>(shapes_[played.inputs.front()][1]);
        const auto blocks = [](std::uint64_t values, std::uint64_t bytes) {
            return bytes == 0 ? 0 : block(values * bytes);
        };
        return blocks(count(played.result), each.a_value) +
               blocks(pixels(shapes_[played.result]), each.a_pixel) + blocks(played.weights, each.a_weight) +
               each.channel_vectors * block(channels * sizeof(double)) + widened(played);
    }

    /// Reduced precision converts an fp32 input first, and adds to an addend of another kind through copies.
    [[nodiscard]] std::uint64_t of_convolution(const Played &played) const {
        const auto result = count(played.result), input = count(played.inputs.front());
        auto bytes = padded_result(played) + unfolded(played) + gathered(played);
        if (value_bytes_ != sizeof(float)) bytes += block(input * value_bytes_);
        if (played.step->addend) bytes += block(result * sizeof(float));
        if (filters_by_winograd(played.node, *played.step, value_bytes_ == sizeof(float)))
            bytes += scratch_of_threads(WinogradFilter::scratch(played.node.integer("in_channels"),
                                                                played.node.integer("out_channels")));
        if (played.kernel == Kernel::three_channels)
            bytes += scratch_of_threads(ThreeChannelFilter::scratch(shapes_[played.result][3]));
        return bytes;
    }

    /// @param each  floats that each thread has
    static std::uint64_t scratch_of_threads(std::int64_t each) {
        const auto threads = std::max(1U, std::thread::hardware_concurrency());
        return block(threads * static_cast<std::uint64_t>(each) * sizeof(float));
    }

    /// Columns of the windows, which oneDNN makes of a whole picture where a processor lacks AVX2.
    [[nodiscard]] std::uint64_t unfolded(const Played &played) const {
        const auto &flags = detail::this_cpu().flags;
        if (!detail::has_word(flags, "sse4_1") || detail::has_word(flags, "avx2")) return 0;
        if (played.kernel == Kernel::three_channels) return 0;
        const auto node = computed_node(played.node, played.kernel);
        const bool transposed = node.op == g::Op::conv_transpose2d;
        const auto kernel = static_cast<std::uint64_t>(node.integer("kernel"));
        const auto &places = shapes_[transposed ? played.inputs.front() : played.result];
        const auto channels = node.integer(transposed ? "out_channels" : "in_channels");
        return block(elements(places) / static_cast<std::uint64_t>(places[1]) *
                     static_cast<std::uint64_t>(channels) * kernel * kernel * sizeof(float));
    }

    /// Few channels, which oneDNN brings to groups of 16 for AMX, and their windows, which it gathers of a
    /// whole picture.
    [[nodiscard]] std::uint64_t gathered(const Played &played) const {
        constexpr std::uint64_t kGroup = 16, kFewChannels = 32, kBytes = 2;
        if (value_bytes_ == sizeof(float) || !detail::has_word(detail::this_cpu().flags, "amx_bf16"))
            return 0;
        if (played.kernel == Kernel::three_channels) return 0;
        const auto node = computed_node(played.node, played.kernel);
        if (node.op != g::Op::conv2d) return 0;
        const auto channels = static_cast<std::uint64_t>(node.integer("in_channels"));
        const auto kernel = static_cast<std::uint64_t>(node.integer("kernel"));
        if (channels > kFewChannels || kernel == 1) return 0;
        const auto grouped = (channels + kGroup - 1) / kGroup * kGroup * kBytes;
        return block(pixels(shapes_[played.result]) * kernel * kernel * grouped) +
               block(pixels(shapes_[played.inputs.front()]) * grouped);
    }

    /// Transposed convolutions compute in blocks of channels and copy what is wanted of them.
    [[nodiscard]] std::uint64_t padded_result(const Played &played) const {
        const auto &shape = shapes_[played.result];
        const auto channels = static_cast<std::uint64_t>(shape[1]);
        constexpr std::uint64_t kBlock = 16;
        if (played.node.op != g::Op::conv_transpose2d || channels % kBlock == 0) return 0;
        if (played.kernel == Kernel::phases) return block(elements(shape) / channels / 4 * kBlock * 4);
        return block(elements(shape) / channels * ((channels + kBlock - 1) / kBlock * kBlock) * 4);
    }

    const std::size_t input_count_;
    const std::uint64_t value_bytes_;
    const std::vector<g::Shape> &shapes_;
    std::vector<Value> values_;
    std::vector<Memory> memory_;
    std::uint64_t live_ = 0, peak_ = 0;
};

/// What the way back reads stays: at most every value, and where each maximum was.
class Footprint::WayBack {
  public:
    WayBack(const Footprint &footprint, const std::vector<g::Shape> &shapes)
        : footprint_(footprint)
        , shapes_(shapes) {}

    [[nodiscard]] std::uint64_t peak() const {
        constexpr std::uint64_t kGradientsAtOnce = 4;
        const auto &graph = footprint_.graph_;
        std::uint64_t kept = 0, largest = 0;
        for (const auto &shape : shapes_) {
            const auto bytes = block(elements(shape) * sizeof(float));
            kept += bytes;
            largest = std::max(largest, bytes);
        }
        for (std::size_t i = 0; i < graph.inputs.size(); ++i) kept += bytes_of(i);
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
            const auto &op = g::op_info(graph.nodes[i].op).execution.value;
            const auto &shape = shapes_[graph.inputs.size() + i];
            const g::Temporaries &each = op.temporaries;
            if (each.kept_a_value > 0) kept += block(elements(shape) * each.kept_a_value);
            if (each.a_pixel > 0) kept += block(pixels(shape) * each.a_pixel);
        }
        return kept + std::max(kGradientsAtOnce * largest, 2 * largest + gradients());
    }

  private:
    [[nodiscard]] std::uint64_t bytes_of(std::size_t value) const {
        return block(elements(shapes_[value]) * sizeof(float));
    }

    /// The most gradients that wait for their step: of values that later steps have given one.
    [[nodiscard]] std::uint64_t gradients() const {
        std::vector<bool> waiting(shapes_.size());
        std::uint64_t live = 0, peak = 0;
        const auto wait = [&](std::size_t value) {
            if (!waiting[value]) live += bytes_of(value);
            waiting[value] = true;
        };
        for (const auto output : footprint_.outputs_) wait(output);
        // NOLINTNEXTLINE(modernize-loop-convert): backwards
        for (auto played = footprint_.steps_.rbegin(); played != footprint_.steps_.rend(); ++played) {
            if (!waiting[played->result]) continue;
            for (const auto input : played->inputs) wait(input);
            peak = std::max(peak, live);
            live -= bytes_of(played->result);
        }
        return peak;
    }

    const Footprint &footprint_;
    const std::vector<g::Shape> &shapes_;
};

Footprint::Footprint(const g::Graph &graph, Precision precision, bool gradient)
    : graph_(graph)
    , value_bytes_(gradient || precision == Precision::fp32 ? 4 : 2)
    , gradient_(gradient)
    , program_(lower(graph, gradient))
    , weights_(weight_bytes(graph, program_, gradient ? Precision::fp32 : precision, gradient))
    , inference_(graph) {
    const auto numbers = [&](const std::vector<std::string> &names) {
        std::vector<std::size_t> out;
        for (const auto &name : names) out.push_back(inference_.tensor(name));
        return out;
    };
    for (const auto &step : program_.steps) {
        auto node = kernel_node(graph, step);
        const auto &op = g::op_info(node.op).execution.value;
        Played played{.step = &step, .node = std::move(node), .op = op};
        const bool convolves = is_convolution(played.node.op);
        if (convolves) played.kernel = kernel_of(played.node, step, gradient ? Precision::fp32 : precision);
        played.result = inference_.tensor(step.result);
        played.inputs = numbers(step.inputs);
        played.released = numbers(step.released);
        if (!convolves)
            for (const auto &info : g::op_info(played.node.op).weights)
                if (played.node.weights.contains(std::string(info.role)))
                    played.weights += elements(info.shape(played.node));
        steps_.push_back(std::move(played));
    }
    for (const auto &output : graph.outputs) outputs_.push_back(inference_.tensor(output.source));
}

std::uint64_t Footprint::tensors(std::span<const g::Shape> inputs) {
    const auto &shapes = inference_.infer(inputs);
    if (gradient_) return WayBack(*this, shapes).peak() + kKernelScratch;
    Simulation simulation(*this, shapes);
    for (const auto &played : steps_) simulation.play(played);
    for (const auto output : outputs_) simulation.give(output);
    return simulation.peak() + (steps_.empty() ? 0 : kKernelScratch);
}

WeightBytes compiled_bytes(const g::Graph &graph, Precision precision, bool gradient) {
    return weight_bytes(graph, lower(graph, gradient), gradient ? Precision::fp32 : precision, gradient);
}

MemoryEstimate estimate_memory(const g::Graph &graph, const std::map<std::string, g::Shape> &inputs,
                               Precision precision, bool gradient) {
    Footprint footprint(graph, precision, gradient);
    return {footprint.tensors(ordered(graph, inputs)), footprint.weights()};
}

} // namespace mirra::runtime

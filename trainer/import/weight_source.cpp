// Matches tensors with weights, and says all that is wrong at once.
#include "weight_source.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace mirra::trainer::importer {
namespace {

constexpr std::size_t kMaxListed = 200;

/// The names under which the two spectral_norm functions of PyTorch keep a weight and its vectors.
struct SpectralNames {
    std::string weight, u, v;
};

std::array<SpectralNames, 2> spectral_names(const std::string &name) {
    const std::string layer = name.substr(0, name.size() - std::string_view("weight").size());
    const std::string newer = layer + "parametrizations.weight.";
    return {
        {{name + "_orig", name + "_u", name + "_v"}, {newer + "original", newer + "0._u", newer + "0._v"}}};
}

/// Only matrices have a spectral norm; batch norm calls a vector `weight` as well.
bool may_be_spectral(const std::string &name, const graph::Shape &shape) {
    return name.ends_with(".weight") && shape.size() >= 2;
}

std::optional<std::size_t> haar_band(const std::string &name) {
    constexpr std::array<std::string_view, 4> kBands{".LL.weight", ".LH.weight", ".HL.weight", ".HH.weight"};
    if (name.find(".pool") == std::string::npos) return std::nullopt;
    for (std::size_t i = 0; i < kBands.size(); ++i)
        if (name.ends_with(kBands[i])) return i;
    return std::nullopt;
}

bool are_haar_taps(std::span<const float> values, std::size_t band) {
    constexpr std::array<std::array<float, 4>, 4> kTaps{
        {{.5f, .5f, .5f, .5f}, {-.5f, .5f, -.5f, .5f}, {-.5f, -.5f, .5f, .5f}, {.5f, -.5f, -.5f, .5f}}};
    constexpr float kTolerance = 1e-4f; // a checkpoint may be stored as fp16
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!(std::abs(values[i] - kTaps[band][i % 4]) <= kTolerance)) return false;
    return true;
}

void append_list(std::string &text, const char *title, const std::set<std::string> &names) {
    if (names.empty()) return;
    text += (text.empty() ? "" : "; ") + std::string(title) + ": ";
    std::size_t listed = 0;
    for (const std::string &name : names) {
        if (listed == kMaxListed) {
            text += " and " + std::to_string(names.size() - listed) + " more";
            break;
        }
        text += (listed++ ? ", " : "") + name;
    }
}

std::int64_t rest(const graph::Shape &shape) {
    std::int64_t product = 1;
    for (std::size_t i = 2; i < shape.size(); ++i) product *= shape[i];
    return product;
}

} // namespace

void WeightSource::add(StateDict state) {
    for (auto &[key, tensor] : state) {
        auto name = recipe_.rename(key);
        if (!name) continue;
        // The name that older tools give to the same parametrisation.
        constexpr std::string_view kOriginal0 = ".parametrizations.weight.original0";
        if (name->ends_with(kOriginal0)) name->pop_back();
        tensors_[*name].push_back(std::move(tensor));
    }
}

Shapes WeightSource::shapes() const {
    Shapes out;
    for (const auto &[name, candidates] : tensors_)
        if (candidates.front().problem.empty()) out.emplace(name, candidates.front().shape);
    return out;
}

std::string WeightSource::source_name(const std::string &weight) const {
    return recipe_.classifier ? weight.substr(weight.find('.') + 1) : weight;
}

std::map<std::string, WeightSource::Wanted> WeightSource::wanted(const std::vector<graph::Graph> &graphs) {
    std::map<std::string, Wanted> out;
    for (const graph::Graph &graph : graphs) {
        for (const auto &[name, shape] : graph::weight_shapes(graph)) out[name].shape = shape;
        for (const graph::Node &node : graph.nodes)
            if (node.op == graph::Op::conv_transpose2d) out.at(node.weights.at("weight")).transposed = true;
    }
    return out;
}

const SourceTensor *WeightSource::find(const std::string &name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second.front();
}

bool WeightSource::check(const std::string &name, const graph::Shape &shape) {
    used_.insert(name);
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
        missing_.insert(name + " " + bundle::to_text(shape));
        return false;
    }
    for (const SourceTensor &tensor : found->second) {
        std::string problem = tensor.problem;
        if (problem.empty() && tensor.shape != shape)
            problem = "has shape " + bundle::to_text(tensor.shape) + ", wanted " + bundle::to_text(shape);
        if (problem.empty() && !bundle::is_float(tensor.dtype)) problem = "holds integers, not weights";
        if (problem.empty()) continue;
        wrong_.insert(name + " " + problem);
        return false;
    }
    return true;
}

bool WeightSource::check_weight(const std::string &name, const Wanted &want) {
    if (may_be_spectral(name, want.shape)) {
        for (const SpectralNames &names : spectral_names(name)) {
            if (find(names.weight) == nullptr) continue;
            used_.insert(name);
            const SpectralShape matrix = spectral_shape(want.shape, want.transposed);
            const bool weight = check(names.weight, want.shape);
            const bool u = check(names.u, {matrix.rows}), v = check(names.v, {matrix.columns});
            return weight && u && v;
        }
    }
    return check(name, want.shape);
}

std::vector<float> WeightSource::read(const std::string &name) const {
    const auto &candidates = tensors_.at(name);
    std::vector<float> values = candidates.front().read();
    for (std::size_t i = 1; i < candidates.size(); ++i)
        if (candidates[i].read() != values)
            throw Error(ErrorCode::mismatch,
                        "'" + name + "' is given twice with different values, in " + candidates.front().file +
                            " and " + candidates[i].file,
                        name, "give only files that belong together");
    return values;
}

bundle::WeightTensor WeightSource::load(const std::string &name, const Wanted &want) const {
    if (may_be_spectral(name, want.shape)) {
        for (const SpectralNames &names : spectral_names(name)) {
            if (find(names.weight) == nullptr) continue;
            bundle::WeightTensor weight{want.shape, read(names.weight)};
            fold_spectral_norm(weight, read(names.u), read(names.v), want.transposed, name);
            return weight;
        }
    }
    return {want.shape, read(name)};
}

/// Checkpoints carry the constant filters of the wavelet levels; the graph has them in its ops.
void WeightSource::check_haar_taps() {
    for (const auto &[name, candidates] : tensors_) {
        const auto band = haar_band(name);
        if (!band) continue;
        const graph::Shape &shape = candidates.front().shape;
        const graph::Shape taps{shape.empty() ? 0 : shape.front(), 1, 2, 2};
        if (check(name, taps) && !are_haar_taps(read(name), *band))
            wrong_.insert(name + " is not the Haar filter that the architecture has");
    }
}

void WeightSource::find_unexpected() {
    for (const auto &[name, candidates] : tensors_) {
        const bool spare = !recipe_.spare.empty() && name.starts_with(recipe_.spare);
        if (!used_.contains(name) && !spare && candidates.front().problem.empty()) unexpected_.insert(name);
    }
}

void WeightSource::report(bool allow_unexpected) const {
    std::string text;
    append_list(text, "missing", missing_);
    append_list(text, "wrong", wrong_);
    if (!allow_unexpected) append_list(text, "unexpected", unexpected_);
    if (text.empty()) return;
    const bool only_unexpected = missing_.empty() && wrong_.empty();
    throw Error(
        ErrorCode::mismatch, "the files do not hold the weights of " + std::string(recipe_.id) + ": " + text,
        std::string(recipe_.id),
        only_unexpected ? "check --arch or --graph, or ignore what is unexpected with --allow-unexpected"
                        : "check --arch or --graph, and give every file that the network consists of");
}

bundle::Weights WeightSource::collect(const std::vector<graph::Graph> &graphs, bool allow_unexpected) {
    const auto wants = wanted(graphs);
    for (const auto &[name, want] : wants) check_weight(source_name(name), want);
    check_haar_taps();
    find_unexpected();
    report(allow_unexpected);
    bundle::Weights weights;
    for (const auto &[name, want] : wants) weights.emplace(name, load(source_name(name), want));
    return weights;
}

SpectralShape spectral_shape(const graph::Shape &weight, bool transposed) {
    return transposed ? SpectralShape{weight[1], weight[0] * rest(weight)}
                      : SpectralShape{weight[0], weight[1] * rest(weight)};
}

void fold_spectral_norm(bundle::WeightTensor &weight, std::span<const float> u, std::span<const float> v,
                        bool transposed, const std::string &name) {
    const auto first = static_cast<std::size_t>(weight.shape[0]),
               second = static_cast<std::size_t>(weight.shape[1]);
    const auto taps = static_cast<std::size_t>(rest(weight.shape));
    double norm = 0;
    for (std::size_t i = 0; i < first; ++i)
        for (std::size_t j = 0; j < second; ++j) {
            const std::size_t row = transposed ? j : i, column = transposed ? i : j;
            const float *w = weight.values.data() + (i * second + j) * taps;
            double sum = 0;
            for (std::size_t k = 0; k < taps; ++k) sum += double{w[k]} * double{v[column * taps + k]};
            norm += double{u[row]} * sum;
        }
    if (!std::isfinite(norm) || norm == 0)
        throw Error(ErrorCode::corrupt, "the spectral norm of the weight is zero or not a finite number",
                    name, "the checkpoint is damaged, or its network was never run in training mode");
    for (float &value : weight.values) value = static_cast<float>(double{value} / norm);
}

} // namespace mirra::trainer::importer

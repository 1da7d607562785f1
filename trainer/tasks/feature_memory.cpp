// Farthest point first; features of all pictures; the graph that compares with their memory.
#include "tasks/feature_memory.hpp"

#include "core/graph_module.hpp"
#include "core/progress.hpp"
#include "core/random.hpp"
#include "core/recipe_network.hpp"
#include "core/tensor_values.hpp"
#include "eval/classifier.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <numeric>
#include <set>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kProjectionSalt = 0x636f7265;
constexpr float kRounding = 1e-6F; ///< of squared distances, in units of the largest square

/// Gaussian and scaled so that lengths stay what they are on average (Johnson and Lindenstrauss).
torch::Tensor projected(const torch::Tensor &points, const CoresetOptions &options) {
    const auto from = points.size(1), to = options.dimensions;
    if (to <= 0 || to >= from) return points;
    CounterRandom random(options.seed ^ kProjectionSalt, 0);
    auto matrix = torch::empty({from, to});
    auto *values = matrix.mutable_data_ptr<float>();
    const double scale = 1 / std::sqrt(static_cast<double>(to));
    for (std::int64_t i = 0; i < matrix.numel(); ++i) {
        const double length = std::sqrt(-2 * std::log(1 - random.uniform()));
        values[i] = static_cast<float>(scale * length * std::cos(2 * std::numbers::pi * random.uniform()));
    }
    return points.mm(matrix);
}

} // namespace

std::vector<std::int64_t> coreset(const torch::Tensor &points, const CoresetOptions &options) {
    const auto count = points.size(0);
    std::vector<std::int64_t> chosen;
    if (count <= options.members) {
        chosen.resize(static_cast<std::size_t>(count));
        std::iota(chosen.begin(), chosen.end(), 0);
        return chosen;
    }
    const torch::NoGradGuard no_grad;
    const auto all = projected(points.to(at::kFloat), options);
    const auto centred = (all - all.mean(0)).contiguous(); // small numbers, for the products' precision
    const auto squares = centred.square().sum(1);
    const float nothing = kRounding * squares.max().item<float>();
    auto distance = torch::full_like(squares, std::numeric_limits<float>::infinity());
    auto next = squares.argmax().item<std::int64_t>();
    while (static_cast<std::int64_t>(chosen.size()) < options.members) {
        if (distance[next].item<float>() <= nothing) break;
        chosen.push_back(next);
        const auto product = centred.mv(centred[next]);
        distance = torch::minimum(distance, squares + squares[next] - 2 * product);
        distance[next] = 0;
        next = distance.argmax().item<std::int64_t>();
    }
    return chosen;
}

torch::Tensor noticeable(const torch::Tensor &deviation) {
    constexpr double kLeast = 0.1, kSmallest = 1e-6;
    return deviation.clamp_min(std::max(kSmallest, kLeast * deviation.mean().item<double>()));
}

namespace {

constexpr std::uint64_t kPlaceSalt = 0x706c616365;
constexpr std::int64_t kBatch = 16;

/// Some of a picture's places, which depend on seed and picture alone.
std::vector<std::int64_t> some_places(std::int64_t places, std::int64_t count, std::uint64_t seed,
                                      std::int64_t picture) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(places));
    for (std::int64_t i = 0; i < places; ++i) all[static_cast<std::size_t>(i)] = i;
    if (count >= places) return all;
    CounterRandom random(seed ^ kPlaceSalt, static_cast<std::uint64_t>(picture));
    for (std::int64_t i = 0; i < count; ++i)
        std::swap(all[static_cast<std::size_t>(i)],
                  all[static_cast<std::size_t>(i + random.below(places - i))]);
    all.resize(static_cast<std::size_t>(count));
    return all;
}

/// Sums over all places, and the candidates.
class Collection {
  public:
    Collection(std::int64_t channels, std::int64_t per_picture, std::uint64_t seed)
        : sum_(torch::zeros({channels}, at::kDouble))
        , squares_(torch::zeros({channels}, at::kDouble))
        , per_picture_(per_picture)
        , seed_(seed) {}

    /// @param features  {C, h, w} of one picture
    void add(const torch::Tensor &features, std::int64_t picture) {
        const auto places = features.flatten(1).t().contiguous(); // {h w, C}
        const auto exact = places.to(at::kDouble);
        sum_ += exact.sum(0);
        squares_ += exact.square().sum(0);
        count_ += places.size(0);
        const auto some = some_places(places.size(0), per_picture_, seed_, picture);
        candidates_.push_back(places.index_select(0, torch::tensor(some)));
    }

    [[nodiscard]] std::pair<torch::Tensor, torch::Tensor> statistics() const {
        const auto mean = sum_ / count_;
        return {mean, noticeable((squares_ / count_ - mean.square()).clamp_min(0).sqrt())};
    }
    [[nodiscard]] torch::Tensor candidates() const { return torch::cat(candidates_); }

  private:
    torch::Tensor sum_, squares_;
    std::int64_t per_picture_;
    std::uint64_t seed_;
    std::int64_t count_ = 0;
    std::vector<torch::Tensor> candidates_;
};

void collect(GraphModule &network, PictureSet &pictures, const MemoryOptions &options, Collection &out) {
    Progress progress("memory", pictures.size());
    for (std::int64_t begin = 0; begin < pictures.size(); begin += kBatch) {
        if (interrupted()) throw Error(ErrorCode::cancelled, "interrupted while the memory was made");
        const auto end = std::min(begin + kBatch, pictures.size());
        std::vector<std::int64_t> indices;
        for (auto i = begin; i < end; ++i)
            if (pictures.get(i).index == i) indices.push_back(i);
        if (!indices.empty()) {
            const auto batch = evaluation_batch(pictures, indices, options.extent);
            const auto features =
                network.forward({{network.graph().inputs.front().name, to_images(batch, options.device)}})
                    .at("patches")
                    .to(at::kCPU, at::kFloat);
            for (std::size_t i = 0; i < indices.size(); ++i)
                out.add(features[static_cast<std::int64_t>(i)], indices[i]);
        }
        progress.update(end);
    }
}

} // namespace

std::string memory_layer(const graph::Graph &encoder, const std::string &asked) {
    if (!asked.empty()) {
        static_cast<void>(features_of(encoder, asked, "memory.layer"));
        return asked;
    }
    const auto &taps = encoder.outputs;
    if (std::ranges::find(taps, "conv2", &graph::Output::name) != taps.end()) return "conv2";
    return taps.size() > 1 ? taps[taps.size() - 2].name : taps.back().name;
}

namespace {

constexpr const char *kLayers = "memory.layers";

/// How many times as far apart the places of each tap lie as those of the finest.
std::vector<std::int64_t> coarseness(const graph::Graph &encoder, const std::vector<std::string> &layers) {
    constexpr std::int64_t kSteps = 64;
    const auto extent = kSteps * graph::alignment(encoder);
    std::vector<std::int64_t> places;
    for (const auto &layer : layers) {
        const auto part = features_of(encoder, layer, kLayers, "patches");
        const auto shapes = graph::infer_shapes(
            part, {{part.inputs.front().name, {1, part.inputs.front().channels, extent, extent}}});
        places.push_back(shapes.at(part.outputs.front().source)[2]);
    }
    const auto finest = std::ranges::max(places);
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (finest % places[i] != 0)
            throw Error(ErrorCode::invalid_argument,
                        "the places of the taps do not fit together: " + layers[i] + " has " +
                            std::to_string(places[i]) + " where another has " + std::to_string(finest),
                        kLayers, "name other taps of this encoder");
        places[i] = finest / places[i];
    }
    return places;
}

/// The nodes of the encoder that the taps need.
graph::Graph shared_part(const graph::Graph &encoder, const std::vector<std::string> &layers) {
    std::set<std::string> needed;
    graph::Graph out{.name = encoder.name, .inputs = encoder.inputs, .nodes = {}, .outputs = {}};
    for (const auto &layer : layers) {
        const auto part = features_of(encoder, layer, kLayers, "patches");
        for (const auto &node : part.nodes) needed.insert(node.name);
        if (!out.outputs.empty() && std::ranges::find(out.outputs, part.outputs.front()) != out.outputs.end())
            throw Error(ErrorCode::invalid_argument, "the tap " + layer + " is named twice", kLayers,
                        "name each tap once");
        out.outputs.push_back(part.outputs.front());
    }
    std::ranges::copy_if(encoder.nodes, std::back_inserter(out.nodes),
                         [&](const graph::Node &node) { return needed.contains(node.name); });
    return out;
}

std::string append(graph::Graph &graph, std::string name, graph::Op op, std::vector<std::string> inputs,
                   std::map<std::string, graph::Attribute> attributes = {}) {
    graph.nodes.push_back({.name = std::move(name),
                           .op = op,
                           .inputs = std::move(inputs),
                           .attributes = std::move(attributes),
                           .weights = {}});
    return graph.nodes.back().name;
}

/// Only one of several has a number.
std::string numbered(std::string name, std::size_t index, std::size_t count) {
    if (count > 1) name.append(".").append(std::to_string(index + 1));
    return name;
}

} // namespace

graph::Graph pooled_features(const graph::Graph &encoder, const std::vector<std::string> &layers) {
    constexpr std::int64_t kNeighbours = 3;
    if (layers.empty())
        throw Error(ErrorCode::invalid_argument, "the memory is of no tap", kLayers, "name one");
    auto part = shared_part(encoder, layers);
    const auto factors = coarseness(encoder, layers);
    std::vector<std::string> maps;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        auto map = append(
            part, numbered("memory.pooled", i, layers.size()), graph::Op::avg_pool, {part.outputs[i].source},
            {{"kernel", kNeighbours}, {"stride", std::int64_t{1}}, {"padding", std::int64_t{1}}});
        if (factors[i] > 1)
            map = append(part, numbered("memory.enlarged", i, layers.size()), graph::Op::upsample_bilinear,
                         {map}, {{"factor", factors[i]}});
        maps.push_back(map);
    }
    const auto joined =
        maps.size() > 1 ? append(part, "memory.joined", graph::Op::concat, maps) : maps.front();
    part.outputs = {{"patches", joined}};
    graph::validate(part);
    return part;
}

FeatureMemory feature_memory(const bundle::Bundle &encoder, PictureSet &pictures,
                             const MemoryOptions &options) {
    const torch::NoGradGuard no_grad;
    GraphModule network(pooled_features(encoder.graph("encoder"), options.layers), {});
    network.load(encoder);
    network.to(options.device);
    network.eval();
    const auto &graph = network.graph();
    const auto shapes = graph::infer_shapes(
        graph,
        {{graph.inputs.front().name, {1, graph.inputs.front().channels, options.extent, options.extent}}});
    Collection collection(shapes.at(graph.outputs.front().source)[1],
                          std::max<std::int64_t>(1, options.candidates / pictures.size()),
                          options.coreset.seed);
    collect(network, pictures, options, collection);
    const auto [mean, deviation] = collection.statistics();
    const auto points = ((collection.candidates() - mean) / deviation).to(at::kFloat);
    const auto chosen = coreset(points, options.coreset);
    return {to_doubles(mean), to_doubles(deviation), points.index_select(0, torch::tensor(chosen))};
}

void add_memory(const graph::Graph &encoder, const std::vector<std::string> &layers,
                const FeatureMemory &memory, BundleContents &contents) {
    const auto channels = memory.members.size(1), members = memory.members.size(0);
    graph::Builder builder("memory");
    const auto features = builder.input("memory.features", channels);
    const auto patches = builder.normalise(features, memory.mean, memory.deviation, "memory.patches");
    const auto similarity = builder.conv2d(
        patches, {.in = channels, .out = members, .kernel = 1, .stride = 1, .padding = 0, .bias = true},
        "memory");
    builder.output("patches", patches);
    builder.output("similarity", similarity);
    contents.manifest.graphs["memory"] =
        graph::chain(pooled_features(encoder, layers), builder.finish(), "memory");
    contents.weights["memory.weight"] = to_weight(memory.members.view({members, channels, 1, 1}));
    contents.weights["memory.bias"] = to_weight(memory.members.to(at::kDouble).square().sum(1) / -2);
}

} // namespace mirra::trainer

// The graph's checks, its first weights, task and bundle.
#include "tasks/network.hpp"

#include "core/device.hpp"
#include "core/divergence.hpp"
#include "core/task_check.hpp"
#include "core/text.hpp"
#include "distributed/environment.hpp"
#include "import/import.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kColors = 3, kValidationExtent = 256;

constexpr std::array kShortcuts{Shortcut{"--steps", "optimizer.steps"},
                                Shortcut{"--batch", "data.batch"},
                                Shortcut{"--seed", "training.seed"},
                                Shortcut{"--blur", "degradation.blur_maximum"},
                                Shortcut{"--downscale", "degradation.downscale"},
                                Shortcut{"--noise", "degradation.noise_maximum"}};

/// What a training starts from, read once.
struct Start {
    graph::Graph graph;
    std::shared_ptr<const bundle::Bundle> weights; ///< null: random ones
};

Start read_start(const NetworkCommand &command) {
    if (command.weights.empty()) return {.graph = read_graph(command.graph), .weights = nullptr};
    ImportOptions options;
    options.graphs = {command.graph};
    options.files = command.weights;
    options.output = command.output;
    const auto found = read_network(options);
    return {.graph = found.manifest.graphs.begin()->second,
            .weights = bundle::Bundle::open_memory(
                bundle::bundle_bytes(found.manifest, found.weights, bundle::DType::f32),
                command.weights.front().string())};
}

std::shared_ptr<GraphModule> make_network(const Start &start, const NetworkRecipe &recipe,
                                          const torch::Device &device) {
    check_network(start.graph, recipe);
    torch::manual_seed(recipe.seed);
    auto network =
        std::make_shared<GraphModule>(start.graph, GraphModule::Options{.zero_init = recipe.zero_init});
    start_evenly(*network, recipe.zero_init);
    if (start.weights) network->load(*start.weights);
    network->freeze(recipe.frozen);
    if (network->trainable().empty())
        throw Error(ErrorCode::invalid_argument, "nothing is left to train", "network.frozen",
                    "freeze fewer weights, or give the network some");
    network->to(device);
    return network;
}

/// The trainings that a bundle tells of; files of others tell of none.
std::vector<bundle::Round> rounds_of(const NetworkCommand &command) {
    if (command.weights.size() != 1 || command.weights.front().extension() != ".mirra") return {};
    return rounds_before(*bundle::Bundle::open(command.weights.front()));
}

class NetworkTask final : public CropTask {
  public:
    /// `command` must outlive the task. @throws Error
    NetworkTask(const NetworkCommand &command, Recipe recipe, NetworkRecipe settings);

    [[nodiscard]] std::string name() const override { return "network"; }

  private:
    Tensors prepared(const torch::Tensor &clean, std::int64_t step) override {
        return {degraded(clean, settings_.degradation, settings_.seed, step), clean};
    }
    torch::Tensor loss_of(const Tensors &batch) override;
    [[nodiscard]] std::int64_t validation_extent() const override;
    torch::Tensor restored(const torch::Tensor &clean, std::int64_t index) override;
    [[nodiscard]] std::string first_weights() const override;
    [[nodiscard]] std::string origin() const override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> own_words() const override;
    [[nodiscard]] std::string validation_note() const override;
    void write_bundle() override;

    torch::Tensor run(const torch::Tensor &picture);
    [[nodiscard]] bundle::Manifest manifest() const;

    const NetworkCommand &command_;
    NetworkRecipe settings_;
    Start start_;
    TaskCheck check_;
    std::string defaults_;
    std::map<std::int64_t, double> unrestored_; ///< PSNR of each validation picture as it is given, enlarged
};

NetworkTask::NetworkTask(const NetworkCommand &command, Recipe recipe, NetworkRecipe settings)
    : CropTask(command, std::move(recipe), settings)
    , command_(command)
    , settings_(std::move(settings))
    , start_(read_start(command))
    , check_(command.unchecked ? std::string() : command.task)
    , defaults_(check_.defaults(command.defaults)) {
    train(make_network(start_, settings_, device()), rounds_of(command));
    check_.check(manifest(), network().weights());
}

bundle::Manifest NetworkTask::manifest() const {
    bundle::Manifest out;
    out.task = command_.task;
    out.name = bundle_name(command_.output);
    out.licence = command_.licence;
    out.defaults = defaults_;
    out.provenance = bundle::to_json(provenance_of(facts()));
    out.graphs.emplace(start_.graph.name, start_.graph);
    return out;
}

std::string NetworkTask::origin() const {
    const auto weights = start_.weights ? "|" + start_.weights->sha256() : std::string();
    return "|" + graph::to_json(start_.graph) + weights;
}

std::vector<std::pair<std::string, std::string>> NetworkTask::own_words() const {
    std::vector<std::pair<std::string, std::string>> own{{"--graph", command_.graph.string()},
                                                         {"--task", command_.task}};
    for (const auto &file : command_.weights) own.emplace_back("--weights", file.string());
    for (const auto &setting : command_.defaults) own.emplace_back("--default", setting);
    return own;
}

std::string NetworkTask::first_weights() const {
    return start_.weights ? command_.weights.front().string() : "random weights";
}

torch::Tensor NetworkTask::run(const torch::Tensor &picture) {
    const auto &graph = start_.graph;
    return network()
        .forward({{graph.inputs.front().name, picture}})
        .at(graph.outputs.front().name)
        .to(at::kFloat);
}

torch::Tensor NetworkTask::loss_of(const Tensors &batch) {
    const Autocast autocast(device().type(), bf16());
    const auto output = run(batch[0]);
    return settings_.pixel_l1 ? torch::l1_loss(output, batch[1]) : torch::mse_loss(output, batch[1]);
}

std::int64_t NetworkTask::validation_extent() const {
    const auto step = settings_.degradation.downscale * graph::alignment(start_.graph);
    return std::max(kValidationExtent / step * step,
                    settings_.degradation.downscale * graph::minimum_extent(start_.graph));
}

torch::Tensor NetworkTask::restored(const torch::Tensor &clean, std::int64_t index) {
    const auto given = degraded(clean, settings_.degradation.middle(), 0, index);
    const auto enlarged = resized_bicubic(given, clean.size(2), clean.size(3)).clamp(0, 1);
    constexpr double kDecibel = 10;
    unrestored_[index] = -kDecibel * std::log10(torch::mse_loss(enlarged, clean).item<double>());
    return run(given.to(device()));
}

std::string NetworkTask::validation_note() const {
    double sum = 0;
    for (const auto &[index, psnr] : unrestored_) sum += psnr;
    return ", where what it is given has " + decimal(sum / static_cast<double>(unrestored_.size()), 3) +
           " dB";
}

void NetworkTask::write_bundle() {
    write_trained(command_.output, manifest(), network().weights(), bundle::DType::f16);
    log_info("wrote " + command_.output.string());
}

[[noreturn]] void refuse(const graph::Graph &network, const std::string &what, const std::string &hint) {
    throw Error(ErrorCode::mismatch, "the graph '" + network.name + "' " + what, network.name, hint);
}

} // namespace

void NetworkRecipe::declare(RecipeKeys &keys) {
    keys.texts("network.zero_init", zero_init, "Prefixes of weights that start at zero");
    keys.texts("network.frozen", frozen, "Prefixes of weights that are not trained");
    declare_crops(keys);
    degradation.declare(keys);
    if (!keys.listing() && !degradation.does_anything())
        throw Error(ErrorCode::invalid_argument,
                    "recipe: nothing is done to the pictures, so there is nothing to restore",
                    keys.recipe_name(), "give --downscale, --noise or --blur");
    declare_pixel_distance(keys, pixel_l1);
    declare_optimizer(keys);
    declare_validation(keys);
    declare_training(keys, precision, seed);
}

void check_network(const graph::Graph &network, const NetworkRecipe &recipe) {
    if (network.inputs.size() != 1 || network.inputs.front().channels != kColors)
        refuse(network, "does not take one picture of three channels",
               "give it one input, of three channels");
    const auto factor = recipe.degradation.downscale, step = graph::alignment(network) * factor,
               least = graph::minimum_extent(network) * factor;
    if (recipe.crop % step != 0 || recipe.crop < least)
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'data.crop' must be a multiple of " + std::to_string(step) + ", at least " +
                        std::to_string(least),
                    std::to_string(recipe.crop));
    const auto side = recipe.crop / factor;
    const auto &output = network.outputs.front();
    const auto shape = graph::infer_shapes(network, {{network.inputs.front().name, {1, kColors, side, side}}})
                           .at(output.source);
    const graph::Shape wanted{1, kColors, recipe.crop, recipe.crop};
    if (shape != wanted)
        refuse(network,
               "makes " + bundle::to_text(shape) + " of a picture [1, 3, " + std::to_string(side) + ", " +
                   std::to_string(side) + "], but " + bundle::to_text(wanted) +
                   " is what the picture was before it was degraded",
               "set degradation.downscale to the factor by which the network enlarges pictures");
    check_prefixes(network, recipe.zero_init, "zero_init");
    check_prefixes(network, recipe.frozen, "frozen");
}

void start_evenly(GraphModule &network, const std::vector<std::string> &zero) {
    constexpr double kGain = 6; // bound^2 of a uniform distribution for ReLUs
    const torch::NoGradGuard no_grad;
    auto state = network.state();
    for (const auto &node : network.graph().nodes) {
        const bool transposed = node.op == graph::Op::conv_transpose2d;
        if (!transposed && node.op != graph::Op::conv2d && node.op != graph::Op::linear) continue;
        if (node.weights.contains("bias")) state.at(node.weights.at("bias")).zero_();
        const auto &name = node.weights.at("weight");
        if (begins_with_any(name, zero)) continue;
        auto &weight = state.at(name);
        auto inputs = static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
        if (transposed) {
            const auto stride = static_cast<double>(node.integer("stride"));
            inputs =
                static_cast<double>(weight.numel()) / static_cast<double>(weight.size(1)) / (stride * stride);
        }
        const double bound = std::sqrt(kGain / inputs);
        weight.uniform_(-bound, bound);
    }
}

std::unique_ptr<TrainingTask> network_task(const NetworkCommand &command) {
    require_one_process("network");
    auto recipe = recipe_of(command, recipe_keys<NetworkRecipe>());
    auto settings = NetworkRecipe::read(recipe);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    check_spares(command.output, std::array{command.graph, command.recipe});
    return std::make_unique<NetworkTask>(command, std::move(recipe), std::move(settings));
}

int train_network(const NetworkCommand &command) {
    return run(*network_task(command), command);
}

void add_network_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("network", "Train a network of one's own to restore pictures");
    const auto command = std::make_shared<NetworkCommand>();
    sub->add_option("--graph", command->graph, "JSON file of the network: one picture in, one out")
        ->required();
    sub->add_option(
        "--weights", command->weights,
        "Files that together hold the first weights (.safetensors, .pth, .mirra) [random weights]");
    add_data_option(*sub, *command);
    add_task_options(*sub, command->task, command->defaults, command->unchecked);
    add_run_options(*sub, *command, kShortcuts, recipe_keys<NetworkRecipe>());
    sub->callback([command, &status] { status = train_network(*command); });
}

} // namespace mirra::trainer

// mirra-train inverter: trains a generator that turns a frozen encoder's features back into pictures (paper
// section 3.2, equations 3 to 7). Its command, recipe, bundle and task.
#pragma once

#include "core/graph_module.hpp"
#include "core/optimizer.hpp"
#include "core/provenance.hpp"
#include "core/recorded_step.hpp"
#include "core/training_run.hpp"
#include "core/weight_prefix.hpp"
#include "losses/comparator.hpp"
#include "losses/discriminator.hpp"
#include "mirra/architectures.hpp"
#include "tasks/generator.hpp"
#include "tasks/recipe_parts.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct InverterCommand : GeneratorCommand {
    std::filesystem::path init; ///< inverter bundle whose generator to start from
};

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> inverter_task(const InverterCommand &command);

/// Trains, or goes on training, and writes the bundle. Returns the process's exit status. @throws Error
int train_inverter(const InverterCommand &command);

/// How the last layers of a generator start that ends in three channels; see color_tail.hpp.
enum class ColorTail : std::uint8_t {
    random,
    identity, ///< without --init; an error where the generator ends otherwise
    automatic ///< identity where there is such an end
};

struct InverterRecipe : PictureRecipe {
    /// The paper's pace (A3.1).
    InverterRecipe();

    std::string layer; ///< tap of the encoder; empty: its deepest
    graph::GeneratorOptions generator;
    bool spectral_norm = true;
    ColorTail color_tail = ColorTail::random;

    bool pixel_l1 = true;    ///< otherwise squared error
    double pixel_weight = 1; ///< of the mean over all values
    FeatureDistance feature_distance = FeatureDistance::squared;
    std::string feature_layer;     ///< tap that the feature loss compares; empty: `layer`
    double feature_weight = 0;     ///< of the mean over all values; 0 without "feat" in loss.kind
    double adversarial_weight = 0; ///< of the mean over the pictures; 0 without "gan" in loss.kind

    AdamRecipe optimizer, discriminator;
    double discriminator_width = 1, dropout = 0.5;
    double average_decay = 0;          ///< of the moving average of the weights; 0: none
    double freeze_statistics_from = 1; ///< share of the steps

    std::int64_t validation_every = 1000, validation_pictures = 100;
    std::string precision = "auto"; ///< auto (bf16 where the device is faster in it) | bf16 | fp32
    std::uint64_t seed = 0;

    void declare(RecipeKeys &keys);
    /// @throws Error invalid_argument
    static InverterRecipe read(const Recipe &recipe) { return read_recipe<InverterRecipe>(recipe); }
    /// "pix", "pix+feat" or "pix+feat+gan".
    [[nodiscard]] std::string loss_kind() const;
};

/// Name of the generator of a layer in a bundle, and of the encoder with it behind: "image" -> "image".
std::string generator_graph(const std::string &layer);
std::string autoencoder_graph(const std::string &layer);

/// How the names of a layer's weights begin where a bundle has generators of several layers:
/// "generator-conv5.". One alone has them as graph::generator() calls them: "generator.".
std::string generator_prefix(const std::string &layer);

/// A layer's generator out of any bundle, its weights as graph::generator() calls them.
struct StoredGenerator {
    graph::Graph graph;
    bundle::Weights weights;
};
/// @throws Error not_found
StoredGenerator stored_generator(const bundle::Bundle &bundle, const std::string &layer);

/// Adds what the graph "encoder" needs.
void add_encoder_weights(const bundle::Bundle &encoder, bundle::Weights &weights);

/// The layer of an inverter bundle's manifest, what parameters of the task default to. @throws Error mismatch
std::string inverted_layer(const bundle::Bundle &bundle);

struct InverterBundle {
    const std::filesystem::path &output;
    const bundle::Bundle &encoder;
    std::string encoder_name;
    const GraphModule &generator;
    std::string layer, loss;
    std::string licence;
    TrainingFacts facts;
};

/// What the bundle consists of, for tasks that add to it.
struct BundleContents {
    bundle::Manifest manifest;
    bundle::Weights weights;
};
BundleContents inverter_contents(const InverterBundle &bundle);

/// Writes the bundle in fp16. @throws Error io
void write_inverter_bundle(const InverterBundle &bundle);

/// Other trainings are of a generator too: they have another name, or do more with it in the end.
class InverterTask : public TrainingTask {
  public:
    /// @throws Error
    InverterTask(const InverterCommand &command, Recipe recipe, InverterRecipe settings);

    struct Pictures {
        std::shared_ptr<PictureSet> training, validation;
    };
    /// Those that the command names; for validation what --validation or the data's own split has, else a
    /// part of the data. @throws Error
    static Pictures open_pictures(const InverterCommand &command, const InverterRecipe &settings);
    /// With pictures instead of those that the command names.
    InverterTask(InverterCommand command, Recipe recipe, InverterRecipe settings, Pictures pictures,
                 std::string name = "inverter");

    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::int64_t steps() const override { return settings_.optimizer.schedule.steps; }
    [[nodiscard]] std::string fingerprint() const override;
    /// With what matters of the recipe in its place, whatever was held out of the data.
    [[nodiscard]] std::string fingerprint(const std::string &recipe) const;
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override;
    [[nodiscard]] std::vector<std::string> columns() const override {
        return {"loss",
                "pixel_loss",
                "feature_loss",
                "generator_loss",     // -log D
                "discriminator_loss", // both its parts
                "rate",
                "validation_psnr",
                "validation_ssim"};
    }
    [[nodiscard]] std::int64_t validation_interval() const override { return settings_.validation_every; }
    void start(std::int64_t step) override;
    /// The command for the run's record; empty: there is none of this task.
    [[nodiscard]] virtual std::vector<std::string> words() const;
    void step(std::int64_t step, Readings &readings) override;
    void validate(Readings &readings) override;
    void finish() override { finish(write_inverter_bundle); }
    /// Hands over what was trained instead of writing the bundle of an inverter.
    void finish(const std::function<void(const InverterBundle &)> &write);
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }

  private:
    std::shared_ptr<GraphModule> make_generator();
    void load_initial(GraphModule &generator);
    Comparator make_comparator(const std::string &layer) const;
    void make_discriminator();
    void check_extents() const;
    [[nodiscard]] TrainingFacts facts() const;
    torch::Tensor generate(const torch::Tensor &features);
    /// Of a step, without their history: the total, its parts in the order of columns(), and the norm of the
    /// gradient. Makes the gradients, and trains the discriminator.
    RecordedStep::Tensors backward(const torch::Tensor &images, std::int64_t step);
    /// The parts of the loss; undefined: there is none of its kind.
    struct Losses {
        torch::Tensor total, pixel, feature, generator, discriminator;
    };
    Losses losses_of(const torch::Tensor &output, const torch::Tensor &images, const torch::Tensor &features,
                     std::int64_t step);

    InverterCommand command_;
    std::string name_;
    Recipe recipe_;
    std::shared_ptr<const bundle::Bundle> encoder_bundle_;
    InverterRecipe settings_; ///< with the layers filled in
    torch::Device device_;
    bool bf16_;
    std::vector<bundle::Round> rounds_; ///< the trainings before this one; empty: random weights
    std::shared_ptr<PictureSet> data_, validation_;
    std::shared_ptr<GraphModule> generator_;
    Comparator encoder_;                     ///< up to the inverted layer
    std::unique_ptr<Comparator> comparator_; ///< up to the compared layer; null: the same
    std::unique_ptr<Discriminator> discriminator_;
    Adam adam_;
    std::unique_ptr<WeightAverage> average_;
    RecordedStep recorded_;
    std::unique_ptr<ClassLoader> loader_;
};

} // namespace mirra::trainer

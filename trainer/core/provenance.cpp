// From facts to a manifest, and back from old ones.
#include "core/provenance.hpp"

#include "core/text.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <limits>

namespace mirra::trainer {
namespace {

/// What an encoder's training was, as far as its manifest tells.
struct Trained {
    std::optional<bundle::Adversary> adversary;
    std::optional<std::int64_t> epochs;
};

/// Of older trainers, which say it in the text of their recipe alone; 1 epoch was the default.
/// @throws Error corrupt | invalid_argument
Trained trained_by(const Recipe &recipe, bool encoder) {
    RecipeKeys keys(recipe);
    std::string kind, norm = "l2";
    double epsilon = 0;
    std::int64_t epochs = 1;
    keys.text("adversary.kind", kind, "");
    keys.choice("adversary.norm", norm, {"l2", "linf"}, "");
    keys.real("adversary.epsilon", epsilon, {0, std::numeric_limits<double>::max()}, "");
    if (encoder) keys.integer("optimizer.epochs", epochs, {1, 1e9}, "");
    const bool standard = kind.empty() || kind == "none";
    Trained out;
    if (encoder || !kind.empty()) out.adversary = {norm, standard ? 0 : epsilon};
    if (encoder) out.epochs = epochs;
    return out;
}

/// A recipe that cannot be read, which is no reason to train or measure nothing, tells nothing.
/// @param bundle  for the warning
Trained trained_by(const bundle::Provenance &provenance, const std::string &bundle) {
    Trained out{.adversary = provenance.adversary, .epochs = provenance.epochs};
    const bool encoder = !provenance.classes.empty();
    if (!provenance.recipe_text || (out.adversary && (out.epochs || !encoder))) return out;
    try {
        auto told = trained_by(Recipe::parse(*provenance.recipe_text, "the recipe in " + bundle), encoder);
        if (!out.adversary) out.adversary = std::move(told.adversary);
        if (!out.epochs) out.epochs = told.epochs;
    } catch (const Error &error) {
        log_warning("how " + bundle + " was trained is not known: " + error.what() + " (" + error.subject() +
                    ")");
    }
    return out;
}

} // namespace

std::string data_name(const std::string &source) {
    const auto colon = source.find(':');
    if (colon != std::string::npos) return source.substr(0, colon);
    auto path = std::filesystem::path(source).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    const auto parent = path.parent_path().filename();
    return parent.empty() ? path.filename().string() : (parent / path.filename()).string();
}

bundle::Provenance provenance_of(const TrainingFacts &facts) {
    constexpr std::size_t kDateLength = 10;
    bundle::Provenance out;
    for (const auto &source : facts.data) out.data.push_back(data_name(source));
    out.pictures = facts.pictures;
    out.recipe = std::filesystem::path(facts.recipe->name()).filename().string();
    out.recipe_text = facts.recipe->source();
    out.seed = facts.seed;
    out.steps = facts.steps;
    out.batch = facts.batch;
    out.extent = facts.extent;
    out.device = facts.device;
    out.processes = facts.processes;
    out.date = utc_now().substr(0, kDateLength);
    out.trainer = MIRRA_TRAINER_VERSION;
    out.rounds = facts.rounds;
    if (!facts.rounds.empty()) out.initial_weights = facts.rounds.back().sha256;
    return out;
}

std::optional<bundle::Adversary> adversary_of(const bundle::Manifest &manifest) {
    return trained_by(bundle::parse_provenance(manifest), manifest.name).adversary;
}

bundle::EncoderRecord encoder_record(const bundle::Bundle &encoder, const std::string &name) {
    return {.name = name, .sha256 = encoder.sha256(), .adversary = adversary_of(encoder.manifest())};
}

std::vector<bundle::Round> rounds_before(const bundle::Bundle &initial) {
    const auto provenance = bundle::parse_provenance(initial.manifest());
    auto trained = trained_by(provenance, initial.manifest().name);
    auto out = provenance.rounds;
    if (out.empty() && !provenance.initial_weights.empty()) // of a trainer that kept no chain
        out.push_back(
            {.sha256 = provenance.initial_weights, .recipe = {}, .steps = {}, .epochs = {}, .adversary = {}});
    out.push_back({.sha256 = initial.sha256(),
                   .recipe = provenance.recipe,
                   .steps = provenance.steps,
                   .epochs = trained.epochs,
                   .adversary = std::move(trained.adversary)});
    return out;
}

std::optional<std::int64_t> epochs_of(const std::vector<bundle::Round> &rounds) {
    std::int64_t sum = 0;
    for (const auto &round : rounds) {
        if (!round.epochs) return std::nullopt;
        sum += *round.epochs;
    }
    return sum;
}

void check_output(const std::filesystem::path &output) {
    check_writable(output);
}

} // namespace mirra::trainer

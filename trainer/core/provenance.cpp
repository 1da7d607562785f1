// From facts to a manifest, and back from old ones.
#include "core/provenance.hpp"

#include "core/text.hpp"
#include "mirra/file.hpp"

#include <limits>

namespace mirra::trainer {
namespace {

/// Encoders of older trainers say it in their recipe alone, where 1 was the default.
std::optional<std::int64_t> epochs_in(const bundle::Provenance &provenance) {
    if (provenance.epochs || provenance.classes.empty() || !provenance.recipe_text) return provenance.epochs;
    const auto recipe = Recipe::parse(*provenance.recipe_text, provenance.recipe);
    std::int64_t epochs = 1;
    RecipeKeys(recipe).integer("optimizer.epochs", epochs, {1, 1e9}, "");
    return epochs;
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

std::optional<bundle::Adversary> adversary_of(const bundle::Provenance &provenance) {
    if (provenance.adversary || !provenance.recipe_text) return provenance.adversary;
    const auto recipe = Recipe::parse(*provenance.recipe_text, provenance.recipe);
    RecipeKeys keys(recipe);
    std::string kind, norm = "l2";
    double epsilon = 0;
    keys.text("adversary.kind", kind, "");
    keys.text("adversary.norm", norm, "");
    keys.real("adversary.epsilon", epsilon, {0, std::numeric_limits<double>::max()}, "");
    if (kind.empty() && provenance.classes.empty()) return std::nullopt; // of no encoder
    const bool standard = kind.empty() || kind == "none";
    return bundle::Adversary{norm, standard ? 0 : epsilon};
}

bundle::EncoderRecord encoder_record(const bundle::Bundle &encoder, const std::string &name) {
    return {.name = name,
            .sha256 = encoder.sha256(),
            .adversary = adversary_of(bundle::parse_provenance(encoder.manifest()))};
}

std::vector<bundle::Round> rounds_before(const bundle::Bundle &initial) {
    const auto provenance = bundle::parse_provenance(initial.manifest());
    auto out = provenance.rounds;
    if (out.empty() && !provenance.initial_weights.empty()) // of a trainer that kept no chain
        out.push_back(
            {.sha256 = provenance.initial_weights, .recipe = {}, .steps = {}, .epochs = {}, .adversary = {}});
    out.push_back({.sha256 = initial.sha256(),
                   .recipe = provenance.recipe,
                   .steps = provenance.steps,
                   .epochs = epochs_in(provenance),
                   .adversary = adversary_of(provenance)});
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

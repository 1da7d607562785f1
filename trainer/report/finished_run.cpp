#include "report/finished_run.hpp"

#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/provenance.hpp"
#include "report/table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace mirra::trainer {
namespace {

constexpr double kPercent = 100;

} // namespace

std::string range(const Interval &interval) {
    return decimal(kPercent * interval.low, 1) + " to " + percent(interval.high);
}

std::string ball(const Budget &budget) {
    constexpr double kFullRange = 255, kRounding = 1e-3;
    const double levels = kFullRange * budget.epsilon;
    const bool whole = levels >= 1 && std::abs(levels - std::round(levels)) < kRounding;
    std::string out = budget.norm == Norm::l2 ? "ℓ2 ≤ " : "ℓ∞ ≤ ";
    if (budget.norm == Norm::linf && whole)
        out += short_number(std::round(levels)) + "/255";
    else
        out += short_number(budget.epsilon);
    return out;
}

std::string attack_name(const std::string &id) {
    if (id == "autoattack") return "AutoAttack";
    if (id == "square") return "Square";
    auto name = id;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    return name;
}

namespace {

using Json = nlohmann::json;

bool is_share(double value) {
    return value >= 0 && value <= 1;
}

std::optional<Measurement> measurement(const Json &row) {
    try {
        const auto norm = row.at("norm").get<std::string>();
        if (norm != "l2" && norm != "linf") return std::nullopt;
        Measurement out{.data = row.at("data").get<std::string>(),
                        .attack = row.at("attack").get<std::string>(),
                        .budget = {norm == "linf" ? Norm::linf : Norm::l2, row.at("epsilon").get<double>()},
                        .count = row.at("count").get<std::int64_t>(),
                        .clean = row.at("clean_accuracy").get<double>(),
                        .robust = row.at("robust_accuracy").get<double>()};
        if (out.count > 0 && is_share(out.clean) && is_share(out.robust)) return out;
    } catch (const Json::exception &) { // a row of another task
        return std::nullopt;
    }
    return std::nullopt;
}

Interval interval(double share, std::int64_t count) {
    return confidence(std::llround(share * static_cast<double>(count)), count);
}

bool same(const Budget &a, const Budget &b) {
    constexpr double kRounding = 1e-6;
    return a.norm == b.norm && std::abs(a.epsilon - b.epsilon) <= kRounding * b.epsilon;
}

} // namespace

Interval Measurement::clean_interval() const {
    return interval(clean, count);
}

Interval Measurement::robust_interval() const {
    return interval(robust, count);
}

std::vector<Measurement> recorded_measurements(const std::string &quality) {
    std::vector<Measurement> out;
    const auto rows = Json::parse(quality, nullptr, false);
    if (!rows.is_array()) return out;
    for (const auto &row : rows)
        if (auto found = measurement(row)) out.push_back(std::move(*found));
    return out;
}

std::optional<Measurement> decisive(const std::vector<Measurement> &all, const std::string &attack,
                                    const Budget &budget) {
    std::vector<Measurement> fitting;
    std::ranges::copy_if(all, std::back_inserter(fitting),
                         [&](const auto &row) { return row.attack.starts_with(attack); });
    if (std::ranges::any_of(fitting, [&](const auto &row) { return same(row.budget, budget); }))
        std::erase_if(fitting, [&](const auto &row) { return !same(row.budget, budget); });
    const auto best = std::ranges::min_element(fitting, [](const auto &a, const auto &b) {
        return a.count != b.count ? a.count > b.count : a.robust < b.robust;
    });
    return best == fitting.end() ? std::nullopt : std::optional(*best);
}

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kSuffix = ".run";
constexpr std::int64_t kEveryStep = std::int64_t{1} << 52;

/// Empty where there is none yet: a run writes it with its first checkpoint.
RunLog read_log(const fs::path &folder) {
    const auto path = folder / "log.csv";
    std::ifstream file(path);
    std::string line, column;
    std::getline(file, line);
    std::stringstream header(line);
    std::vector<std::string> columns;
    std::getline(header, column, ',');
    constexpr std::size_t kMost = 256;
    while (columns.size() < kMost && std::getline(header, column, ',')) columns.push_back(column);
    return {path, columns, kEveryStep};
}

/// Its own, or those of the levels in folders of their own.
std::vector<NamedLog> read_logs(const fs::path &folder) {
    std::vector<NamedLog> out;
    if (!fs::exists(folder / "log.csv") && fs::is_directory(folder))
        for (const auto &entry : fs::directory_iterator(folder))
            if (fs::exists(entry.path() / "log.csv"))
                out.push_back({entry.path().filename().string(), read_log(entry.path())});
    if (out.empty()) out.push_back({"", read_log(folder)});
    std::ranges::sort(out, {}, &NamedLog::name);
    return out;
}

/// "cifar10:DIR" or a folder, seen from the directory in which the command was given.
std::string resolved(const std::string &source, const fs::path &directory) {
    constexpr std::string_view kCifar = "cifar10:";
    const auto skip = source.starts_with(kCifar) ? kCifar.size() : 0;
    return source.substr(0, skip) + (directory / source.substr(skip)).string();
}

fs::path default_bundle(const fs::path &folder, const std::optional<RunRecord> &record) {
    auto name = fs::absolute(folder).lexically_normal();
    if (!name.has_filename()) name = name.parent_path();
    auto beside = name.string();
    if (beside.ends_with(kSuffix)) beside.resize(beside.size() - kSuffix.size());
    if (beside != name.string() && (!record || fs::is_regular_file(beside))) return beside;
    if (record) return record->directory / record->output;
    throw Error(ErrorCode::not_found, "the run's folder does not say where its bundle is", folder.string(),
                "name it with --bundle");
}

Origin origin_of(const bundle::Manifest &manifest) {
    auto provenance = bundle::parse_provenance(manifest);
    return {.data = std::move(provenance.data),
            .recipe = std::move(provenance.recipe),
            .recipe_text = provenance.recipe_text.value_or(""),
            .device = std::move(provenance.device),
            .date = std::move(provenance.date),
            .trainer = std::move(provenance.trainer),
            .seed = provenance.seed ? std::to_string(*provenance.seed) : "",
            .pictures = provenance.pictures.value_or(0),
            .steps = provenance.steps.value_or(0),
            .batch = provenance.batch.value_or(0),
            .extent = provenance.extent.value_or(0)};
}

void check_belongs(const FinishedRun &run) {
    const char *hint =
        "let the training finish (the same command goes on from its checkpoint), or name the run's own "
        "bundle with --bundle";
    const auto &trained = run.origin.recipe_text;
    if (run.record && !trained.empty() && trained != run.record->recipe_text)
        throw Error(ErrorCode::mismatch, "the bundle was trained with another recipe than this run's",
                    run.bundle_path.string(), hint);
    std::int64_t reached = 0;
    for (const auto &[name, log] : run.logs)
        if (!log.rows().empty()) reached = std::max(reached, log.rows().back().step);
    if (reached < run.origin.steps)
        throw Error(ErrorCode::mismatch,
                    "the log ends at step " + std::to_string(reached) + " of " +
                        std::to_string(run.origin.steps) + ": the bundle is of an earlier run",
                    run.bundle_path.string(), hint);
    if (run.recipe_text().empty())
        throw Error(ErrorCode::mismatch, "the bundle does not say how it was trained",
                    run.bundle_path.string(), "give one that mirra-train wrote");
}

} // namespace

const std::string &FinishedRun::recipe_text() const {
    return origin.recipe_text.empty() && record ? record->recipe_text : origin.recipe_text;
}

std::vector<std::string> FinishedRun::validation_sources() const {
    std::vector<std::string> out;
    if (!record) return out;
    for (const auto &source : record->validation.empty() ? record->data : record->validation)
        out.push_back(resolved(source, record->directory));
    return out;
}

Budget FinishedRun::budget() const {
    if (settings.adversary != Adversary::none) return settings.budget;
    return {settings.budget.norm, settings.validation_epsilon};
}

std::optional<double> FinishedRun::last(const std::string &column) const {
    const auto &columns = log().columns();
    const auto found = std::ranges::find(columns, column);
    if (found == columns.end()) return std::nullopt;
    const auto at = static_cast<std::size_t>(found - columns.begin());
    for (auto row = log().rows().rbegin(); row != log().rows().rend(); ++row)
        if (std::isfinite(row->values[at])) return row->values[at];
    return std::nullopt;
}

FinishedRun read_finished_run(const fs::path &folder, const fs::path &bundle) {
    auto logs = read_logs(folder);
    const bool logged = !logs.front().name.empty() || fs::exists(folder / "log.csv");
    if (!logged && !fs::exists(folder / "run.json"))
        throw Error(ErrorCode::not_found, "there is no training run here", folder.string(),
                    "give the folder OUTPUT.run that mirra-train keeps beside a bundle that it trains");
    FinishedRun run{.folder = folder,
                    .bundle_path = bundle,
                    .record = read_run_record(folder),
                    .logs = std::move(logs),
                    .bundle = nullptr,
                    .origin = {},
                    .settings = {},
                    .measurements = {}};
    if (bundle.empty()) run.bundle_path = default_bundle(folder, run.record);
    if (!fs::exists(run.bundle_path))
        throw Error(
            ErrorCode::not_found, "this run has no bundle (yet): a training writes it at its end",
            run.bundle_path.string(),
            "let the training finish (the same command goes on from its checkpoint), or name the bundle with "
            "--bundle");
    run.bundle = bundle::Bundle::open(run.bundle_path);
    run.origin = origin_of(run.bundle->manifest());
    check_belongs(run);
    if (!run.is_encoder()) return run;
    auto recipe = Recipe::parse(run.recipe_text(), "recipe of " + run.bundle_path.filename().string());
    run.settings = EncoderRecipe::read(recipe);
    run.measurements = recorded_measurements(run.bundle->manifest().quality);
    return run;
}

} // namespace mirra::trainer

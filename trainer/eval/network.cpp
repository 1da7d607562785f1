#include "eval/network.hpp"

#include "core/progress.hpp"
#include "core/provenance.hpp"
#include "core/text.hpp"
#include "data/picture_set.hpp"
#include "eval/denoising_results.hpp"
#include "eval/evaluation.hpp"
#include "eval/pictures.hpp"
#include "eval/similarity.hpp"
#include "import/import.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>

namespace mirra::trainer {

torch::Tensor compared_part(const torch::Tensor &picture, const Compared &compared) {
    const auto border = compared.border;
    auto part = picture.slice(2, border, picture.size(2) - border).slice(3, border, picture.size(3) - border);
    if (!compared.luma) return part;
    constexpr double kFullRange = 255, kBlack = 16;
    const auto weights = torch::tensor({65.481F, 128.553F, 24.966F}).view({1, 3, 1, 1});
    return (((part * weights).sum(1, true) + kBlack).round() / kFullRange).expand_as(part);
}

namespace {

constexpr std::int64_t kColors = 3;
constexpr double kMega = 1e6;

/// A graph of a bundle that takes a picture and gives one, run as hosts run it.
class Restorer {
  public:
    Restorer(std::shared_ptr<host::Engine> engine, const std::filesystem::path &path,
             const NetworkEvaluation &evaluation)
        : engine_(std::move(engine))
        , bundle_(bundle::Bundle::open(path))
        , graph_(chosen(path, evaluation.graph))
        , alignment_(graph::alignment(graph_))
        , least_(graph::minimum_extent(graph_))
        , factor_(evaluation.degradation.downscale) {
        options_.device = evaluation.device;
        options_.precision = parse_precision(evaluation.precision);
        options_.threads = evaluation.threads;
        check(path);
    }

    /// @param picture  [1, 3, H, W]
    torch::Tensor run(const torch::Tensor &picture) {
        const auto padded = aligned(picture);
        auto input = std::make_shared<host::HostTensor>();
        input->shape.assign(padded.sizes().begin(), padded.sizes().end());
        input->values.assign(padded.const_data_ptr<float>(), padded.const_data_ptr<float>() + padded.numel());
        const auto made =
            host::run_graph(engine_, bundle_, graph_.name, {{graph_.inputs.front().name, input}}, options_)
                .at(graph_.outputs.front().name);
        return torch::from_blob(const_cast<float *>(made->values.data()), made->shape, at::kFloat)
            .slice(2, 0, picture.size(2) * factor_)
            .slice(3, 0, picture.size(3) * factor_)
            .clone();
    }

  private:
    const graph::Graph &chosen(const std::filesystem::path &path, const std::string &name) const {
        const auto &graphs = bundle_->manifest().graphs;
        if (!name.empty()) return bundle_->graph(name);
        if (graphs.size() == 1) return graphs.begin()->second;
        std::vector<std::string> names;
        for (const auto &[key, graph] : graphs) names.push_back(key);
        throw Error(ErrorCode::invalid_argument,
                    "the bundle has " + std::to_string(graphs.size()) + " graphs", path.string(),
                    "choose one with --graph: " + joined(names));
    }

    void check(const std::filesystem::path &path) const {
        const auto side = std::max(alignment_, least_);
        const auto fits = [&] {
            if (graph_.inputs.size() != 1 || graph_.inputs.front().channels != kColors) return false;
            const auto shapes =
                graph::infer_shapes(graph_, {{graph_.inputs.front().name, {1, kColors, side, side}}});
            return shapes.at(graph_.outputs.front().source) ==
                   graph::Shape{1, kColors, side * factor_, side * factor_};
        };
        if (!fits())
            throw Error(ErrorCode::mismatch,
                        "the graph '" + graph_.name + "' does not make one picture of three channels, " +
                            std::to_string(factor_) + " times as large, out of one",
                        path.string(), "give --downscale the factor by which the network enlarges pictures");
    }

    /// Its edges repeated to the right and below, as far as the network needs.
    [[nodiscard]] torch::Tensor aligned(const torch::Tensor &picture) const {
        const auto missing = [&](std::int64_t extent) {
            return std::max((extent + alignment_ - 1) / alignment_ * alignment_, least_) - extent;
        };
        return at::replication_pad2d(picture, {0, missing(picture.size(3)), 0, missing(picture.size(2))})
            .contiguous();
    }

    std::shared_ptr<host::Engine> engine_;
    std::shared_ptr<const bundle::Bundle> bundle_;
    const graph::Graph &graph_;
    std::int64_t alignment_, least_, factor_;
    host::GraphRunOptions options_;
};

struct Method {
    std::string name;
    std::filesystem::path bundle;       ///< empty: none
    std::unique_ptr<Restorer> restorer; ///< null: the picture as it is, enlarged
    Similarity similarity = {};
    double seconds = 0, megapixels = 0;
};

class Evaluation {
  public:
    Evaluation(const NetworkEvaluation &settings, const std::function<void(const NetworkRow &)> &finished)
        : settings_(settings)
        , finished_(finished) {
        const auto engine = host_engine();
        const auto names = short_names(settings.bundles);
        methods_.push_back({.name = settings.degradation.downscale > 1 ? "bicubic" : "degraded",
                            .bundle = {},
                            .restorer = nullptr});
        for (std::size_t i = 0; i < names.size(); ++i)
            methods_.push_back(
                {.name = names[i],
                 .bundle = settings.bundles[i],
                 .restorer = std::make_unique<Restorer>(engine, settings.bundles[i], settings)});
    }

    NetworkResult run() {
        std::vector<std::unique_ptr<PictureSet>> sets;
        for (const auto &folder : settings_.data) // all are looked for before the work begins
            sets.push_back(std::make_unique<PictureSet>(open_folders({folder}), PictureSet::Options{}));
        for (std::size_t i = 0; i < sets.size(); ++i) {
            run_set(*sets[i], data_name(settings_.data[i].string()));
            std::ranges::copy(sets[i]->skipped(), std::back_inserter(result_.skipped));
        }
        return std::move(result_);
    }

  private:
    void run_set(PictureSet &set, const std::string &name) {
        const auto count = settings_.count > 0 ? std::min(settings_.count, set.size()) : set.size();
        Progress progress("eval " + name, count);
        for (auto &method : methods_) {
            method.similarity = {};
            method.seconds = method.megapixels = 0;
        }
        for (std::int64_t i = 0; i < count; ++i) {
            if (const auto picture = set.read(i)) run_picture(*picture, i);
            progress.update(i + 1);
        }
        if (methods_.front().similarity.psnr.count() == 0)
            throw Error(ErrorCode::corrupt, "none of the pictures can be read and measured", name,
                        "check the files");
        for (const auto &method : methods_) report(row_of(method, name));
    }

    /// The upper left part whose sides are multiples of the downscale, as is the field's custom.
    [[nodiscard]] torch::Tensor whole_multiple(const image::Image &picture) const {
        const auto factor = settings_.degradation.downscale;
        const auto pixels = to_tensor({to_float(picture)});
        return pixels.slice(2, 0, pixels.size(2) / factor * factor)
            .slice(3, 0, pixels.size(3) / factor * factor)
            .contiguous();
    }

    void run_picture(const image::Image &picture, std::int64_t index) {
        const auto clean = whole_multiple(picture);
        if (std::min(clean.size(2), clean.size(3)) <= 2 * settings_.compared.border) return;
        const auto given = degraded(clean, settings_.degradation, settings_.seed, index).contiguous();
        SheetRow cells{{"original", to_picture(clean[0])}};
        for (auto &method : methods_) {
            const auto begin = std::chrono::steady_clock::now();
            const auto made =
                in_8_bits(method.restorer ? method.restorer->run(given)
                                          : resized_bicubic(given, clean.size(2), clean.size(3)));
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
            add(method.similarity, compared_part(made, settings_.compared),
                compared_part(clean, settings_.compared));
            method.seconds += seconds.count();
            method.megapixels += static_cast<double>(clean.size(2) * clean.size(3)) / kMega;
            cells.push_back(
                {formatted("%.60s %.2f dB", method.name.c_str(), method.similarity.psnr.values().back()),
                 to_picture(made[0])});
        }
        if (settings_.sheet.empty() || in_sheet_ == settings_.sheet_rows) return;
        ++in_sheet_;
        std::ranges::copy(denoising_sheet_rows(cells, std::nullopt), std::back_inserter(result_.sheet));
    }

    static NetworkRow row_of(const Method &method, const std::string &data) {
        return {.data = data,
                .method = method.name,
                .bundle = method.bundle,
                .count = method.similarity.psnr.count(),
                .psnr = method.similarity.psnr.mean(),
                .psnr_deviation = method.similarity.psnr.deviation(),
                .ssim = method.similarity.ssim.mean(),
                .seconds_per_megapixel = method.seconds / method.megapixels};
    }

    void report(NetworkRow row) {
        if (finished_) finished_(row);
        result_.rows.push_back(std::move(row));
    }

    const NetworkEvaluation &settings_;
    const std::function<void(const NetworkRow &)> &finished_;
    std::vector<Method> methods_;
    NetworkResult result_;
    std::int64_t in_sheet_ = 0;
};

class NetworkTable : public Table {
  public:
    explicit NetworkTable(const NetworkEvaluation &evaluation)
        : Table({{.name = "data", .shown = {.head = "data", .width = -20}, .recorded = {"data"}},
                 {.name = "count", .shown = {.head = "count", .width = 5}, .recorded = {"count"}},
                 {.name = "degradation",
                  .shown = {.head = "degradation", .width = -24, .gap = 2},
                  .recorded = {"degradation"}},
                 {.name = "channels", .shown = {.head = "of", .width = -3}, .recorded = {"channels"}},
                 {.name = "border", .recorded = {"border"}},
                 {.name = "seed", .recorded = {"seed"}},
                 {.name = "method", .shown = {.head = "method", .width = -20, .gap = 2}},
                 {.name = "psnr",
                  .digits = places(4),
                  .shown = {.head = "PSNR (std) dB", .width = 8, .digits = places(3)},
                  .recorded = {"psnr"}},
                 {.name = "psnr_std",
                  .digits = places(4),
                  .shown = {.width = 4, .digits = places(2), .in_brackets = true}},
                 {.name = "ssim",
                  .digits = places(5),
                  .shown = {.head = "SSIM", .width = 7, .digits = places(4)},
                  .recorded = {"ssim"}},
                 {.name = "seconds_per_megapixel",
                  .digits = places(4),
                  .shown = {.head = "s/Mpx", .width = 8, .digits = places(3)}},
                 {.name = "precision", .recorded = {"precision"}}})
        , evaluation_(evaluation) {}

    void add(const NetworkRow &row) {
        Table::add({row.data, row.count, evaluation_.degradation.text(),
                    std::string(evaluation_.compared.luma ? "Y" : "RGB"), evaluation_.compared.border,
                    static_cast<std::int64_t>(evaluation_.seed), row.method, row.psnr, row.psnr_deviation,
                    row.ssim, row.seconds_per_megapixel, evaluation_.precision});
    }

  private:
    const NetworkEvaluation &evaluation_;
};

/// The same measurement of as many pictures or more.
bool is_superseded(const Quality &old, const Quality &fresh) {
    const auto same = [&](const char *key) {
        return old.value(key, Quality()) == fresh.value(key, Quality());
    };
    return old.value("count", std::int64_t{0}) <= fresh.value("count", std::int64_t{0}) && same("data") &&
           same("degradation") && same("channels") && same("border") && same("precision");
}

void record(const NetworkEvaluation &evaluation, const std::vector<NetworkRow> &rows) {
    for (const auto &path : evaluation.bundles) {
        NetworkTable table(evaluation);
        for (const auto &row : rows)
            if (row.bundle == path) table.add(row);
        const auto bundle = bundle::Bundle::open(path);
        auto manifest = bundle->manifest();
        manifest.quality = merged_quality(manifest.quality, table.entries(), is_superseded);
        rewrite_manifest(*bundle, manifest, path);
    }
}

struct Command {
    NetworkEvaluation evaluation;
    double blur = 0, noise = 0;
    std::string channels;
    std::int64_t border = -1;
};

int evaluate(Command &command) {
    auto &settings = command.evaluation;
    auto &how = settings.degradation;
    how.blur_minimum = how.blur_maximum = command.blur;
    how.noise_minimum = how.noise_maximum = command.noise;
    const bool enlarges = how.downscale > 1;
    settings.compared.luma = command.channels.empty() ? enlarges : command.channels == "y";
    settings.compared.border = command.border >= 0 ? command.border : (enlarges ? how.downscale : 0);
    require_writable(settings.csv, {}, {settings.sheet});
    check_spares(settings.csv, settings.bundles);
    for (const auto &path : settings.bundles)
        if (settings.record) check_rewritable(*bundle::Bundle::open(path), path);
    NetworkTable table(settings);
    print(table.head());
    const auto result = evaluate_network(settings, [&](const NetworkRow &row) {
        table.add(row);
        print(table.line());
    });
    if (!settings.csv.empty()) write_file(settings.csv, table.csv());
    if (!settings.sheet.empty()) write_sheet(settings.sheet, result.sheet);
    if (settings.record) record(settings, result.rows);
    return finish(result.skipped);
}

void add_degradation_options(CLI::App &sub, Command &command) {
    constexpr double kMostBlur = 10, kMostNoise = 255;
    sub.add_option("--blur", command.blur, "Blur the pictures first: sigma of a Gaussian, in pixels")
        ->check(CLI::Range(0.0, kMostBlur));
    sub.add_option("--downscale", command.evaluation.degradation.downscale,
                   "Then make their sides so many times smaller (bicubic, antialiased)")
        ->check(CLI::Range(1, 16));
    sub.add_option("--noise", command.noise, "Then add Gaussian noise of this sigma, of 255")
        ->check(CLI::Range(0.0, kMostNoise));
    sub.add_option("--seed", command.evaluation.seed, "Seed of the noise")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--channels", command.channels,
                   "Compare rgb, or y: the luma of BT.601, as is usual for enlargements [y with --downscale]")
        ->check(CLI::IsMember({"rgb", "y"}));
    sub.add_option("--border", command.border,
                   "Pixels at each side that are left out [the downscale, else 0]")
        ->check(CLI::Range(0, 1024));
}

} // namespace

NetworkResult evaluate_network(const NetworkEvaluation &evaluation,
                               const std::function<void(const NetworkRow &)> &finished) {
    return Evaluation(evaluation, finished).run();
}

void add_network_evaluation(CLI::App &eval, int &status) {
    auto *sub = eval.add_subcommand(
        "network", "PSNR and SSIM of networks that restore pictures, on clean ones that are made worse");
    const auto command = std::make_shared<Command>();
    auto &settings = command->evaluation;
    sub->add_option("--data", settings.data, "Folders of clean pictures")->required();
    sub->add_option("--count", settings.count, "Pictures per folder at most")->check(CLI::PositiveNumber);
    sub->add_option("--bundle", settings.bundles, "Bundles, compared on the same pictures")->required();
    sub->add_option("--graph", settings.graph, "Graph of the bundles [the only one]");
    add_degradation_options(*sub, *command);
    add_host_options(*sub, &settings.precision, settings.device, settings.threads);
    sub->add_option("--csv", settings.csv, "Also write the table as CSV");
    sub->add_option("--sheet", settings.sheet, "Write a sheet of the first pictures (PNG)");
    sub->add_option("--sheet-rows", settings.sheet_rows, "Pictures of the sheet")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    sub->add_flag("--record", settings.record, "Put the figures into the bundles' manifests");
    sub->callback([command, &status] { status = evaluate(*command); });
}

} // namespace mirra::trainer

#include "eval/inversion_comparison.hpp"

#include "core/device.hpp"
#include "core/picture_extent.hpp"
#include "core/progress.hpp"
#include "core/random.hpp"
#include "eval/evaluation.hpp"
#include "eval/inversion.hpp"
#include "eval/similarity.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "report/plot.hpp"
#include "tasks/inverter.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr double kStabiliser = 1e-10;

torch::Tensor norms(const torch::Tensor &x) {
    return x.flatten(1).norm(2, 1);
}

torch::Tensor start(const torch::Tensor &wanted, std::int64_t extent, std::uint64_t seed) {
    constexpr double kGray = 0.5, kNoise = 0.05;
    auto generator = at::detail::createCPUGenerator(mix(seed));
    const auto noise = torch::randn({wanted.size(0), 3, extent, extent}, generator);
    return (kGray + kNoise * noise)
        .clamp(0, 1)
        .to(wanted.device())
        .contiguous(at::MemoryFormat::ChannelsLast);
}

} // namespace

InvertedPictures invert_by_optimisation(Comparator &network, const torch::Tensor &wanted, std::int64_t extent,
                                        const RepresentationInversion &options) {
    constexpr double kPaperExtent = 224, kLastStep = 0.1;
    const double longest = options.step * static_cast<double>(extent) / kPaperExtent;
    InvertedPictures out{start(wanted, extent, options.seed), {}};
    const auto scale = norms(wanted) + kStabiliser;
    for (int i = 0; i < options.iterations; ++i) {
        auto pictures = out.pictures.detach().requires_grad_(true);
        const auto distances = norms(network.features(pictures) - wanted) / scale;
        const auto gradient = torch::autograd::grad({distances.sum()}, {pictures}).front();
        out.distances.push_back(distances.mean().item<double>());
        const double progress = static_cast<double>(i) / options.iterations;
        const double length = longest * (1 - (1 - kLastStep) * progress);
        const auto direction = gradient / (norms(gradient) + kStabiliser).view({-1, 1, 1, 1});
        out.pictures = (out.pictures - length * direction).clamp(0, 1);
    }
    return out;
}

namespace {

using Clock = std::chrono::steady_clock;

struct Row {
    std::string method;
    std::int64_t parameters = 0;
    Similarity similarity = {};
    double seconds = 0; ///< in all
};

torch::Tensor to_batch(const std::vector<FloatPicture> &pictures, const torch::Device &device) {
    return to_tensor(pictures).to(device).contiguous(at::MemoryFormat::ChannelsLast);
}

class Contest {
  public:
    explicit Contest(const Comparison &settings)
        : settings_(settings)
        , device_(select_device(settings.device))
        , pictures_(settings.data, settings.count) {
        for (const auto &path : settings.bundles) add(path);
        const auto first = bundle::Bundle::open(settings.bundles.front());
        const auto info = inverter_info(*first, settings.bundles.front());
        extent_ = settings.extent > 0 ? settings.extent : info.extent;
        if (extent_ == 0)
            throw Error(ErrorCode::invalid_argument, "the bundle does not say the extent of its training",
                        settings.bundles.front().string(), "give --extent");
        const auto features = graph::part_of(first->graph("encoder"), info.layer, "features");
        check_extent(features, extent_, "--extent");
        encoder_ = std::make_unique<Comparator>(*first, features, device_, at::kFloat);
        rows_.push_back({.method = "RI, " + std::to_string(settings.iterations) + " iterations"});
    }

    void run() {
        Progress progress("eval comparison", pictures_.size());
        for (std::int64_t begin = 0; begin < pictures_.size(); begin += settings_.batch) {
            std::vector<FloatPicture> batch;
            for (auto i = begin; i < std::min(begin + settings_.batch, pictures_.size()); ++i)
                if (auto picture = pictures_.get(i, {extent_, 1})) batch.push_back(std::move(*picture));
            if (!batch.empty()) run_batch(batch);
            progress.update(std::min(begin + settings_.batch, pictures_.size()));
        }
        if (rows_.back().similarity.psnr.count() == 0)
            throw Error(ErrorCode::corrupt, "none of the pictures can be read", settings_.data.front(),
                        "check the files");
        for (auto &distance : distances_)
            distance /= static_cast<double>(rows_.back().similarity.psnr.count());
    }

    [[nodiscard]] Table table() const {
        std::vector<Column> columns{{.name = "method", .shown = {.head = "method", .width = -30}},
                                    {.name = "parameters", .shown = {.head = "parameters", .width = 12}},
                                    {.name = "count", .shown = {.head = "count", .width = 6}}};
        for (auto &column : similarity_columns()) columns.push_back(std::move(column));
        columns.push_back({.name = "seconds_per_picture",
                           .digits = places(5),
                           .shown = {.head = "s/picture", .width = 10, .digits = places(4)}});
        Table out(std::move(columns));
        for (const auto &row : rows_) {
            const auto &psnr = row.similarity.psnr, &ssim = row.similarity.ssim;
            out.add({row.method, row.parameters, psnr.count(), psnr.mean(), psnr.deviation(), ssim.mean(),
                     ssim.deviation(), row.seconds / static_cast<double>(psnr.count())});
        }
        return out;
    }
    [[nodiscard]] Plot plot() const {
        Plot plot{.title = "Optimisation over pixels: relative feature distance",
                  .x_label = "iteration",
                  .y_label = "|F(x) - F*| / |F*|",
                  .series = {{.name = "RI", .points = {}, .dotted = false}}};
        for (std::size_t i = 0; i < distances_.size(); ++i)
            plot.series.front().points.push_back({static_cast<double>(i), distances_[i]});
        return plot;
    }

    [[nodiscard]] const std::vector<SheetRow> &sheet() const { return sheet_; }
    [[nodiscard]] std::vector<std::string> skipped() const { return pictures_.skipped(); }

  private:
    void add(const std::filesystem::path &path) {
        const auto bundle = bundle::Bundle::open(path);
        const auto layer = inverted_layer(*bundle);
        networks_.emplace_back("invert", bundle,
                               HostTask::Options{.device = settings_.device, .threads = settings_.threads});
        rows_.push_back({.method = path.stem().string(),
                         .parameters = graph::parameter_count(bundle->graph(generator_graph(layer)))});
    }

    void run_batch(const std::vector<FloatPicture> &batch) {
        constexpr std::size_t kSheetRows = 6;
        std::vector<SheetRow> sheet;
        for (const auto &picture : batch) sheet.push_back({{"original", picture}});
        for (std::size_t n = 0; n < networks_.size(); ++n)
            for (std::size_t i = 0; i < batch.size(); ++i) {
                const auto begin = Clock::now();
                auto result = networks_[n].run(batch[i]);
                rows_[n].seconds += std::chrono::duration<double>(Clock::now() - begin).count();
                rows_[n].similarity.add(result, batch[i]);
                sheet[i].push_back({rows_[n].method, std::move(result)});
            }
        search(batch, sheet);
        for (auto &row : sheet)
            if (sheet_.size() < kSheetRows) sheet_.push_back(std::move(row));
    }

    void search(const std::vector<FloatPicture> &batch, std::vector<SheetRow> &sheet) {
        auto &row = rows_.back();
        torch::Tensor wanted;
        {
            const torch::NoGradGuard no_grad;
            wanted = encoder_->features(to_batch(batch, device_));
        }
        const auto begin = Clock::now();
        const auto found = invert_by_optimisation(*encoder_, wanted, extent_,
                                                  {settings_.iterations, settings_.step, settings_.seed});
        row.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
        distances_.resize(found.distances.size());
        for (std::size_t i = 0; i < found.distances.size(); ++i)
            distances_[i] += found.distances[i] * static_cast<double>(batch.size());
        for (std::size_t i = 0; i < batch.size(); ++i) {
            auto picture = to_picture(found.pictures[static_cast<std::int64_t>(i)]);
            row.similarity.add(picture, batch[i]);
            sheet[i].push_back({"RI", std::move(picture)});
        }
    }

    const Comparison &settings_;
    torch::Device device_;
    EvaluationPictures pictures_;
    std::vector<HostTask> networks_;
    std::unique_ptr<Comparator> encoder_;
    std::int64_t extent_ = 0;
    std::vector<Row> rows_; ///< of the networks, then of the search
    std::vector<double> distances_;
    std::vector<SheetRow> sheet_;
};

int compare(const Comparison &settings) {
    if (settings.threads > 0) torch::set_num_threads(settings.threads);
    require_writable(settings.csv, {settings.plot}, {settings.sheet});
    Contest contest(settings);
    contest.run();
    const auto table = contest.table();
    print(table.text());
    print("paper, Table 7: AR generator 17.23 dB (4.7 M), RI 16.72 dB, DeePSiM 15.32 dB (12.7 M)\n");
    if (!settings.csv.empty()) write_file(settings.csv, table.csv());
    if (!settings.sheet.empty()) write_sheet(settings.sheet, contest.sheet());
    if (!settings.plot.empty()) write_plots(settings.plot, {contest.plot()});
    return finish(contest.skipped());
}

} // namespace

void add_comparison(CLI::App &eval, int &status) {
    auto *sub = eval.add_subcommand(
        "comparison", "Generators against optimisation over pixels on the same features (Table 7)");
    constexpr double kLongestStep = 1000; // pictures differ by 388 at most
    const auto settings = std::make_shared<Comparison>();
    sub->add_option("--bundle", settings->bundles,
                    "Inverters of one encoder; the search inverts its features")
        ->required();
    sub->add_option("--data", settings->data, "Folders of pictures, at any depth, or cifar10:DIR")
        ->required();
    sub->add_option("--extent", settings->extent,
                    "Pixels that pictures are resized to [those of the training]")
        ->check(CLI::Range(16, 4096)); // SSIM looks at 11 x 11 pixels
    sub->add_option("--count", settings->count, "Pictures")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    sub->add_option("--batch", settings->batch, "Pictures that are searched together")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    sub->add_option("--iterations", settings->iterations, "Steps of the search")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    sub->add_option("--step", settings->step, "L2 length of its first step, at 224 px")
        ->check(CLI::PositiveNumber)
        ->check(CLI::Range(0.0, kLongestStep))
        ->capture_default_str();
    sub->add_option("--seed", settings->seed, "Seed of its start")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    add_host_options(*sub, nullptr, settings->device, settings->threads);
    sub->add_option("--csv", settings->csv, "Also write the table as CSV");
    sub->add_option("--sheet", settings->sheet, "Write a sheet of the first pictures (PNG)");
    sub->add_option("--plot", settings->plot,
                    "Write the search's feature distance over its steps (PNG or SVG)");
    sub->callback([settings, &status] { status = compare(*settings); });
}

} // namespace mirra::trainer

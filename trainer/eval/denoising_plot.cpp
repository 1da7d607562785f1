// Means of a table's rows by method, drawn over time or training.
#include "eval/denoising_plot.hpp"

#include "eval/denoising_methods.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace mirra::trainer {
namespace {

using Json = nlohmann::json;

struct Mean {
    std::filesystem::path bundle;
    double psnr = 0, seconds = 0, rows = 0;
};

/// Over the rows of each method: the same data and noises.
std::map<std::string, Mean> means_of(const std::vector<DenoisingRow> &rows) {
    std::map<std::string, Mean> means;
    for (const auto &row : rows) {
        auto &mean = means[row.method];
        mean.bundle = row.bundle;
        mean.psnr += row.psnr;
        mean.seconds += row.seconds_per_megapixel;
        ++mean.rows;
    }
    for (auto &[method, mean] : means) {
        mean.psnr /= mean.rows;
        mean.seconds /= mean.rows;
    }
    return means;
}

void sort_points(PlotSeries &series) {
    std::ranges::sort(series.points, {}, &PlotPoint::x);
}

struct Training {
    std::int64_t steps = 0, pictures = 0;
};

Training training_of(const std::filesystem::path &bundle) {
    const auto provenance = Json::parse(bundle::Bundle::open(bundle)->manifest().provenance);
    const auto number = [&](const char *key) {
        const auto found = provenance.find(key);
        if (found == provenance.end() || !found->is_number_integer())
            throw Error(ErrorCode::invalid_argument,
                        std::string("cannot be placed: its manifest does not tell the training's ") + key,
                        bundle.string(), "leave it out, or plot over time");
        return found->get<std::int64_t>();
    };
    return {number("steps"), number("pictures")};
}

} // namespace

LinePlot plot_over_time(const std::vector<DenoisingRow> &rows) {
    LinePlot plot{.title = "Quality over time",
                  .x_label = "seconds per megapixel",
                  .y_label = "PSNR, dB",
                  .series = {}};
    PlotSeries bundles{.name = "bundles", .points = {}};
    for (const auto &[method, mean] : means_of(rows)) {
        if (!mean.bundle.empty())
            bundles.points.push_back({mean.seconds, mean.psnr});
        else if (method != kNoisyMethod)
            plot.series.push_back({.name = method, .points = {{mean.seconds, mean.psnr}}});
    }
    sort_points(bundles);
    plot.series.insert(plot.series.begin(), std::move(bundles));
    return plot;
}

LinePlot plot_over_steps(const std::vector<DenoisingRow> &rows) {
    std::map<std::int64_t, PlotSeries> by_pictures;
    for (const auto &[method, mean] : means_of(rows)) {
        if (mean.bundle.empty()) continue;
        const auto training = training_of(mean.bundle);
        auto &series = by_pictures[training.pictures];
        series.name = std::to_string(training.pictures) + " pictures";
        series.points.push_back({static_cast<double>(training.steps), mean.psnr});
    }
    LinePlot plot{.title = "Quality over training", .x_label = "steps", .y_label = "PSNR, dB", .series = {}};
    for (auto &[pictures, series] : by_pictures) {
        sort_points(series);
        plot.series.push_back(std::move(series));
    }
    return plot;
}

void check_trainings(const std::vector<std::filesystem::path> &bundles) {
    for (const auto &bundle : bundles) static_cast<void>(training_of(bundle));
}

} // namespace mirra::trainer

// Measuring stylizers pair by pair.
#include "eval/stylization.hpp"

#include "core/device.hpp"
#include "core/progress.hpp"
#include "eval/encoder_origin.hpp"
#include "eval/gram_loss.hpp"
#include "eval/interruptible.hpp"
#include "eval/stylization_levels.hpp"
#include "eval/stylization_pictures.hpp"
#include "eval/stylization_runner.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

namespace mirra::trainer {
namespace {

using Path = std::filesystem::path;

/// The window of SSIM must find a place.
constexpr std::int64_t kSsimWindow = 11;

std::vector<Path> each_once(const std::vector<Path> &paths) {
    std::vector<Path> out;
    for (const auto &path : paths)
        if (std::ranges::find(out, path) == out.end()) out.push_back(path);
    return out;
}

/// The file's last name, or all of the path where several have that.
std::string short_name(const Path &path, const std::vector<Path> &all) {
    const auto stem = path.stem();
    const auto same = std::ranges::count_if(all, [&](const Path &each) { return each.stem() == stem; });
    return same > 1 ? path.string() : stem.string();
}

std::vector<GramNetwork> open_networks(const StylizationEvaluation &settings) {
    const auto device = select_device(settings.device);
    std::vector<GramNetwork> out;
    if (!settings.vgg19.empty()) out.push_back(GramNetwork::of_vgg19(settings.vgg19, device));
    const auto encoders = each_once(settings.layers_of.empty() ? settings.bundles : settings.layers_of);
    for (const auto &path : encoders) {
        out.push_back(GramNetwork::of_encoder(path, device));
        out.back().rename(short_name(path, encoders));
    }
    return out;
}

/// A stylizer with the rows of the table that are measured with it.
struct Stylizer {
    StylizerRunner runner;
    std::vector<std::size_t> rows;
};

/// A picture and what it is compared by.
struct Style {
    std::size_t index = 0;
    FloatPicture picture;
    std::vector<std::vector<LayerStatistics>> statistics; ///< by network
};

class Evaluation {
  public:
    explicit Evaluation(const StylizationEvaluation &settings)
        : settings_(settings)
        , networks_(open_networks(settings))
        , contents_(settings.contents, picture_options(settings.count, "--content"))
        , styles_(settings.styles, picture_options(settings.style_count, "--styles")) {
        for (const auto &network : networks_) result_.columns.push_back({network.name(), network.layers()});
        const auto bundles = each_once(settings.bundles);
        if (bundles.empty()) throw Error(ErrorCode::invalid_argument, "no bundle was given", "--bundle");
        for (const auto &path : bundles) open(path, short_name(path, bundles));
        if (!settings.sheet.empty() || !settings.comparison.empty())
            result_.sheet = StylizationSheet(contents_.size(), styles_.size(), settings.sheet_count);
    }

    StylizationResult run() {
        announce();
        const InterruptGuard guard;
        Progress progress("eval stylization", static_cast<std::int64_t>(styles_.size() * contents_.size()));
        for (std::size_t s = 0; s < styles_.size(); ++s) {
            auto picture = styles_.get(s);
            if (!picture) continue;
            ++result_.styles;
            result_.sheet.add_style(s, styles_.name(s), *picture);
            Style style{s, std::move(*picture), {}};
            for (const auto &network : networks_)
                style.statistics.push_back(network.statistics(style.picture));
            run_style(style, progress);
        }
        finish();
        return std::move(result_);
    }

  private:
    StylizationPictures::Options picture_options(std::int64_t count, const std::string &option) const {
        return {.count = count,
                .seed = settings_.seed,
                .extent = settings_.extent,
                .option = option,
                .check_size = [this](auto width, auto height) { check_size(width, height); }};
    }

    void check_size(std::int64_t width, std::int64_t height) const {
        if (std::min(width, height) < kSsimWindow)
            throw Error(ErrorCode::mismatch, "the picture is smaller than SSIM's window of 11 pixels");
        for (const auto &network : networks_) network.check_size(width, height);
    }

    void open(const Path &path, const std::string &name) {
        const auto bundle = bundle::Bundle::open(path);
        const auto origin = encoder_origin(bundle->manifest());
        Stylizer stylizer{.runner = StylizerRunner(path, {.strength = settings_.strength,
                                                          .precision = settings_.precision,
                                                          .device = settings_.device,
                                                          .threads = settings_.threads}),
                          .rows = {}};
        const auto levels = stylizer_levels(*bundle, path);
        for (const auto &list : ordered_levels(levels, settings_.levels, settings_.orders)) {
            StylizationRow row{.name = name,
                               .architecture = bundle->manifest().architecture,
                               .norm = origin.norm,
                               .epsilon = origin.epsilon,
                               .levels = list,
                               .plain = plain_levels(levels, list),
                               .ssim = {},
                               .gram = {}};
            for (const auto &column : result_.columns)
                row.gram.push_back({{}, std::vector<Statistic>(column.layers.size())});
            stylizer.rows.push_back(result_.rows.size());
            result_.rows.push_back(std::move(row));
        }
        stylizers_.push_back(std::move(stylizer));
    }

    void announce() const {
        const auto part = [](const StylizationPictures &pictures, const char *what) {
            return std::to_string(pictures.size()) + " of " + std::to_string(pictures.available()) + " " +
                   what;
        };
        log_info(part(contents_, "contents") + " with each of " + part(styles_, "styles") +
                 ", evenly spaced, seed " + std::to_string(settings_.seed) + ", at " +
                 (settings_.extent > 0 ? std::to_string(settings_.extent) + " x " +
                                             std::to_string(settings_.extent) + " pixels"
                                       : std::string("their own size")));
    }

    void run_style(const Style &style, Progress &progress) {
        result_.contents = 0;
        for (std::size_t c = 0; c < contents_.size(); ++c) {
            if (interrupted()) throw Interrupted{};
            if (const auto content = contents_.get(c)) {
                ++result_.contents;
                result_.sheet.add_content(c, contents_.name(c), *content);
                for (auto &stylizer : stylizers_)
                    for (const auto row : stylizer.rows) run_pair(stylizer, row, c, *content, style);
            }
            progress.update(static_cast<std::int64_t>(style.index * contents_.size() + c + 1));
        }
    }

    void run_pair(Stylizer &stylizer, std::size_t place, std::size_t index, const FloatPicture &content,
                  const Style &style) {
        auto &row = result_.rows[place];
        const auto begin = std::chrono::steady_clock::now();
        const auto stylized = stylizer.runner.stylize(content, style.picture, row.levels);
        row.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        row.ssim.add(image::ssim({stylized.values, stylized.width, stylized.height, 3},
                                 {content.values, content.width, content.height, 3}));
        for (std::size_t n = 0; n < networks_.size(); ++n) {
            const auto statistics = networks_[n].statistics(stylized);
            double sum = 0;
            for (std::size_t layer = 0; layer < statistics.size(); ++layer) {
                const auto loss = gram_distance(statistics[layer], style.statistics[n][layer]);
                row.gram[n].layers[layer].add(loss);
                sum += loss;
            }
            row.gram[n].sum.add(sum);
        }
        result_.sheet.add_result(place, index, style.index, stylized);
    }

    void finish() {
        result_.skipped = contents_.skipped();
        for (const auto &each : styles_.skipped()) result_.skipped.push_back(each);
        if (result_.contents == 0 || result_.styles == 0)
            throw Error(ErrorCode::mismatch, "no picture could be measured: " + result_.skipped.front(),
                        result_.styles == 0 ? settings_.styles.front() : settings_.contents.front(),
                        "give larger pictures, or --extent");
        for (auto &row : result_.rows) row.seconds /= static_cast<double>(row.ssim.count());
    }

    const StylizationEvaluation &settings_;
    std::vector<GramNetwork> networks_;
    StylizationPictures contents_, styles_;
    std::vector<Stylizer> stylizers_;
    StylizationResult result_;
};

} // namespace

StylizationResult evaluate_stylization(const StylizationEvaluation &evaluation) {
    return Evaluation(evaluation).run();
}

double standard_error(const Statistic &statistic) {
    const auto count = statistic.count();
    return count < 2 ? 0 : statistic.deviation() / std::sqrt(static_cast<double>(count - 1));
}

} // namespace mirra::trainer

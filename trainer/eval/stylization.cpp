#include "eval/stylization.hpp"

#include "core/device.hpp"
#include "core/progress.hpp"
#include "eval/classifier.hpp"
#include "eval/evaluation.hpp"
#include "eval/pictures.hpp"
#include "eval/similarity.hpp"
#include "eval/stylization_results.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/image.hpp"
#include "runtime/torch/libtorch.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kLargest = 256; ///< extent that pictures have on a sheet

FloatPicture reduced(const FloatPicture &picture) {
    const std::int64_t longest = std::max(picture.width, picture.height);
    if (longest <= kLargest) return picture;
    const auto scaled = [&](std::int64_t extent) {
        return std::max<std::int64_t>(1, extent * kLargest / longest);
    };
    const auto values = to_tensor({picture});
    return to_picture(
        at::_upsample_bilinear2d_aa(values, {scaled(picture.height), scaled(picture.width)}, false)[0]);
}

std::vector<std::size_t> shown(std::size_t size, std::size_t count) {
    const auto rows = std::min(size, count);
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < rows; ++i) out.push_back(i * size / rows);
    return out;
}

bool contains(const std::vector<std::size_t> &all, std::size_t each) {
    return std::ranges::find(all, each) != all.end();
}

} // namespace

StylizationSheet::StylizationSheet(std::size_t contents, std::size_t styles, std::size_t count)
    : shown_contents_(shown(contents, count))
    , shown_styles_(shown(styles, count)) {}

bool StylizationSheet::shows_content(std::size_t content) const {
    return contains(shown_contents_, content);
}
bool StylizationSheet::shows_style(std::size_t style) const {
    return contains(shown_styles_, style);
}

void StylizationSheet::add_content(std::size_t content, const std::string &name,
                                   const FloatPicture &picture) {
    if (shows_content(content) && !contents_.contains(content))
        contents_.emplace(content, SheetCell{name, reduced(picture)});
}

void StylizationSheet::add_style(std::size_t style, const std::string &name, const FloatPicture &picture) {
    if (shows_style(style)) styles_.emplace(style, SheetCell{name, reduced(picture)});
}

void StylizationSheet::add_result(std::size_t stylizer, std::size_t content, std::size_t style,
                                  const FloatPicture &picture) {
    if (shows_content(content) && shows_style(style))
        results_[stylizer].emplace(Pair{content, style}, reduced(picture));
}

SheetCell StylizationSheet::result(std::size_t stylizer, Pair pair, const std::string &caption) const {
    return {caption, results_.at(stylizer).at(pair)};
}

std::vector<SheetRow> StylizationSheet::grid(std::size_t stylizer) const {
    const FloatPicture blank{1, 1, {1, 1, 1}};
    std::vector<SheetRow> out{{{"", blank}}};
    for (const auto &[style, cell] : styles_) out.front().push_back(cell);
    for (const auto &[content, cell] : contents_) {
        SheetRow row{cell};
        for (const auto &[style, unused] : styles_) row.push_back(result(stylizer, {content, style}, ""));
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<SheetRow> StylizationSheet::comparison(const std::vector<std::string> &names) const {
    std::vector<SheetRow> out;
    auto style = styles_.begin();
    for (const auto &[content, cell] : contents_) {
        if (styles_.empty()) break;
        if (style == styles_.end()) style = styles_.begin();
        SheetRow row{cell, style->second};
        for (std::size_t stylizer = 0; stylizer < names.size(); ++stylizer)
            row.push_back(result(stylizer, {content, style->first}, names[stylizer]));
        out.push_back(std::move(row));
        ++style;
    }
    return out;
}

std::filesystem::path sheet_of(const std::filesystem::path &path, const std::string &name,
                               const std::string &levels) {
    auto part = "-" + name + "-" + levels;
    std::ranges::replace_if(
        part, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '_'; }, '-');
    auto out = path;
    out.replace_filename(path.stem().string() + part + path.extension().string());
    return out;
}

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

std::vector<GramNetwork> open_networks(const StylizationEvaluation &settings) {
    const auto device = select_device(settings.device);
    std::vector<GramNetwork> out;
    if (!settings.vgg19.empty()) out.push_back(GramNetwork::of_vgg19(settings.vgg19, device));
    const auto encoders = each_once(settings.layers_of.empty() ? settings.bundles : settings.layers_of);
    const auto names = short_names(encoders);
    for (std::size_t i = 0; i < encoders.size(); ++i) {
        out.push_back(GramNetwork::of_encoder(encoders[i], device));
        out.back().rename(names[i]);
    }
    return out;
}

/// A stylizer with the rows of the table that are measured with it.
struct Stylizer {
    HostTask task;
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
        const auto names = short_names(bundles);
        for (std::size_t i = 0; i < bundles.size(); ++i) open(bundles[i], names[i]);
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
        Stylizer stylizer{
            .task = HostTask(
                "stylize", bundle,
                {.precision = settings_.precision, .device = settings_.device, .threads = settings_.threads}),
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
        stylizer.task.session().set("strength", settings_.strength);
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
        stylizer.task.session().set_text("levels", row.levels);
        const auto stylized = stylizer.task.run(content, false, {{"style", &style.picture}});
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

namespace {

constexpr int kInterrupted = 130;

/// Fails before the work if what is to be written could not be.
void check_outputs(const StylizationEvaluation &settings) {
    require_writable(settings.csv, {}, {settings.sheet, settings.comparison});
}

void write_sheets(const StylizationEvaluation &settings, const StylizationResult &result) {
    std::vector<std::string> names;
    for (std::size_t r = 0; r < result.rows.size(); ++r) {
        const auto &[name, levels] = std::pair(result.rows[r].name, result.rows[r].levels);
        names.push_back(name + " " + levels);
        if (settings.sheet.empty()) continue;
        const bool alone = result.rows.size() == 1;
        write_sheet(alone ? settings.sheet : sheet_of(settings.sheet, name, levels), result.sheet.grid(r));
    }
    if (!settings.comparison.empty()) write_sheet(settings.comparison, result.sheet.comparison(names));
}

void add_pictures(CLI::App &sub, StylizationEvaluation &settings) {
    sub.add_option("--content", settings.contents,
                   "Folders of contents, at any depth (their val/ or test/ where there is one)")
        ->required();
    sub.add_option("--styles", settings.styles, "Folders of styles, likewise")->required();
    sub.add_option("--extent", settings.extent,
                   "Pixels that contents and styles are resized to, the aspect not kept; 0: their own size")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str();
    sub.add_option("--count", settings.count, "Contents at most, evenly spaced over the folders [all]")
        ->check(CLI::PositiveNumber);
    sub.add_option("--style-count", settings.style_count, "Styles at most, likewise [all]")
        ->check(CLI::PositiveNumber);
    sub.add_option("--seed", settings.seed, "Moves the choice of both")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

void add_stylizers(CLI::App &sub, StylizationEvaluation &settings) {
    sub.add_option("--bundle", settings.bundles,
                   "Bundles of mirra-train stylizer, compared on the same pairs")
        ->required();
    sub.add_option("--levels", settings.levels,
                   "Lists of levels in the order of their application, such as conv5,conv2,conv1 "
                   "conv2:0.5,conv1 [each bundle's own]");
    sub.add_option("--orders", settings.orders,
                   "Apply each list coarse-to-fine, fine-to-coarse or, both given, both ways [as it stands]")
        ->check(CLI::IsMember({"coarse-to-fine", "fine-to-coarse"}))
        ->delimiter(',');
    sub.add_option("--strength", settings.strength, "Strength of all levels")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    sub.add_option("--vgg19", settings.vgg19,
                   "Published weights of torchvision's vgg19 (.pth, .safetensors, .mirra): Gram loss over "
                   "them as in the paper [left out]");
    sub.add_option("--layers-of", settings.layers_of,
                   "Bundles over whose encoders the Gram loss is taken, a column each [those of --bundle]");
    add_host_options(sub, &settings.precision, settings.device, settings.threads);
}

void add_outputs(CLI::App &sub, StylizationEvaluation &settings) {
    sub.add_option("--csv", settings.csv, "Also write the table as CSV, the layers as well");
    sub.add_option("--sheet", settings.sheet,
                   "Write a sheet a row of the table (PNG): contents below each other, styles side by side");
    sub.add_option("--comparison", settings.comparison,
                   "Write a sheet of content, style and every row's result side by side (PNG)");
    sub.add_option("--sheet-count", settings.sheet_count, "Contents and styles of the sheets at most")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
}

} // namespace

int run_stylization_evaluation(const StylizationEvaluation &evaluation) {
    if (evaluation.threads > 0) torch::set_num_threads(evaluation.threads);
    check_outputs(evaluation);
    try {
        const auto result = evaluate_stylization(evaluation);
        const auto table = stylization_table(evaluation, result);
        print(table.text() + universal_line() + comparison_lines(result));
        if (!evaluation.csv.empty()) write_file(evaluation.csv, table.csv());
        write_sheets(evaluation, result);
        if (evaluation.vgg19.empty())
            log_info("Gram loss over VGG-19 is left out: its published weights were not given (--vgg19)");
        return finish(result.skipped);
    } catch (const Interrupted &) {
        log_info("interrupted; nothing is written");
        return kInterrupted;
    }
}

void add_stylization_evaluation(CLI::App &eval, int &status) {
    auto *sub = eval.add_subcommand("stylization", "Gram loss and SSIM of stylizers (Table 9)");
    const auto settings = std::make_shared<StylizationEvaluation>();
    add_pictures(*sub, *settings);
    add_stylizers(*sub, *settings);
    add_outputs(*sub, *settings);
    sub->callback([settings, &status] { status = run_stylization_evaluation(*settings); });
}

} // namespace mirra::trainer

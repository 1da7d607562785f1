#include "eval/denoising.hpp"

#include "core/progress.hpp"
#include "core/random.hpp"
#include "core/text.hpp"
#include "data/picture_set.hpp"
#include "eval/denoising_results.hpp"
#include "eval/evaluation.hpp"
#include "eval/paper.hpp"
#include "eval/pictures.hpp"
#include "eval/statistics.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/image.hpp"

#include <CLI/CLI.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <numeric>
#include <set>
#include <span>

namespace mirra::trainer {
namespace {

constexpr double kFullRange = 255;
constexpr std::size_t kColors = 3;

void add_noise(std::span<float> values, const PictureNoise &noise, std::uint64_t seed) {
    const double sigma = noise.sigma / kFullRange, gain = noise.gain / kFullRange;
    if (noise.gain == 0) return image::add_gaussian_noise(values, sigma, seed, noise.clipped);
    std::vector<float> normal(values.size());
    image::add_gaussian_noise(normal, 1, seed, false);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double noisy = values[i] + std::sqrt(gain * values[i] + sigma * sigma) * normal[i];
        values[i] = static_cast<float>(noise.clipped ? std::clamp(noisy, 0.0, 1.0) : noisy);
    }
}

FloatPicture weighted(FloatPicture picture, const std::array<float, kColors> &weights) {
    for (std::size_t i = 0; i < picture.values.size(); i += kColors) {
        const std::span pixel(&picture.values[i], kColors);
        std::ranges::fill(pixel, std::inner_product(pixel.begin(), pixel.end(), weights.begin(), 0.0F));
    }
    return picture;
}

} // namespace

double mean_deviation(const FloatPicture &clean, const PictureNoise &noise) {
    const double mean = std::accumulate(clean.values.begin(), clean.values.end(), 0.0) /
                        static_cast<double>(std::max<std::size_t>(1, clean.values.size()));
    const double sigma = noise.sigma / kFullRange;
    return std::sqrt(noise.gain / kFullRange * mean + sigma * sigma);
}

FloatPicture with_noise(const FloatPicture &clean, const PictureNoise &noise, bool gray, std::uint64_t seed) {
    auto out = clean;
    if (!gray) {
        add_noise(out.values, noise, seed);
        return out;
    }
    std::vector<float> plane(clean.values.size() / kColors);
    for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = clean.values[kColors * i];
    add_noise(plane, noise, seed);
    for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = plane[i / kColors];
    return out;
}

FloatPicture in_gray(FloatPicture picture) {
    return weighted(std::move(picture), {0.299F, 0.587F, 0.114F});
}

FloatPicture mean_of_channels(FloatPicture picture) {
    return weighted(std::move(picture), {1 / 3.0F, 1 / 3.0F, 1 / 3.0F});
}

FloatPicture non_local_means(const FloatPicture &noisy, double sigma, double factor) {
    constexpr int kTemplate = 7, kSearch = 21;
    cv::Mat bytes, result;
    mat_of(noisy).convertTo(bytes, CV_8UC3, kFullRange);
    cv::cvtColor(bytes, bytes, cv::COLOR_RGB2BGR); // it works in the CIELAB space of blue, green, red
    const auto strength = static_cast<float>(factor * sigma);
    cv::fastNlMeansDenoisingColored(bytes, result, strength, strength, kTemplate, kSearch);
    cv::cvtColor(result, result, cv::COLOR_BGR2RGB);
    FloatPicture out{noisy.width, noisy.height, std::vector<float>(noisy.values.size())};
    auto output = mat_of(out);
    result.convertTo(output, CV_32FC3, 1 / kFullRange);
    return out;
}

namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 30;
constexpr double kMega = 1e6;

/// Over the pictures of one method.
struct Score {
    Similarity similarity = {};
    double seconds = 0, megapixels = 0;
};

std::string folder_name(const std::filesystem::path &folder) {
    return folder.filename().empty() ? folder.parent_path().filename().string() : folder.filename().string();
}

std::string noise_text(const PictureNoise &noise) {
    char text[80];
    std::snprintf(text, sizeof text, noise.gain > 0 ? "sigma %g gain %g" : "sigma %g", noise.sigma,
                  noise.gain);
    return text;
}

/// The rows of a bundle are found by its path.
void check_bundles(const std::vector<std::filesystem::path> &bundles) {
    std::set<std::filesystem::path> seen;
    for (const auto &path : bundles)
        if (!seen.insert(std::filesystem::weakly_canonical(path)).second)
            throw Error(ErrorCode::invalid_argument, "a bundle is given twice: " + path.string(), "--bundle",
                        "name each once");
}

class Evaluation {
  public:
    Evaluation(const DenoisingEvaluation &settings, const std::function<void(const DenoisingRow &)> &finished)
        : settings_(settings)
        , finished_(finished)
        , methods_(denoising_methods(settings)) {}

    DenoisingResult run() {
        for (const auto &folder : settings_.data) // all are looked for before the work begins
            sets_.push_back(std::make_unique<PictureSet>(open_folders({folder}),
                                                         PictureSet::Options{.cache_bytes = kCacheBytes}));
        for (std::size_t i = 0; i < sets_.size(); ++i) {
            for (const auto &noise : settings_.noises) run_set(*sets_[i], settings_.data[i], noise);
            std::ranges::copy(sets_[i]->skipped(), std::back_inserter(result_.skipped));
        }
        return std::move(result_);
    }

  private:
    void run_set(PictureSet &set, const std::filesystem::path &folder, const PictureNoise &noise) {
        const auto count = settings_.count > 0 ? std::min(settings_.count, set.size()) : set.size();
        std::vector<Score> scores(methods_.size());
        Progress progress("eval " + folder_name(folder) + " " + noise_text(noise), count);
        for (std::int64_t i = 0; i < count; ++i) {
            if (const auto picture = set.read(i)) run_picture(*picture, i, noise, scores);
            progress.update(i + 1);
        }
        if (scores.front().similarity.psnr.count() == 0)
            throw Error(ErrorCode::corrupt, "none of the pictures can be read", folder.string(),
                        "check the files");
        for (std::size_t m = 0; m < methods_.size(); ++m)
            report(row_of(methods_[m], scores[m], folder_name(folder), noise));
        compare(scores, folder_name(folder) + " " + noise_text(noise));
    }

    /// Every bundle with the first one.
    void compare(const std::vector<Score> &scores, const std::string &where) {
        const auto is_bundle = [](const DenoisingMethod &method) { return !method.bundle.empty(); };
        const auto first = std::ranges::find_if(methods_, is_bundle);
        for (auto other = first; other != methods_.end(); ++other) {
            if (other == first || !is_bundle(*other)) continue;
            const auto &of = scores[static_cast<std::size_t>(other - methods_.begin())].similarity.psnr;
            const auto &reference =
                scores[static_cast<std::size_t>(first - methods_.begin())].similarity.psnr;
            result_.comparisons.push_back(paired_line(where + ", " + other->name + " less " + first->name,
                                                      differences(of, reference), " dB", "pictures"));
        }
    }

    void run_picture(const image::Image &picture, std::int64_t index, const PictureNoise &noise,
                     std::vector<Score> &scores) {
        const auto clean = settings_.gray ? in_gray(to_float(picture)) : to_float(picture);
        const auto noisy =
            with_noise(clean, noise, settings_.gray, mix(settings_.seed) ^ static_cast<std::uint64_t>(index));
        const double deviation = mean_deviation(clean, noise);
        SheetRow cells{{"original", clean}};
        for (std::size_t m = 0; m < methods_.size(); ++m) {
            const auto begin = std::chrono::steady_clock::now();
            auto result = methods_[m].run(noisy, deviation);
            if (settings_.gray && methods_[m].bundle.empty()) result = mean_of_channels(std::move(result));
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
            scores[m].similarity.add(result, clean);
            scores[m].seconds += seconds.count();
            scores[m].megapixels += static_cast<double>(clean.width) * clean.height / kMega;
            char caption[80];
            std::snprintf(caption, sizeof caption, "%.60s %.2f dB", methods_[m].name.c_str(),
                          image::psnr(clean.values, result.values));
            cells.push_back({caption, std::move(result)});
        }
        add_to_sheet(cells);
    }

    void add_to_sheet(const SheetRow &cells) {
        if (settings_.sheet.empty() || in_sheet_ == settings_.sheet_rows) return;
        ++in_sheet_;
        std::ranges::copy(denoising_sheet_rows(cells, settings_.sheet_corner),
                          std::back_inserter(result_.sheet));
    }

    [[nodiscard]] DenoisingRow row_of(const DenoisingMethod &method, const Score &score,
                                      const std::string &data, const PictureNoise &noise) const {
        DenoisingRow row{.data = data,
                         .method = method.name,
                         .bundle = method.bundle,
                         .noise = noise,
                         .gray = settings_.gray,
                         .count = score.similarity.psnr.count(),
                         .psnr = score.similarity.psnr.mean(),
                         .psnr_deviation = score.similarity.psnr.deviation(),
                         .ssim = score.similarity.ssim.mean(),
                         .seconds_per_megapixel = score.seconds / score.megapixels,
                         .paper = {}};
        const bool as_in_paper = noise == PictureNoise{.sigma = 50} && !settings_.gray;
        if (as_in_paper && !row.bundle.empty())
            row.paper = paper_denoising(data, row.count, !method.standard);
        return row;
    }

    void report(DenoisingRow row) {
        if (finished_) finished_(row);
        result_.rows.push_back(std::move(row));
    }

    const DenoisingEvaluation &settings_;
    const std::function<void(const DenoisingRow &)> &finished_;
    std::vector<DenoisingMethod> methods_;
    std::vector<std::unique_ptr<PictureSet>> sets_;
    DenoisingResult result_;
    std::int64_t in_sheet_ = 0;
};

} // namespace

DenoisingResult evaluate_denoising(const DenoisingEvaluation &evaluation,
                                   const std::function<void(const DenoisingRow &)> &finished) {
    check_bundles(evaluation.bundles);
    return Evaluation(evaluation, finished).run();
}

namespace {

bool takes_level(const graph::Graph &graph) {
    return std::ranges::any_of(graph.inputs, [](const auto &port) { return port.name == "noise_level"; });
}

DenoisingMethod method_of(const std::filesystem::path &path, const std::string &name,
                          const DenoisingEvaluation &evaluation) {
    const auto bundle = bundle::Bundle::open(path);
    const auto task = std::make_shared<HostTask>("denoise", bundle,
                                                 HostTask::Options{.precision = evaluation.precision,
                                                                   .device = evaluation.device,
                                                                   .threads = evaluation.threads});
    const bool told = evaluation.tell_sigma && takes_level(bundle->graph("denoiser"));
    return {.name = name,
            .bundle = path,
            .standard = encoder_origin(bundle->manifest()).epsilon == 0.0,
            .run = [task, told, gray = evaluation.gray](const FloatPicture &noisy, double deviation) {
                constexpr double kMost = 75; // that the task takes
                if (told) task->session().set("sigma", std::min(kFullRange * deviation, kMost));
                return task->run(noisy, gray);
            }};
}

} // namespace

std::vector<DenoisingMethod> denoising_methods(const DenoisingEvaluation &evaluation) {
    std::vector<DenoisingMethod> methods;
    methods.push_back(
        {.name = kNoisyMethod, .bundle = {}, .standard = false, .run = [](const FloatPicture &noisy, double) {
             return noisy;
         }});
    const auto names = short_names(evaluation.bundles);
    for (std::size_t i = 0; i < names.size(); ++i)
        methods.push_back(method_of(evaluation.bundles[i], names[i], evaluation));
    if (evaluation.compare)
        methods.push_back(
            {.name = "OpenCV NLM",
             .bundle = {},
             .standard = false,
             .run = [factor = evaluation.nlm_factor](const FloatPicture &noisy, double deviation) {
                 return non_local_means(noisy, deviation * kFullRange, factor);
             }});
    return methods;
}

namespace {

constexpr double kStrongest = 100; // of non-local means, in sigmas

struct Command {
    DenoisingEvaluation evaluation;
    std::vector<double> sigmas;
    std::vector<std::string> sensors, clipping{"clipped"};
    bool unclipped = false, over_steps = false;
    std::filesystem::path plot;
    std::vector<int> corner;
};

/// "GAIN,READ".
PictureNoise sensor(const std::string &text) {
    const auto comma = std::min(text.find(','), text.size());
    const auto gain = number_of<double>(text.substr(0, comma));
    const auto read = number_of<double>(text.substr(std::min(comma + 1, text.size())));
    const auto in_range = [](double value) { return value >= 0 && value <= kFullRange; };
    if (!gain || !read || !in_range(*gain) || !in_range(*read) || *gain == 0)
        throw Error(ErrorCode::invalid_argument, "'" + text + "' is no noise of a sensor", "--poisson",
                    "give GAIN,READ, both of 255, the gain above 0: for example 4,6");
    return {.sigma = *read, .gain = *gain};
}

/// Fails before the work if what is to be written or drawn could not be.
void check_outputs(const Command &command) {
    const auto &settings = command.evaluation;
    require_writable(settings.csv, {command.plot}, {settings.sheet});
    if (command.over_steps) check_trainings(settings.bundles);
    if (!settings.record) return;
    for (const auto &path : settings.bundles) check_writable(path);
}

int evaluate(Command &command) {
    auto &settings = command.evaluation;
    if (command.unclipped) command.clipping = {"unclipped"};
    if (command.sigmas.empty() && command.sensors.empty()) command.sigmas = {50};
    settings.noises = noises_of(command.sigmas, command.sensors, command.clipping);
    if (!command.corner.empty()) settings.sheet_corner = {command.corner.front(), command.corner.back()};
    check_outputs(command);
    DenoisingTable table(settings);
    print(table.head());
    const auto result = evaluate_denoising(settings, [&](const DenoisingRow &row) {
        table.add(row);
        print(table.line());
    });
    for (const auto &line : result.comparisons) print(line);
    if (!settings.csv.empty()) write_file(settings.csv, table.csv());
    if (!settings.sheet.empty()) write_sheet(settings.sheet, result.sheet);
    if (!command.plot.empty())
        write_plots(command.plot,
                    {command.over_steps ? plot_over_steps(result.rows) : plot_over_time(result.rows)});
    if (settings.record) record_denoising(settings, result.rows);
    return finish(result.skipped);
}

void add_noise_options(CLI::App &sub, Command &command) {
    sub.add_option("--sigma", command.sigmas,
                   "Levels of Gaussian noise, of 255 [50, unless --poisson is given]")
        ->check(CLI::Range(0.0, kFullRange));
    sub.add_option("--poisson", command.sensors,
                   "Noise of a sensor, GAIN,READ: levels per photon and read noise, of 255");
    auto *noise = sub.add_option("--noise", command.clipping,
                                 "clipped (noisy values stay in [0, 1], as in the paper), unclipped, or both")
                      ->check(CLI::IsMember({"clipped", "unclipped"}))
                      ->delimiter(',')
                      ->default_str("clipped");
    sub.add_flag("--unclipped", command.unclipped, "The same as --noise unclipped")->excludes(noise);
    sub.add_flag("--gray", command.evaluation.gray, "Turn the pictures to gray first");
    sub.add_option("--seed", command.evaluation.seed, "Seed of the noise")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

void add_method_options(CLI::App &sub, DenoisingEvaluation &settings) {
    settings.bundles = {"bundles/denoiser.mirra"};
    sub.add_option("--bundle", settings.bundles, "Denoiser bundles, compared on the same noisy pictures")
        ->capture_default_str();
    sub.add_flag("--known", settings.tell_sigma, "Tell the networks the noise level");
    sub.add_flag("!--alone", settings.compare, "Without OpenCV's non-local means");
    sub.add_option("--nlm-factor", settings.nlm_factor, "Strength of non-local means, in sigmas")
        ->check(CLI::Range(0.0, kStrongest))
        ->capture_default_str();
    add_host_options(sub, &settings.precision, settings.device, settings.threads);
}

void add_output_options(CLI::App &sub, Command &command) {
    auto &settings = command.evaluation;
    sub.add_option("--csv", settings.csv, "Also write the table as CSV");
    auto *plot =
        sub.add_option("--plot", command.plot, "Write PSNR over time, a point for each method (PNG or SVG)");
    sub.add_flag("--over-steps", command.over_steps,
                 "Plot bundles over the steps of their training instead, a curve for each number of pictures")
        ->needs(plot);
    sub.add_option("--sheet", settings.sheet, "Write a sheet of the first pictures (PNG)");
    sub.add_option("--sheet-rows", settings.sheet_rows, "Pictures of the sheet")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    sub.add_option("--sheet-corner", command.corner,
                   "X,Y of the part that the sheet shows pixel by pixel [the middle]")
        ->delimiter(',')
        ->expected(2);
    sub.add_flag("--record", settings.record, "Put the figures into the bundles' manifests");
}

} // namespace

std::vector<PictureNoise> noises_of(const std::vector<double> &sigmas,
                                    const std::vector<std::string> &sensors,
                                    const std::vector<std::string> &clipping) {
    std::vector<PictureNoise> noises;
    for (const double sigma : sigmas) noises.push_back({.sigma = sigma});
    for (const auto &text : sensors) noises.push_back(sensor(text));
    std::vector<PictureNoise> out;
    for (const auto &name : clipping)
        for (auto noise : noises) {
            noise.clipped = name == "clipped";
            out.push_back(noise);
        }
    return out;
}

void add_denoising_evaluation(CLI::App &eval, int &status) {
    auto *sub = eval.add_subcommand(
        "denoising", "PSNR and SSIM of denoisers on clean pictures with synthetic noise (Table 10)");
    const auto command = std::make_shared<Command>();
    sub->add_option("--data", command->evaluation.data, "Folders of clean pictures")->required();
    sub->add_option("--count", command->evaluation.count, "Pictures per folder at most")
        ->check(CLI::PositiveNumber);
    add_method_options(*sub, command->evaluation);
    add_noise_options(*sub, *command);
    add_output_options(*sub, *command);
    sub->callback([command, &status] { status = evaluate(*command); });
}

} // namespace mirra::trainer

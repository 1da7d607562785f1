// Measuring inverters.
#include "eval/inversion.hpp"

#include "core/device.hpp"
#include "core/progress.hpp"
#include "eval/lpips.hpp"
#include "eval/picture_network.hpp"
#include "mirra/error.hpp"
#include "tasks/inverter_bundle.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdio>

namespace mirra::trainer {
namespace {

std::string caption(const std::string &name, const FloatPicture &picture, const FloatPicture &reference) {
    char text[96];
    std::snprintf(text, sizeof text, "%s %.1f dB", name.c_str(),
                  image::psnr(picture.values, reference.values));
    return text;
}

class Evaluation {
  public:
    Evaluation(const InversionEvaluation &settings, const std::function<void(const InversionRow &)> &finished)
        : settings_(settings)
        , finished_(finished)
        , pictures_(settings.data, settings.count) {
        for (const auto &path : settings.bundles) open(path);
        if (!settings.lpips.empty())
            lpips_ = std::make_unique<Lpips>(settings.lpips, select_device(settings.device));
        if (networks_.empty()) throw Error(ErrorCode::invalid_argument, "no bundle was given", "--bundle");
        extent_ = settings.native ? 0 : settings.extent > 0 ? settings.extent : networks_.front().info.extent;
        if (!settings.native && extent_ == 0)
            throw Error(ErrorCode::invalid_argument, "the bundle does not say the extent of its training",
                        settings.bundles.front().string(), "give --extent");
    }

    InversionResult run() {
        for (const auto scale : settings_.scales) run_scale(scale);
        result_.extent = extent_;
        result_.skipped = pictures_.skipped();
        return std::move(result_);
    }

  private:
    struct Network {
        InverterInfo info;
        PictureNetwork network;
    };

    void open(const std::filesystem::path &path) {
        const auto bundle = bundle::Bundle::open(path);
        auto info = inverter_info(*bundle, path);
        const auto graph = autoencoder_graph(info.layer);
        networks_.push_back(
            {std::move(info),
             PictureNetwork(*bundle, graph, parse_precision(settings_.precision), settings_.device)});
    }

    void run_scale(std::int64_t scale) {
        std::vector<InversionRow> rows(networks_.size() + 1);
        rows.front().inverter.name = "mean colour";
        for (std::size_t n = 0; n < networks_.size(); ++n) {
            rows[n + 1].inverter = networks_[n].info;
            rows[n + 1].bundle = settings_.bundles[n];
        }
        for (auto &row : rows) row.scale = scale;
        Progress progress("eval scale " + std::to_string(scale), pictures_.size());
        for (std::int64_t i = 0; i < pictures_.size(); ++i) {
            if (const auto picture = pictures_.get(i, {extent_, scale})) run_picture(i, *picture, rows);
            progress.update(i + 1);
        }
        for (auto &row : rows) {
            const auto count = row.similarity.psnr.count();
            if (count == 0)
                throw Error(ErrorCode::corrupt, "none of the pictures can be read", settings_.data.front(),
                            "check the files");
            row.seconds /= static_cast<double>(count);
            if (finished_) finished_(row);
            result_.rows.push_back(row);
        }
    }

    void run_picture(std::int64_t index, const FloatPicture &picture, std::vector<InversionRow> &rows) {
        SheetRow sheet{{"original", picture}};
        const auto flat = mean_color(picture);
        compare(flat, picture, rows.front());
        for (std::size_t n = 0; n < networks_.size(); ++n) {
            const auto begin = std::chrono::steady_clock::now();
            auto result = networks_[n].network.run(picture);
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
            compare(result, picture, rows[n + 1]);
            rows[n + 1].seconds += seconds.count();
            auto text = caption(networks_[n].info.name, result, picture);
            sheet.push_back({std::move(text), std::move(result)});
        }
        if (!settings_.sheet.empty() && chosen(index)) result_.sheet.push_back(std::move(sheet));
    }

    void compare(const FloatPicture &result, const FloatPicture &picture, InversionRow &row) {
        row.similarity.add(result, picture);
        if (lpips_) row.similarity.lpips.add(lpips_->distance(result, picture));
    }

    /// Whether the picture is one of those evenly spaced over the set that the sheet shows.
    [[nodiscard]] bool chosen(std::int64_t index) const {
        const auto rows = static_cast<std::int64_t>(settings_.sheet_rows);
        const auto stride = std::max<std::int64_t>(1, pictures_.size() / std::max<std::int64_t>(1, rows));
        return index % stride == stride / 2 && index / stride < rows;
    }

    const InversionEvaluation &settings_;
    const std::function<void(const InversionRow &)> &finished_;
    EvaluationPictures pictures_;
    std::vector<Network> networks_;
    std::unique_ptr<Lpips> lpips_; ///< null: left out
    std::int64_t extent_ = 0;
    InversionResult result_;
};

} // namespace

InverterInfo inverter_info(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    const auto &manifest = bundle.manifest();
    InverterInfo info{.name = path.stem().string(),
                      .architecture = manifest.architecture,
                      .layer = inverted_layer(bundle),
                      .loss = {},
                      .norm = {},
                      .epsilon = {},
                      .extent = 0};
    try {
        const auto provenance = nlohmann::json::parse(manifest.provenance);
        info.loss = provenance.value("loss", "");
        info.extent = provenance.value("extent", std::int64_t{0});
        if (const auto encoder = provenance.find("encoder"); encoder != provenance.end()) {
            info.norm = encoder->value("norm", "");
            if (encoder->contains("epsilon")) info.epsilon = encoder->at("epsilon").get<double>();
        }
    } catch (const nlohmann::json::exception &error) {
        throw Error(ErrorCode::corrupt, std::string("the manifest's provenance is damaged: ") + error.what(),
                    path.string(), "train the bundle anew");
    }
    return info;
}

FloatPicture mean_color(const FloatPicture &picture) {
    std::array<double, 3> sum{};
    for (std::size_t i = 0; i < picture.values.size(); ++i) sum[i % 3] += picture.values[i];
    const double count = static_cast<double>(picture.values.size()) / 3;
    FloatPicture out = picture;
    for (std::size_t i = 0; i < out.values.size(); ++i)
        out.values[i] = static_cast<float>(sum[i % 3] / count);
    return out;
}

InversionResult evaluate_inversion(const InversionEvaluation &evaluation,
                                   const std::function<void(const InversionRow &)> &finished) {
    return Evaluation(evaluation, finished).run();
}

} // namespace mirra::trainer

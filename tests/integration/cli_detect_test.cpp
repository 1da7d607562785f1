// mirra detect on files and folders, with a small bundle of random weights.
#include "anomaly_bundle.hpp"
#include "cli_support.hpp"
#include "mirra/mirra.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace mirra::test {
namespace {

std::string text_of(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Rows of a CSV file, of fields without their quotes.
std::vector<std::vector<std::string>> rows_of(const std::string &path) {
    std::vector<std::vector<std::string>> rows{{""}};
    const std::string text = text_of(path);
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string &field = rows.back().back();
        if (text[i] == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"')
            field += text[++i];
        else if (text[i] == '"')
            quoted = !quoted;
        else if (quoted || (text[i] != ',' && text[i] != '\r' && text[i] != '\n'))
            field += text[i];
        else if (text[i] == ',')
            rows.back().emplace_back();
        else if (text[i] == '\n')
            rows.push_back({""});
    }
    EXPECT_EQ(rows.back(), std::vector<std::string>{""}) << "the last row ends";
    rows.pop_back();
    return rows;
}

class CliDetect : public testing::Test {
  protected:
    void SetUp() override {
        write_anomaly(bundle_, {.defaults = kCalibrated});
        std::filesystem::create_directory(parts_);
        write_waves(parts_ + "/a, \"first\".png", 61, 47);
        write_waves(parts_ + "/c.png", 16, 16);
    }

    [[nodiscard]] Outcome detect(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "detect");
        arguments.insert(arguments.end(), {"--bundle", bundle_, "--json"});
        return run_cli(arguments);
    }

    TemporaryFolder folder_;
    std::string bundle_ = folder_ / "parts.mirra", parts_ = folder_ / "parts", maps_ = folder_ / "maps";
    std::string csv_ = folder_ / "scores.csv";
};

TEST_F(CliDetect, SaysScoreProbabilityAndVerdict) {
    const Outcome run = detect({parts_ + "/c.png"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const auto values = run.json()["results"][0]["values"];
    EXPECT_GT(values["score"].get<double>(), 0);
    EXPECT_GT(values["probability"].get<double>(), 0);
    EXPECT_EQ(values["verdict"], "anomalous");
    EXPECT_EQ(values["method"], "reconstruction");
    const Outcome line = run_cli({"detect", parts_ + "/c.png", "--bundle", bundle_, "--threshold", "1e9"});
    EXPECT_NE(line.out.find("verdict normal"), std::string::npos) << line.out;
}

TEST_F(CliDetect, EveryMethodDrawsItsHeatMap) {
    const std::string image = parts_ + "/a, \"first\".png", map = folder_ / "map.png";
    for (const char *method : {"latent-search", "reconstruction", "feature-memory"}) {
        const Outcome run = detect({image, "--heatmap", map, "--method", method, "--iterations", "3"});
        ASSERT_EQ(run.exit_code, 0) << run.err;
        EXPECT_EQ(run.json()["results"][0]["values"]["method"], method);
        EXPECT_EQ(size_of(map), size_of(image));
        std::filesystem::remove(map);
    }
}

/// Samples of a picture that is written and read as it is.
struct Pixels {
    int width = 0, height = 0, color = 0;
    std::vector<std::uint8_t> samples;
};

Pixels read_pixels(const std::string &path) {
    mirra_picture *picture = nullptr;
    EXPECT_EQ(mirra_image_read(path.c_str(), nullptr, &picture, nullptr), MIRRA_OK);
    MIRRA_STRUCT(mirra_image, view);
    EXPECT_EQ(mirra_picture_view(picture, &view, nullptr), MIRRA_OK);
    Pixels out{view.width, view.height, view.color, {}};
    for (int y = 0; y < view.height; ++y) {
        const auto *row =
            static_cast<const std::uint8_t *>(view.planes[0].data) + y * view.planes[0].row_stride;
        out.samples.insert(out.samples.end(), row,
                           row + static_cast<std::ptrdiff_t>(view.width) * view.color);
    }
    mirra_picture_destroy(picture);
    return out;
}

TEST_F(CliDetect, TheHeatMapOfAGrayPictureIsInColours) {
    const std::string image = folder_ / "gray.png", map = folder_ / "map.png";
    for (const int color : {MIRRA_COLOR_GRAY, MIRRA_COLOR_GRAY_ALPHA}) {
        Pixels gray{30, 20, color, {}};
        for (int i = 0; i < 30 * 20 * color; ++i)
            gray.samples.push_back(static_cast<std::uint8_t>(i * 7 % 200));
        write_samples(image, gray.width, gray.height, color, gray.samples);
        const Outcome run = detect({image, "--heatmap", map});
        ASSERT_EQ(run.exit_code, 0) << run.err;
        const Pixels drawn = read_pixels(map);
        ASSERT_EQ(drawn.color, color == MIRRA_COLOR_GRAY ? MIRRA_COLOR_RGB : MIRRA_COLOR_RGBA);
        bool unequal = false;
        for (std::size_t i = 0; i < drawn.samples.size(); i += static_cast<std::size_t>(drawn.color))
            unequal = unequal || (drawn.samples[i] != drawn.samples[i + 1] &&
                                  drawn.samples[i + 1] != drawn.samples[i + 2] &&
                                  drawn.samples[i] != drawn.samples[i + 2]);
        EXPECT_TRUE(unequal);
    }
}

TEST_F(CliDetect, AFolderWithACorruptFileIsDoneButForThat) {
    write_text(parts_ + "/b.png", "this is no picture");
    const Outcome run = detect({parts_, "-o", maps_, "--csv", csv_});
    EXPECT_EQ(run.exit_code, 1) << run.err;
    EXPECT_EQ(run.json()["done"], 2);
    EXPECT_EQ(run.json()["failed"], 1);
    EXPECT_EQ(size_of(maps_ + "/a, \"first\".png"), size_of(parts_ + "/a, \"first\".png"));
    EXPECT_EQ(size_of(maps_ + "/c.png"), size_of(parts_ + "/c.png"));
    EXPECT_FALSE(std::filesystem::exists(maps_ + "/b.png"));

    const auto rows = rows_of(csv_);
    ASSERT_EQ(rows.size(), 4U);
    const auto &head = rows[0];
    EXPECT_EQ(std::vector<std::string>(head.begin(), head.begin() + 3),
              (std::vector<std::string>{"input", "width", "height"}));
    EXPECT_EQ(head.back(), "error");
    const auto column = [&](const char *name) {
        return std::find(head.begin(), head.end(), name) - head.begin();
    };
    for (const auto &row : rows) ASSERT_EQ(row.size(), head.size());
    EXPECT_EQ(rows[1][0], parts_ + "/a, \"first\".png");
    EXPECT_EQ(rows[1][1], "61");
    EXPECT_EQ(rows[1][2], "47");
    EXPECT_EQ(std::stod(rows[1][static_cast<std::size_t>(column("score"))]),
              run.json()["results"][0]["values"]["score"].get<double>());
    EXPECT_EQ(rows[3][static_cast<std::size_t>(column("verdict"))], "anomalous");
    EXPECT_EQ(rows[1].back(), "");
    EXPECT_EQ(rows[2][0], parts_ + "/b.png");
    EXPECT_EQ(rows[2][static_cast<std::size_t>(column("score"))], "");
    EXPECT_NE(rows[2].back(), "");
    EXPECT_EQ(folder_.names(), (std::vector<std::string>{"maps", "parts", "parts.mirra", "scores.csv"}));
}

TEST_F(CliDetect, AFolderGivesNumericMapsAsOneFileDoes) {
    std::filesystem::create_directory(parts_ + "/inner");
    write_waves(parts_ + "/inner/d.png", 16, 16);
    const std::string numbers = folder_ / "numbers";
    const Outcome run = detect({parts_, "--recursive", "--heat", numbers + "/", "--tensors", maps_ + "/"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    for (const char *name : {"c", "inner/d", "a, \"first\""}) {
        const std::string alone = folder_ / "alone.safetensors";
        ASSERT_EQ(detect({parts_ + "/" + name + ".png", "--heat", alone}).exit_code, 0);
        EXPECT_EQ(text_of(numbers + "/" + name + ".safetensors"), text_of(alone)) << name;
        EXPECT_TRUE(std::filesystem::exists(maps_ + "/" + name + ".safetensors")) << name;
    }
    EXPECT_EQ(detect({parts_, "--heat", folder_ / "one.safetensors"}).exit_code, 2) << "for several inputs";
}

TEST_F(CliDetect, WhatCannotBeDoneIsRefused) {
    const std::string image = parts_ + "/c.png", before = text_of(image);
    const Outcome missing = run_cli({"detect", image});
    EXPECT_EQ(missing.exit_code, 5);
    EXPECT_NE(missing.err.find("mirra-train anomaly"), std::string::npos) << missing.err;
    EXPECT_NE(missing.err.find("(--bundle)"), std::string::npos) << missing.err;
    EXPECT_EQ(run_cli({"detect", image, "--bundle", "denoiser.mirra"}).exit_code, 5);
    EXPECT_EQ(detect({image, "--csv", image}).exit_code, 2) << "would replace the input";
    for (const char *option : {"--tensors", "--heat", "--scores"})
        EXPECT_EQ(detect({image, option, image}).exit_code, 2) << option << " would replace the input";
    EXPECT_EQ(text_of(image), before);
    const std::string weights = text_of(bundle_), both = folder_ / "both.safetensors";
    EXPECT_EQ(detect({image, "--csv", bundle_}).exit_code, 2) << "would replace the bundle";
    EXPECT_EQ(text_of(bundle_), weights);
    EXPECT_EQ(detect({image, "--heat", both, "--scores", both}).exit_code, 2) << "would replace each other";
    EXPECT_EQ(detect({image, "--csv", folder_ / "nowhere/scores.csv"}).exit_code, 4);
    EXPECT_EQ(detect({image, "--csv", parts_}).exit_code, 4);
    EXPECT_EQ(detect({image, "--compare", folder_ / "sheet.png"}).exit_code, 2) << "of what";
    EXPECT_EQ(detect({image, "--method", "magic"}).exit_code, 2);
    EXPECT_EQ(detect({folder_ / "nothing"}).exit_code, 3);
    EXPECT_EQ(detect({image, "--memory-limit", "1"}).exit_code, 6);
    std::filesystem::create_directory(maps_);
    EXPECT_EQ(detect({maps_}).exit_code, 3) << "an empty folder";
    auto more = anomaly_graphs();
    more.at("segmenter").inputs.push_back({"more", 1});
    write_anomaly(bundle_, {.graphs = more, .defaults = kCalibrated});
    const Outcome second = detect({image, "--method", "segmentation"});
    EXPECT_EQ(second.exit_code, 5) << second.err;
    EXPECT_EQ(second.json()["error"]["option"], "--bundle") << second.err;
    EXPECT_NE(second.err.find("'segmenter' of the bundle needs an input 'more'"), std::string::npos)
        << second.err;
    write_anomaly(bundle_, {.graphs = inverter_graphs()});
    const Outcome forgetful = detect({image, "--method", "feature-memory"});
    EXPECT_EQ(forgetful.exit_code, 2);
    EXPECT_EQ(forgetful.json()["error"]["subject"], "method");
}

} // namespace
} // namespace mirra::test

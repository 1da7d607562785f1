// Signatures of pictures, compared pair by pair.
#include "data/overlap.hpp"

#include "bundle/digest.hpp"
#include "core/progress.hpp"
#include "data/picture_set.hpp"
#include "log/log.hpp"
#include "mirra/printable.hpp"

#include <CLI/CLI.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>

namespace mirra::trainer {
namespace {

struct TestPicture {
    std::filesystem::path path;
    PictureSignature upright, mirrored;
};

/// Calls `use` with the path and the pixels of every picture that can be read; returns how many those are.
std::int64_t
for_each_picture(const std::vector<std::filesystem::path> &folders, const std::string &what,
                 std::vector<std::string> &skipped,
                 const std::function<void(const std::filesystem::path &, const image::Image &)> &use) {
    PictureSet set(open_folders(folders), {}); // no cache: every picture is looked at once
    Progress progress(what, set.size());
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < set.size(); ++i) {
        if (const auto picture = set.read(i)) {
            use(set.name(i), *picture);
            ++count;
        }
        progress.update(i + 1);
    }
    std::ranges::copy(set.skipped(), std::back_inserter(skipped));
    return count;
}

std::optional<Overlap> compare(const PictureSignature &training, const TestPicture &test,
                               const OverlapSearch &search) {
    if (training.pixels == test.upright.pixels) return Overlap{.training = {}, .test = test.path};
    for (const bool mirrored : {false, true}) {
        const auto &other = mirrored ? test.mirrored : test.upright;
        const int distance = hamming_distance(training, other);
        if (distance > search.distance) continue;
        if (const double alike = correlation(training, other); alike >= search.correlation)
            return Overlap{.training = {},
                           .test = test.path,
                           .kind = mirrored ? OverlapKind::mirrored : OverlapKind::resembles,
                           .distance = distance,
                           .correlation = alike};
    }
    return std::nullopt;
}

void print(const Overlap &overlap) {
    const std::string training = printable(overlap.training.string()),
                      test = printable(overlap.test.string());
    if (overlap.kind == OverlapKind::equal)
        std::printf("%s equals %s\n", training.c_str(), test.c_str());
    else
        std::printf("%s resembles %s%s (distance %d, correlation %.3f)\n", training.c_str(), test.c_str(),
                    overlap.kind == OverlapKind::mirrored ? " mirrored" : "", overlap.distance,
                    overlap.correlation);
    std::fflush(stdout);
}

int search_and_print(const OverlapSearch &search) {
    const auto result = find_overlaps(search, print);
    std::printf("%lld training pictures against %lld test pictures: %zu overlaps\n",
                static_cast<long long>(result.training), static_cast<long long>(result.test),
                result.overlaps.size());
    for (const auto &file : result.skipped) log_warning("skipped " + file);
    return result.overlaps.empty() && result.skipped.empty() ? 0 : 1;
}

constexpr int kThumbnail = 32;

std::string digest(const image::Image &picture) {
    std::string text = std::to_string(picture.width()) + "x" + std::to_string(picture.height()) + ":";
    const auto bytes = picture.bytes();
    text.append(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    return bundle::sha256_of(text);
}

cv::Mat in_gray(const image::Image &picture, bool mirrored) {
    const cv::Mat colors(picture.height(), picture.width(), CV_8UC3,
                         const_cast<std::byte *>(picture.bytes().data()));
    cv::Mat gray, out;
    cv::cvtColor(colors, gray, cv::COLOR_RGB2GRAY);
    gray.convertTo(out, CV_32F);
    if (mirrored) cv::flip(out, out, 1);
    return out;
}

std::uint64_t differences_of(const cv::Mat &gray) {
    cv::Mat small;
    cv::resize(gray, small, {9, 8}, 0, 0, cv::INTER_AREA);
    std::uint64_t bits = 0;
    for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x)
            bits = bits << 1 | (small.at<float>(y, x) < small.at<float>(y, x + 1) ? 1u : 0u);
    return bits;
}

std::vector<float> thumbnail_of(const cv::Mat &gray) {
    constexpr double kFlat = 1e-3; // of 255, per pixel
    cv::Mat small;
    cv::resize(gray, small, {kThumbnail, kThumbnail}, 0, 0, cv::INTER_AREA);
    small -= cv::mean(small)[0];
    const double length = cv::norm(small);
    if (length < kFlat * kThumbnail)
        small.setTo(0);
    else
        small /= length;
    return {small.begin<float>(), small.end<float>()};
}

} // namespace

OverlapResult find_overlaps(const OverlapSearch &search, const std::function<void(const Overlap &)> &found) {
    OverlapResult result;
    std::vector<TestPicture> tests;
    result.test = for_each_picture(
        search.test, "test pictures", result.skipped, [&](const auto &path, const image::Image &picture) {
            tests.push_back({path, signature_of(picture), signature_of(picture, true)});
        });
    result.training = for_each_picture(search.training, "training pictures", result.skipped,
                                       [&](const auto &path, const image::Image &picture) {
                                           const auto signature = signature_of(picture);
                                           for (const auto &test : tests) {
                                               auto overlap = compare(signature, test, search);
                                               if (!overlap) continue;
                                               overlap->training = path;
                                               if (found) found(*overlap);
                                               result.overlaps.push_back(std::move(*overlap));
                                           }
                                       });
    return result;
}

void add_overlap_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("overlap", "List training pictures that equal or resemble test pictures");
    const auto search = std::make_shared<OverlapSearch>();
    sub->add_option("--data", search->training, "Folders of the training's pictures")->required();
    sub->add_option("--against", search->test, "Folders of the test's pictures")->required();
    sub->add_option("--distance", search->distance, "Bits of 64 that hashes may differ in")
        ->check(CLI::Range(0, 64))
        ->capture_default_str();
    sub->add_option("--correlation", search->correlation, "Correlation of thumbnails at least")
        ->check(CLI::Range(-1.0, 1.0))
        ->capture_default_str();
    sub->callback([search, &status] { status = search_and_print(*search); });
}

PictureSignature signature_of(const image::Image &picture, bool mirrored) {
    const auto gray = in_gray(picture, mirrored);
    return {.pixels = mirrored ? "" : digest(picture),
            .differences = differences_of(gray),
            .thumbnail = thumbnail_of(gray)};
}

int hamming_distance(const PictureSignature &a, const PictureSignature &b) {
    return std::popcount(a.differences ^ b.differences);
}

double correlation(const PictureSignature &a, const PictureSignature &b) {
    return std::inner_product(a.thumbnail.begin(), a.thumbnail.end(), b.thumbnail.begin(), 0.0);
}

} // namespace mirra::trainer

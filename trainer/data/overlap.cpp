// Searching training pictures for those of a test.
#include "data/overlap.hpp"

#include "core/progress.hpp"
#include "data/image_set.hpp"
#include "data/overlap_signature.hpp"
#include "log/log.hpp"

#include "mirra/printable.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kNoCache = 0; // every picture is looked at once

struct TestPicture {
    std::filesystem::path path;
    PictureSignature upright, mirrored;
};

/// Calls `use` with the path and the pixels of every picture that can be read; returns how many those are.
std::int64_t
for_each_picture(const std::vector<std::filesystem::path> &folders, const std::string &what,
                 std::vector<std::string> &skipped,
                 const std::function<void(const std::filesystem::path &, const image::Image &)> &use) {
    ImageSet set(folders, kNoCache);
    Progress progress(what, set.size());
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < set.size(); ++i) {
        if (const auto picture = set.read(i)) {
            use(set.path(i), *picture);
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

} // namespace mirra::trainer

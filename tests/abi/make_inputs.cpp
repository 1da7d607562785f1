// make_inputs FOLDER [TASK]: writes noisy.png and a bundle denoiser.mirra, of the task "denoise" or TASK,
// whose network is a 3 x 3 mean.
#include "mirra/bundle.hpp"
#include "mirra/image.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>

namespace {

using namespace mirra;

void write_bundle_file(const std::filesystem::path &path, const char *task) {
    constexpr std::int64_t kKernel = 3, kColors = 3, kChannels = 4;
    graph::Builder builder("denoiser");
    const auto image = builder.input("image", kColors);
    const auto joined = builder.concat({image, builder.input("noise_level", 1)}, "joined");
    builder.output("image", builder.conv2d(joined, {kChannels, kColors, kKernel, 1, 1}, "conv"));
    bundle::WeightTensor weight{{kColors, kChannels, kKernel, kKernel}, {}};
    constexpr std::int64_t kArea = kKernel * kKernel;
    for (std::int64_t i = 0; i < kColors * kChannels * kArea; ++i) {
        const bool same_channel = i / (kChannels * kArea) == i / kArea % kChannels;
        weight.values.push_back(same_channel ? 1.0F / static_cast<float>(kArea) : 0.0F);
    }
    bundle::Manifest manifest;
    manifest.task = task;
    manifest.name = "mean";
    manifest.graphs["denoiser"] = builder.finish();
    bundle::write_bundle(path, manifest, {{"conv.weight", weight}}, bundle::DType::f32);
}

void write_picture(const std::filesystem::path &path) {
    image::Image picture(61, 43, 3, image::SampleType::u8);
    std::vector<float> values(61U * 43U * 3U, 0.5F);
    image::add_gaussian_noise(values, 20.0 / 255, 1, true);
    image::scatter({values, 61, 43, 3}, 0, 0, picture.view(), {0, 0, 61, 43});
    image::write(path, picture.view());
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2 && argc != 3) return EXIT_FAILURE;
    try {
        write_bundle_file(std::filesystem::path(argv[1]) / "denoiser.mirra", argc == 3 ? argv[2] : "denoise");
        write_picture(std::filesystem::path(argv[1]) / "noisy.png");
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

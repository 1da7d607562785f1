// write_something KIND FILE VARIANT: one of the library's writers, for a test in which its calls fail. Exit
// status 0: written, 4: an error as the library reports it.
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/graph.hpp"
#include "mirra/image.hpp"

#include <cstdio>
#include <string>

namespace {

using namespace mirra;

void write_picture(const std::string &file, int variant) {
    constexpr int kExtent = 97;
    image::Image picture(kExtent, kExtent, 3, image::SampleType::u8);
    int value = variant;
    for (auto &byte : picture.bytes()) byte = static_cast<std::byte>((value += 37 + variant) & 0xff);
    image::write(file, picture.view(), {}, {});
}

void write_tensors(const std::string &file, int variant) {
    const std::vector<float> values(3000, static_cast<float>(variant));
    const auto bytes = std::as_bytes(std::span(values));
    std::map<std::string, bundle::TensorView> tensors;
    for (const char *name : {"a", "b", "c"}) tensors[name] = {bundle::DType::f32, {3000}, bytes};
    bundle::write_tensors(file, tensors, {{"variant", std::to_string(variant)}});
}

void write_bundle(const std::string &file, int variant) {
    graph::Builder builder("network");
    builder.output("y", builder.conv2d(builder.input("x", 3), {.in = 3, .out = 8}, "conv"));
    bundle::Manifest manifest;
    manifest.name = "variant" + std::to_string(variant);
    manifest.licence = "CC0-1.0";
    manifest.graphs["network"] = builder.finish();
    bundle::Weights weights;
    for (const auto &[name, shape] : graph::weight_shapes(manifest.graphs["network"]))
        weights[name] = {shape, std::vector<float>(8 * 3 * 3 * 3, static_cast<float>(variant))};
    bundle::write_bundle(file, manifest, weights, bundle::DType::f32);
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    const std::string kind = argv[1];
    const int variant = std::stoi(argv[3]);
    try {
        if (kind == "picture") write_picture(argv[2], variant);
        if (kind == "tensors") write_tensors(argv[2], variant);
        if (kind == "bundle") write_bundle(argv[2], variant);
        if (kind == "text") write_file(argv[2], std::string(100000, static_cast<char>('a' + variant)));
        return 0;
    } catch (const Error &error) {
        std::fprintf(stderr, "%s (%s)\n", error.what(), error.subject().c_str());
        return 4;
    }
}

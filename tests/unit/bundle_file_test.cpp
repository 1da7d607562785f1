// Bundles: what goes in comes out, and a damaged one is refused, whatever bit it is.
#include "bundle/digest.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "scratch.hpp"
#include "throws.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <thread>

namespace mirra::bundle {
namespace {

graph::Graph tiny_graph(const std::string &name = "net") {
    graph::Builder b(name);
    const auto x =
        b.conv2d(b.input("image", 1), {.in = 1, .out = 2, .kernel = 1, .padding = 0, .bias = true}, "conv");
    b.output("image", b.relu(x));
    return b.finish();
}

Manifest tiny_manifest() {
    Manifest manifest;
    manifest.task = "denoise";
    manifest.name = "tiny \"net\"";
    manifest.architecture = "tiny";
    manifest.licence = "MIT";
    manifest.defaults = R"({"strength":0.5})";
    manifest.provenance = R"({"seed":1})";
    manifest.quality = R"([{"data":"none","psnr":20.25}])";
    manifest.precision_loss = {{"bf16", 0.01}};
    manifest.graphs = {{"net", tiny_graph()}};
    return manifest;
}

Weights tiny_weights() {
    return {{"conv.weight", {{2, 1, 1, 1}, {1.5f, -2}}},
            {"conv.bias", {{2}, {0.25f, 3}}},
            {"unused", {{1}, {9}}}};
}

class BundleFile : public testing::Test {
  protected:
    std::string path_ = mirra::test::scratch() + "bundle_file_test.mirra";

    std::vector<std::byte> written(DType storage = DType::f32) {
        write_bundle(path_, tiny_manifest(), tiny_weights(), storage);
        std::ifstream stream(path_, std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(stream)), {});
        const auto bytes = std::as_bytes(std::span(text));
        return {bytes.begin(), bytes.end()};
    }

    /// The tiny bundle with its manifest changed and signed again.
    std::shared_ptr<const Bundle> with_manifest(const std::function<void(nlohmann::json &)> &change) {
        write_bundle(path_, tiny_manifest(), tiny_weights(), DType::f32);
        const auto file = TensorFile::open(path_);
        auto json = nlohmann::json::parse(file->metadata().at("mirra.manifest"));
        change(json);
        const std::string changed = mirra::test::scratch() + "bundle_file_test_changed.mirra";
        write_tensors(changed, file->tensors(),
                      {{"mirra.manifest", json.dump()}, {"mirra.manifest_sha256", sha256_of(json.dump())}});
        return Bundle::open(changed);
    }
};

ErrorCode code_of(const std::function<void()> &action) {
    try {
        action();
    } catch (const Error &error) {
        return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::internal;
}

TEST_F(BundleFile, GivesBackWhatWasWritten) {
    written();
    const auto bundle = Bundle::open(path_);
    const Manifest &manifest = bundle->manifest();
    EXPECT_EQ(manifest.task, "denoise");
    EXPECT_EQ(manifest.name, "tiny \"net\"");
    EXPECT_EQ(manifest.architecture, "tiny");
    EXPECT_EQ(manifest.licence, "MIT");
    EXPECT_EQ(manifest.defaults, R"({"strength":0.5})");
    EXPECT_EQ(manifest.provenance, R"({"seed":1})");
    EXPECT_EQ(manifest.quality, R"([{"data":"none","psnr":20.25}])");
    EXPECT_EQ(manifest.precision_loss, (std::map<std::string, double>{{"bf16", 0.01}}));
    EXPECT_EQ(bundle->graph("net"), tiny_graph());
    EXPECT_THAT(bundle->weight("conv.weight"), testing::ElementsAre(1.5f, -2));
    EXPECT_THAT(bundle->weight("conv.bias"), testing::ElementsAre(0.25f, 3));
    EXPECT_FALSE(bundle->file().tensors().contains("unused"));
    EXPECT_EQ(bundle->sha256().size(), 64u);
}

TEST_F(BundleFile, OpensFromMemory) {
    const auto bundle = Bundle::open_memory(written(), "memory");
    EXPECT_EQ(bundle->weight("conv.bias").back(), 3);
}

TEST_F(BundleFile, NamesWhatItHasWhenAskedForMore) {
    written();
    const auto bundle = Bundle::open(path_);
    EXPECT_EQ(code_of([&] { (void)bundle->weight("other"); }), ErrorCode::not_found);
    try {
        (void)bundle->graph("other");
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::not_found);
        EXPECT_NE(error.hint().find("net"), std::string::npos);
    }
}

TEST_F(BundleFile, StoresReducedPrecision) {
    for (const DType storage : {DType::f16, DType::bf16}) {
        written(storage);
        const auto bundle = Bundle::open(path_);
        EXPECT_EQ(bundle->file().tensors().at("conv.bias").bytes.size(), 4u);
        EXPECT_THAT(bundle->weight("conv.weight"), testing::ElementsAre(1.5f, -2));
    }
}

TEST_F(BundleFile, ConvertsOnceForAllThreads) {
    written(DType::f16);
    const auto bundle = Bundle::open(path_);
    std::vector<const float *> seen(8);
    {
        std::vector<std::jthread> threads;
        for (auto &place : seen)
            threads.emplace_back([&place, &bundle] { place = bundle->weight("conv.bias").data(); });
    }
    for (const float *place : seen) EXPECT_EQ(place, seen.front());
}

TEST_F(BundleFile, RefusesEveryTruncation) {
    const auto whole = written();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(code_of([&] { Bundle::open_memory(std::move(part), "cut"); }), ErrorCode::corrupt) << size;
    }
}

TEST_F(BundleFile, RefusesEveryFlippedBit) {
    const auto whole = written();
    const auto damage = testing::AnyOf(ErrorCode::corrupt, ErrorCode::unsupported, ErrorCode::limit);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        auto bytes = whole;
        bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        EXPECT_THAT([&] { static_cast<void>(Bundle::open_memory(std::vector(bytes), "flipped")); },
                    mirra::test::throws_error(damage, ""))
            << "bit " << bit;
    }
}

TEST_F(BundleFile, RefusesAppendedBytes) {
    auto bytes = written();
    bytes.resize(bytes.size() + 1);
    EXPECT_EQ(code_of([&] { Bundle::open_memory(bytes, "long"); }), ErrorCode::corrupt);
}

TEST_F(BundleFile, RefusesARenamedWeight) {
    auto bytes = written();
    std::string text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    // The header's key, not the name within the manifest, whose quotes are escaped.
    const auto at = text.find("\"conv.bias\":{");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 11, "\"conv.bian\"");
    std::memcpy(bytes.data(), text.data(), text.size());
    EXPECT_EQ(code_of([&] { Bundle::open_memory(bytes, "renamed"); }), ErrorCode::corrupt);
}

TEST_F(BundleFile, RefusesPlainSafetensors) {
    const std::vector<float> values(1);
    write_tensors(path_, {{"a", {DType::f32, {1}, std::as_bytes(std::span(values))}}});
    EXPECT_EQ(code_of([&] { Bundle::open(path_); }), ErrorCode::corrupt);
}

TEST_F(BundleFile, IgnoresUnknownMembersButKeepsThem) {
    const auto bundle = with_manifest([](nlohmann::json &json) { json["later"] = {1, 2}; });
    EXPECT_NE(bundle->manifest_json().find("\"later\":[1,2]"), std::string::npos);
}

TEST_F(BundleFile, RefusesANewerFormatWithAHint) {
    try {
        with_manifest([](nlohmann::json &json) { json["format_version"] = 2; });
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_NE(std::string(error.what()).find("version 2"), std::string::npos);
        EXPECT_NE(error.hint().find("newer"), std::string::npos);
    }
}

TEST_F(BundleFile, RefusesManifestsOfTheWrongKind) {
    using Json = nlohmann::json;
    const std::vector<std::function<void(Json &)>> changes{
        [](Json &j) { j = Json::array(); },
        [](Json &j) { j.erase("format_version"); },
        [](Json &j) { j["format_version"] = 0; },
        [](Json &j) { j["format_version"] = "1"; },
        [](Json &j) { j["task"] = 7; },
        [](Json &j) { j["defaults"] = Json::array(); },
        [](Json &j) { j["quality"] = Json::object(); },
        [](Json &j) { j["precision_loss"] = {{"f16", "much"}}; },
        [](Json &j) { j.erase("graphs"); },
        [](Json &j) { j["graphs"] = 3; },
        [](Json &j) { j["graphs"]["net"] = 3; },
        [](Json &j) { j["graphs"]["net"]["name"] = "other"; },
        [](Json &j) { j["graphs"]["net"]["nodes"][0]["attributes"]["out_channels"] = 3; },
        [](Json &j) { j["graphs"]["net"]["nodes"][0]["weights"]["weight"] = "absent"; },
        [](Json &j) { j["sha256"] = std::string(64, '0'); },
        [](Json &j) { j.erase("sha256"); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i)
        EXPECT_EQ(code_of([&] { with_manifest(changes[i]); }), ErrorCode::corrupt) << "change " << i;
}

TEST_F(BundleFile, ErrorsOfAGraphNameTheFileTheGraphAndThePart) {
    const auto error_of = [&](const std::function<void(nlohmann::json & node)> &change) {
        try {
            with_manifest([&](nlohmann::json &json) { change(json["graphs"]["net"]["nodes"][0]); });
        } catch (const Error &error) {
            return error.subject() + "; " + error.what();
        }
        return std::string("no error");
    };
    const auto file = mirra::test::scratch() + "bundle_file_test_changed.mirra";
    EXPECT_EQ(
        error_of([](auto &node) { node["attributes"]["kernel"] = 999; }),
        file + "; the graph 'net', at 'conv': attribute 'kernel' is out of range: it is 999, where 1 to 256 "
               "is allowed");
    EXPECT_EQ(error_of([](auto &node) { node["attributes"].erase("kernel"); }),
              file + "; the graph 'net', at 'conv': attribute 'kernel' is missing");
    EXPECT_EQ(
        error_of([](auto &node) { node["attributes"]["padding"] = "same"; }),
        file + "; the graph 'net', at 'conv': attribute 'padding' has the wrong type: it is a whole number");
    EXPECT_EQ(error_of([](auto &node) { node["op"] = "warp"; }),
              file + "; the graph 'net', at 'conv': unknown op 'warp'");
    EXPECT_EQ(error_of([](auto &node) { node.erase("name"); }),
              file + "; the graph 'net', at 'node 1': member 'name' is missing");
    EXPECT_EQ(
        error_of([](auto &node) { node["inputs"] = {"conv"}; }),
        file + "; the graph 'net', at 'conv': unknown input 'conv': it is neither an input of the graph nor "
               "a node before this one");
    EXPECT_EQ(error_of([](auto &node) { node["weights"]["bias"] = node["weights"]["weight"]; }),
              file + "; the graph 'net', at 'conv.weight': two nodes use one weight with different shapes");
}

TEST_F(BundleFile, RefusesUnknownOps) {
    const auto change = [](nlohmann::json &json) { json["graphs"]["net"]["nodes"][1]["op"] = "warp"; };
    EXPECT_EQ(code_of([&] { with_manifest(change); }), ErrorCode::unsupported);
}

TEST_F(BundleFile, RefusesWeightsThatAreNotFinite) {
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
        const std::vector<float> bias{1, bad}, weight{1, 2};
        const std::map<std::string, TensorView> tensors{
            {"conv.bias", {DType::f32, {2}, std::as_bytes(std::span(bias))}},
            {"conv.weight", {DType::f32, {2, 1, 1, 1}, std::as_bytes(std::span(weight))}}};
        written();
        auto json = nlohmann::json::parse(Bundle::open(path_)->manifest_json());
        json["sha256"] = sha256_of(tensors);
        const std::string signed_anew = mirra::test::scratch() + "bundle_file_test_nan.mirra";
        write_tensors(signed_anew, tensors,
                      {{"mirra.manifest", json.dump()}, {"mirra.manifest_sha256", sha256_of(json.dump())}});
        EXPECT_EQ(code_of([&] { Bundle::open(signed_anew); }), ErrorCode::corrupt);
    }
}

TEST_F(BundleFile, WriterChecksWeights) {
    const auto write = [&](const Weights &weights, DType storage = DType::f32) {
        return code_of([&] { write_bundle(path_ + ".never", tiny_manifest(), weights, storage); });
    };
    Weights weights = tiny_weights();
    weights.erase("conv.bias");
    EXPECT_EQ(write(weights), ErrorCode::mismatch);
    weights["conv.bias"] = {{3}, {1, 2, 3}};
    EXPECT_EQ(write(weights), ErrorCode::mismatch);
    weights["conv.bias"] = {{2}, {1}};
    EXPECT_EQ(write(weights), ErrorCode::mismatch);
    weights["conv.bias"] = {{2}, {1, std::nanf("")}};
    EXPECT_EQ(write(weights), ErrorCode::invalid_argument);
    weights["conv.bias"] = {{2}, {1, 70000}};
    EXPECT_EQ(write(weights, DType::f16), ErrorCode::mismatch);
    EXPECT_EQ(write(tiny_weights(), DType::i8), ErrorCode::invalid_argument);
    EXPECT_FALSE(std::ifstream(path_ + ".never").good());
}

TEST_F(BundleFile, WriterChecksTheManifest) {
    const auto write = [&](const Manifest &manifest) {
        return code_of([&] { write_bundle(path_ + ".never", manifest, tiny_weights(), DType::f32); });
    };
    Manifest manifest = tiny_manifest();
    manifest.defaults = "{";
    EXPECT_EQ(write(manifest), ErrorCode::invalid_argument);
    manifest = tiny_manifest();
    manifest.quality = "{}";
    EXPECT_EQ(write(manifest), ErrorCode::invalid_argument);
    manifest = tiny_manifest();
    manifest.precision_loss["f16"] = std::numeric_limits<double>::infinity();
    EXPECT_EQ(write(manifest), ErrorCode::invalid_argument);
    manifest = tiny_manifest();
    manifest.graphs.emplace("other", tiny_graph("net"));
    EXPECT_EQ(write(manifest), ErrorCode::invalid_argument);
    manifest = tiny_manifest();
    manifest.name = "\xff";
    EXPECT_EQ(write(manifest), ErrorCode::invalid_argument);
}

} // namespace
} // namespace mirra::bundle

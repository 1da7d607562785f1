// Bundles and headers made to cost much: what opening takes stays within a stated multiple of the header.
#include "bundle/digest.hpp"
#include "cost.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace mirra::bundle {
namespace {

using testing::HasSubstr;

constexpr std::size_t kHeader = mirra::test::kMeasurable ? 16u << 20 : 5u << 20;
constexpr std::uint64_t kMostMultiple = 8; ///< of the header, as docs/reference/bundle-format.md promises
constexpr std::uint64_t kMostBeside = std::uint64_t{16} << 20;
constexpr double kMostSeconds = 2;

std::string path_of(const char *name) {
    return mirra::test::scratch() + name;
}

void write_file(const std::string &path, const std::string &header) {
    const std::uint64_t length = header.size();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char *>(&length), sizeof length);
    file << header;
}

/// A bundle without tensors and with true hashes, whose manifest ends in `more`.
std::string bundle_with(const std::string &graphs, const std::string &more = {}) {
    const std::string manifest = R"({"format_version":1,"task":"denoise","name":"x","graphs":)" + graphs +
                                 more + R"(,"sha256":")" + sha256_of(std::map<std::string, TensorView>{}) +
                                 "\"}";
    const std::string path = path_of("hostile.mirra");
    write_tensors(path, {}, {{"mirra.manifest", manifest}, {"mirra.manifest_sha256", sha256_of(manifest)}});
    return path;
}

/// What opening says and costs: within the bounds, and an error or nothing.
std::string opened(const std::string &path) {
    std::string said;
    const auto open = [&] {
        try {
            const auto bundle = Bundle::open(path);
            said = "opened";
        } catch (const Error &error) {
            said = error.what();
        }
    };
    open();
    if (!mirra::test::kMeasurable) return said;
    const auto cost = mirra::test::cost_of(open);
    const auto size = std::filesystem::file_size(path);
    EXPECT_LE(cost.bytes, kMostMultiple * size + kMostBeside) << said;
    EXPECT_LE(cost.seconds, kMostSeconds) << said;
    testing::Test::RecordProperty("bytes", std::to_string(cost.bytes));
    std::cout << "    " << cost.bytes / 1000000 << " MB, " << cost.seconds << " s for " << size / 1000000
              << " MB: " << said.substr(0, 90) << '\n';
    return said;
}

/// `part` (with # for a number) as often as fits in so many bytes, with commas between.
std::string repeated(const std::string &part, std::size_t bytes) {
    std::string out;
    const auto at = part.find('#');
    for (std::size_t i = 0; out.size() + part.size() + 8 < bytes; ++i) {
        if (i > 0) out += ',';
        out += at == std::string::npos ? part : part.substr(0, at) + std::to_string(i) + part.substr(at + 1);
    }
    return out;
}

TEST(HostileHeader, ManyKeysTakeLinearTime) {
    const auto keys = [](std::size_t count) {
        std::string members;
        for (std::size_t i = 0; i < count; ++i) members += ",\"k" + std::to_string(i) + "\":1";
        return R"({"g":{"name":"g","inputs":[{"name":"image","channels":3}],"nodes":[],"outputs":[])" +
               members + "}}";
    };
    EXPECT_THAT(opened(bundle_with(keys(360000))), HasSubstr("no inputs or no outputs"));
    EXPECT_THAT(opened(bundle_with(keys(900000))), HasSubstr("no inputs or no outputs"));
    EXPECT_THAT(opened(bundle_with("{}", ",\"later\":{" + repeated("\"k#\":1", kHeader * 3 / 4) + "}")),
                testing::Eq("opened"));
    EXPECT_THAT(opened(bundle_with("{}", ",\"provenance\":{" + repeated("\"k#\":1", 500000) + "}")),
                HasSubstr("members, more than 4096"));
}

TEST(HostileHeader, ManyValuesAreRefused) {
    const std::string zeros = "[" + repeated("0", kHeader - 4096) + "]";
    EXPECT_THAT(opened(bundle_with("{}", ",\"later\":" + zeros)), HasSubstr("more than 2097152 values"));
    EXPECT_THAT(opened(bundle_with("{}", ",\"later\":[" + repeated("\"\"", kHeader / 4) + "]")),
                testing::Eq("opened"));
    write_file(path_of("zeros.mirra"), "{\"__metadata__\":" + zeros + "}");
    EXPECT_THAT(opened(path_of("zeros.mirra")), HasSubstr("more than 1048576 values"));
    write_file(path_of("lists.mirra"), "{\"a\":[" + repeated("[]", kHeader - 4096) + "]}");
    EXPECT_THAT(opened(path_of("lists.mirra")), HasSubstr("more than 1048576 values"));
}

TEST(HostileHeader, LongTextsCostTheirLength) {
    const std::string text(kHeader - 8192, 'x');
    EXPECT_THAT(opened(bundle_with("{}", ",\"later\":\"" + text + "\"")), testing::Eq("opened"));
    EXPECT_THAT(opened(bundle_with("{}", ",\"licence\":\"" + text + "\"")), HasSubstr("'licence' has"));
    EXPECT_THAT(opened(bundle_with("{}", ",\"defaults\":{\"a\":\"" + text + "\"}")),
                HasSubstr("'defaults' has"));
    EXPECT_THAT(opened(bundle_with("{}", ",\"provenance\":[\"" + text + "\"]")), HasSubstr("wrong type"));
    EXPECT_THAT(opened(bundle_with("{}", ",\"" + text + "\":0")), HasSubstr("has a key of"));
    write_file(
        path_of("escapes.mirra"), "{\"__metadata__\":{\"a\":\"" + [] {
            std::string escapes;
            while (escapes.size() < kHeader - 4096) escapes += "\\u00e9";
            return escapes;
        }() + "\"}}");
    EXPECT_THAT(opened(path_of("escapes.mirra")), HasSubstr("not a Mirra bundle"));
}

TEST(HostileHeader, ManyTensorsCostTheirEntries) {
    const auto entry = [](const std::string &name) {
        return "\"" + name + "#\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,0]}";
    };
    // One byte each is wanted and none is there.
    write_file(path_of("tensors.mirra"), "{" + repeated(entry("a"), kHeader) + "}");
    EXPECT_THAT(opened(path_of("tensors.mirra")), HasSubstr("than "));
    std::string some = "{";
    for (int i = 0; i < 65536; ++i)
        some += (i > 0 ? ",\"" : "\"") + std::string(185, 'n') + std::to_string(i) +
                R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
    write_file(path_of("tensors.mirra"), some + "}");
    EXPECT_THAT(opened(path_of("tensors.mirra")), HasSubstr("not a Mirra bundle"));
}

TEST(HostileHeader, ManyNodesCostTheirEntries) {
    const std::string node =
        R"({"name":"n#","op":"conv2d","inputs":["image"],"attributes":{"in_channels":3,"out_channels":3,"kernel":1,)"
        R"("stride":1,"padding":0,"dilation":1,"groups":1},"weights":{"weight":"w","bias":"b"}})";
    std::string graphs = "{";
    for (int i = 0; i < 3; ++i) {
        const std::string name = "g" + std::to_string(i);
        graphs += (i > 0 ? ",\"" : "\"") + name + "\":{\"name\":\"" + name +
                  R"(","inputs":[{"name":"image","channels":3}],"nodes":[)" + repeated(node, 700000) +
                  R"(],"outputs":[{"name":"out","source":"image"}]})";
    }
    EXPECT_THAT(opened(bundle_with(graphs + "}")), HasSubstr("is not in the file"));
    const std::string small = R"({"name":"n#","op":"relu","inputs":["i"]})";
    std::string all = "{";
    for (int i = 0; i < 64; ++i) {
        const std::string name = "g" + std::to_string(i);
        all += (i > 0 ? ",\"" : "\"") + name + "\":{\"name\":\"" + name +
               R"(","inputs":[{"name":"i","channels":3}],"nodes":[)" + repeated(small, 13000) +
               R"(],"outputs":[{"name":"o","source":"n1"}]})";
    }
    EXPECT_THAT(opened(bundle_with(all + "}")), HasSubstr("more than 16384 nodes"));
    const std::string wide =
        R"({"g":{"name":"g","inputs":[{"name":"i","channels":3}],"nodes":[{"name":"n","op":"concat","inputs":[)" +
        repeated("\"i\"", 400000) + R"(]}],"outputs":[{"name":"out","source":"n"}]}})";
    EXPECT_THAT(opened(bundle_with(wide)), HasSubstr("inputs"));
}

TEST(HostileHeader, DeepNestingIsRefused) {
    EXPECT_THAT(opened(bundle_with("{}", ",\"later\":" + std::string(kHeader / 2, '[') +
                                             std::string(kHeader / 2 - 4096, ']'))),
                HasSubstr("nested deeper than 32"));
    write_file(path_of("deep.mirra"), "{\"__metadata__\":" + std::string(kHeader - 4096, '['));
    EXPECT_THAT(opened(path_of("deep.mirra")), HasSubstr("nested deeper than 8"));
}

TEST(HostileHeader, TheOrderOfAManifestsMembersIsKept) {
    const auto bundle = Bundle::open(bundle_with(
        "{}",
        R"(,"provenance":{"z":1,"a":{"y":[true,null,-3,1.5],"b":"\u00e9\n"},"m":18446744073709551615})"));
    EXPECT_EQ(bundle->manifest().provenance,
              "{\"z\":1,\"a\":{\"y\":[true,null,-3,1.5],\"b\":\"\xc3\xa9\\n\"},\"m\":18446744073709551615}");
}

TEST(HostileHeader, EveryTruncationAndFlippedByteIsAnErrorOrABundle) {
    const std::string path = bundle_with(
        R"({"g":{"name":"g","inputs":[{"name":"i","channels":1}],"nodes":[{"name":"n","op":"relu","inputs":["i"]}],"outputs":[{"name":"o","source":"n"}]}})");
    std::ifstream stream(path, std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(stream)), {});
    const auto opens = [](const std::string &text) {
        const auto bytes = std::as_bytes(std::span(text));
        try {
            return Bundle::open_memory({bytes.begin(), bytes.end()}, "x") != nullptr;
        } catch (const Error &error) {
            EXPECT_NE(std::string(error.what()), "");
            return false;
        }
    };
    ASSERT_TRUE(opens(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(opens(whole.substr(0, size))) << size;
    for (std::size_t i = 0; i < whole.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = whole;
            flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
            opens(flipped);
        }
}

} // namespace
} // namespace mirra::bundle

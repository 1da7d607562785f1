// The safetensors reader and writer: round trips, and every way in which a header can lie.
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "scratch.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

namespace mirra::bundle {
namespace {

std::vector<std::byte> file_bytes(const std::string &header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::vector<std::byte> bytes(sizeof length + header.size() + data_bytes);
    std::memcpy(bytes.data(), &length, sizeof length);
    std::memcpy(bytes.data() + sizeof length, header.data(), header.size());
    return bytes;
}

ErrorCode parse_error(const std::string &header, std::size_t data_bytes) {
    try {
        TensorFile::parse(file_bytes(header, data_bytes), "test");
    } catch (const Error &error) {
        EXPECT_EQ(error.subject(), "test");
        EXPECT_FALSE(std::string(error.what()).empty());
        return error.code();
    }
    ADD_FAILURE() << "accepted: " << header.substr(0, 200);
    return ErrorCode::internal;
}

std::string entry(const std::string &dtype, const std::string &shape, const std::string &offsets) {
    return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(TensorFile, WritesAndReadsBack) {
    const std::string path = mirra::test::scratch() + "tensors.safetensors";
    const std::vector<float> a{1, 2, 3, 4, 5, 6};
    const std::vector<std::int64_t> b{-1};
    write_tensors(path,
                  {{"b.count", {DType::i64, {}, std::as_bytes(std::span(b))}},
                   {"a", {DType::f32, {2, 3}, std::as_bytes(std::span(a))}},
                   {"empty", {DType::f16, {0, 4}, {}}}},
                  {{"key", "text with \"quotes\" and \n newline"}});
    const auto file = TensorFile::open(path);
    ASSERT_EQ(file->tensors().size(), 3u);
    EXPECT_EQ(file->tensors().at("a").shape, (graph::Shape{2, 3}));
    EXPECT_EQ(to_float(file->tensors().at("a")), a);
    EXPECT_EQ(file->tensors().at("b.count").bytes.size(), 8u);
    EXPECT_TRUE(file->tensors().at("empty").bytes.empty());
    EXPECT_EQ(file->metadata().at("key"), "text with \"quotes\" and \n newline");
}

TEST(TensorFile, AcceptsAnEmptyFileOfTensors) {
    EXPECT_TRUE(TensorFile::parse(file_bytes("{}", 0), "x")->tensors().empty());
}

TEST(TensorFile, RefusesHeadersThatContradictTheData) {
    const std::string f = "F32";
    for (const auto &[header, size] : std::vector<std::pair<std::string, std::size_t>>{
             {"{\"a\":" + entry(f, "[2]", "[0,8]") + "}", 4},                 // truncated
             {"{\"a\":" + entry(f, "[2]", "[0,8]") + "}", 12},                // oversized
             {"{\"a\":" + entry(f, "[3]", "[0,8]") + "}", 8},                 // shape
             {"{\"a\":" + entry("F16", "[2]", "[0,8]") + "}", 8},             // type
             {"{\"a\":" + entry(f, "[2]", "[8,0]") + "}", 8},                 // order
             {"{\"a\":" + entry(f, "[2]", "[-8,0]") + "}", 8},                // sign
             {"{\"a\":" + entry(f, "[-2]", "[0,8]") + "}", 8},                // sign
             {"{\"a\":" + entry(f, "[2.0]", "[0,8]") + "}", 8},               // real
             {"{\"a\":" + entry(f, "[1,1,1,1,1,1,1,1,2]", "[0,8]") + "}", 8}, // rank
             {"{\"a\":" + entry(f, "[2]", "[0,8,9]") + "}", 8},               // count
             {"{\"a\":" + entry(f, "[2]", "[4,12]") + "}", 12},               // hole
             {"{\"a\":" + entry(f, "[2]", "[0,8]") + ",\"b\":" + entry(f, "[2]", "[4,12]") + "}",
              12}, // overlap
             {"{\"a\":" + entry(f, "[2]", "[0,8]") + ",\"b\":" + entry(f, "[2]", "[0,8]") + "}", 8}, // shared
             {"{\"a\":" + entry(f, "[2]", "[0,8]") + ",\"a\":" + entry(f, "[2]", "[0,8]") + "}", 8}, // twice
             {"{\"a\":" + entry(f, "[2]", "[0,8]") + ",\"b\":" + entry(f, "[2]", "[12,20]") + "}",
              20},                                                                        // hole
             {"{\"\":" + entry(f, "[2]", "[0,8]") + "}", 8},                              // no name
             {"{\"a\\n\":" + entry(f, "[2]", "[0,8]") + "}", 8},                          // control
             {"{\"" + std::string(300, 'a') + "\":" + entry(f, "[2]", "[0,8]") + "}", 8}, // long name
             {R"({"a":{"dtype":"F32","shape":[2]}})", 8},
             {R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8},
             {R"({"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}})", 8},
             {R"({"a":7})", 0},
             {R"({"__metadata__":[]})", 0},
             {R"({"__metadata__":{"a":1}})", 0},
             {R"({"__metadata__":{"a":"1","a":"2"}})", 0},
             {"[]", 0},
             {"", 0},
             {"{", 0},
             {"{\"a\":1e999}", 0},
             {"{}{}", 0},
             {"{\"\xff\":1}", 0}})
        EXPECT_EQ(parse_error(header, size), ErrorCode::corrupt) << header.substr(0, 100) << " with " << size;
}

TEST(TensorFile, RefusesUnknownTypes) {
    EXPECT_EQ(parse_error("{\"a\":" + entry("F8_E4M3", "[8]", "[0,8]") + "}", 8), ErrorCode::unsupported);
}

TEST(TensorFile, RefusesWhatIsTooLarge) {
    const std::string huge = "[1099511627776,1099511627776,1099511627776]";
    EXPECT_EQ(parse_error("{\"a\":" + entry("F32", huge, "[0,0]") + "}", 0), ErrorCode::limit);
    const std::string empty_but_huge = "[0,1099511627776,1099511627776,1099511627776]";
    EXPECT_EQ(parse_error("{\"a\":" + entry("F32", empty_but_huge, "[0,0]") + "}", 0), ErrorCode::limit);
    EXPECT_EQ(parse_error("{\"a\":" + std::string(100000, '['), 0), ErrorCode::limit);
    std::string deep = "{\"a\":1}";
    for (int i = 0; i < 100; ++i) deep = "{\"a\":" + deep + "}";
    EXPECT_EQ(parse_error(deep, 0), ErrorCode::limit);
}

TEST(TensorFile, RefusesALyingHeaderLength) {
    for (const std::uint64_t length : {std::uint64_t{17} << 20, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
        auto bytes = file_bytes("{}", 0);
        std::memcpy(bytes.data(), &length, sizeof length);
        try {
            TensorFile::parse(bytes, "test");
            ADD_FAILURE() << length;
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::limit);
        }
    }
}

TEST(TensorFile, RefusesEveryTruncation) {
    const auto whole = file_bytes("{\"a\":" + entry("F32", "[2,2]", "[0,16]") + "}", 16);
    EXPECT_EQ(TensorFile::parse(whole, "test")->tensors().size(), 1u);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_THAT([&] { static_cast<void>(TensorFile::parse(std::vector(part), "test")); },
                    mirra::test::throws_error(ErrorCode::corrupt, "(test)"))
            << size;
    }
}

TEST(TensorFile, SaysWhatIsMissing) {
    try {
        TensorFile::open(mirra::test::scratch() + "there-is-no-such-file.safetensors");
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::not_found);
    }
}

TEST(TensorWriter, RefusesTensorsThatContradictThemselves) {
    const std::string path = mirra::test::scratch() + "never.safetensors";
    const std::vector<float> a(3);
    EXPECT_THAT(
        [&] {
            static_cast<void>(write_tensors(path, {{"a", {DType::f32, {4}, std::as_bytes(std::span(a))}}}));
        },
        mirra::test::throws_error(ErrorCode::invalid_argument, "is given 12 bytes (a)"));
    EXPECT_THAT(
        [&] {
            static_cast<void>(write_tensors(path, {{"", {DType::f32, {3}, std::as_bytes(std::span(a))}}}));
        },
        mirra::test::throws_error(ErrorCode::invalid_argument, "not a name for a tensor"));
    EXPECT_THAT(
        [&] {
            static_cast<void>(
                write_tensors(path, {{"\xff", {DType::f32, {3}, std::as_bytes(std::span(a))}}}));
        },
        mirra::test::throws_error(ErrorCode::invalid_argument, "not valid UTF-8"));
    EXPECT_FALSE(std::ifstream(path).good());
}

} // namespace
} // namespace mirra::bundle

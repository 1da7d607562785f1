// Both formats of torch.save and safetensors, whole and damaged.
#include "import/state_dict.hpp"
#include "import_torch_writer.hpp"

#include "mirra/error.hpp"
#include "scratch.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace mirra::trainer::importer {
namespace {

using namespace std::string_literals;
using test::PickleWriter;
using test::TorchState;
using test::TorchTensor;

const std::vector<float> kValues{0, 1, 2, 3, 4, 5};

TorchState plain_state() {
    return {{"module.a.weight", test::float_tensor({2, 3}, kValues)},
            {"module.b", test::float_tensor({1}, {7})}};
}

std::string path(const std::string &name) {
    return mirra::test::scratch() + "import_torch_file_" + name;
}

StateDict state_of(const TorchState &state) {
    test::write_torch_zip(path("state.pth"), state);
    return read_state_dict(path("state.pth"));
}

ErrorCode code_of(const std::function<void()> &action) {
    try {
        action();
    } catch (const Error &error) {
        EXPECT_FALSE(error.subject().empty());
        return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::internal;
}

/// Reads a file that may be damaged: the tensors' values, or nothing if it was refused.
std::optional<std::map<std::string, std::vector<float>>> read_all(const std::string &file) {
    try {
        std::map<std::string, std::vector<float>> values;
        for (const auto &[name, tensor] : read_state_dict(file))
            if (tensor.problem.empty()) values[name] = tensor.read();
        return values;
    } catch (const Error &) {
        return std::nullopt;
    }
}

TEST(TorchZip, ReadsATrainingCheckpoint) {
    const StateDict state = state_of(plain_state());
    ASSERT_EQ(state.size(), 2u);
    EXPECT_EQ(state.at("module.a.weight").shape, (graph::Shape{2, 3}));
    EXPECT_EQ(state.at("module.a.weight").read(), kValues);
    EXPECT_EQ(state.at("module.b").read(), std::vector<float>{7});
}

TEST(TorchZip, HonoursStridesAndOffsets) {
    TorchTensor transposed = test::float_tensor({3, 2}, kValues);
    transposed.strides = {1, 3};
    TorchTensor tail = test::float_tensor({2}, kValues);
    tail.offset = 4;
    TorchTensor expanded = test::float_tensor({2, 2}, {9});
    expanded.strides = {0, 0};
    TorchTensor scalar = test::float_tensor({}, {3});
    const StateDict state = state_of({{"t", transposed}, {"tail", tail}, {"e", expanded}, {"s", scalar}});
    EXPECT_EQ(state.at("t").read(), (std::vector<float>{0, 3, 1, 4, 2, 5}));
    EXPECT_EQ(state.at("tail").read(), (std::vector<float>{4, 5}));
    EXPECT_EQ(state.at("e").read(), std::vector<float>(4, 9));
    EXPECT_EQ(state.at("s").read(), std::vector<float>{3});
}

TEST(TorchZip, ConvertsOtherPrecisions) {
    const auto stored = [](const std::string &type, std::string bytes, std::int64_t count) {
        TorchTensor tensor{type, std::move(bytes), count, 0, {count}, {1}};
        return tensor;
    };
    const StateDict state =
        state_of({{"half", stored("HalfStorage", "\x00\x3e\x00\xc0"s, 2)},
                  {"bfloat", stored("BFloat16Storage", "\xc0\x3f"s, 1)},
                  {"double", stored("DoubleStorage", "\x00\x00\x00\x00\x00\x00\xf8\x3f"s, 1)},
                  {"count", stored("LongStorage", "\x01\x00\x00\x00\x00\x00\x00\x00"s, 1)},
                  {"complex", stored("ComplexFloatStorage", std::string(8, '\0'), 1)}});
    EXPECT_EQ(state.at("half").read(), (std::vector<float>{1.5f, -2}));
    EXPECT_EQ(state.at("bfloat").read(), std::vector<float>{1.5f});
    EXPECT_EQ(state.at("double").read(), std::vector<float>{1.5f});
    EXPECT_EQ(state.at("count").dtype, bundle::DType::i64);
    EXPECT_NE(state.at("complex").problem.find("ComplexFloatStorage"), std::string::npos);
}

TEST(TorchZip, RefusesTensorsBeyondTheirStorage) {
    const auto refused = [](TorchTensor tensor) {
        return code_of([&] { (void)state_of({{"a", std::move(tensor)}}).at("a").read(); });
    };
    TorchTensor tensor = test::float_tensor({7}, kValues);
    EXPECT_EQ(refused(tensor), ErrorCode::corrupt);
    tensor = test::float_tensor({2}, kValues);
    tensor.offset = 5;
    EXPECT_EQ(refused(tensor), ErrorCode::corrupt);
    tensor.offset = std::int64_t{1} << 62;
    EXPECT_EQ(refused(tensor), ErrorCode::corrupt);
    tensor = test::float_tensor({2, 2}, kValues);
    tensor.strides = {std::int64_t{1} << 62, 1};
    EXPECT_EQ(refused(tensor), ErrorCode::corrupt);
    tensor = test::float_tensor({std::int64_t{1} << 40, std::int64_t{1} << 40}, kValues);
    tensor.strides = {0, 0};
    EXPECT_EQ(refused(tensor), ErrorCode::limit);
}

TEST(TorchZip, MarksWhatIsNotATensor) {
    PickleWriter p;
    p.raw("}(").text("object").global("os", "system").raw("(").text("touch /tmp/never").raw("tR");
    p.text("number").integer(3);
    p.text("negative").global("torch._utils", "_rebuild_tensor_v2").raw("(");
    p.storage("FloatStorage", "0", 1)
        .integer(0)
        .sizes({-1})
        .sizes({1})
        .raw("\x89Nt"
             "R")
        .raw("u");
    test::write_zip(path("odd.pth"), {{"net/data.pkl", p.finish()}});
    const StateDict state = read_state_dict(path("odd.pth"));
    EXPECT_NE(state.at("object").problem.find("os.system"), std::string::npos);
    EXPECT_FALSE(state.at("number").problem.empty());
    EXPECT_FALSE(state.at("negative").problem.empty());
}

TEST(TorchZip, JoinsNestedDictionariesAndSurvivesCycles) {
    PickleWriter p;
    p.raw("}q\x01(").text("self").raw("h\x01").text("state_dict").raw("}(").text("encoder");
    test::write_state(p, plain_state(), false);
    p.raw("u").raw("u");
    test::write_zip(path("nested.pth"), test::zip_entries(plain_state(), p.finish()));
    EXPECT_EQ(read_state_dict(path("nested.pth")).at("encoder.module.b").read(), std::vector<float>{7});

    std::string cycle = "\x80\x02}q\x01(";
    for (int i = 0; i < 3000; ++i)
        cycle += "X" + PickleWriter::little(4, 4) + std::to_string(1000 + i) + "h\x01";
    test::write_zip(path("cycle.pth"), {{"net/data.pkl", cycle + "u."}});
    EXPECT_EQ(code_of([] { read_state_dict(path("cycle.pth")); }), ErrorCode::limit);
}

TEST(TorchZip, RefusesOtherArchivesAndObjects) {
    test::write_zip(path("other.pth"), {{"readme.txt", "hello"}});
    EXPECT_EQ(code_of([] { read_state_dict(path("other.pth")); }), ErrorCode::unsupported);

    const std::string module =
        PickleWriter().global("torchvision.models.alexnet", "AlexNet").raw(")\x81").finish();
    test::write_zip(path("module.pth"), {{"net/data.pkl", module}});
    try {
        read_state_dict(path("module.pth"));
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_NE(std::string(error.what()).find("torchvision.models.alexnet.AlexNet"), std::string::npos);
        EXPECT_NE(error.hint().find("state_dict()"), std::string::npos);
    }

    auto entries = test::zip_entries(plain_state(), test::training_pickle(plain_state(), false));
    entries["net/byteorder"] = "big";
    test::write_zip(path("big.pth"), entries);
    EXPECT_EQ(code_of([] { read_state_dict(path("big.pth")); }), ErrorCode::unsupported);
    entries["net/byteorder"] = "little";
    entries.erase("net/data/0");
    test::write_zip(path("lacks.pth"), entries);
    EXPECT_EQ(code_of([] { (void)read_state_dict(path("lacks.pth")).at("module.a.weight").read(); }),
              ErrorCode::corrupt);
    entries["net/data.pkl"] += std::string(1000, ' ');
    test::write_zip(path("compressed.pth"), entries, true);
    EXPECT_EQ(code_of([] { read_state_dict(path("compressed.pth")); }), ErrorCode::unsupported);
}

TEST(TorchZip, EveryTruncationIsRefused) {
    test::write_torch_zip(path("whole.pth"), plain_state());
    const std::string whole = test::read_bytes(path("whole.pth"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        test::write_bytes(path("cut.pth"), whole.substr(0, size));
        EXPECT_EQ(read_all(path("cut.pth")), std::nullopt) << size;
    }
}

TEST(TorchZip, FlippedBitsNeverGiveOtherWeights) {
    test::write_torch_zip(path("whole.pth"), plain_state());
    const std::string whole = test::read_bytes(path("whole.pth"));
    const auto wanted = read_all(path("whole.pth"));
    ASSERT_TRUE(wanted.has_value());
    for (std::size_t bit = 0; bit < whole.size() * 8; bit += 7) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
        test::write_bytes(path("flipped.pth"), damaged);
        const auto got = read_all(path("flipped.pth"));
        EXPECT_EQ(got.value_or(*wanted), *wanted) << "bit " << bit;
    }
}

TEST(TorchLegacy, ReadsATrainingCheckpoint) {
    test::write_bytes(path("legacy.pth"), test::torch_legacy(plain_state()));
    const StateDict state = read_state_dict(path("legacy.pth"));
    ASSERT_EQ(state.size(), 2u);
    EXPECT_EQ(state.at("module.a.weight").read(), kValues);
    EXPECT_EQ(state.at("module.b").read(), std::vector<float>{7});
}

TEST(TorchLegacy, SurvivesDamage) {
    const std::string whole = test::torch_legacy(plain_state());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        test::write_bytes(path("legacy.pth"), whole.substr(0, size));
        EXPECT_EQ(read_all(path("legacy.pth")), std::nullopt) << size;
    }
    int refused = 0;
    for (std::size_t bit = 0; bit < whole.size() * 8; bit += 7) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
        test::write_bytes(path("legacy.pth"), damaged);
        refused += read_all(path("legacy.pth")).has_value() ? 0 : 1;
    }
    EXPECT_GT(refused, 0);
}

TEST(StateDict, ReadsSafetensors) {
    bundle::write_tensors(path("a.safetensors"),
                          {{"module.a", {bundle::DType::f32, {6}, std::as_bytes(std::span(kValues))}}});
    EXPECT_EQ(read_state_dict(path("a.safetensors")).at("module.a").read(), kValues);
}

TEST(StateDict, RefusesOtherFiles) {
    for (const std::string &bytes : {""s, "<html>"s, "ustar"s, std::string(1000, '\0')}) {
        test::write_bytes(path("other"), bytes);
        EXPECT_EQ(code_of([] { read_state_dict(path("other")); }), ErrorCode::unsupported);
    }
    test::write_bytes(path("other"), "\x80\x02}.");
    EXPECT_EQ(code_of([] { read_state_dict(path("other")); }), ErrorCode::unsupported);
    EXPECT_EQ(code_of([] { read_state_dict(path("absent")); }), ErrorCode::not_found);
}

} // namespace
} // namespace mirra::trainer::importer

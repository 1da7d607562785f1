// The pickle machine: reads what Python writes, runs nothing, survives anything.
#include "import/pickle.hpp"
#include "import_torch_writer.hpp"

#include "mirra/error.hpp"
#include "scratch.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

#include <random>

namespace mirra::trainer::importer {
namespace {

using test::PickleWriter;
using namespace std::string_literals;

Pickle parse(const std::string &text) {
    return parse_pickle(std::as_bytes(std::span(text)), "test");
}

ErrorCode code_of(const std::string &text) {
    try {
        parse(text);
    } catch (const Error &error) {
        EXPECT_EQ(error.subject(), "test");
        return error.code();
    }
    ADD_FAILURE() << "accepted";
    return ErrorCode::internal;
}

template<typename T> T value_of(const std::string &text) {
    const Pickle pickle = parse(text);
    const T *value = pickle.get<T>(pickle.root);
    if (value == nullptr) throw std::runtime_error("another type");
    return *value;
}

TEST(Pickle, ReadsScalarsOfAllProtocols) {
    EXPECT_EQ(value_of<std::int64_t>("K\x07."s), 7);
    EXPECT_EQ(value_of<std::int64_t>("M\x01\x02."s), 513);
    EXPECT_EQ(value_of<std::int64_t>("J\xff\xff\xff\xff."s), -1);
    EXPECT_EQ(value_of<std::int64_t>("\x8a\x00."s), 0);
    EXPECT_EQ(value_of<std::int64_t>("\x8a\x01\xff."s), -1);
    EXPECT_EQ(value_of<std::int64_t>("\x8a\x02\xff\x00."s), 255);
    EXPECT_EQ(value_of<std::int64_t>("I-12\n."s), -12);
    EXPECT_EQ(value_of<std::int64_t>("L12L\n."s), 12);
    EXPECT_EQ(value_of<bool>("I01\n."s), true);
    EXPECT_EQ(value_of<bool>("\x89."s), false);
    EXPECT_EQ(value_of<double>("G\x3f\xf8\x00\x00\x00\x00\x00\x00."s), 1.5);
    EXPECT_EQ(value_of<double>("F1.5\n."s), 1.5);
    EXPECT_EQ(value_of<PickleText>("X\x02\x00\x00\x00hi."s), "hi");
    EXPECT_EQ(value_of<PickleText>("\x8c\x02hi."s), "hi");
    EXPECT_EQ(value_of<PickleText>("\x8d\x02\x00\x00\x00\x00\x00\x00\x00hi."s), "hi");
    EXPECT_EQ(value_of<PickleText>("S'hi'\n."s), "hi");
    EXPECT_EQ(value_of<PickleText>("Vhi\n."s), "hi");
    EXPECT_EQ(value_of<PickleBytes>("C\x02hi."s).data, "hi");
    EXPECT_EQ(value_of<PickleBigInteger>("\x8a\x0a"
                                         "0123456789."s)
                  .bytes,
              "0123456789");
}

TEST(Pickle, ReadsContainersAndMemo) {
    // [1, {"a": (2, 2)}] in protocol 4, the 2 through the memo.
    const std::string text = "\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00](K\x01}\x8c\x01"
                             "aK\x02\x94h\x00\x86se."s;
    const Pickle pickle = parse(text);
    const auto *list = pickle.get<PickleList>(pickle.root);
    ASSERT_TRUE(list != nullptr && list->items.size() == 2);
    const auto *dict = pickle.get<PickleDict>(list->items[1]);
    ASSERT_TRUE(dict != nullptr && dict->items.size() == 1);
    EXPECT_EQ(*pickle.get<PickleText>(dict->items[0].first), "a");
    const auto *tuple = pickle.get<PickleTuple>(dict->items[0].second);
    ASSERT_TRUE(tuple != nullptr && tuple->items.size() == 2);
    EXPECT_EQ(tuple->items[0], tuple->items[1]);
}

TEST(Pickle, StopsBehindItsEnd) {
    EXPECT_EQ(parse("K\x07.rest"s).size, 3u);
}

TEST(Pickle, RecordsCallsInsteadOfMakingThem) {
    const std::string marker = mirra::test::scratch() + "pickle_was_run";
    for (const std::string &hostile :
         {PickleWriter().global("os", "system").raw("(").text("touch " + marker).raw("tR").finish(),
          PickleWriter().global("posix", "system").raw("(").text("touch " + marker).raw("t\x81").finish(),
          "(S'touch " + marker + "'\nios\nsystem\n."s, "(cos\nsystem\nS'touch " + marker + "'\no."s}) {
        const Pickle pickle = parse(hostile);
        const auto *object = pickle.get<PickleObject>(pickle.root);
        ASSERT_NE(object, nullptr);
        EXPECT_EQ(pickle.get<PickleGlobal>(object->callable)->name, "system");
        EXPECT_FALSE(std::ifstream(marker).good());
    }
}

TEST(Pickle, HoldsCyclesWithoutFollowingThem) {
    const Pickle pickle = parse("]q\x00h\x00"
                                "a."s);
    EXPECT_EQ(pickle.get<PickleList>(pickle.root)->items, std::vector<Ref>{pickle.root});
}

TEST(Pickle, RefusesNonsense) {
    for (const std::string &text : {""s,
                                    "."s,
                                    "K"s,
                                    "K\x07"s,
                                    "("s,
                                    "(."s,
                                    "t."s,
                                    "u."s,
                                    "K\x01"
                                    "a."s,
                                    "K\x01K\x02"
                                    "a."s,
                                    "}K\x01(u."s,
                                    "}(K\x01u."s,
                                    "h\x05."s,
                                    "R."s,
                                    "X\xff\xff\xff\xffhi."s,
                                    "\x8d\xff\xff\xff\xff\xff\xff\xff\xff."s,
                                    "I12x\n."s,
                                    "Fx\n."s,
                                    "S'hi\n."s,
                                    "I12"s,
                                    "\x80\x09."s,
                                    "K\x01K\x02\x93."s,
                                    "(o."s,
                                    "p-1\n."s,
                                    "q\x00."s,
                                    "0."s,
                                    "1."s})
        EXPECT_EQ(code_of(text), ErrorCode::corrupt) << testing::PrintToString(text);
}

TEST(Pickle, RefusesUnknownInstructions) {
    EXPECT_EQ(code_of("\xff."s), ErrorCode::unsupported);
    EXPECT_EQ(code_of("\x82\x01."s), ErrorCode::unsupported);
}

TEST(Pickle, IsBoundedInValuesMarksAndMemo) {
    constexpr std::size_t kMany = (1u << 20) + 1;
    EXPECT_EQ(code_of(std::string(kMany, 'N')), ErrorCode::limit);
    EXPECT_EQ(code_of(std::string(kMany, '(')), ErrorCode::limit);
    EXPECT_EQ(code_of("N" + std::string(kMany, '2')), ErrorCode::limit);
}

TEST(Pickle, DeepNestingIsFlatInMemory) {
    constexpr std::size_t kDepth = 200000;
    const Pickle pickle = parse(std::string(kDepth, ']') + std::string(kDepth - 1, 'a') + ".");
    EXPECT_EQ(pickle.get<PickleList>(pickle.root)->items.size(), 1u);
}

TEST(Pickle, SurvivesDamage) {
    const std::string whole = test::training_pickle({{"a", test::float_tensor({2}, {1, 2})}}, false);
    EXPECT_NO_THROW(parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_THAT([&] { static_cast<void>(parse(whole.substr(0, size))); },
                    mirra::test::throws_error(ErrorCode::corrupt, "the pickled part is damaged at byte"))
            << size;
    std::mt19937 random(1);
    int refused = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string damaged = whole;
        for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
        try {
            parse(damaged);
        } catch (const Error &) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 0);
}

} // namespace
} // namespace mirra::trainer::importer

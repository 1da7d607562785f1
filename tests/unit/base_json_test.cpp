// The compact JSON reader: what it takes, what it refuses, and that it says the same again.
#include "mirra/error.hpp"
#include "mirra/json.hpp"

#include <gtest/gtest.h>

namespace mirra::json {
namespace {

std::string again(std::string_view text, const Limits &limits = {}) {
    return Document(text, limits, "the text", "test").root().dump();
}

ErrorCode code_of(std::string_view text, const Limits &limits = {}) {
    try {
        again(text, limits);
    } catch (const Error &error) {
        EXPECT_EQ(error.subject(), "test");
        return error.code();
    }
    ADD_FAILURE() << "accepted: " << text.substr(0, 80);
    return ErrorCode::internal;
}

TEST(Json, SaysTheSameAgainInOrder) {
    for (const char *text :
         {"null", "true", "false", "0", "-1", "18446744073709551615", "-9223372036854775808", "1.5", "\"\"",
          "[]", "{}", R"({"z":1,"a":[{},[],{"b":null}],"m":"\\\"\n\u0001"})",
          R"([[1,2],[3.25,{"k":[true]}],"x"])"})
        EXPECT_EQ(again(text), text);
    EXPECT_EQ(again(" { \"a\" : [ 1 , 2 ] } "), "{\"a\":[1,2]}");
    EXPECT_EQ(again("1e2"), "100.0");
    EXPECT_EQ(again("\"\\u00e9\\ud83d\\ude42\""), "\"\xc3\xa9\xf0\x9f\x99\x82\"");
}

TEST(Json, ValuesAreFoundByKeyAndKind) {
    const Document document(R"({"a":[1,-2,2.5,9223372036854775808],"b":{"c":"text"},"t":true})", {}, "x",
                            "test");
    const Value root = document.root();
    EXPECT_EQ(root.size(), 3u);
    EXPECT_EQ(root.find("b")->find("c")->text(), "text");
    EXPECT_TRUE(root.find("t")->boolean());
    EXPECT_FALSE(root.find("c"));
    std::vector<double> reals;
    std::vector<bool> whole;
    root.find("a")->each_element([&](Value value) {
        reals.push_back(value.real());
        whole.push_back(value.is_integer() && value.integer());
    });
    EXPECT_EQ(reals, (std::vector<double>{1, -2, 2.5, 9223372036854775808.0}));
    EXPECT_EQ(whole, (std::vector<bool>{true, true, false, false}));
    EXPECT_THROW((void)root.find("t")->text(), std::logic_error);
}

TEST(Json, WhatIsNoJsonIsRefused) {
    for (const char *text :
         {"", "{", "[1,]", "{\"a\":}", "{a:1}", "01", "1e999", "\"\xff\"", "[1]]", "nul", "\"\\u12\"",
          "\"a\nb\"", "{\"a\":1,\"a\":2}", "{\"b\":1,\"c\":[{\"x\":1,\"x\":1}]}"})
        EXPECT_EQ(code_of(text), ErrorCode::corrupt) << text;
}

TEST(Json, LimitsHoldAtTheirEdge) {
    EXPECT_EQ(again("[[]]", {.depth = 2}), "[[]]");
    EXPECT_EQ(code_of("[[[]]]", {.depth = 2}), ErrorCode::limit);
    EXPECT_EQ(again("[1,2]", {.values = 3}), "[1,2]");
    EXPECT_EQ(code_of("[1,2,3]", {.values = 3}), ErrorCode::limit);
    EXPECT_EQ(again(R"({"a":1,"b":2})", {.members = 2}), R"({"a":1,"b":2})");
    EXPECT_EQ(code_of(R"({"a":1,"b":2,"c":3})", {.members = 2}), ErrorCode::limit);
    EXPECT_EQ(again(R"({"aa":1})", {.key_length = 2}), R"({"aa":1})");
    EXPECT_EQ(code_of(R"({"aaa":1})", {.key_length = 2}), ErrorCode::limit);
}

TEST(Json, EveryTruncationIsAnError) {
    const std::string whole = R"({"a":[1,2.5,"x\u00e9",null,true],"b":{"c":{}}})";
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(code_of(whole.substr(0, size)), ErrorCode::corrupt) << size;
}

} // namespace
} // namespace mirra::json

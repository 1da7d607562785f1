// Parameter values: what is accepted, refused, and how it is read from text.
#include "value.hpp"

#include "mirra/error.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace mirra::host {
namespace {

constexpr const char *kChoices[] = {"auto"};

mirra_param_info sigma() {
    mirra_param_info parameter{};
    parameter.name = "sigma";
    parameter.type = MIRRA_TYPE_FLOAT;
    parameter.maximum = 100;
    parameter.choices = kChoices;
    parameter.choice_count = 1;
    return parameter;
}

TEST(HostValue, NumbersAreTakenWithinTheRange) {
    EXPECT_EQ(std::get<double>(accept(sigma(), 12.5)), 12.5);
    EXPECT_EQ(std::get<double>(accept(sigma(), std::int64_t{7})), 7.0);
    EXPECT_EQ(std::get<double>(parse(sigma(), "12.5")), 12.5);
    for (const double bad :
         {-0.1, 100.5, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        EXPECT_THAT([&] { static_cast<void>(accept(sigma(), bad)); },
                    mirra::test::throws_error(ErrorCode::invalid_argument, "Allowed: a number from 0 to 100"))
            << bad;
    }
}

TEST(HostValue, TextIsTakenWhereItIsAChoice) {
    EXPECT_EQ(std::get<std::string>(accept(sigma(), std::string("auto"))), "auto");
    EXPECT_EQ(std::get<std::string>(parse(sigma(), "auto")), "auto");
    for (const char *bad : {"", "automatic", "12.5x", "1e400", " 5", "nan"})
        EXPECT_THAT([&] { static_cast<void>(parse(sigma(), bad)); },
                    mirra::test::throws_error(ErrorCode::invalid_argument, "Allowed: a number from 0 to 100"))
            << bad;
}

TEST(HostValue, TheErrorSaysWhatIsAllowed) {
    try {
        parse(sigma(), "much");
        FAIL() << "accepted";
    } catch (const Error &error) {
        EXPECT_EQ(error.subject(), "sigma");
        EXPECT_EQ(error.hint(), "Allowed: a number from 0 to 100 or 'auto'.");
    }
}

TEST(HostValue, IntegersAndTruthValues) {
    mirra_param_info count{};
    count.name = "count";
    count.type = MIRRA_TYPE_INT;
    count.minimum = -3;
    count.maximum = 9;
    EXPECT_EQ(std::get<std::int64_t>(parse(count, "-3")), -3);
    EXPECT_EQ(std::get<std::int64_t>(accept(count, 4.0)), 4);
    EXPECT_THAT([&] { static_cast<void>(accept(count, 4.5)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "count cannot be 4.5"));
    EXPECT_THAT([&] { static_cast<void>(accept(count, std::int64_t{10})); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "count cannot be 10"));
    EXPECT_THAT([&] { static_cast<void>(accept(count, true)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "count cannot be"));

    mirra_param_info flag{};
    flag.name = "flag";
    flag.type = MIRRA_TYPE_BOOL;
    EXPECT_TRUE(std::get<bool>(parse(flag, "true")));
    EXPECT_FALSE(std::get<bool>(parse(flag, "off")));
    EXPECT_TRUE(std::get<bool>(accept(flag, std::int64_t{1})));
    EXPECT_THAT([&] { static_cast<void>(parse(flag, "maybe")); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "flag cannot be"));
    EXPECT_THAT([&] { static_cast<void>(accept(flag, 2.0)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "flag cannot be"));
}

TEST(HostValue, AnIntegerStaysWithinItsType) {
    mirra_param_info count{};
    count.name = "count";
    count.type = MIRRA_TYPE_INT;
    count.minimum = -1e30;
    count.maximum = 1e30;
    EXPECT_EQ(std::get<std::int64_t>(accept(count, -0x1p63)), INT64_MIN);
    EXPECT_THAT([&] { static_cast<void>(accept(count, 0x1p63)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "count cannot be 9.22337e+18"));
    EXPECT_THAT([&] { static_cast<void>(accept(count, -1e20)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "count cannot be -1e+20"));
    EXPECT_THAT([&] { static_cast<void>(parse(count, "9223372036854775808")); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "count cannot be"));
}

TEST(HostValue, DefaultsOfAManifest) {
    const std::string json =
        R"({"a": 1, "b": 2.5, "c": "x", "d": true, "e": [1], "large": 9223372036854775808,
                                 "least": -9223372036854775808})";
    EXPECT_EQ(std::get<std::int64_t>(*manifest_default(json, "a")), 1);
    EXPECT_EQ(std::get<double>(*manifest_default(json, "b")), 2.5);
    EXPECT_EQ(std::get<std::string>(*manifest_default(json, "c")), "x");
    EXPECT_TRUE(std::get<bool>(*manifest_default(json, "d")));
    EXPECT_EQ(std::get<double>(*manifest_default(json, "large")), 0x1p63) << "no negative number";
    EXPECT_EQ(std::get<std::int64_t>(*manifest_default(json, "least")), INT64_MIN);
    EXPECT_FALSE(manifest_default(json, "missing").has_value());
    EXPECT_THAT([&] { static_cast<void>(manifest_default(json, "e")); },
                mirra::test::throws_error(ErrorCode::corrupt,
                                          "default of 'e' is neither number, text nor truth value (bundle)"));
    EXPECT_THAT([&] { static_cast<void>(manifest_default("[]", "a")); },
                mirra::test::throws_error(ErrorCode::corrupt, "defaults are no JSON object"));
    EXPECT_THAT([&] { static_cast<void>(manifest_default("{", "a")); },
                mirra::test::throws_error(ErrorCode::corrupt, "defaults are no JSON object"));
}

TEST(HostValue, ATextThatCWouldCutIsNoDefault) {
    EXPECT_EQ(std::get<std::string>(*manifest_default(R"({"style": "a"})", "style")), "a");
    EXPECT_THAT([] { static_cast<void>(manifest_default(R"({"style": "a\u0000b"})", "style")); },
                mirra::test::throws_error(ErrorCode::corrupt, "a text with a NUL in it"));
}

} // namespace
} // namespace mirra::host

// Parameter values: what is accepted, refused, and how it is read from text.
#include "value.hpp"

#include "mirra/error.hpp"

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
        EXPECT_THROW(accept(sigma(), bad), Error) << bad;
    }
}

TEST(HostValue, TextIsTakenWhereItIsAChoice) {
    EXPECT_EQ(std::get<std::string>(accept(sigma(), std::string("auto"))), "auto");
    EXPECT_EQ(std::get<std::string>(parse(sigma(), "auto")), "auto");
    for (const char *bad : {"", "automatic", "12.5x", "1e400", " 5", "nan"})
        EXPECT_THROW(parse(sigma(), bad), Error) << bad;
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
    EXPECT_THROW(accept(count, 4.5), Error);
    EXPECT_THROW(accept(count, std::int64_t{10}), Error);
    EXPECT_THROW(accept(count, true), Error);

    mirra_param_info flag{};
    flag.name = "flag";
    flag.type = MIRRA_TYPE_BOOL;
    EXPECT_TRUE(std::get<bool>(parse(flag, "true")));
    EXPECT_FALSE(std::get<bool>(parse(flag, "off")));
    EXPECT_TRUE(std::get<bool>(accept(flag, std::int64_t{1})));
    EXPECT_THROW(parse(flag, "maybe"), Error);
    EXPECT_THROW(accept(flag, 2.0), Error);
}

TEST(HostValue, AnIntegerStaysWithinItsType) {
    mirra_param_info count{};
    count.name = "count";
    count.type = MIRRA_TYPE_INT;
    count.minimum = -1e30;
    count.maximum = 1e30;
    EXPECT_EQ(std::get<std::int64_t>(accept(count, -0x1p63)), INT64_MIN);
    EXPECT_THROW(accept(count, 0x1p63), Error);
    EXPECT_THROW(accept(count, -1e20), Error);
    EXPECT_THROW(parse(count, "9223372036854775808"), Error);
}

TEST(HostValue, DefaultsOfAManifest) {
    const std::string json = R"({"a": 1, "b": 2.5, "c": "x", "d": true, "e": [1]})";
    EXPECT_EQ(std::get<std::int64_t>(*manifest_default(json, "a")), 1);
    EXPECT_EQ(std::get<double>(*manifest_default(json, "b")), 2.5);
    EXPECT_EQ(std::get<std::string>(*manifest_default(json, "c")), "x");
    EXPECT_TRUE(std::get<bool>(*manifest_default(json, "d")));
    EXPECT_FALSE(manifest_default(json, "missing").has_value());
    EXPECT_THROW(manifest_default(json, "e"), Error);
    EXPECT_THROW(manifest_default("[]", "a"), Error);
    EXPECT_THROW(manifest_default("{", "a"), Error);
}

} // namespace
} // namespace mirra::host

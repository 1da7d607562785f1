// The error that a call is to throw, by its code and by what it says: a test that takes any error passes for
// the wrong one.
#pragma once

#include "mirra/error.hpp"

#include <gmock/gmock.h>

#include <string>

namespace mirra::test {

/// For EXPECT_THAT([&] { call(); }, throws_error(code, part)): an Error of this code (or one that a matcher
/// takes) whose text, "what (subject). hint", has this part.
MATCHER_P2(throws_error, code, part,
           "throws an Error with the wanted code that says '" + std::string(part) + "'") {
    try {
        arg();
    } catch (const Error &error) {
        const auto text = std::string(error.what()) + " (" + error.subject() + "). " + error.hint();
        *result_listener << "which throws Error " << static_cast<int>(error.code()) << ", " << text;
        return ::testing::ExplainMatchResult(code, error.code(), result_listener) &&
               text.find(part) != std::string::npos;
    }
    *result_listener << "which throws nothing";
    return false;
}

} // namespace mirra::test

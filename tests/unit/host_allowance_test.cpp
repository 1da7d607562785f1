// What sessions of an engine hold between runs, all together.
#include "allowance.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace mirra::host {
namespace {

TEST(HostAllowance, NoMoreIsClaimedThanThereIs) {
    const Allowance allowance(100);
    auto most = allowance.claim(60);
    ASSERT_NE(most, nullptr);
    EXPECT_EQ(allowance.claim(41), nullptr);
    const auto rest = allowance.claim(40);
    EXPECT_NE(rest, nullptr);
    EXPECT_EQ(allowance.claim(1), nullptr);
    most.reset();
    EXPECT_NE(allowance.claim(60), nullptr);
    EXPECT_EQ(allowance.claim(~std::uint64_t{0}), nullptr);
}

TEST(HostAllowance, AClaimMayOutliveIt) {
    std::optional<Allowance> allowance(10);
    auto claim = allowance->claim(10);
    allowance.reset();
    EXPECT_NE(claim, nullptr);
    claim.reset();
}

TEST(HostAllowance, ThreadsGiveBackAllThatTheyClaim) {
    const Allowance allowance(4);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k < 2000; ++k) static_cast<void>(allowance.claim(1));
        });
    for (auto &thread : threads) thread.join();
    EXPECT_NE(allowance.claim(4), nullptr);
}

} // namespace
} // namespace mirra::host

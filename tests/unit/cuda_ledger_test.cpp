// What a run has of a device's memory, counted and held to a limit.
#include "runtime/cuda/device_ledger.hpp"
#include "throws.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace mirra::test {
namespace {

using cuda::DeviceLedger;

/// Addresses that are only told apart.
const void *block(std::size_t index) {
    static const char kPlaces[16] = {};
    return kPlaces + index;
}

TEST(CudaLedger, BlocksCountUntilTheyAreGivenBack) {
    DeviceLedger ledger(0);
    ledger.changed(block(0), 100);
    ledger.changed(block(1), 50);
    EXPECT_EQ(ledger.current_bytes(), 150U);
    ledger.changed(block(0), -100);
    ledger.changed(block(2), 20);
    EXPECT_EQ(ledger.current_bytes(), 70U);
    EXPECT_EQ(ledger.peak_bytes(), 150U);
    ledger.begin();
    EXPECT_EQ(ledger.peak_bytes(), 70U) << "what the last run left counts";
    ledger.check();
}

TEST(CudaLedger, BlocksOfOthersDoNotCount) {
    DeviceLedger ledger(0);
    ledger.changed(block(0), -100); // weights, taken before the run
    EXPECT_EQ(ledger.current_bytes(), 0U);
    ledger.changed(block(0), 10);
    ledger.changed(block(0), 10); // told twice
    ledger.changed(block(0), -512);
    EXPECT_EQ(ledger.current_bytes(), 0U);
}

TEST(CudaLedger, WhatWasTooMuchIsToldOnceAlsoWhereItWasGivenBack) {
    DeviceLedger ledger(100);
    ledger.changed(block(0), 100);
    ledger.check();
    ledger.changed(block(1), 30);
    ledger.changed(block(1), -30);
    EXPECT_THAT([&] { ledger.check(); },
                throws_error(ErrorCode::budget, "at least 130 bytes of the device's memory"));
    ledger.check();
    ledger.changed(block(0), -100);
    ledger.changed(block(2), 100);
    ledger.check();
}

TEST(CudaLedger, WhatIsReservedIsNotLeft) {
    DeviceLedger ledger(100);
    ledger.changed(block(0), 40);
    ledger.reserve(50);
    EXPECT_THAT([&] { ledger.reserve(11); }, throws_error(ErrorCode::budget, "at least 101 bytes"));
    ledger.reserve(10);
    ledger.changed(block(1), 1);
    EXPECT_THAT([&] { ledger.check(); }, throws_error(ErrorCode::budget, "at least 101 bytes"));
    ledger.begin(); // the next run
    ledger.reserve(59);
}

TEST(CudaLedger, WhatOthersHoldCountsInTheRunsThatUseIt) {
    DeviceLedger ledger(100);
    EXPECT_EQ(ledger.room(), 100U);
    ledger.changed(block(0), 30);
    EXPECT_TRUE(ledger.take(7, 40));
    EXPECT_TRUE(ledger.take(7, 40)) << "counted once";
    EXPECT_EQ(ledger.room(), 30U);
    EXPECT_FALSE(ledger.take(8, 31));
    ledger.check();
    EXPECT_EQ(ledger.current_bytes(), 70U);
    ledger.changed(block(1), 31);
    EXPECT_THAT([&] { ledger.check(); }, throws_error(ErrorCode::budget, "at least 101 bytes"));
    ledger.changed(block(1), -31);
    ledger.begin(); // a run that does not use it
    EXPECT_EQ(ledger.current_bytes(), 30U);
    EXPECT_EQ(ledger.peak_bytes(), 30U);
    EXPECT_EQ(DeviceLedger(0).room(), UINT64_MAX);
}

TEST(CudaLedger, ThreadsShareIt) {
    DeviceLedger ledger(0);
    const auto work = [&](std::size_t first) {
        for (int i = 0; i < 1000; ++i) {
            for (std::size_t k = first; k < first + 4; ++k) ledger.changed(block(k), 8);
            for (std::size_t k = first; k < first + 4; ++k) ledger.changed(block(k), -8);
        }
    };
    std::thread other(work, 0);
    work(4);
    other.join();
    EXPECT_EQ(ledger.current_bytes(), 0U);
    EXPECT_GE(ledger.peak_bytes(), 32U);
    EXPECT_LE(ledger.peak_bytes(), 64U);
}

} // namespace
} // namespace mirra::test

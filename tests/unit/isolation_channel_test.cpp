// The connection between two processes: what arrives is what was sent, or the other end counts as gone.
#include "channel.hpp"
#include "child_process.hpp"
#include "messages.hpp"
#include "request_memory.hpp"
#include "shared_memory.hpp"
#include "sources_digest.hpp"

#include "mirra/error.hpp"
#include "mirra/mirra.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <random>
#include <sys/mman.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace mirra::isolation {
namespace {

TEST(IsolationChannel, CarriesBodiesOfAnySizeAndMemory) {
    auto [here, there] = Channel::pair();
    SharedMemory memory(5000);
    memory.bytes()[4999] = std::byte{7};
    const std::string text(std::size_t{3} << 20, 'x');
    std::thread sender([&, &there = there] {
        const int descriptor = memory.descriptor();
        there.send({{"text", text}, {"nan", std::numeric_limits<double>::quiet_NaN()}, {"latin", "\xe9"}},
                   {&descriptor, 1});
    });
    Message message = here.receive();
    sender.join();
    EXPECT_EQ(text, message.body.at("text").get<std::string>());
    EXPECT_TRUE(std::isnan(message.body.at("nan").get<double>()));
    EXPECT_EQ("\xe9", message.body.at("latin").get<std::string>());
    ASSERT_EQ(1U, message.attached.size());
    const SharedMemory same(std::move(message.attached[0]), 5000);
    EXPECT_EQ(5000U, same.bytes().size());
    same.bytes()[0] = std::byte{3};
    EXPECT_EQ(std::byte{3}, memory.bytes()[0]);
    EXPECT_EQ(std::byte{7}, same.bytes()[4999]);
}

TEST(IsolationChannel, AnEndThatIsGoneIsSaid) {
    auto [here, there] = Channel::pair();
    there = Channel();
    EXPECT_THROW(static_cast<void>(here.receive()), Gone);
    EXPECT_THROW(here.send({{"do", "nothing"}}), Gone);
}

TEST(IsolationChannel, WaitsAreLookedAt) {
    auto [here, there] = Channel::pair();
    int looks = 0;
    const auto idle = [&] {
        if (++looks == 3) throw Error(ErrorCode::cancelled, "enough");
    };
    EXPECT_THROW(static_cast<void>(here.receive(idle)), Error);
    EXPECT_EQ(3, looks);
}

void write_raw(const Channel &channel, const std::vector<std::uint8_t> &body, std::uint32_t said) {
    const std::uint32_t head[] = {said, 0};
    ASSERT_EQ(static_cast<ssize_t>(sizeof(head)),
              send(channel.descriptor(), head, sizeof(head), MSG_NOSIGNAL));
    ASSERT_EQ(static_cast<ssize_t>(body.size()),
              send(channel.descriptor(), body.data(), body.size(), MSG_NOSIGNAL));
}

TEST(IsolationChannel, WhatIsNoMessageCountsAsGone) {
    const std::vector<std::uint8_t> deep(100000, 0x81); // arrays in arrays
    const std::vector<std::vector<std::uint8_t>> bodies{
        deep, {0x01}, {0xa1, 0x61}, {0xff, 0x00, 0x13}, {0xa1, 0x61, 0x61, 0x41, 0x00}};
    for (const auto &body : bodies) {
        auto [here, there] = Channel::pair();
        std::thread sender([&, &there = there] {
            write_raw(there, body, static_cast<std::uint32_t>(body.size()));
            there.shut_down();
        });
        EXPECT_THROW(static_cast<void>(here.receive()), Gone);
        sender.join();
    }
    auto [here, there] = Channel::pair();
    write_raw(there, {1, 2, 3}, 0xffffffffU);
    EXPECT_THROW(static_cast<void>(here.receive()), Gone);
}

TEST(IsolationChannel, RandomBytesDoNoHarm) {
    std::mt19937 random(3);
    for (int i = 0; i < 500; ++i) {
        std::vector<std::uint8_t> body(random() % 64);
        for (auto &byte : body) byte = static_cast<std::uint8_t>(random());
        auto [here, there] = Channel::pair();
        write_raw(there, body, static_cast<std::uint32_t>(body.size()));
        there.shut_down();
        try {
            const Message message = here.receive();
            static_cast<void>(decode_values(message.body));
            static_cast<void>(decode_task(message.body));
        } catch (const Gone &) {
        } catch (const Json::exception &) {
        }
    }
}

TEST(IsolationMemory, MemoryThatCanShrinkIsRefused) {
    Descriptor loose(memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(0, ftruncate(loose.get(), 4096));
    EXPECT_THROW(SharedMemory(std::move(loose), 4096), Error);
    const SharedMemory own(4096);
    EXPECT_NE(0, ftruncate(own.descriptor(), 0));
    EXPECT_THROW(SharedMemory(Descriptor(dup(own.descriptor())), 4097), Error) << "it is smaller";
}

TEST(IsolationMemory, PlacesBeyondTheMemoryAreRefused) {
    const SharedMemory memory(256);
    const Json tensor{{"t", {{"shape", {2, 2}}, {"at", 0}}}};
    EXPECT_EQ(4U, read_tensors(tensor, memory.bytes()).at("t")->values.size());
    const std::vector<Json> wrong{{{"t", {{"shape", {64, 2}}, {"at", 0}}}},
                                  {{"t", {{"shape", {2, 2}}, {"at", 250}}}},
                                  {{"t", {{"shape", {-1, 2}}, {"at", 0}}}},
                                  {{"t", {{"shape", {INT64_MAX, INT64_MAX}}, {"at", 0}}}},
                                  {{"t", {{"shape", {2, 2}}, {"at", SIZE_MAX - 3}}}}};
    for (const Json &each : wrong)
        EXPECT_THROW(static_cast<void>(read_tensors(each, memory.bytes())), Gone) << each;
    EXPECT_EQ(16U, said_bytes(tensor));
    const Json shared{{"t", {{"shape", {2, 2}}, {"at", 0}}}, {"u", {{"shape", {2, 2}}, {"at", 0}}}};
    EXPECT_THROW(static_cast<void>(said_bytes(shared)), Gone);
    const Json view{{"width", 16}, {"height", 16}, {"channels", 3},
                    {"sample", 0}, {"alpha", 0},   {"transfer", 0}};
    EXPECT_THROW(static_cast<void>(packed_view(decode_view(view), memory.bytes())), Gone);
    for (const char *member : {"width", "channels", "sample", "alpha", "transfer"}) {
        Json bad = view;
        bad[member] = member == std::string("width") ? -1 : 9;
        EXPECT_THROW(static_cast<void>(decode_view(bad)), Gone) << member;
    }
}

/// What mirra-worker answers to the one who asks for an engine.
Json answer_of_worker(const Json &asked) {
    auto [here, there] = Channel::pair();
    Dl_info library{};
    EXPECT_NE(0, dladdr(reinterpret_cast<const void *>(&mirra_version), &library));
    const auto program = host::worker_program(std::filesystem::path(library.dli_fname).parent_path());
    const host::ChildProcess worker(program, {"--serve", std::to_string(getpid())}, there.descriptor(),
                                    host::ChildProcess::Output::shared);
    there = Channel();
    here.send(asked);
    return here.receive().body;
}

TEST(IsolationWorker, OneOfAnotherBuildIsRefused) {
    Json asked{{"do", "engine"},
               {"version", MIRRA_VERSION_TEXT},
               {"sources", sources_digest()},
               {"plugins", Json::array()},
               {"skip", Json::array()},
               {"bundles", Json::array()},
               {"runtime", ""},
               {"libtorch", ""},
               {"logs", false}};
    EXPECT_EQ("engine", answer_of_worker(asked).at("is"));
    asked["sources"] = std::string(64, '0');
    const Json other = answer_of_worker(asked);
    EXPECT_EQ("error", other.at("is"));
    EXPECT_NE(std::string::npos, other.dump().find("built from other sources")) << other;
    asked.erase("sources");
    EXPECT_EQ("error", answer_of_worker(asked).at("is"));
    asked["version"] = "0.0.9";
    EXPECT_NE(std::string::npos, answer_of_worker(asked).dump().find("is of version"));
}

} // namespace
} // namespace mirra::isolation

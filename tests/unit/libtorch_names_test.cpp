// The names of shared libraries: how they change, and that no file makes the reader read beyond it.
#include "capi_test_support.hpp"
#include "runtime/libtorch/prepare.hpp"
#include "runtime/libtorch/private_names.hpp"

#include "mirra/error.hpp"
#include "throws.hpp"

#include <fstream>
#include <random>

namespace mirra::test {
namespace {

using namespace libtorch;

std::uint32_t gnu_hash(const std::string &name) {
    std::uint32_t hash = 5381;
    for (const char each : name) hash = hash * 33 + static_cast<unsigned char>(each);
    return hash;
}

TEST(LibTorchNames, AChangedNameHasItsOldHashAndLength) {
    for (const std::string name : {"_ZN2at5zerosE", "omp_get_max_threads", "uv_run", "xyz"})
        for (const Change change : {Change::tail, Change::head}) {
            const std::string other = changed(name, change);
            EXPECT_NE(name, other);
            EXPECT_EQ(name.size(), other.size());
            EXPECT_EQ(gnu_hash(name), gnu_hash(other)) << name;
        }
    EXPECT_EQ("abc", changed("abc", Change::none));
    EXPECT_EQ("mirc10.so", private_file_name("libc10.so"));
    EXPECT_THAT([&] { static_cast<void>(private_file_name("c10.so")); },
                mirra::test::throws_error(ErrorCode::unsupported, "does not begin with lib (c10.so)"));
}

std::string bytes_of(const std::string &file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Whether it could be read; reads all there is.
bool readable(const std::string &file) {
    try {
        const DynamicNames names(file, false);
        for (const auto &symbol : names.symbols()) EXPECT_LE(symbol.name.size(), 1U << 20);
        for (const auto offset : names.other_strings()) static_cast<void>(names.string(offset));
        static_cast<void>(names.needed());
        return !names.soname().empty() || !names.symbols().empty();
    } catch (const Error &) {
        return false;
    }
}

TEST(LibTorchNames, DamagedLibrariesAreErrors) {
    const std::string whole = bytes_of(MIRRA_TEST_TEMPLATE), file = temporary("damaged.so");
    ASSERT_TRUE(readable(MIRRA_TEST_TEMPLATE));
    const auto write = [&](const std::string &bytes) { std::ofstream(file, std::ios::binary) << bytes; };
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 16) {
        write(whole.substr(0, size));
        readable(file);
    }
    write("");
    EXPECT_FALSE(readable(file));
    std::mt19937 random(1);
    for (int i = 0; i < 500; ++i) {
        std::string damaged = whole;
        for (int n = 0; n < 8; ++n)
            damaged[random() % (n % 2 == 0 ? 1024 : damaged.size())] = static_cast<char>(random());
        write(damaged);
        readable(file);
    }
}

TEST(LibTorchNames, AFolderWithoutLibTorchIsSaid) {
    try {
        prepare({"/nonexistent", {}}, MIRRA_TEST_TEMPLATE, temporary("private"));
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(ErrorCode::not_found, error.code());
        EXPECT_EQ("/nonexistent", error.subject());
    }
}

} // namespace
} // namespace mirra::test

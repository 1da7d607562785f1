// Private copies of a LibTorch: made by many at once, and at the cost of nothing that lay there.
#include "capi_test_support.hpp"
#include "libtorch_cache.hpp"
#include "runtime/libtorch/prepare.hpp"

#include "mirra/error.hpp"
#include "throws.hpp"

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mirra::test {
namespace {

namespace fs = std::filesystem;
using namespace libtorch;

const Source kSource{fs::path(MIRRA_TEST_TINY_TORCH).parent_path(), {}};
constexpr const char *kShimFile = MIRRA_TEST_TINY_SHIM;

fs::path fresh_folder(const char *name) {
    const fs::path folder = temporary(name);
    fs::remove_all(folder);
    fs::create_directories(folder);
    return folder;
}

void write_text(const fs::path &file) {
    std::ofstream(file) << "three years of work";
}

std::set<std::string> names_in(const fs::path &folder) {
    std::set<std::string> names;
    for (const auto &each : fs::directory_iterator(folder)) names.insert(each.path().filename());
    return names;
}

const std::set<std::string> kCopy{kPrivateTorch, kShim};

TEST(LibTorchPrepare, WhatIsNoCopyIsNeverRemoved) {
    const fs::path folder = fresh_folder("others"), target = folder / "target";
    fs::create_directory(target);
    write_text(target / "thesis.txt");
    EXPECT_THAT([&] { static_cast<void>(prepare(kSource, kShimFile, target)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "thesis.txt"));
    for (const char *name : {kPrivateTorch, kShim}) write_text(target / name); // a copy, beside it
    EXPECT_THAT([&] { static_cast<void>(prepare(kSource, kShimFile, target)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "thesis.txt"));
    EXPECT_THAT([&] { static_cast<void>(prepare(kSource, kShimFile, target / "thesis.txt")); },
                mirra::test::throws_error(ErrorCode::io, "cannot look into the folder"));
    fs::remove(target / "thesis.txt");
    fs::create_directory(target / "mirror.so.d");
    EXPECT_THAT([&] { static_cast<void>(prepare(kSource, kShimFile, target)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "mirror.so.d"));
    EXPECT_EQ((std::set<std::string>{kPrivateTorch, kShim, "mirror.so.d"}), names_in(target));
    EXPECT_EQ(std::set<std::string>{"target"}, names_in(folder));
}

TEST(LibTorchPrepare, ReplacesAnEarlierCopyAlsoThroughALink) {
    const fs::path folder = fresh_folder("earlier"), target = folder / "target", link = folder / "link";
    fs::create_directory(target);
    write_text(target / "mirold.so");
    fs::create_directory_symlink("target", link);
    prepare(kSource, kShimFile, link);
    EXPECT_TRUE(is_whole(target));
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(kCopy, names_in(target));
    EXPECT_EQ((std::set<std::string>{"link", "target"}), names_in(folder));
}

TEST(LibTorchPrepare, ManyAtOnceDoNotGetIntoEachOthersWay) {
    for (const Existing existing : {Existing::keep, Existing::replace}) {
        const fs::path folder = fresh_folder("many"), target = folder / "target";
        std::vector<std::thread> threads;
        for (int i = 0; i < 6; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 5; ++n) EXPECT_NO_THROW(prepare(kSource, kShimFile, target, existing));
            });
        for (auto &thread : threads) thread.join();
        EXPECT_EQ(kCopy, names_in(target));
        EXPECT_EQ(std::set<std::string>{"target"}, names_in(folder));
    }
}

class LibTorchCache : public ::testing::Test {
  protected:
    [[nodiscard]] std::set<std::string> copies() const { return names_in(cache / "mirra"); }

    fs::path cache = fresh_folder("cache");
    Environment home{"XDG_CACHE_HOME", cache.c_str()};
};

TEST_F(LibTorchCache, ThreadsAndProcessesMakeOneCopy) {
    constexpr int kProcesses = 4;
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
        children.push_back(fork());
        if (children.back() != 0) continue;
        std::atomic<int> failed{0};
        std::vector<std::thread> threads;
        for (int n = 0; n < 4; ++n)
            threads.emplace_back([&] {
                try {
                    if (!is_whole(host::private_copy(kSource.folder, kShimFile))) ++failed;
                } catch (...) {
                    ++failed;
                }
            });
        for (auto &thread : threads) thread.join();
        _exit(failed);
    }
    for (const pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_EQ(0, status);
    }
    EXPECT_EQ(1U, copies().size());
    EXPECT_EQ(kCopy, names_in(host::private_copy(kSource.folder, kShimFile)));
}

TEST_F(LibTorchCache, ACopyThatOthersUseStays) {
    const fs::path file = host::private_copy(kSource.folder, kShimFile) / kPrivateTorch;
    const auto made = fs::last_write_time(file);
    void *const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(nullptr, library) << dlerror();
    EXPECT_EQ(file, host::private_copy(kSource.folder, kShimFile) / kPrivateTorch);
    EXPECT_EQ(made, fs::last_write_time(file));
}

TEST_F(LibTorchCache, AnotherShimOrLibraryIsAnotherCopy) {
    const fs::path other = fresh_folder("other-shim"), torch = fresh_folder("other-torch");
    fs::copy_file(kShimFile, other / "libmirra_libtorch_shim.so");
    std::ofstream(other / "libmirra_libtorch_shim.so", std::ios::app) << "of a later version";
    fs::copy_file(MIRRA_TEST_TINY_TORCH, torch / "libtorch_cpu.so");
    const fs::path first = host::private_copy(torch, kShimFile);
    EXPECT_NE(first, host::private_copy(torch, other / "module.so"));
    write_text(torch / "libc10.so");
    EXPECT_NE(first, host::private_copy(torch, kShimFile));
}

TEST_F(LibTorchCache, WhatAKilledProcessLeftIsRemoved) {
    fs::create_directories(cache / "mirra");
    for (const char *name : {"libtorch-1.partial-77", "libtorch-1.partial-new", "other.partial-1"}) {
        fs::create_directory(cache / "mirra" / name);
        write_text(cache / "mirra" / name / "mirc10.so");
        if (std::string_view(name) != "libtorch-1.partial-new")
            fs::last_write_time(cache / "mirra" / name,
                                fs::file_time_type::clock::now() - std::chrono::hours(1));
    }
    const fs::path copy = host::private_copy(kSource.folder, kShimFile);
    EXPECT_EQ((std::set<std::string>{copy.filename(), "libtorch-1.partial-new", "other.partial-1"}),
              copies());
}

} // namespace
} // namespace mirra::test

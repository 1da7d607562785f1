// Files: reading, mapping, atomic writing, and what each failure says.
#include "mirra/file.hpp"

#include "image_test_support.hpp"
#include "other_user.hpp"

#include <csignal>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mirra::test {
namespace {

namespace fs = std::filesystem;

void put(const fs::path &path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

TEST(File, ReadsAndMapsTheSameBytes) {
    const auto path = fresh_folder("file") / "ä b.bin";
    put(path, "hello");
    EXPECT_EQ(read_file(path, 5), to_bytes("hello"));
    const MappedFile mapped(path);
    EXPECT_TRUE(std::ranges::equal(mapped.bytes(), to_bytes("hello")));
}

TEST(File, AnEmptyFileIsEmpty) {
    const auto path = fresh_folder("file") / "empty";
    put(path, "");
    EXPECT_TRUE(read_file(path, 5).empty());
    EXPECT_TRUE(MappedFile(path).bytes().empty());
}

TEST(File, AMappingMoves) {
    const auto path = fresh_folder("file") / "x";
    put(path, "hello");
    MappedFile first(path);
    MappedFile second(std::move(first));
    EXPECT_EQ(second.bytes().size(), 5U);
    put(path.parent_path() / "y", "abc");
    second = MappedFile(path.parent_path() / "y");
    EXPECT_EQ(second.bytes().size(), 3U);
}

TEST(File, ReadingRefusesWhatIsNoFile) {
    const auto folder = fresh_folder("file");
    put(folder / "six", "sixsix");
    EXPECT_EQ(error_of([&] { read_file(folder / "none", 9); }), code(ErrorCode::not_found));
    EXPECT_EQ(error_of([&] { read_file(folder / "six", 5); }), code(ErrorCode::limit));
    EXPECT_EQ(error_of([&] { read_file(folder, 9); }), code(ErrorCode::io));
    EXPECT_EQ(error_of([&] { MappedFile{folder}; }), code(ErrorCode::io));
    EXPECT_EQ(error_of([&] { MappedFile{folder / "none"}; }), code(ErrorCode::not_found));
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(error_of([&] { read_file(folder / "pipe", 9); }), code(ErrorCode::io))
        << "and it must not wait";
}

TEST(AtomicFile, ReplacesOnCommitOnly) {
    const auto folder = fresh_folder("atomic");
    put(folder / "x", "old");
    {
        AtomicFile file(folder / "x");
        file.write("new");
        EXPECT_EQ(slurp(folder / "x"), "old");
    }
    EXPECT_EQ(slurp(folder / "x"), "old");
    EXPECT_EQ(count_files(folder), 1U) << "the temporary file must be gone";
    AtomicFile file(folder / "x");
    file.write("new");
    file.commit();
    EXPECT_EQ(slurp(folder / "x"), "new");
    EXPECT_EQ(count_files(folder), 1U);
    EXPECT_EQ(error_of([&] { file.write("more"); }), code(ErrorCode::internal));
    EXPECT_EQ(error_of([&] { file.commit(); }), code(ErrorCode::internal));
}

TEST(AtomicFile, KeepsPermissionsOrTakesThoseOfTheUmask) {
    const auto folder = fresh_folder("atomic");
    put(folder / "x", "old");
    ASSERT_EQ(::chmod((folder / "x").c_str(), 0640), 0);
    const auto mode_after_writing = [&](const char *name) {
        AtomicFile file(folder / name);
        file.write("new");
        file.commit();
        struct stat status {};
        EXPECT_EQ(::stat((folder / name).c_str(), &status), 0);
        return status.st_mode & 0777U;
    };
    EXPECT_EQ(mode_after_writing("x"), 0640U);
    const mode_t mask = ::umask(027);
    EXPECT_EQ(mode_after_writing("y"), 0640U);
    ::umask(mask);
}

TEST(AtomicFile, WritesThroughALink) {
    const auto folder = fresh_folder("atomic");
    put(folder / "target", "old");
    fs::create_symlink("target", folder / "link");
    AtomicFile file(folder / "link");
    file.write("new");
    file.commit();
    EXPECT_TRUE(fs::is_symlink(folder / "link"));
    EXPECT_EQ(slurp(folder / "target"), "new");
}

TEST(AtomicFile, NamesTheMissingFolder) {
    const auto folder = fresh_folder("atomic");
    try {
        AtomicFile{folder / "no" / "x"};
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::not_found);
        EXPECT_THAT(error.what(), testing::HasSubstr((folder / "no").string()));
        EXPECT_EQ(error.subject(), (folder / "no" / "x").string());
        EXPECT_NE(error.hint(), "");
    }
    put(folder / "file", "");
    EXPECT_EQ(error_of([&] { AtomicFile{folder / "file" / "x"}; }), code(ErrorCode::not_found));
}

TEST(AtomicFile, RefusesAFolderAndAnEmptyName) {
    const auto folder = fresh_folder("atomic");
    fs::create_directory(folder / "sub");
    EXPECT_EQ(error_of([&] { AtomicFile{folder / "sub"}; }), code(ErrorCode::io));
    EXPECT_EQ(error_of([&] { AtomicFile{fs::path()}; }), code(ErrorCode::invalid_argument));
    EXPECT_TRUE(fs::is_directory(folder / "sub"));
}

TEST(AtomicFile, RefusesWhatMayNotBeWritten) {
    const auto folder = fresh_folder("atomic");
    as_ordinary_user(folder, [&] {
        put(folder / "x", "old");
        EXPECT_EQ(::chmod((folder / "x").c_str(), 0400), 0);
        EXPECT_EQ(error_of([&] { AtomicFile{folder / "x"}; }), code(ErrorCode::io));
        EXPECT_EQ(::chmod(folder.c_str(), 0500), 0);
        EXPECT_EQ(error_of([&] { AtomicFile{folder / "y"}; }), code(ErrorCode::io));
        EXPECT_EQ(::chmod(folder.c_str(), 0700), 0);
    });
}

TEST(AtomicFile, RefusesAReadOnlyFileSystem) {
    if (!fs::is_directory("/proc/self")) GTEST_SKIP() << "this system has no /proc";
    EXPECT_NE(error_of([] { AtomicFile{"/proc/self/mirra"}; }), 0);
}

TEST(AtomicFile, SaysThatTheDiskIsFull) {
    if (!fs::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
    AtomicFile file("/dev/full");
    try {
        file.write("x");
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::io);
        EXPECT_THAT(error.what(), testing::HasSubstr("No space left"));
        EXPECT_NE(error.hint(), "");
    }
    EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(AtomicFile, WritesToADeviceInPlace) {
    AtomicFile file("/dev/null");
    file.write("x");
    file.commit();
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(AtomicFile, AFailedWriteLeavesTheOldFile) {
    const auto folder = fresh_folder("atomic");
    put(folder / "x", "old");
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlimit small{4096, limit.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const int result = error_of([&] {
        AtomicFile file(folder / "x");
        file.write(std::string(10000, 'n'));
        file.commit();
    });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(result, code(ErrorCode::io));
    EXPECT_EQ(slurp(folder / "x"), "old");
    EXPECT_EQ(count_files(folder), 1U);
}

} // namespace
} // namespace mirra::test

// Files: reading, mapping, atomic writing, and what each failure says.
#include "mirra/file.hpp"

#include "image_test_support.hpp"
#include "other_user.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace mirra::test {
namespace {

namespace fs = std::filesystem;

void put(const fs::path &path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

TEST(File, ReadsItsBytes) {
    const auto path = fresh_folder("file") / "ä b.bin";
    put(path, "hello");
    EXPECT_EQ(read_file(path, 5), to_bytes("hello"));
}

TEST(File, AnEmptyFileIsEmpty) {
    const auto path = fresh_folder("file") / "empty";
    put(path, "");
    EXPECT_TRUE(read_file(path, 5).empty());
}

TEST(File, ReadingRefusesWhatIsNoFile) {
    const auto folder = fresh_folder("file");
    put(folder / "six", "sixsix");
    EXPECT_EQ(error_of([&] { read_file(folder / "none", 9); }), code(ErrorCode::not_found));
    EXPECT_EQ(error_of([&] { read_file(folder / "six", 5); }), code(ErrorCode::limit));
    EXPECT_EQ(error_of([&] { read_file(folder, 9); }), code(ErrorCode::io));
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
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const int result = error_of([&] {
        AtomicFile file(folder / "x");
        file.write(std::string(10000, 'n'));
        file.commit();
    });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_EQ(result, code(ErrorCode::io));
    EXPECT_EQ(slurp(folder / "x"), "old");
    EXPECT_EQ(count_files(folder), 1U);
}

/// What `work` gives in a process of its own, as a user without rights; -1: it threw something else.
template<class Work> int as_nobody(const Work &work) {
    constexpr uid_t kNobody = 65534;
    const pid_t child = ::fork();
    if (child == 0) {
        int result = -1;
        try {
            const bool ready = ::geteuid() != 0 || (::setgid(kNobody) == 0 && ::setuid(kNobody) == 0);
            if (ready) result = work();
        } catch (...) {
        }
        ::_exit(result & 0xff);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int write_error(const fs::path &path, std::string_view text = "new") {
    return error_of([&] { write_file(path, text); });
}

int write_code(const fs::path &path) {
    return -write_error(path); // an exit status has no sign
}

struct stat status_of(const fs::path &path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status;
}

/// A folder that everybody may go to.
fs::path open_folder(const char *name) {
    const auto folder = fs::temp_directory_path() / (std::string(name) + std::to_string(::getpid()));
    fs::remove_all(folder);
    fs::create_directories(folder);
    EXPECT_EQ(::chmod(folder.c_str(), 0777), 0);
    return folder;
}

TEST(AtomicFile, WritesOverAFileWhoseFolderIsClosed) {
    const auto folder = open_folder("mirra-closed");
    put(folder / "x", "the old and longer content");
    ASSERT_EQ(::chmod((folder / "x").c_str(), 0666), 0);
    ASSERT_EQ(::chmod(folder.c_str(), 0555), 0);
    EXPECT_EQ(as_nobody([&] { return write_code(folder / "x"); }), 0);
    EXPECT_EQ(slurp(folder / "x"), "new");
    ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
    EXPECT_EQ(count_files(folder), 1U);
    fs::remove_all(folder);
}

TEST(AtomicFile, WritesOverAnothersFileInAStickyFolder) {
    if (::geteuid() != 0) GTEST_SKIP() << "this system runs the tests as an ordinary user";
    const auto folder = open_folder("mirra-sticky");
    ASSERT_EQ(::chmod(folder.c_str(), 01777), 0);
    put(folder / "x", "the old and longer content");
    ASSERT_EQ(::chmod((folder / "x").c_str(), 0666), 0);
    EXPECT_EQ(as_nobody([&] { return write_code(folder / "x"); }), 0);
    EXPECT_EQ(slurp(folder / "x"), "new");
    EXPECT_EQ(status_of(folder / "x").st_uid, 0U);
    EXPECT_EQ(count_files(folder), 1U);
    fs::remove_all(folder);
}

TEST(AtomicFile, KeepsOwnerModeAndAttributes) {
    const auto folder = fresh_folder("atomic");
    put(folder / "x", "old");
    const bool root = ::geteuid() == 0;
    if (root) {
        ASSERT_EQ(::chown((folder / "x").c_str(), 1234, 2345), 0);
    }
    ASSERT_EQ(::chmod((folder / "x").c_str(), 0604), 0);
    const bool attributes = ::setxattr((folder / "x").c_str(), "user.note", "kept", 4, 0) == 0;
    write_file(folder / "x", "new");
    const auto status = status_of(folder / "x");
    EXPECT_EQ(status.st_mode & 07777U, 0604U);
    if (root) {
        EXPECT_EQ(status.st_uid, 1234U);
        EXPECT_EQ(status.st_gid, 2345U);
    }
    std::array<char, 8> value{};
    if (!attributes) return;
    EXPECT_EQ(::getxattr((folder / "x").c_str(), "user.note", value.data(), value.size()), 4);
}

TEST(AtomicFile, APrivateFileIsPrivateFromItsFirstByte) {
    const auto folder = fresh_folder("atomic");
    put(folder / "x", "old");
    ASSERT_EQ(::chmod((folder / "x").c_str(), 0600), 0);
    AtomicFile file(folder / "x");
    file.write("secret");
    for (const auto &entry : fs::directory_iterator(folder))
        EXPECT_EQ(status_of(entry.path()).st_mode & 077U, 0U) << entry.path();
    for (const auto &entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        const auto target = fs::read_symlink(entry.path(), error).string();
        if (!target.starts_with(folder.string()) || error) continue;
        EXPECT_EQ(status_of(entry.path()).st_mode & 077U, 0U) << target;
    }
    file.commit();
    EXPECT_EQ(status_of(folder / "x").st_mode & 0777U, 0600U);
}

TEST(AtomicFile, MakesTheTargetOfALink) {
    const auto folder = fresh_folder("atomic");
    fs::create_directory(folder / "sub");
    fs::create_symlink("sub/second", folder / "first");
    fs::create_symlink("target", folder / "sub" / "second");
    write_file(folder / "first", "new");
    EXPECT_TRUE(fs::is_symlink(folder / "first"));
    EXPECT_TRUE(fs::is_symlink(folder / "sub" / "second"));
    EXPECT_EQ(slurp(folder / "sub" / "target"), "new");
    fs::create_symlink("none/target", folder / "lost");
    EXPECT_EQ(write_error(folder / "lost"), code(ErrorCode::not_found));
}

TEST(AtomicFile, RefusesLinksInACircleAndNamesThatAreNone) {
    const auto folder = fresh_folder("atomic");
    fs::create_symlink("b", folder / "a");
    fs::create_symlink("a", folder / "b");
    EXPECT_EQ(write_error(folder / "a"), code(ErrorCode::io));
    EXPECT_EQ(write_error(folder / std::string(300, 'n')), code(ErrorCode::io));
    EXPECT_EQ(write_error(folder / std::string(255, 'n')), 0) << "the longest name that there is";
    EXPECT_EQ(write_error("-"), code(ErrorCode::invalid_argument));
    EXPECT_FALSE(fs::exists("-"));
}

TEST(AtomicFile, APipeWithoutReaderIsAnErrorAtOnce) {
    const auto folder = fresh_folder("atomic");
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(write_error(folder / "pipe"), code(ErrorCode::io));
    EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
}

TEST(AtomicFile, AProbeDoesNotEndAPipe) {
    const auto folder = fresh_folder("atomic");
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    std::thread reader([&] { EXPECT_EQ(slurp(folder / "pipe"), std::string(300000, 'x')); });
    check_writable(folder / "pipe");
    // The reader may not be there yet.
    while (write_error(folder / "pipe", std::string(300000, 'x')) != 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    reader.join();
}

/// Signals that came through, counted by a handler that stays in place.
std::atomic<int> g_signals{0};

TEST(AtomicFile, AReaderThatLeavesIsAnErrorAndNoSignal) {
    const auto folder = fresh_folder("atomic");
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    const auto before = std::signal(SIGPIPE, [](int) { ++g_signals; });
    g_signals = 0;
    const int reader = ::open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
    AtomicFile file(folder / "pipe");
    file.write("x");
    ::close(reader);
    EXPECT_EQ(error_of([&] { file.write("y"); }), code(ErrorCode::io));
    EXPECT_EQ(g_signals, 0);
    std::raise(SIGPIPE);
    EXPECT_EQ(g_signals, 1) << "the handler of the host is the same as before";
    std::signal(SIGPIPE, before);
}

TEST(AtomicFile, WritesToADescriptorWhereItStands) {
    const auto folder = fresh_folder("atomic");
    const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT, 0600);
    ASSERT_EQ(::write(log, "before ", 7), 7);
    for (const char *form : {"/dev/fd/", "/proc/self/fd/"}) write_file(form + std::to_string(log), "x");
    ASSERT_EQ(::write(log, " after", 6), 6);
    ::close(log);
    EXPECT_EQ(slurp(folder / "log"), "before xx after");
    EXPECT_EQ(write_error("/dev/fd/987"), code(ErrorCode::io));
    const int input = ::open((folder / "log").c_str(), O_RDONLY);
    EXPECT_EQ(error_of([&] { check_writable("/dev/fd/" + std::to_string(input)); }), code(ErrorCode::io));
    ::close(input);
}

TEST(AtomicFile, OfTwoWritersEachWritesAWholeFile) {
    const auto folder = fresh_folder("atomic");
    constexpr std::size_t kBytes = 200000;
    std::atomic<bool> done{false};
    const auto writer = [&](char letter) {
        for (int i = 0; i < 40; ++i) write_file(folder / "x", std::string(kBytes, letter));
    };
    write_file(folder / "x", std::string(kBytes, 'a'));
    std::thread reader([&] {
        while (!done) {
            const std::string text = slurp(folder / "x");
            ASSERT_EQ(text, std::string(kBytes, text.empty() ? '?' : text.front()));
        }
    });
    std::thread first(writer, 'a');
    std::thread second(writer, 'b');
    first.join();
    second.join();
    done = true;
    reader.join();
    EXPECT_EQ(count_files(folder), 1U);
}

} // namespace
} // namespace mirra::test

// Where plugins, bundles and the runtime are looked for.
#include "paths.hpp"

#include "capi_test_support.hpp"

#include <grp.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>

namespace mirra::test {
namespace {

namespace fs = std::filesystem;

/// Makes a folder the current one for the time of a test.
class CurrentFolder {
  public:
    explicit CurrentFolder(const fs::path &folder) : before_(fs::current_path()) { fs::current_path(folder); }
    CurrentFolder(const CurrentFolder &) = delete;
    CurrentFolder &operator=(const CurrentFolder &) = delete;
    ~CurrentFolder() { fs::current_path(before_); }

  private:
    fs::path before_;
};

TEST(HostPaths, NothingIsLoadedFromTheCurrentFolder) {
    const fs::path folder = fs::path(temporary("x")).parent_path();
    fs::create_directories(folder / "mirra" / "plugins");
    std::ofstream(folder / "mirra" / "plugins" / "trap.so") << "x";
    const CurrentFolder current(folder);
    const Environment user("XDG_DATA_HOME", ".");
    const Environment home("HOME", folder.c_str());
    EXPECT_EQ(1U, host::plugin_candidates({}, folder).size());
    EXPECT_TRUE(host::plugin_candidates({}, {}).empty());
    EXPECT_TRUE(host::runtime_candidates({}, {}).empty());
    EXPECT_TRUE(host::installed_bundle_folders({}).empty());
}

/// What the probe prints. As another user where `user` is not 0.
std::string probe(const fs::path &program, uid_t user) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(pipe[1], STDOUT_FILENO);
        if (user != 0 && (::setgroups(0, nullptr) != 0 || ::setgid(user) != 0 || ::setuid(user) != 0))
            _exit(99);
        ::execl(program.c_str(), program.c_str(), nullptr);
        _exit(98);
    }
    ::close(pipe[1]);
    std::string text;
    std::array<char, 256> part{};
    for (ssize_t got = 0; (got = ::read(pipe[0], part.data(), part.size())) > 0;)
        text.append(part.data(), static_cast<std::size_t>(got));
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0 ? text : "failed with status " + std::to_string(status);
}

TEST(HostPaths, TheEnvironmentOfALessTrustedCallerIsNotBelieved) {
    constexpr uid_t kNobody = 65534;
    const fs::path folder = fs::path(temporary("x")).parent_path();
    const fs::path plain = folder / "plain", trusted = folder / "trusted";
    for (const auto &copy : {plain, trusted}) {
        fs::remove(copy);
        fs::copy_file(MIRRA_TEST_SECURE_PROBE, copy);
    }
    std::ofstream(folder / "trap.so") << "x";
    const Environment home("HOME", folder.c_str()), bundles("MIRRA_BUNDLE_PATH", folder.c_str());
    const Environment plugins("MIRRA_PLUGIN_PATH", folder.c_str()),
        runtime("MIRRA_RUNTIME_MODULE", "/trap.so");
    EXPECT_EQ("HOME=" + folder.string() + "\nMIRRA_BUNDLE_PATH=" + folder.string() +
                  "\nplugins=1\nruntimes=1\nbundles=1\n",
              probe(plain, 0));
    struct statvfs place {};
    if (::geteuid() != 0 || ::statvfs(folder.c_str(), &place) != 0 || (place.f_flag & ST_NOSUID) != 0)
        GTEST_SKIP() << "this system makes no set-user-ID program for this user in this folder";
    fs::permissions(trusted, fs::perms::set_uid, fs::perm_options::add);
    EXPECT_EQ("HOME=\nMIRRA_BUNDLE_PATH=\nplugins=0\nruntimes=0\nbundles=0\n", probe(trusted, kNobody));
}

} // namespace
} // namespace mirra::test

// Where plugins, bundles and the runtime are looked for.
#include "paths.hpp"

#include "capi_test_support.hpp"

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
    EXPECT_TRUE(host::bundle_folders({}, {}).empty());
}

} // namespace
} // namespace mirra::test

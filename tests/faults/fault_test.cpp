// Every call of every writer fails once, in every way: the old file is whole or the new one is, and nothing
// else lies in the folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

/// A program that writes one file. The two variants write different bytes.
struct Writer {
    const char *name;
    const char *file; ///< its name in the folder
    Words (*command)(const std::string &file, int variant);
};

template<const char *kind> Words something(const std::string &file, int variant) {
    return {MIRRA_TEST_WRITE_SOMETHING, kind, file, std::to_string(variant)};
}

constexpr char kPicture[] = "picture";
constexpr char kTensors[] = "tensors";
constexpr char kBundle[] = "bundle";
constexpr char kText[] = "text";

const Writer kWriters[] = {
    {"png", "out.png", something<kPicture>},
    {"jpeg", "out.jpg", something<kPicture>},
    {"tensors", "out.st", something<kTensors>},
    {"bundle", "out.mirra", something<kBundle>},
    {"text", "out.csv", something<kText>},
#ifdef MIRRA_TEST_CLI
    {"noise", "out.png",
     [](const std::string &file, int variant) -> Words {
         const std::string clean = (fs::path(file).parent_path().parent_path() / "clean.png").string();
         return {MIRRA_TEST_CLI,         "noise", clean, "-o", file, "--sigma", "9", "--seed",
                 std::to_string(variant)};
     }},
    {"sheet", "out.jpg",
     [](const std::string &file, int variant) -> Words {
         const std::string clean = (fs::path(file).parent_path().parent_path() / "clean.png").string();
         return {MIRRA_TEST_CLI, "sheet", clean, "-o", file, "--label", "variant " + std::to_string(variant)};
     }},
#endif
};

std::string slurp(const fs::path &path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// Exit status, or minus the signal.
int run(const Words &words, const Variables &variables) {
    const pid_t child = ::fork();
    if (child == 0) {
        for (const auto &[name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
        const int nothing = ::open("/dev/null", O_RDWR);
        for (const int descriptor : {0, 1, 2}) ::dup2(nothing, descriptor);
        std::vector<char *> arguments;
        for (const auto &word : words) arguments.push_back(const_cast<char *>(word.c_str()));
        arguments.push_back(nullptr);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

class Faults : public testing::TestWithParam<std::tuple<Writer, const char *>> {
  protected:
    Faults() : root_(fs::temp_directory_path() / ("mirra-faults-" + std::to_string(::getpid()))) {
        fs::create_directories(folder());
        run({MIRRA_TEST_WRITE_SOMETHING, "picture", (root_ / "clean.png").string(), "7"}, {});
    }
    ~Faults() override {
        std::error_code ignored;
        fs::remove_all(root_, ignored);
    }

    [[nodiscard]] static const Writer &writer() { return std::get<0>(GetParam()); }
    /// The variable for a file system that lacks something; "" for none.
    [[nodiscard]] static std::string lack() { return std::get<1>(GetParam()); }
    [[nodiscard]] fs::path folder() const { return root_ / "out"; }
    [[nodiscard]] fs::path file() const { return folder() / writer().file; }
    [[nodiscard]] fs::path mark() const { return root_ / "failed"; }

    int write(int variant, const Variables &variables = {}) const {
        return run(writer().command(file().string(), variant), variables);
    }
    /// What the writer leaves without faults.
    std::string content(int variant) const {
        fs::remove(file());
        EXPECT_EQ(write(variant), 0);
        return slurp(file());
    }
    /// Files beside the one that is written; those of killed processes are taken away.
    std::size_t strangers() const {
        std::size_t count = 0;
        std::vector<fs::path> found;
        for (const auto &entry : fs::directory_iterator(folder()))
            if (entry.path() != file()) found.push_back(entry.path());
        for (const auto &path : found) {
            ++count;
            EXPECT_TRUE(path.filename().string().starts_with(std::string(".mirra-") + writer().file + "."))
                << "the name says whose it is: " << path;
            fs::remove(path);
        }
        return count;
    }
    /// Lets the n-th call fail, until there is none; gives how many there were.
    int each_call(const std::string &how, bool from, const std::string &old, const std::string &fresh) const;

    fs::path root_;
};

int Faults::each_call(const std::string &how, bool from, const std::string &old,
                      const std::string &fresh) const {
    constexpr int kMost = 200;
    for (int call = 1; call < kMost; ++call) {
        fs::remove(file());
        if (!old.empty()) std::ofstream(file(), std::ios::binary) << old;
        fs::remove(mark());
        Variables variables{{"LD_PRELOAD", MIRRA_TEST_FAULTY_FILES},
                            {"FAULTY_FOLDER", fs::weakly_canonical(folder()).string()},
                            {"FAULTY_CALL", std::to_string(call) + (from ? "+" : "")},
                            {"FAULTY_HOW", how},
                            {"FAULTY_MARK", mark().string()}};
        if (!lack().empty()) variables[lack()] = "1";
        const int status = write(2, variables);
        if (!fs::exists(mark())) return call - 1;
        const std::string where = how + " at call " + std::to_string(call);
        const bool there = fs::exists(file());
        const std::string now = slurp(file());
        EXPECT_TRUE(there || old.empty()) << where;
        EXPECT_TRUE(!there || now == old || now == fresh) << where << ": " << now.size() << " bytes";
        EXPECT_TRUE(status != 0 || now == fresh) << where;
        const bool harmless = how == "EINTR" || how == "SHORT";
        const bool expected = how == "KILL" ? status == -SIGKILL : status == 0 || (status == 4 && !harmless);
        EXPECT_TRUE(expected) << where << ": " << status;
        // Of a killed process: at most one, between its name and the file's.
        EXPECT_LE(strangers(), how == "KILL" ? 1U : 0U) << where;
    }
    return kMost;
}

TEST_P(Faults, LeaveTheOldFileOrTheNew) {
    const std::string first = content(1), second = content(2);
    ASSERT_NE(first, second);
    ASSERT_FALSE(second.empty());
    for (const std::string &old : {first, std::string()})
        for (const char *how : {"ENOSPC", "EIO", "EINTR", "SHORT", "KILL"}) {
            constexpr int kFewest = 4; // open, write, sync, a name
            EXPECT_GE(each_call(how, false, old, second), kFewest) << how;
            const bool stays = std::string(how) == "ENOSPC" || std::string(how) == "EIO";
            if (stays) each_call(how, true, old, second);
        }
}

INSTANTIATE_TEST_SUITE_P(Of, Faults,
                         testing::Combine(testing::ValuesIn(kWriters),
                                          testing::Values("", "FAULTY_NAMED", "FAULTY_NAMELESS")),
                         [](const auto &instance) {
                             return std::string(std::get<0>(instance.param).name) +
                                    std::get<1>(instance.param);
                         });

} // namespace

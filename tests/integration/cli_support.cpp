// Subprocesses and files of the command's tests.
#include "cli_support.hpp"

#include <csignal>
#include <mirra/mirra.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace mirra::test {
namespace {

std::string read_text(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void execute(std::vector<char *> &arguments, const std::string &out, const std::string &err) {
    const int out_file = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err_file = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int nothing = open("/dev/null", O_RDONLY);
    if (out_file < 0 || err_file < 0 || nothing < 0) _exit(127);
    dup2(nothing, STDIN_FILENO);
    dup2(out_file, STDOUT_FILENO);
    dup2(err_file, STDERR_FILENO);
    execv(MIRRA_TEST_CLI, arguments.data());
    _exit(127);
}

double seconds(const timeval &time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

/// Until the time is over or the child has ended, which is left to be waited for.
void wait_at_most(pid_t child, std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    siginfo_t ended{};
    while (std::chrono::steady_clock::now() < end && ended.si_pid == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
    }
}

void wait_for(pid_t child, Outcome &outcome) {
    int status = 0;
    rusage usage{};
    if (wait4(child, &status, 0, &usage) != child) throw std::runtime_error("wait4 failed");
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void require(mirra_status status, mirra_error *error) {
    if (status == MIRRA_OK) return;
    const std::string message = mirra_error_message(error);
    mirra_error_destroy(error);
    throw std::runtime_error(message);
}

} // namespace

Outcome run_cli(const std::vector<std::string> &arguments, std::optional<Signal> signal) {
    const TemporaryFolder folder;
    const std::string out = folder / "out";
    const std::string err = folder / "err";
    std::vector<std::string> texts{"mirra"};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char *> pointers;
    for (auto &text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    const char *bundles = std::getenv("MIRRA_TEST_BUNDLE_PATH");
    setenv("MIRRA_BUNDLE_PATH", bundles != nullptr ? bundles : MIRRA_TEST_BUNDLES, 1);

    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child == 0) {
        // Who started the tests may ignore it, or not.
        if (signal) std::signal(signal->number, signal->ignored ? SIG_IGN : SIG_DFL);
        execute(pointers, out, err);
    }
    if (signal) {
        wait_at_most(child, signal->after);
        kill(child, signal->number);
    }
    Outcome outcome;
    wait_for(child, outcome);
    outcome.out = read_text(out);
    outcome.err = read_text(err);
    return outcome;
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = testing::TempDir() + "/mirra_cli_XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

std::vector<std::string> TemporaryFolder::names() const {
    std::vector<std::string> out;
    for (const auto &entry : std::filesystem::directory_iterator(path_))
        out.push_back(entry.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
}

void write_samples(const std::string &path, int width, int height, int color,
                   std::vector<std::uint8_t> samples, const std::string &profile) {
    MIRRA_STRUCT(mirra_image, image);
    image.width = width;
    image.height = height;
    image.format = MIRRA_FORMAT_U8;
    image.color = color;
    image.flags = MIRRA_IMAGE_PACKED;
    image.plane_count = 1;
    image.planes[0].data = samples.data();
    if (!profile.empty()) image.icc = profile.data();
    image.icc_bytes = profile.size();
    mirra_error *error = nullptr;
    require(mirra_image_write(path.c_str(), &image, nullptr, nullptr, &error), error);
}

void write_waves(const std::string &path, int width, int height) {
    std::vector<std::uint8_t> pixels;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c)
                pixels.push_back(
                    static_cast<std::uint8_t>(128 + 80 * std::sin(0.05 * (x + c * 7)) * std::cos(0.03 * y)));
    write_samples(path, width, height, MIRRA_COLOR_RGB, std::move(pixels));
}

void write_flat(const std::string &path, int width, int height, std::uint8_t gray) {
    write_samples(path, width, height, MIRRA_COLOR_RGB,
                  std::vector<std::uint8_t>(
                      static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, gray));
}

void write_text(const std::string &path, const std::string &text) {
    std::ofstream(path, std::ios::binary) << text;
}

Size size_of(const std::string &path) {
    mirra_error *error = nullptr;
    mirra_picture *picture = nullptr;
    require(mirra_image_read(path.c_str(), nullptr, &picture, &error), error);
    MIRRA_STRUCT(mirra_image, view);
    const mirra_status status = mirra_picture_view(picture, &view, &error);
    mirra_picture_destroy(picture);
    require(status, error);
    return {view.width, view.height, view.format};
}

} // namespace mirra::test

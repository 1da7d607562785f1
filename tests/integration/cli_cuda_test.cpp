// What `mirra devices` and `mirra doctor` say of GPUs, with a driver that answers as drivers do.
#include "cli_support.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

namespace mirra::test {
namespace {

using Settings = std::map<std::string, std::string>;

/// Sets variables for the time of a test.
class Surroundings {
  public:
    explicit Surroundings(Settings settings) : settings_(std::move(settings)) {
        for (const auto &[name, value] : settings_) setenv(name.c_str(), value.c_str(), 1);
    }
    Surroundings(const Surroundings &) = delete;
    Surroundings &operator=(const Surroundings &) = delete;
    ~Surroundings() {
        for (const auto &[name, value] : settings_) unsetenv(name.c_str());
    }

  private:
    Settings settings_;
};

/// A driver, the kernels, and a runtime that knows GPUs; and what is to be different.
Settings with_driver(const Settings &others = {}) {
    Settings settings{{"LD_LIBRARY_PATH", MIRRA_TEST_CUDA_DRIVER_FOLDER},
                      {"MIRRA_CUDA_KERNELS", MIRRA_TEST_CUDA_KERNELS_FILE},
                      {"MIRRA_RUNTIME_MODULE", MIRRA_TEST_CUDA_RUNTIME}};
    for (const auto &[name, value] : others) settings[name] = value;
    return settings;
}

nlohmann::json gpus(const Settings &settings) {
    const Surroundings surroundings(settings);
    auto devices = run_cli({"devices", "--json"}).json()["devices"];
    EXPECT_EQ(devices[0]["id"], "cpu");
    devices.erase(0);
    return devices;
}

/// The reason why the only GPU cannot be used.
std::string reason(const Settings &settings) {
    const auto devices = gpus(settings);
    EXPECT_EQ(devices.size(), 1U) << devices;
    EXPECT_EQ(devices[0]["id"], "cuda:0");
    EXPECT_FALSE(devices[0]["usable"]) << devices;
    return devices[0]["reason"];
}

void expect_part(const std::string &text, const std::string &part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(CliCuda, GpusHaveTheirNamesAndMemoryFromTheDriver) {
    const auto devices = gpus(with_driver({{"FAKE_CUDA_CAPABILITY", "8.9 9.0"}}));
    ASSERT_EQ(devices.size(), 3U) << devices;
    EXPECT_TRUE(devices[0]["usable"]) << devices;
    EXPECT_EQ(devices[0]["name"], "Fake GPU");
    EXPECT_EQ(devices[0]["memory_bytes"], std::uint64_t{8} << 30);
    EXPECT_EQ(devices[0]["precisions"], nlohmann::json({"fp32", "fp16"}));
    EXPECT_EQ(devices[1]["id"], "cuda:1");
    EXPECT_EQ(devices[1]["name"], "Another GPU");
    EXPECT_EQ(devices[2]["id"], "cuda:all");
    EXPECT_EQ(devices[2]["name"], "2 GPUs, with a run on each");
}

TEST(CliCuda, WithoutADriverThereIsNone) {
    if (std::system("ldconfig -p 2>&1 | grep -q 'libcuda.so.1 '") == 0)
        GTEST_SKIP() << "this system has a driver of NVIDIA";
    EXPECT_EQ(reason({}), "no NVIDIA driver was found; install one, or use the device 'cpu'");
}

TEST(CliCuda, ADriverMayHaveNoGpu) {
    expect_part(reason(with_driver({{"FAKE_CUDA_INIT", "100"}})), "the NVIDIA driver finds no GPU; ");
    expect_part(reason(with_driver({{"FAKE_CUDA_CAPABILITY", ""}})),
                "no GPU for this process; see CUDA_VISIBLE_DEVICES");
}

TEST(CliCuda, ADriverMayNotStart) {
    expect_part(
        reason(with_driver({{"FAKE_CUDA_INIT", "803"}})),
        "does not start: system has unsupported display driver / cuda driver combination (error 803); ");
    expect_part(reason(with_driver({{"FAKE_CUDA_INIT", "999"}})),
                "does not start: unknown error (error 999); ");
}

TEST(CliCuda, ALibraryOfThatNameMayBeNoDriver) {
    const std::string folder = std::string(MIRRA_TEST_CUDA_DRIVER_FOLDER) + "/stub";
    EXPECT_EQ(reason(with_driver({{"LD_LIBRARY_PATH", folder}})),
              "libcuda.so.1 is no driver that can be used: it has no cuInit");
}

TEST(CliCuda, ADriverMayBeTooOld) {
    EXPECT_EQ(reason(with_driver({{"FAKE_CUDA_VERSION", "12020"}})),
              "the NVIDIA driver knows CUDA 12.2, and Mirra's kernels need CUDA 13.0; install a driver of "
              "version 580 or newer");
    EXPECT_TRUE(gpus(with_driver({{"FAKE_CUDA_VERSION", "13010"}}))[0]["usable"]);
}

TEST(CliCuda, KernelsMayNotBeBuiltForAGpu) {
    EXPECT_EQ(reason(with_driver({{"FAKE_CUDA_CAPABILITY", "7.5"}})),
              "Fake GPU has compute capability 7.5, and Mirra's kernels are built for 8.0, 8.6, 9.0; build "
              "them with "
              "-DMIRRA_CUDA_ARCHITECTURES=75");
    const auto devices = gpus(with_driver({{"FAKE_CUDA_CAPABILITY", "10.3 8.9"}}));
    ASSERT_EQ(devices.size(), 2U);
    expect_part(devices[0]["reason"], "has compute capability 10.3, ");
    expect_part(devices[0]["reason"], "ARCHITECTURES=103");
    EXPECT_TRUE(devices[1]["usable"]) << devices;
}

TEST(CliCuda, TheKernelsAreNoneOrSound) {
    const TemporaryFolder folder;
    write_text(folder / "broken.so", "this is no library");
    for (const auto &[file, why] :
         {std::pair(folder / "missing.so", "No such file"),
          {folder / "broken.so", "invalid ELF header"},
          {std::string(MIRRA_TEST_CUDA_RUNTIME), "mirra_cuda_kernels_v2 is missing"}}) {
        const std::string told = reason(with_driver({{"MIRRA_CUDA_KERNELS", file}}));
        expect_part(told, "the module of Mirra's kernels, " + file + ", cannot be used: ");
        if (file != folder / "broken.so") expect_part(told, why); // the loader's own words
    }
}

TEST(CliCuda, TheRuntimeMayKnowNoGpu) {
    expect_part(reason(with_driver({{"MIRRA_RUNTIME_MODULE", MIRRA_TEST_FAKE_RUNTIME}})),
                std::string("the runtime module ") + MIRRA_TEST_FAKE_RUNTIME +
                    " computes on the processor alone; install libmirra_runtime_torch.so");
    expect_part(reason(with_driver({{"MIRRA_RUNTIME_MODULE", "/nowhere/runtime.so"}})),
                "the runtime module cannot be used: no runtime module at /nowhere/runtime.so");
}

TEST(CliCuda, ThePlainListAndTheDoctorSayItInASentence) {
    const Surroundings surroundings(with_driver({{"FAKE_CUDA_VERSION", "12080"}}));
    const std::string sentence = "cuda:0  CUDA  cannot be used: the NVIDIA driver knows CUDA 12.8, and "
                                 "Mirra's kernels need CUDA 13.0; ";
    expect_part(run_cli({"devices"}).out, sentence);
    expect_part(run_cli({"doctor"}).out, "device   " + sentence);
}

TEST(CliCuda, PicturesAreSpreadOverSeveralGpusAndToldInTheirOrder) {
    const Surroundings surroundings(with_driver({{"FAKE_CUDA_CAPABILITY", "8.6 8.6"},
                                                 {"MIRRA_RUNTIME_MODULE", MIRRA_TEST_FAKE_RUNTIME},
                                                 {"MIRRA_CUDA_KERNELS", MIRRA_TEST_TWIN_KERNELS},
                                                 {"MIRRA_FAKE_GPUS", "2"},
                                                 {"MIRRA_FAKE_DELAY_MS", "40"}}));
    EXPECT_EQ(run_cli({"devices", "--json"}).json()["devices"].back()["id"], "cuda:all");
    const TemporaryFolder folder;
    std::vector<std::string> arguments{"denoise"};
    for (int i = 0; i < 6; ++i) {
        arguments.push_back(folder / (std::to_string(i) + ".png"));
        write_flat(arguments.back(), 16, 16, static_cast<std::uint8_t>(40 * i));
    }
    std::filesystem::create_directory(folder / "out");
    for (const char *more : {"--quality", "fast", "--device", "cuda:all", "--json", "--sigma", "25", "-o"})
        arguments.emplace_back(more);
    arguments.push_back(folder / "out");
    for (const std::string lost : {"", "cuda:0"}) {
        const Surroundings failing({{"MIRRA_FAKE_LOST", lost}});
        const Outcome run = run_cli(arguments);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        const auto results = run.json()["results"];
        ASSERT_EQ(results.size(), 6U) << results;
        std::map<std::string, int> devices;
        for (std::size_t i = 0; i < results.size(); ++i) {
            EXPECT_EQ(results[i]["input"], arguments[i + 1]);
            ++devices[results[i]["device"]];
        }
        EXPECT_EQ(devices.size(), lost.empty() ? 2U : 1U) << results;
        EXPECT_TRUE(devices.contains("cuda:1")) << results;
    }
}

TEST(CliCuda, ARunOnSuchADeviceEndsWithTheReason) {
    const Surroundings surroundings(with_driver({{"FAKE_CUDA_CAPABILITY", "7.0"}}));
    const TemporaryFolder folder;
    write_flat(folder / "a.png", 16, 16, 90);
    const Outcome run = run_cli({"denoise", folder / "a.png", "-o", folder / "b.png", "--device", "cuda:0"});
    EXPECT_EQ(run.exit_code, 5) << run.err;
    expect_part(run.err, "the device 'cuda:0' cannot be used: Fake GPU has compute capability 7.0");
}

} // namespace
} // namespace mirra::test

// Every allocation of every kind of call fails once, and then with all after it: the call gives an error
// code, nothing is leaked (AddressSanitizer looks on), and the objects work afterwards.
#include "capi_test_support.hpp"
#include "failing_memory.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

/// Of calls that make or read JSON: the library for it takes small blocks in its destructors, where nothing
/// can fail.
constexpr std::size_t kBeyondJson = 1024;
constexpr long kMost = 200'000; ///< allocations of one call: more is a loop without end

struct Fault {
    mirra_status status = MIRRA_OK;
    mirra_error *error = nullptr;
};

void expect_error(const Fault &fault, long n, bool lasting) {
    const std::string at = "allocation " + std::to_string(n) + (lasting ? " and all after it: " : ": ");
    // The C library says of a thread whose block it cannot have that there are too many.
    const bool thread =
        fault.status == MIRRA_E_LIMIT && std::string_view(mirra_error_subject(fault.error)) == "threads";
    EXPECT_TRUE(fault.status == MIRRA_OK || fault.status == MIRRA_E_OUT_OF_MEMORY || thread)
        << at << mirra_status_name(fault.status) << ": " << mirra_error_message(fault.error) << " ["
        << mirra_error_subject(fault.error) << "]";
    EXPECT_EQ(fault.status, mirra_error_code(fault.error)) << at;
}

/// call: `mirra_status (mirra_error **)`, which takes no memory of its own. @returns the number of
/// allocations
template<class Call> long fail_everywhere(const Call &call, std::size_t bytes = 0) {
    long count = 0;
    for (const bool lasting : {false, true}) {
        for (long n = 0;; ++n) {
            Fault fault;
            fail_allocation(n, lasting, bytes);
            fault.status = call(&fault.error);
            const bool failed = end_of_failures();
            if (!failed) {
                EXPECT_EQ(MIRRA_OK, fault.status) << mirra_error_message(fault.error);
                mirra_error_destroy(fault.error);
                count = n;
                break;
            }
            expect_error(fault, n, lasting);
            mirra_error_destroy(fault.error);
            if (::testing::Test::HasFailure() || n > kMost) return n;
        }
    }
    EXPECT_LT(0, count) << "nothing failed: memory is not that of the test";
    return count;
}

struct MemoryFaults : ::testing::Test {
    std::string plugin = std::string(MIRRA_TEST_PLUGINS) + "/denoiser.so";
    Engine engine = make_engine(plugin.c_str());
    std::string file = write_bundle_file({});
    Bundle bundle = make_bundle();
    Pixels<std::uint8_t> in{24, 20, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    std::vector<mirra_port_value> ports{port("image", in.image), port("output", in.image)};

    MemoryFaults() {
        for (std::size_t i = 0; i < in.samples.size(); ++i) in.samples[i] = static_cast<std::uint8_t>(i * 7);
    }
};

TEST_F(MemoryFaults, Engines) {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = plugin.c_str();
    options.runtime_module = MIRRA_TEST_RUNTIME;
    fail_everywhere(
        [&](mirra_error **error) {
            mirra_engine *made = nullptr;
            const mirra_status status = mirra_engine_create(&options, &made, error);
            mirra_engine_destroy(made);
            return status;
        },
        kBeyondJson);
}

TEST_F(MemoryFaults, Bundles) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    fail_everywhere(
        [&](mirra_error **error) {
            mirra_bundle *made = nullptr;
            const mirra_status status = mirra_bundle_open(file.c_str(), &made, error);
            mirra_bundle_destroy(made);
            return status;
        },
        kBeyondJson);
    fail_everywhere(
        [&](mirra_error **error) {
            mirra_bundle *made = nullptr;
            const mirra_status status =
                mirra_bundle_open_memory(bytes.data(), bytes.size(), "faults", &made, error);
            mirra_bundle_destroy(made);
            return status;
        },
        kBeyondJson);
    fail_everywhere([&](mirra_error **error) {
        MIRRA_STRUCT(mirra_graph_info, graph);
        char *path = nullptr;
        mirra_status status = mirra_bundle_graph(bundle.get(), 0, &graph, error);
        if (status == MIRRA_OK) status = mirra_engine_find_bundle(engine.get(), file.c_str(), &path, error);
        mirra_string_free(path);
        return status;
    });
}

TEST_F(MemoryFaults, Sessions) {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    options.bundle = bundle.get();
    fail_everywhere([&](mirra_error **error) {
        mirra_session *made = nullptr;
        const mirra_status status = mirra_session_create(engine.get(), &options, &made, error);
        mirra_session_destroy(made);
        return status;
    });
    const Session session = make_session(engine, bundle, 8);
    fail_everywhere([&](mirra_error **error) {
        MIRRA_STRUCT(mirra_plan, plan);
        MIRRA_STRUCT(mirra_value, value);
        value.type = MIRRA_TYPE_ENUM;
        value.text = "auto";
        mirra_status status = mirra_session_set(session.get(), "sigma", &value, error);
        if (status == MIRRA_OK) status = mirra_session_set_text(session.get(), "sigma", "12.5", error);
        if (status == MIRRA_OK) status = mirra_session_get(session.get(), "sigma", &value, error);
        if (status == MIRRA_OK) status = mirra_session_plan(session.get(), 100, 80, &plan, error);
        return status;
    });
}

TEST_F(MemoryFaults, Runs) {
    const auto given = in.samples; // runs are in place, and the noise of each result would be another
    // The halo of an estimated noise leaves tiles of 12 a core of one pixel.
    for (const auto &[sigma, tile] : {std::pair{"25", 12}, std::pair{"auto", 24}}) {
        const Session session = make_session(engine, bundle, tile);
        EXPECT_OK(mirra_session_set_text(session.get(), "sigma", sigma, error));
        fail_everywhere([&](mirra_error **error) {
            std::ranges::copy(given, in.samples.begin());
            mirra_result *result = nullptr;
            const mirra_status status =
                mirra_session_run(session.get(), ports.data(), ports.size(), nullptr, &result, error);
            mirra_result_destroy(result);
            return status;
        });
    }
}

TEST_F(MemoryFaults, Jobs) {
    const Session session = make_session(engine, bundle, 24);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "25", error));
    fail_everywhere([&](mirra_error **error) {
        mirra_job *job = nullptr;
        mirra_result *result = nullptr;
        mirra_status status =
            mirra_session_submit(session.get(), ports.data(), ports.size(), nullptr, &job, error);
        if (status == MIRRA_OK) status = mirra_job_wait(job, -1, &result, error);
        mirra_result_destroy(result);
        mirra_job_destroy(job);
        return status;
    });
}

TEST_F(MemoryFaults, Pictures) {
    for (const char *name : {"faults.png", "faults.jpg", "faults.jxl"}) {
        const std::string path = temporary(name);
        if (mirra_image_write(path.c_str(), &in.image, nullptr, nullptr, nullptr) == MIRRA_E_UNSUPPORTED)
            continue; // a build may lack the format
        fail_everywhere([&](mirra_error **error) {
            return mirra_image_write(path.c_str(), &in.image, nullptr, nullptr, error);
        });
        fail_everywhere([&](mirra_error **error) {
            mirra_picture *picture = nullptr;
            const mirra_status status = mirra_image_read(path.c_str(), nullptr, &picture, error);
            mirra_picture_destroy(picture);
            return status;
        });
    }
    fail_everywhere([&](mirra_error **error) {
        double sigma = 0;
        MIRRA_STRUCT(mirra_comparison, comparison);
        mirra_status status = mirra_image_estimate_noise(&in.image, &sigma, error);
        if (status == MIRRA_OK) status = mirra_image_compare(&in.image, &in.image, &comparison, error);
        if (status == MIRRA_OK) status = mirra_image_add_noise(&in.image, 0, 1, error);
        return status;
    });
}

/// Counts how often it was called.
void count(void *user) {
    ++*static_cast<int *>(user);
}

TEST_F(MemoryFaults, WhatCallbacksAreHandedIsFreedOnce) {
    int freed = 0;
    MIRRA_STRUCT(mirra_run_options, options);
    options.user = &freed;
    options.user_free = count;
    const Session session = make_session(engine, bundle, 24);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "25", error));
    const auto once = [&](mirra_status status) {
        EXPECT_EQ(1, std::exchange(freed, 0));
        return status;
    };
    fail_everywhere([&](mirra_error **error) {
        return once(mirra_session_run(session.get(), ports.data(), ports.size(), &options, nullptr, error));
    });
    fail_everywhere([&](mirra_error **error) {
        mirra_job *job = nullptr;
        mirra_status status =
            mirra_session_submit(session.get(), ports.data(), ports.size(), &options, &job, error);
        if (status == MIRRA_OK) status = mirra_job_wait(job, -1, nullptr, error);
        mirra_job_destroy(job);
        return once(status);
    });
    fail_everywhere([&](mirra_error **error) {
        mirra_picture *picture = nullptr;
        const mirra_status status = mirra_picture_wrap(&in.image, count, &freed, &picture, error);
        EXPECT_EQ(0, freed);
        mirra_picture_destroy(picture);
        EXPECT_EQ(status == MIRRA_OK ? 1 : 0, std::exchange(freed, 0));
        return status;
    });
}

TEST_F(MemoryFaults, WhatTheLogIsHandedIsFreedOnce) {
    int freed = 0;
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = plugin.c_str();
    options.runtime_module = MIRRA_TEST_RUNTIME;
    options.log = [](void *, mirra_log_level, const char *) {};
    options.log_user = &freed;
    options.log_user_free = count;
    fail_everywhere(
        [&](mirra_error **error) {
            mirra_engine *made = nullptr;
            const mirra_status status = mirra_engine_create(&options, &made, error);
            EXPECT_EQ(status == MIRRA_OK ? 0 : 1, freed) << "an engine that there is logs on";
            mirra_engine_destroy(made);
            EXPECT_EQ(1, std::exchange(freed, 0));
            return status;
        },
        kBeyondJson);
}

TEST_F(MemoryFaults, BytesInMemory) {
    MIRRA_STRUCT(mirra_write_options, options);
    options.format = "png";
    fail_everywhere([&](mirra_error **error) {
        void *bytes = nullptr;
        std::size_t size = 0;
        mirra_status status = mirra_image_write_memory(&in.image, nullptr, &options, &bytes, &size, error);
        mirra_picture *picture = nullptr;
        if (status == MIRRA_OK) status = mirra_image_read_memory(bytes, size, nullptr, &picture, error);
        mirra_picture_destroy(picture);
        mirra_memory_free(bytes);
        return status;
    });
}

TEST_F(MemoryFaults, TensorsAndGraphs) {
    std::vector<float> values(4 * 24 * 24, 0.5F);
    std::int64_t colour[] = {1, 3, 24, 24}, level[] = {1, 1, 24, 24};
    const DLTensor first{values.data(), {kDLCPU, 0}, 4, {kDLFloat, 32, 1}, colour, nullptr, 0};
    const DLTensor second{values.data(), {kDLCPU, 0}, 4, {kDLFloat, 32, 1}, level, nullptr, 0};
    Tensors set;
    EXPECT_OK(mirra_tensors_create(set.out(), error));
    EXPECT_OK(mirra_tensors_add(set.get(), "noise_level", &second, error));
    const std::string path = temporary("faults.safetensors");
    fail_everywhere(
        [&](mirra_error **error) {
            mirra_tensors *read = nullptr;
            mirra_status status = mirra_tensors_add(set.get(), "image", &first, error);
            if (status == MIRRA_OK) status = mirra_tensors_write(set.get(), path.c_str(), error);
            if (status == MIRRA_OK) status = mirra_tensors_read(path.c_str(), &read, error);
            DLManagedTensorVersioned *view = nullptr;
            if (status == MIRRA_OK) status = mirra_tensors_get_versioned(read, "image", &view, error);
            if (view != nullptr) view->deleter(view);
            mirra_tensors_destroy(read);
            return status;
        },
        kBeyondJson);
    fail_everywhere([&](mirra_error **error) {
        mirra_tensors *outputs = nullptr;
        const mirra_status status =
            mirra_graph_run(engine.get(), bundle.get(), "denoiser", nullptr, set.get(), &outputs, error);
        mirra_tensors_destroy(outputs);
        return status;
    });
}

TEST(ThreadFaults, AJobForWhichThereIsNoThreadIsAnErrorAndTheSessionIsFree) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(24, 20, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const mirra_port_value ports[] = {port("image", in.image), port("output", in.image)};
    fail_threads(true);
    Job job;
    EXPECT_STATUS(MIRRA_E_LIMIT, mirra_session_submit(session.get(), ports, 2, nullptr, job.out(), error));
    fail_threads(false);
    EXPECT_OK(mirra_session_submit(session.get(), ports, 2, nullptr, job.out(), error));
    EXPECT_OK(mirra_job_wait(job.get(), -1, nullptr, error));
}

} // namespace
} // namespace mirra::test

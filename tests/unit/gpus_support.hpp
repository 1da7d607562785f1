// A machine with several GPUs, by a driver, kernels and a runtime that stand for them.
#pragma once

#include "capi_test_support.hpp"

#include <mutex>

#include <dlfcn.h>

namespace mirra::test {

struct Messages {
    std::mutex mutex;
    std::vector<std::string> warnings;
    static void log(void *user, mirra_log_level level, const char *text) {
        auto &own = *static_cast<Messages *>(user);
        const std::lock_guard lock(own.mutex);
        if (level == MIRRA_LOG_WARNING) own.warnings.emplace_back(text);
    }
};

/// A machine with as many GPUs as a test says. Each test has a process of its own.
class Gpus : public ::testing::Test {
  protected:
    Gpus() {
        setenv("MIRRA_FAKE_GPUS", "3", 1);
        setenv("FAKE_CUDA_CAPABILITY", "8.6 8.6 8.6", 1);
        setenv("MIRRA_CUDA_KERNELS", MIRRA_TEST_CUDA_KERNELS_FILE, 1);
        // The host's own dlopen of libcuda.so.1 finds this one.
        EXPECT_NE(dlopen(MIRRA_TEST_CUDA_DRIVER, RTLD_NOW | RTLD_LOCAL), nullptr) << dlerror();
    }

    void make_engine() {
        MIRRA_STRUCT(mirra_engine_options, options);
        options.flags = MIRRA_PLUGIN_PATH_ONLY;
        options.plugin_path = MIRRA_TEST_PLUGINS;
        options.runtime_module = MIRRA_TEST_RUNTIME;
        options.log = Messages::log;
        options.log_user = &messages_;
        EXPECT_OK(mirra_engine_create(&options, engine_.out(), error));
    }

    mirra_session_options options(const char *device) {
        if (engine_.get() == nullptr) make_engine();
        auto out = session_options("denoise", bundle_, 0);
        out.device = device;
        return out;
    }
    Session session(const char *device) {
        const mirra_session_options given = options(device);
        Session made;
        EXPECT_OK(mirra_session_create(engine_.get(), &given, made.out(), error));
        EXPECT_OK(mirra_session_set_text(made.get(), "sigma", "25.5", error));
        return made;
    }
    /// What making a session gives instead of one.
    std::string refusal(const char *device, mirra_status status) {
        const mirra_session_options given = options(device);
        Session made;
        Failure failure;
        EXPECT_EQ(mirra_session_create(engine_.get(), &given, made.out(), failure.out()), status)
            << message(failure);
        return message(failure);
    }

    Messages messages_;
    Engine engine_;
    Bundle bundle_ = make_bundle();
};

} // namespace mirra::test

// What the programs that measure runs have in common: a clock, a session of a task, an image of noise.
#pragma once

#include "mirra/mirra.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace mirra::bench {

using Clock = std::chrono::steady_clock;

inline double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

inline void check(mirra_status status, mirra_error *error) {
    if (status == MIRRA_OK) return;
    std::fprintf(stderr, "%s. %s\n", mirra_error_message(error), mirra_error_hint(error));
    std::exit(1);
}

/// @param settings  NAME=VALUE
inline mirra_session *make_session(mirra_engine *engine, const char *task,
                                   const std::vector<std::string> &settings) {
    mirra_error *error = nullptr;
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = task;
    mirra_session *session = nullptr;
    check(mirra_session_create(engine, &options, &session, &error), error);
    for (const std::string &setting : settings) {
        const auto sign = setting.find('=');
        if (sign == std::string::npos) {
            std::fprintf(stderr, "'%s' is not NAME=VALUE\n", setting.c_str());
            std::exit(64);
        }
        check(mirra_session_set_text(session, setting.substr(0, sign).c_str(), setting.c_str() + sign + 1,
                                     &error),
              error);
    }
    return session;
}

/// 8-bit RGB noise from a fixed seed, and an output for it.
struct NoiseImages {
    std::vector<std::uint8_t> in, out;
    mirra_image images[2] = {};
    mirra_port_value values[2] = {};

    NoiseImages(int width, int height) {
        const auto size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
        in.resize(size);
        out.resize(size);
        std::uint32_t state = 1;
        for (auto &sample : in) {
            state = state * 1664525U + 1013904223U;
            sample = static_cast<std::uint8_t>(96 + (state >> 26U));
        }
        for (int i = 0; i < 2; ++i) {
            images[i].struct_size = sizeof(mirra_image);
            images[i].flags = MIRRA_IMAGE_PACKED;
            images[i].width = width;
            images[i].height = height;
            images[i].format = MIRRA_FORMAT_U8;
            images[i].color = MIRRA_COLOR_RGB;
            images[i].plane_count = 1;
            images[i].planes[0].data = i == 0 ? in.data() : out.data();
            values[i].struct_size = sizeof(mirra_port_value);
            values[i].name = i == 0 ? "image" : "output";
            values[i].image = &images[i];
        }
    }
    NoiseImages(const NoiseImages &) = delete;
    NoiseImages &operator=(const NoiseImages &) = delete;
};

} // namespace mirra::bench

// A run of the shipped denoiser over pixels of its own, for programs that try what a host's process may do.
#pragma once

#include <mirra/mirra.h>

#include <cstdint>
#include <cstdio>
#include <vector>

namespace life {

/// Takes an error away and gives its status; prints it.
/// @param error  by reference: the call that fills it is an argument too
inline mirra_status report(mirra_status status, mirra_error *const &error, const char *what) {
    if (status != MIRRA_OK)
        std::printf("%s: %s: %s\n", what, mirra_status_name(status), mirra_error_message(error));
    mirra_error_destroy(error);
    return status;
}

class Work {
  public:
    /// @param side  height and width of the picture
    explicit Work(std::int32_t side, mirra_progress_callback progress = nullptr)
        : pixels_(static_cast<std::size_t>(side * side * 3))
        , results_(pixels_.size()) {
        std::uint32_t state = 1;
        for (auto &pixel : pixels_) {
            state = state * 1664525 + 1013904223;
            pixel = static_cast<std::uint8_t>(96 + (state >> 26));
        }
        describe(input_, pixels_, side);
        describe(output_, results_, side);
        give(ports_[0], "image", input_);
        give(ports_[1], "output", output_);
        options_.struct_size = sizeof options_;
        options_.progress = progress;
    }
    Work(const Work &) = delete;
    Work &operator=(const Work &) = delete;

    mirra_status run(mirra_session *session) {
        mirra_error *error = nullptr;
        const mirra_status status = mirra_session_run(session, ports_, 2, &options_, nullptr, &error);
        return report(status, error, "run");
    }
    mirra_status submit(mirra_session *session, mirra_job **job) {
        mirra_error *error = nullptr;
        const mirra_status status = mirra_session_submit(session, ports_, 2, &options_, job, &error);
        return report(status, error, "submit");
    }
    [[nodiscard]] mirra_run_options &options() { return options_; }
    [[nodiscard]] const std::vector<std::uint8_t> &results() const { return results_; }

  private:
    static void give(mirra_port_value &port, const char *name, const mirra_image &image) {
        port.struct_size = sizeof port;
        port.name = name;
        port.image = &image;
    }
    static void describe(mirra_image &image, std::vector<std::uint8_t> &pixels, std::int32_t side) {
        image.struct_size = sizeof image;
        image.width = image.height = side;
        image.format = MIRRA_FORMAT_U8;
        image.color = MIRRA_COLOR_RGB;
        image.flags = MIRRA_IMAGE_PACKED;
        image.plane_count = 1;
        image.planes[0].data = pixels.data();
    }

    std::vector<std::uint8_t> pixels_, results_;
    mirra_image input_{}, output_{};
    mirra_port_value ports_[2]{};
    mirra_run_options options_{};
};

/// Null after a failure, which is printed.
inline mirra_engine *make_engine() {
    mirra_engine *engine = nullptr;
    mirra_error *error = nullptr;
    report(mirra_engine_create(nullptr, &engine, &error), error, "engine");
    return engine;
}

inline mirra_status make_session(mirra_engine *engine, std::int32_t threads, mirra_session **session,
                                 const char *sigma = "25") {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    options.threads = threads;
    options.precision = MIRRA_PRECISION_FP32;
    mirra_error *error = nullptr;
    mirra_status status = report(mirra_session_create(engine, &options, session, &error), error, "session");
    error = nullptr;
    if (status == MIRRA_OK)
        status = report(mirra_session_set_text(*session, "sigma", sigma, &error), error, "sigma");
    return status;
}

} // namespace life

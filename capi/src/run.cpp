// Runs, blocking or as jobs, and how to stop them.
#include "handles.hpp"

#include "dlpack.hpp"
#include "pixels.hpp"
#include "value.hpp"

#include <cxxabi.h>
#include <mutex>

namespace mirra::capi {
namespace {

mirra_progress to_c(const host::Progress &progress) {
    mirra_progress out{};
    out.struct_size = sizeof(mirra_progress);
    out.stage = progress.stage;
    out.fraction = progress.fraction;
    out.tile = progress.tile;
    out.tile_count = progress.tile_count;
    out.bytes_now = progress.bytes_now;
    out.bytes_peak = progress.bytes_peak;
    out.previews = progress.previews;
    out.step = progress.step;
    out.step_count = progress.step_count;
    return out;
}

std::vector<std::byte> profile_of(const mirra_image &image) {
    const auto *bytes = static_cast<const std::byte *>(image.icc);
    return {bytes, bytes + image.icc_bytes};
}

mirra_rect to_c(const runtime::Rect &rect) {
    return {sizeof(mirra_rect), 0, rect.x, rect.y, rect.width, rect.height};
}

using User = std::shared_ptr<host::CallbackUser>;

/// Calls one of a run's callbacks, and says whether the run goes on: none follows one that has ended its
/// thread, which may be any thread of the run's.
template<class Callback> bool tell(host::CallbackUser &user, const Callback &callback) {
    if (user.forgotten()) return false;
    try {
        return callback();
    } catch (abi::__forced_unwind &) {
        user.forget();
        throw;
    }
}

/// What one of mirra_source and mirra_sink gave. @throws Error
void check_transferred(mirra_status status, const std::string &name, const runtime::Rect &rect) {
    if (status == MIRRA_OK) return;
    const std::string function = "the caller's function for the pixels of '" + name + "'";
    const std::string place = " at (" + std::to_string(rect.x) + ", " + std::to_string(rect.y) + ")";
    if (status > 0)
        throw Error(ErrorCode::invalid_argument,
                    function + " returned " + std::to_string(status) + place + ", which is no status", name,
                    "Return MIRRA_OK (0), or a negative MIRRA_E_* code.");
    throw Error(host::to_code(status, ErrorCode::invalid_argument),
                function + " failed with the status " + host::status_text(status) + place, name);
}

/// @param transfer  one of mirra_source and mirra_sink
/// @param run       the user of the run's callbacks
host::Pieces to_pieces(const mirra_image *image, const std::string &name, const User &run, void *user,
                       mirra_status (*transfer)(void *, const mirra_rect *, const mirra_image *)) {
    host::Pieces pieces{to_description(image, name.c_str()), {}};
    required(transfer, (name + ": the function for its pixels").c_str());
    const auto one_at_a_time = std::make_shared<std::mutex>();
    pieces.transfer = [name, run, user, transfer, one_at_a_time](const runtime::Rect &rect,
                                                                 const image::ImageView &pixels) {
        const mirra_rect where = to_c(rect);
        const mirra_image what = to_image(pixels);
        const std::lock_guard lock(*one_at_a_time);
        mirra_status status = MIRRA_E_CANCELLED; // as where a callback has ended its thread
        tell(*run, [&] { return (status = transfer(user, &where, &what)) == MIRRA_OK; });
        check_transferred(status, name, rect);
    };
    return pieces;
}

void add_value(const mirra_port_value &given, host::RunRequest &request) {
    check_reserved(given.reserved, "values.reserved");
    const std::string name = &required(given.name, "values.name");
    const int kinds = (given.image != nullptr) + (given.picture != nullptr) + (given.value != nullptr) +
                      (given.tensor != nullptr) + (given.source != nullptr) + (given.sink != nullptr);
    if (kinds > 1) {
        throw Error(ErrorCode::invalid_argument,
                    "the port '" + name +
                        "' needs exactly one of image, picture, source, sink, value and tensor",
                    name, "Leave the others NULL.");
    }
    if (request.gives(name)) {
        throw Error(ErrorCode::invalid_argument, "the port '" + name + "' is given twice", name,
                    "Give the run one mirra_port_value for each port.");
    }
    if (given.image != nullptr) {
        const auto image = read_struct(given.image, name.c_str());
        request.images[name] = to_view_anywhere(given.image, name.c_str());
        if (auto place = to_place(image, name.c_str())) request.places[name] = std::move(*place);
        if (image.icc_bytes != 0) request.profiles[name] = profile_of(image);
    }
    if (given.picture != nullptr) {
        request.images[name] = given.picture->data->view();
        const auto &profile = given.picture->data->image.metadata.icc;
        if (!profile.empty()) request.profiles[name] = profile;
        request.kept.push_back(given.picture->data);
    }
    if (given.source != nullptr) {
        const auto source = read_struct(given.source, name.c_str());
        check_reserved(source.reserved, name.c_str());
        request.sources[name] = to_pieces(source.image, name, request.user, source.user, source.read);
        const mirra_image image = read_struct(source.image, name.c_str());
        if (image.icc_bytes != 0) request.profiles[name] = profile_of(image);
    }
    if (given.sink != nullptr) {
        const auto sink = read_struct(given.sink, name.c_str());
        check_reserved(sink.reserved, name.c_str());
        request.sinks[name] = to_pieces(sink.image, name, request.user, sink.user, sink.write);
    }
    if (given.value != nullptr) {
        request.values[name] = host::from_c(read_struct(given.value, name.c_str()), name.c_str());
    }
    if (kinds == 0) request.wanted.insert(name);
    if (given.tensor != nullptr) request.tensors[name] = host::from_dlpack(given.tensor, name);
}

/// `user` comes first, so that it is freed whatever else is wrong.
struct RunOptions {
    explicit RunOptions(const mirra_run_options *options)
        : user(user_of(options))
        , given(read_struct_or_default(options, "options")) {}

    User user;
    mirra_run_options given;

  private:
    static User user_of(const mirra_run_options *options) {
        if (options == nullptr) return owned_user(nullptr, nullptr);
        const auto known = read_known(options, "options");
        return owned_user(known.user, known.user_free);
    }
};

mirra_status status_of(const std::exception_ptr &failure) {
    return guard(nullptr, [&] {
        if (failure) std::rethrow_exception(failure);
    });
}

host::RunRequest to_request(const mirra_port_value *values, std::size_t count, const RunOptions &options) {
    host::RunRequest request;
    request.user = options.user;
    for (const mirra_port_value &each : read_array(values, count, "values")) add_value(each, request);
    const mirra_run_options &given = options.given;
    check_flags(given.flags, 0, "options.flags");
    if (given.cancel != nullptr) request.cancels.push_back(given.cancel->token);
    if (given.progress != nullptr) {
        request.progress = [callback = given.progress, user = options.user](const host::Progress &progress) {
            const mirra_progress out = to_c(progress);
            return tell(*user, [&] { return callback(user->get(), &out) == 0; });
        };
    }
    if (given.done != nullptr) {
        request.done = [callback = given.done, user = options.user](const std::exception_ptr &failure) {
            tell(*user, [&] { return callback(user->get(), status_of(failure)), true; });
        };
    }
    if (given.tile != nullptr) {
        request.tile = [callback = given.tile, user = options.user](const runtime::Rect &rect,
                                                                    const image::ImageView &pixels,
                                                                    const host::Place *place) {
            const mirra_rect where = to_c(rect);
            const mirra_image what = to_image(pixels, place);
            return tell(*user, [&] { return callback(user->get(), &where, &what) == 0; });
        };
    }
    if (given.region != nullptr) request.region = to_rect(given.region, "region");
    if (given.scale != 0) request.scale = given.scale;
    if (given.frame < 0)
        throw Error(ErrorCode::invalid_argument, "frame is below 0", "frame", "Frames are counted from 0.");
    request.frame = given.frame;
    return request;
}

} // namespace
} // namespace mirra::capi

using namespace mirra;
using namespace mirra::capi;

extern "C" {

mirra_status mirra_cancel_create(mirra_cancel **cancel, mirra_error **error) {
    return guard(error, [&] {
        required(cancel, "cancel");
        auto made = std::make_unique<mirra_cancel>();
        made->token = std::make_shared<host::CancelToken>();
        *cancel = made.release();
    });
}

void mirra_cancel_request(mirra_cancel *cancel) {
    if (cancel != nullptr) cancel->token->request();
}

int32_t mirra_cancel_requested(const mirra_cancel *cancel) {
    return cancel != nullptr && cancel->token->requested() ? 1 : 0;
}

void mirra_cancel_destroy(mirra_cancel *cancel) {
    delete cancel;
}

mirra_status mirra_session_run(mirra_session *session, const mirra_port_value *values, size_t count,
                               const mirra_run_options *options, mirra_result **result, mirra_error **error) {
    return guard(error, [&] {
        const RunOptions given(options);
        const auto used = held(session);
        host::RunRequest request = to_request(values, count, given);
        auto made = std::make_unique<mirra_result>();
        try {
            made->result = used->run(std::move(request));
        } catch (abi::__forced_unwind &) {
            given.user->forget();
            throw;
        }
        if (result != nullptr) *result = made.release();
    });
}

mirra_status mirra_session_submit(mirra_session *session, const mirra_port_value *values, size_t count,
                                  const mirra_run_options *options, mirra_job **job, mirra_error **error) {
    return guard(error, [&] {
        const RunOptions given(options);
        const auto used = held(session);
        required(job, "job");
        auto made = std::make_unique<mirra_job>();
        made->job = std::make_unique<host::Job>(used, to_request(values, count, given));
        *job = made.release();
    });
}

mirra_status mirra_job_poll(mirra_job *job, mirra_job_status *status, mirra_error **error) {
    return guard(error, [&] {
        required(job, "job");
        check_struct(status, "status");
        const host::JobStatus now = job->job->status();
        mirra_job_status out{};
        out.state = static_cast<std::int32_t>(now.state);
        out.fraction = now.progress.fraction;
        out.tile = now.progress.tile;
        out.tile_count = now.progress.tile_count;
        out.bytes_now = now.progress.bytes_now;
        out.bytes_peak = now.progress.bytes_peak;
        out.previews = now.progress.previews;
        out.step = now.progress.step;
        out.step_count = now.progress.step_count;
        out.stage = now.progress.stage;
        write_struct(status, out);
    });
}

mirra_status mirra_job_wait(mirra_job *job, double seconds, mirra_result **result, mirra_error **error) {
    return guard(error, [&] {
        required(job, "job");
        auto made = std::make_unique<mirra_result>();
        made->result = job->job->wait(seconds);
        if (result != nullptr) *result = made.release();
    });
}

void mirra_job_cancel(mirra_job *job) {
    if (job != nullptr) job->job->cancel();
}

void mirra_job_destroy(mirra_job *job) {
    if (!host::in_forked_child()) delete job;
}
}

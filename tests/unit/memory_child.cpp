// A process of its own for one session: what it adds to the process. Prints numbers, one a line.
// memory_child RUNTIME PLUGINS BUNDLE WIDTH HEIGHT LIMIT
#include "mirra/mirra.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

std::uint64_t status_bytes(const std::string &key) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::uint64_t kilobytes = 0;
        if (word == key && status >> kilobytes) return kilobytes * 1024;
    }
    return 0;
}

void tell(const char *name, std::uint64_t value) {
    std::printf("%s %" PRIu64 "\n", name, value);
}

void check(mirra_status status, const char *what) {
    if (status == MIRRA_OK) return;
    std::printf("failed %s %s\n", what, mirra_status_name(status));
    std::exit(1);
}

mirra_image picture(std::vector<unsigned char> &samples, std::int32_t width, std::int32_t height) {
    samples.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<unsigned char>(i * 7919 >> 3);
    MIRRA_STRUCT(mirra_image, image);
    image.width = width;
    image.height = height;
    image.color = MIRRA_COLOR_RGB;
    image.format = MIRRA_FORMAT_U8;
    image.flags = MIRRA_IMAGE_PACKED;
    image.plane_count = 1;
    image.planes[0].data = samples.data();
    return image;
}

mirra_session *create(mirra_engine *engine, const char *path, std::uint64_t limit) {
    mirra_bundle *bundle = nullptr;
    check(mirra_bundle_open(path, &bundle, nullptr), "bundle");
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    options.bundle = bundle;
    options.memory_limit = limit;
    options.threads = 2;
    mirra_session *session = nullptr;
    check(mirra_session_create(engine, &options, &session, nullptr), "session");
    mirra_bundle_destroy(bundle);
    return session;
}

mirra_status run(mirra_session *session, const mirra_image &in, const mirra_image &out) {
    mirra_port_value ports[2] = {};
    for (mirra_port_value &port : ports) port.struct_size = sizeof(mirra_port_value);
    ports[0].name = "image";
    ports[0].image = &in;
    ports[1].name = "output";
    ports[1].image = &out;
    return mirra_session_run(session, ports, 2, nullptr, nullptr, nullptr);
}

} // namespace

int main(int count, char **arguments) {
    if (count != 7) return 2;
    const auto width = std::atoi(arguments[4]), height = std::atoi(arguments[5]);
    std::vector<unsigned char> before, after;
    const mirra_image in = picture(before, width, height), out = picture(after, width, height);
    const std::uint64_t start = status_bytes("VmRSS:");
    const auto growth = [start] { return status_bytes("VmHWM:") - start; };

    MIRRA_STRUCT(mirra_engine_options, engine_options);
    engine_options.flags = MIRRA_PLUGIN_PATH_ONLY;
    engine_options.runtime_module = arguments[1];
    engine_options.plugin_path = arguments[2];
    mirra_engine *engine = nullptr;
    check(mirra_engine_create(&engine_options, &engine, nullptr), "engine");
    mirra_session *session = create(engine, arguments[3], std::strtoull(arguments[6], nullptr, 10));
    tell("created", growth());
    MIRRA_STRUCT(mirra_plan, plan);
    check(mirra_session_plan(session, width, height, &plan, nullptr), "plan");
    tell("fits", static_cast<std::uint64_t>(plan.fits));
    tell("base", plan.base_bytes);
    tell("required", plan.required_bytes);
    tell("peak", plan.peak_bytes);
    tell("tiles", plan.tile_count);
    mirra_status status = run(session, in, out);
    for (int again = 0; again < 3 && status == MIRRA_OK; ++again) // a session that runs at once keeps memory
        status = run(session, in, out);
    tell("ran", status == MIRRA_OK ? 1 : 0);
    tell("budget", status == MIRRA_E_BUDGET ? 1 : 0);
    tell("growth", growth());
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
}

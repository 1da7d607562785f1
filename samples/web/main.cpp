// mirra-web - a page on this computer that runs the tasks of Mirra.
#include "connection.hpp"
#include "guard.hpp"
#include "jobs.hpp"
#include "options.hpp"
#include "routes.hpp"
#include "schema.hpp"
#include "store.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <thread>

namespace {

using namespace web;

/// SIGINT and SIGTERM, which all threads leave to wait().
class Signals {
  public:
    Signals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
    }
    /// True if one came within a second.
    [[nodiscard]] bool wait() const {
        const timespec second{1, 0};
        return sigtimedwait(&set_, nullptr, &second) > 0;
    }
    /// The next one ends the process at once.
    void release() const { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

  private:
    sigset_t set_{};
};

std::int32_t threads_of(const Options &options) {
    if (options.threads > 0) return options.threads;
    return std::max(1, static_cast<std::int32_t>(std::thread::hardware_concurrency()) / options.jobs);
}

api::Engine make_engine(const Options &options) {
    api::EngineOptions given;
    given.plugin_path = options.plugin_path;
    given.bundle_path = options.bundle_path;
    given.log_level = MIRRA_LOG_WARNING;
    given.log = [](mirra_log_level, const std::string &message) {
        std::fprintf(stderr, "mirra-web: %s\n", api::printable(message).c_str());
    };
    if (options.isolate) given.flags = MIRRA_ISOLATION_PROCESS;
    return api::Engine::create(given);
}

int bind(LimitedServer &server, int port) {
    if (port == 0)
        port = server.bind_to_any_port("127.0.0.1");
    else if (!server.bind_to_port("127.0.0.1", port))
        port = -1;
    if (port < 0) throw std::runtime_error("the port is taken; choose another one by --port, or --port 0");
    return port;
}

void serve(const Options &options, const Signals &signals) {
    constexpr std::int64_t kMega = 1 << 20;
    api::Engine engine = make_engine(options);
    const Schema schema(engine, options);
    Store store(static_cast<std::uint64_t>(options.store_megabytes * kMega),
                static_cast<std::uint64_t>(options.megapixels) * 1'000'000,
                std::chrono::minutes(options.expire_minutes));
    const Workshop shop{engine,
                        schema,
                        store,
                        options.device,
                        static_cast<std::uint64_t>(options.memory_megabytes * kMega),
                        threads_of(options)};
    Jobs jobs(shop, options.jobs, options.queue);
    LimitedServer server({});
    const int port = bind(server, options.port);
    const std::string token = Guard::make_token();
    const auto upload = static_cast<std::size_t>(options.upload_megabytes * kMega);
    const Guard guard(port, token, upload);
    server.set_payload_max_length(upload);
    add_routes(server, guard, shop, jobs);
    std::thread listener([&] { server.listen_after_bind(); });
    std::printf("Open http://127.0.0.1:%d/#%s\nCtrl-C ends the server.\n", port, token.c_str());
    std::fflush(stdout);

    // The first job need not wait for LibTorch.
    std::thread warm([&] {
        try {
            static_cast<void>(engine.runtime());
        } catch (const api::Error &) { // A job that needs it says more.
        }
    });
    while (!signals.wait()) {
        store.expire();
        jobs.tidy();
    }
    signals.release();
    std::puts("ending");
    server.end();
    engine.shutdown(-1);
    jobs.end();
    listener.join();
    warm.join();
}

} // namespace

int main(int count, char **words) {
    try {
        const Options options = Options::parse(count, words);
        if (options.help) return std::fputs(Options::usage().c_str(), stdout), 0;
        if (options.version) return std::printf("mirra-web %s\n", mirra_version_string()), 0;
        const Signals signals;
        serve(options, signals);
        return 0;
    } catch (const api::Error &error) {
        std::fprintf(stderr, "mirra-web: %s: %s. %s\n", error.subject().c_str(), error.what(),
                     error.hint().c_str());
    } catch (const std::invalid_argument &error) {
        std::fprintf(stderr, "mirra-web: %s\n", error.what());
        return 2;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "mirra-web: %s\n", error.what());
    }
    return 1;
}

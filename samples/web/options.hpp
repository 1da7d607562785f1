// What the command line says.
#ifndef MIRRA_WEB_OPTIONS_HPP_
#define MIRRA_WEB_OPTIONS_HPP_

#include <cstdint>
#include <string>

namespace web {

struct Options {
    int port = 8137; ///< 0: any that is free
    int jobs = 1;    ///< that run at the same time
    int queue = 8;   ///< that wait
    int threads = 0; ///< of each job; 0: as many as the processor has, shared by the jobs
    std::int64_t upload_megabytes = 64;
    std::int64_t megapixels = 100; ///< of one picture
    std::int64_t store_megabytes = 2048;
    std::int64_t memory_megabytes = 0; ///< of each job; 0: no limit
    int expire_minutes = 60;
    std::string quality, device, plugin_path, bundle_path;
    bool isolate = false;
    bool help = false;
    bool version = false;

    /// @throws std::invalid_argument that names the option
    static Options parse(int count, const char *const *words);
    static std::string usage();
};

} // namespace web

#endif // MIRRA_WEB_OPTIONS_HPP_

// One job: what the page asks for, checked, and its run from items of the store to items of the store.
#ifndef MIRRA_WEB_JOB_HPP_
#define MIRRA_WEB_JOB_HPP_

#include "preview.hpp"
#include "schema.hpp"
#include "store.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace web {

/// Runs of one server share it.
struct Workshop {
    const api::Engine &engine;
    const Schema &schema;
    Store &store;
    std::string device;
    std::uint64_t memory_limit; ///< in bytes; 0: none
    std::int32_t threads;
};

struct Request {
    std::string task;
    const Json *description = nullptr; ///< the task's, of the schema
    std::string quality, bundle_path;
    ItemPointer bundle;                        ///< that was uploaded
    std::map<std::string, ItemPointer> inputs; ///< by port: pictures and tensors
    std::map<std::string, api::Value> values;  ///< by port
    std::vector<std::string> asked;            ///< optional outputs that are wanted
    Json params = Json::object();
    std::map<std::string, ItemPointer> files; ///< by their paths, which parameters name

    /// @throws api::Error that says what the page, or one who plays the page, did wrong
    static Request parse(const Json &body, const Workshop &shop);
};

/// Runs it. @returns what the page is told
/// @throws api::Error
Json run(const Request &request, const Workshop &shop, const api::Cancel &cancel, Preview &preview,
         const std::function<void(const mirra_progress &)> &progress);

/// {"code": "not_found", "message": ..., "subject": ..., "hint": ...}
Json error_json(const api::Error &error);

} // namespace web

#endif // MIRRA_WEB_JOB_HPP_

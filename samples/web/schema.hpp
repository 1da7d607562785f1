// The tasks as the page sees them: the library's schema, with the networks and the limits of this server.
#ifndef MIRRA_WEB_SCHEMA_HPP_
#define MIRRA_WEB_SCHEMA_HPP_

#include "options.hpp"

#include <map>
#include <mirra/mirra.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace web {

namespace api = mirra::api;
using Json = nlohmann::ordered_json;

class Schema {
  public:
    Schema(const api::Engine &engine, const Options &options);

    /// For the page.
    [[nodiscard]] const std::string &text() const { return text_; }
    /// @throws api::Error not_found
    [[nodiscard]] const Json &task(const std::string &name) const;
    /// The file of a network that the schema lists by name. @throws api::Error not_found
    [[nodiscard]] const std::string &bundle(const std::string &name) const;

  private:
    void add_networks(const api::Engine &engine, Json &task);

    Json all_;
    std::map<std::string, std::string> bundles_; ///< paths, by name
    std::string text_;
};

/// The entry of a list of objects that has this name; NULL: there is none.
const Json *named(const Json &list, const std::string &name);

/// The formats that results can be written in: those that this build of the library has.
std::vector<std::string> file_formats();

} // namespace web

#endif // MIRRA_WEB_SCHEMA_HPP_

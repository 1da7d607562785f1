// Manifest <-> JSON. Unknown keys are left alone, so that later versions may add some.
#include "manifest.hpp"

#include "limits.hpp"
#include "strict_json.hpp"

#include "mirra/error.hpp"

#include <cmath>

namespace mirra::bundle {
namespace {

using Json = nlohmann::json;

/// Typed access to the members of the manifest.
class Reader {
  public:
    Reader(const Json &json, const std::string &subject) : json_(json), subject_(subject) {
        if (!json.is_object()) fail("is not a JSON object");
    }

    std::string text(const char *key) const {
        const auto found = json_.find(key);
        if (found == json_.end()) return {};
        if (!found->is_string()) fail("member '" + std::string(key) + "' is not text");
        return found->get<std::string>();
    }

    /// A member of the wanted kind as JSON text, or the fallback if it is not there.
    std::string json_text(const char *key, Json::value_t kind, const char *fallback) const {
        const auto found = json_.find(key);
        if (found == json_.end()) return fallback;
        if (found->type() != kind) fail("member '" + std::string(key) + "' has the wrong type");
        return found->dump();
    }

    const Json &object(const char *key) const {
        const auto found = json_.find(key);
        if (found == json_.end()) fail("member '" + std::string(key) + "' is missing");
        if (!found->is_object()) fail("member '" + std::string(key) + "' is not a JSON object");
        return *found;
    }

    [[nodiscard]] bool has(const char *key) const { return json_.contains(key); }

    void check_version() const {
        const auto found = json_.find("format_version");
        if (found == json_.end() || !found->is_number_unsigned() || *found == 0)
            fail("member 'format_version' is missing or not a number");
        const auto version = found->get<std::uint64_t>();
        if (version > Manifest::kFormatVersion)
            throw Error(ErrorCode::unsupported,
                        "the bundle has format version " + std::to_string(version) +
                            ", this Mirra reads up to " + std::to_string(Manifest::kFormatVersion),
                        subject_, "install a newer Mirra, or ask for a bundle of an older format");
    }

    [[noreturn]] void fail(const std::string &what) const {
        throw Error(ErrorCode::corrupt, "the manifest: " + what, subject_,
                    "the file is damaged, or its writer has a bug");
    }

  private:
    const Json &json_;
    const std::string &subject_;
};

std::map<std::string, graph::Graph> read_graphs(const Reader &reader, const std::string &subject) {
    const Json &json = reader.object("graphs");
    if (json.size() > Limits::kGraphs)
        throw Error(ErrorCode::limit, "the manifest has too many graphs", subject);
    std::map<std::string, graph::Graph> graphs;
    for (const auto &[name, value] : json.items()) {
        graph::Graph graph = graph::parse_json(value.dump());
        if (graph.name != name)
            reader.fail("the graph at '" + name.substr(0, 80) + "' has another name inside");
        graphs.emplace(name, std::move(graph));
    }
    return graphs;
}

std::map<std::string, double> read_precision_loss(const Reader &reader) {
    std::map<std::string, double> losses;
    if (!reader.has("precision_loss")) return losses;
    for (const auto &[precision, loss] : reader.object("precision_loss").items()) {
        if (!loss.is_number()) reader.fail("member 'precision_loss' holds something other than numbers");
        losses.emplace(precision, loss.get<double>());
    }
    return losses;
}

/// A piece of JSON that the caller made.
Json given(const std::string &text, Json::value_t kind, const char *key) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || json.type() != kind)
        throw Error(ErrorCode::invalid_argument,
                    "the manifest's '" + std::string(key) + "' is not valid JSON of its kind", key);
    return json;
}

} // namespace

ParsedManifest parse_manifest(const std::string &text, const std::string &subject) {
    const Json json = parse_strict(text, Limits::kManifestDepth, subject);
    const Reader reader(json, subject);
    reader.check_version();
    ParsedManifest parsed;
    Manifest &manifest = parsed.manifest;
    manifest.task = reader.text("task");
    manifest.name = reader.text("name");
    manifest.architecture = reader.text("architecture");
    manifest.licence = reader.text("licence");
    manifest.defaults = reader.json_text("defaults", Json::value_t::object, "{}");
    manifest.provenance = reader.json_text("provenance", Json::value_t::object, "{}");
    manifest.quality = reader.json_text("quality", Json::value_t::array, "[]");
    manifest.precision_loss = read_precision_loss(reader);
    manifest.graphs = read_graphs(reader, subject);
    parsed.sha256 = reader.text("sha256");
    return parsed;
}

std::string manifest_json(const Manifest &manifest, const std::string &sha256) {
    nlohmann::ordered_json json;
    json["format_version"] = Manifest::kFormatVersion;
    json["task"] = manifest.task;
    json["name"] = manifest.name;
    json["architecture"] = manifest.architecture;
    json["licence"] = manifest.licence;
    json["defaults"] = given(manifest.defaults, Json::value_t::object, "defaults");
    json["provenance"] = given(manifest.provenance, Json::value_t::object, "provenance");
    json["quality"] = given(manifest.quality, Json::value_t::array, "quality");
    for (const auto &[precision, loss] : manifest.precision_loss)
        if (!std::isfinite(loss))
            throw Error(ErrorCode::invalid_argument, "a precision loss is not a finite number", precision);
    json["precision_loss"] = manifest.precision_loss;
    json["graphs"] = nlohmann::ordered_json::object();
    for (const auto &[name, graph] : manifest.graphs) {
        if (graph.name != name)
            throw Error(ErrorCode::invalid_argument, "a graph is filed under a name that is not its own",
                        name);
        json["graphs"][name] = nlohmann::ordered_json::parse(graph::to_json(graph));
    }
    json["sha256"] = sha256;
    try {
        return json.dump();
    } catch (const nlohmann::json::exception &) {
        throw Error(ErrorCode::invalid_argument, "the manifest holds text that is not valid UTF-8",
                    "manifest");
    }
}

} // namespace mirra::bundle

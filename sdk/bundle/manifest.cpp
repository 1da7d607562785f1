// Manifest <-> JSON. Unknown keys are left alone, so that later versions may add some.
#include "manifest.hpp"

#include "limits.hpp"

#include "mirra/error.hpp"
#include "mirra/graph_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace mirra::bundle {
namespace {

using json::Kind;
using json::Value;
using Json = nlohmann::json;

constexpr json::Limits kManifestLimits{
    .depth = Limits::kManifestDepth, .values = Limits::kManifestValues, .members = Limits::kManifestValues};

/// The most members that an object in this value has.
std::size_t most_members(Value value) {
    std::size_t most = 0;
    const auto look = [&most](Value inner) { most = std::max(most, most_members(inner)); };
    if (value.is(Kind::array)) value.each_element(look);
    if (!value.is(Kind::object)) return most;
    value.each_member([&](std::string_view, Value inner) { look(inner); });
    return std::max(most, value.size());
}

/// Typed access to the members of the manifest.
class Reader {
  public:
    Reader(Value json, const std::string &subject) : json_(json), subject_(subject) {
        if (!json.is(Kind::object)) fail("is not a JSON object");
    }

    std::string text(const char *key) const {
        const auto found = json_.find(key);
        if (!found) return {};
        if (!found->is(Kind::text)) fail("member '" + std::string(key) + "' is not text");
        if (found->text().size() > Limits::kTextLength)
            too_large(key, found->text().size(), Limits::kTextLength);
        if (found->text().find('\0') != std::string_view::npos) // it would end there, in C
            fail("member '" + std::string(key) + "' is a text with a NUL in it");
        return std::string(found->text());
    }

    /// A member of the wanted kind as JSON text, or the fallback if it is not there.
    std::string json_text(const char *key, Kind kind, const char *fallback, std::size_t most) const {
        const auto found = json_.find(key);
        if (!found) return fallback;
        if (!found->is(kind)) fail("member '" + std::string(key) + "' has the wrong type");
        std::string text = found->dump();
        if (text.size() > most) too_large(key, text.size(), most);
        if (const auto members = most_members(*found); members > Limits::kMembers)
            too_large(key, members, Limits::kMembers, "members");
        return text;
    }

    Value object(const char *key) const {
        const auto found = json_.find(key);
        if (!found) fail("member '" + std::string(key) + "' is missing");
        if (!found->is(Kind::object)) fail("member '" + std::string(key) + "' is not a JSON object");
        return *found;
    }

    [[nodiscard]] bool has(const char *key) const { return json_.find(key).has_value(); }

    void check_version() const {
        const auto found = json_.find("format_version");
        if (!found || !found->is(Kind::count) || found->count() == 0)
            fail("member 'format_version' is missing or not a number");
        const auto version = found->count();
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
    [[noreturn]] void too_large(const char *key, std::size_t size, std::size_t most,
                                const char *unit = "bytes") const {
        throw Error(ErrorCode::limit,
                    "the manifest: member '" + std::string(key) + "' has " + std::to_string(size) + ' ' +
                        unit + ", more than " + std::to_string(most),
                    subject_, "the file is damaged, or its writer has a bug");
    }

    Value json_;
    const std::string &subject_;
};

std::map<std::string, graph::Graph> read_graphs(const Reader &reader, const std::string &subject) {
    const Value json = reader.object("graphs");
    if (json.size() > Limits::kGraphs)
        throw Error(ErrorCode::limit, "the manifest has too many graphs", subject);
    std::map<std::string, graph::Graph> graphs;
    std::size_t nodes = 0;
    json.each_member([&](std::string_view name, Value value) {
        if (const auto list = value.is(Kind::object) ? value.find("nodes") : std::nullopt)
            nodes += list->size();
        if (nodes > Limits::kNodes)
            throw Error(ErrorCode::limit,
                        "the manifest's graphs have more than " + std::to_string(Limits::kNodes) + " nodes",
                        subject);
        graph::Graph graph = about_graph(subject, name, [&] { return graph::parse_json(value); });
        if (graph.name != name)
            reader.fail("the graph at '" + std::string(name.substr(0, 80)) + "' has another name inside");
        graphs.emplace(name, std::move(graph));
    });
    return graphs;
}

std::map<std::string, double> read_precision_loss(const Reader &reader) {
    std::map<std::string, double> losses;
    if (!reader.has("precision_loss")) return losses;
    reader.object("precision_loss").each_member([&](std::string_view precision, Value loss) {
        if (!loss.is_number()) reader.fail("member 'precision_loss' holds something other than numbers");
        losses.emplace(precision, loss.real());
    });
    return losses;
}

/// A piece of JSON that the caller made.
Json given(const std::string &text, Json::value_t kind, const char *key, std::size_t most) {
    if (text.size() > most)
        throw Error(ErrorCode::limit,
                    "the manifest's '" + std::string(key) + "' has " + std::to_string(text.size()) +
                        " bytes, more than " + std::to_string(most),
                    key);
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || json.type() != kind)
        throw Error(ErrorCode::invalid_argument,
                    "the manifest's '" + std::string(key) + "' is not valid JSON of its kind", key);
    return json;
}

} // namespace

Error in_file(const Error &error, const std::string &file, std::string_view graph) {
    constexpr std::string_view kPrefix = "graph: ";
    std::string_view what = error.what();
    if (what.starts_with(kPrefix)) what.remove_prefix(kPrefix.size());
    const bool part = !error.subject().empty() && error.subject() != graph;
    return {error.code(),
            "the graph '" + std::string(graph.substr(0, 80)) + "'" +
                (part ? ", at '" + error.subject() + "': " : ": ") + std::string(what),
            file, error.hint()};
}

ParsedManifest parse_manifest(const std::string &text, const std::string &subject) {
    const json::Document document(text, kManifestLimits, "the manifest", subject);
    const Reader reader(document.root(), subject);
    reader.check_version();
    ParsedManifest parsed;
    Manifest &manifest = parsed.manifest;
    manifest.task = reader.text("task");
    manifest.name = reader.text("name");
    manifest.architecture = reader.text("architecture");
    manifest.licence = reader.text("licence");
    manifest.defaults = reader.json_text("defaults", Kind::object, "{}", Limits::kDefaultsBytes);
    manifest.provenance = reader.json_text("provenance", Kind::object, "{}", Limits::kProvenanceBytes);
    manifest.quality = reader.json_text("quality", Kind::array, "[]", Limits::kProvenanceBytes);
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
    json["defaults"] = given(manifest.defaults, Json::value_t::object, "defaults", Limits::kDefaultsBytes);
    json["provenance"] =
        given(manifest.provenance, Json::value_t::object, "provenance", Limits::kProvenanceBytes);
    json["quality"] = given(manifest.quality, Json::value_t::array, "quality", Limits::kProvenanceBytes);
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

// Reading the provenance, which anybody may have written.
#include "eval/classifier_origin.hpp"

#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mirra::trainer {
namespace {

using Json = nlohmann::json;

[[noreturn]] void wrong(const std::string &file, const std::string &key, const std::string &expected) {
    throw Error(ErrorCode::corrupt, "the manifest's provenance." + key + " is not " + expected, file,
                "write the bundle anew with mirra-train encoder or mirra-train import");
}

} // namespace

ClassifierOrigin classifier_origin(const bundle::Bundle &bundle, const std::string &file) {
    constexpr std::int64_t kSmallest = 8, kLargest = 4096;
    const auto provenance = Json::parse(bundle.manifest().provenance);
    ClassifierOrigin out;
    if (const auto extent = provenance.find("extent"); extent != provenance.end()) {
        const bool fits = extent->is_number_integer() && *extent >= kSmallest && *extent <= kLargest;
        if (!fits) wrong(file, "extent", "an integer from 8 to 4096");
        out.extent = extent->get<std::int64_t>();
    }
    if (const auto classes = provenance.find("classes"); classes != provenance.end()) {
        const bool fits = classes->is_array() && std::ranges::all_of(*classes, &Json::is_string);
        if (!fits) wrong(file, "classes", "a list of names");
        out.classes = classes->get<std::vector<std::string>>();
    }
    return out;
}

} // namespace mirra::trainer

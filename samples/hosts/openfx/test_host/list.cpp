#include "list.hpp"

#include <stdexcept>

namespace test_host {
namespace {

using OFX::Host::Property::Property;
using OFX::Host::Property::Set;

std::string quoted(const std::string &text) {
    std::string made = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') made += '\\';
        made += c == '\n' ? ' ' : c;
    }
    return made + "\"";
}

// All values of a property, of whatever type, as texts.
std::string values_of(Property &property) {
    std::string made;
    for (int i = 0; i < property.getDimension(); ++i)
        made += (i == 0 ? "" : ", ") + quoted(property.getStringValue(i));
    return "[" + made + "]";
}

std::string parameter(const OFX::Host::Param::Descriptor &descriptor) {
    const Set &set = descriptor.getProperties();
    std::string made = quoted(descriptor.getName()) + ": {\"type\": " + quoted(descriptor.getType());
    for (const char *const name :
         {kOfxPropLabel, kOfxParamPropHint, kOfxParamPropDefault, kOfxParamPropMin, kOfxParamPropMax,
          kOfxParamPropDisplayMin, kOfxParamPropDisplayMax, kOfxParamPropChoiceOption, kOfxParamPropParent})
        if (Property *const property = set.fetchProperty(name))
            made += ", " + quoted(name) + ": " + values_of(*property);
    return made + "}";
}

} // namespace

std::string list_of(OFX::Host::ImageEffect::PluginCache &cache) {
    std::string made;
    for (auto *const plugin : cache.getPlugins()) {
        auto *const context = plugin->getContext(kOfxImageEffectContextFilter);
        if (context == nullptr) throw std::runtime_error("an effect cannot be described");
        std::string parameters;
        for (const auto &each : context->getParams())
            parameters += (parameters.empty() ? "" : ", ") + parameter(*each.second);
        made += (made.empty() ? "" : ",\n") + quoted(plugin->getIdentifier()) +
                ": {\"label\": " + quoted(context->getLabel()) +
                ", \"group\": " + quoted(context->getPluginGrouping()) + ", \"params\": {" + parameters +
                "}}";
    }
    return "{" + made + "}";
}

} // namespace test_host

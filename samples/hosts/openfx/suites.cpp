#include "suites.hpp"

namespace mirra_openfx {
namespace {

template<class Suite> const Suite *fetched(const char *name, int version = 1) {
    const Suites &all = suites();
    return static_cast<const Suite *>(all.host->fetchSuite(all.host->host, name, version));
}

} // namespace

Suites &suites() {
    static Suites all;
    return all;
}

bool fetch_suites() {
    Suites &all = suites();
    if (all.host == nullptr) return false;
    all.property = fetched<OfxPropertySuiteV1>(kOfxPropertySuite);
    all.effect = fetched<OfxImageEffectSuiteV1>(kOfxImageEffectSuite);
    all.parameter = fetched<OfxParameterSuiteV1>(kOfxParameterSuite);
    all.message = fetched<OfxMessageSuiteV1>(kOfxMessageSuite);
    all.lasting = fetched<OfxMessageSuiteV2>(kOfxMessageSuite, 2);
    all.progress = fetched<OfxProgressSuiteV1>(kOfxProgressSuite);
    return all.property != nullptr && all.effect != nullptr && all.parameter != nullptr;
}

void check(OfxStatus status) {
    if (status != kOfxStatOK) throw HostFailure{status};
}

void Properties::set(const char *name, int value, int index) const {
    (void)suites().property->propSetInt(handle_, name, index, value);
}
void Properties::set(const char *name, double value, int index) const {
    (void)suites().property->propSetDouble(handle_, name, index, value);
}
void Properties::set(const char *name, const char *value, int index) const {
    (void)suites().property->propSetString(handle_, name, index, value);
}
void Properties::set(const char *name, const std::string &value, int index) const {
    set(name, value.c_str(), index);
}

int Properties::whole(const char *name, int index) const {
    int value = 0;
    check(suites().property->propGetInt(handle_, name, index, &value));
    return value;
}
double Properties::real(const char *name, int index) const {
    double value = 0;
    check(suites().property->propGetDouble(handle_, name, index, &value));
    return value;
}
std::string Properties::text(const char *name) const {
    char *value = nullptr;
    check(suites().property->propGetString(handle_, name, 0, &value));
    return value == nullptr ? "" : value;
}
void *Properties::pointer(const char *name) const {
    void *value = nullptr;
    check(suites().property->propGetPointer(handle_, name, 0, &value));
    return value;
}
OfxRectI Properties::rectangle(const char *name) const {
    OfxRectI rect{};
    check(suites().property->propGetIntN(handle_, name, 4, &rect.x1));
    return rect;
}

} // namespace mirra_openfx

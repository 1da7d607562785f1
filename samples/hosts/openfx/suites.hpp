// The host's functions, and its property sets.
#pragma once

#include <ofxImageEffect.h>
#include <ofxMessage.h>
#include <ofxParam.h>
#include <ofxProgress.h>

#include <string>

namespace mirra_openfx {

/// What a host lends to a plugin, for as long as the plugin is loaded. OpenFX hands it to a function without
/// context, so it is one for the process.
struct Suites {
    OfxHost *host = nullptr;
    const OfxPropertySuiteV1 *property = nullptr;
    const OfxImageEffectSuiteV1 *effect = nullptr;
    const OfxParameterSuiteV1 *parameter = nullptr;
    const OfxMessageSuiteV1 *message = nullptr; ///< NULL if the host has none
    /// NULL if the host has none: messages that stay at the effect, rather than a window for each frame.
    const OfxMessageSuiteV2 *lasting = nullptr;
    const OfxProgressSuiteV1 *progress = nullptr; ///< NULL if the host has none
};

Suites &suites();
/// False if the host lacks what is needed.
bool fetch_suites();

/// What the host refused.
struct HostFailure {
    OfxStatus status;
};
/// @throws HostFailure
void check(OfxStatus status);

/// A set of properties. What cannot be set is left out: hosts differ in what they know.
class Properties {
  public:
    explicit Properties(OfxPropertySetHandle handle) noexcept : handle_(handle) {}
    void set(const char *name, int value, int index = 0) const;
    void set(const char *name, double value, int index = 0) const;
    void set(const char *name, const char *value, int index = 0) const;
    void set(const char *name, const std::string &value, int index = 0) const;
    /// @throws HostFailure
    [[nodiscard]] int whole(const char *name, int index = 0) const;
    [[nodiscard]] double real(const char *name, int index = 0) const;
    [[nodiscard]] std::string text(const char *name) const;
    [[nodiscard]] void *pointer(const char *name) const;
    /// x1, y1, x2, y2
    [[nodiscard]] OfxRectI rectangle(const char *name) const;

  private:
    OfxPropertySetHandle handle_;
};

} // namespace mirra_openfx

// SHA-256 over OpenSSL's EVP interface.
#include "digest.hpp"

#include "dtype.hpp"

#include "mirra/error.hpp"
#include "mirra/forks.hpp"

#include <openssl/evp.h>

#include <array>

namespace mirra::bundle {
namespace {

class Sha256 {
  public:
    Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
        const ForkPause pause; // OpenSSL looks algorithms up under locks
        if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) fail();
    }

    void update(const void *data, std::size_t size) {
        if (EVP_DigestUpdate(context_.get(), data, size) != 1) fail();
    }

    std::string hex() {
        std::array<unsigned char, 32> digest{};
        if (EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) fail();
        std::string text;
        for (const unsigned byte : digest) {
            text += "0123456789abcdef"[byte >> 4];
            text += "0123456789abcdef"[byte & 15];
        }
        return text;
    }

  private:
    [[noreturn]] static void fail() {
        throw Error(ErrorCode::internal, "SHA-256 is not available", "OpenSSL");
    }

    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string description(const std::string &name, const TensorView &tensor) {
    std::string text = name;
    text += '\0';
    text += safetensors_name(tensor.dtype);
    text += '\0';
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
        text += (i ? "," : "") + std::to_string(tensor.shape[i]);
    text += '\0';
    return text;
}

} // namespace

std::string sha256_of(std::string_view text) {
    Sha256 hash;
    hash.update(text.data(), text.size());
    return hash.hex();
}

std::string sha256_of(const std::map<std::string, TensorView> &tensors) {
    Sha256 hash;
    for (const auto &[name, tensor] : tensors) {
        const std::string text = description(name, tensor);
        hash.update(text.data(), text.size());
        hash.update(tensor.bytes.data(), tensor.bytes.size());
    }
    return hash.hex();
}

} // namespace mirra::bundle

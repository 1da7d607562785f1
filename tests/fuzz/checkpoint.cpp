// Checkpoints of others, as `mirra-train import` reads them: torch.save's zip and older form, safetensors.
#include "fuzz.hpp"

#include "import/state_dict.hpp"

#include <sys/mman.h>
#include <unistd.h>

using namespace mirra;

namespace {

/// A file in memory, for readers that take a path.
class MemoryFile {
  public:
    explicit MemoryFile(fuzz::Bytes bytes) : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
        fuzz::expect(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
                     "the input cannot be written");
    }
    MemoryFile(const MemoryFile &) = delete;
    MemoryFile &operator=(const MemoryFile &) = delete;
    ~MemoryFile() { ::close(descriptor_); }
    [[nodiscard]] std::filesystem::path path() const {
        return "/proc/self/fd/" + std::to_string(descriptor_);
    }

  private:
    int descriptor_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    constexpr std::size_t kTensors = 16; // read of each input
    const MemoryFile file(fuzz::bytes_of(data, size));
    fuzz::taken([&] {
        std::size_t read = 0;
        for (const auto &[name, tensor] : trainer::importer::read_state_dict(file.path())) {
            if (!tensor.problem.empty() || ++read > kTensors) continue;
            std::size_t elements = 1;
            for (const auto extent : tensor.shape) elements *= static_cast<std::size_t>(extent);
            fuzz::taken([&] { fuzz::expect(tensor.read().size() == elements, "another count of values"); });
        }
    });
    return 0;
}

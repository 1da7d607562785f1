// Saving and loading checkpoints.
#include "core/checkpoint.hpp"

#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

namespace mirra::trainer {
namespace {

std::span<const std::byte> bytes_of(const torch::Tensor &tensor) {
    return {static_cast<const std::byte *>(tensor.const_data_ptr()), tensor.nbytes()};
}

bool finite(const torch::Tensor &tensor) {
    return tensor.isfinite().all().item<bool>();
}

void restore(const std::string &name, const torch::Tensor &place, const bundle::TensorFile &file) {
    const auto found = file.tensors().find(name);
    if (found == file.tensors().end())
        throw Error(ErrorCode::corrupt, "checkpoint lacks a tensor", name,
                    "delete the run folder to start anew");
    const auto values = bundle::to_float(found->second);
    if (static_cast<std::int64_t>(values.size()) != place.numel())
        throw Error(ErrorCode::corrupt, "checkpoint tensor has another size", name,
                    "delete the run folder to start anew");
    const auto saved = torch::from_blob(const_cast<float *>(values.data()), place.sizes(), at::kFloat);
    if (!finite(saved))
        throw Error(ErrorCode::corrupt, "checkpoint tensor holds values that are not finite", name,
                    "delete the run folder to start anew, with a lower learning rate");
    torch::Tensor target = place;
    target.copy_(saved);
}

std::string value(const bundle::TensorFile &file, const std::string &key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? "" : found->second;
}

} // namespace

void save_checkpoint(const std::filesystem::path &path, const std::map<std::string, torch::Tensor> &state,
                     const CheckpointInfo &info) {
    const torch::NoGradGuard no_grad;
    std::map<std::string, torch::Tensor> copies;
    std::map<std::string, bundle::TensorView> views;
    for (const auto &[name, tensor] : state) {
        auto &copy = copies[name] = tensor.to(at::kCPU, at::kFloat).contiguous();
        if (!finite(copy))
            throw Error(
                ErrorCode::internal,
                "the training diverged: values are not finite after step " + std::to_string(info.step), name,
                "lower the learning rate or set clip_norm in the recipe; the checkpoint before is kept");
        views[name] = {bundle::DType::f32, {copy.sizes().begin(), copy.sizes().end()}, bytes_of(copy)};
    }
    bundle::write_tensors(
        path, views, {{"mirra.step", std::to_string(info.step)}, {"mirra.fingerprint", info.fingerprint}});
}

std::optional<CheckpointInfo> load_checkpoint(const std::filesystem::path &path,
                                              const std::map<std::string, torch::Tensor> &state,
                                              const std::string &fingerprint) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    const torch::NoGradGuard no_grad;
    const auto file = bundle::TensorFile::open(path);
    CheckpointInfo info{.step = 0, .fingerprint = value(*file, "mirra.fingerprint")};
    try {
        info.step = std::stoll(value(*file, "mirra.step"));
    } catch (const std::logic_error &) {
        throw Error(ErrorCode::corrupt, "checkpoint has no step count", path.string(),
                    "delete it to start anew");
    }
    if (info.fingerprint != fingerprint)
        throw Error(ErrorCode::mismatch, "the checkpoint is of a run with another recipe, seed or data",
                    path.string(), "use another output name, or pass --restart to discard it");
    for (const auto &[name, tensor] : state) restore(name, tensor, *file);
    return info;
}

} // namespace mirra::trainer

// Float pictures as tensors.
#include "eval/picture_tensor.hpp"

namespace mirra::trainer {

torch::Tensor to_tensor(const std::vector<FloatPicture> &pictures) {
    std::vector<torch::Tensor> out;
    for (const auto &picture : pictures)
        out.push_back(torch::from_blob(const_cast<float *>(picture.values.data()),
                                       {picture.height, picture.width, 3}, at::kFloat)
                          .permute({2, 0, 1}));
    return torch::stack(out).contiguous();
}

} // namespace mirra::trainer

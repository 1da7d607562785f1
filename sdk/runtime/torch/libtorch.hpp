// What the project uses of LibTorch, and its precompiled header. With <torch/torch.h> each unit would
// instantiate the templates of torch::nn anew, for eight seconds.
#pragma once

#include <torch/autograd.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

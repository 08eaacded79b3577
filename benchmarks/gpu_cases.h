// What the program `gpu` times; peers/gpu_torch.py does the same in PyTorch, under the same names.
//
//   steps      sgd-, adam-, row-NETWORK       a training step of each kind, and one row through the network (mlp.h)
//   products   matmul-N-DTYPE                 two matrices N by N
//   memory     add-, relu-, sum-...           how fast numbers pass through a kernel
//   copies     to-device-, to-host-SIZE       from and to ordinary, pageable memory
//   files      save-, load-SIZE               tensors on the device to a file, and back into tensors that are there
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cairn/core/device.h>

#include "measure.h"

namespace benchmarks {

/// A case made ready on a device: what is called, and what a call moves or computes.
struct Work {
  Contender contender;
  double bytes = 0, flops = 0;
};

struct GpuCase {
  std::string name, section;
  std::function<Work(cairn::Device)> make;
};

/// `tiny`: the same with so little to do that an emulated device can. Files lie in `folder` while they are needed.
std::vector<GpuCase> gpu_cases(bool tiny, const std::string& folder);

/// The loss of every network after twenty steps of SGD from PyTorch's seed 0: equal to the peer's, or the two do
/// different work. As JSON: {"mlp-3-5-2-b4": 0.7, ...}
std::string losses_json(cairn::Device device);

}  // namespace benchmarks

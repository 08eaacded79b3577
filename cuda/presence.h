// Whether there are GPUs, and why not. Looked up when it is first asked, not when the program starts: it starts the
// driver, which takes a tenth of a second and more.
#pragma once

#include <string>

namespace cairn::cuda {

struct Presence {
  int count;
  std::string why_none;  ///< PyTorch's text where count is 0.
};

const Presence& presence();

}  // namespace cairn::cuda

// What <cairn/cuda.h> calls. Not part of the plug-in: that is registered by the program which opens it.
#include <cairn/cuda.h>

#include <cairn/core/backend.h>

extern "C" const cairn::Backend* cairn_backend();

namespace cairn {

bool register_cuda() {
  register_backend(*cairn_backend());
  return true;
}

}  // namespace cairn

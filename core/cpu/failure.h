// What a kernel of this thread refused last: kernels throw nothing and return nothing, so they leave a note.
#pragma once

namespace cairn {

struct KernelFailure {
  bool failed = false;
  char why[160] = {};
};

extern constinit thread_local KernelFailure kernel_failure;

}  // namespace cairn

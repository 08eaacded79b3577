// Which of the tables of kernels is in use.
#include <cairn/core/cpu/instruction_set.h>
#include <cairn/io/kernels/kernels.h>

extern "C" {
extern const CairnByteKernels cairn_byte_kernels_baseline;
#if defined(__x86_64__)
extern const CairnByteKernels cairn_byte_kernels_avx2, cairn_byte_kernels_avx512;
#endif
}

namespace cairn::io {

const CairnByteKernels& byte_kernels() {
#if defined(__x86_64__)
  switch (instruction_set_in_use()) {
    case InstructionSet::avx512:
      if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2"))
        return cairn_byte_kernels_avx512;
      [[fallthrough]];
    case InstructionSet::avx2:
      if (__builtin_cpu_supports("bmi2")) return cairn_byte_kernels_avx2;
      [[fallthrough]];
    case InstructionSet::baseline:
      break;
  }
#endif
  return cairn_byte_kernels_baseline;
}

}  // namespace cairn::io

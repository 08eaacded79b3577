#include <cairn/core/builtin_backends.h>

namespace cairn {

std::span<const Backend* const> builtin_backends() {
  static const Backend* const all[] = {&cpu_backend(), &meta_backend(), &sim_backend()};
  return all;
}

}  // namespace cairn

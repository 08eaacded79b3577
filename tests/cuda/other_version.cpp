// A plug-in of a Cairn to come.
#include <cairn/core/backend.h>

extern "C" [[gnu::visibility("default")]] const cairn::Backend* cairn_backend() {
  static cairn::Backend table{};
  table.version = cairn::Backend::current_version + 1;
  table.type = cairn::Device::Type::cuda;
  return &table;
}

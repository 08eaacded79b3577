// The devices that tests run on.
//
//   for (const Device device : devices())                        all but the CPU: sim:0, and what a plug-in brought
//   const Device device = GENERATE(from_range(everywhere()));    the CPU as well, for a test with sections
//
// A test that says something about a device carries the tag [device]. Those tests run once more with a plug-in opened
// (test_backend.cpp), and then on its device, too.
#pragma once

#include <string>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/devices.h>
#include <cairn/core/dtype.h>
#include <cairn/core/tensor.h>

#include "catch.h"

namespace Catch {
template <>
struct StringMaker<cairn::Device> {
  static std::string convert(cairn::Device device) { return to_string(device); }
};
}  // namespace Catch

inline std::vector<cairn::Device> everywhere() { return cairn::available_devices(); }

inline std::vector<cairn::Device> devices() {
  std::vector<cairn::Device> all = everywhere();
  all.erase(all.begin());
  return all;
}

/// A device that is neither the CPU nor `device`: the next of its type where there are two, else one of another type.
/// sim has several, so there is always one.
inline cairn::Device another_device(cairn::Device device) {
  const cairn::Device next(device.type(), device.index() + 1);
  if (cairn::is_available(next)) return next;
  for (const cairn::Device other : devices()) {
    if (!(other == device)) return other;
  }
  return device;
}

/// The numbers, row by row, from wherever they lie.
template <class T>
std::vector<T> numbers(const cairn::Tensor& tensor) {
  const cairn::NoGrad no_grad;
  const cairn::Tensor here = tensor.detach().to(cairn::Device()).to(cairn::dtype_of<T>).contiguous();
  const auto data = here.data<T>();
  return {data.begin(), data.end()};
}

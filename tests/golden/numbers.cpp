// Looking up the tensors of a case, and comparing numbers.
#include <cmath>
#include <cstdlib>

#include <cairn/core/print.h>

#include "golden.h"

namespace golden {

using namespace cairn;

void expect_text(const std::string& what, const std::string& found, const std::string& expected) {
  expect(found == expected, what, ": found ", python_text(found), ", expected ", python_text(expected));
}

Device device() {
  static const Device chosen = [] {
    const char* given = std::getenv("CAIRN_DEVICE");
    return given && *given ? Device(given) : Device();
  }();
  return chosen;
}

Numbers::Numbers(const Json& cases, StateDict tensors) {
  for (const auto& [name, value] : tensors) tensors_.emplace(name, value.as_tensor().to(device()));
  for (const auto& [kind, pair] : cases.at("tolerance").items()) {
    if (pair.is_array()) tolerances_.emplace(kind, Tolerance{pair[0], pair[1]});
  }
}

const Tensor* Numbers::find(const std::string& name, const std::string& tensor) const {
  const auto found = tensors_.find(name + "/" + tensor);
  return found == tensors_.end() ? nullptr : &found->second;
}

const Tensor& Numbers::at(const std::string& name, const std::string& tensor) const {
  const Tensor* found = find(name, tensor);
  expect(found, "the case has no tensor ", tensor);
  return *found;
}

std::vector<std::pair<std::string, Tensor>> Numbers::all(const std::string& name, const std::string& prefix) const {
  std::vector<std::pair<std::string, Tensor>> found;
  const std::string start = name + "/" + prefix;
  for (auto entry = tensors_.lower_bound(start); entry != tensors_.end() && entry->first.starts_with(start); ++entry) {
    found.emplace_back(entry->first.substr(start.size()), entry->second);
  }
  return found;
}

Tolerance Numbers::tolerance(DType dtype) const { return tolerance(std::string(name(dtype))); }

Tolerance Numbers::tolerance(const std::string& kind) const {
  const auto found = tolerances_.find(kind);
  return found == tolerances_.end() ? tolerances_.at("others") : found->second;
}

namespace {

/// The numbers on the CPU, row by row.
Tensor whole(const Tensor& tensor, DType dtype) { return tensor.detach().to(Device()).to(dtype).contiguous(); }

}  // namespace

void compare(const std::string& what, const Tensor& found, const Tensor& expected, Tolerance tolerance) {
  expect(found.defined(), what, ": there is none");
  expect(found.shape() == expected.shape(), what, ": has shape ", found.shape(), ", expected ", expected.shape());
  expect(found.dtype() == expected.dtype(), what, ": is ", found.dtype(), ", expected ", expected.dtype());
  if (category(expected.dtype()) == DTypeCategory::integer || category(expected.dtype()) == DTypeCategory::boolean) {
    const Tensor a = whole(found, DType::int64), b = whole(expected, DType::int64);
    for (std::int64_t i = 0; i < a.numel(); ++i) {
      const std::int64_t x = a.data<std::int64_t>()[i], y = b.data<std::int64_t>()[i];
      expect(x == y, what, ": element ", i, " is ", x, ", expected ", y);
    }
    return;
  }
  const Tensor a = whole(found, DType::float64), b = whole(expected, DType::float64);
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.data<double>()[i], y = b.data<double>()[i];
    const bool near = x == y || (std::isnan(x) && std::isnan(y)) ||
                      std::abs(x - y) <= tolerance.absolute + tolerance.relative * std::abs(y);
    expect(near, what, ": element ", i, " of ", a.numel(), " is ", python_float(x), ", expected ", python_float(y));
  }
}

}  // namespace golden

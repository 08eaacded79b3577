// What the golden cases share: where they come from, how one fails, how numbers are compared.
//
// A case is a JSON object that says what to do, and tensors named "<case>/<name>" that say what PyTorch got. Each kind
// of case ("what") has a function in a file of its own, which does the same with Cairn and throws Failure where the two
// differ or where the case asks for something that Cairn does not have.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <cairn/core/device.h>
#include <cairn/core/error.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/tensor.h>
#include <nlohmann/json.hpp>

namespace golden {

using Json = nlohmann::ordered_json;

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... Parts>
void expect(bool ok, const Parts&... parts) {
  if (!ok) throw Failure(cairn::text(parts...));
}

/// Fails naming `what`, with both texts, unless they are equal.
void expect_text(const std::string& what, const std::string& found, const std::string& expected);

/// Where cases are computed: the device that the environment variable CAIRN_DEVICE names, else the CPU. What a case
/// reads is moved there, and what it got is moved back to be compared. Texts are the CPU's wherever numbers are
/// computed.
cairn::Device device();

struct Tolerance {
  double relative, absolute;
};

/// cases.json and its tensors, on the device.
class Numbers {
 public:
  Numbers(const Json& cases, cairn::StateDict tensors);

  /// Null unless the case has a tensor of that name.
  const cairn::Tensor* find(const std::string& name, const std::string& tensor) const;
  const cairn::Tensor& at(const std::string& name, const std::string& tensor) const;  ///< Fails if there is none.
  /// Those whose name begins with `prefix`, without it.
  std::vector<std::pair<std::string, cairn::Tensor>> all(const std::string& name, const std::string& prefix) const;

  // The case's own, on every device.
  Tolerance tolerance(cairn::DType dtype) const;
  Tolerance tolerance(const std::string& kind) const;

 private:
  std::map<std::string, cairn::Tensor> tensors_;
  std::map<std::string, Tolerance> tolerances_;
};

/// Fails unless shape and dtype are equal and every number is within the tolerance; NaN equals NaN.
void compare(const std::string& what, const cairn::Tensor& found, const cairn::Tensor& expected, Tolerance tolerance);

// One case each, by its "what".
void run_module(const Json& golden_case, const Numbers& numbers);
void run_loss(const Json& golden_case, const Numbers& numbers);
void run_optimizer(const Json& golden_case, const Numbers& numbers);
void run_operation(const Json& golden_case, const Numbers& numbers);
void run_training(const Json& golden_case, const Numbers& numbers);
void run_random(const Json& golden_case, const Numbers& numbers);

/// One entry of texts.json.
void run_text(const Json& entry);

/// One file of the folder `files`; `manifest` says what the .pth files hold.
void run_file(const std::string& folder, const std::string& file, const Json& manifest, const cairn::StateDict& values);

}  // namespace golden

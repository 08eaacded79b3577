// Where the NaN comes from. A NaN that backward() meets was often made on the way there: log of a negative number gives
// one, and a loss computed from it is NaN; 0/0 gives one going back where everything was finite going forward. So both
// ways are watched, and the error names the function that gave it going back, the hint the operation that made it going
// forward.
#include <cairn/core/autograd/anomaly.h>

#include <algorithm>
#include <cmath>

#include <cairn/core/autograd.h>
#include <cairn/core/autograd/texts.h>

namespace cairn {
namespace {

bool has_nan(const Tensor& tensor) {
  if (!tensor.defined() || tensor.is_deferred() || tensor.device().is_meta() || !is_floating_point(tensor.dtype()))
    return false;
  const NoGrad no_grad;
  const Tensor numbers = tensor.detach().to(Device()).to(DType::float64).contiguous();
  return std::ranges::any_of(numbers.data<double>(), [](double number) { return std::isnan(number); });
}

}  // namespace

DetectAnomaly::DetectAnomaly(bool check_nan) : before_(thread_state.anomaly), check_nan_(check_nan) {
  thread_state.anomaly = this;
}
DetectAnomaly::~DetectAnomaly() { thread_state.anomaly = before_; }

void note_nan(const Tensor& output, const char* node_name, Inputs inputs) {
  DetectAnomaly& anomaly = *thread_state.anomaly;
  if (!anomaly.check_nan_ || anomaly.made_first_nan_ || !has_nan(output)) return;
  for (const Tensor* input : inputs)
    if (input && input->defined() && !input->is_same(output) && has_nan(*input)) return;
  anomaly.made_first_nan_ = node_name;
}

void check_gradients(const Node& node, const Tensor* gradients) {
  const DetectAnomaly& anomaly = *thread_state.anomaly;
  if (!anomaly.check_nan_) return;
  for (int i = 0; i < node.edge_count(); ++i) {
    if (!node.needs(i) || !has_nan(gradients[i])) continue;
    const std::string hint =
        anomaly.made_first_nan_
            ? text("going forward, the first NaN was made by the operation of ", anomaly.made_first_nan_)
            : std::string("going forward, no operation recorded in this mode made a NaN: this gradient is the first");
    throw AutogradError(text("Function '", function_text(node), "' returned nan values in its ", i, "th output."),
                        {.hint = hint});
  }
}

}  // namespace cairn

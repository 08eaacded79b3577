#include <cairn/nn/child.h>
#include <cairn/nn/option_values.h>
#include <cairn/nn/parameter_list.h>

namespace cairn::nn {

Parameter& ParameterList::operator[](std::int64_t index) const {
  const auto count = static_cast<std::int64_t>(size_);
  check<IndexError>(index >= -count && index < count, "index ", index, " is out of range");
  return get_parameter(std::to_string(index < 0 ? index + count : index));
}

namespace {

Tensor checked_parameter(const Tensor& tensor) {
  check<ValueError>(tensor.defined(), "ParameterList: a tensor is undefined, and a list holds no None");
  return detail::as_parameter(tensor, true);
}

}  // namespace

void ParameterList::append(const Tensor& tensor) {
  checked_parameter(tensor);
  register_parameter(std::to_string(size_), tensor);
  ++size_;
}

void ParameterList::extend(std::initializer_list<Tensor> tensors) { extend(std::vector<Tensor>(tensors)); }

void ParameterList::extend(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> checked;  // all, before the first is added
  for (const Tensor& tensor : tensors) checked.push_back(checked_parameter(tensor));
  for (const Tensor& tensor : checked) append(tensor);
}

void ParameterList::extend(const ParameterList& others) {
  for (std::size_t i = 0, count = others.size(); i < count; ++i) append(others[static_cast<std::int64_t>(i)]);
}

Tensor ParameterList::forward(const Tensor&) { throw TypeError("ParameterList should not be called."); }

std::string ParameterList::extra_repr() const {
  std::string lines;
  for (std::size_t i = 0; i < size_; ++i) {
    const Parameter& parameter = (*this)[static_cast<std::int64_t>(i)];
    std::string size;
    for (const std::int64_t extent : parameter.shape()) size += text(size.empty() ? "" : "x", extent);
    lines += text(i == 0 ? "" : "\n", "  (", i, "): Parameter containing: [torch.", cairn::name(parameter.dtype()),
                  " of size ", size, parameter.device().is_cpu() ? "" : text(" (", parameter.device(), ")"), ']');
  }
  return lines;
}

Value ParameterList::options() const {
  List shapes;
  for (const Parameter& parameter : *this) shapes.items.push_back(to_value(parameter.shape()));
  return {{"shapes", shapes}};
}
std::shared_ptr<ParameterList> ParameterList::from_options(const Value& options) {
  auto list = make<ParameterList>();
  for (const Value& shape : options["shapes"].items()) list->append(zeros(shape_of(shape)));
  return list;
}

}  // namespace cairn::nn

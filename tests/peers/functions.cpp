#include "functions.h"

#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <cairn/core/ops.h>

namespace peers {

using namespace cairn;

const Tensor& tensor_called(const Tensors& tensors, std::string_view name) {
  const std::size_t point = name.find('.');
  const auto found = tensors.find(name.substr(0, point));
  const std::size_t place = point == name.npos ? 0 : std::stoul(std::string(name.substr(point + 1)));
  check<KeyError>(found != tensors.end() && place < found->second.size(), "there is no tensor ", name);
  return found->second[place];
}

namespace {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// An argument as a parameter of type T.
template <class T>
T taken(const Argument& argument, const Tensors& tensors) {
  if constexpr (is_optional<T>) {
    if (std::holds_alternative<None>(argument)) return {};
    return taken<typename T::value_type>(argument, tensors);
  } else if constexpr (std::is_same_v<T, Tensor>) {
    return std::holds_alternative<None>(argument) ? Tensor() : tensor_called(tensors, std::get<Word>(argument).text);
  } else if constexpr (std::is_same_v<T, std::vector<Tensor>>) {
    std::vector<Tensor> list;
    for (const std::string& name : std::get<Words>(argument).texts) list.push_back(tensor_called(tensors, name));
    return list;
  } else if constexpr (std::is_same_v<T, Scalar>) {
    if (const bool* truth = std::get_if<bool>(&argument)) return *truth;
    if (const auto* whole = std::get_if<std::int64_t>(&argument)) return *whole;
    return std::get<double>(argument);
  } else if constexpr (std::is_same_v<T, DType>) {
    return dtype_from_name(std::get<Word>(argument).text);
  } else if constexpr (std::is_same_v<T, int>) {
    return static_cast<int>(std::get<std::int64_t>(argument));
  } else if constexpr (std::is_same_v<T, double>) {
    const auto* whole = std::get_if<std::int64_t>(&argument);
    return whole ? static_cast<double>(*whole) : std::get<double>(argument);
  } else {
    return std::get<T>(argument);
  }
}

std::vector<Tensor> results(const Tensor& result) { return {result}; }
std::vector<Tensor> results(std::vector<Tensor> list) { return list; }
std::vector<Tensor> results(const ValuesAndIndices& both) { return {both.values, both.indices}; }
std::vector<Tensor> results(const Shape& list) {
  return {from_data(std::span<const std::int64_t>(list.begin(), list.end()), {list.rank()})};
}
std::vector<Tensor> results(std::int64_t number) { return {scalar_tensor(number, {.dtype = DType::int64})}; }
std::vector<Tensor> results(double number) { return {scalar_tensor(number, {.dtype = DType::float64})}; }
std::vector<Tensor> results(bool truth) { return {scalar_tensor(truth, {.dtype = DType::boolean})}; }

template <class F, class Result, class... Parameters, std::size_t... i>
Function adapted(F f, Result (F::*)(Parameters...) const, std::index_sequence<i...>) {
  return [f](const std::vector<Argument>& arguments, const Tensors& tensors) {
    check<TypeError>(arguments.size() == sizeof...(i), "takes ", sizeof...(i), " arguments, not ", arguments.size());
    return results(f(taken<std::remove_cvref_t<Parameters>>(arguments[i], tensors)...));
  };
}

/// A function of tensors, numbers and lists, as one of arguments.
struct Row {
  template <class F>
  Row(const char* called, F f)
      : name(called), function([&]<class Result, class... Parameters>(Result (F::*form)(Parameters...) const) {
          return adapted(f, form, std::index_sequence_for<Parameters...>());
        }(&F::operator())) {}

  const char* name;
  Function function;
};

using X = const Tensor&;
using Whole = std::int64_t;
using Dims = const Shape&;
using Bound = const std::optional<Scalar>&;
using List = const std::vector<Tensor>&;

const Row rows[] = {
    // One input.
    {"neg", [](X x) { return neg(x); }},
    {"abs", [](X x) { return abs(x); }},
    {"exp", [](X x) { return exp(x); }},
    {"log", [](X x) { return log(x); }},
    {"sqrt", [](X x) { return sqrt(x); }},
    {"rsqrt", [](X x) { return rsqrt(x); }},
    {"tanh", [](X x) { return tanh(x); }},
    {"sigmoid", [](X x) { return sigmoid(x); }},
    {"erf", [](X x) { return erf(x); }},
    {"relu", [](X x) { return relu(x); }},
    {"leaky_relu", [](X x, double slope) { return leaky_relu(x, slope); }},
    {"leaky_relu_", [](X x, double slope) { return x.leaky_relu_(slope); }},
    {"gelu", [](X x, bool tanh) { return gelu(x, tanh ? GeluApproximate::tanh : GeluApproximate::none); }},
    {"logical_not", [](X x) { return logical_not(x); }},
    {"neg_", [](X x) { return x.neg_(); }},
    {"abs_", [](X x) { return x.abs_(); }},
    {"exp_", [](X x) { return x.exp_(); }},
    {"log_", [](X x) { return x.log_(); }},
    {"sqrt_", [](X x) { return x.sqrt_(); }},
    {"rsqrt_", [](X x) { return x.rsqrt_(); }},
    {"tanh_", [](X x) { return x.tanh_(); }},
    {"sigmoid_", [](X x) { return x.sigmoid_(); }},
    {"erf_", [](X x) { return x.erf_(); }},
    {"relu_", [](X x) { return x.relu_(); }},
    // Two inputs.
    {"add", [](X a, X b) { return a + b; }},
    {"sub", [](X a, X b) { return a - b; }},
    {"mul", [](X a, X b) { return a * b; }},
    {"div", [](X a, X b) { return a / b; }},
    {"pow", [](X a, X b) { return pow(a, b); }},
    {"maximum", [](X a, X b) { return maximum(a, b); }},
    {"minimum", [](X a, X b) { return minimum(a, b); }},
    {"add.number", [](X a, Scalar b) { return a + b; }},
    {"sub.number", [](X a, Scalar b) { return a - b; }},
    {"mul.number", [](X a, Scalar b) { return a * b; }},
    {"div.number", [](X a, Scalar b) { return a / b; }},
    {"pow.number", [](X a, Scalar b) { return pow(a, b); }},
    {"add.to_number", [](Scalar a, X b) { return a + b; }},
    {"sub.from_number", [](Scalar a, X b) { return a - b; }},
    {"mul.by_number", [](Scalar a, X b) { return a * b; }},
    {"div.of_number", [](Scalar a, X b) { return a / b; }},
    {"pow.of_number", [](Scalar a, X b) { return pow(a, b); }},
    {"add_", [](X a, X b) { return a.add_(b); }},
    {"sub_", [](X a, X b) { return a.sub_(b); }},
    {"mul_", [](X a, X b) { return a.mul_(b); }},
    {"div_", [](X a, X b) { return a.div_(b); }},
    {"pow_", [](X a, X b) { return a.pow_(b); }},
    {"add_.number", [](X a, Scalar b) { return a.add_(b); }},
    {"sub_.number", [](X a, Scalar b) { return a.sub_(b); }},
    {"mul_.number", [](X a, Scalar b) { return a.mul_(b); }},
    {"div_.number", [](X a, Scalar b) { return a.div_(b); }},
    {"pow_.number", [](X a, Scalar b) { return a.pow_(b); }},
    // Comparisons.
    {"eq", [](X a, X b) { return a == b; }},
    {"ne", [](X a, X b) { return a != b; }},
    {"lt", [](X a, X b) { return a < b; }},
    {"le", [](X a, X b) { return a <= b; }},
    {"gt", [](X a, X b) { return a > b; }},
    {"ge", [](X a, X b) { return a >= b; }},
    {"eq.number", [](X a, Scalar b) { return a == b; }},
    {"ne.number", [](X a, Scalar b) { return a != b; }},
    {"lt.number", [](X a, Scalar b) { return a < b; }},
    {"le.number", [](X a, Scalar b) { return a <= b; }},
    {"gt.number", [](X a, Scalar b) { return a > b; }},
    {"ge.number", [](X a, Scalar b) { return a >= b; }},
    {"logical_and", [](X a, X b) { return logical_and(a, b); }},
    {"logical_or", [](X a, X b) { return logical_or(a, b); }},
    {"logical_xor", [](X a, X b) { return logical_xor(a, b); }},
    // Choosing.
    {"where", [](X condition, X a, X b) { return where(condition, a, b); }},
    {"where.or_number", [](X condition, X a, Scalar b) { return where(condition, a, b); }},
    {"where.number", [](X condition, Scalar a, X b) { return where(condition, a, b); }},
    {"masked_fill", [](X x, X mask, X value) { return masked_fill(x, mask, value); }},
    {"masked_fill.number", [](X x, X mask, Scalar value) { return masked_fill(x, mask, value); }},
    {"masked_fill_", [](X x, X mask, X value) { return x.masked_fill_(mask, value); }},
    {"masked_fill_.number", [](X x, X mask, Scalar value) { return x.masked_fill_(mask, value); }},
    {"clamp", [](X x, X low, X high) { return clamp(x, low, high); }},
    {"clamp.number", [](X x, Bound low, Bound high) { return clamp(x, low, high); }},
    {"clamp_", [](X x, X low, X high) { return x.clamp_(low, high); }},
    {"clamp_.number", [](X x, Bound low, Bound high) { return x.clamp_(low, high); }},
    // Reductions.
    {"sum", [](X x, Dims dims, bool keepdim) { return sum(x, dims, keepdim); }},
    {"mean", [](X x, Dims dims, bool keepdim) { return mean(x, dims, keepdim); }},
    {"amax", [](X x, Dims dims, bool keepdim) { return amax(x, dims, keepdim); }},
    {"amin", [](X x, Dims dims, bool keepdim) { return amin(x, dims, keepdim); }},
    {"all", [](X x, Dims dims, bool keepdim) { return all(x, dims, keepdim); }},
    {"any", [](X x, Dims dims, bool keepdim) { return any(x, dims, keepdim); }},
    {"sum.all", [](X x) { return x.sum(); }},
    {"mean.all", [](X x) { return x.mean(); }},
    {"var", [](X x, Dims dims, double correction, bool keepdim) { return var(x, dims, correction, keepdim); }},
    {"std", [](X x, Dims dims, double correction, bool keepdim) { return cairn::std(x, dims, correction, keepdim); }},
    {"norm", [](X x, double p, Dims dims, bool keepdim) { return norm(x, p, dims, keepdim); }},
    {"logsumexp", [](X x, Dims dims, bool keepdim) { return logsumexp(x, dims, keepdim); }},
    {"max.all", [](X x) { return max(x); }},
    {"min.all", [](X x) { return min(x); }},
    {"max", [](X x, int dim, bool keepdim) { return max(x, dim, keepdim); }},
    {"min", [](X x, int dim, bool keepdim) { return min(x, dim, keepdim); }},
    {"argmax.all", [](X x) { return argmax(x); }},
    {"argmin.all", [](X x) { return argmin(x); }},
    {"argmax", [](X x, int dim, bool keepdim) { return argmax(x, dim, keepdim); }},
    {"argmin", [](X x, int dim, bool keepdim) { return argmin(x, dim, keepdim); }},
    // Joining and cutting.
    {"cat", [](List list, int dim) { return cat(list, dim); }},
    {"stack", [](List list, int dim) { return stack(list, dim); }},
    {"split", [](X x, std::int64_t size, int dim) { return x.split(size, dim); }},
    {"split.sizes", [](X x, Dims sizes, int dim) { return x.split(sizes, dim); }},
    {"chunk", [](X x, std::int64_t chunks, int dim) { return x.chunk(chunks, dim); }},
    // Indexing.
    {"gather", [](X x, int dim, X index) { return gather(x, dim, index); }},
    {"scatter_add", [](X x, int dim, X index, X source) { return scatter_add(x, dim, index, source); }},
    {"scatter_add_", [](X x, int dim, X index, X source) { return x.scatter_add_(dim, index, source); }},
    {"index_select", [](X x, int dim, X index) { return index_select(x, dim, index); }},
    {"one_hot", [](X classes, std::int64_t count) { return one_hot(classes, count); }},
    // Layers and losses.
    {"matmul", [](X a, X b) { return matmul(a, b); }},
    {"linear", [](X x, X weight, X bias) { return linear(x, weight, bias); }},
    {"softmax", [](X x, int dim) { return softmax(x, dim); }},
    {"log_softmax", [](X x, int dim) { return log_softmax(x, dim); }},
    {"cross_entropy",
     [](X input, X target, X weight, std::int64_t ignore_index, int reduction, double label_smoothing) {
       return cross_entropy(input, target, {weight, ignore_index, static_cast<Reduction>(reduction), label_smoothing});
     }},
    {"nll_loss",
     [](X input, X target, X weight, std::int64_t ignore_index, int reduction) {
       return nll_loss(input, target, {weight, ignore_index, static_cast<Reduction>(reduction)});
     }},
    {"l1_loss", [](X input, X target, int reduction) { return l1_loss(input, target, static_cast<Reduction>(reduction)); }},
    {"smooth_l1_loss",
     [](X input, X target, int reduction, double beta) {
       return smooth_l1_loss(input, target, static_cast<Reduction>(reduction), beta);
     }},
    {"binary_cross_entropy",
     [](X input, X target, X weight, int reduction) {
       return binary_cross_entropy(input, target, {weight, static_cast<Reduction>(reduction)});
     }},
    {"binary_cross_entropy_with_logits",
     [](X input, X target, X weight, int reduction, X pos_weight) {
       return binary_cross_entropy_with_logits(input, target, {weight, static_cast<Reduction>(reduction), pos_weight});
     }},
    {"layer_norm", [](X x, Dims shape, X weight, X bias, double eps) { return layer_norm(x, shape, weight, bias, eps); }},
    {"embedding", [](X indices, X weight, std::optional<std::int64_t> padding) {
       return embedding(indices, weight, padding);
     }},
    {"mse_loss",
     [](X input, X target, int reduction) { return mse_loss(input, target, static_cast<Reduction>(reduction)); }},
    {"batch_norm", [](X x, X mean, X var, X weight, X bias, bool training, double momentum,
                      double eps) { return batch_norm(x, mean, var, weight, bias, training, momentum, eps); }},
    // Images. Of two numbers the first is for the height.
    {"conv2d",
     [](X x, X weight, X bias, Whole stride0, Whole stride1, Whole padding0, Whole padding1, Whole dilation0,
        Whole dilation1, Whole groups) {
       return conv2d(x, weight, bias,
                     {Size2d(stride0, stride1), Padding2d(padding0, padding1), Size2d(dilation0, dilation1), groups});
     }},
    {"conv2d.named",
     [](X x, X weight, X bias, Whole stride0, Whole stride1, int padding, Whole dilation0, Whole dilation1,
        Whole groups) {
       constexpr const char* names[] = {"same", "valid", "neither"};
       return conv2d(x, weight, bias,
                     {Size2d(stride0, stride1), std::string(names[padding]), Size2d(dilation0, dilation1), groups});
     }},
    {"max_pool2d",
     [](X x, Whole kernel0, Whole kernel1, Whole stride0, Whole stride1, Whole padding0, Whole padding1,
        Whole dilation0, Whole dilation1, bool ceil_mode) {
       return max_pool2d(x, {kernel0, kernel1},
                         {Size2d(stride0, stride1), {padding0, padding1}, {dilation0, dilation1}, ceil_mode});
     }},
    {"max_pool2d_with_indices",
     [](X x, Whole kernel0, Whole kernel1, Whole stride0, Whole stride1, Whole padding0, Whole padding1,
        Whole dilation0, Whole dilation1, bool ceil_mode) {
       return max_pool2d_with_indices(
           x, {kernel0, kernel1}, {Size2d(stride0, stride1), {padding0, padding1}, {dilation0, dilation1}, ceil_mode});
     }},
    {"avg_pool2d",
     [](X x, Whole kernel0, Whole kernel1, Whole stride0, Whole stride1, Whole padding0, Whole padding1, bool ceil_mode,
        bool count_include_pad, std::optional<Whole> divisor) {
       return avg_pool2d(x, {kernel0, kernel1},
                         {Size2d(stride0, stride1), {padding0, padding1}, ceil_mode, count_include_pad, divisor});
     }},
    {"adaptive_avg_pool2d",
     [](X x, Whole height, Whole width) {
       return adaptive_avg_pool2d(x, {height, width});
     }},
    // Views and copies.
    {"view", [](X x, Dims shape) { return x.view(shape); }},
    {"reshape", [](X x, Dims shape) { return x.reshape(shape); }},
    {"flatten", [](X x, int start, int end) { return x.flatten(start, end); }},
    {"transpose", [](X x, int dim0, int dim1) { return x.transpose(dim0, dim1); }},
    {"t", [](X x) { return x.t(); }},
    {"permute", [](X x, Dims dims) { return x.permute(dims); }},
    {"select", [](X x, int dim, std::int64_t index) { return x.select(dim, index); }},
    {"index.number", [](X x, std::int64_t index) { return x[index]; }},
    {"narrow", [](X x, int dim, std::int64_t start, std::int64_t length) { return x.narrow(dim, start, length); }},
    {"slice", [](X x, int dim, std::int64_t start, std::int64_t end,
                 std::int64_t step) { return x.slice(dim, start, end, step); }},
    {"squeeze.all", [](X x) { return x.squeeze(); }},
    {"squeeze", [](X x, int dim) { return x.squeeze(dim); }},
    {"unsqueeze", [](X x, int dim) { return x.unsqueeze(dim); }},
    {"expand", [](X x, Dims shape) { return x.expand(shape); }},
    {"as_strided",
     [](X x, Dims shape, Dims strides, std::int64_t offset) { return x.as_strided(shape, strides, offset); }},
    {"contiguous", [](X x) { return x.contiguous(); }},
    {"clone", [](X x) { return x.clone(); }},
    {"detach", [](X x) { return x.detach(); }},
    {"to", [](X x, DType dtype) { return x.to(dtype); }},
    {"copy_", [](X x, X source) { return x.copy_(source); }},
    {"fill_", [](X x, Scalar value) { return x.fill_(value); }},
    {"zero_", [](X x) { return x.zero_(); }},
    // What a tensor is.
    {"shape", [](X x) { return x.shape(); }},
    {"size", [](X x, int dim) { return x.size(dim); }},
    {"strides", [](X x) { return x.strides(); }},
    {"storage_offset", [](X x) { return x.storage_offset(); }},
    {"dim", [](X x) { return static_cast<std::int64_t>(x.dim()); }},
    {"numel", [](X x) { return x.numel(); }},
    {"nbytes", [](X x) { return x.nbytes(); }},
    {"is_contiguous", [](X x) { return x.is_contiguous(); }},
    {"is_leaf", [](X x) { return x.is_leaf(); }},
    {"requires_grad", [](X x) { return x.requires_grad(); }},
    {"version", [](X x) { return static_cast<std::int64_t>(x.version()); }},
    {"item", [](X x) { return x.item(); }},
    {"item_int64", [](X x) { return x.item_int64(); }},
    {"requires_grad_", [](X x, bool on) { return Tensor(x).requires_grad_(on); }},
    // Made from nothing.
    {"zeros", [](Dims shape, DType dtype) { return zeros(shape, {.dtype = dtype}); }},
    {"ones", [](Dims shape, DType dtype) { return ones(shape, {.dtype = dtype}); }},
    {"full", [](Dims shape, Scalar value, DType dtype) { return full(shape, value, {.dtype = dtype}); }},
    {"empty", [](Dims shape, DType dtype) { return empty(shape, {.dtype = dtype}).shape(); }},
    {"zeros_like", [](X x) { return zeros_like(x); }},
    {"ones_like", [](X x) { return ones_like(x); }},
    {"full_like", [](X x, Scalar value) { return full_like(x, value); }},
    {"empty_like", [](X x) { return empty_like(x).shape(); }},
    {"scalar_tensor", [](Scalar value, DType dtype) { return scalar_tensor(value, {.dtype = dtype}); }},
    {"arange", [](Scalar start, Scalar end, Scalar step) { return arange(start, end, step); }},
    {"arange.dtype", [](Scalar start, Scalar end, Scalar step,
                        DType dtype) { return arange(start, end, step, TensorOptions{.dtype = dtype}); }},
    {"arange.end", [](std::int64_t end) { return arange(end); }},
    {"linspace", [](double start, double end, std::int64_t steps,
                    DType dtype) { return linspace(start, end, steps, {.dtype = dtype}); }},
    {"eye", [](std::int64_t rows, std::optional<std::int64_t> columns,
               DType dtype) { return eye(rows, columns, {.dtype = dtype}); }},
};

}  // namespace

const std::map<std::string, Function, std::less<>>& functions() {
  static const std::map<std::string, Function, std::less<>> by_name = [] {
    std::map<std::string, Function, std::less<>> made;
    for (const Row& row : rows) made.emplace(row.name, row.function);
    return made;
  }();
  return by_name;
}

}  // namespace peers

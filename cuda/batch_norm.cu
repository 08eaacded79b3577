// Batch normalisation of x [n, channels, ...] (core/batch_norm_formulas.h).
//
//   training      sum of x ─► mean, running mean    sum of (x - mean)² ─► 1/deviation, running variance    x, both ─► y
//   evaluating    running statistics ─► mean, 1/deviation                                                  x, both ─► y
//   backward      sums of g and g x̂ together ─► gradients of weight and bias, means                    g, x, means ─►
//   dL/dx
//
// Each arrow is one kernel (sums of more than 1,024 numbers take a small second one). The statistics are in the dtype
// that is computed in: float32 for float16 and bfloat16.
#include <cairn/core/batch_norm_formulas.h>
#include <cairn/cuda/elementwise.h>
#include <cairn/cuda/places.h>
#include <cairn/cuda/sum.h>

namespace cairn::cuda {
namespace {

namespace formulas = batch_norm_formulas;

/// One number a channel, or none.
template <class T>
struct PerChannel {
  T* data;
  std::int64_t stride;

  explicit PerChannel(const View& view)
      : data(data_or_null<T>(view)), stride(view.present() && view.rank > 0 ? view.strides[0] : 0) {}

  __device__ Computed<T> read(std::int64_t c, int otherwise) const {
    return data ? static_cast<Computed<T>>(data[c * stride]) : static_cast<Computed<T>>(otherwise);
  }
  __device__ void write(std::int64_t c, Computed<T> value) const {
    if (data) data[c * stride] = T(value);
  }
};

/// The statistics that forward leaves for backward.
template <class T>
Computed<T>* statistic(const View& view) {
  if (view.dtype != dtype_of<Computed<T>>)
    throw Failure{Status::invalid,
                  "batch_norm: the mean and the inverse deviation must be float32 for 16-bit inputs, and of "
                  "the input's dtype for others"};
  return data_of<Computed<T>>(view);
}

/// Views of x's rank: the numbers of one channel, and the channels, for which an offset is the channel's number.
class Channels {
 public:
  explicit Channels(const View& x) : rank_(x.rank), channels_(x.dims[1]) {
    for (int d = 0; d < rank_; ++d) {
      dims_[d] = d == 1 ? channels_ : 1;
      strides_[d] = d == 1 ? 1 : 0;
      if (d != 1) count_ *= x.dims[d];
    }
  }

  std::int64_t channels() const { return channels_; }
  std::int64_t count() const { return count_; }  // of numbers in each
  View numbered() const { return {nullptr, dims_, strides_, rank_, DType::int64}; }

  /// Where the numbers of a channel lie, from its first.
  template <int operands>
  Places<operands> places(const View* const (&views)[operands]) const {
    std::int64_t dims[64], strides[operands][64];
    View parts[operands];
    const View* pointers[operands];
    for (int k = 0; k < operands; ++k) {
      for (int d = 0, to = 0; d < rank_; ++d) {
        if (d == 1) continue;
        dims[to] = views[k]->dims[d];
        strides[k][to++] = views[k]->strides[d];
      }
      parts[k] = {views[k]->data, dims, strides[k], rank_ - 1, views[k]->dtype};
      pointers[k] = &parts[k];
    }
    return Places<operands>(JoinedDims<operands>(pointers));
  }

  template <int operands>
  bool across(const View& x, const Places<operands>& places) const {
    return outputs_lie_closer({channels_, x.strides[1]}, places.spacing(operands - 1));
  }

 private:
  int rank_;
  std::int64_t channels_, count_ = 1, dims_[64], strides_[64];
};

template <class T>
struct Terms {
  static constexpr int operands = 1;
  const T* x;
  std::int64_t channel;
  Places<1> places;
  using C = Computed<T>;
  __device__ const T* start(std::int64_t c) const { return x + c * channel; }
  __device__ C value(const T* from, const Offsets<1>& at) const { return static_cast<C>(from[at[0]]); }
};

template <class T>
struct FinishMean {
  Computed<T>* means;
  PerChannel<T> running;
  std::int64_t count;
  double momentum;
  __device__ void operator()(std::int64_t c, Computed<T> sum) const {
    const Computed<T> mean = formulas::mean(sum, count);
    means[c] = mean;
    running.write(c, formulas::running(running.read(c, 0), mean, momentum));
  }
};

template <class T>
struct Squares {
  static constexpr int operands = 1;
  const T* x;
  std::int64_t channel;
  Places<1> places;
  const Computed<T>* means;
  using C = Computed<T>;
  struct Start {
    const T* x;
    C mean;
  };
  __device__ Start start(std::int64_t c) const { return {x + c * channel, means[c]}; }
  __device__ C value(const Start& from, const Offsets<1>& at) const {
    return formulas::squared_deviation(static_cast<C>(from.x[at[0]]), from.mean);
  }
};

template <class T>
struct FinishDeviation {
  Computed<T>* inverses;
  PerChannel<T> running;
  std::int64_t count;
  double momentum, eps;
  __device__ void operator()(std::int64_t c, Computed<T> sum) const {
    inverses[c] = formulas::inverse_deviation(formulas::mean(sum, count), eps);
    running.write(c, formulas::running(running.read(c, 0), formulas::population_variance(sum, count), momentum));
  }
};

/// The statistics that were given, for one channel after another.
template <class T>
struct GivenStatistics {
  Computed<T>*means, *inverses;
  PerChannel<T> running_mean, running_var;
  double eps;
  struct Loaded {
    Computed<T> mean, variance;
  };
  __device__ Loaded load(const Offsets<1>& c) const { return {running_mean.read(c[0], 0), running_var.read(c[0], 1)}; }
  __device__ void store(const Offsets<1>& c, const Loaded& given) const {
    means[c[0]] = given.mean;
    inverses[c[0]] = formulas::inverse_deviation(given.variance, eps);
  }
};

/// y -> x, channel
template <class T>
struct Normalise {
  T* y;
  const T* x;
  const Computed<T>*means, *inverses;
  PerChannel<T> weight, bias;
  using Loaded = Computed<T>;
  __device__ Loaded load(const Offsets<3>& at) const {
    const std::int64_t c = at[2];
    const Computed<T> scale = inverses[c] * weight.read(c, 1);
    return formulas::output(static_cast<Computed<T>>(x[at[1]]), means[c], scale, bias.read(c, 0));
  }
  __device__ void store(const Offsets<3>& at, Loaded value) const { y[at[0]] = T(value); }
};

/// y, mean, inverse_deviation, [running_mean], [running_var] -> x, [weight], [bias]
template <class T>
void batch_norm(Context& context, const KernelCall& call) {
  using C = Computed<T>;
  const auto& attributes = *static_cast<const BatchNormAttributes*>(call.attributes);
  const View &y = call.operands[0], &mean = call.operands[1], &x = call.operands[5];
  C *means = statistic<T>(mean), *inverses = statistic<T>(call.operands[2]);
  const PerChannel<T> running_mean(call.operands[3]), running_var(call.operands[4]);
  const Channels channels(x);
  if (attributes.training) {
    const Terms<T> terms{data_of<T>(x), x.strides[1], channels.places<1>({&x})};
    const bool across = channels.across(x, terms.places);
    const std::int64_t count = channels.count();
    run_sums<C>(context, channels.channels(), count, across, terms,
                FinishMean<T>{means, running_mean, count, attributes.momentum});
    run_sums<C>(context, channels.channels(), count, across, Squares<T>{terms.x, terms.channel, terms.places, means},
                FinishDeviation<T>{inverses, running_var, count, attributes.momentum, attributes.eps});
  } else {
    const std::int64_t stride = 1;
    const View numbers{nullptr, mean.dims, &stride, 1, DType::int64};
    run_elementwise<1>(context, {&numbers},
                       GivenStatistics<T>{means, inverses, running_mean, running_var, attributes.eps});
  }
  const View numbered = channels.numbered();
  run_elementwise<3>(context, {&y, &x, &numbered},
                     Normalise<T>{data_of<T>(y), data_of<T>(x), means, inverses, PerChannel<T>(call.operands[6]),
                                  PerChannel<T>(call.operands[7])});
}

/// g and g x̂ of a channel.
template <class T>
struct GradientTerms {
  static constexpr int operands = 2;
  const T *g, *x;
  std::int64_t g_channel, x_channel;
  Places<2> places;
  const Computed<T>*means, *inverses;
  using C = Computed<T>;
  struct Start {
    const T *g, *x;
    C mean, inverse;
  };
  __device__ Start start(std::int64_t c) const { return {g + c * g_channel, x + c * x_channel, means[c], inverses[c]}; }
  __device__ Pair<C> value(const Start& from, const Offsets<2>& at) const {
    const C gradient = static_cast<C>(from.g[at[0]]), value = static_cast<C>(from.x[at[1]]);
    return {gradient, gradient * formulas::normalised(value, from.mean, from.inverse)};
  }
};

template <class T>
struct FinishGradients {
  PerChannel<T> grad_weight, grad_bias;
  Pair<Computed<T>>* means;
  std::int64_t count;
  bool training;
  __device__ void operator()(std::int64_t c, const Pair<Computed<T>>& sums) const {
    grad_bias.write(c, sums.a);
    grad_weight.write(c, sums.b);
    means[c] = {training ? formulas::mean(sums.a, count) : Computed<T>(0),
                training ? formulas::mean(sums.b, count) : Computed<T>(0)};
  }
};

/// grad_x -> grad_y, x, channel
template <class T>
struct GradientOfInput {
  T* gx;
  const T *g, *x;
  const Computed<T>*means, *inverses;
  const Pair<Computed<T>>* gradient_means;
  PerChannel<T> weight;
  using C = Computed<T>;
  using Loaded = C;
  __device__ Loaded load(const Offsets<4>& at) const {
    const std::int64_t c = at[3];
    const C normalised = formulas::normalised(static_cast<C>(x[at[2]]), means[c], inverses[c]);
    const C scale = inverses[c] * weight.read(c, 1);
    return formulas::gradient(static_cast<C>(g[at[1]]), normalised, scale, gradient_means[c].a, gradient_means[c].b);
  }
  __device__ void store(const Offsets<4>& at, Loaded value) const { gx[at[0]] = T(value); }
};

/// grad_x, [grad_weight], [grad_bias] -> grad_y, x, mean, inverse_deviation, [weight]
template <class T>
void batch_norm_backward(Context& context, const KernelCall& call) {
  using C = Computed<T>;
  const auto& attributes = *static_cast<const BatchNormAttributes*>(call.attributes);
  const View &gx = call.operands[0], &g = call.operands[3], &x = call.operands[4];
  const C *means = statistic<T>(call.operands[5]), *inverses = statistic<T>(call.operands[6]);
  const Channels channels(x);
  const Scratch<Pair<C>> gradient_means(context, channels.channels());
  const GradientTerms<T> terms{data_of<T>(g), data_of<T>(x), g.strides[1], x.strides[1], channels.places<2>({&g, &x}),
                               means,         inverses};
  run_sums<Pair<C>>(context, channels.channels(), channels.count(), channels.across(x, terms.places), terms,
                    FinishGradients<T>{PerChannel<T>(call.operands[1]), PerChannel<T>(call.operands[2]),
                                       gradient_means.data(), channels.count(), attributes.training});
  const View numbered = channels.numbered();
  run_elementwise<4>(context, {&gx, &g, &x, &numbered},
                     GradientOfInput<T>{data_of<T>(gx), data_of<T>(g), data_of<T>(x), means, inverses,
                                        gradient_means.data(), PerChannel<T>(call.operands[7])});
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::batch_norm, batch_norm<T>);
    table.set<T>(Operation::batch_norm_backward, batch_norm_backward<T>);
  }
};

}  // namespace

void add_batch_norm_kernels(KernelTable& table) { for_each_type(FloatTypes{}, Enter{table}); }

}  // namespace cairn::cuda

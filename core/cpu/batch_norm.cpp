// Batch normalisation of x [n, channels, ...] (batch_norm_formulas.h), one channel at a time, or sixteen where channels
// lie side by side.

#include <cairn/core/batch_norm_formulas.h>
#include <cairn/core/cpu/kernel.h>
#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/sum.h>

namespace cairn {
namespace {

namespace formulas = batch_norm_formulas;

/// x as [n, channels, length]: what comes after the channels is one run of places, evenly spaced or looked up.
struct Layout {
  std::int64_t n, channels, length = 1;
  std::int64_t row, channel, place = 0;
  bool even = true;
  const View* view;

  explicit Layout(const View& x)
      : n(x.dims[0]), channels(x.dims[1]), row(x.strides[0]), channel(x.strides[1]), view(&x) {
    for (int d = x.rank - 1; d >= 2; --d) {
      if (x.dims[d] == 1) continue;
      if (length == 1)
        place = x.strides[d];
      else
        even = even && x.strides[d] == length * place;
      length *= x.dims[d];
    }
  }

  /// Offset of the r-th of the n * length numbers of channel c.
  std::int64_t at(std::int64_t r, std::int64_t c) const {
    if (length == 1) return r * row + c * channel;
    std::int64_t l = r % length, offset = r / length * row + c * channel;
    if (even) return offset + l * place;
    for (int d = view->rank - 1; d >= 2; --d) {
      offset += l % view->dims[d] * view->strides[d];
      l /= view->dims[d];
    }
    return offset;
  }
};

template <class T>
T value_or(const View& view, std::int64_t c, T otherwise) {
  return view.present() ? data_of<T>(view)[c * view.strides[0]] : otherwise;
}

/// Calls body(first channel, how many) for groups of channels.
template <class F>
void for_channel_groups(const Layout& layout, F&& body) {
  const std::int64_t groups = (layout.channels + sum_columns_at_once - 1) / sum_columns_at_once;
  kernel_parallel_for(groups, layout.n * layout.length * layout.channels > 32768, [&](std::int64_t g) {
    const std::int64_t first = g * sum_columns_at_once, rest = layout.channels - first;
    body(first, static_cast<int>(rest < sum_columns_at_once ? rest : sum_columns_at_once));
  });
}

/// y, mean, inverse_deviation, [running_mean], [running_var] -> x, [weight], [bias]
template <class T>
void batch_norm(const KernelCall& call) {
  const auto& attributes = *static_cast<const BatchNormAttributes*>(call.attributes);
  const View &running_mean = call.operands[3], &running_var = call.operands[4], &weight = call.operands[6],
             &bias = call.operands[7];
  const Layout in(call.operands[5]), out(call.operands[0]);
  T *y = data_of<T>(call.operands[0]), *means = data_of<T>(call.operands[1]), *inverses = data_of<T>(call.operands[2]);
  const T* x = data_of<T>(call.operands[5]);
  const std::int64_t count = in.n * in.length;
  for_channel_groups(in, [&](std::int64_t first, int channels) {
    T mean[sum_columns_at_once], inverse[sum_columns_at_once], scale[sum_columns_at_once], shift[sum_columns_at_once];
    if (attributes.training) {
      sum_columns<T>(
          count, channels, [&](std::int64_t r, int j) { return x[in.at(r, first + j)]; },
          [&](int j, T sum) { mean[j] = formulas::mean(sum, count); });
      const auto squared = [&](std::int64_t r, int j) {
        return formulas::squared_deviation(x[in.at(r, first + j)], mean[j]);
      };
      sum_columns<T>(count, channels, squared, [&](int j, T sum) {
        const std::int64_t c = first + j;
        inverse[j] = formulas::inverse_deviation(formulas::mean(sum, count), attributes.eps);
        if (running_mean.present()) {
          T& running = data_of<T>(running_mean)[c * running_mean.strides[0]];
          running = formulas::running(running, mean[j], attributes.momentum);
        }
        if (running_var.present()) {
          T& running = data_of<T>(running_var)[c * running_var.strides[0]];
          running = formulas::running(running, formulas::population_variance(sum, count), attributes.momentum);
        }
      });
    } else {
      for (int j = 0; j < channels; ++j) {
        mean[j] = value_or<T>(running_mean, first + j, T(0));
        inverse[j] = formulas::inverse_deviation(value_or<T>(running_var, first + j, T(1)), attributes.eps);
      }
    }
    for (int j = 0; j < channels; ++j) {
      const std::int64_t c = first + j;
      means[c] = mean[j];
      inverses[c] = inverse[j];
      scale[j] = inverse[j] * value_or<T>(weight, c, T(1));
      shift[j] = value_or<T>(bias, c, T(0));
    }
    for (std::int64_t r = 0; r < count; ++r) {
      for (int j = 0; j < channels; ++j)
        y[out.at(r, first + j)] = formulas::output(x[in.at(r, first + j)], mean[j], scale[j], shift[j]);
    }
  });
}

/// grad_x, [grad_weight], [grad_bias] -> grad_y, x, mean, inverse_deviation, [weight]
template <class T>
void batch_norm_backward(const KernelCall& call) {
  const auto& attributes = *static_cast<const BatchNormAttributes*>(call.attributes);
  const View &grad_weight = call.operands[1], &grad_bias = call.operands[2], &weight = call.operands[7];
  const Layout to(call.operands[0]), from(call.operands[3]), in(call.operands[4]);
  T* gx = data_of<T>(call.operands[0]);
  const T *g = data_of<T>(call.operands[3]), *x = data_of<T>(call.operands[4]);
  const T *means = data_of<T>(call.operands[5]), *inverses = data_of<T>(call.operands[6]);
  const std::int64_t count = in.n * in.length;
  for_channel_groups(in, [&](std::int64_t first, int channels) {
    T sum_g[sum_columns_at_once], sum_gx[sum_columns_at_once], scale[sum_columns_at_once];
    const T *mean = means + first, *inverse = inverses + first;
    sum_columns<T>(
        count, channels, [&](std::int64_t r, int j) { return g[from.at(r, first + j)]; },
        [&](int j, T sum) { sum_g[j] = sum; });
    const auto along = [&](std::int64_t r, int j) {
      return g[from.at(r, first + j)] * formulas::normalised(x[in.at(r, first + j)], mean[j], inverse[j]);
    };
    sum_columns<T>(count, channels, along, [&](int j, T sum) { sum_gx[j] = sum; });
    for (int j = 0; j < channels; ++j) {
      const std::int64_t c = first + j;
      if (grad_weight.present()) data_of<T>(grad_weight)[c] = sum_gx[j];
      if (grad_bias.present()) data_of<T>(grad_bias)[c] = sum_g[j];
      scale[j] = inverse[j] * value_or<T>(weight, c, T(1));
      sum_g[j] = attributes.training ? formulas::mean(sum_g[j], count) : T(0);
      sum_gx[j] = attributes.training ? formulas::mean(sum_gx[j], count) : T(0);
    }
    for (std::int64_t r = 0; r < count; ++r) {
      for (int j = 0; j < channels; ++j) {
        const T normalised = formulas::normalised(x[in.at(r, first + j)], mean[j], inverse[j]);
        gx[to.at(r, first + j)] =
            formulas::gradient(g[from.at(r, first + j)], normalised, scale[j], sum_g[j], sum_gx[j]);
      }
    }
  });
}

}  // namespace

void add_batch_norm_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::batch_norm, batch_norm<T>);
    table.set<T>(Operation::batch_norm_backward, batch_norm_backward<T>);
  });
}

}  // namespace cairn

// Batch normalisation of x [n, channels, ...] (batch_norm_formulas.h): sixteen channels at a time, or, where a
// channel's numbers lie in planes, one.

#include <cairn/core/batch_norm_formulas.h>
#include <cairn/core/cpu/kernel.h>
#include <cairn/core/cpu/planes.h>

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

  /// Whether what comes after the channels is a plane of numbers side by side.
  bool has_planes() const { return even && place == 1 && length > 1; }

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

/// An operand's numbers.
template <class T>
struct Numbers {
  T* data;
  Layout layout;

  explicit Numbers(const View& view) : data(data_of<T>(view)), layout(view) {}
  T* in_plane(std::int64_t image, std::int64_t c, std::int64_t i) const {
    return data + image * layout.row + c * layout.channel + i;
  }
};

template <class T>
T value_or(const View& view, std::int64_t c, T otherwise) {
  return view.present() ? data_of<T>(view)[c * view.strides[0]] : otherwise;
}

/// Some of the channels, which are done together: one if `planes`, else as many as are summed at once.
struct Group {
  std::int64_t first;
  int channels;
  bool planes;
};

/// Calls body(group) for all groups of channels; `planes` says whether all operands have them.
template <class F>
void for_channel_groups(const Layout& layout, bool planes, F&& body) {
  const std::int64_t at_once = planes ? 1 : sum_columns_at_once, groups = (layout.channels + at_once - 1) / at_once;
  kernel_parallel_for(groups, layout.n * layout.length * layout.channels > 32768, [&](std::int64_t g) {
    const std::int64_t first = g * at_once, rest = layout.channels - first;
    body(Group{first, static_cast<int>(rest < at_once ? rest : at_once), planes});
  });
}

/// sums[j] = the sum of term(read, j) over the numbers of channel j of the group; read(numbers) is that of an operand,
/// or a packet of them.
template <class T, class Term>
[[gnu::always_inline]] inline void sum_channels(const Layout& layout, const Group& group, T* sums, Term&& term) {
  if (group.planes) {
    const auto values = [&]<class Value>(Value* value, std::int64_t image, std::int64_t i) {
      *value = term([&](const Numbers<T>& from) { return number<Value>(from.in_plane(image, group.first, i)); }, 0);
    };
    return sum_planes<1>(layout.n, layout.length, values, sums);
  }
  sum_columns<T>(
      layout.n * layout.length, group.channels,
      [&](std::int64_t r, int j) {
        return term([&](const Numbers<T>& from) { return from.data[from.layout.at(r, group.first + j)]; }, j);
      },
      [&](int j, T sum) { sums[j] = sum; });
}

/// Every number of `to` in the group's channels becomes term(read, j).
template <class T, class Term>
[[gnu::always_inline]] inline void write_channels(const Numbers<T>& to, const Group& group, Term&& term) {
  const Layout& layout = to.layout;
  if (!group.planes) {
    for (std::int64_t r = 0; r < layout.n * layout.length; ++r) {
      for (int j = 0; j < group.channels; ++j)
        to.data[layout.at(r, group.first + j)] =
            term([&](const Numbers<T>& from) { return from.data[from.layout.at(r, group.first + j)]; }, j);
    }
    return;
  }
  for (std::int64_t image = 0; image < layout.n; ++image) {
    for (std::int64_t i = 0; i < layout.length; i += Packet<T>::size) {
      const std::int64_t rest = layout.length - i;
      store(to.in_plane(image, group.first, i), 1, rest,
            term([&](const Numbers<T>& from) { return load(from.in_plane(image, group.first, i), 1, rest); }, 0));
    }
  }
}

/// y, mean, inverse_deviation, [running_mean], [running_var] -> x, [weight], [bias]
template <class T>
void batch_norm(const KernelCall& call) {
  const auto& attributes = *static_cast<const BatchNormAttributes*>(call.attributes);
  const View &running_mean = call.operands[3], &running_var = call.operands[4], &weight = call.operands[6],
             &bias = call.operands[7];
  const Numbers<T> x(call.operands[5]), y(call.operands[0]);
  T *means = data_of<T>(call.operands[1]), *inverses = data_of<T>(call.operands[2]);
  const std::int64_t count = x.layout.n * x.layout.length;
  for_channel_groups(x.layout, x.layout.has_planes() && y.layout.has_planes(), [&](const Group& group) {
    T mean[sum_columns_at_once], inverse[sum_columns_at_once], scale[sum_columns_at_once], shift[sum_columns_at_once];
    if (attributes.training) {
      T squares[sum_columns_at_once];
      sum_channels(x.layout, group, mean, [&](auto&& read, int) { return read(x); });
      for (int j = 0; j < group.channels; ++j) mean[j] = formulas::mean(mean[j], count);
      sum_channels(x.layout, group, squares, [&](auto&& read, int j) {
        const auto value = read(x);
        return formulas::squared_deviation(value, std::decay_t<decltype(value)>(mean[j]));
      });
      for (int j = 0; j < group.channels; ++j) {
        const std::int64_t c = group.first + j;
        inverse[j] = formulas::inverse_deviation(formulas::mean(squares[j], count), attributes.eps);
        if (running_mean.present()) {
          T& running = data_of<T>(running_mean)[c * running_mean.strides[0]];
          running = formulas::running(running, mean[j], attributes.momentum);
        }
        if (running_var.present()) {
          T& running = data_of<T>(running_var)[c * running_var.strides[0]];
          running = formulas::running(running, formulas::population_variance(squares[j], count), attributes.momentum);
        }
      }
    } else {
      for (int j = 0; j < group.channels; ++j) {
        mean[j] = value_or<T>(running_mean, group.first + j, T(0));
        inverse[j] = formulas::inverse_deviation(value_or<T>(running_var, group.first + j, T(1)), attributes.eps);
      }
    }
    for (int j = 0; j < group.channels; ++j) {
      const std::int64_t c = group.first + j;
      means[c] = mean[j];
      inverses[c] = inverse[j];
      scale[j] = inverse[j] * value_or<T>(weight, c, T(1));
      shift[j] = value_or<T>(bias, c, T(0));
    }
    write_channels(y, group, [&](auto&& read, int j) {
      const auto value = read(x);
      using Value = std::decay_t<decltype(value)>;
      return formulas::output(value, Value(mean[j]), Value(scale[j]), Value(shift[j]));
    });
  });
}

/// grad_x, [grad_weight], [grad_bias] -> grad_y, x, mean, inverse_deviation, [weight]
template <class T>
void batch_norm_backward(const KernelCall& call) {
  const auto& attributes = *static_cast<const BatchNormAttributes*>(call.attributes);
  const View &grad_weight = call.operands[1], &grad_bias = call.operands[2], &weight = call.operands[7];
  const Numbers<T> gx(call.operands[0]), g(call.operands[3]), x(call.operands[4]);
  const T *means = data_of<T>(call.operands[5]), *inverses = data_of<T>(call.operands[6]);
  const std::int64_t count = x.layout.n * x.layout.length;
  const bool planes = gx.layout.has_planes() && g.layout.has_planes() && x.layout.has_planes();
  for_channel_groups(x.layout, planes, [&](const Group& group) {
    T sum_g[sum_columns_at_once], sum_gx[sum_columns_at_once], scale[sum_columns_at_once];
    const T *mean = means + group.first, *inverse = inverses + group.first;
    const auto normalised = [&](auto&& read, int j) {
      const auto value = read(x);
      using Value = std::decay_t<decltype(value)>;
      return formulas::normalised(value, Value(mean[j]), Value(inverse[j]));
    };
    sum_channels(x.layout, group, sum_g, [&](auto&& read, int) { return read(g); });
    sum_channels(x.layout, group, sum_gx, [&](auto&& read, int j) { return read(g) * normalised(read, j); });
    for (int j = 0; j < group.channels; ++j) {
      const std::int64_t c = group.first + j;
      if (grad_weight.present()) data_of<T>(grad_weight)[c] = sum_gx[j];
      if (grad_bias.present()) data_of<T>(grad_bias)[c] = sum_g[j];
      scale[j] = inverse[j] * value_or<T>(weight, c, T(1));
      sum_g[j] = attributes.training ? formulas::mean(sum_g[j], count) : T(0);
      sum_gx[j] = attributes.training ? formulas::mean(sum_gx[j], count) : T(0);
    }
    write_channels(gx, group, [&](auto&& read, int j) {
      const auto gradient = read(g);
      using Value = std::decay_t<decltype(gradient)>;
      return formulas::gradient(gradient, normalised(read, j), Value(scale[j]), Value(sum_g[j]), Value(sum_gx[j]));
    });
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

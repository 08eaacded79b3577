// The optimizers' updates (update_formulas.h), all parameters of a call one after another.

#include <utility>

#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/rows.h>
#include <cairn/core/update_formulas.h>

namespace cairn {
namespace {

constexpr std::integral_constant<std::int64_t, 1> one;  // a stride known to the compiler

/// Calls update(offsets, count, strides...) for every row of tensors of one shape. Those of a small parameter, which
/// are one row as they lie, cost no search for rows.
template <int operands, class F>
[[gnu::always_inline]] inline void for_each_row(const View* const (&views)[operands], F&& update) {
  const auto call = [&]<std::size_t... k>(const std::int64_t(&at)[operands], std::int64_t n, auto stride_of,
                                          std::index_sequence<k...>) {
    update(at, n, stride_of(k)...);
  };
  constexpr std::make_index_sequence<operands> each;
  const auto dense = [](std::size_t) { return one; };
  bool by_rows = true;
  for (const View* view : views) by_rows = by_rows && view->by_rows;
  const std::int64_t count = numel_of(*views[0]);
  if (by_rows && count <= Rows<operands>::piece) return call({}, count, dense, each);
  const Rows<operands> rows(views);
  rows.run([&](const std::int64_t(&at)[operands], std::int64_t n) {
    if (rows.is_dense())
      call(at, n, dense, each);
    else
      call(
          at, n, [&](std::size_t i) { return rows.stride(static_cast<int>(i)); }, each);
  });
}

/// param, grad, [momentum_buffer], for each parameter
template <class T>
void sgd_update(const KernelCall& call) {
  using P = Packet<T>;
  const SgdStep<P> step(*static_cast<const SgdAttributes*>(call.attributes));
  for (int i = 0; i < call.count; i += 3) {
    const View &parameter = call.operands[i], &grad = call.operands[i + 1];
    const bool has_buffer = call.operands[i + 2].present();
    const View& buffer = has_buffer ? call.operands[i + 2] : parameter;
    T *p = data_of<T>(parameter), *b = data_of<T>(buffer);
    const T* g = data_of<T>(grad);
    const auto update = [&](const std::int64_t(&at)[3], std::int64_t n, auto sp, auto sg, auto sb) {
      for (std::int64_t k = 0; k < n; k += P::size) {
        P value = load(p + at[0] + k * sp, sp, n - k), slope = load(g + at[1] + k * sg, sg, n - k);
        if (has_buffer) {
          P velocity = step.first ? slope : load(b + at[2] + k * sb, sb, n - k);
          step(value, slope, velocity);
          store(b + at[2] + k * sb, sb, n - k, velocity);
        } else {
          step(value, slope);
        }
        store(p + at[0] + k * sp, sp, n - k, value);
      }
    };
    for_each_row<3>({&parameter, &grad, &buffer}, update);
  }
}

/// param, grad, exp_avg, exp_avg_sq, [max_exp_avg_sq], for each parameter
template <class T>
void adam_update(const KernelCall& call) {
  using P = Packet<T>;
  const auto& attributes = *static_cast<const AdamAttributes*>(call.attributes);
  const auto* scalars = reinterpret_cast<const AdamScalars*>(&attributes + 1);
  const AdamStep<P> step(attributes);
  for (int i = 0; i < call.count; i += 5) {
    const View &parameter = call.operands[i], &grad = call.operands[i + 1], &average = call.operands[i + 2],
               &square = call.operands[i + 3];
    const View& largest = step.amsgrad ? call.operands[i + 4] : square;
    const P step_size(scalars[i / 5].step_size), correction(scalars[i / 5].bias_correction2_sqrt);
    T *p = data_of<T>(parameter), *m = data_of<T>(average), *v = data_of<T>(square), *x = data_of<T>(largest);
    const T* g = data_of<T>(grad);
    const auto update = [&](const std::int64_t(&at)[5], std::int64_t n, auto sp, auto sg, auto sm, auto sv, auto sx) {
      for (std::int64_t k = 0; k < n; k += P::size) {
        P value = load(p + at[0] + k * sp, sp, n - k), slope = load(g + at[1] + k * sg, sg, n - k);
        P first = load(m + at[2] + k * sm, sm, n - k), second = load(v + at[3] + k * sv, sv, n - k), top = second;
        if (step.amsgrad) top = load(x + at[4] + k * sx, sx, n - k);
        step(value, slope, first, second, top, step_size, correction);
        store(m + at[2] + k * sm, sm, n - k, first);
        store(v + at[3] + k * sv, sv, n - k, second);
        if (step.amsgrad) store(x + at[4] + k * sx, sx, n - k, top);
        store(p + at[0] + k * sp, sp, n - k, value);
      }
    };
    for_each_row<5>({&parameter, &grad, &average, &square, &largest}, update);
  }
}

/// param, grad, square_avg, [momentum_buffer], [grad_avg], for each parameter
template <class T>
void rmsprop_update(const KernelCall& call) {
  using P = Packet<T>;
  const RmspropStep<P> step(*static_cast<const RmspropAttributes*>(call.attributes));
  for (int i = 0; i < call.count; i += 5) {
    const View &parameter = call.operands[i], &grad = call.operands[i + 1], &square = call.operands[i + 2];
    const View& buffer = step.has_momentum ? call.operands[i + 3] : square;
    const View& average = step.centered ? call.operands[i + 4] : square;
    T *p = data_of<T>(parameter), *v = data_of<T>(square), *b = data_of<T>(buffer), *m = data_of<T>(average);
    const T* g = data_of<T>(grad);
    const auto update = [&](const std::int64_t(&at)[5], std::int64_t n, auto sp, auto sg, auto sv, auto sb, auto sm) {
      for (std::int64_t k = 0; k < n; k += P::size) {
        P value = load(p + at[0] + k * sp, sp, n - k), slope = load(g + at[1] + k * sg, sg, n - k);
        P second = load(v + at[2] + k * sv, sv, n - k), velocity = second, first = second;
        if (step.has_momentum) velocity = load(b + at[3] + k * sb, sb, n - k);
        if (step.centered) first = load(m + at[4] + k * sm, sm, n - k);
        step(value, slope, second, velocity, first);
        store(v + at[2] + k * sv, sv, n - k, second);
        if (step.has_momentum) store(b + at[3] + k * sb, sb, n - k, velocity);
        if (step.centered) store(m + at[4] + k * sm, sm, n - k, first);
        store(p + at[0] + k * sp, sp, n - k, value);
      }
    };
    for_each_row<5>({&parameter, &grad, &square, &buffer, &average}, update);
  }
}

/// param, grad, sum, for each parameter
template <class T>
void adagrad_update(const KernelCall& call) {
  using P = Packet<T>;
  const auto& attributes = *static_cast<const AdagradAttributes*>(call.attributes);
  const auto* scalars = reinterpret_cast<const AdagradScalars*>(&attributes + 1);
  const AdagradStep<P> step(attributes);
  for (int i = 0; i < call.count; i += 3) {
    const View &parameter = call.operands[i], &grad = call.operands[i + 1], &sum = call.operands[i + 2];
    const P rate(scalars[i / 3].lr);
    T *p = data_of<T>(parameter), *s = data_of<T>(sum);
    const T* g = data_of<T>(grad);
    const auto update = [&](const std::int64_t(&at)[3], std::int64_t n, auto sp, auto sg, auto ss) {
      for (std::int64_t k = 0; k < n; k += P::size) {
        P value = load(p + at[0] + k * sp, sp, n - k), total = load(s + at[2] + k * ss, ss, n - k);
        step(value, load(g + at[1] + k * sg, sg, n - k), total, rate);
        store(s + at[2] + k * ss, ss, n - k, total);
        store(p + at[0] + k * sp, sp, n - k, value);
      }
    };
    for_each_row<3>({&parameter, &grad, &sum}, update);
  }
}

}  // namespace

void add_update_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::sgd_update, sgd_update<T>);
    table.set<T>(Operation::adam_update, adam_update<T>);
    table.set<T>(Operation::rmsprop_update, rmsprop_update<T>);
    table.set<T>(Operation::adagrad_update, adagrad_update<T>);
  });
}

}  // namespace cairn

// The optimizers' updates (update.h has the formulas), all parameters of a call one after another.

#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/rows.h>

namespace cairn {
namespace {

/// param, grad, [momentum_buffer], for each parameter
template <class T>
void sgd_update(const KernelCall& call) {
  const auto& attributes = *static_cast<const SgdAttributes*>(call.attributes);
  using P = Packet<T>;
  const P decay(attributes.weight_decay), momentum(attributes.momentum), taken(1 - attributes.dampening),
      rate(attributes.lr);
  for (int i = 0; i < call.count; i += 3) {
    const View &parameter = call.operands[i], &grad = call.operands[i + 1];
    const bool has_buffer = call.operands[i + 2].present();
    const View& buffer = has_buffer ? call.operands[i + 2] : parameter;
    T *p = data_of<T>(parameter), *b = data_of<T>(buffer);
    const T* g = data_of<T>(grad);
    const Rows<3> rows({&parameter, &grad, &buffer});
    const std::int64_t sp = rows.stride(0), sg = rows.stride(1), sb = rows.stride(2);
    rows.run([&](const std::int64_t(&at)[3], std::int64_t n) {
      for (std::int64_t k = 0; k < n; k += P::size) {
        const P value = load(p + at[0] + k * sp, sp, n - k);
        P step = load(g + at[1] + k * sg, sg, n - k);
        if (attributes.maximize) step = -step;
        if (attributes.weight_decay != 0) step = step + decay * value;
        if (has_buffer) {
          P velocity = step;
          if (!attributes.first) velocity = momentum * load(b + at[2] + k * sb, sb, n - k) + taken * step;
          store(b + at[2] + k * sb, sb, n - k, velocity);
          step = attributes.nesterov ? step + momentum * velocity : velocity;
        }
        store(p + at[0] + k * sp, sp, n - k, value - rate * step);
      }
    });
  }
}

/// param, grad, exp_avg, exp_avg_sq, [max_exp_avg_sq], for each parameter
template <class T>
void adam_update(const KernelCall& call) {
  const auto& attributes = *static_cast<const AdamAttributes*>(call.attributes);
  const auto* scalars = reinterpret_cast<const AdamScalars*>(&attributes + 1);
  using P = Packet<T>;
  const P decay(attributes.weight_decay), shrink(1 - attributes.lr * attributes.weight_decay);
  const P beta2(attributes.beta2), rest1(1 - attributes.beta1), rest2(1 - attributes.beta2), eps(attributes.eps);
  for (int i = 0; i < call.count; i += 5) {
    const View &parameter = call.operands[i], &grad = call.operands[i + 1], &average = call.operands[i + 2],
               &square = call.operands[i + 3];
    const View& largest = attributes.amsgrad ? call.operands[i + 4] : square;
    const P step_size(scalars[i / 5].step_size), correction(scalars[i / 5].bias_correction2_sqrt);
    T *p = data_of<T>(parameter), *m = data_of<T>(average), *v = data_of<T>(square), *x = data_of<T>(largest);
    const T* g = data_of<T>(grad);
    const Rows<5> rows({&parameter, &grad, &average, &square, &largest});
    const std::int64_t sp = rows.stride(0), sg = rows.stride(1), sm = rows.stride(2), sv = rows.stride(3),
                       sx = rows.stride(4);
    rows.run([&](const std::int64_t(&at)[5], std::int64_t n) {
      for (std::int64_t k = 0; k < n; k += P::size) {
        P value = load(p + at[0] + k * sp, sp, n - k), slope = load(g + at[1] + k * sg, sg, n - k);
        if (attributes.maximize) slope = -slope;
        if (attributes.weight_decay != 0) {
          if (attributes.decoupled_weight_decay)
            value = value * shrink;
          else
            slope = slope + decay * value;
        }
        P first = load(m + at[2] + k * sm, sm, n - k), second = load(v + at[3] + k * sv, sv, n - k);
        first = first + rest1 * (slope - first);
        second = beta2 * second + rest2 * slope * slope;
        store(m + at[2] + k * sm, sm, n - k, first);
        store(v + at[3] + k * sv, sv, n - k, second);
        if (attributes.amsgrad) {
          const P before = load(x + at[4] + k * sx, sx, n - k);
          second = select(less(before, second), second, before);
          store(x + at[4] + k * sx, sx, n - k, second);
        }
        store(p + at[0] + k * sp, sp, n - k, value - step_size * (first / (sqrt(second) / correction + eps)));
      }
    });
  }
}

}  // namespace

void add_update_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::sgd_update, sgd_update<T>);
    table.set<T>(Operation::adam_update, adam_update<T>);
  });
}

}  // namespace cairn

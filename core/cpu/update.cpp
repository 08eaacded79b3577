// The optimizers' updates (update_formulas.h), all parameters of a call one after another.

#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/rows.h>
#include <cairn/core/update_formulas.h>

namespace cairn {
namespace {

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
    const Rows<3> rows({&parameter, &grad, &buffer});
    const std::int64_t sp = rows.stride(0), sg = rows.stride(1), sb = rows.stride(2);
    rows.run([&](const std::int64_t(&at)[3], std::int64_t n) {
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
    });
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
    const Rows<5> rows({&parameter, &grad, &average, &square, &largest});
    const std::int64_t sp = rows.stride(0), sg = rows.stride(1), sm = rows.stride(2), sv = rows.stride(3),
                       sx = rows.stride(4);
    rows.run([&](const std::int64_t(&at)[5], std::int64_t n) {
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

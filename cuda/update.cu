// The optimizers' updates (core/update_formulas.h): one launch for all parameters of a call.
//
//   blocks of threads    0   1   2 │ 3 │ 4   5 │ 6 ...       1,024 numbers each
//   parameters           0         │ 1 │ 2     │ 3 ...       a block finds its own by binary search
//
// A step of a small model is nothing but launches, so there is one, and the table of parameters travels with it as the
// kernel's argument: nothing is allocated or copied. CUDA allows 32,764 bytes, which is 480 parameters; small models
// take a small table, and larger ones several launches. Parameters that are not contiguous, or have 2^31 numbers and
// more, take a launch each, by the same step.
#include <cairn/core/update_formulas.h>
#include <cairn/cuda/elementwise.h>

namespace cairn::cuda {
namespace {

constexpr int few = 48, many = 480;
constexpr std::int64_t numbers_per_block = block_size * elements_per_thread;

// What belongs to one parameter: where it lies, and how one of its numbers is loaded, taken a step, and stored.

template <class T>
struct Sgd {
  using X = Number<Computed<T>>;
  using Attributes = SgdAttributes;
  using Step = SgdStep<X>;
  static constexpr int operands = 3;

  T* parameter;
  const T* grad;
  T* buffer;  // null: no momentum

  Sgd() = default;
  Sgd(const KernelCall& call, int i, const View* (&views)[operands]) {
    for (int k = 0; k < operands; ++k) views[k] = &call.operands[operands * i + k];
    parameter = data_of<T>(*views[0]);
    grad = data_of<T>(*views[1]);
    buffer = data_or_null<T>(*views[2]);
    if (!buffer) views[2] = views[0];
  }

  struct Loaded {
    X value, slope, velocity;
  };
  __device__ Loaded load(const Step& step, const Offsets<operands>& at) const {
    return {X(parameter[at[0]]), X(grad[at[1]]), buffer && !step.first ? X(buffer[at[2]]) : X(0)};
  }
  __device__ void store(const Step& step, const Offsets<operands>& at, Loaded number) const {
    if (buffer) {
      step(number.value, number.slope, number.velocity);
      buffer[at[2]] = number.velocity.template as<T>();
    } else {
      step(number.value, number.slope);
    }
    parameter[at[0]] = number.value.template as<T>();
  }
};

template <class T>
struct Adam {
  using X = Number<Computed<T>>;
  using Attributes = AdamAttributes;
  using Step = AdamStep<X>;
  static constexpr int operands = 5;

  T* parameter;
  const T* grad;
  T *average, *square, *largest;  // the last is null without amsgrad
  X step_size, correction;

  Adam() = default;
  Adam(const KernelCall& call, int i, const View* (&views)[operands]) {
    const auto& attributes = *static_cast<const AdamAttributes*>(call.attributes);
    const AdamScalars& scalars = reinterpret_cast<const AdamScalars*>(&attributes + 1)[i];
    for (int k = 0; k < operands; ++k) views[k] = &call.operands[operands * i + k];
    parameter = data_of<T>(*views[0]);
    grad = data_of<T>(*views[1]);
    average = data_of<T>(*views[2]);
    square = data_of<T>(*views[3]);
    largest = attributes.amsgrad ? data_of<T>(*views[4]) : nullptr;
    if (!largest) views[4] = views[3];
    step_size = X(scalars.step_size);
    correction = X(scalars.bias_correction2_sqrt);
  }

  struct Loaded {
    X value, slope, first, second, top;
  };
  __device__ Loaded load(const Step&, const Offsets<operands>& at) const {
    return {X(parameter[at[0]]), X(grad[at[1]]), X(average[at[2]]), X(square[at[3]]),
            largest ? X(largest[at[4]]) : X(0)};
  }
  __device__ void store(const Step& step, const Offsets<operands>& at, Loaded number) const {
    step(number.value, number.slope, number.first, number.second, number.top, step_size, correction);
    average[at[2]] = number.first.template as<T>();
    square[at[3]] = number.second.template as<T>();
    if (largest) largest[at[4]] = number.top.template as<T>();
    parameter[at[0]] = number.value.template as<T>();
  }
};

template <class T>
struct Rmsprop {
  using X = Number<Computed<T>>;
  using Attributes = RmspropAttributes;
  using Step = RmspropStep<X>;
  static constexpr int operands = 5;

  T* parameter;
  const T* grad;
  T *square, *buffer, *average;  // the last two are null without momentum, and unless centered

  Rmsprop() = default;
  Rmsprop(const KernelCall& call, int i, const View* (&views)[operands]) {
    for (int k = 0; k < operands; ++k) views[k] = &call.operands[operands * i + k];
    parameter = data_of<T>(*views[0]);
    grad = data_of<T>(*views[1]);
    square = data_of<T>(*views[2]);
    buffer = data_or_null<T>(*views[3]);
    average = data_or_null<T>(*views[4]);
    if (!buffer) views[3] = views[2];
    if (!average) views[4] = views[2];
  }

  struct Loaded {
    X value, slope, second, velocity, first;
  };
  __device__ Loaded load(const Step&, const Offsets<operands>& at) const {
    return {X(parameter[at[0]]), X(grad[at[1]]), X(square[at[2]]), buffer ? X(buffer[at[3]]) : X(0),
            average ? X(average[at[4]]) : X(0)};
  }
  __device__ void store(const Step& step, const Offsets<operands>& at, Loaded number) const {
    step(number.value, number.slope, number.second, number.velocity, number.first);
    square[at[2]] = number.second.template as<T>();
    if (buffer) buffer[at[3]] = number.velocity.template as<T>();
    if (average) average[at[4]] = number.first.template as<T>();
    parameter[at[0]] = number.value.template as<T>();
  }
};

template <class T>
struct Adagrad {
  using X = Number<Computed<T>>;
  using Attributes = AdagradAttributes;
  using Step = AdagradStep<X>;
  static constexpr int operands = 3;

  T* parameter;
  const T* grad;
  T* sum;
  X rate;

  Adagrad() = default;
  Adagrad(const KernelCall& call, int i, const View* (&views)[operands]) {
    const auto& attributes = *static_cast<const AdagradAttributes*>(call.attributes);
    for (int k = 0; k < operands; ++k) views[k] = &call.operands[operands * i + k];
    parameter = data_of<T>(*views[0]);
    grad = data_of<T>(*views[1]);
    sum = data_of<T>(*views[2]);
    rate = X(reinterpret_cast<const AdagradScalars*>(&attributes + 1)[i].lr);
  }

  struct Loaded {
    X value, slope, total;
  };
  __device__ Loaded load(const Step&, const Offsets<operands>& at) const {
    return {X(parameter[at[0]]), X(grad[at[1]]), X(sum[at[2]])};
  }
  __device__ void store(const Step& step, const Offsets<operands>& at, Loaded number) const {
    step(number.value, number.slope, number.total, rate);
    sum[at[2]] = number.total.template as<T>();
    parameter[at[0]] = number.value.template as<T>();
  }
};

// All in one launch.

template <class Update, int slots>
struct Table {
  typename Update::Step step;
  int count = 0;
  std::uint32_t first_block[slots], numel[slots];
  Update of[slots];

  explicit Table(const typename Update::Step& step) : step(step) {}
};

template <class Update, int slots>
__global__ void __launch_bounds__(block_size) update_all(const Table<Update, slots> table) {
  int own = 0;
  for (int end = table.count; end - own > 1;) {
    const int middle = (own + end) / 2;
    if (table.first_block[middle] <= blockIdx.x)
      own = middle;
    else
      end = middle;
  }
  const Update update = table.of[own];
  const std::uint32_t count = table.numel[own];
  const std::uint32_t first =
      (blockIdx.x - table.first_block[own]) * static_cast<std::uint32_t>(numbers_per_block) + threadIdx.x;
  typename Update::Loaded loaded[elements_per_thread];
  Offsets<Update::operands> at[elements_per_thread];
#pragma unroll
  for (int u = 0; u < elements_per_thread; ++u) {
    const std::uint32_t i = first + u * block_size;
    if (i >= count) break;
    for (int k = 0; k < Update::operands; ++k) at[u].at[k] = i;
    loaded[u] = update.load(table.step, at[u]);
  }
#pragma unroll
  for (int u = 0; u < elements_per_thread; ++u) {
    if (first + u * block_size >= count) break;
    update.store(table.step, at[u], loaded[u]);
  }
}

/// One parameter, as elementwise.h wants it.
template <class Update>
struct Single {
  typename Update::Step step;
  Update update;
  using Loaded = typename Update::Loaded;
  __device__ Loaded load(const Offsets<Update::operands>& at) const { return update.load(step, at); }
  __device__ void store(const Offsets<Update::operands>& at, const Loaded& v) const { update.store(step, at, v); }
};

template <int operands>
bool fits_table(const JoinedDims<operands>& joined) {
  bool contiguous = joined.rank == 1 && joined.dims[0] <= 0x7fffffff;
  for (int k = 0; k < operands; ++k) contiguous = contiguous && (joined.strides[0][k] == 1 || joined.dims[0] == 1);
  return contiguous;
}

template <class Update, int slots>
void run(Context& context, const KernelCall& call) {
  static_assert(sizeof(Table<Update, slots>) <= 32764, "a kernel's arguments may not be larger");
  Table<Update, slots> table(typename Update::Step(*static_cast<const typename Update::Attributes*>(call.attributes)));
  std::int64_t blocks = 0;
  const auto flush = [&] {
    launch(context, update_all<Update, slots>, blocks, table);
    table.count = 0;
    blocks = 0;
  };
  for (int i = 0; i < call.count / Update::operands; ++i) {
    const View* views[Update::operands];
    const Update update(call, i, views);
    const JoinedDims<Update::operands> joined(views);
    if (!fits_table(joined)) {
      run_elementwise<Update::operands>(context, views, Single<Update>{table.step, update});
    } else if (joined.dims[0] > 0) {
      if (table.count == slots) flush();
      table.of[table.count] = update;
      table.numel[table.count] = static_cast<std::uint32_t>(joined.dims[0]);
      table.first_block[table.count] = static_cast<std::uint32_t>(blocks);
      ++table.count;
      blocks += blocks_for(joined.dims[0], numbers_per_block);
    }
  }
  flush();
}

template <class Update>
void run_all(Context& context, const KernelCall& call) {
  if (call.count <= few * Update::operands)
    run<Update, few>(context, call);
  else
    run<Update, many>(context, call);
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::sgd_update, run_all<Sgd<T>>);
    table.set<T>(Operation::adam_update, run_all<Adam<T>>);
    table.set<T>(Operation::rmsprop_update, run_all<Rmsprop<T>>);
    table.set<T>(Operation::adagrad_update, run_all<Adagrad<T>>);
  }
};

}  // namespace

void add_update_kernels(KernelTable& table) { for_each_type(FloatTypes{}, Enter{table}); }

}  // namespace cairn::cuda

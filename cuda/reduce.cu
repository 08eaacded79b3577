// Sums (sum.h) and the place of the largest. The operand's kept dimensions come first, then those that are reduced.
//
// The place of the largest is found by teams of 16 threads, or of a whole block of 256 where rows are long: each takes
// every 16th (256th) number, and the candidates are compared by halves. Which of two candidates wins depends on them
// alone, so how the row was divided changes nothing.
#include <cairn/cuda/places.h>
#include <cairn/cuda/sum.h>

namespace cairn::cuda {
namespace {

template <class T>
using X = Number<Computed<T>>;

template <class T>
struct ElementsOf {
  static constexpr int operands = 1;
  const T* x;
  Places<1> outputs, places;
  __device__ const T* start(std::int64_t output) const { return x + outputs.of(output)[0]; }
  __device__ X<T> value(const T* from, const Offsets<1>& at) const { return X<T>(from[at[0]]); }
};

template <class T>
struct Divided {
  T* y;
  double divisor;
  __device__ void operator()(std::int64_t output, X<T> sum) const {
    y[output] = (divisor == 1 ? sum : sum / X<T>(divisor)).template as<T>();
  }
};

template <class T>
void sum(Context& context, const KernelCall& call) {
  const auto& attributes = *static_cast<const ReduceAttributes*>(call.attributes);
  const View &y = call.operands[0], &x = call.operands[1];
  const int kept = x.rank - attributes.reduced;
  const ElementsOf<T> elements{data_of<T>(x), places_of(x, 0, kept), places_of(x, kept, attributes.reduced)};
  std::int64_t terms = 1;
  for (int d = kept; d < x.rank; ++d) terms *= x.dims[d];
  run_sums<X<T>>(context, numel_of(y), terms, outputs_lie_closer(elements.outputs.spacing(), elements.places.spacing()),
                 elements, Divided<T>{data_of<T>(y), attributes.divisor});
}

template <class T>
struct Candidate {
  Computed<T> value;
  std::int64_t at;

  /// NaN counts as the largest, as in PyTorch; of equals the first wins.
  __device__ static Candidate better(const Candidate& a, const Candidate& b) {
    const bool a_is_nan = a.value != a.value, b_is_nan = b.value != b.value;
    const bool a_above = (a_is_nan && !b_is_nan) || a.value > b.value;
    const bool b_above = (b_is_nan && !a_is_nan) || b.value > a.value;
    return a_above || (!b_above && a.at < b.at) ? a : b;
  }
};

struct Rows {
  std::int64_t count, length, stride;
  int team;     // threads for a row
  bool across;  // neighbouring threads take neighbouring rows
};

template <class T>
__global__ void __launch_bounds__(block_size)
    place_of_largest(Rows rows, const T* x, Places<1> places, std::int64_t* y) {
  __shared__ Candidate<T> best[block_size];
  const int thread = static_cast<int>(threadIdx.x), teams = block_size / rows.team;
  const int team = rows.across ? thread % teams : thread / rows.team;
  const int member = rows.across ? thread / teams : thread % rows.team;
  const int place = team * rows.team + member;
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * teams + team;
  if (row < rows.count) {
    const T* from = x + places.of(row)[0];
    const std::int64_t first = member < rows.length ? member : rows.length - 1;
    Candidate<T> mine{X<T>(from[first * rows.stride]).value, first};
#pragma unroll 4
    for (std::int64_t i = first + rows.team; i < rows.length; i += rows.team)
      mine = Candidate<T>::better(mine, {X<T>(from[i * rows.stride]).value, i});
    best[place] = mine;
  }
  for (int half = rows.team / 2; half > 0; half /= 2) {
    __syncthreads();
    if (row < rows.count && member < half) best[place] = Candidate<T>::better(best[place], best[place + half]);
  }
  if (row < rows.count && member == 0) y[row] = best[place].at;
}

template <class T>
void argmax(Context& context, const KernelCall& call) {
  const View& x = call.operands[1];
  const int kept = x.rank - 1;
  const std::int64_t length = x.dims[kept], stride = x.strides[kept];
  const Places<1> places = places_of(x, 0, kept);
  constexpr int whole_block_from = 1024;
  const int team = length >= whole_block_from ? block_size : sum_lanes;
  const bool across = team < block_size && outputs_lie_closer(places.spacing(), {length, stride});
  const Rows rows{numel_of(call.operands[0]), length, stride, team, across};
  launch(context, place_of_largest<T>, blocks_for(rows.count, block_size / team), rows, data_of<T>(x), places,
         data_of<std::int64_t>(call.operands[0]));
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::sum, sum<T>);
    table.set<T>(Operation::argmax, argmax<T>);
  }
};

}  // namespace

void add_reduction_kernels(KernelTable& table) { for_each_type(ArithmeticTypes{}, Enter{table}); }

}  // namespace cairn::cuda

// Sums, and the largest and the smallest with their places. The operand's kept dimensions come first, then those that
// are reduced.
//
// All are made by the threads of sum.h. A "sum" of candidates is the better one: which of two wins depends on them
// alone, so how the terms were divided changes nothing. A candidate's place is counted by a second operand, of which
// nothing is read: its offsets are 0, 1, 2, ...
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

/// A number that may be the largest, or the smallest, and where it stands, counted from 1; 0 for nothing.
template <bool largest, class T>
struct Candidate {
  Computed<T> value;
  std::int64_t place;

  /// NaN beats every number, as in PyTorch; of equals the first wins.
  __device__ friend Candidate operator+(const Candidate& a, const Candidate& b) {
    if (a.place == 0 || b.place == 0) return a.place == 0 ? b : a;
    const bool a_wins = a.beats(b), b_wins = b.beats(a);
    return a_wins || (!b_wins && a.place < b.place) ? a : b;
  }

 private:
  __device__ bool beats(const Candidate& other) const {
    const bool above = largest ? value > other.value : value < other.value;
    return above || (value != value && other.value == other.value);
  }
};

template <bool largest, class T>
struct Candidates {
  static constexpr int operands = 2;
  const T* x;
  Places<1> outputs;
  Places<2> places;
  __device__ const T* start(std::int64_t output) const { return x + outputs.of(output)[0]; }
  __device__ Candidate<largest, T> value(const T* from, const Offsets<2>& at) const {
    return {X<T>(from[at[0]]).value, at[1] + 1};
  }
};

/// Keeps the number or its place: the one that is not null.
template <bool largest, class T>
struct Winner {
  T* value;
  std::int64_t* place;
  __device__ void operator()(std::int64_t output, const Candidate<largest, T>& best) const {
    if (value)
      value[output] = X<T>(best.value).template as<T>();
    else
      place[output] = best.place - 1;
  }
};

/// The extreme numbers over the last `reduced` dimensions of x, or their places.
template <bool largest, class T>
void extremes(Context& context, const View& x, int reduced, std::int64_t outputs, const Winner<largest, T>& winner) {
  const int kept = x.rank - reduced;
  std::int64_t row_by_row[JoinedDims<2>::max_rank], terms = 1;
  for (int d = reduced - 1; d >= 0; --d) {
    row_by_row[d] = terms;
    terms *= x.dims[kept + d];
  }
  const View part{x.data, x.dims + kept, x.strides + kept, reduced, x.dtype};
  const View counter{nullptr, x.dims + kept, row_by_row, reduced, DType::int64};
  const Candidates<largest, T> candidates{data_of<T>(x), places_of(x, 0, kept),
                                          Places<2>(JoinedDims<2>({&part, &counter}))};
  run_sums<Candidate<largest, T>>(context, outputs, terms,
                                  outputs_lie_closer(candidates.outputs.spacing(), candidates.places.spacing()),
                                  candidates, winner);
}

template <bool largest, class T>
void extreme(Context& context, const KernelCall& call) {
  const View& y = call.operands[0];
  extremes<largest, T>(context, call.operands[1], static_cast<const ReduceAttributes*>(call.attributes)->reduced,
                       numel_of(y), {data_of<T>(y), nullptr});
}

template <bool largest, class T>
void place_of_extreme(Context& context, const KernelCall& call) {
  const View& y = call.operands[0];
  extremes<largest, T>(context, call.operands[1], 1, numel_of(y), {nullptr, data_of<std::int64_t>(y)});
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::sum, sum<T>);
    table.set<T>(Operation::amax, extreme<true, T>);
    table.set<T>(Operation::amin, extreme<false, T>);
    table.set<T>(Operation::argmax, place_of_extreme<true, T>);
    table.set<T>(Operation::argmin, place_of_extreme<false, T>);
  }
};

}  // namespace

void add_reduction_kernels(KernelTable& table) { for_each_type(ArithmeticTypes{}, Enter{table}); }

}  // namespace cairn::cuda

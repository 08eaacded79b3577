"""Where Cairn differs from PyTorch and shall: (operations, what differs, as regular expressions; the reason)."""
import re

ACCEPTED = [
    # Cairn computes, and rightly.
    (r"(mul|div|pow)_", "modified by an inplace operation", "an operation keeps what its own gradient needs"),
    (r"pow_?", "PyTorch raises 'Subtraction, the `-` operator, with a bool", "powers of bools have a gradient as others"),
    (r"scatter_add_?", "returned an invalid gradient at index 1", "a source larger than the index gets its gradient"),
    (r"masked_fill_?", "Autograd not support dtype|INTERNAL ASSERT FAILED", "whole numbers just have no gradient"),
    (r"copy_", "refer to a single memory location", "what overlaps is read before it is overwritten"),
    (r"norm", "^a gradient$", "the gradient of a count is 0 rather than none"),
    (r"linear", "Long can't be cast to the desired output type Bool", "no features of bools give bools"),
    (r"nll_loss", "grad_input must be contiguous|size mismatch .got input", "the gradient does not ask how the input lies"),
    (r"adaptive_avg_pool2d", "Expected grad_output to have non-zero size", "a result without numbers has a gradient: zeros"),
    # Numbers that PyTorch rounds, or overflows, on the way.
    (r"erf_?", r"numbers of value \(b?float16\)", "PyTorch's erf of subnormal numbers of 16 bits is 0"),
    (r"div\.of_number", "numbers of", "PyTorch multiplies with a reciprocal, which may overflow"),
    (r"std", r"numbers of value \(float32\)", "PyTorch adds squares as float64, and these overflow float32"),
    (r"gelu", r"numbers of value \((bfloat16|float32)\)", "PyTorch's gelu of infinity is NaN there, and of subnormal numbers 0"),
    (r"binary_cross_entropy_with_logits", r"numbers of value \(float64\)", "what is promoted is promoted before its logarithm is taken"),
    (r"layer_norm", r"numbers of grad \(float64\)|sign of a zero", "of a row of one number PyTorch leaves what rounding left"),
    # Signs of zeros, and powers of False.
    (r"maximum|minimum", "sign of a zero of value", "PyTorch's answer for 0 and -0 differs between its dtypes"),
    (r"(max|min)\.all", "sign of a zero of value", "PyTorch's answer for 0 and -0 differs between its dtypes"),
    (r"pow_?\.number", "sign of a zero of grad", "the exponent False is 0 here"),
    (r"pow\.of_number", "numbers of grad", "the base False is 0 here"),
    (r"binary_cross_entropy", "sign of a zero of grad", "the target's, of the answer 1/2: log 1/2 - log 1/2"),
    (r"cross_entropy", "sign of a zero of grad", "0 times a negative gradient"),
    # Texts and names.
    (r"cross_entropy", "class probabilities, got Long|raises 'label_smoothing must be", "class probabilities are not offered; a negative smoothing is a mistake"),
    (r"batch_norm", "must have at least 2 dimensions", "PyTorch has no check, and fails later"),
    (r"nll_loss", "grad_fn ViewBackward0, expected NllLoss2DBackward0", "losses of places are rows in another shape"),
    (r"conv2d\.named", "bias type .*where PyTorch computes", "PyTorch looks at the bias only where paddings are numbers"),
    (r"conv2d(\.named)?", r"select\(\): index|narrow\(\): length", "PyTorch finds the mistake too late to name it"),
    (r"conv2d", r"dilation .*where PyTorch computes", "of an empty batch, too"),
    (r"layer_norm", "grad_fn ToCopyBackward0", "parameters in float32 beside small floats are computed with in float32"),
    (r"binary_cross_entropy", "size of tensor a", "one text wherever shapes do not broadcast"),
    (r"index_select", "INDICES element is out of DATA bounds", "one text whichever dimension is chosen from"),
    (r"linear", "grad_fn AddBackward0, expected AddmmBackward0", "a bias of two dimensions is added in a step of its own"),
    (r"conv2d(\.named)?", "non-positive dilation is not supported|could not create a primitive", "one text for every dtype"),
    (r"to", "grad_fn None, expected ToCopyBackward0", "complex numbers are stored and converted, and have no gradient"),
]


def reason_for(operation, what):
    for operations, differences, reason in ACCEPTED:
        if re.fullmatch(operations, operation) and re.search(differences, what):
            return reason
    return None

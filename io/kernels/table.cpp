// The table of an instruction set.
#include <cairn/io/kernels/exponents.h>
#include <cairn/io/kernels/hash.h>
#include <cairn/io/kernels/kernels.h>

#define CAIRN_JOIN_(a, b) a##b
#define CAIRN_JOIN(a, b) CAIRN_JOIN_(a, b)

extern "C" const CairnByteKernels CAIRN_JOIN(cairn_byte_kernels_, CAIRN_INSTRUCTION_SET) = {
    cairn::io::hash, cairn::io::hash_and_copy, cairn::io::copy_past_cache, cairn::io::encode_exponents,
    cairn::io::decode_exponents};

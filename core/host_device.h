// Marks functions that run on the CPU and, compiled by nvcc, on a GPU as well.
#pragma once

#if defined(__CUDACC__)
#define CAIRN_HOST_DEVICE __host__ __device__
#else
#define CAIRN_HOST_DEVICE
#endif

/* Constant tensors of a model: initialisers and Constant nodes, in any encoding. */
#ifndef NEURANK_ONNX_TENSOR_H
#define NEURANK_ONNX_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/digest.h"
#include "onnx.pb-c.h"

enum { NR_TENSOR_RANK = 6 };

/* Exactly one of floats and ints is set. Owned by the holder. */
typedef struct {
    size_t rank, dims[NR_TENSOR_RANK], count;
    float *floats; /* from float, float16, bfloat16 or double */
    int64_t *ints; /* from int64, int32 or bool */
} nr_tensor;

/* path: the model's, for messages and external data. Refuses what is not finite. */
nr_status nr_tensor_decode(const char *path, const NrOnnx__TensorProto *proto,
                           nr_digest *digest, nr_tensor *out);
/* The same as little-endian bytes of its own type; *out [*n] owned by the caller. */
nr_status nr_tensor_bytes(const char *path, const NrOnnx__TensorProto *proto,
                          nr_digest *digest, uint8_t **out, size_t *n);
nr_status nr_tensor_from_floats(const char *path, const float *values, size_t n,
                                bool scalar, nr_tensor *out);
nr_status nr_tensor_from_ints(const int64_t *values, size_t n, bool scalar,
                              nr_tensor *out);
void nr_tensor_free(nr_tensor *tensor);

#endif

/* Parts of encoded tensors. What the protobuf messages own is allocated with malloc. */
#ifndef NEURANK_ONNX_SLICE_H
#define NEURANK_ONNX_SLICE_H

#include "tensor.h"

/* Indices along an axis that stay, ascending; indices NULL: all. */
typedef struct {
    const uint32_t *indices; /* [n] */
    size_t n;
} nr_keep;

/* Brings the tensor's bytes into the message, as raw data of the same type. */
nr_status nr_slice_inline(const char *path, NrOnnx__TensorProto *tensor,
                          nr_digest *digest);
/* Keeps a part of every axis. NR_TENSOR_RANK entries; those behind its rank are NULL.
 */
nr_status nr_slice(const char *path, NrOnnx__TensorProto *tensor, nr_digest *digest,
                   const nr_keep keep[NR_TENSOR_RANK]);
/* A deep copy; *out is ended with nr_onnx__tensor_proto__free_unpacked(out, NULL). */
nr_status nr_slice_copy(const NrOnnx__TensorProto *tensor, NrOnnx__TensorProto **out);
/* A new tensor from decoded numbers. */
nr_status nr_slice_encode(const nr_tensor *tensor, NrOnnx__TensorProto **out);

#endif

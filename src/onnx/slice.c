#include "slice.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

nr_status nr_slice_copy(const NrOnnx__TensorProto *tensor, NrOnnx__TensorProto **out) {
    size_t n = nr_onnx__tensor_proto__get_packed_size(tensor);
    uint8_t *bytes = nr_new(n, 1);
    if (!bytes) return NR_ERR_INTERNAL;
    nr_onnx__tensor_proto__pack(tensor, bytes);
    *out = nr_onnx__tensor_proto__unpack(NULL, n, bytes);
    free(bytes);
    NR_REQUIRE(*out, NR_ERR_INTERNAL, "no memory for a tensor of %zu bytes", n);
    return NR_OK;
}

nr_status nr_slice_encode(const nr_tensor *tensor, NrOnnx__TensorProto **out) {
    size_t element = tensor->floats ? sizeof *tensor->floats : sizeof *tensor->ints;
    size_t n_bytes = nr_size_mul(tensor->count, element);
    NrOnnx__TensorProto *t;
    /* As protobuf-c would: freed with the message. */
    if (!NR_NEW(t, 1)) return NR_ERR_INTERNAL;
    nr_onnx__tensor_proto__init(t);
    if (!NR_NEW(t->dims, tensor->rank) || !(t->raw_data.data = nr_new(n_bytes, 1))) {
        nr_onnx__tensor_proto__free_unpacked(t, NULL);
        return NR_ERR_INTERNAL;
    }
    t->n_dims = tensor->rank;
    for (size_t d = 0; d < tensor->rank; d++) t->dims[d] = (int64_t)tensor->dims[d];
    t->has_data_type = t->has_raw_data = 1;
    t->data_type = tensor->floats ? NR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
                                  : NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    t->raw_data.len = n_bytes;
    if (tensor->floats) memcpy(t->raw_data.data, tensor->floats, n_bytes);
    else memcpy(t->raw_data.data, tensor->ints, n_bytes);
    *out = t;
    return NR_OK;
}

/* ---- bytes ---- */

static void forget_external(NrOnnx__TensorProto *t) {
    for (size_t i = 0; i < t->n_external_data; i++)
        nr_onnx__string_string_entry_proto__free_unpacked(t->external_data[i], NULL);
    free(t->external_data);
    t->external_data = NULL;
    t->n_external_data = 0;
    t->has_data_location = 0;
    t->data_location = NR_ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT;
}

static void forget_typed(NrOnnx__TensorProto *t) {
    free(t->float_data);
    free(t->double_data);
    free(t->int32_data);
    free(t->int64_data);
    t->float_data = NULL;
    t->double_data = NULL;
    t->int32_data = NULL;
    t->int64_data = NULL;
    t->n_float_data = t->n_double_data = t->n_int32_data = t->n_int64_data = 0;
}

nr_status nr_slice_inline(const char *path, NrOnnx__TensorProto *t, nr_digest *digest) {
    uint8_t *bytes;
    size_t n;
    if (t->has_raw_data &&
        t->data_location != NR_ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        return NR_OK;
    NR_TRY(nr_tensor_bytes(path, t, digest, &bytes, &n));
    forget_external(t);
    forget_typed(t);
    free(t->raw_data.data);
    t->has_raw_data = 1;
    t->raw_data = (ProtobufCBinaryData){.len = n, .data = bytes};
    return NR_OK;
}

/* Copies what stays, axis by axis from the outermost. Returns behind the last byte. */
static uint8_t *copy_part(const NrOnnx__TensorProto *t, const nr_keep *keep,
                          size_t axis, const size_t *stride, const uint8_t *from,
                          uint8_t *to) {
    if (axis == t->n_dims) {
        memcpy(to, from, stride[axis]);
        return to + stride[axis];
    }
    size_t n = keep[axis].indices ? keep[axis].n : (size_t)t->dims[axis];
    for (size_t i = 0; i < n; i++) {
        size_t at = keep[axis].indices ? keep[axis].indices[i] : i;
        to = copy_part(t, keep, axis + 1, stride, from + at * stride[axis], to);
    }
    return to;
}

nr_status nr_slice(const char *path, NrOnnx__TensorProto *t, nr_digest *digest,
                   const nr_keep keep[NR_TENSOR_RANK]) {
    size_t stride[NR_TENSOR_RANK + 1], kept = 1, count = 1;
    NR_TRY(nr_slice_inline(path, t, digest));
    for (size_t d = 0; d < t->n_dims; d++) {
        count = nr_size_mul(count, (size_t)t->dims[d]);
        kept = nr_size_mul(kept, keep[d].indices ? keep[d].n : (size_t)t->dims[d]);
        for (size_t i = 0; keep[d].indices && i < keep[d].n; i++)
            NR_ASSERT(keep[d].indices[i] < (uint64_t)t->dims[d]);
    }
    if (kept == count) return NR_OK;
    stride[t->n_dims] = t->raw_data.len / count; /* kept < count: it is not 0 */
    for (size_t d = t->n_dims; d-- > 0;)
        stride[d] =
            d + 1 == t->n_dims ? stride[d + 1] : stride[d + 1] * (size_t)t->dims[d + 1];
    uint8_t *bytes = nr_new(nr_size_mul(kept, stride[t->n_dims]), 1);
    if (!bytes) return NR_ERR_INTERNAL;
    copy_part(t, keep, 0, stride, t->raw_data.data, bytes);
    free(t->raw_data.data);
    t->raw_data.data = bytes;
    t->raw_data.len = kept * stride[t->n_dims];
    for (size_t d = 0; d < t->n_dims; d++)
        if (keep[d].indices) t->dims[d] = (int64_t)keep[d].n;
    return NR_OK;
}

#include "tensor.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/text.h"

static const char *name_of(const NrOnnx__TensorProto *proto) {
    return proto->name ? proto->name : "";
}

/* ---- external data ---- */

typedef struct {
    const char *location;
    uint64_t offset, length;
    bool has_length;
} external;

static nr_status external_parse(const char *path, const NrOnnx__TensorProto *proto,
                                external *out) {
    *out = (external){0};
    for (size_t i = 0; i < proto->n_external_data; i++) {
        const char *key = proto->external_data[i]->key,
                   *value = proto->external_data[i]->value;
        bool good = key && value;
        if (good && !strcmp(key, "location")) out->location = value;
        else if (good && !strcmp(key, "offset"))
            good = nr_parse_u64(value, &out->offset);
        else if (good && !strcmp(key, "length"))
            good = out->has_length = nr_parse_u64(value, &out->length);
        else good = good && !strcmp(key, "checksum");
        NR_REQUIRE(good, NR_ERR_INPUT,
                   "%s: initialiser \"%s\": external data entry \"%s\" = \"%s\" is not "
                   "understood",
                   path, name_of(proto), key ? key : "", value ? value : "");
    }
    NR_REQUIRE(out->location && out->location[0], NR_ERR_INPUT,
               "%s: initialiser \"%s\": external data without a location", path,
               name_of(proto));
    return NR_OK;
}

/* Opens a file below the model's folder; links that lead out of it are refused too. */
static nr_status external_open(const char *path, const NrOnnx__TensorProto *proto,
                               const char *location, int *out, size_t *n_bytes) {
    char joined[PATH_MAX], folder[PATH_MAX], real[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int stem = slash ? (int)(slash - path) + 1 : 0;
    int written =
        snprintf(joined, sizeof joined, "%.*s", stem ? stem : 2, stem ? path : "./");
    bool fits = written >= 0 && (size_t)written < sizeof joined;
    if (!fits || !realpath(joined, folder))
        return nr_fail(NR_ERR_INPUT, "%s: cannot find the model's folder", path);
    written = snprintf(joined, sizeof joined, "%s/%s", folder, location);
    fits = written >= 0 && (size_t)written < sizeof joined;
    NR_REQUIRE(fits && location[0] != '/' && realpath(joined, real), NR_ERR_INPUT,
               "%s: initialiser \"%s\": cannot open external data \"%s\": %s", path,
               name_of(proto), location,
               location[0] == '/' ? "it must stand in the model's folder"
                                  : strerror(errno));
    size_t length = strlen(folder);
    bool below =
        strncmp(real, folder, length) == 0 && (length == 1 || real[length] == '/');
    NR_REQUIRE(
        below, NR_ERR_INPUT,
        "%s: initialiser \"%s\": external data \"%s\" is outside the model's folder",
        path, name_of(proto), location);
    return nr_open_input(real, "external data", out, n_bytes);
}

static nr_status read_all(int file, void *bytes, size_t n, uint64_t offset) {
    for (size_t done = 0; done < n;) {
        ssize_t got =
            pread(file, (char *)bytes + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return NR_ERR_INPUT;
        done += (size_t)got;
    }
    return NR_OK;
}

static nr_status external_read(const char *path, const NrOnnx__TensorProto *proto,
                               size_t n_bytes, uint8_t **out) {
    external where;
    int file;
    size_t size;
    NR_TRY(external_parse(path, proto, &where));
    NR_TRY(external_open(path, proto, where.location, &file, &size));
    nr_status status = NR_ERR_INPUT;
    uint8_t *bytes = NULL;
    NR_REQUIRE_GOTO(
        !where.has_length || where.length == n_bytes, err_close, NR_ERR_INPUT,
        "%s: initialiser \"%s\": external data of %llu bytes, its shape needs %zu",
        path, name_of(proto), (unsigned long long)where.length, n_bytes);
    NR_REQUIRE_GOTO(
        where.offset <= size && n_bytes <= size - where.offset, err_close, NR_ERR_INPUT,
        "%s: initialiser \"%s\": external data \"%s\" ends before byte %llu", path,
        name_of(proto), where.location, (unsigned long long)(where.offset + n_bytes));
    if (!NR_NEW(bytes, n_bytes)) {
        status = NR_ERR_INTERNAL;
        goto err_close;
    }
    status = read_all(file, bytes, n_bytes, where.offset);
    if (status != NR_OK) {
        nr_fail(status, "%s: initialiser \"%s\": cannot read external data \"%s\"",
                path, name_of(proto), where.location);
        free(bytes);
        goto err_close;
    }
    *out = bytes;
err_close:
    close(file);
    return status;
}

/* ---- decoding ---- */

static float from_half(uint16_t half) {
    int exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
    float value;
    if (exponent == 0) value = ldexpf((float)fraction, -24);
    else if (exponent == 31) value = fraction ? NAN : INFINITY;
    else value = ldexpf((float)(fraction | 0x400), exponent - 25);
    return half & 0x8000 ? -value : value;
}

static float from_bfloat(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static size_t type_bytes(int32_t type) {
    switch (type) {
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT32: return 4;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16: return 2;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return 8;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__BOOL: return 1;
    default: return 0;
    }
}

static bool is_float_type(int32_t type) {
    return type != NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT32 &&
           type != NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT64 &&
           type != NR_ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
}

/* One element of little-endian raw data. */
static void decode_raw(int32_t type, const uint8_t *raw, size_t i, nr_tensor *out) {
    uint16_t half;
    int32_t small;
    double wide;
    switch (type) {
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        memcpy(&out->floats[i], raw + 4 * i, 4);
        break;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
        memcpy(&half, raw + 2 * i, 2);
        out->floats[i] = from_half(half);
        break;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
        memcpy(&half, raw + 2 * i, 2);
        out->floats[i] = from_bfloat(half);
        break;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        memcpy(&wide, raw + 8 * i, 8);
        out->floats[i] = (float)wide;
        break;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
        memcpy(&small, raw + 4 * i, 4);
        out->ints[i] = small;
        break;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
        memcpy(&out->ints[i], raw + 8 * i, 8);
        break;
    default: out->ints[i] = raw[i];
    }
}

/* How many values the typed field of this encoding holds. */
static size_t typed_count(const NrOnnx__TensorProto *proto) {
    switch (proto->data_type) {
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return proto->n_float_data;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return proto->n_double_data;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return proto->n_int64_data;
    default: return proto->n_int32_data;
    }
}

static nr_status shape_of(const char *path, const NrOnnx__TensorProto *proto,
                          nr_tensor *out) {
    NR_REQUIRE(proto->n_dims <= NR_TENSOR_RANK, NR_ERR_INPUT,
               "%s: initialiser \"%s\" has %zu dimensions, at most %d are read", path,
               name_of(proto), proto->n_dims, NR_TENSOR_RANK);
    out->rank = proto->n_dims;
    out->count = 1;
    for (size_t d = 0; d < out->rank; d++) {
        NR_REQUIRE(proto->dims[d] >= 0, NR_ERR_INPUT,
                   "%s: initialiser \"%s\": dimension %zu is %lld", path,
                   name_of(proto), d, (long long)proto->dims[d]);
        out->dims[d] = (size_t)proto->dims[d];
        out->count = nr_size_mul(out->count, out->dims[d]);
    }
    NR_REQUIRE(
        type_bytes(proto->data_type) > 0, NR_ERR_INPUT,
        "%s: initialiser \"%s\" has data type %d; float, float16, bfloat16, double, "
        "int32, int64 and bool are read",
        path, name_of(proto), proto->data_type);
    return NR_OK;
}

static nr_status require_finite(const char *path, const NrOnnx__TensorProto *proto,
                                const nr_tensor *tensor) {
    for (size_t i = 0; tensor->floats && i < tensor->count; i++)
        NR_REQUIRE(isfinite(tensor->floats[i]), NR_ERR_INPUT,
                   "%s: initialiser \"%s\": element %zu is %f, weights must be finite",
                   path, name_of(proto), i, (double)tensor->floats[i]);
    return NR_OK;
}

/* Typed fields hold small types in wider ones. */
static void typed_to_raw(const NrOnnx__TensorProto *proto, size_t n, uint8_t *raw) {
    size_t each = type_bytes(proto->data_type);
    switch (proto->data_type) {
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        memcpy(raw, proto->float_data, n * each);
        break;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        memcpy(raw, proto->double_data, n * each);
        break;
    case NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
        memcpy(raw, proto->int64_data, n * each);
        break;
    default: /* little-endian, as raw data is */
        for (size_t i = 0; i < n; i++)
            memcpy(raw + i * each, &proto->int32_data[i], each);
    }
}

/* The tensor's bytes and how many there must be. */
static nr_status bytes_of(const char *path, const NrOnnx__TensorProto *proto,
                          nr_digest *digest, nr_tensor *shape, uint8_t **out,
                          size_t *n) {
    NR_TRY(shape_of(path, proto, shape));
    size_t n_bytes = nr_size_mul(shape->count, type_bytes(proto->data_type));
    if (proto->data_location == NR_ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        NR_TRY(external_read(path, proto, n_bytes, out));
        nr_digest_add(digest, *out, n_bytes);
        *n = n_bytes;
        return NR_OK;
    }
    bool is_raw = proto->has_raw_data;
    size_t available =
        is_raw ? proto->raw_data.len
               : nr_size_mul(typed_count(proto), type_bytes(proto->data_type));
    NR_REQUIRE(available == n_bytes, NR_ERR_INPUT,
               "%s: initialiser \"%s\" holds %zu bytes, its shape needs %zu", path,
               name_of(proto), available, n_bytes);
    if (!NR_NEW(*out, n_bytes)) return NR_ERR_INTERNAL;
    if (is_raw && n_bytes) memcpy(*out, proto->raw_data.data, n_bytes);
    if (!is_raw && n_bytes) typed_to_raw(proto, shape->count, *out);
    *n = n_bytes;
    return NR_OK;
}

nr_status nr_tensor_bytes(const char *path, const NrOnnx__TensorProto *proto,
                          nr_digest *digest, uint8_t **out, size_t *n) {
    nr_tensor shape = {0};
    return bytes_of(path, proto, digest, &shape, out, n);
}

nr_status nr_tensor_decode(const char *path, const NrOnnx__TensorProto *proto,
                           nr_digest *digest, nr_tensor *out) {
    nr_tensor t = {0};
    uint8_t *bytes = NULL;
    size_t n_bytes;
    NR_TRY(bytes_of(path, proto, digest, &t, &bytes, &n_bytes));
    nr_status status = NR_ERR_INTERNAL;
    if (is_float_type(proto->data_type)) {
        if (!NR_NEW(t.floats, t.count)) goto err_free;
    } else if (!NR_NEW(t.ints, t.count)) goto err_free;
    for (size_t i = 0; i < t.count; i++) decode_raw(proto->data_type, bytes, i, &t);
    NR_TRY_GOTO(require_finite(path, proto, &t), err_free);
    free(bytes);
    *out = t;
    return NR_OK;

err_free:
    free(bytes);
    nr_tensor_free(&t);
    return status;
}

nr_status nr_tensor_from_floats(const char *path, const float *values, size_t n,
                                bool scalar, nr_tensor *out) {
    nr_tensor t = {.rank = scalar ? 0 : 1, .dims = {n}, .count = n};
    for (size_t i = 0; i < n; i++)
        NR_REQUIRE(isfinite(values[i]), NR_ERR_INPUT,
                   "%s: a constant is %f, numbers must be finite", path,
                   (double)values[i]);
    if (!NR_NEW(t.floats, n)) return NR_ERR_INTERNAL;
    memcpy(t.floats, values, n * sizeof *values);
    *out = t;
    return NR_OK;
}

nr_status nr_tensor_from_ints(const int64_t *values, size_t n, bool scalar,
                              nr_tensor *out) {
    nr_tensor t = {.rank = scalar ? 0 : 1, .dims = {n}, .count = n};
    if (!NR_NEW(t.ints, n)) return NR_ERR_INTERNAL;
    memcpy(t.ints, values, n * sizeof *values);
    *out = t;
    return NR_OK;
}

void nr_tensor_free(nr_tensor *tensor) {
    free(tensor->floats);
    free(tensor->ints);
    *tensor = (nr_tensor){0};
}

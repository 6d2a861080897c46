#include "model_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "neurank/base/publish.h"

/* protobuf-c recurses into nested messages without a limit, so a small hostile file
 * could exhaust the stack. The bytes are walked first, with their descriptors. */
enum { DEPTH_MAX = 32 };

typedef enum { WALK_OK, WALK_TRUNCATED, WALK_MALFORMED, WALK_DEEP } walk_result;

static walk_result read_varint(const uint8_t **p, const uint8_t *end, uint64_t *out) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (*p == end) return WALK_TRUNCATED;
        uint8_t byte = *(*p)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return WALK_OK;
        }
    }
    return WALK_MALFORMED;
}

static walk_result walk(const ProtobufCMessageDescriptor *type, const uint8_t *p,
                        const uint8_t *end, int depth) {
    if (depth > DEPTH_MAX) return WALK_DEEP;
    while (p < end) {
        uint64_t tag, value;
        walk_result result = read_varint(&p, end, &tag);
        if (result != WALK_OK) return result;
        if (tag >> 3 == 0 || tag >> 3 > UINT32_MAX) return WALK_MALFORMED;
        uint64_t size = 0;
        switch (tag & 7) {
        case 0: result = read_varint(&p, end, &value); break;
        case 1: size = 8; break;
        case 2: result = read_varint(&p, end, &size); break;
        case 5: size = 4; break;
        default: result = WALK_MALFORMED;
        }
        if (result != WALK_OK) return result;
        if (size > (uint64_t)(end - p)) return WALK_TRUNCATED;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE && (tag & 7) == 2) {
            result = walk(field->descriptor, p, p + size, depth + 1);
            if (result == WALK_TRUNCATED) result = WALK_MALFORMED; /* a length lies */
            if (result != WALK_OK) return result;
        }
        p += size;
    }
    return WALK_OK;
}

/* A model starts with its ir_version: field 1, a small varint. */
static bool starts_like_a_model(const uint8_t *bytes, size_t n) {
    return n >= 2 && bytes[0] == 0x08 && bytes[1] > 0 && bytes[1] < 0x80;
}

static nr_status unpack(const char *path, const uint8_t *bytes, size_t n,
                        NrOnnx__ModelProto **out) {
    walk_result result = walk(&nr_onnx__model_proto__descriptor, bytes, bytes + n, 0);
    NR_REQUIRE(result != WALK_DEEP, NR_ERR_INPUT,
               "%s: messages are nested more than %d deep", path, DEPTH_MAX);
    NR_REQUIRE(
        result != WALK_TRUNCATED || !starts_like_a_model(bytes, n), NR_ERR_INPUT,
        "%s: truncated: the ONNX model does not end within the %zu bytes of the file",
        path, n);
    NrOnnx__ModelProto *model = NULL;
    if (result == WALK_OK && n > 0)
        model = nr_onnx__model_proto__unpack(NULL, n, bytes);
    if (!model || !model->graph) {
        if (model) nr_onnx__model_proto__free_unpacked(model, NULL);
        return nr_fail(NR_ERR_INPUT, "%s: not an ONNX model", path);
    }
    *out = model;
    return NR_OK;
}

nr_status nr_model_file_read(const char *path, nr_digest *digest,
                             NrOnnx__ModelProto **out) {
    int file;
    size_t n;
    void *bytes = NULL;
    nr_status status = NR_OK;
    NR_TRY(nr_open_input(path, "the model", &file, &n));
    if (n > 0) {
        bytes = mmap(NULL, n, PROT_READ, MAP_PRIVATE, file, 0);
        NR_REQUIRE_GOTO(bytes != MAP_FAILED, err_close, NR_ERR_INPUT,
                        "%s: cannot read the model: %s", path, strerror(errno));
    }
    status = unpack(path, bytes, n, out);
    if (status == NR_OK) nr_digest_add(digest, bytes, n);
    if (n > 0) munmap(bytes, n);
err_close:
    close(file);
    return status;
}

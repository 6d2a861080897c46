/* Streams of numbers out of IDX and npy files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "import_private.h"
#include "neurank/base/memory.h"

size_t nr_element_bytes(nr_element element) {
    static const size_t bytes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    return bytes[element];
}

nr_status nr_source_open_file(const char *path, nr_source *source) {
    *source = (nr_source){.path = path};
    errno = 0;
    source->file = gzopen(path, "rb");
    NR_REQUIRE(source->file, NR_ERR_INPUT, "%s: cannot open: %s", path,
               errno ? strerror(errno) : "out of memory");
    gzbuffer(source->file, 1 << 18);
    return NR_OK;
}

void nr_source_close(nr_source *source) {
    if (source->file) gzclose(source->file);
    source->file = NULL;
}

nr_status nr_source_bytes(nr_source *source, size_t n, void *out) {
    for (size_t done = 0; done < n;) {
        size_t rest = n - done;
        unsigned piece = rest > 1 << 30 ? 1U << 30 : (unsigned)rest;
        int got = gzread(source->file, (char *)out + done, piece);
        if (got <= 0) {
            int code;
            const char *cause = gzerror(source->file, &code);
            bool end = code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
            if (code == Z_ERRNO) cause = strerror(errno);
            return nr_fail(NR_ERR_INPUT, "%s: %s%s", source->path,
                           end ? "truncated: the file ends before its data"
                               : "cannot be read: ",
                           end ? "" : cause);
        }
        done += (size_t)got;
    }
    return NR_OK;
}

nr_status nr_source_end(nr_source *source) {
    char byte;
    NR_REQUIRE(gzread(source->file, &byte, 1) <= 0, NR_ERR_INPUT,
               "%s: bytes follow behind the data its header announces", source->path);
    return NR_OK;
}

/* One element as integer bits in host order. */
static uint64_t element_bits(const uint8_t *p, size_t bytes, bool big_endian) {
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++)
        bits |= (uint64_t)p[big_endian ? bytes - 1 - i : i] << (8 * i);
    return bits;
}

static int64_t as_integer(const nr_source *source, uint64_t bits) {
    switch (source->element) {
    case NR_ELEMENT_I8: return (int8_t)bits;
    case NR_ELEMENT_I16: return (int16_t)bits;
    case NR_ELEMENT_I32: return (int32_t)bits;
    default: return (int64_t)bits;
    }
}

static float as_float(const nr_source *source, uint64_t bits) {
    if (source->element == NR_ELEMENT_F64) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return (float)value;
    }
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

enum { PIECE = 4096 }; /* elements converted at a time */

/* The next n elements, to whichever of the two arrays is there. */
static nr_status read_elements(nr_source *source, size_t n, int64_t *integers,
                               float *floats) {
    uint8_t raw[PIECE * 8];
    size_t bytes = nr_element_bytes(source->element);
    for (size_t done = 0; done < n;) {
        size_t count = n - done < PIECE ? n - done : PIECE;
        NR_TRY(nr_source_bytes(source, count * bytes, raw));
        for (size_t i = 0; i < count; i++, done++) {
            uint64_t bits = element_bits(raw + i * bytes, bytes, source->big_endian);
            if (integers) integers[done] = as_integer(source, bits);
            else floats[done] = as_float(source, bits);
        }
    }
    return NR_OK;
}

nr_status nr_source_integers(nr_source *source, size_t n, int64_t *out) {
    return read_elements(source, n, out, NULL);
}

nr_status nr_source_floats(nr_source *source, size_t n, float *out) {
    return read_elements(source, n, NULL, out);
}

/* A header that promises more than the file can hold is refused before anybody makes
 * room for it. Deflate packs at most 1032 to 1. */
static nr_status check_size(nr_source *source) {
    struct stat info;
    size_t bytes = nr_element_bytes(source->element);
    for (size_t d = 0; d < source->rank; d++)
        bytes = nr_size_mul(bytes, source->dims[d]);
    NR_REQUIRE(stat(source->path, &info) == 0 && S_ISREG(info.st_mode), NR_ERR_INPUT,
               "%s: not a regular file", source->path);
    size_t most = nr_size_mul((size_t)info.st_size, gzdirect(source->file) ? 1 : 1032);
    NR_REQUIRE(bytes <= most, NR_ERR_INPUT,
               "%s: truncated: the file ends before its data", source->path);
    return NR_OK;
}

/* ---- IDX: 0 0 type rank, then the dimensions, all big-endian ---- */

static nr_status idx_header(nr_source *source) {
    static const struct {
        uint8_t code;
        nr_element element;
    } types[] = {{0x08, NR_ELEMENT_U8},  {0x09, NR_ELEMENT_I8},
                 {0x0B, NR_ELEMENT_I16}, {0x0C, NR_ELEMENT_I32},
                 {0x0D, NR_ELEMENT_F32}, {0x0E, NR_ELEMENT_F64}};
    uint8_t head[4], dim[4];
    size_t type = 0, n_types = sizeof types / sizeof *types;
    NR_TRY(nr_source_bytes(source, 4, head));
    while (type < n_types && types[type].code != head[2]) type++;
    NR_REQUIRE(head[0] == 0 && head[1] == 0 && type < n_types && head[3] >= 1 &&
                   head[3] <= NR_SOURCE_RANK,
               NR_ERR_INPUT, "%s: not an IDX file: it starts with %02x %02x %02x %02x",
               source->path, head[0], head[1], head[2], head[3]);
    source->element = types[type].element;
    source->big_endian = true;
    source->rank = head[3];
    for (size_t d = 0; d < source->rank; d++) {
        NR_TRY(nr_source_bytes(source, 4, dim));
        source->dims[d] = (size_t)element_bits(dim, 4, true);
    }
    return NR_OK;
}

nr_status nr_source_open_idx(const char *path, nr_source *source) {
    NR_TRY(nr_source_open_file(path, source));
    nr_status status = idx_header(source);
    if (status == NR_OK) status = check_size(source);
    if (status != NR_OK) nr_source_close(source);
    return status;
}

/* ---- npy: magic, version, header length, a Python dict as text ---- */

enum { NPY_HEADER_MAX = 1 << 16 };

/* Text behind 'key': in the header, or NULL. */
static const char *npy_field(const char *header, const char *key) {
    const char *at = strstr(header, key);
    if (!at) return NULL;
    at += strlen(key);
    while (*at == ' ' || *at == ':') at++;
    return at;
}

static nr_status npy_type(nr_source *source, const char *text) {
    static const struct {
        const char *code;
        nr_element element;
    } types[] = {{"u1", NR_ELEMENT_U8},  {"i1", NR_ELEMENT_I8},  {"i2", NR_ELEMENT_I16},
                 {"u2", NR_ELEMENT_U16}, {"i4", NR_ELEMENT_I32}, {"u4", NR_ELEMENT_U32},
                 {"i8", NR_ELEMENT_I64}, {"u8", NR_ELEMENT_U64}, {"f4", NR_ELEMENT_F32},
                 {"f8", NR_ELEMENT_F64}};
    bool quoted = text && (*text == '\'' || *text == '"');
    for (size_t i = 0; quoted && i < sizeof types / sizeof *types; i++)
        if (strchr("<>|=", text[1]) && text[1] &&
            strncmp(text + 2, types[i].code, 2) == 0 && text[4] == text[0]) {
            source->element = types[i].element;
            source->big_endian = text[1] == '>';
            return NR_OK;
        }
    int length = quoted ? (int)strcspn(text + 1, "'\"") + 2 : 8;
    return nr_fail(NR_ERR_INPUT, "%s: npy type %.*s is not supported", source->path,
                   length, text ? text : "(none)");
}

static nr_status npy_shape(nr_source *source, const char *text) {
    NR_REQUIRE(text && *text == '(', NR_ERR_INPUT, "%s: npy header without a shape",
               source->path);
    source->rank = 0;
    for (const char *p = text + 1; *p != ')';) {
        char *end;
        unsigned long long value = strtoull(p, &end, 10);
        NR_REQUIRE(end != p && source->rank < NR_SOURCE_RANK && *p != '-', NR_ERR_INPUT,
                   "%s: npy shape %.40s is not supported", source->path, text);
        source->dims[source->rank++] = (size_t)value;
        p = end;
        while (*p == ',' || *p == ' ') p++;
    }
    return NR_OK;
}

static nr_status npy_header(nr_source *source) {
    uint8_t head[8], length[4] = {0};
    NR_TRY(nr_source_bytes(source, 8, head));
    NR_REQUIRE(memcmp(head, "\x93NUMPY", 6) == 0, NR_ERR_INPUT, "%s: not an npy file",
               source->path);
    NR_REQUIRE(head[6] >= 1 && head[6] <= 3, NR_ERR_INPUT,
               "%s: npy version %u.%u, 1.0 to 3.0 are supported", source->path, head[6],
               head[7]);
    NR_TRY(nr_source_bytes(source, head[6] == 1 ? 2 : 4, length));
    size_t n = (size_t)element_bits(length, 4, false);
    NR_REQUIRE(n <= NPY_HEADER_MAX, NR_ERR_INPUT, "%s: npy header of %zu bytes",
               source->path, n);
    char *header = nr_new(n + 1, 1);
    if (!header) return NR_ERR_INTERNAL;
    nr_status status = nr_source_bytes(source, n, header);
    if (status == NR_OK) status = npy_type(source, npy_field(header, "'descr'"));
    if (status == NR_OK) status = npy_shape(source, npy_field(header, "'shape'"));
    const char *order = npy_field(header, "'fortran_order'");
    if (status == NR_OK && (!order || strncmp(order, "False", 5) != 0))
        status = nr_fail(NR_ERR_INPUT,
                         "%s: the array is in Fortran order; save "
                         "numpy.ascontiguousarray(x)",
                         source->path);
    free(header);
    return status;
}

nr_status nr_source_open_npy(const char *path, nr_source *source) {
    NR_TRY(nr_source_open_file(path, source));
    nr_status status = npy_header(source);
    if (status == NR_OK) status = check_size(source);
    if (status != NR_OK) nr_source_close(source);
    return status;
}

#include "neurank/base/npy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/publish.h"

/* Format 1.0: magic, version, length of the header in two bytes, a Python literal that
 * ends in a new line; the numbers start at a multiple of 64. */
enum { ALIGN = 64, PREAMBLE = 10, HEADER = 2 * ALIGN };
_Static_assert(sizeof(bool) == 1, "NumPy's bool is a byte");

static nr_status write(const void *context, FILE *stream) {
    const nr_npy_array *a = context;
    size_t element = a->type == NR_NPY_BOOL ? sizeof(bool) : sizeof(double);
    char header[HEADER];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER - PREAMBLE;
    header[9] = 0;
    int used = snprintf(header + PREAMBLE, HEADER - PREAMBLE,
                        "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }",
                        a->type == NR_NPY_BOOL ? "|b1" : "<f8", a->n);
    header[PREAMBLE + used] = ' ';
    header[HEADER - 1] = '\n';
    fwrite(header, 1, sizeof header, stream);
    if (a->n > 0) fwrite(a->data, element, a->n, stream);
    return NR_OK; /* the stream knows of its failures */
}

nr_status nr_npy_name(const char *path, const char *part, char **out) {
    static const char suffix[] = ".npy";
    size_t stem = strlen(path), bytes = stem + strlen(part) + sizeof suffix + 1;
    if (stem >= sizeof suffix - 1 && strcmp(path + stem - 4, suffix) == 0) stem -= 4;
    *out = nr_new(bytes, 1);
    if (!*out) return NR_ERR_INTERNAL;
    snprintf(*out, bytes, "%.*s.%s%s", (int)stem, path, part, suffix);
    return NR_OK;
}

nr_status nr_npy_write(const char *path, const nr_npy_array *array) {
    return nr_publish_stream(path, write, array);
}

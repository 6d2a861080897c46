/* A file opened to be compared: what would be written is looked for instead. So the
 * code that lays a file out is also the code that knows what has to be in it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file_private.h"
#include "neurank/base/memory.h"

/* Derived numbers may round otherwise with another C library. */
static const double relative = 1e-9;

void nr_h5_compare(nr_h5 *file) {
    file->comparing = true;
}

static nr_status differs(const nr_h5 *file, const char *object, const char *name) {
    return nr_fail(NR_ERR_INPUT,
                   "%s is damaged: %s of %s is not what follows from its sums",
                   file->path, name, object);
}

static bool same_number(double a, double b) {
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    return a == b || fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

/* Index of the first element that is not the same; n: there is none. */
static size_t first_difference(nr_h5_type type, size_t n, const void *a,
                               const void *b) {
    const double *x = a, *y = b;
    size_t bytes = nr_h5_type_bytes(type), i = 0;
    if (type == NR_H5_F64)
        while (i < n && same_number(x[i], y[i])) i++;
    else
        while (i < n && memcmp((const char *)a + i * bytes, (const char *)b + i * bytes,
                               bytes) == 0)
            i++;
    return i;
}

nr_status nr_h5_compare_slab(const nr_h5 *file, const char *object, nr_h5_type type,
                             const nr_h5_slab *slab, const void *data) {
    size_t dims[NR_H5_RANK], rank, n = slab->count;
    void *found;
    NR_TRY(nr_h5_dims(file, object, dims, &rank));
    for (size_t d = slab->within ? 2 : 1; d < rank; d++) n = nr_size_mul(n, dims[d]);
    if (!(found = nr_new(n, nr_h5_type_bytes(type)))) return NR_ERR_INTERNAL;
    nr_status status = nr_h5_read_slab(file, object, type, slab, found);
    size_t at = status == NR_OK ? first_difference(type, n, found, data) : n;
    free(found);
    NR_REQUIRE(at == n || status != NR_OK, NR_ERR_INPUT,
               "%s is damaged: row %zu of %s is not what follows from its sums",
               file->path, slab->first + at / (n / slab->count), object);
    return status;
}

nr_status nr_h5_compare_dataset(const nr_h5 *file, const nr_h5_dataset *dataset,
                                const void *data) {
    size_t dims[NR_H5_RANK], rank;
    NR_TRY(nr_h5_dims(file, dataset->path, dims, &rank));
    bool fits = rank == dataset->rank;
    for (size_t d = 0; d < rank && fits; d++) fits = dims[d] == dataset->dims[d];
    NR_REQUIRE(fits, NR_ERR_INPUT, "%s is damaged: %s has another shape", file->path,
               dataset->path);
    if (!data) return NR_OK;
    return nr_h5_compare_slab(file, dataset->path, dataset->type,
                              &(nr_h5_slab){.count = dims[0]}, data);
}

nr_status nr_h5_compare_scale(const nr_h5 *file, const char *path,
                              const uint32_t *values, size_t n) {
    const nr_h5_dataset axis = {
        .path = path, .type = NR_H5_U32, .rank = 1, .dims = {n}};
    return nr_h5_compare_dataset(file, &axis, values);
}

/* Whole numbers of one element exactly, all others as numbers. */
nr_status nr_h5_compare_attribute(const nr_h5 *file, const char *object,
                                  const char *name, nr_h5_type type, size_t count,
                                  const void *values) {
    double *found;
    uint64_t whole;
    bool same = true;
    if (type == NR_H5_U64 && count == 1) {
        NR_TRY(nr_h5_read_attribute_u64(file, object, name, &whole));
        same = whole == *(const uint64_t *)values;
        return same ? NR_OK : differs(file, object, name);
    }
    NR_ASSERT(type == NR_H5_F64 || type == NR_H5_U8);
    if (!NR_NEW(found, count)) return NR_ERR_INTERNAL;
    nr_status status = nr_h5_read_attribute(file, object, name, count, found);
    for (size_t i = 0; i < count; i++)
        same = same &&
               same_number(found[i], type == NR_H5_U8 ? ((const uint8_t *)values)[i]
                                                      : ((const double *)values)[i]);
    free(found);
    return status != NR_OK || same ? status : differs(file, object, name);
}

nr_status nr_h5_compare_text(const nr_h5 *file, const char *object, const char *name,
                             const char *text) {
    char *found;
    NR_TRY(nr_h5_read_text(file, object, name, &found));
    bool same = strcmp(found, text) == 0;
    free(found);
    return same ? NR_OK : differs(file, object, name);
}

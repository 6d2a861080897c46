#include <errno.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file_private.h"
#include "neurank/base/memory.h"

static nr_status cannot_write(const nr_h5 *file, const char *object) {
    return nr_fail(NR_ERR_STORE, "%s: cannot write %s: %s", file->path, object,
                   errno ? strerror(errno) : "HDF5 gives no cause");
}

nr_status nr_h5_make_group(nr_h5 *file, const char *group) {
    if (file->comparing) return NR_OK; /* its objects will be missed */
    errno = 0;
    hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    hid_t id = H5Gcreate2(file->id, group, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Pclose(creation);
    if (id < 0 || H5Gclose(id) < 0) return cannot_write(file, group);
    return NR_OK;
}

static hid_t plain_creation(nr_h5_type type) {
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    double nan_value = NAN;
    if (type == NR_H5_F32 || type == NR_H5_F64)
        H5Pset_fill_value(creation, H5T_NATIVE_DOUBLE, &nan_value);
    return creation;
}

/* Compression level 1: the numbers are noise but for their leading bytes. */
static hid_t dataset_creation(const nr_h5_dataset *dataset) {
    hsize_t chunk[NR_H5_RANK] = {dataset->chunk_rows};
    hid_t creation = plain_creation(dataset->type);
    if (dataset->chunk_rows == 0) return creation;
    for (size_t d = 1; d < dataset->rank; d++) chunk[d] = dataset->dims[d];
    H5Pset_chunk(creation, (int)dataset->rank, chunk);
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 1);
    return creation;
}

static nr_status attach_scales(nr_h5 *file, hid_t id, const nr_h5_dataset *dataset) {
    for (size_t d = 0; d < dataset->rank; d++) {
        hid_t scale = H5Dopen2(file->id, dataset->scales[d], H5P_DEFAULT);
        herr_t result = scale < 0 ? -1 : H5DSattach_scale(id, scale, (unsigned)d);
        if (scale >= 0 && H5Dclose(scale) < 0) result = -1;
        if (result < 0) return cannot_write(file, dataset->path);
    }
    return NR_OK;
}

static size_t elements(const nr_h5_dataset *dataset) {
    size_t n = 1;
    for (size_t d = 0; d < dataset->rank; d++) n = nr_size_mul(n, dataset->dims[d]);
    return n;
}

static nr_status note_rows(nr_h5 *file, const char *object, nr_h5_type type,
                           const nr_h5_slab *slab, const void *data, size_t elements) {
    const nr_h5_place at = {
        .what = NR_H5_ROWS, .object = object, .type = type, .slab = *slab};
    return nr_h5_journal_add(file->journal, &at, data,
                             elements * nr_h5_type_bytes(type));
}

nr_status nr_h5_make_dataset(nr_h5 *file, const nr_h5_dataset *dataset,
                             const void *data) {
    hsize_t dims[NR_H5_RANK];
    hid_t type = nr_h5_native(dataset->type);
    if (file->comparing) return nr_h5_compare_dataset(file, dataset, data);
    for (size_t d = 0; d < dataset->rank; d++) dims[d] = dataset->dims[d];
    errno = 0;
    hid_t space = H5Screate_simple((int)dataset->rank, dims, NULL);
    hid_t creation = dataset_creation(dataset);
    hid_t id = H5Dcreate2(file->id, dataset->path, type, space, H5P_DEFAULT, creation,
                          H5P_DEFAULT);
    H5Pclose(creation);
    H5Sclose(space);
    if (id < 0) return cannot_write(file, dataset->path);
    nr_status status = NR_OK;
    if (data && H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        status = cannot_write(file, dataset->path);
    if (status == NR_OK) status = attach_scales(file, id, dataset);
    if (H5Dclose(id) < 0 && status == NR_OK) status = cannot_write(file, dataset->path);
    if (status == NR_OK && data)
        status = note_rows(file, dataset->path, dataset->type,
                           &(nr_h5_slab){.count = dataset->dims[0]}, data,
                           elements(dataset));
    if (status == NR_OK && dataset->long_name)
        status = nr_h5_write_text(file, dataset->path, "long_name", dataset->long_name);
    if (status == NR_OK && dataset->units)
        status = nr_h5_write_text(file, dataset->path, "units", dataset->units);
    return status;
}

nr_status nr_h5_make_scale(nr_h5 *file, const char *path, const char *long_name,
                           const uint32_t *values, size_t n) {
    uint32_t *counted = NULL;
    hsize_t dims[1] = {n};
    if (file->comparing) return nr_h5_compare_scale(file, path, values, n);
    if (!values) {
        if (!NR_NEW(counted, n)) return NR_ERR_INTERNAL;
        for (size_t i = 0; i < n; i++) counted[i] = (uint32_t)i;
        values = counted;
    }
    errno = 0;
    hid_t space = H5Screate_simple(1, dims, NULL), creation = plain_creation(NR_H5_U32);
    hid_t id = H5Dcreate2(file->id, path, H5T_NATIVE_UINT32, space, H5P_DEFAULT,
                          creation, H5P_DEFAULT);
    H5Pclose(creation);
    H5Sclose(space);
    const char *slash = strrchr(path, '/');
    bool good =
        id >= 0 &&
        H5Dwrite(id, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0 &&
        H5DSset_scale(id, slash ? slash + 1 : path) >= 0;
    if (id >= 0) good = H5Dclose(id) >= 0 && good;
    nr_status status =
        good ? note_rows(file, path, NR_H5_U32, &(nr_h5_slab){.count = n}, values, n)
             : cannot_write(file, path);
    free(counted);
    NR_TRY(status);
    return nr_h5_write_text(file, path, "long_name", long_name);
}

nr_status nr_h5_write_slab(nr_h5 *file, const char *object, nr_h5_type type,
                           const nr_h5_slab *slab, const void *data) {
    if (file->comparing) return nr_h5_compare_slab(file, object, type, slab, data);
    errno = 0;
    hid_t id = H5Dopen2(file->id, object, H5P_DEFAULT);
    if (id < 0) return cannot_write(file, object);
    hid_t space = H5Dget_space(id);
    int rank = H5Sget_simple_extent_ndims(space);
    hid_t memory = nr_h5_select(space, (size_t)rank, slab);
    size_t elements = (size_t)H5Sget_simple_extent_npoints(memory);
    herr_t result = H5Dwrite(id, nr_h5_native(type), memory, space, H5P_DEFAULT, data);
    H5Sclose(memory);
    H5Sclose(space);
    if (H5Dclose(id) < 0 || result < 0) return cannot_write(file, object);
    return note_rows(file, object, type, slab, data, elements);
}

nr_status nr_h5_write_rows(nr_h5 *file, const char *object, nr_h5_type type,
                           size_t first, size_t count, const void *data) {
    const nr_h5_slab slab = {.first = first, .count = count};
    return nr_h5_write_slab(file, object, type, &slab, data);
}

static H5Z_filter_t filter_at(hid_t creation, int place) {
    size_t n_values = 0;
    unsigned flags;
    return H5Pget_filter2(creation, (unsigned)place, &flags, &n_values, NULL, 0, NULL,
                          NULL);
}

/* Same type, chunks and filters: raw chunks of one mean the same in the
 * other.
 */
static bool same_storage(hid_t a, hid_t b) {
    hsize_t chunk[2][NR_H5_RANK] = {{0}};
    hid_t ids[2] = {a, b}, types[2], plists[2];
    bool same = true;
    for (int k = 0; k < 2; k++) {
        types[k] = H5Dget_type(ids[k]);
        plists[k] = H5Dget_create_plist(ids[k]);
        same = same && H5Pget_layout(plists[k]) == H5D_CHUNKED &&
               H5Pget_chunk(plists[k], NR_H5_RANK, chunk[k]) > 0;
    }
    same = same && H5Tequal(types[0], types[1]) > 0 &&
           memcmp(chunk[0], chunk[1], sizeof chunk[0]) == 0 &&
           H5Pget_nfilters(plists[0]) == H5Pget_nfilters(plists[1]);
    for (int f = 0; same && f < H5Pget_nfilters(plists[0]); f++)
        same = filter_at(plists[0], f) == filter_at(plists[1], f);
    for (int k = 0; k < 2; k++) {
        H5Tclose(types[k]);
        H5Pclose(plists[k]);
    }
    return same;
}

static nr_status put_chunk(nr_h5 *to, hid_t target, const char *object, size_t first,
                           const void *chunk, size_t bytes, uint32_t mask) {
    const hsize_t at[NR_H5_RANK] = {first};
    errno = 0;
    if (bytes == 0) return NR_OK;
    if (H5Dwrite_chunk(target, H5P_DEFAULT, mask, at, bytes, chunk) < 0)
        return cannot_write(to, object);
    return nr_h5_journal_add(to->journal,
                             &(nr_h5_place){.what = NR_H5_CHUNK,
                                            .object = object,
                                            .type = NR_H5_U8,
                                            .slab = {.first = first}},
                             chunk, bytes);
}

nr_status nr_h5_copy_chunk(const nr_h5 *from, nr_h5 *to, const char *object,
                           size_t first) {
    uint32_t mask = 0;
    size_t bytes;
    void *chunk;
    NR_TRY(nr_h5_read_chunk(from, object, first, &chunk, &bytes, &mask));
    hid_t source = H5Dopen2(from->id, object, H5P_DEFAULT);
    hid_t target = H5Dopen2(to->id, object, H5P_DEFAULT);
    nr_status status;
    if (source >= 0 && target >= 0 && same_storage(source, target))
        status = put_chunk(to, target, object, first, chunk, bytes, mask);
    else
        status = nr_fail(NR_ERR_INPUT, "%s: %s cannot be read: damaged file?",
                         from->path, object);
    free(chunk);
    if (target >= 0 && H5Dclose(target) < 0 && status == NR_OK)
        status = cannot_write(to, object);
    if (source >= 0) H5Dclose(source);
    return status;
}

static nr_status write_attribute(nr_h5 *file, const char *object, const char *name,
                                 hid_t type, hid_t space, const void *values) {
    errno = 0;
    hid_t id = H5Acreate_by_name(file->id, object, name, type, space, H5P_DEFAULT,
                                 H5P_DEFAULT, H5P_DEFAULT);
    bool good = id >= 0 && H5Awrite(id, type, values) >= 0;
    if (id >= 0) good = H5Aclose(id) >= 0 && good;
    return good ? NR_OK : cannot_write(file, name);
}

nr_status nr_h5_write_attribute(nr_h5 *file, const char *object, const char *name,
                                nr_h5_type type, size_t count, const void *values) {
    hsize_t dims[1] = {count};
    if (file->comparing)
        return nr_h5_compare_attribute(file, object, name, type, count, values);
    hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, dims, NULL);
    nr_status status =
        write_attribute(file, object, name, nr_h5_native(type), space, values);
    H5Sclose(space);
    NR_TRY(status);
    return nr_h5_journal_add(file->journal,
                             &(nr_h5_place){.what = NR_H5_NUMBERS,
                                            .object = object,
                                            .name = name,
                                            .type = type,
                                            .slab = {.count = count}},
                             values, count * nr_h5_type_bytes(type));
}

nr_status nr_h5_write_text(nr_h5 *file, const char *object, const char *name,
                           const char *text) {
    if (file->comparing) return nr_h5_compare_text(file, object, name, text);
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    nr_status status = write_attribute(file, object, name, type, space, &text);
    H5Sclose(space);
    H5Tclose(type);
    NR_TRY(status);
    return nr_h5_journal_add(
        file->journal,
        &(nr_h5_place){
            .what = NR_H5_TEXT, .object = object, .name = name, .type = NR_H5_U8},
        text, strlen(text));
}

#include <stdlib.h>
#include <string.h>

#include "file_private.h"
#include "neurank/base/memory.h"

bool nr_h5_has(const nr_h5 *file, const char *object) {
    return strcmp(object, "/") == 0 || H5Lexists(file->id, object, H5P_DEFAULT) > 0;
}

nr_status nr_h5_find(const nr_h5 *file, const char *object, bool *has) {
    htri_t found = H5Lexists(file->id, object, H5P_DEFAULT);
    NR_REQUIRE(found >= 0, NR_ERR_INPUT, "%s: %s cannot be read: damaged file?",
               file->path, object);
    *has = found > 0;
    return NR_OK;
}

bool nr_h5_has_attribute(const nr_h5 *file, const char *object, const char *name) {
    return nr_h5_has(file, object) &&
           H5Aexists_by_name(file->id, object, name, H5P_DEFAULT) > 0;
}

/* ---- groups ---- */

typedef struct {
    char **names;
    size_t n, capacity;
    nr_status status;
} name_list;

static herr_t collect_group(hid_t group, const char *name, const H5L_info_t *link,
                            void *context) {
    name_list *list = context;
    H5O_info_t info;
    (void)link;
    if (H5Oget_info_by_name2(group, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return 0;
    if (info.type != H5O_TYPE_GROUP) return 0;
    list->status = nr_grow((void **)&list->names, &list->capacity, list->n + 1,
                           sizeof *list->names);
    if (list->status != NR_OK) return 1;
    list->names[list->n] = nr_strdup(name);
    if (!list->names[list->n]) {
        list->status = NR_ERR_INTERNAL;
        return 1;
    }
    list->n++;
    return 0;
}

nr_status nr_h5_groups(const nr_h5 *file, const char *group, char ***out, size_t *n) {
    name_list list = {0};
    H5_index_t order = H5_INDEX_CRT_ORDER;
    hid_t id = H5Gopen2(file->id, group, H5P_DEFAULT);
    NR_REQUIRE(id >= 0, NR_ERR_INPUT, "%s: no group %s", file->path, group);
    hid_t creation = H5Gget_create_plist(id);
    unsigned flags = 0;
    H5Pget_link_creation_order(creation, &flags);
    if (!(flags & H5P_CRT_ORDER_INDEXED)) order = H5_INDEX_NAME;
    herr_t result = H5Literate(id, order, H5_ITER_INC, NULL, collect_group, &list);
    H5Pclose(creation);
    H5Gclose(id);
    if (result == 0 && list.status == NR_OK) {
        *out = list.names;
        *n = list.n;
        return NR_OK;
    }
    for (size_t i = 0; i < list.n; i++) free(list.names[i]);
    free(list.names);
    if (list.status != NR_OK) return list.status;
    return nr_fail(NR_ERR_INPUT, "%s: cannot list %s", file->path, group);
}

/* ---- datasets ---- */

static nr_status open_dataset(const nr_h5 *file, const char *object, hid_t *out) {
    hid_t id = -1;
    H5L_info_t link;
    if (nr_h5_has(file, object)) {
        H5Lget_info(file->id, object, &link, H5P_DEFAULT);
        NR_REQUIRE(link.type == H5L_TYPE_HARD, NR_ERR_INPUT,
                   "%s: %s is a link; the dataset itself is expected", file->path,
                   object);
        id = H5Dopen2(file->id, object, H5P_DEFAULT);
    }
    NR_REQUIRE(id >= 0, NR_ERR_INPUT, "%s: no dataset %s", file->path, object);
    *out = id;
    return NR_OK;
}

static nr_status dims_of(const nr_h5 *file, const char *object, hid_t id,
                         size_t dims[NR_H5_RANK], size_t *rank) {
    hsize_t extents[H5S_MAX_RANK];
    hid_t space = H5Dget_space(id);
    int n = H5Sget_simple_extent_dims(space, extents, NULL);
    H5Sclose(space);
    NR_REQUIRE(n >= 0 && n <= NR_H5_RANK, NR_ERR_INPUT, "%s: %s has %d dimensions",
               file->path, object, n);
    *rank = (size_t)n;
    for (int d = 0; d < n; d++) dims[d] = (size_t)extents[d];
    return NR_OK;
}

nr_status nr_h5_dims(const nr_h5 *file, const char *object, size_t dims[NR_H5_RANK],
                     size_t *rank) {
    hid_t id;
    NR_TRY(open_dataset(file, object, &id));
    nr_status status = dims_of(file, object, id, dims, rank);
    H5Dclose(id);
    return status;
}

nr_status nr_h5_require_stored(const nr_h5 *file, const char *object) {
    hid_t id;
    hsize_t size = 0;
    size_t dims[NR_H5_RANK], rank, bytes;
    NR_TRY(open_dataset(file, object, &id));
    nr_status status = dims_of(file, object, id, dims, &rank);
    hid_t type = H5Dget_type(id);
    bytes = H5Tget_size(type);
    H5Tclose(type);
    H5Dclose(id);
    NR_TRY(status);
    for (size_t d = 0; d < rank; d++) bytes = nr_size_mul(bytes, dims[d]);
    H5Fget_filesize(file->id, &size);
    NR_REQUIRE(bytes <= nr_size_mul((size_t)size, 1032), NR_ERR_INPUT,
               "%s: %s claims %zu bytes, the file has %llu", file->path, object, bytes,
               (unsigned long long)size);
    return NR_OK;
}

nr_status nr_h5_stored_chunks(const nr_h5 *file, const char *object, size_t *n) {
    hid_t id;
    hsize_t chunks = 0;
    NR_TRY(open_dataset(file, object, &id));
    hid_t creation = H5Dget_create_plist(id);
    bool chunked = H5Pget_layout(creation) == H5D_CHUNKED;
    hid_t all = H5Dget_space(id); /* HDF5 1.10 does not take H5S_ALL here */
    bool good = !chunked || H5Dget_num_chunks(id, all, &chunks) >= 0;
    H5Sclose(all);
    H5Pclose(creation);
    H5Dclose(id);
    NR_REQUIRE(good, NR_ERR_INPUT, "%s: %s cannot be read: damaged file?", file->path,
               object);
    *n = (size_t)chunks;
    return NR_OK;
}

nr_status nr_h5_stored_type(const nr_h5 *file, const char *object, char *kind,
                            size_t *bytes) {
    hid_t id;
    NR_TRY(open_dataset(file, object, &id));
    hid_t type = H5Dget_type(id);
    H5T_class_t class = H5Tget_class(type);
    *kind = '?';
    if (class == H5T_FLOAT) *kind = 'f';
    else if (class == H5T_INTEGER)
        *kind = H5Tget_sign(type) == H5T_SGN_NONE ? 'u' : 'i';
    *bytes = H5Tget_size(type);
    H5Tclose(type);
    H5Dclose(id);
    return NR_OK;
}

hid_t nr_h5_select(hid_t space, size_t rank, const nr_h5_slab *slab) {
    size_t along = slab->within ? 1 : 0;
    hsize_t start[NR_H5_RANK] = {0}, extent[NR_H5_RANK];
    H5Sget_simple_extent_dims(space, extent, NULL);
    if (slab->within) {
        start[0] = slab->one;
        extent[0] = 1;
    }
    start[along] = slab->first;
    extent[along] = slab->count;
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL);
    return H5Screate_simple((int)rank, extent, NULL);
}

static bool slab_fits(const nr_h5_slab *slab, size_t rank, const size_t *dims) {
    size_t along = slab->within ? 1 : 0;
    return rank > along && (!slab->within || slab->one < dims[0]) &&
           nr_size_add(slab->first, slab->count) <= dims[along];
}

nr_status nr_h5_read_slab(const nr_h5 *file, const char *object, nr_h5_type type,
                          const nr_h5_slab *slab, void *out) {
    hid_t id;
    size_t dims[NR_H5_RANK], rank;
    NR_TRY(open_dataset(file, object, &id));
    nr_status status = dims_of(file, object, id, dims, &rank);
    NR_REQUIRE_GOTO(status != NR_OK || slab_fits(slab, rank, dims), err_close,
                    NR_ERR_INPUT, "%s: %s has too few rows", file->path, object);
    if (status != NR_OK) goto err_close;
    hid_t space = H5Dget_space(id), memory = nr_h5_select(space, rank, slab);
    herr_t result = H5Dread(id, nr_h5_native(type), memory, space, H5P_DEFAULT, out);
    H5Sclose(memory);
    H5Sclose(space);
    if (result < 0)
        status = nr_fail(NR_ERR_INPUT, "%s: %s cannot be read: damaged file?",
                         file->path, object);
err_close:
    H5Dclose(id);
    return status;
}

nr_status nr_h5_read_rows(const nr_h5 *file, const char *object, nr_h5_type type,
                          size_t first, size_t count, void *out) {
    const nr_h5_slab slab = {.first = first, .count = count};
    return nr_h5_read_slab(file, object, type, &slab, out);
}

nr_status nr_h5_read(const nr_h5 *file, const char *object, nr_h5_type type,
                     size_t count, void *out) {
    hid_t id;
    size_t dims[NR_H5_RANK], rank, elements = 1;
    NR_TRY(open_dataset(file, object, &id));
    nr_status status = dims_of(file, object, id, dims, &rank);
    for (size_t d = 0; status == NR_OK && d < rank; d++)
        elements = nr_size_mul(elements, dims[d]);
    if (status == NR_OK && elements != count)
        status = nr_fail(NR_ERR_INPUT, "%s: %s has %zu elements, %zu are expected",
                         file->path, object, elements, count);
    if (status == NR_OK &&
        H5Dread(id, nr_h5_native(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
        status = nr_fail(NR_ERR_INPUT, "%s: %s cannot be read: damaged file?",
                         file->path, object);
    H5Dclose(id);
    return status;
}

/* ---- attributes ---- */

static nr_status read_numbers(const nr_h5 *file, const char *object, const char *name,
                              hid_t type, size_t count, void *out, size_t *stored) {
    hid_t id = H5Aopen_by_name(file->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
    NR_REQUIRE(id >= 0, NR_ERR_INPUT, "%s: %s has no attribute \"%s\"", file->path,
               object, name);
    hid_t space = H5Aget_space(id), stored_type = H5Aget_type(id);
    hssize_t n = H5Sget_simple_extent_npoints(space);
    H5T_class_t class = H5Tget_class(stored_type);
    bool good = (class == H5T_INTEGER || class == H5T_FLOAT) &&
                (n == 1 || n == (hssize_t)count) && H5Aread(id, type, out) >= 0;
    H5Tclose(stored_type);
    H5Sclose(space);
    H5Aclose(id);
    NR_REQUIRE(good, NR_ERR_INPUT,
               "%s: attribute \"%s\" of %s is not one number or %zu numbers",
               file->path, name, object, count);
    *stored = (size_t)n;
    return NR_OK;
}

nr_status nr_h5_read_attribute(const nr_h5 *file, const char *object, const char *name,
                               size_t count, double *out) {
    size_t stored;
    NR_TRY(read_numbers(file, object, name, H5T_NATIVE_DOUBLE, count, out, &stored));
    for (size_t i = stored; i < count; i++) out[i] = out[0];
    return NR_OK;
}

nr_status nr_h5_read_attribute_u64(const nr_h5 *file, const char *object,
                                   const char *name, uint64_t *out) {
    size_t stored;
    return read_numbers(file, object, name, H5T_NATIVE_UINT64, 1, out, &stored);
}

nr_status nr_h5_read_text(const nr_h5 *file, const char *object, const char *name,
                          char **out) {
    char *text = NULL;
    hid_t id = H5Aopen_by_name(file->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
    NR_REQUIRE(id >= 0, NR_ERR_INPUT, "%s: %s has no attribute \"%s\"", file->path,
               object, name);
    hid_t stored = H5Aget_type(id), space = H5Aget_space(id);
    bool variable = H5Tget_class(stored) == H5T_STRING &&
                    H5Tis_variable_str(stored) > 0 &&
                    H5Sget_simple_extent_npoints(space) == 1;
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    nr_status status = NR_OK;
    if (!variable || H5Aread(id, type, &text) < 0 || !text)
        status = nr_fail(NR_ERR_INPUT, "%s: attribute \"%s\" of %s is not a text",
                         file->path, name, object);
    else if (!(*out = nr_strdup(text))) status = NR_ERR_INTERNAL;
    if (text) H5free_memory(text);
    H5Tclose(type);
    H5Sclose(space);
    H5Tclose(stored);
    H5Aclose(id);
    return status;
}

nr_status nr_h5_read_chunk(const nr_h5 *file, const char *object, size_t first,
                           void **bytes, size_t *n_bytes, uint32_t *mask) {
    const hsize_t at[NR_H5_RANK] = {first};
    hsize_t n = 0;
    hid_t id;
    *bytes = NULL;
    *n_bytes = 0;
    NR_TRY(open_dataset(file, object, &id));
    nr_status status = NR_OK;
    bool good = H5Dget_chunk_storage_size(id, at, &n) >= 0;
    if (good && n > 0 && !(*bytes = nr_new((size_t)n, 1))) status = NR_ERR_INTERNAL;
    else if (!good || (n > 0 && H5Dread_chunk(id, H5P_DEFAULT, at, mask, *bytes) < 0))
        status = nr_fail(NR_ERR_INPUT, "%s: %s cannot be read: damaged file?",
                         file->path, object);
    H5Dclose(id);
    if (status == NR_OK) *n_bytes = (size_t)n;
    else free(*bytes);
    return status;
}

/* Files, and what reading and writing share. */
#include "neurank/h5/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file_private.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"

size_t nr_h5_type_bytes(nr_h5_type type) {
    static const size_t bytes[] = {1, 4, 4, 8, 8, 4, 8};
    return bytes[type];
}

hid_t nr_h5_native(nr_h5_type type) {
    switch (type) {
    case NR_H5_U8: return H5T_NATIVE_UINT8;
    case NR_H5_U32: return H5T_NATIVE_UINT32;
    case NR_H5_I32: return H5T_NATIVE_INT32;
    case NR_H5_U64: return H5T_NATIVE_UINT64;
    case NR_H5_I64: return H5T_NATIVE_INT64;
    case NR_H5_F32: return H5T_NATIVE_FLOAT;
    case NR_H5_F64: break;
    }
    return H5T_NATIVE_DOUBLE;
}

static nr_status wrap(const char *path, hid_t id, nr_h5 **out) {
    nr_h5 *file;
    if (!NR_NEW(file, 1)) goto err_close;
    file->path = nr_strdup(path);
    if (!file->path) goto err_free;
    file->id = id;
    *out = file;
    return NR_OK;
err_free:
    free(file);
err_close:
    H5Fclose(id);
    return NR_ERR_INTERNAL;
}

/* Before the first call: messages are ours, and so is the care for files that change.
 * HDF5's own locks fail on file systems without any, and a file that is renamed into
 * place whole does not need them. */
/* After a failed close the library would use what it has freed when the process ends.
 */
static void prepare(void) {
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

nr_status nr_h5_open(const char *path, nr_h5 **out) {
    prepare();
    int descriptor;
    size_t bytes;
    NR_TRY(nr_open_input(path, "the file", &descriptor, &bytes));
    close(descriptor);
    hid_t id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    NR_REQUIRE(id >= 0, NR_ERR_INPUT, "%s: not an HDF5 file, or a damaged one", path);
    return wrap(path, id, out);
}

nr_status nr_h5_create(const char *path, nr_h5 **out) {
    prepare();
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    errno = 0;
    hid_t id = H5Fcreate(path, H5F_ACC_TRUNC, creation, H5P_DEFAULT);
    int cause = errno;
    H5Pclose(creation);
    NR_REQUIRE(id >= 0, NR_ERR_STORE, "%s: cannot be created: %s", path,
               cause ? strerror(cause) : "HDF5 gives no cause");
    return wrap(path, id, out);
}

nr_status nr_h5_close(nr_h5 *file) {
    if (!file) return NR_OK;
    errno = 0;
    bool flushed = H5Fflush(file->id, H5F_SCOPE_GLOBAL) >= 0;
    bool closed = H5Fclose(file->id) >= 0;
    nr_status status = NR_OK;
    if (!flushed || !closed)
        status = nr_fail(NR_ERR_STORE, "%s: cannot be written: %s", file->path,
                         errno ? strerror(errno) : "HDF5 gives no cause");
    nr_h5_journal_free(file->journal);
    free(file->path);
    free(file);
    return status;
}

const char *nr_h5_path(const nr_h5 *file) {
    return file->path;
}

nr_status nr_h5_set_path(nr_h5 *file, const char *path) {
    char *copy = nr_strdup(path);
    if (!copy) return NR_ERR_INTERNAL;
    free(file->path);
    file->path = copy;
    return NR_OK;
}

/* A store from its file. */
#include "neurank/base/seal.h"
#include "store_private.h"

nr_status nr_store_detect(const char *path, bool *is_store) {
    nr_h5 *file;
    NR_TRY(nr_h5_open(path, &file));
    *is_store = nr_h5_has_attribute(file, "/", "format_version");
    nr_h5_close(file);
    return NR_OK;
}

nr_status nr_store_read(const char *path, nr_store **out) {
    nr_h5 *file;
    bool sealed;
    NR_TRY(nr_seal_check(path, false, &sealed));
    NR_TRY(nr_h5_open(path, &file));
    nr_store *store = NULL;
    nr_status status = nr_layout_read(file, &store);
    if (status != NR_OK || !nr_store_has_images(store)) nr_h5_close(file);
    else {
        status = nr_store_add_file(store, file);
        if (status != NR_OK) nr_store_free(store);
    }
    if (status == NR_OK) *out = store;
    return status;
}

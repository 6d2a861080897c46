/* Is a store what this program would write, down to the last number? */
#include "neurank/base/seal.h"
#include "store_private.h"

/* In the very file that was read: a run that goes on may have put another one in its
 * place meanwhile. */
static nr_status compare(nr_h5 *file, const nr_store *store) {
    nr_h5_compare(file);
    bool complete = nr_store_has_all(store);
    nr_status status =
        nr_h5_write_text(file, "/", "status", complete ? "complete" : "partial");
    for (size_t i = 0; i < store->n_layers && status == NR_OK; i++) {
        status = nr_layout_write_layer(file, store, &store->layers[i]);
        if (status == NR_OK && store->layers[i].images)
            status = nr_layout_check_images(file, &store->layers[i]);
    }
    for (size_t i = 0; i < store->n_ratings && status == NR_OK; i++)
        status = nr_layout_write_rating(file, &store->ratings[i], store->confidence);
    return status;
}

nr_status nr_store_verify(const char *path, bool *sealed, nr_store **out) {
    nr_h5 *file;
    nr_store *store;
    NR_TRY(nr_seal_check(path, true, sealed));
    NR_TRY(nr_h5_open(path, &file));
    nr_status status = nr_layout_read(file, &store);
    if (status == NR_OK) status = compare(file, store);
    nr_h5_close(file);
    if (status == NR_OK && out) *out = store;
    else if (status == NR_OK) nr_store_free(store);
    return status;
}

#include "neurank/store/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "store_private.h"

struct nr_snapshot {
    nr_store *live;     /* borrowed */
    nr_store frozen;    /* borrows all but what stands below and its layers' rows */
    nr_fold *fold;      /* copy of one layer's */
    size_t layer;       /* whose */
    nr_rating *ratings; /* [n_ratings] copies; NULL: the store's are borrowed */
    size_t n_ratings;
    nr_image_rows **rows; /* [n_layers] taken and not written; NULL where none are */
};

static nr_status new_rows(nr_snapshot *s) {
    for (size_t i = 0; i < s->live->n_layers; i++) {
        const nr_image_rows *rows = s->live->layers[i].images;
        if (rows) NR_TRY(nr_image_rows_like(rows, &s->rows[i]));
    }
    return NR_OK;
}

nr_status nr_snapshot_new(nr_store *store, nr_snapshot **out) {
    nr_snapshot *s;
    if (!NR_NEW(s, 1)) return NR_ERR_INTERNAL;
    s->live = store;
    s->frozen = *store;
    s->frozen.layers = NULL;
    store->files = NULL;
    store->n_files = 0;
    nr_status status = NR_ERR_INTERNAL;
    s->rows = nr_new(store->n_layers, sizeof(void *));
    if (s->rows && NR_NEW(s->frozen.layers, store->n_layers)) status = new_rows(s);
    if (status != NR_OK) {
        nr_snapshot_free(s);
        return status;
    }
    *out = s;
    return NR_OK;
}

static void forget_ratings(nr_snapshot *s) {
    for (size_t i = 0; i < s->n_ratings; i++) nr_rating_clear(&s->ratings[i]);
    free(s->ratings);
    s->ratings = NULL;
    s->n_ratings = 0;
}

static nr_status take_ratings(nr_snapshot *s) {
    forget_ratings(s);
    if (!NR_NEW(s->ratings, s->live->n_ratings)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < s->live->n_ratings; i++) {
        NR_TRY(nr_rating_copy(&s->live->ratings[i], &s->ratings[i]));
        s->n_ratings++;
    }
    s->frozen.ratings = s->ratings;
    s->frozen.n_ratings = s->n_ratings;
    return NR_OK;
}

void nr_snapshot_free(nr_snapshot *s) {
    if (!s) return;
    forget_ratings(s);
    for (size_t i = 0; s->rows && i < s->live->n_layers; i++)
        nr_image_rows_free(s->rows[i]);
    nr_fold_free(s->fold);
    nr_store_forget_files(&s->frozen);
    free(s->frozen.layers);
    free(s->rows);
    free(s);
}

/* The copy's memory is used again as long as the layer is the same. */
static nr_status take_fold(nr_snapshot *s, size_t layer) {
    if (s->fold && s->layer != layer) {
        nr_fold_free(s->fold);
        s->fold = NULL;
    }
    s->layer = layer;
    NR_TRY(nr_fold_copy(s->live->layers[layer].fold, &s->fold));
    s->frozen.layers[layer].fold = s->fold;
    return NR_OK;
}

nr_status nr_snapshot_take(nr_snapshot *s, size_t layer) {
    nr_store *frozen = &s->frozen;
    for (size_t i = 0; i < s->live->n_layers; i++) {
        frozen->layers[i] = s->live->layers[i];
        frozen->layers[i].images = s->rows[i];
        if (s->rows[i])
            NR_TRY(nr_image_rows_move(s->live->layers[i].images, s->rows[i]));
    }
    frozen->history = s->live->history;
    frozen->confidence = s->live->confidence;
    return layer == NR_NO_LAYER ? take_ratings(s) : take_fold(s, layer);
}

nr_status nr_snapshot_write(nr_snapshot *s, const char *path) {
    return nr_store_write(path, &s->frozen);
}

nr_status nr_snapshot_write_new(nr_snapshot *s, const char *path) {
    return nr_store_write_new(path, &s->frozen);
}

size_t nr_snapshot_waiting(const nr_snapshot *s) {
    size_t bytes = 0;
    for (size_t i = 0; i < s->live->n_layers; i++)
        if (s->rows[i]) bytes += nr_image_rows_bytes(s->rows[i]);
    return bytes;
}

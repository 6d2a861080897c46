/* What a resume needs, written. */
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"

enum { CLASS_PIECE_WORDS = 1 << 14 };

/* Paths of one layer's state. */
typedef struct {
    char word[NR_LAYOUT_PATH], count[NR_LAYOUT_PATH], filter[NR_LAYOUT_PATH];
    char open[NR_LAYOUT_PATH], unit[NR_LAYOUT_PATH], label[NR_LAYOUT_PATH];
    char class_word[NR_LAYOUT_PATH];
} axes;

static nr_status make_axes(nr_h5 *file, const nr_store_layer *layer, axes *a) {
    char path[NR_LAYOUT_PATH];
    const char *name = layer->name;
    NR_TRY(nr_h5_make_group(file, nr_layout_path(path, name, "state")));
    nr_layout_path(a->filter, name, "filter");
    nr_layout_path(a->label, name, "class");
    NR_TRY(nr_h5_make_scale(file, nr_layout_path(a->word, name, "state/word"),
                            "64-bit word of a player's exact sums", NULL,
                            NR_TALLY_WORDS));
    NR_TRY(nr_h5_make_scale(file, nr_layout_path(a->count, name, "state/count"),
                            "word of the counts", NULL, NR_TALLY_COUNTS));
    nr_layout_path(a->class_word, name, "state/class_word");
    if (nr_fold_get_spec(layer->fold)->n_classes == 0) return NR_OK;
    return nr_h5_make_scale(file, a->class_word,
                            "64-bit word of a player's exact sums over a class", NULL,
                            NR_CLASS_WORDS);
}

/* ---- tallies: complete ones have no axis `open_sweep` in front ---- */

static nr_status make_dataset(nr_h5 *file, const nr_store_layer *layer,
                              const char *name, const char *long_name, size_t rank,
                              const size_t *dims, const char *const *scales) {
    char path[NR_LAYOUT_PATH];
    nr_h5_dataset dataset = {.path = nr_layout_path(path, layer->name, name),
                             .type = NR_H5_U64,
                             .rank = rank,
                             .long_name = long_name};
    for (size_t d = 0; d < rank; d++) {
        dataset.dims[d] = dims[d];
        dataset.scales[d] = scales[d];
    }
    return nr_h5_make_dataset(file, &dataset, NULL);
}

/* n_open 0: the datasets of the complete sweeps. */
static nr_status make_tallies(nr_h5 *file, const nr_store_layer *layer, const axes *a,
                              size_t n_open) {
    size_t n = layer->n_players, classes = nr_fold_get_spec(layer->fold)->n_classes;
    size_t skip = n_open == 0, sums_[] = {n_open, NR_TALLY_WORDS, n};
    size_t counts[] = {n_open, NR_TALLY_COUNTS};
    size_t by_class[] = {n_open, classes, NR_CLASS_WORDS, n},
           seen[] = {n_open, classes};
    const char *sum_axes[] = {a->open, a->word, a->filter};
    const char *count_axes[] = {a->open, a->count};
    const char *class_axes[] = {a->open, a->label, a->class_word, a->filter};
    const struct {
        const char *complete, *open, *long_name;
        size_t rank;
        const size_t *dims;
        const char *const *axes;
    } all[] = {
        {"state/complete", "state/open", "exact sums over finished units", 3, sums_,
         sum_axes},
        {"state/complete_counts", "state/open_counts", "counts", 2, counts, count_axes},
        {"state/complete_classes", "state/open_classes", "exact sums over each class",
         4, by_class, class_axes},
        {"state/complete_class_images", "state/open_class_images",
         "image visits of each class", 2, seen, class_axes}};
    for (size_t i = 0; i < (classes ? 4 : 2); i++)
        NR_TRY(make_dataset(file, layer, skip ? all[i].complete : all[i].open,
                            all[i].long_name, all[i].rank - skip, all[i].dims + skip,
                            all[i].axes + skip));
    return NR_OK;
}

/* Writes `data` as row k of an open dataset, or as all `rows` of a complete one. */
static nr_status put(nr_h5 *file, const nr_store_layer *layer, bool open,
                     const char *complete_name, const char *open_name, size_t k,
                     size_t rows, const uint64_t *data) {
    char path[NR_LAYOUT_PATH];
    nr_layout_path(path, layer->name, open ? open_name : complete_name);
    return nr_h5_write_rows(file, path, NR_H5_U64, open ? k : 0, open ? 1 : rows, data);
}

/* A few classes at a time: all of them may be as much as everything else in memory. */
static nr_status put_class_sums(nr_h5 *file, const nr_store_layer *layer, bool open,
                                size_t k, const nr_class_sums *sums) {
    char path[NR_LAYOUT_PATH];
    size_t classes = nr_class_sums_classes(sums);
    size_t row = NR_CLASS_WORDS * layer->n_players;
    size_t step = CLASS_PIECE_WORDS / row + 1;
    uint64_t *words;
    nr_status status = NR_OK;
    nr_layout_path(path, layer->name,
                   open ? "state/open_classes" : "state/complete_classes");
    if (!NR_NEW(words, nr_size_mul(step, row))) return NR_ERR_INTERNAL;
    for (size_t c = 0; c < classes && status == NR_OK; c += step) {
        nr_h5_slab slab = {.within = open, .one = k, .first = c, .count = classes - c};
        if (slab.count > step) slab.count = step;
        for (size_t i = 0; i < slab.count; i++)
            nr_class_sums_get(sums, (uint32_t)(c + i), words + i * row);
        status = nr_h5_write_slab(file, path, NR_H5_U64, &slab, words);
    }
    free(words);
    return status;
}

static nr_status put_classes(nr_h5 *file, const nr_store_layer *layer, bool open,
                             size_t k, const nr_class_sums *sums) {
    size_t classes = nr_class_sums_classes(sums);
    uint64_t *images;
    NR_TRY(put_class_sums(file, layer, open, k, sums));
    if (!NR_NEW(images, classes)) return NR_ERR_INTERNAL;
    for (uint32_t c = 0; c < classes; c++) images[c] = nr_class_sums_images(sums, c);
    nr_status status = put(file, layer, open, "state/complete_class_images",
                           "state/open_class_images", k, classes, images);
    free(images);
    return status;
}

/* Tally k of the open ones, or the complete one. */
static nr_status put_tally(nr_h5 *file, const nr_store_layer *layer, bool open,
                           size_t k, const nr_tally *tally) {
    size_t n = layer->n_players;
    const nr_class_sums *classes = nr_tally_classes(tally);
    uint64_t *words;
    if (!NR_NEW(words, nr_tally_words(n, 0, 0))) return NR_ERR_INTERNAL;
    nr_tally_encode_plain(tally, words);
    nr_status status = put(file, layer, open, "state/complete", "state/open", k,
                           NR_TALLY_WORDS, words);
    if (status == NR_OK)
        status = put(file, layer, open, "state/complete_counts", "state/open_counts", k,
                     NR_TALLY_COUNTS, words + (size_t)NR_TALLY_WORDS * n);
    free(words);
    if (status == NR_OK && classes) status = put_classes(file, layer, open, k, classes);
    return status;
}

/* ---- lanes, where some are ahead ---- */

static nr_status write_lanes(nr_h5 *file, const nr_store_layer *layer) {
    char lane[NR_LAYOUT_PATH], path[NR_LAYOUT_PATH];
    size_t n = nr_fold_lanes(layer->fold);
    if (n == 1) return NR_OK;
    nr_layout_path(lane, layer->name, "state/lane");
    NR_TRY(nr_h5_make_scale(file, lane, "lane of sweeps: sweep modulo lanes", NULL, n));
    nr_h5_dataset sweeps = {.path =
                                nr_layout_path(path, layer->name, "state/lane_sweeps"),
                            .type = NR_H5_U64,
                            .rank = 1,
                            .dims = {n},
                            .scales = {lane},
                            .long_name = "complete sweeps of each lane"};
    return nr_h5_make_dataset(file, &sweeps, nr_fold_lane_sweeps(layer->fold));
}

/* ---- open sweeps ---- */

static nr_status make_open(nr_h5 *file, const nr_store_layer *layer, axes *a) {
    char path[NR_LAYOUT_PATH];
    size_t n = nr_fold_open_count(layer->fold);
    size_t units = (size_t)nr_fold_units_per_sweep(layer->fold);
    uint32_t *sweeps;
    nr_layout_path(a->open, layer->name, "state/open_sweep");
    nr_layout_path(a->unit, layer->name, "state/unit");
    if (!NR_NEW(sweeps, n)) return NR_ERR_INTERNAL;
    for (size_t k = 0; k < n; k++) {
        uint64_t sweep;
        const uint8_t *done;
        const nr_tally *tally;
        nr_fold_open_get(layer->fold, k, &sweep, &done, &tally);
        sweeps[k] = (uint32_t)sweep;
    }
    nr_status status =
        nr_h5_make_scale(file, a->open, "number of a sweep under way", sweeps, n);
    free(sweeps);
    NR_TRY(status);
    NR_TRY(nr_h5_make_scale(file, a->unit, "unit of a sweep", NULL, units));
    nr_h5_dataset done = {.path = nr_layout_path(path, layer->name, "state/open_done"),
                          .type = NR_H5_U8,
                          .rank = 2,
                          .dims = {n, units},
                          .scales = {a->open, a->unit},
                          .long_name = "1 for each finished unit"};
    NR_TRY(nr_h5_make_dataset(file, &done, NULL));
    return make_tallies(file, layer, a, n);
}

static nr_status write_open(nr_h5 *file, const nr_store_layer *layer, axes *a) {
    char path[NR_LAYOUT_PATH];
    size_t n = nr_fold_open_count(layer->fold);
    if (n == 0) return NR_OK;
    NR_TRY(make_open(file, layer, a));
    for (size_t k = 0; k < n; k++) {
        uint64_t sweep;
        const uint8_t *done;
        const nr_tally *tally;
        nr_fold_open_get(layer->fold, k, &sweep, &done, &tally);
        NR_TRY(nr_h5_write_rows(file,
                                nr_layout_path(path, layer->name, "state/open_done"),
                                NR_H5_U8, k, 1, done));
        NR_TRY(put_tally(file, layer, true, k, tally));
    }
    return NR_OK;
}

/* ---- blocks under way ---- */

static nr_status make_begun(nr_h5 *file, const nr_store_layer *layer, const axes *a) {
    char block[NR_LAYOUT_PATH], half[NR_LAYOUT_PATH];
    size_t n = nr_fold_begun_count(layer->fold);
    uint32_t *blocks;
    nr_layout_path(block, layer->name, "state/begun_block");
    nr_layout_path(half, layer->name, "state/half");
    if (!NR_NEW(blocks, n)) return NR_ERR_INTERNAL;
    for (size_t k = 0; k < n; k++) {
        uint64_t number;
        const nr_wide *shapley;
        nr_fold_begun_get(layer->fold, k, &number, &shapley);
        blocks[k] = (uint32_t)number;
    }
    nr_status status =
        nr_h5_make_scale(file, block, "block of which pieces are missing", blocks, n);
    free(blocks);
    NR_TRY(status);
    NR_TRY(nr_h5_make_scale(file, half, "low and high word", NULL, 2));
    const size_t dims[] = {n, 2, layer->n_players};
    const char *const scales[] = {block, half, a->filter};
    return make_dataset(file, layer, "state/begun",
                        "share of the Shapley values in 2^-64", 3, dims, scales);
}

static nr_status write_begun(nr_h5 *file, const nr_store_layer *layer, const axes *a) {
    char path[NR_LAYOUT_PATH];
    size_t n = nr_fold_begun_count(layer->fold);
    uint64_t *words;
    if (n == 0) return NR_OK;
    NR_TRY(make_begun(file, layer, a));
    if (!NR_NEW(words, 2 * layer->n_players)) return NR_ERR_INTERNAL;
    nr_layout_path(path, layer->name, "state/begun");
    nr_status status = NR_OK;
    for (size_t k = 0; k < n && status == NR_OK; k++) {
        uint64_t number;
        const nr_wide *shapley;
        nr_fold_begun_get(layer->fold, k, &number, &shapley);
        nr_wide_encode(shapley, layer->n_players, words);
        status = nr_h5_write_rows(file, path, NR_H5_U64, k, 1, words);
    }
    free(words);
    return status;
}

nr_status nr_layout_write_state(nr_h5 *file, const nr_store_layer *layer) {
    axes a;
    NR_TRY(make_axes(file, layer, &a));
    NR_TRY(make_tallies(file, layer, &a, 0));
    NR_TRY(put_tally(file, layer, false, 0, nr_fold_complete_tally(layer->fold)));
    NR_TRY(nr_layout_write_stages(file, layer));
    NR_TRY(write_lanes(file, layer));
    NR_TRY(write_open(file, layer, &a));
    return write_begun(file, layer, &a);
}

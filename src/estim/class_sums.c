#include "neurank/estim/class_sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"

typedef struct {
    uint32_t label;
    uint64_t images;
    bool in_group;   /* `group` is not all zero */
    nr_wide *sum;    /* [n] fine unit; and behind it */
    nr_wide *within; /* [n] squares of group differences, quanta squared */
    int64_t *group;  /* [n] difference of the open group */
} class_row;

struct nr_class_sums {
    size_t n, n_classes;
    uint32_t *place; /* [n_classes] in rows, + 1; 0: has not occurred */
    class_row *rows; /* those in use first, then spare ones */
    size_t n_rows, n_made, capacity;
};

nr_status nr_class_sums_new(size_t n_players, size_t n_classes, nr_class_sums **out) {
    nr_class_sums *sums;
    if (!NR_NEW(sums, 1)) return NR_ERR_INTERNAL;
    sums->n = n_players;
    sums->n_classes = n_classes;
    if (!NR_NEW(sums->place, n_classes)) {
        free(sums);
        return NR_ERR_INTERNAL;
    }
    *out = sums;
    return NR_OK;
}

void nr_class_sums_free(nr_class_sums *sums) {
    if (!sums) return;
    for (size_t k = 0; k < sums->n_made; k++) {
        free(sums->rows[k].sum);
        free(sums->rows[k].group);
    }
    free(sums->rows);
    free(sums->place);
    free(sums);
}

void nr_class_sums_clear(nr_class_sums *sums) {
    for (size_t k = 0; k < sums->n_rows; k++) sums->place[sums->rows[k].label] = 0;
    sums->n_rows = 0;
}

size_t nr_class_sums_classes(const nr_class_sums *sums) {
    return sums->n_classes;
}

static nr_status make_row(nr_class_sums *sums) {
    class_row row = {0};
    NR_TRY(nr_grow((void **)&sums->rows, &sums->capacity, sums->n_made + 1,
                   sizeof *sums->rows));
    if (!NR_NEW(row.sum, nr_size_mul(2, sums->n)) || !NR_NEW(row.group, sums->n)) {
        free(row.sum);
        return NR_ERR_INTERNAL;
    }
    row.within = row.sum + sums->n;
    sums->rows[sums->n_made++] = row;
    return NR_OK;
}

static class_row *find(const nr_class_sums *sums, uint32_t label) {
    uint32_t place = label < sums->n_classes ? sums->place[label] : 0;
    return place ? &sums->rows[place - 1] : NULL;
}

/* The class's row, zero if it is new; NULL without memory. */
static class_row *take(nr_class_sums *sums, uint32_t label) {
    class_row *row = find(sums, label);
    if (row || label >= sums->n_classes) return row;
    if (sums->n_rows == sums->n_made && make_row(sums) != NR_OK) return NULL;
    NR_ASSERT(sums->rows);
    row = &sums->rows[sums->n_rows++];
    row->label = label;
    row->images = 0;
    row->in_group = false;
    memset(row->sum, 0, 2 * sums->n * sizeof *row->sum);
    memset(row->group, 0, sums->n * sizeof *row->group);
    sums->place[label] = (uint32_t)sums->n_rows;
    return row;
}

bool nr_class_sums_add(nr_class_sums *sums, uint32_t label, uint32_t images,
                       const nr_wide *sum, const int64_t *difference) {
    class_row *row = take(sums, label);
    bool good = row != NULL;
    for (size_t i = 0; i < sums->n && good; i++)
        good = nr_wide_add(&row->sum[i], sum[i]);
    for (size_t i = 0; i < sums->n && good && difference; i++)
        good = !__builtin_add_overflow(row->group[i], difference[i], &row->group[i]);
    if (!good) return false;
    row->images += images;
    row->in_group |= difference != NULL;
    return true;
}

bool nr_class_sums_end_group(nr_class_sums *sums) {
    bool good = true;
    for (size_t k = 0; k < sums->n_rows; k++) {
        class_row *row = &sums->rows[k];
        if (!row->in_group) continue;
        for (size_t i = 0; i < sums->n && good; i++)
            good = nr_wide_add(&row->within[i], (nr_wide)row->group[i] * row->group[i]);
        memset(row->group, 0, sums->n * sizeof *row->group);
        row->in_group = false;
    }
    return good;
}

bool nr_class_sums_merge(nr_class_sums *into, const nr_class_sums *from) {
    NR_ASSERT(into->n == from->n && into->n_classes == from->n_classes);
    for (size_t k = 0; k < from->n_rows; k++) {
        const class_row *row = &from->rows[k];
        class_row *target = take(into, row->label);
        bool good = target != NULL;
        for (size_t i = 0; i < 2 * into->n && good; i++)
            good = nr_wide_add(&target->sum[i], row->sum[i]);
        if (!good) return false;
        target->images += row->images;
    }
    return true;
}

nr_status nr_class_sums_copy(const nr_class_sums *from, nr_class_sums *to) {
    NR_ASSERT(to->n == from->n && to->n_classes == from->n_classes);
    nr_class_sums_clear(to);
    while (to->n_made < from->n_rows) NR_TRY(make_row(to));
    for (size_t k = 0; k < from->n_rows; k++) {
        const class_row *row = &from->rows[k];
        class_row *copy = &to->rows[k];
        NR_ASSERT(!row->in_group);
        copy->label = row->label;
        copy->images = row->images;
        copy->in_group = false;
        memcpy(copy->sum, row->sum, 2 * from->n * sizeof *copy->sum);
        memset(copy->group, 0, from->n * sizeof *copy->group);
        to->place[row->label] = (uint32_t)(k + 1);
    }
    to->n_rows = from->n_rows;
    return NR_OK;
}

/* ---- words ---- */

size_t nr_class_sums_words(size_t n_players, size_t n_present) {
    size_t row = nr_size_add(nr_size_mul(NR_CLASS_WORDS, n_players), 2);
    return nr_size_add(nr_size_mul(row, n_present), 1);
}

size_t nr_class_sums_encode(const nr_class_sums *sums, uint64_t *words) {
    size_t at = 0, n = sums->n;
    words[at++] = sums->n_rows;
    for (size_t k = 0; k < sums->n_rows; k++) {
        words[at++] = sums->rows[k].label;
        words[at++] = sums->rows[k].images;
        nr_wide_encode(sums->rows[k].sum, 2 * n, words + at);
        at += NR_CLASS_WORDS * n;
    }
    return at;
}

size_t nr_class_sums_decode(nr_class_sums *sums, const uint64_t *words, size_t n) {
    size_t at = 0, row = NR_CLASS_WORDS * sums->n + 2;
    nr_class_sums_clear(sums);
    if (n < 1 || words[0] > sums->n_classes) return 0;
    size_t present = (size_t)words[at++];
    if (n - at < nr_size_mul(present, row)) return 0;
    for (size_t k = 0; k < present; k++, at += row) {
        if (words[at] >= sums->n_classes || find(sums, (uint32_t)words[at])) return 0;
        if (nr_class_sums_set(sums, (uint32_t)words[at], words[at + 1],
                              words + at + 2) != NR_OK)
            return 0;
    }
    return at;
}

uint64_t nr_class_sums_images(const nr_class_sums *sums, uint32_t label) {
    const class_row *row = find(sums, label);
    return row ? row->images : 0;
}

void nr_class_sums_get(const nr_class_sums *sums, uint32_t label, uint64_t *words) {
    const class_row *row = find(sums, label);
    if (row) nr_wide_encode(row->sum, 2 * sums->n, words);
    else memset(words, 0, NR_CLASS_WORDS * sums->n * sizeof *words);
}

nr_status nr_class_sums_set(nr_class_sums *sums, uint32_t label, uint64_t images,
                            const uint64_t *words) {
    class_row *row = take(sums, label);
    if (!row) return NR_ERR_INTERNAL;
    row->images = images;
    nr_wide_decode(words, 2 * sums->n, row->sum);
    return NR_OK;
}

bool nr_class_sums_match(const nr_class_sums *sums, const nr_wide *sum,
                         uint64_t images) {
    bool good = true;
    for (size_t k = 0; k < sums->n_rows && good; k++)
        good = !__builtin_sub_overflow(images, sums->rows[k].images, &images);
    good = good && images == 0;
    for (size_t i = 0; i < sums->n && good; i++) {
        nr_wide left = sum[i];
        for (size_t k = 0; k < sums->n_rows && good; k++)
            good = !__builtin_sub_overflow(left, sums->rows[k].sum[i], &left);
        good = good && left == 0;
    }
    return good;
}

static const double fine = 0x1p-64, quantum = 0x1p-40;
_Static_assert(NR_FINE_BITS == 64 && NR_QUANTUM_BITS == 40, "the factors above");

void nr_class_sums_estimate(const nr_class_sums *sums, uint32_t label, size_t player,
                            double *shapley, double *std_error) {
    const class_row *row = find(sums, label);
    *shapley = *std_error = NAN;
    if (!row || row->images == 0) return;
    double images = (double)row->images;
    *shapley = (double)row->sum[player] * fine / images;
    /* a visit contributes (p_0 + p_1) / 4 */
    *std_error = sqrt((double)row->within[player]) * quantum / 4 / images;
}

/* What the ledger was after fewer sweeps, made again from its stages. */
#include <stdlib.h>
#include <string.h>

#include "fold_private.h"
#include "neurank/base/memory.h"

/* Into an empty tally. */
static nr_status add_up(const nr_fold *fold, size_t n, nr_tally *sum) {
    for (size_t k = 0; k < n && k < fold->n_stages; k++)
        if (!nr_tally_merge(sum, fold->stages[k])) return nr_fold_out_of_range();
    return NR_OK;
}

static nr_status same_words(const nr_tally *a, const nr_tally *b, bool *same) {
    size_t n = nr_tally_words(nr_tally_players(a), 0, 0);
    uint64_t *x = nr_new(n, sizeof *x), *y = nr_new(n, sizeof *y);
    nr_status status = x && y ? NR_OK : NR_ERR_INTERNAL;
    if (status == NR_OK) {
        nr_tally_encode_plain(a, x);
        nr_tally_encode_plain(b, y);
        *same = memcmp(x, y, n * sizeof *x) == 0;
    }
    free(x);
    free(y);
    return status;
}

nr_status nr_fold_check_stages(const nr_fold *fold, bool *good) {
    uint64_t end = nr_fold_end_sweep(fold);
    size_t wanted =
        nr_fold_is_exact(fold) || end == 0 ? 0 : nr_fold_stage_of(end - 1) + 1;
    nr_tally *sum;
    *good = fold->n_stages == wanted;
    if (!*good || wanted == 0) return NR_OK;
    NR_TRY(nr_tally_new(fold->spec.n_players, 0, &sum));
    nr_status status = add_up(fold, wanted, sum);
    if (status == NR_OK) status = same_words(sum, fold->tally, good);
    nr_tally_free(sum);
    return status;
}

nr_status nr_fold_at_stage(const nr_fold *fold, size_t stage, nr_fold **out) {
    uint64_t end = nr_fold_stage_end(stage);
    nr_fold_spec spec = fold->spec;
    NR_ASSERT(!nr_fold_is_exact(fold));
    spec.n_classes = 0;
    *out = NULL;
    if (nr_fold_first_sweep(fold) < end || nr_fold_share(&spec, end) == 0) return NR_OK;
    nr_fold *made;
    NR_TRY(nr_fold_new(&spec, &made));
    made->complete = made->lane_sweeps[spec.lane] = nr_fold_share(&spec, end);
    nr_status status = add_up(fold, stage + 1, made->tally);
    if (status == NR_OK) *out = made;
    else nr_fold_free(made);
    return status;
}

/* Stages: what the ledger keeps of how far it was after fewer sweeps. */
#include "fold_private.h"

/* 1, 2, 3, 4, 6, 8, 12, 16, ... */
uint64_t nr_fold_stage_end(size_t stage) {
    if (stage == 0) return 1;
    return (stage % 2 ? UINT64_C(2) : UINT64_C(3)) << ((stage - 1) / 2);
}

size_t nr_fold_stage_of(uint64_t sweep) {
    size_t stage = 0;
    while (nr_fold_stage_end(stage) <= sweep) stage++;
    return stage;
}

size_t nr_fold_stages(const nr_fold *fold) {
    return fold->n_stages;
}

const nr_tally *nr_fold_stage(const nr_fold *fold, size_t stage) {
    return fold->stages[stage];
}

void nr_fold_free_stages(nr_fold *fold) {
    while (fold->n_stages > 0) nr_tally_free(fold->stages[--fold->n_stages]);
}

nr_status nr_fold_out_of_range(void) {
    return nr_fail(NR_ERR_UNIT,
                   "the values of this game spread too widely: a sum of their "
                   "squares does not fit in 128 bits");
}

static nr_status reach(nr_fold *fold, size_t n) {
    NR_ASSERT(n <= NR_FOLD_STAGES_MAX);
    for (; fold->n_stages < n; fold->n_stages++)
        NR_TRY(nr_tally_new(fold->spec.n_players, 0, &fold->stages[fold->n_stages]));
    return NR_OK;
}

nr_status nr_fold_add_to_stage(nr_fold *fold, uint64_t sweep, const nr_tally *tally) {
    size_t stage = nr_fold_stage_of(sweep);
    if (nr_estimator_is_exact(fold->spec.estimator)) return NR_OK;
    NR_TRY(reach(fold, stage + 1));
    return nr_tally_merge(fold->stages[stage], tally) ? NR_OK : nr_fold_out_of_range();
}

nr_status nr_fold_copy_stages(const nr_fold *from, nr_fold *to) {
    while (to->n_stages > from->n_stages) nr_tally_free(to->stages[--to->n_stages]);
    NR_TRY(reach(to, from->n_stages));
    for (size_t k = 0; k < from->n_stages; k++)
        NR_TRY(nr_tally_copy(from->stages[k], to->stages[k]));
    return NR_OK;
}

nr_status nr_fold_join_stages(nr_fold *to, const nr_fold *from) {
    if (to->n_stages < from->n_stages) NR_TRY(reach(to, from->n_stages));
    for (size_t k = 0; k < from->n_stages; k++)
        if (!nr_tally_merge(to->stages[k], from->stages[k]))
            return nr_fold_out_of_range();
    return NR_OK;
}

nr_status nr_fold_restore_stage(nr_fold *fold, const uint64_t *words, size_t n) {
    if (fold->n_stages == NR_FOLD_STAGES_MAX) return NR_ERR_INPUT;
    NR_TRY(reach(fold, fold->n_stages + 1));
    bool good = nr_tally_decode(fold->stages[fold->n_stages - 1], words, n) == n;
    return good ? NR_OK : NR_ERR_INPUT;
}

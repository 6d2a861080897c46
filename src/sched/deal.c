#include "neurank/sched/deal.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

#define NONE UINT32_MAX

/* A worker's parts of the sweep: a list through `next`. */
typedef struct {
    uint32_t first, last;
} hand;

struct nr_deal {
    const nr_fold *fold;
    uint64_t sweep, sweeps;
    uint32_t parts;                  /* of a sweep */
    uint32_t left;                   /* not dealt in this one */
    bool *dealt;                     /* [parts] */
    bool *homeless;                  /* [parts] nobody has had it */
    uint32_t fresh;                  /* the first part that may be homeless */
    uint32_t end;                    /* behind the last part that may be left */
    hand *now, *later;               /* [workers] of this sweep, of the next one */
    uint32_t *next_now, *next_later; /* [parts] */
    size_t n_workers;
};

static void clear_hands(hand *hands, size_t n) {
    for (size_t w = 0; w < n; w++) hands[w] = (hand){NONE, NONE};
}

static void begin_sweep(nr_deal *deal) {
    deal->left = 0;
    deal->fresh = 0;
    deal->end = deal->parts;
    for (uint32_t p = 0; p < deal->parts; p++) {
        deal->dealt[p] = nr_fold_has(deal->fold, deal->sweep * deal->parts + p);
        deal->left += !deal->dealt[p];
    }
}

static void next_sweep(nr_deal *deal) {
    hand *hands = deal->now;
    uint32_t *next = deal->next_now;
    deal->now = deal->later;
    deal->next_now = deal->next_later;
    deal->later = hands;
    deal->next_later = next;
    clear_hands(deal->later, deal->n_workers);
    deal->sweep += nr_fold_step(deal->fold);
    begin_sweep(deal);
}

nr_status nr_deal_new(const nr_fold *fold, uint64_t sweeps, int n_workers,
                      nr_deal **out) {
    nr_deal *deal;
    uint64_t parts = nr_fold_units_per_sweep(fold);
    NR_ASSERT(parts < NONE && n_workers > 0);
    if (!NR_NEW(deal, 1)) return NR_ERR_INTERNAL;
    *deal = (nr_deal){.fold = fold,
                      .sweep = nr_fold_first_sweep(fold),
                      .sweeps = sweeps,
                      .parts = (uint32_t)parts,
                      .n_workers = (size_t)n_workers};
    if (!NR_NEW(deal->dealt, parts) || !NR_NEW(deal->homeless, parts) ||
        !NR_NEW(deal->next_now, parts) || !NR_NEW(deal->next_later, parts) ||
        !NR_NEW(deal->now, deal->n_workers) || !NR_NEW(deal->later, deal->n_workers)) {
        nr_deal_free(deal);
        return NR_ERR_INTERNAL;
    }
    memset(deal->homeless, true, parts * sizeof *deal->homeless);
    clear_hands(deal->now, deal->n_workers);
    clear_hands(deal->later, deal->n_workers);
    begin_sweep(deal);
    *out = deal;
    return NR_OK;
}

void nr_deal_free(nr_deal *deal) {
    if (!deal) return;
    free(deal->dealt);
    free(deal->homeless);
    free(deal->next_now);
    free(deal->next_later);
    free(deal->now);
    free(deal->later);
    free(deal);
}

static uint32_t own(nr_deal *deal, int worker) {
    hand *h = &deal->now[worker];
    while (h->first != NONE && deal->dealt[h->first])
        h->first = deal->next_now[h->first];
    return h->first;
}

static uint32_t homeless(nr_deal *deal) {
    while (deal->fresh < deal->parts &&
           (deal->dealt[deal->fresh] || !deal->homeless[deal->fresh]))
        deal->fresh++;
    return deal->fresh < deal->parts ? deal->fresh : NONE;
}

static uint32_t last_left(nr_deal *deal) {
    while (deal->dealt[deal->end - 1]) deal->end--;
    return deal->end - 1;
}

static void remember(nr_deal *deal, int worker, uint32_t part) {
    hand *h = &deal->later[worker];
    deal->next_later[part] = NONE;
    if (h->first == NONE) h->first = part;
    else deal->next_later[h->last] = part;
    h->last = part;
    deal->homeless[part] = false;
}

bool nr_deal_next(nr_deal *deal, int worker, uint64_t *unit) {
    while (deal->left == 0 && deal->sweep + nr_fold_step(deal->fold) < deal->sweeps)
        next_sweep(deal);
    if (deal->left == 0 || deal->sweep >= deal->sweeps) return false;
    uint32_t part = own(deal, worker);
    if (part == NONE) part = homeless(deal);
    if (part == NONE) part = last_left(deal);
    deal->dealt[part] = true;
    deal->left--;
    remember(deal, worker, part);
    *unit = deal->sweep * deal->parts + part;
    return true;
}

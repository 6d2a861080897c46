#include "neurank/run/kernel_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/nn/blas_core.h"
#include "neurank/store/curve.h"
#include "neurank/store/store.h"

enum { KERNELS_TEXT = 24 }; /* bytes for the name of a kind */

static void put_name(char name[KERNELS_TEXT], const nr_plan_arithmetic *of) {
    if (of) snprintf(name, KERNELS_TEXT, "%s", of->kernels);
}

static nr_status ask_store(const char *path, char name[KERNELS_TEXT]) {
    nr_store *store;
    NR_TRY(nr_store_read(path, &store));
    put_name(name, store->n_layers > 0    ? &store->layers[0].plan.arithmetic
                   : store->n_ratings > 0 ? &store->ratings[0].plan.arithmetic
                                          : NULL);
    nr_store_free(store);
    return NR_OK;
}

static nr_status ask_curves(const char *path, char name[KERNELS_TEXT]) {
    nr_curves curves;
    NR_TRY(nr_curves_read(path, &curves));
    put_name(name, &curves.plan.arithmetic);
    nr_curves_clear(&curves);
    return NR_OK;
}

/* A run goes on with the kernels that it began with, where the processor has them: a
 * job that is queued again may get other nodes. "": the file does not say; what is
 * wrong with it is said when the run opens it. Rank 0. */
static void ask_file(const char *path, char name[KERNELS_TEXT]) {
    bool is_curves;
    name[0] = '\0';
    if (!path || access(path, F_OK) != 0) return;
    nr_log_set_silent(true);
    if (nr_curves_detect(path, &is_curves) == NR_OK)
        (void)(is_curves ? ask_curves(path, name) : ask_store(path, name));
    nr_log_set_silent(false);
}

/* Rank 0's answer on every rank. */
static nr_status share_name(nr_world *world, char name[KERNELS_TEXT]) {
    uint64_t mine[KERNELS_TEXT / 8] = {0}, *all;
    size_t size = (size_t)nr_world_size(world), n = sizeof mine / sizeof *mine;
    _Static_assert(sizeof mine == KERNELS_TEXT, "a name is whole words");
    memcpy(mine, name, strlen(name));
    nr_status status = NR_NEW(all, nr_size_mul(size, n)) ? NR_OK : NR_ERR_INTERNAL;
    status = nr_world_share(world, status);
    if (status == NR_OK) status = nr_world_gather(world, mine, n, all);
    if (status == NR_OK) memcpy(name, all, KERNELS_TEXT);
    free(all);
    return status;
}

enum { KIND_WORDS = 2, KIND_TEXT = 8 * KIND_WORDS };

/* Ranks on other processors would round otherwise, and which rank does what is chance.
 * mine: what this rank uses. cure: how all get the same. */
static nr_status require_one_kind(nr_world *world, const char *mine, const char *cure) {
    size_t size = (size_t)nr_world_size(world);
    uint64_t words[KIND_WORDS] = {0}, *all;
    memcpy(words, mine, strnlen(mine, KIND_TEXT));
    nr_status status =
        NR_NEW(all, nr_size_mul(size, KIND_WORDS)) ? NR_OK : NR_ERR_INTERNAL;
    status = nr_world_share(world, status);
    if (status == NR_OK) status = nr_world_gather(world, words, KIND_WORDS, all);
    for (size_t rank = 1; rank < size && status == NR_OK; rank++)
        if (memcmp(all, all + rank * KIND_WORDS, sizeof words) != 0)
            status = nr_fail(NR_ERR_USAGE,
                             "rank 0 runs on %.*s and rank %zu on %.*s, which round "
                             "differently: %s",
                             KIND_TEXT, (char *)all, rank, KIND_TEXT,
                             (char *)(all + rank * KIND_WORDS), cure);
    free(all);
    return status;
}

/* The name of the wanted ones. */
static nr_status choose(nr_world *world, const char *wanted, const char *path,
                        char name[KERNELS_TEXT]) {
    snprintf(name, KERNELS_TEXT, "%s", wanted);
    NR_TRY(require_one_kind(world, nr_blas_core(),
                            "choose kernels of OpenBLAS that all have, "
                            "OPENBLAS_CORETYPE=Haswell"));
    if (strcmp(name, "fast") != 0) return NR_OK;
    char stored[KERNELS_TEXT] = "";
    if (nr_world_rank(world) == 0) ask_file(path, stored);
    NR_TRY(share_name(world, stored));
    if (*stored && nr_kernels_find(stored)) memcpy(name, stored, sizeof stored);
    return require_one_kind(world, nr_kernels_find(name)->name,
                            "choose one that all have, --kernels avx2 or blas");
}

nr_status nr_choose_kernels(nr_world *world, const char *wanted, const char *path,
                            const nr_kernels **out) {
    char name[KERNELS_TEXT];
    NR_TRY(choose(world, wanted, path, name));
    return nr_require_kernels(name, out);
}

nr_status nr_require_kernels(const char *name, const nr_kernels **out) {
    *out = nr_kernels_find(name);
    NR_REQUIRE(*out, NR_ERR_USAGE, "--kernels %s: not on this processor, which has %s",
               name, nr_kernels_find("fast")->name);
    return NR_OK;
}

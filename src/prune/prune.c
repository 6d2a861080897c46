/* `neurank prune`: ranks to a smaller network. One rank.
 *
 *   load    model, store, images if there are any
 *   choose  the filters that stay (prune/choice.h)
 *   cut     a model file without the others, under a temporary name (onnx/slim.h)
 *   verify  read it back: its logits are those of the network with the others silent
 *   save    rename it
 */
#include "prune_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/text.h"
#include "neurank/nn/gemm.h"
#include "neurank/onnx/import.h"
#include "neurank/onnx/slim.h"
#include "neurank/prune/prune.h"
#include "neurank/run/export.h"
#include "neurank/run/kernel_choice.h"

/* ---- load ---- */

static nr_status load(nr_pruning *p) {
    const nr_prune_request *o = p->request;
    nr_selection selection = {.wanted = (size_t)o->in.images, .seed = o->in.seed};
    NR_TRY(nr_require_kernels(o->in.kernels, &p->kernels));
    NR_TRY(nr_onnx_load_plain(o->in.model, &p->plain));
    NR_TRY(nr_onnx_load(o->in.model, &p->graph, p->digest));
    NR_TRY(nr_ranks_load(o, p->plain, p->digest, &p->ranks));
    if (o->in.data) NR_TRY(nr_images_load(o->in.data, p->graph, selection, &p->images));
    NR_TRY(nr_channels_new(p->plain, &p->channels));
    size_t total = nr_channels_count(p->channels);
    if (!NR_NEW(p->off, total) || !NR_NEW(p->silent, total) || !NR_NEW(p->cut, total))
        return NR_ERR_INTERNAL;
    return nr_choice_new(o->in.model, p->channels, p->ranks.layers, p->ranks.n,
                         &p->choice);
}

/* ---- choose ---- */

static nr_status read_keep(const nr_pruning *p, nr_keep_rule *rule) {
    const char *text = p->request->keep;
    char number[NR_NUMBER_TEXT];
    size_t length = strlen(text);
    bool percent = length > 1 && length < sizeof number && text[length - 1] == '%';
    uint64_t count;
    if (strcmp(text, "significant") == 0) {
        for (size_t k = 0; k < p->ranks.n; k++)
            NR_REQUIRE(p->ranks.layers[k].low, NR_ERR_USAGE,
                       "--keep significant: only Shapley values have an interval that "
                       "can be above zero");
        rule->kind = NR_KEEP_SIGNIFICANT;
        return NR_OK;
    }
    if (nr_parse_u64(text, &count) && count > 0 && count <= UINT32_MAX) {
        *rule = (nr_keep_rule){.kind = NR_KEEP_COUNT, .amount = (double)count};
        return NR_OK;
    }
    snprintf(number, sizeof number, "%.*s", (int)(percent ? length - 1 : length), text);
    rule->kind = NR_KEEP_FRACTION;
    bool good = length < sizeof number && nr_parse_double(number, &rule->amount);
    if (percent) rule->amount /= 100;
    NR_REQUIRE(
        good && rule->amount > 0 && rule->amount <= 1, NR_ERR_USAGE,
        "--keep %s: a number of filters from 1 on, a fraction above 0 and at most "
        "1 (0.5, 50%%), or \"significant\" is expected",
        text);
    return NR_OK;
}

static nr_status read_each(const nr_pruning *p, size_t *each) {
    size_t n = 0;
    const char *text = p->request->keep_per_layer;
    for (const char *at = text;; at++) {
        char number[NR_NUMBER_TEXT];
        uint64_t count = 0;
        size_t length = strcspn(at, ",");
        snprintf(number, sizeof number, "%.*s", (int)length, at);
        bool good = length < sizeof number && nr_parse_u64(number, &count) && count > 0;
        NR_REQUIRE(good, NR_ERR_USAGE,
                   "--keep-per-layer %s: numbers of filters from 1 on are expected, "
                   "separated by commas",
                   text);
        if (n < p->ranks.n) each[n] = (size_t)count;
        n++;
        at += length;
        if (!*at) break;
    }
    NR_REQUIRE(n == p->ranks.n, NR_ERR_USAGE,
               "--keep-per-layer: %zu numbers for %zu layers, \"%s\" to \"%s\"", n,
               p->ranks.n, p->ranks.layers[0].name,
               p->ranks.layers[p->ranks.n - 1].name);
    return NR_OK;
}

static nr_status choose(nr_pruning *p) {
    nr_keep_rule rule = {0};
    size_t *each = NULL;
    if (!p->request->keep && !p->request->keep_per_layer) return nr_prune_by_drop(p);
    if (p->request->keep) {
        NR_TRY(read_keep(p, &rule));
        return nr_choice_make(p->choice, &rule, p->off);
    }
    if (!NR_NEW(each, p->ranks.n)) return NR_ERR_INTERNAL;
    rule = (nr_keep_rule){.kind = NR_KEEP_EACH, .each = each};
    nr_status status = read_each(p, each);
    if (status == NR_OK) status = nr_choice_make(p->choice, &rule, p->off);
    free(each);
    return status;
}

/* ---- cut ---- */

/* "0,3,5" */
static char *list_text(const uint32_t *numbers, size_t n) {
    size_t bytes = nr_size_mul(n, 11) + 1, used = 0;
    char *text = nr_new(bytes, 1);
    for (size_t i = 0; text && i < n; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%u", i ? "," : "",
                                 numbers[i]);
    return text;
}

typedef struct {
    nr_onnx_remark *items;
    size_t n;
} remarks;

static void free_remarks(remarks *r) {
    for (size_t i = 0; i < r->n; i++) {
        free((void *)(uintptr_t)r->items[i].key);
        free((void *)(uintptr_t)r->items[i].value);
    }
    free(r->items);
}

static nr_status add_remark(remarks *r, const char *prefix, const char *name,
                            char *value) {
    size_t bytes = strlen(prefix) + strlen(name) + 1;
    char *key = nr_new(bytes, 1);
    if (!key || !value) {
        free(key);
        free(value);
        return NR_ERR_INTERNAL;
    }
    snprintf(key, bytes, "%s%s", prefix, name);
    r->items[r->n++] = (nr_onnx_remark){key, value};
    return NR_OK;
}

/* What the smaller model says of itself: whose it is, by which method, and which
 * filters of each pruned layer it has. */
static nr_status make_remarks(const nr_pruning *p, remarks *r) {
    if (!NR_NEW(r->items, p->ranks.n + 2)) return NR_ERR_INTERNAL;
    NR_TRY(add_remark(r, "neurank.model", "", nr_strdup(p->digest)));
    NR_TRY(add_remark(r, "neurank.method", "", nr_strdup(p->request->by)));
    for (size_t k = 0; k < p->ranks.n; k++) {
        size_t n;
        uint32_t *kept = nr_prune_kept(p, p->ranks.layers[k].node, &n);
        if (!kept) return NR_ERR_INTERNAL;
        nr_status status =
            add_remark(r, "neurank.kept.", p->ranks.layers[k].name, list_text(kept, n));
        free(kept);
        NR_TRY(status);
    }
    return NR_OK;
}

static nr_status cut(nr_pruning *p, const char *temporary) {
    remarks r = {0};
    NR_TRY(nr_channels_cut(p->channels, p->off, p->silent, p->cut));
    nr_status status = make_remarks(p, &r);
    if (status == NR_OK)
        status = nr_onnx_slim(p->request->in.model, p->plain, p->cut, r.items, r.n,
                              temporary);
    free_remarks(&r);
    return status;
}

/* ---- the whole ---- */

static nr_status prune_to(nr_pruning *p, const char *temporary) {
    char digest[NR_DIGEST_TEXT];
    NR_TRY(cut(p, temporary));
    NR_TRY(nr_onnx_load(temporary, &p->small, digest));
    return nr_prune_verify(p);
}

static nr_status prune(nr_pruning *p) {
    char *temporary;
    const nr_prune_request *o = p->request;
    const char *const inputs[] = {o->in.model, o->store, o->in.data};
    NR_TRY(nr_publish_check(o->output, inputs, 3));
    if (o->masks) NR_TRY(nr_export_check("--masks", o->masks, inputs, 3));
    NR_TRY(load(p));
    NR_TRY(nr_prune_measure(p));
    NR_TRY(choose(p));
    NR_TRY(nr_publish_name(p->request->output, &temporary));
    nr_status status = prune_to(p, temporary);
    if (status == NR_OK)
        status = nr_publish_commit(temporary, p->request->output, NULL);
    else nr_publish_abandon(temporary);
    free(temporary);
    if (status == NR_OK) status = nr_prune_masks(p);
    return status == NR_OK ? nr_prune_print(p) : status;
}

nr_status nr_run_prune(const nr_prune_request *request) {
    nr_pruning p = {.request = request};
    nr_gemm_single_thread();
    nr_status status = prune(&p);
    nr_choice_free(p.choice);
    nr_channels_free(p.channels);
    nr_ranks_clear(&p.ranks);
    nr_images_free(p.images);
    nr_graph_free(p.plain);
    nr_graph_free(p.graph);
    nr_graph_free(p.small);
    free(p.off);
    free(p.silent);
    free(p.cut);
    return status;
}

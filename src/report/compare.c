#include "neurank/report/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "comparison.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"
#include "neurank/report/names.h"

/* ---- what is compared ---- */

/* Every word of "a,b" has to be one of the names. */
static nr_status check_words(const char *option, const char *words,
                             const char *const *names, size_t n) {
    NR_ASSERT(names && n > 0);
    for (const char *p = words; p && *p; p += *p == ',') {
        char word[256];
        size_t length = strcspn(p, ",");
        snprintf(word, sizeof word, "%.*s", length < 255 ? (int)length : 255, p);
        size_t i = 0;
        while (i < n && strcmp(names[i], word) != 0) i++;
        NR_REQUIRE(i < n, NR_ERR_USAGE,
                   "--%s: there is no \"%s\"; did you mean \"%s\"?", option, word,
                   names[nr_nearest_name(word, names, n)]);
        p += length;
    }
    return NR_OK;
}

nr_status nr_comparison_check(const nr_compared_store *stores, size_t n) {
    for (size_t k = 0; k < n; k++) {
        const nr_plan_inputs *first = nr_store_inputs(stores[0].store);
        const nr_plan_inputs *inputs = nr_store_inputs(stores[k].store);
        NR_REQUIRE(inputs, NR_ERR_MISMATCH, "%s: holds no layer", stores[k].path);
        NR_REQUIRE(strcmp(inputs->model, first->model) == 0, NR_ERR_MISMATCH,
                   "%s is of another network than %s: model %s there, %s here",
                   stores[k].path, stores[0].path, inputs->model, first->model);
    }
    return NR_OK;
}

/* ---- rows ---- */

/* What a ranking comes from. */
static const nr_plan_inputs *inputs_of(const nr_compared_store *stores,
                                       const nr_ranking *r) {
    return nr_store_inputs(stores[r->store].store);
}

typedef struct {
    char *text; /* [NR_DIFFERENCES_TEXT] */
    size_t used;
} difference_list;

static void add_difference(difference_list *list, const char *text) {
    size_t room = NR_DIFFERENCES_TEXT - list->used;
    int length =
        snprintf(list->text + list->used, room, "%s%s", list->used ? "; " : "", text);
    list->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* Settings in which two runs of a method differ. Another seed is what makes them two:
 * it chooses and orders the images, too. */
static void find_differences(const nr_compared_store *stores, const nr_ranking *a,
                             const nr_ranking *b, char text[NR_DIFFERENCES_TEXT]) {
    const nr_plan_inputs *of_a = inputs_of(stores, a), *of_b = inputs_of(stores, b);
    difference_list list = {text, 0};
    char line[NR_DIFFERENCES_TEXT], x[NR_PLAN_TEXT], y[NR_PLAN_TEXT];
    for (size_t i = 0; i < a->plan.form->n; i++) {
        const char *name = a->plan.form->fields[i].name;
        bool of_inputs = strcmp(name, "seed") == 0 || strcmp(name, "data") == 0 ||
                         strcmp(name, "images") == 0;
        const char *first = nr_plan_get(a->plan, name, x);
        const char *second = nr_plan_get(b->plan, name, y);
        if (of_inputs || strcmp(first, second) == 0) continue;
        snprintf(line, sizeof line, "%s %.100s and %.100s", name, first, second);
        add_difference(&list, line);
    }
    if (of_a->images != of_b->images) {
        snprintf(line, sizeof line, "images %llu and %llu",
                 (unsigned long long)of_a->images, (unsigned long long)of_b->images);
        add_difference(&list, line);
    }
    if (of_a->seed == of_b->seed) add_difference(&list, "the same seed");
}

/* What the rows of one layer are made from. */
typedef struct {
    const nr_compared_store *stores;
    nr_agreement_spec spec;
    nr_rankings rankings;
    nr_scores *scores;                       /* [rankings.n] */
    double (*floors)[NR_AGREEMENT_MEASURES]; /* [rankings.n]; of those that lead */
    nr_comparison out;
} layer_work;

static nr_comparison_row *new_row(layer_work *w, nr_row_kind kind, size_t a, size_t b) {
    nr_comparison_row *row = &w->out.rows[w->out.n_rows++];
    *row = (nr_comparison_row){
        .kind = kind, .a = &w->rankings.items[a], .b = &w->rankings.items[b]};
    return row;
}

static nr_status add_methods(layer_work *w, size_t a, size_t b) {
    nr_comparison_row *row = new_row(w, NR_ROW_METHODS, a, b);
    return nr_agreement_find(&w->spec, &w->scores[a], &w->scores[b], &row->agreement);
}

static void add_floor(layer_work *w, size_t a) {
    nr_comparison_row *row = new_row(w, NR_ROW_FLOOR, a, a);
    for (int m = 0; m < NR_AGREEMENT_MEASURES; m++)
        row->agreement.of[m] = (nr_bounds){w->floors[a][m], NAN, NAN};
}

/* Two runs of a method: what is seen is the answer. */
static nr_status add_repeat(layer_work *w, size_t a, size_t b) {
    nr_comparison_row *row = new_row(w, NR_ROW_REPEAT, a, b);
    const nr_scores x = {.values = row->a->values}, y = {.values = row->b->values};
    find_differences(w->stores, row->a, row->b, row->differences);
    return nr_agreement_find(&w->spec, &x, &y, &row->agreement);
}

/* Is it the first store that has this method? */
static bool leads(const nr_rankings *list, size_t i) {
    return i == 0 || list->items[i - 1].method != list->items[i].method;
}

static nr_status make_rows(layer_work *w) {
    const nr_rankings *list = &w->rankings;
    for (size_t a = 0; a < list->n; a++)
        for (size_t b = a + 1; b < list->n; b++)
            if (leads(list, a) && leads(list, b)) NR_TRY(add_methods(w, a, b));
    for (size_t a = 0, first = 0; a < list->n; a++) {
        if (leads(list, a)) first = a;
        if (leads(list, a) && list->items[a].std_error) add_floor(w, a);
        if (!leads(list, a)) NR_TRY(add_repeat(w, first, a));
    }
    return NR_OK;
}

static nr_status prepare_layer(const nr_compare_spec *spec, layer_work *w) {
    nr_rankings_intersect(&w->rankings);
    size_t count = w->rankings.n, n = count > 0 ? w->rankings.items[0].n : 0;
    uint64_t k = spec->top ? spec->top : n / 4;
    w->spec = (nr_agreement_spec){.n = n,
                                  .k = k == 0 && n > 0 ? 1
                                       : k <= n        ? (size_t)k
                                                       : 0,
                                  .confidence = spec->confidence,
                                  .seed = spec->seed};
    w->out.n = n;
    w->out.k = w->spec.k;
    w->out.rankings = &w->rankings;
    /* pairs of methods, a floor or a repeat of each ranking */
    size_t n_rows = NR_METHODS * (NR_METHODS - 1) / 2 + count;
    if (!NR_NEW(w->scores, count) || !NR_NEW(w->floors, count) ||
        !NR_NEW(w->out.rows, n_rows))
        return NR_ERR_INTERNAL;
    for (size_t i = 0; i < count && n > 1; i++) {
        const nr_ranking *r = &w->rankings.items[i];
        if (!leads(&w->rankings, i)) continue;
        w->scores[i] = (nr_scores){r->values, r->std_error, i, {0}};
        NR_TRY(nr_agreement_repeat(&w->spec, &w->scores[i], w->floors[i]));
    }
    return n > 1 ? make_rows(w) : NR_OK;
}

nr_status nr_comparison_make(const nr_compared_store *stores, size_t n,
                             const nr_compare_spec *spec, const char *layer,
                             nr_comparison_user *use, void *self) {
    layer_work w = {.stores = stores, .out = {.layer = layer}};
    nr_status status = nr_rankings_find(stores, n, layer, spec->methods, &w.rankings);
    if (status == NR_OK) status = prepare_layer(spec, &w);
    if (status == NR_OK && w.out.n_rows > 0) status = use(self, &w.out);
    nr_rankings_free(&w.rankings);
    free(w.scores);
    free(w.floors);
    free(w.out.rows);
    return status;
}

typedef struct {
    const nr_comparison_output *output;
    size_t shown;
} printing;

static nr_status print_comparison(void *self, const nr_comparison *c) {
    printing *p = self;
    if (p->shown == 0) nr_comparison_head(p->output);
    nr_comparison_print(p->output, c, p->shown == 0);
    p->shown++;
    return NR_OK;
}

nr_status nr_report_compare(const nr_compared_store *stores, size_t n_stores,
                            const nr_compare_spec *spec, FILE *stream) {
    nr_names layers = {0};
    const nr_comparison_output output = {stores, n_stores, spec->confidence,
                                         spec->format, stream};
    printing shown = {&output, 0};
    NR_TRY(nr_comparison_check(stores, n_stores));
    nr_status status = NR_OK;
    for (size_t k = 0; k < n_stores && status == NR_OK; k++)
        status = nr_names_add_layers(stores[k].store, &layers);
    if (status == NR_OK)
        status = check_words("layer", spec->layers, layers.items, layers.n);
    if (status == NR_OK)
        status = check_words("methods", spec->methods, nr_method_names, NR_METHODS);
    for (size_t i = 0; i < layers.n && status == NR_OK; i++)
        if (nr_is_listed(spec->layers, layers.items[i]))
            status = nr_comparison_make(stores, n_stores, spec, layers.items[i],
                                        print_comparison, &shown);
    nr_names_free(&layers);
    NR_TRY(status);
    NR_REQUIRE(shown.shown > 0, NR_ERR_MISMATCH,
               "%s: no layer has two rankings to compare; neurank shapley, switch and "
               "baseline with the same -o add them",
               stores[0].path);
    nr_comparison_tail(&output);
    return NR_OK;
}

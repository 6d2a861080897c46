/* How far the methods agree, and where each puts every filter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison.h"
#include "html_parts.h"
#include "neurank/base/memory.h"

typedef struct {
    nr_html *html;
    const nr_html_spec *spec;
} page_of;

static const char *const measures[NR_AGREEMENT_MEASURES] = {
    "Spearman rho", "Kendall tau", "overlap of the best"};

static void name_other(const nr_comparison_row *row, char *text, size_t bytes) {
    if (row->kind == NR_ROW_METHODS)
        snprintf(text, bytes, "%s", nr_method_names[row->b->method]);
    else if (row->kind == NR_ROW_FLOOR) snprintf(text, bytes, "itself, expected");
    else snprintf(text, bytes, "itself, store %zu", row->b->store + 1);
}

/* ---- plot: the first method against each of the others ---- */

static bool is_drawn(const nr_comparison *c, const nr_comparison_row *row) {
    return row->a->method == c->rankings->items[0].method;
}

static void put_rows(nr_plot *plot, const nr_comparison *c, size_t *n) {
    fprintf(plot->script, "$rows << END\n");
    for (size_t k = 0; k < c->n_rows; k++) {
        if (!is_drawn(c, &c->rows[k])) continue;
        fprintf(plot->script, "%zu", ++*n);
        for (int m = 0; m < NR_AGREEMENT_MEASURES; m++) {
            const nr_bounds *b = &c->rows[k].agreement.of[m];
            bool known = isfinite(b->low);
            nr_plot_number(plot, b->value);
            nr_plot_number(plot, known ? b->low : b->value);
            nr_plot_number(plot, known ? b->high : b->value);
        }
        fputc('\n', plot->script);
    }
    fprintf(plot->script, "END\nset ytics (");
}

static void put_plot(nr_plot *plot, const nr_comparison *c) {
    static const int symbols[NR_AGREEMENT_MEASURES] = {7, 9, 5};
    size_t n = 0, row = 0;
    put_rows(plot, c, &n);
    for (size_t k = 0; k < c->n_rows; k++) {
        char name[48];
        if (!is_drawn(c, &c->rows[k])) continue;
        name_other(&c->rows[k], name, sizeof name);
        if (row++) fputc(',', plot->script);
        nr_plot_word(plot, name);
        fprintf(plot->script, " %zu", row);
    }
    fprintf(plot->script,
            ")\nset yrange [%zu.6:0.4]\nset xrange [-1:1.02]\nset xlabel ", n);
    char label[64];
    snprintf(label, sizeof label, "agreement with %s",
             nr_method_names[c->rankings->items[0].method]);
    nr_plot_word(plot, label);
    fprintf(plot->script,
            "\nset key tmargin center horizontal reverse Left samplen 1\n"
            "set arrow from 0,graph 0 to 0,graph 1 nohead linecolor rgb '#444444'\n"
            "set bars 0\nplot ");
    for (int m = 0; m < NR_AGREEMENT_MEASURES; m++) {
        int column = 2 + 3 * m;
        fprintf(plot->script,
                "%s$rows using %d:($1+%.2f):%d:%d with xerrorbars linecolor rgb '%s' "
                "linewidth 2 pointtype %d pointsize 0.8 title ",
                m ? ", " : "", column, (m - 1) * 0.2, column + 1, column + 2,
                nr_plot_colours[m], symbols[m]);
        nr_plot_word(plot, measures[m]);
    }
    fputc('\n', plot->script);
}

/* ---- tables ---- */

static void write_rows(nr_html *html, const nr_comparison *c) {
    char best[48];
    snprintf(best, sizeof best, "best %zu in common", c->k);
    const char *const titles[] = {"<method", "<with", "rho", "tau", best};
    nr_html_table(html, "agreement, and its interval where values have errors", titles,
                  c->k > 0 ? 5 : 4);
    for (size_t k = 0; k < c->n_rows; k++) {
        const nr_comparison_row *row = &c->rows[k];
        char other[48];
        name_other(row, other, sizeof other);
        nr_html_row(html);
        nr_html_head(html, "%s", nr_method_names[row->a->method]);
        nr_html_cell(html, "%s", other);
        for (int m = 0; m < (c->k > 0 ? 3 : 2); m++) {
            const nr_bounds *b = &row->agreement.of[m];
            if (isfinite(b->low))
                nr_html_number(html, "%.3f [%.3f, %.3f]", b->value, b->low, b->high);
            else nr_html_real(html, 3, b->value);
        }
    }
    nr_html_table_end(html);
}

/* Places [n] that a ranking gives, from 1, in the order of the filters; and the filters
 * in its order. */
static nr_status find_places(const nr_ranking *r, size_t n, uint32_t *order,
                             uint32_t *places) {
    NR_TRY(nr_sort_best_first(NULL, r->values, n, order));
    for (size_t k = 0; k < n; k++) places[order[k]] = (uint32_t)k + 1;
    return NR_OK;
}

/* The filters in the order of the first ranking, and their places in all of them. */
static nr_status write_places(nr_html *html, const nr_comparison *c) {
    const nr_rankings *all = c->rankings;
    size_t n = c->n, count = all->n;
    uint32_t *order, *places;
    const char **titles;
    char(*names)[48];
    nr_status status = NR_OK;
    order = nr_new(n, sizeof *order);
    places = nr_new(nr_size_mul(n, count), sizeof *places);
    titles = nr_new(count + 1, sizeof(char *));
    names = nr_new(count, sizeof *names);
    if (!order || !places || !titles || !names) status = NR_ERR_INTERNAL;
    for (size_t r = count; r-- > 0 && status == NR_OK;) {
        const nr_ranking *ranking = &all->items[r];
        status = find_places(ranking, n, order, places + r * n);
        snprintf(names[r], sizeof *names, ranking->store ? "%s, store %zu" : "%s",
                 nr_method_names[ranking->method], ranking->store + 1);
        titles[r + 1] = names[r];
    }
    if (status == NR_OK) {
        titles[0] = "filter";
        nr_html_table(html, "the place that each method gives to a filter", titles,
                      count + 1);
        for (size_t k = 0; k < n; k++) { /* order is that of the first ranking */
            nr_html_row(html);
            nr_html_head(html, "%u", all->items[0].filters[order[k]]);
            for (size_t r = 0; r < count; r++)
                nr_html_number(html, "%u", places[r * n + order[k]]);
        }
        nr_html_table_end(html);
    }
    free(order);
    free(places);
    free(titles);
    free(names);
    return status;
}

static nr_status write_comparison(void *self, const nr_comparison *c) {
    page_of *page = self;
    nr_html *html = page->html;
    nr_plot plot;
    nr_html_heading(html, 3, "Methods compared");
    nr_html_note(
        html,
        "How far the orders of two methods agree: 1 is the same order, 0 is "
        "none, -1 the opposite one. Intervals say what the agreement would be "
        "without the errors of sampling; \u201citself\u201d is how far a method agrees "
        "with another run of itself.");
    for (size_t k = 0; k < page->spec->n_stores && page->spec->n_stores > 1; k++)
        nr_html_note(html, "Store %zu: %s", k + 1, page->spec->stores[k].path);
    nr_status status = nr_plot_begin(0.75, &plot);
    if (status == NR_OK) {
        put_plot(&plot, c);
        status = nr_html_pair(html, &plot, "Agreement of the methods on %s", c->layer);
    }
    if (status == NR_OK) {
        write_rows(html, c);
        nr_html_pair_end(html);
        status = write_places(html, c);
    }
    nr_plot_free(&plot);
    return status;
}

nr_status nr_html_methods(nr_html *html, const nr_html_spec *spec, const char *layer) {
    page_of page = {html, spec};
    nr_compare_spec compare = {.confidence = spec->stores[0].store->confidence,
                               .seed = 1};
    return nr_comparison_make(spec->stores, spec->n_stores, &compare, layer,
                              write_comparison, &page);
}

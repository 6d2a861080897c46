#include "neurank/report/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "comparison.h"
#include "html_parts.h"
#include "neurank/base/text.h"
#include "neurank/base/version.h"
#include "neurank/report/names.h"

/* ---- is it good? ---- */

static nr_status check_curves(const nr_html_spec *spec, const nr_drawn_curves *drawn) {
    const char *model = nr_store_inputs(spec->stores[0].store)->model;
    const char *other = drawn->curves->plan.in.model;
    NR_REQUIRE(strcmp(model, other) == 0, NR_ERR_MISMATCH,
               "%s is of another network than %s: model %s there, %s here", drawn->path,
               spec->stores[0].path, other, model);
    return NR_OK;
}

static nr_status find_layers(const nr_html_spec *spec, nr_names *names) {
    for (size_t k = 0; k < spec->n_stores; k++)
        NR_TRY(nr_names_add_layers(spec->stores[k].store, names));
    return nr_names_require(names, spec->layers, spec->stores[0].path);
}

nr_status nr_html_check(const nr_html_spec *spec, size_t *n_layers) {
    nr_names names = {0};
    *n_layers = 0;
    NR_TRY(nr_comparison_check(spec->stores, spec->n_stores));
    for (size_t k = 0; k < spec->n_curves; k++)
        NR_TRY(check_curves(spec, &spec->curves[k]));
    nr_status status = find_layers(spec, &names);
    for (size_t i = 0; i < names.n; i++)
        *n_layers += nr_is_selected(spec->layers, names.items[i]);
    nr_names_free(&names);
    return status;
}

/* ---- the run ---- */

static void fact(nr_html *html, const char *name, const char *value) {
    if (!*value) return;
    nr_html_row(html);
    nr_html_head(html, "%s", name);
    nr_html_words(html, "%s", value);
}

static void write_plan(nr_html *html, nr_plan plan) {
    char room[NR_PLAN_TEXT];
    for (size_t i = 0; i < plan.form->n; i++) {
        const nr_plan_field *field = &plan.form->fields[i];
        fact(html, field->name, nr_plan_words(plan, field, room));
    }
}

static void write_facts(nr_html *html, const nr_html_spec *spec) {
    static const char *const titles[] = {"<fact", "<value"};
    const nr_store *store = spec->stores[0].store;
    char text[NR_NUMBER_TEXT];
    nr_html_heading(html, 2, "The run");
    nr_html_table(html, "what all layers have in common", titles, 2);
    fact(html, "store", spec->stores[0].path);
    fact(html, "status", nr_store_has_all(store) ? "complete" : "partial");
    if (store->n_layers > 0) write_plan(html, (nr_plan){&nr_run_form, &store->plan});
    else if (store->n_ratings > 0)
        write_plan(html, nr_rating_get_plan(&store->ratings[0]));
    fact(html, "written by", store->program ? store->program : "");
    fact(html, "confidence", nr_format_double(store->confidence, text));
    for (size_t k = 1; k < spec->n_stores; k++)
        fact(html, "compared with", spec->stores[k].path);
    for (size_t k = 0; k < spec->n_curves; k++)
        fact(html, "curves", spec->curves[k].path);
    nr_html_table_end(html);
    fputs("<details><summary>Commands that made it</summary>\n<pre>", html->stream);
    nr_html_text(html, "%s", store->history ? store->history : "");
    fputs("</pre></details>\n", html->stream);
}

/* ---- all layers at a glance ---- */

static nr_status write_layer_row(nr_html *html, const nr_store *store,
                                 const nr_store_layer *layer) {
    nr_results *r;
    char count[NR_NUMBER_TEXT], time[NR_NUMBER_TEXT];
    uint32_t groups = 0;
    size_t dead = 0, unreliable = 0;
    NR_TRY(nr_store_results(store, layer, &r));
    bool known = nr_html_has_values(r);
    for (size_t i = 0; i < r->n && known; i++) {
        if (r->group[i] + 1 > groups) groups = r->group[i] + 1;
        dead += r->dead[i] != 0;
        unreliable += r->unreliable[i] != 0;
    }
    nr_html_row(html);
    nr_html_head(html, "%s", layer->name);
    nr_html_number(html, "%zu", r->n);
    nr_html_cell(html, "%s",
                 nr_store_layer_is_complete(layer) ? "complete" : "partial");
    nr_html_cell(html, "%s", nr_metric_words[layer->plan.metric]);
    nr_html_cell(html, "%s", nr_ablation_words[layer->plan.ablation]);
    nr_html_real(html, 6, known ? r->value_full : NAN);
    nr_html_real(html, 6, known ? r->value_empty : NAN);
    nr_html_number(html, "%.4g", r->seen);
    nr_html_number(html, "%s", known ? nr_interval_name(layer) : "\u2013");
    nr_html_real(html, 6, known ? nr_results_widest(r) : NAN);
    nr_html_number(html, "%u", groups);
    nr_html_number(html, "%zu", dead);
    nr_html_number(html, "%zu", unreliable);
    nr_html_number(html, "%s", nr_format_count((double)r->coalition_images, count));
    nr_html_number(html, "%s", nr_format_duration(layer->seconds, time));
    nr_results_free(r);
    return NR_OK;
}

static nr_status write_overview(nr_html *html, const nr_html_spec *spec,
                                const nr_names *names) {
    static const char *const titles[] = {
        "<layer",   "filters",   "<status",    "<score",           "<ablation",
        "all kept", "none kept", "sweeps",     "intervals",        "widest \u00b1",
        "groups",   "dead",      "unreliable", "coalition-images", "time"};
    const nr_store *store = spec->stores[0].store;
    if (store->n_layers == 0) return NR_OK;
    nr_html_table(html, "Shapley values, layer by layer", titles,
                  sizeof titles / sizeof *titles);
    for (size_t i = 0; i < names->n; i++) {
        const nr_store_layer *layer = nr_store_find_layer(store, names->items[i]);
        if (layer && nr_is_selected(spec->layers, names->items[i]))
            NR_TRY(write_layer_row(html, store, layer));
    }
    nr_html_table_end(html);
    return NR_OK;
}

static void write_contents(nr_html *html, const nr_html_spec *spec,
                           const nr_names *names) {
    fputs("<nav><ul>", html->stream);
    for (size_t i = 0; i < names->n; i++) {
        if (!nr_is_selected(spec->layers, names->items[i])) continue;
        fprintf(html->stream, "<li><a href=\"#layer-%zu\">", i);
        nr_html_text(html, "%s", names->items[i]);
        fputs("</a>", html->stream);
    }
    fputs("</ul></nav>\n", html->stream);
}

/* ---- layer by layer ---- */

/* Folded away: who reads of a filter does not ask for them. */
static void write_settings(nr_html *html, const char *what, nr_plan plan) {
    static const char *const titles[] = {"<setting", "<value"};
    fputs("<details><summary>", html->stream);
    nr_html_text(html, "Settings of %s", what);
    fputs("</summary>\n", html->stream);
    nr_html_table(html, NULL, titles, 2);
    write_plan(html, plan);
    nr_html_table_end(html);
    fputs("</details>\n", html->stream);
}

static nr_status write_shapley(nr_html *html, const nr_store *store,
                               const nr_store_layer *layer) {
    nr_results *r;
    NR_TRY(nr_store_results(store, layer, &r));
    if (!nr_html_has_values(r))
        nr_html_note(html, "No Shapley value is known yet: %s.",
                     nr_store_is_exact(layer) ? "an exact run has them at its end"
                                              : "no unit of work is finished");
    write_settings(html, "the Shapley values", nr_store_layer_plan(layer));
    nr_status status = nr_html_values(html, store, layer, r);
    if (status == NR_OK) status = nr_html_progress(html, store, layer);
    if (status == NR_OK) status = nr_html_classes(html, layer, r);
    nr_results_free(r);
    return status;
}

static nr_status write_layer(nr_html *html, const nr_html_spec *spec, const char *name,
                             size_t number) {
    const nr_store *store = spec->stores[0].store;
    const nr_store_layer *layer = nr_store_find_layer(store, name);
    const nr_rating *rating = nr_store_rating(store, name, NR_RATING_SWITCH);
    fprintf(html->stream, "<section id=\"layer-%zu\">\n", number);
    nr_html_heading(html, 2, "%s", name);
    if (layer) NR_TRY(write_shapley(html, store, layer));
    if (rating) {
        NR_TRY(nr_html_switch(html, store, rating));
        NR_TRY(nr_html_switch_progress(html, rating));
        write_settings(html, "the switch", nr_rating_get_plan(rating));
    }
    NR_TRY(nr_html_methods(html, spec, name));
    NR_TRY(nr_html_curves(html, spec, name));
    fputs("</section>\n", html->stream);
    return NR_OK;
}

static nr_status write_page(nr_html *html, const nr_html_spec *spec,
                            const nr_names *names) {
    nr_html_heading(html, 1, "Which filters matter: %s", spec->stores[0].path);
    write_contents(html, spec, names);
    write_facts(html, spec);
    NR_TRY(write_overview(html, spec, names));
    for (size_t i = 0; i < names->n; i++) {
        if (!nr_is_selected(spec->layers, names->items[i])) continue;
        NR_TRY(write_layer(html, spec, names->items[i], i));
        if (spec->listener) spec->listener(spec->self, names->items[i]);
    }
    fputs("<footer><p>", html->stream);
    nr_html_text(html,
                 "Made by neurank %s from these files alone. Shapley values and "
                 "importance switch: Adamczewski and Park, Neuron ranking, "
                 "arXiv:1907.02519.",
                 NR_VERSION);
    fputs("</p></footer>\n", html->stream);
    return NR_OK;
}

nr_status nr_report_html(const nr_html_spec *spec, FILE *stream) {
    nr_html html = {.stream = stream};
    nr_names names = {0};
    nr_status status = find_layers(spec, &names);
    if (status == NR_OK) {
        char title[512];
        snprintf(title, sizeof title, "neurank: %.480s", spec->stores[0].path);
        nr_html_begin(&html, title);
        status = write_page(&html, spec, &names);
        nr_html_end(&html);
    }
    nr_names_free(&names);
    NR_TRY(status);
    NR_REQUIRE(!html.failed, NR_ERR_INTERNAL, "no memory for a text of the page");
    return NR_OK;
}

/* A store as one page for a browser: tables, plots inside them, nothing to load and
 * nothing to run. What it has, layer by layer:
 *
 *   values        filters by value, with intervals and tie groups (html_values.c)
 *   convergence   the widest interval after so many sweeps (html_progress.c)
 *   classes       a map of the values by class (html_classes.c)
 *   methods       how far the rankings agree (html_methods.c)
 *   curves        accuracy against the filters that are kept (html_curves.c)
 *
 * Beside every plot stands a table with its numbers. Plots are by gnuplot (plot.h). */
#ifndef NEURANK_REPORT_HTML_H
#define NEURANK_REPORT_HTML_H

#include "neurank/report/compare.h"
#include "neurank/store/curve.h"

typedef struct {
    const char *path;
    const nr_curves *curves;
} nr_drawn_curves;

/* A layer is written. */
typedef void nr_html_listener(void *self, const char *layer);

typedef struct {
    /* The first is what the page is about; the others are compared with it. */
    const nr_compared_store *stores;
    size_t n_stores;
    const nr_drawn_curves *curves;
    size_t n_curves;
    const char *layers;         /* "a,b"; NULL, "all": all */
    nr_html_listener *listener; /* NULL: none */
    void *self;
} nr_html_spec;

/* *n_layers: how many the page will have. NR_ERR_MISMATCH: stores or curves of other
 * networks, or nothing to show; NR_ERR_USAGE: a layer that is not there;
 * NR_ERR_INTERNAL: no memory. */
nr_status nr_html_check(const nr_html_spec *spec, size_t *n_layers);
/* Writes the page of what nr_html_check has found to be good. NR_ERR_INTERNAL: no
 * gnuplot, it failed, or no memory; the stream has a part of the page then. Failures of
 * the stream are the caller's to look for. */
nr_status nr_report_html(const nr_html_spec *spec, FILE *stream);

#endif

/* The parts of a page (report/html.h). Each writes nothing where it has nothing. */
#ifndef NEURANK_REPORT_HTML_PARTS_H
#define NEURANK_REPORT_HTML_PARTS_H

#include "html_write.h"
#include "neurank/estim/results.h"
#include "neurank/report/html.h"

/* Decimals that show the median of these errors [n] with two digits: the smallest one,
 * of a filter that hardly does anything, would need more than can be read. */
int nr_html_decimals(size_t n, const double *errors);

/* Sampled values have been seen, exact ones are complete. */
bool nr_html_has_values(const nr_results *r);

nr_status nr_html_values(nr_html *html, const nr_store *store,
                         const nr_store_layer *layer, const nr_results *r);
nr_status nr_html_switch(nr_html *html, const nr_store *store, const nr_rating *rating);
nr_status nr_html_switch_progress(nr_html *html, const nr_rating *rating);
/* How the widest interval became narrower. */
nr_status nr_html_progress(nr_html *html, const nr_store *store,
                           const nr_store_layer *layer);
nr_status nr_html_classes(nr_html *html, const nr_store_layer *layer,
                          const nr_results *r);
nr_status nr_html_methods(nr_html *html, const nr_html_spec *spec, const char *layer);
nr_status nr_html_curves(nr_html *html, const nr_html_spec *spec, const char *layer);

#endif

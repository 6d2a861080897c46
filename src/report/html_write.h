/* The words of a page: text, tables, and figures with their tables. */
#ifndef NEURANK_REPORT_HTML_WRITE_H
#define NEURANK_REPORT_HTML_WRITE_H

#include <stdbool.h>

#include "plot.h"

typedef struct {
    FILE *stream;
    size_t n_plots; /* so far: their elements have names of their own */
    bool failed;    /* there was no memory for a text */
} nr_html;

/* Before and behind everything else. title is text. */
void nr_html_begin(nr_html *html, const char *title);
void nr_html_end(nr_html *html);

/* Text, with what HTML would take for markup in it written out. */
void nr_html_text(nr_html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same as a paragraph, and as a heading of that level. */
void nr_html_note(nr_html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void nr_html_heading(nr_html *html, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- tables ---- */

/* A title that begins with '<' stands at the left. */
void nr_html_table(nr_html *html, const char *caption, const char *const *titles,
                   size_t n);
void nr_html_row(nr_html *html); /* begins one */
/* Cells: text at the left, in several lines if it is long (words), numbers at the
 * right; one that heads its row. */
void nr_html_words(nr_html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void nr_html_cell(nr_html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void nr_html_number(nr_html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void nr_html_head(nr_html *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* So many decimals, or a dash. */
void nr_html_real(nr_html *html, int decimals, double value);
void nr_html_table_end(nr_html *html);

/* ---- a plot, and its table beside it ---- */

/* Draws what the plot's script says and ends the plot; label: what is to be seen. The
 * table follows, and then nr_html_pair_end. */
nr_status nr_html_pair(nr_html *html, nr_plot *plot, const char *label, ...)
    __attribute__((format(printf, 3, 4)));
void nr_html_pair_end(nr_html *html);

#endif

/* Pages of the manual, from a small part of Markdown, for a terminal or as roff.
 *
 *     # title                 left out: the page's head says more
 *     ## heading
 *     a paragraph with `code`, *stress*, **strong** and [text](where it leads)
 *     * an item
 *     * `term`: what it means
 *         verbatim, four blanks deep
 *     <!-- a line that is left out -->
 *
 * A paragraph ends at an empty line, an item there or at the next one. There are no
 * tables, no lists within lists, no rules, no quotes: they would be printed as
 * paragraphs. */
#ifndef NEURANK_MANUAL_MANUAL_H
#define NEURANK_MANUAL_MANUAL_H

#include <stdio.h>

#include "neurank/base/terminal.h"

/* source: the page's Markdown, ended by 0. Lines of at most page.columns, at least 40,
 * or 80 where that is 0, as far as words and verbatim lines allow; bold and underlined
 * where there is colour. Cannot fail but for the stream, as the next one. */
void nr_manual_print_text(const char *source, nr_page page, FILE *stream);

/* For man(7). name: of the page, in any case; section 1, 7, ... */
void nr_manual_print_roff(const char *source, const char *name, int section,
                          FILE *stream);

#endif

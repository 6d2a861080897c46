/* Blocks of a page, and spans of a block. Both are parts of the source: nothing is
 * copied. */
#ifndef NEURANK_MANUAL_MARKDOWN_H
#define NEURANK_MANUAL_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    NR_BLOCK_HEADING,
    NR_BLOCK_PARAGRAPH,
    NR_BLOCK_ITEM,
    NR_BLOCK_TERM,    /* an item that begins with code and a colon */
    NR_BLOCK_VERBATIM /* lines with their four blanks */
} nr_block_kind;

typedef struct {
    nr_block_kind kind;
    const char *term; /* of a term: what stands before the colon */
    size_t n_term;
    const char *text; /* a newline in it is a blank, but for verbatim lines */
    size_t n;
} nr_block;

/* The next block from *at on, which moves behind it; false at the end. */
bool nr_block_next(const char **at, nr_block *out);

typedef enum { NR_SPAN_PLAIN, NR_SPAN_STRONG, NR_SPAN_STRESS } nr_span_style;

typedef struct {
    nr_span_style style;
    const char *text;
    size_t n;
} nr_span;

/* The next span of a block's text; code is strong. A mark that nothing ends is text. */
bool nr_span_next(const char **at, const char *end, nr_span *out);

/* The next line of verbatim text without its four blanks; may be empty. */
bool nr_line_next(const char **at, const char *end, const char **line, size_t *n);

#endif

/* What a stream can show. */
#ifndef NEURANK_BASE_TERMINAL_H
#define NEURANK_BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct {
    size_t columns; /* of a line; 0: no terminal, no limit */
    bool colour;    /* a terminal that is not dumb, and NO_COLOR is not set */
} nr_page;

/* COLUMNS says how wide a terminal is, or else the terminal itself (80 if neither). No
 * limit and no colour for what is no terminal. */
nr_page nr_page_of(FILE *stream);

#endif

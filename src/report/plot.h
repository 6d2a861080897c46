/* A plot: a script for gnuplot, drawn as SVG that stands inside a page.
 *
 * Weighed: SVG written here (axes, tics and keys are what gnuplot knows), a library in
 * JavaScript (the page would need it, and a printer cannot run it), PNG (neither sharp
 * nor small). gnuplot reads its script from memory and no settings of the user's, so
 * that the same store gives the same picture. */
#ifndef NEURANK_REPORT_PLOT_H
#define NEURANK_REPORT_PLOT_H

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "neurank/base/status.h"

/* Colours that readers with any kind of colour blindness tell apart (Okabe & Ito 2008,
 * "Color Universal Design"), without its yellow, which is too pale for lines. */
enum { NR_PLOT_COLOURS = 7 };
extern const char *const nr_plot_colours[NR_PLOT_COLOURS];
#define NR_PLOT_BLUE "#0072b2"
#define NR_PLOT_ORANGE "#d55e00"
#define NR_PLOT_GREY "#8c8c8c"

typedef struct {
    FILE *script; /* commands go here */
    char *text;
    size_t bytes;
} nr_plot;

/* Begins a script: size, fonts, axes. height: over width. nr_plot_free in any case. */
nr_status nr_plot_begin(double height, nr_plot *out);
void nr_plot_free(nr_plot *plot);

/* A foreign text as gnuplot reads it: quoted, and what could mean something replaced.
 */
void nr_plot_word(nr_plot *plot, const char *text);
/* A number, or the word for one that is missing. */
void nr_plot_number(nr_plot *plot, double value);

/* What an axis has to show; begins as NR_PLOT_NOTHING. */
typedef struct {
    double low, high;
} nr_plot_range;
#define NR_PLOT_NOTHING ((nr_plot_range){NAN, NAN})
/* Widens the range until it reaches over all values [n] that are finite. */
void nr_plot_reach(nr_plot_range *range, size_t n, const double *values);
/* Sets the range of an axis ("x"), and margin, a part of its length, at both ends. */
void nr_plot_axis(nr_plot *plot, const char *axis, nr_plot_range range, double margin);

/* Draws it into the page. number: of the plot, which its elements' names carry. */
nr_status nr_plot_draw(nr_plot *plot, size_t number, FILE *stream);

#endif

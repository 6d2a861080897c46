#include "plot.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/command.h"

/* Of the drawing, in its own unit. A phone shows it at about half the size, and letters
 * have to be read there. */
enum { WIDTH = 640, FONT = 16 };
static const double limit_s = 120;

const char *const nr_plot_colours[NR_PLOT_COLOURS] = {
    NR_PLOT_BLUE, NR_PLOT_ORANGE, "#009e73", "#cc79a7",
    "#e69f00",    "#56b4e9",      "#000000"};

nr_status nr_plot_begin(double height, nr_plot *out) {
    *out = (nr_plot){0};
    out->script = open_memstream(&out->text, &out->bytes);
    NR_REQUIRE(out->script, NR_ERR_INTERNAL, "no memory for a plot");
    fprintf(out->script,
            "set terminal svg size %d,%d dynamic font 'sans-serif,%d' standalone\n"
            "set encoding utf8\n"
            "set termoption noenhanced\n"
            "set datafile missing 'NaN'\n"
            "set border 3 linecolor rgb '#444444'\n"
            "set tics nomirror out\n"
            "set grid linecolor rgb '#dddddd'\n",
            WIDTH, (int)(WIDTH * height), FONT);
    return NR_OK;
}

void nr_plot_free(nr_plot *plot) {
    if (plot->script) fclose(plot->script);
    free(plot->text);
    *plot = (nr_plot){0};
}

void nr_plot_word(nr_plot *plot, const char *text) {
    fputc('\'', plot->script);
    for (const char *p = text; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr(" -_.,:/+()[]", *p);
        fputc(plain ? *p : '?', plot->script);
    }
    fputc('\'', plot->script);
}

void nr_plot_number(nr_plot *plot, double value) {
    if (isfinite(value)) fprintf(plot->script, " %.9g", value);
    else fputs(" NaN", plot->script);
}

void nr_plot_reach(nr_plot_range *range, size_t n, const double *values) {
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) continue;
        if (!(values[i] >= range->low)) range->low = values[i];
        if (!(values[i] <= range->high)) range->high = values[i];
    }
}

void nr_plot_axis(nr_plot *plot, const char *axis, nr_plot_range range, double margin) {
    double low = isfinite(range.low) ? range.low : 0;
    double high = isfinite(range.high) ? range.high : low + 1;
    double length = high - low;
    if (!(length > 0)) length = fabs(low) > 0 ? fabs(low) : 1;
    fprintf(plot->script, "set %srange [%.9g:%.9g]\n", axis, low - margin * length,
            (high > low ? high : low + length) + margin * length);
}

/* ---- SVG that can stand beside others in one page ---- */

/* Does a name begin close behind p, given or used in what gnuplot writes? The length of
 * what stands between, as of " id='"; 0: no. */
static size_t name_at(const char *p) {
    static const char *const before[] = {" id='", " id=\"", "href='#", "url(#"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (strncmp(p, before[i], strlen(before[i])) == 0) return strlen(before[i]);
    return 0;
}

/* Behind the first `end` in it, if there is one. */
static const char *behind(const char *svg, const char *end) {
    const char *p = strstr(svg, end);
    return p ? p + strlen(end) : svg;
}

/* Names get the number of the plot; gnuplot's own title and description are left out,
 * because the page has better ones. */
static nr_status write_svg(const char *svg, size_t number, FILE *stream) {
    const char *element = strstr(svg, "<svg");
    const char *inside = element ? strchr(element, '>') : NULL;
    NR_REQUIRE(inside, NR_ERR_INTERNAL, "gnuplot wrote something that is no SVG");
    fprintf(stream, "%.*s>", (int)(inside - element), element);
    for (const char *p = behind(inside + 1, "</desc>"); *p;) {
        size_t length = name_at(p);
        if (length == 0) {
            fputc(*p++, stream);
            continue;
        }
        fprintf(stream, "%.*sp%zu-", (int)length, p, number);
        p += length;
    }
    return NR_OK;
}

nr_status nr_plot_draw(nr_plot *plot, size_t number, FILE *stream) {
    const char *const argv[] = {"gnuplot", "--default-settings", NULL};
    char *svg;
    fflush(plot->script);
    NR_REQUIRE(!ferror(plot->script), NR_ERR_INTERNAL, "no memory for a plot");
    errno = 0;
    int code = nr_command_filter(argv, limit_s, plot->text, plot->bytes, &svg);
    nr_status status = NR_OK;
    if (code == 0) status = write_svg(svg, number, stream);
    else if (code < 0)
        status = nr_fail(NR_ERR_INTERNAL,
                         "plots need gnuplot, which does not run: %s (Debian: package "
                         "gnuplot-nox)",
                         strerror(errno ? errno : EIO));
    else status = nr_fail(NR_ERR_INTERNAL, "gnuplot ended with code %d", code);
    free(svg);
    return status;
}

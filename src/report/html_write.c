#include "html_write.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "neurank/base/version.h"

/* Paper and ink, also for those who have their screens dark: the plots are made for
 * it. On a narrow screen and on paper a table stands below its plot. */
static const char style[] =
    ":root{color-scheme:light}"
    "body{margin:0 auto;max-width:78rem;padding:1rem;background:#fff;color:#1b1b1b;"
    "font:1rem/1.45 system-ui,sans-serif}"
    "h1{font-size:1.6rem;margin:.2em 0;overflow-wrap:anywhere}"
    "h2{font-size:1.35rem;margin:2.2em 0 .3em;border-bottom:2px solid #0072b2}"
    "h3{font-size:1.1rem;margin:1.8em 0 .3em}"
    "p{max-width:48rem;margin:.4em 0 .9em}"
    "nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.3em 1.2em;padding:0}"
    "nav a{padding:.25em 0;display:inline-block}summary{padding:.25em 0;cursor:pointer}"
    "a{color:#00527f}"
    ".pair{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:1.2rem;"
    "align-items:start}"
    "figure{margin:0}svg{width:100%;height:auto;display:block}"
    "svg image{image-rendering:pixelated}"
    ".scroll{overflow:auto;max-height:27rem;border:1px solid #ccc}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;"
    "font-size:.82rem;min-width:100%}"
    "caption{text-align:left;padding:.4em .6em;color:#444}"
    "th,td{padding:.16em .5em;text-align:right;white-space:nowrap;"
    "border-top:1px solid #e4e4e4}"
    "thead th{position:sticky;top:0;background:#f3f3f3;border-top:0}"
    "thead th:first-child,td.t,th.t{text-align:left}"
    "td.w{white-space:normal;overflow-wrap:anywhere}"
    "footer{margin-top:3em;color:#444;font-size:.88rem}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}"
    "@media(max-width:56rem){.pair{grid-template-columns:minmax(0,1fr)}"
    ".scroll{max-height:24rem}}"
    "@media print{body{max-width:none;padding:0;font-size:10pt}nav{display:none}"
    ".pair{display:block}figure{max-width:15cm;break-inside:avoid}"
    ".scroll{overflow:visible;max-height:none;border:0}"
    "thead th{position:static}h2,h3{break-after:avoid}tr{break-inside:avoid}"
    "p{break-after:avoid}td,th{white-space:normal;padding:.1em .35em;font-size:8pt}}";

/* ---- text ---- */

static void put_escaped(const char *text, FILE *stream) {
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) switch (*p) {
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '&': fputs("&amp;", stream); break;
        case '"': fputs("&quot;", stream); break;
        case '\n': fputc('\n', stream); break;
        default: fputc(*p < ' ' || *p == 0x7f ? '?' : *p, stream);
        }
}

static void put(nr_html *html, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void put(nr_html *html, const char *format, va_list arguments) {
    char *text;
    if (vasprintf(&text, format, arguments) < 0) {
        html->failed = true;
        return;
    }
    put_escaped(text, html->stream);
    free(text);
}

void nr_html_text(nr_html *html, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    put(html, format, arguments);
    va_end(arguments);
}

void nr_html_note(nr_html *html, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("<p>", html->stream);
    put(html, format, arguments);
    fputs("</p>\n", html->stream);
    va_end(arguments);
}

void nr_html_heading(nr_html *html, int level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(html->stream, "<h%d>", level);
    put(html, format, arguments);
    fprintf(html->stream, "</h%d>\n", level);
    va_end(arguments);
}

void nr_html_begin(nr_html *html, const char *title) {
    FILE *stream = html->stream;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          /* A page that loads nothing, whatever stands in it. */
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; img-src data:\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n"
          "<meta name=\"generator\" content=\"neurank " NR_VERSION "\">\n<title>",
          stream);
    put_escaped(title, stream);
    fprintf(stream, "</title>\n<style>%s</style>\n</head>\n<body>\n", style);
}

void nr_html_end(nr_html *html) {
    fputs("</body>\n</html>\n", html->stream);
}

/* ---- tables ---- */

void nr_html_table(nr_html *html, const char *caption, const char *const *titles,
                   size_t n) {
    fputs("<div class=\"scroll\" tabindex=\"0\">\n<table>\n", html->stream);
    if (caption) {
        fputs("<caption>", html->stream);
        put_escaped(caption, html->stream);
        fputs("</caption>\n", html->stream);
    }
    fputs("<thead><tr>", html->stream);
    for (size_t i = 0; i < n; i++) {
        bool left = titles[i][0] == '<';
        fputs(left ? "<th scope=\"col\" class=\"t\">" : "<th scope=\"col\">",
              html->stream);
        put_escaped(titles[i] + left, html->stream);
        fputs("</th>", html->stream);
    }
    fputs("</tr></thead>\n<tbody>\n", html->stream);
}

void nr_html_row(nr_html *html) {
    fputs("\n<tr>", html->stream); /* HTML ends it where the next one begins */
}

#define CELL(begin, end)                                                               \
    va_list arguments;                                                                 \
    va_start(arguments, format);                                                       \
    fputs(begin, html->stream);                                                        \
    put(html, format, arguments);                                                      \
    fputs(end, html->stream);                                                          \
    va_end(arguments)

void nr_html_cell(nr_html *html, const char *format, ...) {
    CELL("<td class=\"t\">", "</td>");
}

void nr_html_words(nr_html *html, const char *format, ...) {
    CELL("<td class=\"t w\">", "</td>");
}

void nr_html_number(nr_html *html, const char *format, ...) {
    CELL("<td>", "</td>");
}

void nr_html_head(nr_html *html, const char *format, ...) {
    CELL("<th scope=\"row\" class=\"t\">", "</th>");
}

void nr_html_real(nr_html *html, int decimals, double value) {
    if (isfinite(value)) nr_html_number(html, "%.*f", decimals, value);
    else nr_html_number(html, "\u2013");
}

void nr_html_table_end(nr_html *html) {
    fputs("\n</tbody></table></div>\n", html->stream);
}

/* ---- plots ---- */

nr_status nr_html_pair(nr_html *html, nr_plot *plot, const char *label, ...) {
    va_list arguments;
    char *text;
    va_start(arguments, label);
    int length = vasprintf(&text, label, arguments);
    va_end(arguments);
    NR_REQUIRE(length >= 0, NR_ERR_INTERNAL, "no memory for a text of the page");
    fputs("<div class=\"pair\">\n<figure role=\"img\" aria-label=\"", html->stream);
    put_escaped(text, html->stream);
    free(text);
    fputs("\">", html->stream);
    nr_status status = nr_plot_draw(plot, ++html->n_plots, html->stream);
    nr_plot_free(plot);
    fputs("</figure>\n", html->stream);
    return status;
}

void nr_html_pair_end(nr_html *html) {
    fputs("</div>\n", html->stream);
}

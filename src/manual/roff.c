/* A page as roff, with the macros of man(7). */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "markdown.h"
#include "neurank/base/version.h"
#include "neurank/manual/manual.h"

/* Of the UTF-8 character at p, whose bytes *n says; a byte that begins none is one. */
static uint32_t code_point(const unsigned char *p, size_t left, size_t *n) {
    size_t bytes = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 1;
    *n = bytes <= left ? bytes : 1;
    if (*n == 1) return p[0];
    uint32_t code = p[0] & (0x7FU >> *n);
    for (size_t i = 1; i < *n; i++) code = code << 6 | (p[i] & 0x3FU);
    return code;
}

/* What roff would take for its own, and what it would print as another sign. */
static const char *escape(char c) {
    switch (c) {
    case '\\': return "\\e";
    case '-': return "\\-";
    case '\'': return "\\(aq";
    case '"': return "\\(dq";
    case '`': return "\\(ga";
    case '~': return "\\(ti";
    case '^': return "\\(ha";
    default: return NULL;
    }
}

static void put_text(const char *text, size_t n, FILE *stream) {
    for (size_t i = 0, bytes = 1; i < n; i += bytes) {
        uint32_t code = code_point((const unsigned char *)text + i, n - i, &bytes);
        const char *escaped = escape(text[i]);
        if (code >= 0x80) fprintf(stream, "\\[u%04X]", (unsigned)code);
        else if (escaped) fputs(escaped, stream);
        else fputc(text[i], stream);
    }
}

static bool is_gap(char c) {
    return c == ' ' || c == '\n';
}

/* Blanks that part words are one: roff would keep the others. */
static void put_filled(const char *text, size_t n, FILE *stream) {
    for (size_t i = 0; i < n;) {
        size_t word = 0;
        while (i + word < n && !is_gap(text[i + word])) word++;
        put_text(text + i, word, stream);
        i += word;
        if (i < n) fputc(' ', stream);
        while (i < n && is_gap(text[i])) i++;
    }
}

/* A line of its own; \& keeps a dot at its start from being a request. */
static void put_spans(const char *text, size_t n, FILE *stream) {
    static const char *const fonts[] = {
        [NR_SPAN_STRONG] = "\\fB", [NR_SPAN_STRESS] = "\\fI"};
    const char *end = text + n;
    nr_span span;
    while (text < end && is_gap(*text)) text++;
    if (text < end && *text == '.') fputs("\\&", stream);
    while (nr_span_next(&text, end, &span)) {
        if (span.style != NR_SPAN_PLAIN) fputs(fonts[span.style], stream);
        put_filled(span.text, span.n, stream);
        if (span.style != NR_SPAN_PLAIN) fputs("\\fR", stream);
    }
    fputc('\n', stream);
}

static void put_upper(const char *text, size_t n, FILE *stream) {
    for (size_t i = 0; i < n; i++) {
        char c = (char)toupper((unsigned char)text[i]);
        put_text(&c, 1, stream);
    }
}

static void put_verbatim(const char *text, size_t n, FILE *stream) {
    const char *at = text, *line;
    size_t length;
    fputs(".PP\n.RS 4\n.nf\n", stream);
    while (nr_line_next(&at, text + n, &line, &length)) {
        if (length > 0 && *line == '.') fputs("\\&", stream);
        put_text(line, length, stream);
        fputc('\n', stream);
    }
    fputs(".fi\n.RE\n", stream);
}

static void put_block(const nr_block *block, bool first, FILE *stream) {
    switch (block->kind) {
    case NR_BLOCK_HEADING:
        fputs(".SH \"", stream);
        put_upper(block->text, block->n, stream);
        fputs("\"\n", stream);
        break;
    case NR_BLOCK_PARAGRAPH:
        if (!first) fputs(".PP\n", stream);
        put_spans(block->text, block->n, stream);
        break;
    case NR_BLOCK_ITEM:
        fputs(".IP \\(bu 2\n", stream);
        put_spans(block->text, block->n, stream);
        break;
    case NR_BLOCK_TERM:
        fputs(".TP\n", stream);
        put_spans(block->term, block->n_term, stream);
        put_spans(block->text, block->n, stream);
        break;
    case NR_BLOCK_VERBATIM: put_verbatim(block->text, block->n, stream); break;
    }
}

void nr_manual_print_roff(const char *source, const char *name, int section,
                          FILE *stream) {
    nr_block block;
    bool first = true;
    fputs(".TH \"", stream);
    put_upper(name, strlen(name), stream);
    fprintf(stream, "\" %d \"\" \"neurank %s\" \"neurank\"\n.nh\n.ad l\n", section,
            NR_VERSION);
    while (nr_block_next(&source, &block)) {
        put_block(&block, first, stream);
        first = block.kind == NR_BLOCK_HEADING;
    }
}

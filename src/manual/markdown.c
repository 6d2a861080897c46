#include "markdown.h"

#include <string.h>

enum { VERBATIM_BLANKS = 4 };
static const char verbatim_start[] = "    ";

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static const char *line_end(const char *line) {
    return line + strcspn(line, "\n");
}

static const char *next_line(const char *line) {
    const char *end = line_end(line);
    return *end ? end + 1 : end;
}

static bool is_blank(const char *line) {
    return line + strspn(line, " ") == line_end(line);
}

/* Lines that are no part of the paragraph or item before them. */
static bool begins_block(const char *line) {
    return is_blank(line) || starts(line, "* ") || starts(line, "#") ||
           starts(line, "<!--");
}

static bool is_left_out(const char *line) {
    return is_blank(line) || starts(line, "# ") || starts(line, "<!--");
}

/* Up to the last line that is not empty. */
static const char *take_verbatim(const char *line, nr_block *out) {
    out->kind = NR_BLOCK_VERBATIM;
    out->text = line;
    while (*line && (is_blank(line) || starts(line, verbatim_start))) {
        if (!is_blank(line)) out->n = (size_t)(line_end(line) - out->text);
        line = next_line(line);
    }
    return line;
}

static const char *take_text(const char *line, nr_block *out) {
    out->text = line;
    do {
        out->n = (size_t)(line_end(line) - out->text);
        line = next_line(line);
    } while (*line && !begins_block(line));
    return line;
}

/* `--top K`: or `a`, `b`: in front of an item's text. */
static void part_term(nr_block *block) {
    const char *end = block->text + block->n, *p = block->text;
    if (*p != '`') return;
    while (p < end && (*p == '`' || *p == ',' || *p == ' ')) {
        if (*p == '`') {
            p = memchr(p + 1, '`', (size_t)(end - p - 1));
            if (!p) return;
        }
        p++;
    }
    if (p == end || *p != ':') return;
    block->kind = NR_BLOCK_TERM;
    block->term = block->text;
    block->n_term = (size_t)(p - block->text);
    block->text = p + 1;
    block->n = (size_t)(end - p - 1);
}

bool nr_block_next(const char **at, nr_block *out) {
    const char *line = *at;
    *out = (nr_block){.kind = NR_BLOCK_PARAGRAPH};
    while (*line && is_left_out(line)) line = next_line(line);
    *at = line;
    if (!*line) return false;
    if (starts(line, "## ")) {
        out->kind = NR_BLOCK_HEADING;
        out->text = line + 3;
        out->n = (size_t)(line_end(line) - out->text);
        *at = next_line(line);
    } else if (starts(line, verbatim_start)) {
        *at = take_verbatim(line, out);
    } else if (starts(line, "* ")) {
        *at = take_text(line + 2, out);
        out->kind = NR_BLOCK_ITEM;
        part_term(out);
    } else {
        *at = take_text(line, out);
    }
    return true;
}

bool nr_line_next(const char **at, const char *end, const char **line, size_t *n) {
    if (*at >= end) return false;
    const char *p = *at, *stop = memchr(p, '\n', (size_t)(end - p));
    if (!stop) stop = end;
    for (int i = 0; i < VERBATIM_BLANKS && p < stop && *p == ' '; i++) p++;
    *line = p;
    *n = (size_t)(stop - p);
    *at = stop + 1;
    return true;
}

/* ---- spans ---- */

/* Where `mark` stands again, behind a word; NULL: nowhere. */
static const char *closing(const char *p, const char *end, const char *mark) {
    size_t n = strlen(mark);
    for (const char *q = p + n + 1; q + n <= end; q++)
        if (memcmp(q, mark, n) == 0 && q[-1] != ' ') return q;
    return NULL;
}

static const char *between(const char *p, const char *end, const char *mark,
                           nr_span_style style, nr_span *out) {
    size_t n = strlen(mark);
    if ((size_t)(end - p) <= n || memcmp(p, mark, n) != 0 || p[n] == ' ') return NULL;
    const char *close = closing(p, end, mark);
    if (!close) return NULL;
    *out = (nr_span){style, p + n, (size_t)(close - p) - n};
    return close + n;
}

/* [text](target): the text. */
static const char *link_text(const char *p, const char *end, nr_span *out) {
    if (*p != '[') return NULL;
    const char *close = memchr(p, ']', (size_t)(end - p));
    if (!close || close + 1 >= end || close[1] != '(') return NULL;
    const char *last = memchr(close, ')', (size_t)(end - close));
    if (!last) return NULL;
    *out = (nr_span){NR_SPAN_PLAIN, p + 1, (size_t)(close - p - 1)};
    if (out->n > 2 && p[1] == '`' && close[-1] == '`')
        *out = (nr_span){NR_SPAN_STRONG, p + 2, out->n - 2};
    return last + 1;
}

static size_t plain_length(const char *p, const char *end) {
    size_t n = 1; /* a mark that begins nothing is text */
    while (p + n < end && p[n] != '`' && p[n] != '*' && p[n] != '[') n++;
    return n;
}

bool nr_span_next(const char **at, const char *end, nr_span *out) {
    const char *p = *at;
    if (p >= end) return false;
    const char *behind = between(p, end, "`", NR_SPAN_STRONG, out);
    if (!behind) behind = between(p, end, "**", NR_SPAN_STRONG, out);
    if (!behind) behind = between(p, end, "*", NR_SPAN_STRESS, out);
    if (!behind) behind = link_text(p, end, out);
    if (!behind) {
        *out = (nr_span){NR_SPAN_PLAIN, p, plain_length(p, end)};
        behind = p + out->n;
    }
    *at = behind;
    return true;
}

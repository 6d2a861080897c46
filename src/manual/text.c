/* A page as text: words fill lines. */
#include <string.h>

#include "markdown.h"
#include "neurank/manual/manual.h"

enum {
    COLUMNS = 80,
    COLUMNS_MIN = 40,
    BODY = 4,    /* blanks before what is no heading */
    HANGING = 2, /* further ones below the star of an item */
    MEANING = 8  /* the same below a term */
};
enum { WORD_BYTES = 1024 };

typedef struct {
    FILE *stream;
    size_t columns;
    bool colour;
    size_t column;         /* of the next character; 0: nothing is on the line yet */
    char word[WORD_BYTES]; /* with its codes */
    size_t bytes, width;
    nr_span_style style; /* at the end of the word */
} nr_writer;

static const char *const codes[] = {[NR_SPAN_PLAIN] = "\033[0m",
                                    [NR_SPAN_STRONG] = "\033[1m",
                                    [NR_SPAN_STRESS] = "\033[4m"};

static void set_style(nr_writer *w, nr_span_style style) {
    if (!w->colour || w->style == style) return;
    size_t n = strlen(codes[style]);
    if (w->bytes + n >= WORD_BYTES) return;
    memcpy(w->word + w->bytes, codes[style], n);
    w->bytes += n;
    w->style = style;
}

static void end_line(nr_writer *w) {
    if (w->column > 0) fputc('\n', w->stream);
    w->column = 0;
}

static void indent(nr_writer *w, size_t blanks) {
    if (w->column < blanks) fprintf(w->stream, "%*s", (int)(blanks - w->column), "");
    if (w->column < blanks) w->column = blanks;
}

/* Writes the word behind what stands on the line, or on the next line. */
static void end_word(nr_writer *w, size_t blanks) {
    if (w->width == 0) return;
    set_style(w, NR_SPAN_PLAIN);
    if (w->column > blanks && w->column + 1 + w->width > w->columns) end_line(w);
    if (w->column > blanks) {
        fputc(' ', w->stream);
        w->column++;
    }
    indent(w, blanks);
    fwrite(w->word, 1, w->bytes, w->stream);
    w->column += w->width;
    w->bytes = w->width = 0;
}

static void put_character(nr_writer *w, char c) {
    if (w->bytes + 1 >= WORD_BYTES) return; /* no word is as long */
    w->word[w->bytes++] = c;
    if ((c & 0xC0) != 0x80) w->width++; /* not within a character of several bytes */
}

static void put_words(nr_writer *w, const char *text, size_t n, size_t blanks) {
    const char *at = text;
    nr_span span;
    while (nr_span_next(&at, text + n, &span))
        for (size_t i = 0; i < span.n; i++) {
            if (span.text[i] == ' ' || span.text[i] == '\n') {
                end_word(w, blanks);
                continue;
            }
            set_style(w, span.style);
            put_character(w, span.text[i]);
        }
    end_word(w, blanks);
}

static void put_verbatim(nr_writer *w, const char *text, size_t n) {
    const char *at = text, *line;
    size_t length;
    while (nr_line_next(&at, text + n, &line, &length)) {
        if (length > 0) fprintf(w->stream, "%*s%.*s", 2 * BODY, "", (int)length, line);
        fputc('\n', w->stream);
    }
}

static void put_block(nr_writer *w, const nr_block *block) {
    switch (block->kind) {
    case NR_BLOCK_HEADING:
        set_style(w, NR_SPAN_STRONG);
        for (size_t i = 0; i < block->n; i++) put_character(w, block->text[i]);
        end_word(w, 0);
        break;
    case NR_BLOCK_PARAGRAPH: put_words(w, block->text, block->n, BODY); break;
    case NR_BLOCK_ITEM:
        indent(w, BODY);
        fputc('*', w->stream);
        w->column++;
        put_words(w, block->text, block->n, BODY + HANGING);
        break;
    case NR_BLOCK_TERM:
        put_words(w, block->term, block->n_term, BODY);
        if (w->column + 2 > BODY + MEANING) end_line(w);
        put_words(w, block->text, block->n, BODY + MEANING);
        break;
    case NR_BLOCK_VERBATIM: put_verbatim(w, block->text, block->n); break;
    }
    end_line(w);
}

static bool is_item(nr_block_kind kind) {
    return kind == NR_BLOCK_ITEM || kind == NR_BLOCK_TERM;
}

void nr_manual_print_text(const char *source, nr_page page, FILE *stream) {
    nr_writer w = {.stream = stream, .columns = page.columns, .colour = page.colour};
    if (w.columns == 0) w.columns = COLUMNS;
    if (w.columns < COLUMNS_MIN) w.columns = COLUMNS_MIN;
    nr_block block, before = {.kind = NR_BLOCK_HEADING};
    bool first = true;
    while (nr_block_next(&source, &block)) {
        bool close = before.kind == NR_BLOCK_HEADING ||
                     (is_item(before.kind) && is_item(block.kind));
        if (!first && (!close || block.kind == NR_BLOCK_HEADING)) fputc('\n', stream);
        put_block(&w, &block);
        before = block;
        first = false;
    }
}

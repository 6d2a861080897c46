/* A page fills the lines of a terminal with its words, keeps what is verbatim, marks
 * bold and underlined only where there is colour, and is roff without surprises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/manual/manual.h"

static const char source[] = "# left out\n"
                             "\n"
                             "First words, then `code` and *stress* and **strong**, a "
                             "[link](to.md), [`x`](y.md)\n"
                             "and 2 * 3 [0, 1].\n"
                             "<!-- left out, too -->\n"
                             "## Heading\n"
                             "\n"
                             "* an item that goes on and on until the line is full\n"
                             "  and on\n"
                             "* `--top K`, `-k`: what it means\n"
                             "\n"
                             "    verbatim  `*` \\ line\n"
                             "\n"
                             "    .end\n"
                             "\n"
                             "Last.\n";

static char *text_of(const char *page, size_t columns, bool colour) {
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    assert_non_null(stream);
    nr_manual_print_text(page, (nr_page){columns, colour}, stream);
    fclose(stream);
    return text;
}

static char *roff_of(const char *page) {
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    assert_non_null(stream);
    nr_manual_print_roff(page, "neurank-top", 1, stream);
    fclose(stream);
    return text;
}

static void expect(char *text, const char *wanted) {
    assert_string_equal(text, wanted);
    free(text);
}

static void test_text(void **state) {
    (void)state;
    expect(text_of(source, 48, false),
           "    First words, then code and stress and\n"
           "    strong, a link, x and 2 * 3 [0, 1].\n"
           "\n"
           "Heading\n"
           "    * an item that goes on and on until the line\n"
           "      is full and on\n"
           "    --top K, -k\n"
           "            what it means\n"
           "\n"
           "        verbatim  `*` \\ line\n"
           "\n"
           "        .end\n"
           "\n"
           "    Last.\n");
}

static void test_widths(void **state) {
    (void)state;
    static const char words[] =
        "a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh iiiiiiiii "
        "a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh iiiiiiiii\n";
    for (size_t columns = 0; columns < 130; columns += 13) {
        size_t most = columns == 0 ? 80 : columns < 40 ? 40 : columns;
        char *text = text_of(words, columns, false), *line = text;
        for (size_t n; *line; line += n + 1) {
            n = strcspn(line, "\n");
            assert_in_range(n, 5, most);
        }
        free(text);
    }
    /* Signs are counted, not bytes; a word that no line holds stands alone. */
    expect(text_of("\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5 "
                   "\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5 "
                   "123456789 1234\n",
                   40, false),
           "    \u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5 "
           "\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5\u00b5 123456789 "
           "1234\n");
    expect(text_of("a 1234567890123456789012345678901234567890 b\n", 40, false),
           "    a\n    1234567890123456789012345678901234567890\n    b\n");
}

static void test_colour(void **state) {
    (void)state;
    expect(text_of("## H i\n`a b` *c*.\n", 40, true),
           "\033[1mH i\033[0m\n    \033[1ma\033[0m \033[1mb\033[0m "
           "\033[4mc\033[0m.\n");
}

static void test_marks_without_end(void **state) {
    (void)state;
    expect(text_of("a `b *c [d](e\n", 40, false), "    a `b *c [d](e\n");
    expect(text_of("a **b * c *d *\n", 40, false), "    a **b * c *d *\n");
    expect(text_of("* `a: b\n* `a` b: c\n", 40, false), "    * `a: b\n    * a b: c\n");
    expect(text_of("* `123456`: a\n* `1234567`: b\n* `:`:\n", 40, false),
           "    123456  a\n    1234567\n            b\n    :\n");
    expect(text_of("", 40, false), "");
    expect(text_of("\n# t\n<!-- c", 40, false), "");
    expect(text_of("* ", 40, false), "    *\n");
    expect(text_of("    ", 40, false), "");
}

static void test_roff(void **state) {
    (void)state;
    char *text = roff_of(source), *body = strstr(text, ".ad l\n");
    assert_memory_equal(text, ".TH \"NEURANK\\-TOP\" 1 \"\" \"neurank ", 31);
    assert_non_null(body);
    assert_string_equal(body,
                        ".ad l\n"
                        "First words, then \\fBcode\\fR and \\fIstress\\fR and "
                        "\\fBstrong\\fR, a link, \\fBx\\fR and 2 * 3 [0, 1].\n"
                        ".SH \"HEADING\"\n"
                        ".IP \\(bu 2\n"
                        "an item that goes on and on until the line is full and on\n"
                        ".TP\n"
                        "\\fB\\-\\-top K\\fR, \\fB\\-k\\fR\n"
                        "what it means\n"
                        ".PP\n.RS 4\n.nf\n"
                        "verbatim  \\(ga*\\(ga \\e line\n"
                        "\n"
                        "\\&.end\n"
                        ".fi\n.RE\n"
                        ".PP\n"
                        "Last.\n");
    free(text);
}

static void test_roff_signs(void **state) {
    (void)state;
    char *text = roff_of("## H\n.start it's 2^-40 \"~\" \u00b5 \u20ac\n");
    assert_non_null(strstr(text, "\n\\&.start it\\(aqs 2\\(ha\\-40 \\(dq\\(ti\\(dq "
                                 "\\[u00B5] \\[u20AC]\n"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_widths),
        cmocka_unit_test(test_colour), cmocka_unit_test(test_marks_without_end),
        cmocka_unit_test(test_roff),   cmocka_unit_test(test_roff_signs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

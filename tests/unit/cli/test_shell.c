/* Whatever stands on a command line, a shell reads the printed words as the same ones.
 */
#include "../support/nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/cli/options.h"

/* What sh makes of `text`: its words with a line each. */
static void shell_words(const char *text, char *out, size_t n) {
    const char *path = test_path("words.sh");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "printf '%%s\\n' %s\n", text);
    fclose(file);
    char command[512];
    snprintf(command, sizeof command, "sh %s", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    out[fread(out, 1, n - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
}

static void print(int argc, char **argv, char *text, size_t n) {
    FILE *file = fmemopen(text, n, "w");
    assert_non_null(file);
    nr_options_shell(argc, argv, NR_COMMAND_SUBMIT, NR_COMMAND_SHAPLEY, file);
    fclose(file);
}

static void test_words(void **state) {
    (void)state;
    char *argv[] = {"neurank",    "submit",    "it's a \"model\".onnx",
                    "--nodes",    "2",         "$HOME `x`",
                    "-o",         "a*b\\c\nd", "--time=5m",
                    "--sweeps=3", "--layer",   "--weird",
                    "--dry-run",  "--",        "--nodes"};
    static const char wanted[] = "it's a \"model\".onnx\n$HOME `x`\n-o\na*b\\c\nd\n"
                                 "--sweeps=3\n--layer\n--weird\n--\n--nodes\n";
    char text[1024], words[1024];
    print(sizeof argv / sizeof *argv, argv, text, sizeof text);
    shell_words(text, words, sizeof words);
    assert_string_equal(words, wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

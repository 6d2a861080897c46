/* Options are read strictly, with the presets of the table. */
#include "../support/nets.h"

#include <math.h>
#include <string.h>

#include "neurank/plan/options.h"

enum { WORDS = 24 };

static nr_options *parse(const char *line, nr_status wanted) {
    static nr_options options;
    static char copy[512];
    char *argv[WORDS] = {0};
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    test_capture_log();
    assert_int_equal(nr_options_parse(argc, argv, &options), wanted);
    return &options;
}

static void test_shapley(void **state) {
    (void)state;
    nr_options *o =
        parse("neurank shapley m d --layer a,b -o r --seed=7 --metric margin "
              "--time-limit 1:30:00 --fresh --block 4",
              NR_OK);
    assert_int_equal(o->command, NR_COMMAND_SHAPLEY);
    assert_string_equal(o->positional[1], "d");
    assert_string_equal(o->layer, "a,b");
    assert_true(o->seed == 7 && o->sweeps == 0 && o->images == 0 && o->block == 4);
    assert_true(o->time_limit_s == 5400 && o->checkpoint_every_s == 60 && o->fresh);
    assert_true(o->confidence == 0.95);
    assert_int_equal(o->metric, 2);
    assert_int_equal(o->ablate, 0);
    assert_string_equal(o->kernels, "fast");
}

static void test_import(void **state) {
    (void)state;
    nr_options *o =
        parse("neurank import --idx i l --mean 1,2,3 --std -0.5 -o d", NR_OK);
    assert_int_equal(o->idx.n, 2);
    assert_string_equal(o->idx.files[1], "l");
    assert_true(o->mean.n == 3 && o->mean.values[2] == 3 && o->std.values[0] == -0.5);
    assert_true(isnan(o->scale));
    o = parse("neurank import --cifar10 a b c -o d", NR_OK);
    assert_int_equal(o->cifar10.n, 3);
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"neurank show r --top 2 --top 3", "--top is given twice"},
        {"neurank show r --top", "--top: K is expected"},
        {"neurank show r --format xml", "--format xml: text|csv|json is expected"},
        {"neurank show r s",
         "show: \"s\" is one argument too many: neurank show RUN.h5"},
        {"neurank show r --fresh",
         "show has no option --fresh; did you mean --format?"},
        {"neurank shapley m d --layer a -o r --fresh=1", "--fresh takes no value"},
        {"neurank import --idx i -o d", "--idx: IMAGES LABELS is expected"},
        {"neurank eval m d --drop 3", "eval: --drop needs --layer"},
        {"neurank import --idx i l --mean 1,,2 -o d",
         "--mean 1,,2: a list of numbers is expected"},
        {"neurank shapley m d --layer a -o r --confidence 1",
         "--confidence 1: out of range 0.5 to 0.999999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parse(cases[i].line, NR_ERR_USAGE);
        assert_string_equal(test_last_message(), cases[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapley),
                                       cmocka_unit_test(test_import),
                                       cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

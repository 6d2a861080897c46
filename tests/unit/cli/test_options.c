/* Options are read strictly, with the presets of the table. */
#include "../support/nets.h"

#include <math.h>
#include <string.h>

#include "neurank/cli/options.h"

enum { WORDS = 24 };

/* The request borrows from all of these until the next call. */
static nr_options *parse(const char *line, nr_status wanted) {
    static nr_options options;
    static char copy[512];
    static char *argv[WORDS];
    int argc = 0;
    memset(argv, 0, sizeof argv);
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
              "--time-limit 1:30:00 --fresh --block 4 --top 3",
              NR_OK);
    const nr_layers_request *play = &o->as.shapley.play;
    const nr_store_request *out = &o->as.shapley.out;
    assert_int_equal(o->command, NR_COMMAND_SHAPLEY);
    assert_string_equal(play->in.data, "d");
    assert_string_equal(play->layers, "a,b");
    assert_true(play->in.seed == 7 && play->in.images == 0 && play->block == 4);
    assert_true(play->goal.sweeps == 0 && play->goal.top == 3);
    assert_true(out->time_limit_s == 5400 && out->fresh);
    assert_true(out->checkpoint_s == 60 && !out->checkpoint_given);
    assert_true(play->confidence == 0.95);
    assert_int_equal(play->metric, NR_METRIC_MARGIN);
    assert_int_equal(play->ablation, NR_ABLATE_REMOVE);
    assert_string_equal(play->in.kernels, "fast");
}

/* The same options, in the request of another command. */
static void test_submit(void **state) {
    (void)state;
    nr_options *o = parse("neurank submit m d --layer a -o r --kernels blas "
                          "--checkpoint-every 5 --nodes 3",
                          NR_OK);
    const nr_submit_request *r = &o->as.submit;
    assert_string_equal(r->run.play.layers, "a");
    assert_string_equal(r->run.out.path, "r");
    assert_string_equal(*nr_options_output(o), "r");
    assert_true(r->run.out.checkpoint_given && r->kernels_given && r->nodes == 3);
}

static void test_arguments(void **state) {
    (void)state;
    nr_options *o = parse("neurank curve m d r s", NR_OK);
    assert_string_equal(o->as.curve.in.model, "m");
    assert_int_equal(o->as.curve.stores.n, 2);
    assert_string_equal(o->as.curve.stores.items[1], "s");
    assert_null(*nr_options_output(o));
    o = parse("neurank merge o -- -i", NR_OK);
    assert_string_equal(*nr_options_output(o), "o");
    assert_string_equal(o->as.merge.shards.items[0], "-i");
    o = parse("neurank prune m r --keep 1 -o s", NR_OK);
    assert_null(o->as.prune.in.data);
    assert_null(nr_options_output(parse("neurank show r", NR_OK)));
}

static void test_given(void **state) {
    (void)state;
    nr_options *o = parse("neurank compare r --confidence 0.95", NR_OK);
    assert_true(o->as.compare.confidence_given);
    assert_false(parse("neurank compare r", NR_OK)->as.compare.confidence_given);
    o = parse("neurank info m r --top 2 --confidence 0.9", NR_OK);
    assert_null(o->as.info.forecast.settled_option);
    o = parse("neurank info m r --top 2 --seed 1", NR_OK);
    assert_string_equal(o->as.info.forecast.settled_option, "seed");
}

static void test_import(void **state) {
    (void)state;
    nr_options *o =
        parse("neurank import --idx i l --mean 1,2,3 --std -0.5 -o d", NR_OK);
    const nr_import_request *r = &o->as.import;
    assert_int_equal(r->idx.n, 2);
    assert_string_equal(r->idx.items[1], "l");
    assert_true(r->mean.n == 3 && r->mean.values[2] == 3 && r->std.values[0] == -0.5);
    assert_true(isnan(r->scale));
    o = parse("neurank import --cifar10 a b c -o d", NR_OK);
    assert_int_equal(o->as.import.cifar10.n, 3);
}

/* Every command has fields of the types that its options want; NR_ASSERT says if not.
 */
static void test_all_commands(void **state) {
    (void)state;
    for (nr_command k = 0; k < NR_COMMAND_COUNT; k++) {
        char line[64];
        snprintf(line, sizeof line, "neurank %s --help", nr_command_name(k));
        assert_true(parse(line, NR_OK)->help);
    }
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapley),   cmocka_unit_test(test_submit),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_given),
        cmocka_unit_test(test_import),    cmocka_unit_test(test_all_commands),
        cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

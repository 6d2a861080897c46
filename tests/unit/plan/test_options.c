/* Options are read strictly, with the presets of the table; units cover every block
 * once. */
#include "../support/nets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/plan/options.h"
#include "neurank/plan/plan.h"
#include "neurank/plan/units.h"

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
    char choice[NR_CHOICE_TEXT];
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
    assert_string_equal(nr_option_choice("metric", o->metric, choice), "margin");
    assert_string_equal(nr_option_choice("ablate", o->ablate, choice), "remove");
    assert_string_equal(nr_option_choice("kernels", o->kernels, choice), "fast");
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

static void test_index_lists(void **state) {
    (void)state;
    static const char *const bad[] = {"",      "3-", "-3", "5-3", "1,1",
                                      "0-2,1", "10", "a",  "1,"};
    uint32_t *list;
    size_t n;
    assert_int_equal(nr_parse_index_list("--x", "7,0-2", 10, &list, &n), NR_OK);
    assert_int_equal(n, 4);
    const uint32_t wanted[] = {0, 1, 2, 7};
    assert_memory_equal(list, wanted, sizeof wanted);
    free(list);
    test_capture_log();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(nr_parse_index_list("--x", bad[i], 10, &list, &n),
                         NR_ERR_USAGE);
        free(list);
    }
}

static void test_units_cover_every_block_once(void **state) {
    (void)state;
    static const uint64_t blocks[] = {1, 2, 31, 32, 33, 1000, 10007};
    static const double macs[] = {0, 1, 1e4, 3e6, 1e12};
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
        for (size_t m = 0; m < sizeof macs / sizeof *macs; m++)
            for (uint32_t group = 1; group <= 32; group *= 2) {
                nr_units units = nr_units_plan(blocks[b], macs[m], group);
                uint64_t next = 0;
                assert_int_equal(units.blocks_per_unit % units.group_blocks, 0);
                assert_int_equal(units.blocks_per_unit % units.strata, 0);
                for (uint64_t u = 0; u < units.units_per_sweep; u++) {
                    nr_unit unit = nr_units_get(&units, 5 * units.units_per_sweep + u);
                    assert_true(unit.sweep == 5 && unit.first_block == next);
                    assert_true(unit.n_blocks > 0);
                    next += unit.n_blocks;
                }
                assert_true(next == blocks[b]);
            }
}

/* Every piece of every block once, in order, and no more units than a ledger can hold.
 */
static void test_exact_units_cover_every_piece_once(void **state) {
    (void)state;
    static const uint64_t blocks[] = {1, 3, 100, 5000}, players[] = {0, 1, 8, 20, 40};
    static const double macs[] = {0, 100, 4e5, 3e8};
    for (size_t b = 0; b < 4; b++)
        for (size_t p = 0; p < 5; p++)
            for (size_t m = 0; m < 4; m++) {
                nr_units units = nr_units_plan_exact(blocks[b], players[p], macs[m], 8);
                uint64_t next = 0;
                assert_true(units.units_per_sweep <= 1 << 24);
                assert_true(units.pieces == 1 || units.blocks_per_unit == 1);
                for (uint64_t u = 0; u < units.units_per_sweep; u++) {
                    nr_unit unit = nr_units_get(&units, u);
                    assert_int_equal(unit.n_pieces, units.pieces);
                    assert_int_equal(unit.first_block * units.pieces + unit.piece,
                                     next);
                    next += unit.n_blocks * (units.pieces > 1 ? 1 : units.pieces);
                }
                assert_int_equal(next, blocks[b] * units.pieces);
            }
}

static void test_plan_differences(void **state) {
    (void)state;
    nr_plan a = {0}, b = {0};
    nr_plan_set(&a, "seed", "1");
    nr_plan_set(&a, "metric", "loss");
    nr_plan_set(&b, "seed", "2");
    nr_plan_set(&b, "metric", "loss");
    nr_plan_set(&b, "layer", "fc1");
    char text[200] = "";
    nr_plan_differences(&a, &a, NULL, text, sizeof text);
    assert_string_equal(text, "");
    nr_plan_differences(&a, &b, NULL, text, sizeof text);
    nr_plan_differences(&b, &a, "conv1", text, sizeof text);
    assert_string_equal(text,
                        "seed is 1 there, 2 here; layer is not set there, fc1 here; "
                        "conv1: seed is 2 there, 1 here");
    char small[20] = "";
    nr_plan_differences(&a, &b, NULL, small, sizeof small);
    assert_string_equal(small, "seed is 1 there, 2 ");
    nr_plan_free(&a);
    nr_plan_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapley),
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_index_lists),
        cmocka_unit_test(test_units_cover_every_block_once),
        cmocka_unit_test(test_exact_units_cover_every_piece_once),
        cmocka_unit_test(test_plan_differences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

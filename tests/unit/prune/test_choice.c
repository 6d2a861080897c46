/* Which filters stand or fall together: a residual stream, a gate, concatenations, a
 * flatten, a depthwise convolution; which of them a rule keeps; and that no layer loses
 * its last one. Truth: the graphs are small enough to say it by hand. TEST: timeout=30
 */
#include "../support/nets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/prune/choice.h"

static nr_label label_of(const char *name) {
    return (nr_label){.name = name, .output_name = name};
}

static uint32_t binary(nr_graph *g, nr_op op, uint32_t a, uint32_t b) {
    uint32_t out;
    assert_int_equal(nr_graph_add_binary(g, label_of("binary"), op, a, b, &out), NR_OK);
    return out;
}

static uint32_t concat(nr_graph *g, uint32_t a, uint32_t b) {
    uint32_t out, inputs[] = {a, b};
    assert_int_equal(nr_graph_add_concat(g, label_of("concat"), inputs, 2, &out),
                     NR_OK);
    return out;
}

static size_t bundle(const nr_channels *ch, const nr_graph *g, const char *layer,
                     uint32_t filter) {
    return nr_channels_bundle(ch, test_layer(g, layer), filter);
}

/* stem --+--> inner -> relu -> outer --> + --> flatten -> logits
 *        +------------------------------^                         */
static nr_graph *residual(void) {
    nr_graph *g = test_graph(2, 4, 4);
    uint32_t stem = test_relu(g, test_conv(g, "stem", 0, 4, 3, 1, 1, 1));
    uint32_t x = test_relu(g, test_conv(g, "inner", stem, 6, 3, 1, 1, 1));
    x = binary(g, NR_OP_ADD, stem, test_conv(g, "outer", x, 4, 3, 1, 1, 1));
    test_finish(g, test_dense(g, "logits", test_flatten(g, x), 3));
    return g;
}

typedef struct {
    nr_graph *g;
    nr_channels *ch;
    bool *off, *silent, *cut;
} fixture;

static fixture begin(nr_graph *g) {
    fixture f = {.g = g};
    assert_int_equal(nr_channels_new(g, &f.ch), NR_OK);
    size_t n = nr_channels_count(f.ch);
    assert_non_null(NR_NEW(f.off, n));
    assert_non_null(NR_NEW(f.silent, n));
    assert_non_null(NR_NEW(f.cut, n));
    return f;
}

static void end(fixture *f) {
    free(f->off);
    free(f->silent);
    free(f->cut);
    nr_channels_free(f->ch);
    nr_graph_free(f->g);
}

static void turn_off(fixture *f, const char *layer, uint32_t filter) {
    f->off[nr_channels_first(f->ch, test_layer(f->g, layer)) + filter] = true;
}

/* "1010": which of the layer's filters can be cut. */
static void expect_cut(fixture *f, const char *layer, const char *wanted) {
    assert_int_equal(nr_channels_cut(f->ch, f->off, f->silent, f->cut), NR_OK);
    size_t first = nr_channels_first(f->ch, test_layer(f->g, layer));
    for (size_t c = 0; wanted[c]; c++)
        assert_int_equal(f->cut[first + c], wanted[c] == '1');
}

static void test_a_stream_goes_as_a_whole(void **state) {
    (void)state;
    fixture f = begin(residual());
    for (uint32_t c = 0; c < 4; c++)
        assert_int_equal(bundle(f.ch, f.g, "stem", c), bundle(f.ch, f.g, "outer", c));
    assert_int_not_equal(bundle(f.ch, f.g, "stem", 0), bundle(f.ch, f.g, "stem", 1));
    turn_off(&f, "stem", 1);
    expect_cut(&f, "stem", "0000");
    char why[256];
    nr_channels_why_not(f.ch, bundle(f.ch, f.g, "stem", 1), f.silent, why, sizeof why);
    assert_string_equal(why, "it is tied to outer, and can only go together with it");
    turn_off(&f, "outer", 1);
    turn_off(&f, "inner", 5);
    expect_cut(&f, "stem", "0100");
    expect_cut(&f, "outer", "0100");
    expect_cut(&f, "inner", "000001");
    expect_cut(&f, "logits", "000");
    turn_off(&f, "logits", 2); /* the classes stay whatever is off */
    expect_cut(&f, "logits", "000");
    end(&f);
}

/* x --+--> gate (per channel) --> * --> mixed: without x a gate is of no use; without
 *     +---------------------------^     the gate, x is still looked at by the gate. */
static void test_a_gate_follows_what_it_gates(void **state) {
    (void)state;
    nr_graph *g = test_graph(2, 4, 4);
    uint32_t x = test_relu(g, test_conv(g, "x", 0, 3, 3, 1, 1, 1)), pooled;
    assert_int_equal(nr_graph_add_window(g, label_of("pool"), NR_OP_GLOBAL_AVG_POOL, x,
                                         &(nr_window){0}, 0, &pooled),
                     NR_OK);
    uint32_t gate = test_pointwise(g, NR_OP_SIGMOID,
                                   test_conv(g, "gate", pooled, 3, 1, 1, 0, 1), 0, 0);
    x = test_conv(g, "mixed", binary(g, NR_OP_MUL, x, gate), 4, 1, 1, 0, 1);
    test_finish(g, test_dense(g, "logits", test_flatten(g, x), 3));
    fixture f = begin(g);
    turn_off(&f, "gate", 2);
    expect_cut(&f, "x", "000");
    expect_cut(&f, "gate", "000");
    turn_off(&f, "x", 2);
    expect_cut(&f, "x", "001");
    f.off[nr_channels_first(f.ch, test_layer(g, "gate")) + 2] = false;
    expect_cut(&f, "x", "001");
    expect_cut(&f, "gate", "001");
    end(&f);
}

static void test_concatenation_and_depthwise(void **state) {
    (void)state;
    nr_graph *g = test_graph(2, 4, 4);
    uint32_t a = test_conv(g, "a", 0, 2, 3, 1, 1, 1);
    uint32_t b = test_conv(g, "b", a, 2, 3, 1, 1, 1);
    uint32_t both = test_conv(g, "wide", concat(g, a, b), 8, 3, 1, 1, 4);
    uint32_t sum = test_conv(g, "sum", both, 4, 1, 1, 0, 1);
    sum = binary(g, NR_OP_ADD, sum, concat(g, b, a));
    test_finish(g, test_dense(g, "logits", test_flatten(g, sum), 3));
    fixture f = begin(g);
    /* wide has two channels for each of the concatenation's four */
    assert_int_equal(bundle(f.ch, g, "a", 1), bundle(f.ch, g, "wide", 2));
    assert_int_equal(bundle(f.ch, g, "a", 1), bundle(f.ch, g, "wide", 3));
    assert_int_equal(bundle(f.ch, g, "b", 0), bundle(f.ch, g, "wide", 4));
    assert_int_equal(bundle(f.ch, g, "b", 0), bundle(f.ch, g, "sum", 0));
    turn_off(&f, "a", 1);
    expect_cut(&f, "a", "00"); /* sum adds to it */
    turn_off(&f, "sum", 3);
    expect_cut(&f, "a", "01");
    expect_cut(&f, "wide", "00110000");
    expect_cut(&f, "sum", "0001");
    end(&f);
}

/* ---- rules ---- */

static nr_ranked_layer ranked(const nr_graph *g, const char *name, const double *values,
                              const double *low) {
    return (nr_ranked_layer){test_layer(g, name), name, values, low};
}

static void expect_off(const fixture *f, const char *layer, const char *wanted) {
    size_t first = nr_channels_first(f->ch, test_layer(f->g, layer));
    for (size_t c = 0; wanted[c]; c++)
        assert_int_equal(f->off[first + c], wanted[c] == '1');
}

static void test_rules(void **state) {
    (void)state;
    fixture f = begin(residual());
    const double stem[] = {4, -1, 0.5, 1}, outer[] = {-5, 3, 0.5, 1};
    const double inner[] = {1, 1, NAN, 3, 1, -2};
    const double none[] = {-1, -1, -1, -1}, one[] = {-1, -1, -1, 0.5};
    const double inner_low[] = {-1, -1, NAN, -1, -1, -1};
    const nr_ranked_layer layers[] = {ranked(f.g, "stem", stem, none),
                                      ranked(f.g, "inner", inner, inner_low),
                                      ranked(f.g, "outer", outer, one)};
    nr_choice *c;
    nr_keep_rule rule = {.kind = NR_KEEP_COUNT, .amount = 2};
    assert_int_equal(nr_choice_new("net", f.ch, layers, 3, &c), NR_OK);
    assert_int_equal(nr_choice_groups(c), 2);
    assert_int_equal(nr_choice_group_size(c, 0), 4);
    assert_string_equal(nr_choice_group_name(c, 1), "inner");
    /* sums of the stream: -1, 2, 1, 2; of equals the lower channel; what was not ranked
     * stays, and counts */
    assert_int_equal(nr_choice_make(c, &rule, f.off), NR_OK);
    expect_off(&f, "stem", "1010");
    expect_off(&f, "outer", "1010");
    expect_off(&f, "inner", "110011");
    rule = (nr_keep_rule){.kind = NR_KEEP_FRACTION, .amount = 0.01};
    assert_int_equal(nr_choice_make(c, &rule, f.off), NR_OK);
    expect_off(&f, "stem", "1011");
    expect_off(&f, "inner", "110111");
    rule = (nr_keep_rule){.kind = NR_KEEP_SIGNIFICANT};
    assert_int_equal(nr_choice_make(c, &rule, f.off), NR_OK);
    expect_off(&f, "stem", "1110"); /* outer's fourth is above zero */
    expect_off(&f, "inner", "110111");
    rule = (nr_keep_rule){.kind = NR_KEEP_EACH, .each = (const size_t[]){3, 6, 3}};
    assert_int_equal(nr_choice_make(c, &rule, f.off), NR_OK);
    expect_off(&f, "outer", "1000");
    expect_off(&f, "inner", "000000");
    rule = (nr_keep_rule){.kind = NR_KEEP_GROUPS, .each = (const size_t[]){1, 4}};
    assert_int_equal(nr_choice_make(c, &rule, f.off), NR_OK);
    expect_off(&f, "outer", "1011");
    expect_off(&f, "inner", "000011");
    test_capture_log();
    rule = (nr_keep_rule){.kind = NR_KEEP_COUNT, .amount = 5};
    assert_int_equal(nr_choice_make(c, &rule, f.off), NR_ERR_USAGE);
    assert_non_null(strstr(test_last_message(), "layer \"stem\" has 4 filters, 5"));
    rule = (nr_keep_rule){.kind = NR_KEEP_EACH, .each = (const size_t[]){3, 6, 2}};
    assert_int_equal(nr_choice_make(c, &rule, f.off), NR_ERR_USAGE);
    assert_non_null(strstr(test_last_message(), "not 3 and 2"));
    nr_choice_free(c);
    assert_int_equal(nr_choice_new("net", f.ch, layers, 1, &c), NR_ERR_MISMATCH);
    assert_non_null(strstr(test_last_message(), "it is tied to outer"));
    end(&f);
}

/* a [2] and b [2], concatenated and added to: the best two bundles are both a's. */
static void test_no_layer_loses_its_last_filter(void **state) {
    (void)state;
    nr_graph *g = test_graph(2, 4, 4);
    uint32_t a = test_conv(g, "a", 0, 2, 3, 1, 1, 1);
    uint32_t b = test_conv(g, "b", 0, 2, 3, 1, 1, 1);
    uint32_t x =
        binary(g, NR_OP_ADD, concat(g, a, b), test_conv(g, "c", 0, 4, 3, 1, 1, 1));
    test_finish(g, test_dense(g, "logits", test_flatten(g, x), 3));
    fixture f = begin(g);
    const double of_a[] = {5, 4}, of_b[] = {1, 2}, of_c[] = {0, 0, 0, 0};
    const nr_ranked_layer layers[] = {ranked(g, "a", of_a, NULL),
                                      ranked(g, "b", of_b, NULL),
                                      ranked(g, "c", of_c, NULL)};
    nr_choice *c;
    nr_keep_rule rule = {.kind = NR_KEEP_COUNT, .amount = 2};
    assert_int_equal(nr_choice_new("net", f.ch, layers, 3, &c), NR_OK);
    assert_int_equal(nr_choice_groups(c), 1);
    assert_int_equal(nr_choice_make(c, &rule, f.off), NR_OK);
    expect_off(&f, "a", "00");
    expect_off(&f, "b", "10");
    expect_off(&f, "c", "0010");
    nr_choice_free(c);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_goes_as_a_whole),
        cmocka_unit_test(test_a_gate_follows_what_it_gates),
        cmocka_unit_test(test_concatenation_and_depthwise),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_no_layer_loses_its_last_filter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

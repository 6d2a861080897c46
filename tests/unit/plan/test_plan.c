/* Plans that differ say where, and every field is the same after its words are read. */
#include "../support/nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/plan/curve_plan.h"
#include "neurank/plan/layer_plan.h"
#include "neurank/plan/rating_plan.h"

static const nr_plan_form *const forms[] = {
    &nr_run_form, &nr_layer_form, &nr_switch_form, &nr_baseline_form, &nr_curve_form};

static void test_plan_differences(void **state) {
    (void)state;
    nr_layer_plan a = {.node = "n", .filters = "all"}, b = a;
    const nr_plan of_a = {&nr_layer_form, &a}, of_b = {&nr_layer_form, &b};
    char text[300] = "", small[20] = "";
    nr_plan_differences(of_a, of_a, NULL, text, sizeof text);
    assert_string_equal(text, "");
    b.metric = NR_METRIC_MARGIN;
    b.shard = (nr_shard){2, 5};
    b.arithmetic.blas = "Haswell";
    nr_plan_differences(of_a, of_b, NULL, text, sizeof text);
    b = a;
    b.block_images = 7;
    nr_plan_differences(of_b, of_a, "conv1", text, sizeof text);
    assert_string_equal(text, "metric is loss there, margin here; shard is none there, "
                              "2/5 here; blas is not set there, Haswell here; "
                              "conv1: block is 7 there, 0 here");
    nr_plan_differences(of_b, of_a, NULL, small, sizeof small);
    assert_string_equal(small, "block is 7 there, 0");
}

/* The digest of the images that a seed draws says nothing of its own. */
static void test_data_follows_the_seed(void **state) {
    (void)state;
    nr_run_plan a = {.in = {.model = "m", .data = "aa", .seed = 1}, .layers = "l"};
    nr_run_plan b = {.in = {.model = "m", .data = "bb", .seed = 2}, .layers = "l"};
    const nr_plan of_a = {&nr_run_form, &a}, of_b = {&nr_run_form, &b};
    char text[200] = "";
    nr_plan_differences(of_a, of_b, NULL, text, sizeof text);
    assert_string_equal(text, "seed is 1 there, 2 here");
    b.in.seed = 1;
    text[0] = '\0';
    nr_plan_differences(of_a, of_b, NULL, text, sizeof text);
    assert_string_equal(text, "data is aa there, bb here");
}

/* Some words of the field's type, the k-th. */
static void make_words(const nr_plan_field *field, unsigned k,
                       char text[NR_PLAN_TEXT]) {
    switch (field->type) {
    case NR_FIELD_TEXT: snprintf(text, NR_PLAN_TEXT, "text %u", k); return;
    case NR_FIELD_U64:
        snprintf(text, NR_PLAN_TEXT, k ? "18446744073709551%u" : "0", 600 + k);
        return;
    case NR_FIELD_U32: snprintf(text, NR_PLAN_TEXT, k ? "429496729%u" : "0", k); return;
    case NR_FIELD_NUMBER: snprintf(text, NR_PLAN_TEXT, "%u.1", k); return;
    case NR_FIELD_YES: snprintf(text, NR_PLAN_TEXT, k % 2 ? "no" : "yes"); return;
    case NR_FIELD_WORD:
        snprintf(text, NR_PLAN_TEXT, "%s", field->words[k % field->n_words]);
        return;
    case NR_FIELD_SHARD: snprintf(text, NR_PLAN_TEXT, k ? "%u/9" : "none", k); return;
    }
}

/* All fields at once, so that one that lies on another one is seen; and a copy that
 * outlives what it was copied from. */
static void test_words_of_every_field(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        const nr_plan_form *form = forms[f];
        for (unsigned k = 0; k < 5; k++) {
            char words[NR_PLAN_TEXT], room[NR_PLAN_TEXT];
            void *plan = calloc(1, form->bytes), *copy = malloc(form->bytes);
            bool good;
            for (size_t i = 0; i < form->n; i++) {
                make_words(&form->fields[i], k, words);
                assert_int_equal(nr_plan_parse(&form->fields[i], words, plan, &good),
                                 NR_OK);
                assert_true(good);
            }
            assert_int_equal(nr_plan_copy(form, plan, copy), NR_OK);
            nr_plan_clear(form, plan);
            for (size_t i = 0; i < form->n; i++) {
                make_words(&form->fields[i], k, words);
                assert_string_equal(
                    nr_plan_words((nr_plan){form, copy}, &form->fields[i], room),
                    words);
                assert_string_equal(
                    nr_plan_get((nr_plan){form, copy}, form->fields[i].name, room),
                    words);
            }
            nr_plan_clear(form, copy);
            free(copy);
            free(plan);
        }
    }
}

/* What a file says that is none of the field's type changes nothing. */
static void test_words_that_are_none(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (size_t i = 0; i < forms[f]->n; i++) {
            const nr_plan_field *field = &forms[f]->fields[i];
            char expected[96], room[NR_PLAN_TEXT];
            void *plan = calloc(1, forms[f]->bytes);
            bool good;
            nr_plan_expects(field, expected, sizeof expected);
            assert_true(*expected && strlen(expected) + 1 < sizeof expected);
            if (field->type != NR_FIELD_TEXT) {
                const nr_plan of = {forms[f], plan};
                char before[NR_PLAN_TEXT];
                snprintf(before, sizeof before, "%s", nr_plan_words(of, field, room));
                static const char *const bad[] = {"", "-1", "1x", "none of these",
                                                  "18446744073709551616"};
                for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
                    if (field->type == NR_FIELD_NUMBER && b % 3 == 1) continue;
                    assert_int_equal(nr_plan_parse(field, bad[b], plan, &good), NR_OK);
                    assert_false(good);
                    assert_string_equal(nr_plan_words(of, field, room), before);
                }
            }
            free(plan);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plan_differences),
                                       cmocka_unit_test(test_data_follows_the_seed),
                                       cmocka_unit_test(test_words_of_every_field),
                                       cmocka_unit_test(test_words_that_are_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

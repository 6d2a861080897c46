/* Plans that differ say where. */
#include "../support/nets.h"

#include "neurank/plan/plan.h"

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

/* The digest of the images that a seed draws says nothing of its own. */
static void test_data_follows_the_seed(void **state) {
    (void)state;
    nr_plan a = {0}, b = {0};
    char text[200] = "";
    nr_plan_set(&a, "seed", "1");
    nr_plan_set(&a, "data", "aa");
    nr_plan_set(&b, "seed", "2");
    nr_plan_set(&b, "data", "bb");
    nr_plan_differences(&a, &b, NULL, text, sizeof text);
    assert_string_equal(text, "seed is 1 there, 2 here");
    nr_plan_set(&b, "seed", "1");
    text[0] = '\0';
    nr_plan_differences(&a, &b, NULL, text, sizeof text);
    assert_string_equal(text, "data is aa there, bb here");
    nr_plan_free(&a);
    nr_plan_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plan_differences),
                                       cmocka_unit_test(test_data_follows_the_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

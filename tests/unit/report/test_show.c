/* What `show` says of a store: a name that holds what separates is quoted in CSV, what
 * is not known yet is empty and null, in text there is no table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../support/stores.h"
#include "neurank/base/memory.h"
#include "neurank/report/show.h"

static const test_store_spec spec = {2, 1, 1, false};

static nr_store *make(void) {
    nr_store *store = test_store(&spec);
    free(store->layers[0].name);
    store->layers[0].name = nr_strdup("a,\"b\"");
    assert_non_null(store->layers[0].name);
    return store;
}

static int64_t marginal(uint64_t sweep, size_t image, size_t player) {
    (void)sweep;
    (void)image;
    return player == 0 ? 4 : 40;
}

static char *show(const nr_store *store, nr_format format, uint64_t top) {
    char *text;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    assert_non_null(stream);
    assert_int_equal(nr_report_show(store, format, top, stream), NR_OK);
    fclose(stream);
    return text;
}

static void a_name_is_quoted_where_it_has_to_be(void **state) {
    (void)state;
    nr_store *store = make();
    test_store_add(store, 0, marginal);
    char *csv = show(store, NR_FORMAT_CSV, 0), *best = show(store, NR_FORMAT_CSV, 1);
    assert_non_null(strstr(csv, "layer,filter,rank,shapley,"));
    assert_non_null(strstr(csv, "\n\"a,\"\"b\"\"\",0,2,"));
    assert_non_null(strstr(csv, "\n\"a,\"\"b\"\"\",1,1,"));
    assert_non_null(strstr(best, "\n\"a,\"\"b\"\"\",1,1,"));
    assert_null(strstr(best, "\",0,"));
    free(best);
    free(csv);
    nr_store_free(store);
}

static void nothing_is_known_yet(void **state) {
    (void)state;
    nr_store *store = make();
    char *csv = show(store, NR_FORMAT_CSV, 0), *text = show(store, NR_FORMAT_TEXT, 0);
    char *json = show(store, NR_FORMAT_JSON, 0);
    assert_non_null(strstr(csv, ",,,,,,,,,,,,,,,1,2,1,0,1\n"));
    assert_non_null(strstr(text, "no unit of work is finished yet\n"));
    assert_null(strstr(text, "places   filter"));
    json_t *root = json_loads(json, 0, NULL);
    json_t *layer = json_array_get(json_object_get(root, "layers"), 0);
    json_t *values = json_object_get(layer, "shapley");
    assert_string_equal(json_string_value(json_object_get(layer, "name")), "a,\"b\"");
    assert_int_equal(json_array_size(values), spec.n_players);
    assert_true(json_is_null(json_array_get(values, 0)));
    json_decref(root);
    free(json);
    free(text);
    free(csv);
    nr_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_quoted_where_it_has_to_be),
        cmocka_unit_test(nothing_is_known_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

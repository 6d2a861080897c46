/* OpenBLAS gets other kernels where it fell back below the processor, and only there.
 * TEST: timeout=10 */
#include "neurank/nn/blas_core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    const char *core;
    bool avx2, avx512, amd;
    const char *better;
} row;

static void chosen_by_instruction_set(void **state) {
    static const row rows[] = {
        {"Prescott", true, true, false,
         "SkylakeX"}, /* a Xeon younger than the library */
        {"Core2", true, true, false, "SkylakeX"},
        {"Haswell", true, true, false, "SkylakeX"},
        {"Prescott", true, false, false, "Haswell"},
        {"Sandybridge", true, false, false, "Haswell"},
        {"Barcelona", true, false, true, "Zen"},
        {"Prescott", true, true, true, "SkylakeX"},
        {"Zen", true, true, true, NULL}, /* its own choice on Zen 4 */
        {"Haswell", true, false, false, NULL},
        {"SkylakeX", true, true, false, NULL},
        {"Cooperlake", true, true, true, NULL},
        {"Prescott", false, false, false, NULL},    /* it has no more */
        {"DiamondRapids", true, true, false, NULL}, /* younger than the table */
        {"haswell", true, false, false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *r = &rows[i];
        const char *got = nr_blas_core_better(r->core, r->avx2, r->avx512, r->amd);
        if (r->better) assert_string_equal(got ? got : "nothing", r->better);
        else assert_null(got);
    }
}

static void names_what_it_uses(void **state) {
    (void)state;
    assert_true(strlen(nr_blas_core()) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_by_instruction_set),
        cmocka_unit_test(names_what_it_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

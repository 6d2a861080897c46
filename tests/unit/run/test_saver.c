/* Checkpoints come as often as asked for, or as rarely as their cost demands. */
#include "../support/nets.h"
#include "../support/stores.h"

#include <dirent.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/run/saver.h"

enum { N = 6, UNITS = 8, BLOCKS = 16 };

static int threads(void) {
    int n = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    while (readdir(tasks)) n++;
    closedir(tasks);
    return n;
}

/* Ticks as if it were `later_s` from now, and again when the thread that writes a
 * checkpoint begun by it, if any, has ended. */
static void tick(nr_saver *saver, double later_s) {
    const struct timespec moment = {.tv_nsec = 1000000};
    int before = threads();
    assert_int_equal(nr_saver_tick(saver, 0, nr_clock_s() + later_s), NR_OK);
    while (threads() > before) nanosleep(&moment, NULL);
    assert_int_equal(nr_saver_tick(saver, 0, nr_clock_s()), NR_OK);
}

/* How many checkpoints are written at these moments after the one before. */
static uint64_t written(const nr_saver_times *times, double later_s, int ticks) {
    const test_store_spec spec = {
        .n_players = N, .blocks_per_unit = BLOCKS, .units_per_sweep = UNITS};
    const char *path = test_path("saver.h5");
    nr_store *store = test_store(&spec);
    nr_saver *saver;
    unlink(path);
    assert_int_equal(nr_store_write(path, store), NR_OK);
    uint64_t before = test_store_generation(path);
    assert_int_equal(nr_saver_new(store, path, NULL, times, &saver), NR_OK);
    for (int k = 0; k < ticks; k++) tick(saver, later_s);
    nr_saver_free(saver);
    nr_store_free(store);
    return test_store_generation(path) - before;
}

static void test_times(void **state) {
    (void)state;
    test_capture_log();
    const nr_saver_times plain = {.every_s = 60, .cost_most = INFINITY};
    assert_int_equal(written(&plain, 59, 3), 0);
    assert_int_equal(written(&plain, 61, 3), 3);
    /* One costs more than 10 microseconds and less than 10 seconds: after the first,
     * whose cost nobody knew, the next is due between 100 s and 10^8 s later. */
    const nr_saver_times dear = {.every_s = 60, .cost_most = 1e-7};
    assert_int_equal(written(&dear, 99, 3), 1);
    assert_int_equal(written(&dear, 1e8, 3), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

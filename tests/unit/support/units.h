/* A source of units for tests of the scheduler. */
#ifndef NEURANK_TESTS_UNITS_H
#define NEURANK_TESTS_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* next, next + 1, ..., end - 1, to whoever asks. */
typedef struct {
    uint64_t next, end;
} test_counter;

/* An nr_unit_source of a test_counter. */
bool test_count(void *self, int worker, uint64_t *unit);

#endif

#include "neurank/base/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

size_t nr_size_mul(size_t a, size_t b) {
    size_t product;
    if (a == SIZE_MAX || b == SIZE_MAX) return SIZE_MAX;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

size_t nr_size_add(size_t a, size_t b) {
    size_t sum;
    if (a == SIZE_MAX || b == SIZE_MAX) return SIZE_MAX;
    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static void *allocate(size_t bytes) {
    void *memory = NULL;
    size_t rounded = nr_size_add(bytes, ALIGNMENT);
    if (rounded < SIZE_MAX)
        memory = aligned_alloc(ALIGNMENT, rounded / ALIGNMENT * ALIGNMENT);
    if (!memory) {
        if (bytes == SIZE_MAX) nr_fail(NR_ERR_INTERNAL, "a size in memory overflows");
        else nr_fail(NR_ERR_INTERNAL, "out of memory: %zu bytes wanted", bytes);
    }
    return memory;
}

void *nr_new(size_t count, size_t element_bytes) {
    size_t bytes = nr_size_mul(count, element_bytes);
    void *memory = allocate(bytes);
    if (memory) memset(memory, 0, bytes);
    return memory;
}

float *nr_new_floats(size_t count) {
    float *memory = allocate(nr_size_mul(count, sizeof *memory));
#ifdef NR_DEBUG
    if (memory)
        for (size_t i = 0; i < count; i++) memory[i] = NAN;
#endif
    return memory;
}

char *nr_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = nr_new(bytes, 1);
    if (copy) memcpy(copy, text, bytes);
    return copy;
}

nr_status nr_grow(void **array, size_t *capacity, size_t needed, size_t element_bytes) {
    if (needed <= *capacity) return NR_OK;
    size_t larger = *capacity < 8 ? 8 : nr_size_mul(*capacity, 2);
    if (larger < needed) larger = needed;
    void *grown = nr_new(larger, element_bytes);
    if (!grown) return NR_ERR_INTERNAL;
    if (*array) memcpy(grown, *array, *capacity * element_bytes);
    free(*array);
    *array = grown;
    *capacity = larger;
    return NR_OK;
}

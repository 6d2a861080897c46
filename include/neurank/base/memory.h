/* Memory whose size was computed, not hoped for.
 *
 * A size is a product of foreign numbers more often than not, so it is formed by
 * nr_size_mul, which sticks at SIZE_MAX, and no allocation accepts SIZE_MAX. */
#ifndef NEURANK_BASE_MEMORY_H
#define NEURANK_BASE_MEMORY_H

#include <stddef.h>

#include "neurank/base/status.h"

/* a * b and a + b, or SIZE_MAX when that overflows or an operand is SIZE_MAX. */
size_t nr_size_mul(size_t a, size_t b);
size_t nr_size_add(size_t a, size_t b);

/* Zeroed array of count elements, 64-byte aligned, ended with free(). count 0 gives a
 * valid pointer. NULL after a message when there is no memory. */
void *nr_new(size_t count, size_t element_bytes);

/* As nr_new for floats to be written before they are read, so not zeroed: NaN in debug
 * builds. */
float *nr_new_floats(size_t count);

/* Copy of a string, ended with free(); NULL after a message. */
char *nr_strdup(const char *text);

/* Grows *array (of *capacity elements, from nr_new or NULL with 0) to hold at least
 * `needed`, at least by doubling; contents kept, new elements zero. NR_ERR_INTERNAL: no
 * memory; the array is as it was. */
nr_status nr_grow(void **array, size_t *capacity, size_t needed, size_t element_bytes);

#define NR_NEW(pointer, count) ((pointer) = nr_new((count), sizeof *(pointer)))

#endif

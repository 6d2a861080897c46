#include "units.h"

bool test_count(void *self, int worker, uint64_t *unit) {
    test_counter *counter = self;
    (void)worker;
    if (counter->next == counter->end) return false;
    *unit = counter->next++;
    return true;
}

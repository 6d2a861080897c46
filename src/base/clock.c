#include "neurank/base/clock.h"

#include <time.h>

double nr_clock_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void nr_clock_text(char text[NR_TIME_TEXT]) {
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, NR_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

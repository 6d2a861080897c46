/* Time. */
#ifndef NEURANK_BASE_CLOCK_H
#define NEURANK_BASE_CLOCK_H

/* Monotonic seconds since an arbitrary start. */
double nr_clock_s(void);

/* Now, in UTC: "2026-03-01T12:00:00Z". */
enum { NR_TIME_TEXT = 32 };
void nr_clock_text(char text[NR_TIME_TEXT]);

#endif

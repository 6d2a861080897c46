#include "neurank/run/deadline.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/text.h"

static const double margin_most_s = 60, margin_part = 0.1;

/* Seconds until SLURM ends the job; INFINITY if it does not say. */
static double job_left_s(void) {
    uint64_t end;
    struct timespec now;
    const char *text = getenv("SLURM_JOB_END_TIME");
    if (!text || !nr_parse_u64(text, &end) || end == 0) return INFINITY;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)end - ((double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
}

nr_deadline nr_deadline_make(double limit_s) {
    char left_text[NR_NUMBER_TEXT], margin_text[NR_NUMBER_TEXT];
    double now_s = nr_clock_s(), left_s = job_left_s();
    double margin_s = fmin(margin_most_s, margin_part * fmax(left_s, 0));
    nr_deadline deadline = {.limit_s = limit_s > 0 ? now_s + limit_s : INFINITY,
                            .job_s = now_s + left_s - margin_s};
    if (isfinite(left_s) && deadline.job_s < deadline.limit_s)
        nr_log(NR_LOG_INFO, "SLURM ends this job in %s: stopping %s before",
               nr_format_duration(fmax(left_s, 0), left_text),
               nr_format_duration(margin_s, margin_text));
    return deadline;
}

bool nr_deadline_passed(const nr_deadline *deadline, double now_s, double save_s) {
    return now_s >= deadline->limit_s || now_s + 2 * save_s >= deadline->job_s;
}

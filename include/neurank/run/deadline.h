/* When a run has to stop by itself: at --time-limit, or before SLURM ends its job. */
#ifndef NEURANK_RUN_DEADLINE_H
#define NEURANK_RUN_DEADLINE_H

#include <stdbool.h>

typedef struct {
    double limit_s; /* on nr_clock_s, of --time-limit; INFINITY: none */
    double job_s;   /* the same of the job's end, less the time to stop in */
} nr_deadline;

/* limit_s: of --time-limit, 0: none. The job's end is SLURM_JOB_END_TIME, in seconds
 * since 1970; the run stops a minute before it, or a tenth of what is left if that is
 * less. Says so. */
nr_deadline nr_deadline_make(double limit_s);
/* save_s: what saving takes. */
bool nr_deadline_passed(const nr_deadline *deadline, double now_s, double save_s);

#endif

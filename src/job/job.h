/* The SLURM job of a store: remembered beside it in RUN.h5.job (jobs/neurank-job writes
 * that, too), and what SLURM says of it. */
#ifndef NEURANK_JOB_JOB_H
#define NEURANK_JOB_JOB_H

#include <stdbool.h>

#include "neurank/base/status.h"

enum { NR_JOB_ID = 32, NR_JOB_TEXT = 128 };

typedef struct {
    char id[NR_JOB_ID]; /* "": no job is known */
    /* Of SLURM, "" where it does not say. state: PENDING, RUNNING, ...; gone: not in
     * the queue any more. */
    char state[NR_JOB_ID], used[NR_JOB_ID], limit[NR_JOB_ID], where[NR_JOB_TEXT];
} nr_job;

/* Which job a store's is: the one that `owner` names, who has its lock ("": nobody), or
 * the one that RUN.h5.job remembers. */
void nr_job_find(const char *store, const char *owner, nr_job *out);
/* Asks SLURM about it, if there is SLURM. */
void nr_job_ask(nr_job *job);
/* Is it in the queue or running? */
bool nr_job_is_alive(const nr_job *job);
nr_status nr_job_remember(const char *store, const char *id);

#endif

/* What `neurank status` knows of a run, and its three forms (status_print.c). */
#ifndef NEURANK_JOB_STATUS_H
#define NEURANK_JOB_STATUS_H

#include "job.h"
#include "neurank/base/format.h"
#include "neurank/base/lock.h"
#include "neurank/run/progress.h"

typedef struct {
    char *layer;        /* owned */
    const char *method; /* shapley, switch, baseline */
    const char *state;  /* complete, running, partial, waiting */
    bool complete;
    nr_progress_facts facts;
    uint64_t coalition_images; /* in the store */
} nr_status_row;

typedef struct {
    const char *path;
    const char *state; /* complete, running, queued, stopped, absent */
    char owner[NR_LOCK_TEXT];
    nr_job job;
    nr_status_row *rows; /* [n_rows]; owned; none without a store */
    size_t n_rows;
} nr_status_report;

void nr_status_head(nr_format format);
void nr_status_print(nr_format format, const nr_status_report *report, bool first);
void nr_status_tail(nr_format format);

#endif

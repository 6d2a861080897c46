/* `neurank submit`: what is asked for, what it needs, and the script that does it. */
#ifndef NEURANK_JOB_SUBMIT_H
#define NEURANK_JOB_SUBMIT_H

#include "neurank/job/job_commands.h"
#include "neurank/shapley/work.h"

/* What a partition of the cluster offers: its smallest node; 0 where SLURM does not
 * say. */
typedef struct {
    uint64_t cores, memory_mib;
} nr_cluster;
void nr_cluster_ask(const char *partition, nr_cluster *out);

/* What the job needs. */
typedef struct {
    uint64_t nodes, ranks_per_node, memory_mib; /* of a node */
    double seconds;                             /* forecast; INFINITY: cannot be told */
    double limit_s;                             /* of one start */
} nr_job_plan;

/* Bytes of the store, about, and of the memory of a node. */
double nr_work_store_bytes(const nr_work *work);
double nr_work_node_bytes(const nr_work *work, uint64_t ranks_per_node);

/* Writes the script that does it; *path is owned by the caller. */
nr_status nr_job_write(const nr_submit_request *request, const nr_job_plan *plan,
                       char **path);
/* output: the store. */
nr_status nr_job_submit(const char *output, const char *path);

#endif

/* Going on with a store: does it fit the command, and what changes when it does. */
#ifndef NEURANK_RUN_RESUME_H
#define NEURANK_RUN_RESUME_H

#include "neurank/store/store.h"

/* The store at path under the goals and the confidence of `wanted`, which is the
 * command's store with nothing done. NR_ERR_MISMATCH names every difference with both
 * values. *changed: the file does not say what this command says. */
nr_status nr_resume(const char *path, const nr_store *wanted, nr_store **out,
                    bool *changed);

#endif

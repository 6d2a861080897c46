/* What ranks say to each other. One encoder and one decoder each.
 *
 *   ASSIGN  master -> worker   do this unit
 *   RESULT  worker -> master   this unit is done: status, and its result if it is good;
 *                              NR_STOPPED: it is given back undone
 *   ASK     worker -> master   a signal asked this rank to stop: soon or now
 *   DROP    master -> worker   give back what you have not begun (soon), or what is
 *                              under way as well (now)
 *   STOP    master -> worker   there is no more work
 */
#ifndef NEURANK_SCHED_MESSAGE_H
#define NEURANK_SCHED_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef enum {
    NR_MESSAGE_ASSIGN = 1,
    NR_MESSAGE_RESULT,
    NR_MESSAGE_ASK,
    NR_MESSAGE_DROP,
    NR_MESSAGE_STOP
} nr_message_kind;

typedef struct {
    nr_message_kind kind;
    uint64_t unit;          /* ASSIGN, RESULT; ASK, DROP: the nr_stop */
    nr_status status;       /* RESULT */
    const uint64_t *result; /* RESULT: [n_result] inside the encoded words */
    size_t n_result;
} nr_message;

enum { NR_MESSAGE_HEAD = 3 }; /* words before the result */

/* words has room for NR_MESSAGE_HEAD + n_result; returns how many were written. */
size_t nr_message_encode(const nr_message *message, uint64_t *words);
/* out->result is borrowed from words [n]. NR_ERR_INTERNAL: no encoder made them. */
nr_status nr_message_decode(const uint64_t *words, size_t n, nr_message *out);

#endif

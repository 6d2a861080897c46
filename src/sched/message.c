#include "neurank/sched/message.h"

#include <string.h>

size_t nr_message_encode(const nr_message *message, uint64_t *words) {
    words[0] = (uint64_t)message->kind;
    words[1] = message->unit;
    words[2] = (uint64_t)message->status;
    if (message->n_result > 0)
        memcpy(words + NR_MESSAGE_HEAD, message->result,
               message->n_result * sizeof *message->result);
    return NR_MESSAGE_HEAD + message->n_result;
}

nr_status nr_message_decode(const uint64_t *words, size_t n, nr_message *out) {
    NR_REQUIRE(n >= NR_MESSAGE_HEAD && words[0] >= NR_MESSAGE_ASSIGN &&
                   words[0] <= NR_MESSAGE_STOP && words[2] <= NR_STOPPED,
               NR_ERR_INTERNAL, "a message of %zu words of kind %llu", n,
               (unsigned long long)(n ? words[0] : 0));
    *out = (nr_message){.kind = (nr_message_kind)words[0],
                        .unit = words[1],
                        .status = (nr_status)words[2],
                        .result = words + NR_MESSAGE_HEAD,
                        .n_result = n - NR_MESSAGE_HEAD};
    return NR_OK;
}

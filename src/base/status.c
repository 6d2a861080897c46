#include "neurank/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "neurank/base/log.h"

#undef nr_fail
nr_status nr_fail(nr_status code, const char *format, ...) {
    char message[NR_LOG_LINE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    nr_log(NR_LOG_ERROR, "%s", message);
    return code;
}

int nr_status_exit_code(nr_status status) {
    switch (status) {
    case NR_OK: return 0;
    case NR_ERR_USAGE: return 2;
    case NR_ERR_INPUT: return 3;
    case NR_ERR_MISMATCH: return 4;
    case NR_ERR_STORE: return 5;
    case NR_STOPPED: return 75;
    case NR_ERR_UNIT:
    case NR_ERR_INTERNAL: break;
    }
    return 1;
}

void nr_assert_failed(const char *condition, const char *file, int line) {
    nr_log(NR_LOG_ERROR, "broken promise: %s at %s:%d; please report it", condition,
           file, line);
    abort();
}

/* API. The one status type, and how an error is said.
 *
 * Codes are grouped by what is lost; the group decides the exit code of the program
 * (src/cli/man/exit-codes.md). Whoever first decides that something is an error calls
 * nr_fail, which writes the one line a user sees; callers pass the status on silently.
 */
#ifndef NEURANK_BASE_STATUS_H
#define NEURANK_BASE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    NR_OK = 0,
    NR_ERR_INTERNAL, /* the program: a broken promise of the code itself, or no memory
                      */
    NR_ERR_USAGE,    /* the command */
    NR_ERR_INPUT,    /* an input file */
    NR_ERR_MISMATCH, /* the store belongs to another command */
    NR_ERR_STORE,    /* the store cannot be written */
    NR_ERR_UNIT,     /* one work unit has no usable value */
    NR_STOPPED       /* nothing: stopped early, the same command goes on */
} nr_status;

/* Writes "neurank: error: <message>" as one line on the log and returns code, so that
 * one says `return nr_fail(NR_ERR_INPUT, "%s: ...", path);`. Any thread may call it. */
nr_status nr_fail(nr_status code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__ /* sees then that what is returned is a failure */
#define nr_fail(code, ...) ((nr_fail)((code), __VA_ARGS__), (code))
#endif

/* The documented exit code of a status: 0, 2 .. 5, 75, and 1 for the other failures. */
int nr_status_exit_code(nr_status status);

/* Says what and where, and ends the process by abort(), after a broken promise of the
 * code itself. Never judges input. */
__attribute__((noreturn)) void nr_assert_failed(const char *condition, const char *file,
                                                int line);

/* Passes a failure on. Not while holding a resource: use labels there. */
#define NR_TRY(call)                                                                   \
    do {                                                                               \
        nr_status nr_try_status = (call);                                              \
        if (nr_try_status != NR_OK) return nr_try_status;                              \
    } while (0)

/* The same for code that unwinds: sets `status` and jumps. */
#define NR_TRY_GOTO(call, label)                                                       \
    do {                                                                               \
        status = (call);                                                               \
        if (status != NR_OK) goto label;                                               \
    } while (0)

/* The code is returned as written, so that the compiler sees that it is a failure. */
#define NR_REQUIRE(condition, code, ...)                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            nr_fail((code), __VA_ARGS__);                                              \
            return (code);                                                             \
        }                                                                              \
    } while (0)

#define NR_REQUIRE_GOTO(condition, label, code, ...)                                   \
    do {                                                                               \
        if (!(condition)) {                                                            \
            status = nr_fail((code), __VA_ARGS__);                                     \
            goto label;                                                                \
        }                                                                              \
    } while (0)

#define NR_ASSERT(condition)                                                           \
    ((condition) ? (void)0 : nr_assert_failed(#condition, __FILE__, __LINE__))

#ifdef __cplusplus
}
#endif

#endif

/* One process has a lock until it ends, however it ends; one changed byte breaks a
 * seal. */
#include "../support/nets.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/lock.h"
#include "neurank/base/publish.h"
#include "neurank/base/seal.h"

/* A child that has the lock, says so through the pipe, and waits to be killed. */
static pid_t hold(const char *path) {
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        nr_lock *lock;
        byte = nr_lock_take(path, 0, &lock) == NR_OK;
        if (byte) nr_lock_note(lock, "a longer note, replaced");
        if (byte) nr_lock_note(lock, "half way");
        if (write(ends[1], &byte, 1) == 1) pause();
        _exit(0);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    close(ends[0]);
    close(ends[1]);
    return child;
}

static void end(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void test_one_owner(void **state) {
    (void)state;
    const char *path = test_path("run.h5");
    char wanted[64], owner[NR_LOCK_TEXT], note[NR_LOCK_TEXT];
    nr_lock *lock;
    assert_false(nr_lock_look(path, owner, note));
    pid_t child = hold(path);
    test_capture_log();
    double start_s = nr_clock_s();
    assert_int_equal(nr_lock_take(path, 0.5, &lock), NR_ERR_STORE);
    assert_true(nr_clock_s() - start_s >= 0.5);
    snprintf(wanted, sizeof wanted, "process %ld on ", (long)child);
    assert_non_null(strstr(test_last_message(), wanted));
    assert_true(nr_lock_look(path, owner, note));
    assert_ptr_equal(strstr(owner, wanted), owner);
    assert_string_equal(note, "half way");
    end(child);
    assert_false(nr_lock_look(path, owner, note));
    assert_string_equal(note, "");
    assert_int_equal(nr_lock_take(path, 0, &lock), NR_OK); /* kill -9 has let go */
    assert_true(nr_lock_is_held(lock));
    nr_lock_free(lock);
    char name[300];
    snprintf(name, sizeof name, "%s.lock", path);
    assert_int_not_equal(access(name, F_OK), 0);
    assert_int_equal(nr_lock_take("/no/such/folder/run.h5", 0, &lock), NR_ERR_STORE);
    assert_non_null(strstr(test_last_message(), "No such file or directory"));
}

/* The last task of an array has the array's number as its job: only with the number of
 * the task is it told from the others. */
static void test_owner_in_a_job(void **state) {
    (void)state;
    static const char *const names[] = {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID",
                                        "SLURM_ARRAY_TASK_ID"};
    const char *path = test_path("job.h5");
    char owner[NR_LOCK_TEXT], note[NR_LOCK_TEXT];
    nr_lock *lock;
    for (int task = 0; task < 2; task++) {
        setenv(names[0], "17", 1);
        if (task) setenv(names[1], "17", 1);
        if (task) setenv(names[2], "3", 1);
        pid_t child = hold(path);
        for (int i = 0; i < 3; i++) unsetenv(names[i]);
        assert_true(nr_lock_look(path, owner, note));
        const char *job = strstr(owner, ", job ");
        assert_non_null(job);
        assert_string_equal(job, task ? ", job 17_3" : ", job 17");
        end(child);
    }
    assert_int_equal(nr_lock_take(path, 0, &lock), NR_OK);
    nr_lock_free(lock);
}

/* Many who take and leave a lock: never two at once. */
static void test_one_at_a_time(void **state) {
    (void)state;
    const char *path = test_path("busy.h5"), *mark = test_path("mark");
    pid_t children[8];
    for (size_t k = 0; k < 8; k++) {
        children[k] = fork();
        if (children[k] != 0) continue;
        for (int turn = 0; turn < 50; turn++) {
            nr_lock *lock;
            if (nr_lock_take(path, 60, &lock) != NR_OK) _exit(1);
            int file = open(mark, O_CREAT | O_EXCL, 0600);
            if (file < 0 || close(file) != 0 || unlink(mark) != 0) _exit(2);
            nr_lock_free(lock);
        }
        _exit(0);
    }
    for (size_t k = 0; k < 8; k++) {
        int status;
        waitpid(children[k], &status, 0);
        assert_int_equal(status, 0);
    }
}

static void put(const char *path, const char *bytes, size_t n) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void test_every_byte_counts(void **state) {
    (void)state;
    const char *path = test_path("sealed");
    enum { LENGTH = 1000, ALL = LENGTH + 69 };
    char bytes[ALL];
    bool sealed;
    for (size_t i = 0; i < LENGTH; i++) bytes[i] = (char)(i * i);
    put(path, bytes, LENGTH);
    assert_int_equal(nr_seal_check(path, true, &sealed), NR_OK);
    assert_false(sealed);
    assert_int_equal(nr_seal_append(path), NR_OK);
    assert_int_equal(nr_seal_check(path, true, &sealed), NR_OK);
    assert_true(sealed);
    FILE *file = fopen(path, "re");
    assert_int_equal(fread(bytes, 1, ALL, file), ALL);
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    test_capture_log();
    for (size_t at = 0; at < ALL; at++) {
        bytes[at] ^= (char)(1 << at % 8);
        put(path, bytes, ALL);
        bool magic = at >= LENGTH && at < LENGTH + 15; /* then it is no seal at all */
        assert_int_equal(nr_seal_check(path, false, &sealed),
                         magic ? NR_OK : NR_ERR_INPUT);
        assert_int_equal(sealed, !magic);
        bytes[at] ^= (char)(1 << at % 8);
    }
    put(path, bytes + 1, ALL - 1); /* shorter, with a seal */
    assert_int_equal(nr_seal_check(path, false, &sealed), NR_ERR_INPUT);
    put(path, bytes, 10);
    assert_int_equal(nr_seal_check(path, false, &sealed), NR_OK);
    assert_false(sealed);
}

static void test_left_over_files(void **state) {
    (void)state;
    static const char *const names[] = {"s.h5.host.12.tmp",  "s.h5.a.b.77.tmp",
                                        "s.h5.host.x1.tmp",  "s.h5",
                                        "s.h5.12.tmp",       "s.h5.host..tmp",
                                        "other.h5.h.12.tmp", "s.h5.host.12.tmp.old"};
    for (size_t k = 0; k < 8; k++) put(test_path(names[k]), "x", 1);
    nr_publish_clean(test_path("s.h5"));
    for (size_t k = 0; k < 8; k++)
        assert_int_equal(access(test_path(names[k]), F_OK) == 0, k >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_owner), cmocka_unit_test(test_owner_in_a_job),
        cmocka_unit_test(test_one_at_a_time), cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_left_over_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

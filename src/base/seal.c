#include "neurank/base/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/digest.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"

/* "neurank-seal 1 " and 20 digits, blank, 32 digits, end of line. */
enum { LINE = 15 + 20 + 1 + 32 + 1, BUFFER = 1 << 20 };

static void write_line(size_t length, const char *digest, char line[LINE + 1]) {
    snprintf(line, LINE + 1, "neurank-seal 1 %020zu %s\n", length, digest);
}

static nr_status cannot_read(const char *path) {
    return nr_fail(NR_ERR_INPUT, "%s: cannot be read: %s", path,
                   errno ? strerror(errno) : "it ends early");
}

static bool read_all(int file, char *bytes, size_t n, off_t at) {
    errno = 0;
    for (size_t done = 0; done < n;) {
        ssize_t m = pread(file, bytes + done, n - done, at + (off_t)done);
        if (m < 0 && errno == EINTR) continue;
        if (m <= 0) return false;
        done += (size_t)m;
    }
    return true;
}

/* Digest of the first `length` bytes. */
static nr_status digest_of(int file, const char *path, size_t length,
                           char text[NR_DIGEST_TEXT]) {
    nr_digest *digest;
    char *buffer;
    nr_status status = NR_OK;
    NR_TRY(nr_digest_new(&digest));
    if (!NR_NEW(buffer, BUFFER)) status = NR_ERR_INTERNAL;
    for (size_t at = 0; at < length && status == NR_OK;) {
        size_t n = length - at < BUFFER ? length - at : BUFFER;
        if (!read_all(file, buffer, n, (off_t)at)) status = cannot_read(path);
        else nr_digest_add(digest, buffer, n);
        at += n;
    }
    if (status == NR_OK) nr_digest_text(digest, text);
    free(buffer);
    nr_digest_free(digest);
    return status;
}

static bool write_all(int file, const char *text, size_t n, off_t at) {
    for (size_t done = 0; done < n;) {
        ssize_t m = pwrite(file, text + done, n - done, at + (off_t)done);
        if (m < 0 && errno == EINTR) continue;
        if (m <= 0) return false;
        done += (size_t)m;
    }
    return true;
}

/* What the disk has of the line, once it is synced. */
static bool reads_back(int file, const char *line, off_t length) {
    char found[LINE];
    posix_fadvise(file, length, LINE, POSIX_FADV_DONTNEED);
    return read_all(file, found, LINE, length) && memcmp(found, line, LINE) == 0;
}

static nr_status append_line(int file, const char *path, off_t length) {
    char digest[NR_DIGEST_TEXT], line[LINE + 1];
    NR_TRY(digest_of(file, path, (size_t)length, digest));
    write_line((size_t)length, digest, line);
    errno = 0;
    bool good = write_all(file, line, LINE, length) && fsync(file) == 0 &&
                reads_back(file, line, length);
    NR_REQUIRE(good, NR_ERR_STORE, "%s: cannot be written: %s", path,
               errno ? strerror(errno) : "its seal is not what was written");
    return NR_OK;
}

nr_status nr_seal_append(const char *path) {
    int file = open(path, O_RDWR | O_CLOEXEC);
    off_t length = file < 0 ? -1 : lseek(file, 0, SEEK_END);
    nr_status status = length < 0 ? nr_fail(NR_ERR_STORE, "%s: cannot be written: %s",
                                            path, strerror(errno))
                                  : append_line(file, path, length);
    if (file >= 0 && close(file) != 0 && status == NR_OK)
        status =
            nr_fail(NR_ERR_STORE, "%s: cannot be written: %s", path, strerror(errno));
    /* A file that cannot be read back is one that cannot be written. */
    return status == NR_ERR_INPUT ? NR_ERR_STORE : status;
}

static nr_status compare(int file, const char *path, size_t bytes, bool *sealed) {
    char found[LINE + 1] = "", wanted[LINE + 1], digest[NR_DIGEST_TEXT];
    *sealed = false;
    if (bytes < LINE) return NR_OK;
    errno = 0;
    if (!read_all(file, found, LINE, (off_t)(bytes - LINE))) return cannot_read(path);
    *sealed = memcmp(found, "neurank-seal 1 ", 15) == 0;
    if (!*sealed) return NR_OK;
    NR_TRY(digest_of(file, path, bytes - LINE, digest));
    write_line(bytes - LINE, digest, wanted);
    NR_REQUIRE(memcmp(found, wanted, LINE) == 0, NR_ERR_INPUT,
               "%s is damaged: its %zu bytes are not those that were written", path,
               bytes - LINE);
    return NR_OK;
}

nr_status nr_seal_check(const char *path, bool from_disk, bool *sealed) {
    int file;
    size_t bytes;
    NR_TRY(nr_open_input(path, "the store", &file, &bytes));
    if (from_disk) posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    nr_status status = compare(file, path, bytes, sealed);
    close(file);
    return status;
}

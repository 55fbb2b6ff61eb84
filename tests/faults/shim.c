/* A preloaded library that makes the faults of a disk at one chosen system call.

   Only calls that change something below FAULT_ROOT are seen, in every process that inherits the
   environment, ffmpeg among them:

   FAULT_COUNTER  a file of 8 bytes, shared by all processes: the number of calls seen so far
   FAULT_LOG      a file that gets "<number> <call> <path>" for each call, or for the failed one
   FAULT_KILL_AT  the number of the call before which the process group gets a signal
   FAULT_SIGNAL   the number of that signal (default SIGKILL)
   FAULT_DELAY_MS milliseconds to wait before each call, so that others have time to meddle
   FAULT_MATCH    a pattern of paths (fnmatch) whose calls fail
   FAULT_CALLS    the calls that fail: write, fsync, close, rename, open, mkdir, ... (default write)
   FAULT_AFTER    bytes of a file that can be written before writing fails (default 0)
   FAULT_ERRNO    the number of the error (default ENOSPC)

   Streams of C's stdio write past it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *root, *logged, *match, *calls;
static long *counter, kill_at, after;
static int error, signal_sent, delay_ms;

/* Read the environment: as a program starts, and again in a child that it forked. */
__attribute__((constructor)) void fault_set_up(void) {
    const char *shared = getenv("FAULT_COUNTER"), *text;
    int fd = shared ? (int)syscall(SYS_openat, AT_FDCWD, shared, O_RDWR) : -1;
    if (fd >= 0) {
        void *place = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        counter = place == MAP_FAILED ? NULL : place;
        syscall(SYS_close, fd);
    }
    if (fd < 0) counter = NULL;
    logged = getenv("FAULT_LOG");
    match = getenv("FAULT_MATCH");
    calls = (text = getenv("FAULT_CALLS")) ? text : "write";
    kill_at = (text = getenv("FAULT_KILL_AT")) ? atol(text) : 0;
    after = (text = getenv("FAULT_AFTER")) ? atol(text) : 0;
    error = (text = getenv("FAULT_ERRNO")) ? atoi(text) : ENOSPC;
    signal_sent = (text = getenv("FAULT_SIGNAL")) ? atoi(text) : SIGKILL;
    delay_ms = (text = getenv("FAULT_DELAY_MS")) ? atoi(text) : 0;
    root = getenv("FAULT_ROOT");
}

static void note(long number, const char *call, const char *path) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, logged, O_WRONLY | O_APPEND | O_CREAT, 0644);
    if (fd >= 0 && length > 0) syscall(SYS_write, fd, line, (size_t)length);
    if (fd >= 0) syscall(SYS_close, fd);
}

/* Count a call; 1 if it is to fail. */
static int fails(const char *call, const char *path) {
    if (!root || strncmp(path, root, strlen(root)) != 0) return 0;
    int saved = errno;
    long number = counter ? __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST) : 0;
    int hit = match && strstr(calls, call) && fnmatch(match, path, 0) == 0;
    int kills = kill_at && number == kill_at;
    if (logged && (kills || (!kill_at && !match))) note(number, call, path);
    if (kills) {
        kill(0, signal_sent);
        while (signal_sent == SIGKILL) pause();
    }
    if (delay_ms) usleep((useconds_t)delay_ms * 1000);
    errno = saved;
    return hit;
}

static int fail(const char *call, const char *path) {
    if (logged) note(0, call, path);
    errno = error;
    return -1;
}

static const char *absolute(int folder, const char *path, char *to) {
    char base[64];
    if (path[0] == '/') return path;
    if (folder == AT_FDCWD) strcpy(base, "/proc/self/cwd");
    else snprintf(base, sizeof base, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(base, to, PATH_MAX - 1);
    if (length < 0) length = 0;
    snprintf(to + length, (size_t)(PATH_MAX - length), "/%s", path);
    return to;
}

static const char *path_of(int fd, char *to) {
    char link[64];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = root ? readlink(link, to, PATH_MAX - 1) : -1;
    to[length < 0 ? 0 : length] = 0;
    errno = saved;
    return to;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OPEN(name)                                                         \
    int name(const char *path, int flags, ...) {                           \
        REAL(name);                                                        \
        char to[PATH_MAX];                                                 \
        va_list rest;                                                      \
        va_start(rest, flags);                                             \
        mode_t mode = va_arg(rest, mode_t);                                \
        va_end(rest);                                                      \
        if (flags & O_CREAT) {                                             \
            const char *full = absolute(AT_FDCWD, path, to);               \
            if (fails("open", full)) return fail("open", full);            \
        }                                                                  \
        return real(path, flags, mode);                                    \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                       \
    int name(int folder, const char *path, int flags, ...) {               \
        REAL(name);                                                        \
        char to[PATH_MAX];                                                 \
        va_list rest;                                                      \
        va_start(rest, flags);                                             \
        mode_t mode = va_arg(rest, mode_t);                                \
        va_end(rest);                                                      \
        if (flags & O_CREAT) {                                             \
            const char *full = absolute(folder, path, to);                 \
            if (fails("open", full)) return fail("open", full);            \
        }                                                                  \
        return real(folder, path, flags, mode);                            \
    }
OPENAT(openat)
OPENAT(openat64)

/* How many of so many bytes can be written where a file stands; -1 after setting errno. */
static ssize_t room(int fd, off_t at, size_t count, const char *call) {
    char to[PATH_MAX];
    const char *path = path_of(fd, to);
    if (!fails(call, path)) return (ssize_t)count;
    if (at < 0) {
        struct stat info;
        int appends = fcntl(fd, F_GETFL) & O_APPEND;
        at = appends && fstat(fd, &info) == 0 ? info.st_size : lseek(fd, 0, SEEK_CUR);
    }
    if (at + (off_t)count <= after) return (ssize_t)count;
    if (at < after) return (ssize_t)(after - at);
    return fail(call, path);
}

ssize_t write(int fd, const void *from, size_t count) {
    REAL(write);
    ssize_t can = room(fd, -1, count, "write");
    return can < 0 ? -1 : real(fd, from, (size_t)can);
}

#define PWRITE(name, type)                                                 \
    ssize_t name(int fd, const void *from, size_t count, type at) {        \
        REAL(name);                                                        \
        ssize_t can = room(fd, (off_t)at, count, "write");                 \
        return can < 0 ? -1 : real(fd, from, (size_t)can, at);             \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    size_t total = 0;
    for (int i = 0; i < count; i++) total += parts[i].iov_len;
    ssize_t can = room(fd, -1, total, "write");
    if (can < 0) return -1;
    return (size_t)can == total ? real(fd, parts, count) : write(fd, parts[0].iov_base,
        (size_t)can < parts[0].iov_len ? (size_t)can : parts[0].iov_len);
}

#define SENDFILE(name, type)                                               \
    ssize_t name(int out, int in, type *at, size_t count) {                \
        REAL(name);                                                        \
        ssize_t can = room(out, -1, count, "write");                       \
        return can < 0 ? -1 : real(out, in, at, (size_t)can);              \
    }
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t count, unsigned flags) {
    REAL(copy_file_range);
    ssize_t can = room(out, to ? (off_t)*to : -1, count, "write");
    return can < 0 ? -1 : real(in, from, out, to, (size_t)can, flags);
}

#define ON_FD(name, call)                                                  \
    int name(int fd) {                                                     \
        REAL(name);                                                        \
        char to[PATH_MAX];                                                 \
        const char *path = path_of(fd, to);                                \
        return fails(call, path) ? fail(call, path) : real(fd);            \
    }
ON_FD(fsync, "fsync")
ON_FD(fdatasync, "fsync")

int close(int fd) {
    REAL(close);
    char to[PATH_MAX];
    int saved = errno, flags = root ? fcntl(fd, F_GETFL) : -1;
    errno = saved;
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return real(fd);
    const char *path = path_of(fd, to);
    int hit = fails("close", path);
    int status = real(fd);
    return hit ? fail("close", path) : status;
}

#define ON_PATH(name, call)                                                \
    int name(const char *path) {                                           \
        REAL(name);                                                        \
        char to[PATH_MAX];                                                 \
        const char *full = absolute(AT_FDCWD, path, to);                   \
        return fails(call, full) ? fail(call, full) : real(path);          \
    }
ON_PATH(unlink, "unlink")
ON_PATH(rmdir, "rmdir")

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    char to[PATH_MAX];
    const char *full = absolute(folder, path, to);
    return fails("unlink", full) ? fail("unlink", full) : real(folder, path, flags);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    char to[PATH_MAX];
    const char *full = absolute(AT_FDCWD, path, to);
    return fails("mkdir", full) ? fail("mkdir", full) : real(path, mode);
}

#define FROM_TO(name, call)                                                \
    int name(const char *old, const char *new) {                           \
        REAL(name);                                                        \
        char to[PATH_MAX];                                                 \
        const char *full = absolute(AT_FDCWD, new, to);                    \
        return fails(call, full) ? fail(call, full) : real(old, new);      \
    }
FROM_TO(rename, "rename")
FROM_TO(link, "link")
FROM_TO(symlink, "link")

#define FROM_TO_AT(name, call, more, given)                                             \
    int name(int from, const char *old, int folder, const char *new more) {             \
        REAL(name);                                                                     \
        char to[PATH_MAX];                                                              \
        const char *full = absolute(folder, new, to);                                   \
        return fails(call, full) ? fail(call, full) : real(from, old, folder, new given); \
    }
#define COMMA ,
FROM_TO_AT(renameat, "rename", , )
FROM_TO_AT(renameat2, "rename", COMMA unsigned flags, COMMA flags)
FROM_TO_AT(linkat, "link", COMMA int flags, COMMA flags)

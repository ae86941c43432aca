/* LD_PRELOAD: makes the k-th write, sync, truncate or unlink below a directory fail, counted from the moment it is armed.
   FAULT_DIRECTORY names the directory. FAULT_CONTROL names a file with "nonce k mode" (mode 0: SIGKILL, 1: EIO, 2: ENOSPC; k 0: count only);
   a new nonce starts the count anew, no file means not armed. After each counted call the count stands in FAULT_CONTROL.count.
   cc -shared -fPIC -O1 -o shim.so shim.c -ldl   (SQLite and .NET call these functions through the loader; glibc, x64 and arm64) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static long nonce, count;

static int is_below(const char *path) {
    const char *directory = getenv("FAULT_DIRECTORY");
    return directory && strncmp(path, directory, strlen(directory)) == 0;
}

static int is_file_below(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* Reads what is armed; system calls of its own, so that nothing here is counted. */
static int read_control(long *at, long *k, int *mode) {
    const char *control = getenv("FAULT_CONTROL");
    if (!control) return 0;
    int file = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[64] = {0};
    ssize_t length = syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    return length > 0 && sscanf(text, "%ld %ld %d", at, k, mode) == 3;
}

static void tell_count(void) {
    char path[4096], text[32];
    snprintf(path, sizeof path, "%s.count", getenv("FAULT_CONTROL"));
    int length = snprintf(text, sizeof text, "%ld %ld\n", nonce, count);
    int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return;
    syscall(SYS_pwrite64, file, text, (size_t)length, (off_t)0);
    syscall(SYS_close, file);
}

static int fails(void) {
    int was = errno, mode = 0, failed = 0;
    long at, k;
    pthread_mutex_lock(&gate);
    if (read_control(&at, &k, &mode)) {
        if (at != nonce) { nonce = at; count = 0; }
        count++;
        tell_count();
        if (count == k) {
            if (mode == 0) { kill(getpid(), SIGKILL); for (;;) pause(); }
            failed = 1;
        }
    }
    pthread_mutex_unlock(&gate);
    errno = failed ? (mode == 1 ? EIO : ENOSPC) : was;
    return failed;
}

#define FAILING(result, name, parameters, arguments, counted) \
    result name parameters { \
        static result (*real) parameters; \
        if (!real) real = (result (*) parameters)dlsym(RTLD_NEXT, #name); \
        return counted && fails() ? -1 : real arguments; \
    }

FAILING(ssize_t, pwrite64, (int file, const void *bytes, size_t size, off64_t offset), (file, bytes, size, offset), is_file_below(file))
FAILING(ssize_t, pwrite, (int file, const void *bytes, size_t size, off_t offset), (file, bytes, size, offset), is_file_below(file))
FAILING(ssize_t, write, (int file, const void *bytes, size_t size), (file, bytes, size), is_file_below(file))
FAILING(int, fsync, (int file), (file), is_file_below(file))
FAILING(int, fdatasync, (int file), (file), is_file_below(file))
FAILING(int, ftruncate64, (int file, off64_t size), (file, size), is_file_below(file))
FAILING(int, unlink, (const char *path), (path), is_below(path))

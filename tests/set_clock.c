/* A wall clock that a test can set for the processes that preload this: SET_CLOCK names a file with the offset
   in whole seconds as text. The monotonic clock goes on, as the kernel's does when somebody sets the time. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void) {
    static __thread long known, looked = -1;
    const char *path = getenv("SET_CLOCK");
    struct timespec now;
    if (path == NULL || syscall(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, &now))
        return known;
    long tick = now.tv_sec * 20 + now.tv_nsec / 50000000; /* so that nobody is behind for longer than that */
    if (tick == looked)
        return known;
    looked = tick;
    char text[24] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0)
            known = atol(text);
        close(file);
    }
    return known;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (into != NULL)
        *into = exact.tv_sec;
    return exact.tv_sec;
}

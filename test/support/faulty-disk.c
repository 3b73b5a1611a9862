/*
 * Preloaded into a process, makes of its disk one that is slow or fails.
 * SLOW_FSYNC_MS: each flush takes so long, as that of a slow SD card.
 * FAULTY_DISK: a file that says what fails at the moment, of which files: "<kind> <part of a path>", where the kind is
 *   hang    a flush does not come back before the file says something else
 *   EIO     a flush fails
 *   ENOSPC  a flush and a write fail
 *   unlink  to remove a file fails, with EIO
 * It is read anew at each of these, so that a test can change it as it goes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) dlsym(RTLD_NEXT, name)

static void rest(long milliseconds) {
  struct timespec time = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
  nanosleep(&time, NULL);
}

/* Whether the control file says that of what is at this path. */
static int says(const char *kind, const char *path) {
  const char *control = getenv("FAULTY_DISK");
  if (!control) return 0;
  int file = open(control, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[512];
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = 0;
  char said[16], part[480];
  return sscanf(text, "%15s %479s", said, part) == 2 && strcmp(said, kind) == 0 && strstr(path, part) != NULL;
}

static int says_of(const char *kind, int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return says(kind, path);
}

static int fail(int error) {
  errno = error;
  return -1;
}

/* Makes a file beside the control file, for whoever waits for the moment. */
static void note_hang(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s.hangs", getenv("FAULTY_DISK"));
  int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
}

static int flush(int file, const char *name) {
  const char *slow = getenv("SLOW_FSYNC_MS");
  if (slow) rest(atol(slow));
  if (says_of("hang", file)) note_hang();
  while (says_of("hang", file)) rest(5);
  if (says_of("EIO", file)) return fail(EIO);
  if (says_of("ENOSPC", file)) return fail(ENOSPC);
  return ((int (*)(int))REAL(name))(file);
}

int fsync(int file) { return flush(file, "fsync"); }

int fdatasync(int file) { return flush(file, "fdatasync"); }

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset) {
  if (says_of("ENOSPC", file)) return fail(ENOSPC);
  return ((ssize_t (*)(int, const void *, size_t, off64_t))REAL("pwrite64"))(file, bytes, size, offset);
}

int unlink(const char *path) {
  if (says("unlink", path)) return fail(EIO);
  return ((int (*)(const char *))REAL("unlink"))(path);
}

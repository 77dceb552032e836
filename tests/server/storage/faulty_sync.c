/* Makes every fsync and fdatasync fail with EIO for as long as the file named by FAULTY_SYNC exists. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int faulty(void) { return access(getenv("FAULTY_SYNC"), F_OK) == 0; }

int fsync(int fd) { return faulty() ? (errno = EIO, -1) : (int)syscall(SYS_fsync, fd); }

int fdatasync(int fd) { return faulty() ? (errno = EIO, -1) : (int)syscall(SYS_fdatasync, fd); }

/* Numbers of the kernel that several modules of this folder need; they are the same on x86-64 and arm64. */

/** <fcntl.h>: the current folder in place of an open one. */
export const AT_FDCWD = -100;
/** <fcntl.h>, and SOCK_CLOEXEC of <sys/socket.h> and OPEN_TREE_CLOEXEC of <linux/mount.h>. */
export const O_CLOEXEC = 0o2000000;
/** <fcntl.h>, and SOCK_NONBLOCK of <sys/socket.h>. */
export const O_NONBLOCK = 0o4000;
/** <sys/socket.h> */
export const SOCK_DGRAM = 2;
export const SOL_SOCKET = 1;

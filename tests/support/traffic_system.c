// SPDX-License-Identifier: Apache-2.0
/* Jobs of traffic.c that are about files, disks, privileges and what processes do to each other. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/traffic.h"

enum { NOBODY = 65534 };

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		die("%s", path);
	return fd;
}

/* Until a test makes this file; before, "waiting" is printed. */
static void job_until(char **args)
{
	puts("waiting");
	while (access(args[0], F_OK))
		nap(10);
}

/* --- files --- */

/* Each lives for a moment and has five bytes. */
static void job_short_lived(char **args)
{
	for (long n = number(args[1]); n > 0; n--) {
		int fd = open_or_die(args[0], O_WRONLY | O_CREAT | O_EXCL);

		if (write(fd, "bytes", 5) != 5 || unlink(args[0]))
			die("%s", args[0]);
		close(fd);
	}
}

static void must(int result, const char *what)
{
	if (result)
		die("%s", what);
}

/* One of each operation on names below a new folder, COUNT times. */
static void job_names(char **args)
{
	char path[3][256];

	for (long n = number(args[1]); n > 0; n--) {
		for (int i = 0; i < 3; i++)
			snprintf(path[i], sizeof(path[i]), "%s/%d", args[0], i);
		must(mkdir(args[0], 0700), "mkdir");
		close(open_or_die(path[0], O_WRONLY | O_CREAT | O_EXCL));
		must(link(path[0], path[1]), "link");
		must(symlink(path[0], path[2]), "symlink");
		must(rename(path[1], path[0]), "rename"); /* of one file: it stays */
		for (int i = 0; i < 3; i++)
			must(unlink(path[i]), "unlink");
		must(rmdir(args[0]), "rmdir");
	}
}

/* stat(), lstat(), statx(), statfs(), access(), readlink(), and fstat() of an open file. */
static void job_stats(char **args)
{
	int fd = open_or_die(args[0], O_RDONLY);
	struct statfs fs;
	struct statx statx_buf;
	struct stat st;
	char to[256];

	for (long n = number(args[1]); n > 0; n--) {
		must(fstatat(AT_FDCWD, args[0], &st, 0), "fstatat");
		must(fstat(fd, &st), "fstat");
		must(statx(AT_FDCWD, args[0], 0, STATX_SIZE, &statx_buf), "statx");
		must(statfs(args[0], &fs), "statfs");
		must(access(args[0], F_OK), "access");
		if (readlink(args[0], to, sizeof(to)) >= 0 || errno != EINVAL)
			die("%s is no symbolic link", args[0]);
	}
	close(fd);
}

/* Each call that writes a file's data to disk. */
static void job_syncs(char **args)
{
	int fd = open_or_die(args[0], O_RDWR | O_CREAT);
	void *memory;

	must(ftruncate(fd, 4096), "ftruncate");
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	for (long n = number(args[1]); n > 0; n--) {
		must(fsync(fd), "fsync");
		must(fdatasync(fd), "fdatasync");
		must(sync_file_range(fd, 0, 4096, 0), "sync_file_range");
		must(msync(memory, 4096, MS_ASYNC), "msync");
	}
	munmap(memory, 4096);
	close(fd);
}

/* In a mount namespace of its own: a tmpfs on a folder, and away again; once more, it is not there.
 */
static void job_mount(char **args)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	for (long n = number(args[1]); n > 0; n--) {
		must(mount("known-source", args[0], "tmpfs", 0, "size=4k"), "mount");
		must(umount(args[0]), "umount");
		if (!umount(args[0]) || errno != EINVAL)
			die("%s is mounted twice", args[0]);
	}
}

/* As above, and it stays. */
static void job_mounted(char **args)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	must(mount("known-source", args[0], "tmpfs", MS_RDONLY, "size=4k"), "mount");
}

/* A file without a name, of SIZE bytes, which stays open. */
static void job_deleted(char **args)
{
	int fd = open_or_die(args[0], O_RDWR | O_CREAT | O_EXCL);
	long size = number(args[1]);
	char *data = calloc(1, size);

	if (!data || write(fd, data, size) != size)
		die("%s", args[0]);
	free(data);
	must(unlink(args[0]), "unlink");
	printf("fd %d\n", fd);
}

static void read_events(int fd, const char *what)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char events[4096];

	if (poll(&pollfd, 1, 5000) != 1 || read(fd, events, sizeof(events)) <= 0)
		die("no event from %s", what);
}

/* Watches a folder, and goes on to the next job. */
static void job_watch(char **args)
{
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0 || inotify_add_watch(fd, args[0], IN_CREATE) < 0)
		die("inotify");
}

/* Past the page cache, from the last of COUNT parts to the first. */
static void job_read_back(char **args)
{
	size_t size = number(args[1]);
	int fd = open_or_die(args[0], O_RDONLY | O_DIRECT);
	void *data;

	if (posix_memalign(&data, 4096, size))
		die("memory");
	for (long n = number(args[2]); n > 0; n--)
		if (pread(fd, data, size, n * (off_t)size) != (ssize_t)size)
			die("%s", args[0]);
	free(data);
	close(fd);
}

/* Watches a folder, and creates a file in it COUNT times. */
static void job_inotify(char **args)
{
	int fd = inotify_init1(IN_CLOEXEC);
	char path[256];

	snprintf(path, sizeof(path), "%s/watched", args[0]);
	if (fd < 0 || inotify_add_watch(fd, args[0], IN_CREATE) < 0)
		die("inotify");
	for (long n = number(args[1]); n > 0; n--) {
		close(open_or_die(path, O_WRONLY | O_CREAT | O_EXCL));
		must(unlink(path), "unlink");
		read_events(fd, "inotify");
	}
	close(fd);
}

/* Watches a file, and opens it COUNT times. */
static void job_fanotify(char **args)
{
	int fd = fanotify_init(FAN_CLOEXEC | FAN_CLASS_NOTIF, O_RDONLY);

	if (fd < 0 || fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, args[0]))
		die("fanotify");
	for (long n = number(args[1]); n > 0; n--) {
		close(open_or_die(args[0], O_RDONLY));
		read_events(fd, "fanotify");
	}
	close(fd);
}

/* --- processes and privileges --- */

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
}

/* To a child each, which ends by it. */
static void job_signal(char **args)
{
	for (long n = number(args[1]); n > 0; n--) {
		pid_t pid = sleeper();
		int status;

		must(kill(pid, number(args[0])), "kill");
		while (waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				die("waitpid");
	}
}

/* Attaches to a child, reads 64 bytes of it and writes 32, and leaves it. */
static void job_ptrace(char **args)
{
	static char theirs[64], mine[64];
	struct iovec local = { mine, 64 }, remote = { theirs, 64 };

	for (long n = number(args[0]); n > 0; n--) {
		pid_t pid = sleeper();

		local.iov_len = remote.iov_len = 64;
		must(ptrace(PTRACE_SEIZE, pid, NULL, NULL), "ptrace");
		if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != 64)
			die("process_vm_readv");
		local.iov_len = remote.iov_len = 32;
		if (process_vm_writev(pid, &local, 1, &remote, 1, 0) != 32)
			die("process_vm_writev");
		end(pid);
	}
}

/* root becomes nobody, and cannot go back. */
static void job_privileges(char **args)
{
	must(unshare(CLONE_NEWNET), "unshare");
	must(setresgid(NOBODY, NOBODY, NOBODY), "setresgid");
	must(setresuid(NOBODY, NOBODY, NOBODY), "setresuid");
	if (!setuid(0) || errno != EPERM)
		die("root again");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

/* A key of the process: made, found, read, revoked. */
static void job_keys(char **args)
{
	char secret[16];
	long key;

	for (long n = number(args[0]); n > 0; n--) {
		key = syscall(SYS_add_key, "user", "bombus-known", "secret", 6,
			      KEY_SPEC_PROCESS_KEYRING);
		if (key < 0)
			die("add_key");
		if (syscall(SYS_request_key, "user", "bombus-known", NULL, 0) != key)
			die("request_key");
		if (syscall(SYS_keyctl, KEYCTL_READ, key, secret, sizeof(secret), 0) != 6)
			die("read a key");
		must(syscall(SYS_keyctl, KEYCTL_REVOKE, key, 0, 0, 0), "revoke a key");
		printf("key %ld\n", key);
	}
}

/* An array of three entries, and a program that is none. */
static void job_bpf(char **args)
{
	union bpf_attr attr;
	int fd;

	for (long n = number(args[0]); n > 0; n--) {
		memset(&attr, 0, sizeof(attr));
		attr.map_type = BPF_MAP_TYPE_ARRAY;
		attr.key_size = attr.value_size = 4;
		attr.max_entries = 3;
		strcpy(attr.map_name, "known_map");
		fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
		if (fd < 0)
			die("bpf");
		close(fd);
		memset(&attr, 0, sizeof(attr));
		attr.prog_type = BPF_PROG_TYPE_XDP;
		attr.license = (uintptr_t) "GPL";
		if (syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)) >= 0 || errno != E2BIG)
			die("a program without instructions");
	}
}

/* A file's descriptor, and that of a socket, through a pair of sockets. */
static void job_pass(char **args)
{
	char data = 'x', space[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec iov = { &data, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space };
	int pair[2], file = open_or_die(args[0], O_RDONLY), got[2];
	struct cmsghdr *cmsg;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	for (long n = number(args[1]); n > 0; n--) {
		msg.msg_controllen = sizeof(space);
		cmsg = CMSG_FIRSTHDR(&msg);
		*cmsg = (struct cmsghdr){ .cmsg_len = CMSG_LEN(2 * sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(cmsg), (int[]){ file, pair[0] }, sizeof(got));
		if (sendmsg(pair[0], &msg, 0) != 1)
			die("sendmsg");
		msg.msg_controllen = sizeof(space);
		if (recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
			die("recvmsg");
		memcpy(got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
		close(got[0]);
		close(got[1]);
	}
	close(pair[0]);
	close(pair[1]);
	close(file);
}

static void refuse(int call, unsigned int action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
}

/* getpgid(4242) is refused by a filter, with EACCES; from then on, and other calls are not. */
static void job_refused_call(char **args)
{
	refuse(SYS_getpgid, SECCOMP_RET_ERRNO | EACCES);
	for (long n = number(args[0]); n > 0; n--) {
		if (syscall(SYS_getpgid, 4242) != -1 || errno != EACCES)
			die("getpgid is not refused");
		syscall(SYS_getppid);
	}
}

/* It ends this process. */
static void job_fatal_call(char **args)
{
	refuse(SYS_getpgid, SECCOMP_RET_KILL_PROCESS);
	syscall(SYS_getpgid, 4242);
}

/* Text to a terminal of its own, COUNT times, in one part and in two. */
static void job_tty(char **args)
{
	size_t len = strlen(args[0]);
	struct iovec parts[2] = { { args[0], 1 }, { args[0] + 1, len - 1 } };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char drained[4096];

	if (master < 0 || unlockpt(master))
		die("terminal");
	slave = open_or_die(ptsname(master), O_RDWR | O_NOCTTY);
	printf("pts %s\n", ptsname(master) + strlen("/dev/pts/"));
	for (long n = number(args[1]); n > 0; n--) {
		if (write(slave, args[0], len) != (ssize_t)len ||
		    writev(slave, parts, 2) != (ssize_t)len ||
		    read(master, drained, sizeof(drained)) <= 0)
			die("write to a terminal");
	}
	close(slave);
	close(master);
}

/* A unix socket of that name that listens, and stays open. */
static void job_unix_listener(char **args)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(args[0]) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		die("%s", args[0]);
	}
	strcpy(addr.sun_path, args[0]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		die("%s", args[0]);
}

static void job_open(char **args)
{
	for (long n = number(args[1]); n > 0; n--) {
		int fd = openat(AT_FDCWD, args[0], O_RDONLY);

		if (fd < 0)
			die("%s", args[0]);
		close(fd);
	}
}

static void job_open_missing(char **args)
{
	for (long n = number(args[1]); n > 0; n--)
		if (openat(AT_FDCWD, args[0], O_RDONLY) >= 0 || errno != ENOENT)
			die("%s should not be there", args[0]);
}

/* A text into a file that is there, such as one of the kernel's. */
static void job_put(char **args)
{
	int fd = open(args[0], O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, args[1], strlen(args[1])) < 0)
		die("%s", args[0]);
	close(fd);
}

static void write_file(const char *path, size_t size, long count, int flags)
{
	void *bytes;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	if (fd < 0)
		die("%s", path);
	if (posix_memalign(&bytes, 4096, size))
		die("memory");
	memset(bytes, 'b', size);
	for (; count > 0; count--)
		if (write(fd, bytes, size) != (ssize_t)size)
			die("write to %s", path);
	if (fsync(fd) && errno != EINVAL)
		die("fsync of %s", path);
	free(bytes);
	close(fd);
}

static void job_write(char **args)
{
	write_file(args[0], number(args[1]), number(args[2]), 0);
}

/* Past the page cache: each write is one request to the device. */
static void job_write_direct(char **args)
{
	write_file(args[0], number(args[1]), number(args[2]), O_DIRECT | O_SYNC);
}

static void job_read(char **args)
{
	size_t size = number(args[1]);
	char *bytes = malloc(size);
	int fd = open(args[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !bytes)
		die("%s", args[0]);
	for (long n = number(args[2]); n > 0; n--)
		if (pread(fd, bytes, size, 0) < 0)
			die("read of %s", args[0]);
	free(bytes);
	close(fd);
}

/* Drops what the page cache has of the file. */
static void job_forget(char **args)
{
	int fd = open(args[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("%s", args[0]);
	close(fd);
}

/* Asks for CAP_SYS_CHROOT, and for nothing else. */
static void job_chroot(char **args)
{
	for (long n = number(args[0]); n > 0; n--)
		if (chroot("/") && errno != EPERM)
			die("chroot");
}

const struct job system_jobs[] = {
	{ "until", "PATH", 1, job_until },
	{ "short-lived", "PATH,COUNT", 2, job_short_lived },
	{ "names", "FOLDER,COUNT", 2, job_names },
	{ "stats", "PATH,COUNT", 2, job_stats },
	{ "syncs", "PATH,COUNT", 2, job_syncs },
	{ "mount", "FOLDER,COUNT", 2, job_mount },
	{ "mounted", "FOLDER", 1, job_mounted },
	{ "deleted", "PATH,BYTES", 2, job_deleted },
	{ "read-back", "PATH,BYTES,COUNT", 3, job_read_back },
	{ "watch", "FOLDER", 1, job_watch },
	{ "inotify", "FOLDER,COUNT", 2, job_inotify },
	{ "fanotify", "PATH,COUNT", 2, job_fanotify },
	{ "signal", "SIGNAL,COUNT", 2, job_signal },
	{ "ptrace", "COUNT", 1, job_ptrace },
	{ "privileges", "", 0, job_privileges },
	{ "keys", "COUNT", 1, job_keys },
	{ "bpf", "COUNT", 1, job_bpf },
	{ "pass", "PATH,COUNT", 2, job_pass },
	{ "refused-call", "COUNT", 1, job_refused_call },
	{ "fatal-call", "", 0, job_fatal_call },
	{ "tty", "TEXT,COUNT", 2, job_tty },
	{ "unix-listener", "PATH", 1, job_unix_listener },
	{ "open", "PATH,COUNT", 2, job_open },
	{ "open-missing", "PATH,COUNT", 2, job_open_missing },
	{ "write", "PATH,BYTES,COUNT", 3, job_write },
	{ "write-direct", "PATH,BYTES,COUNT", 3, job_write_direct },
	{ "read", "PATH,BYTES,COUNT", 3, job_read },
	{ "put", "PATH,TEXT", 2, job_put },
	{ "forget", "PATH", 1, job_forget },
	{ "chroot", "COUNT", 1, job_chroot },
	{ 0 },
};

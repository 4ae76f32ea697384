// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/seccomp.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/dynlib.h"
#include "base/err.h"
#include "base/util.h"

#ifdef SANITIZER
#define OTHERS SCMP_ACT_ALLOW
#define NEVER SCMP_ACT_ALLOW
#else
#define OTHERS SCMP_ACT_ERRNO(ENOSYS)
#define NEVER SCMP_ACT_KILL_PROCESS
#endif

struct lib {
	__typeof__(&seccomp_init) init;
	__typeof__(&seccomp_attr_set) attr_set;
	__typeof__(&seccomp_rule_add_array) add;
	__typeof__(&seccomp_load) load;
	__typeof__(&seccomp_release) release;
};

struct filter {
	struct lib lib;
	scmp_filter_ctx ctx;
	int code; /* of the first rule that failed */
};

/* ---- calls whatever their arguments ---- */

#define CALL(name) SCMP_SYS(name)
static const int reads[] = {
	/* open files */
	CALL(read),
	CALL(readv),
	CALL(pread64),
	CALL(preadv),
	CALL(write),
	CALL(writev),
	CALL(pwrite64),
	CALL(pwritev),
	CALL(lseek),
	CALL(close),
	CALL(close_range),
	CALL(dup),
	CALL(dup2),
	CALL(dup3),
	CALL(fcntl),
	CALL(fsync),
	CALL(fdatasync),
	CALL(ftruncate),
	CALL(fallocate),
	CALL(poll),
	CALL(ppoll),
	CALL(select),
	CALL(pselect6),
	CALL(epoll_create1),
	CALL(epoll_create),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(epoll_pwait),
	CALL(epoll_pwait2),
	CALL(eventfd2),
	CALL(timerfd_create),
	CALL(timerfd_settime),
	CALL(timerfd_gettime),
	CALL(signalfd4),
	CALL(pipe2),
	CALL(memfd_create),
	CALL(socketpair),
	CALL(sendmsg),
	CALL(recvmsg),
	CALL(sendto),
	CALL(recvfrom),
	CALL(shutdown),
	/* files, as Landlock lets */
	CALL(open),
	CALL(openat),
	CALL(openat2),
	CALL(stat),
	CALL(fstat),
	CALL(lstat),
	CALL(newfstatat),
	CALL(statx),
	CALL(statfs),
	CALL(fstatfs),
	CALL(access),
	CALL(faccessat),
	CALL(faccessat2),
	CALL(readlink),
	CALL(readlinkat),
	CALL(getdents64),
	CALL(getcwd),
	CALL(inotify_add_watch), /* cgroups that come and go */
	/* memory and threads */
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(brk),
	CALL(membarrier),
	CALL(futex),
	CALL(set_robust_list),
	CALL(get_robust_list),
	CALL(set_tid_address),
	CALL(rseq),
	CALL(exit),
	CALL(exit_group),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(sched_setscheduler),
	CALL(sched_getscheduler),
	CALL(sched_getparam),
	CALL(restart_syscall),
	/* signals of its own */
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigpending),
	CALL(rt_sigreturn),
	CALL(rt_sigtimedwait),
	CALL(rt_sigsuspend),
	CALL(sigaltstack),
	CALL(wait4),
	CALL(waitid),
	/* questions */
	CALL(getpid),
	CALL(gettid),
	CALL(getppid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getgroups),
	CALL(getpgrp),
	CALL(getpgid),
	CALL(getsid),
	CALL(getresuid),
	CALL(getresgid),
	CALL(capget),
	CALL(getrusage),
	CALL(getrlimit),
	CALL(sysinfo),
	CALL(uname),
	CALL(times),
	CALL(time),
	CALL(gettimeofday),
	CALL(clock_gettime),
	CALL(clock_getres),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(getrandom),
	CALL(getcpu),
};

static const int talks[] = {
	CALL(connect),	  CALL(bind),	     CALL(listen),	CALL(accept),
	CALL(accept4),	  CALL(getsockname), CALL(getpeername), CALL(setsockopt),
	CALL(getsockopt), CALL(sendmmsg),    CALL(recvmmsg),
};

static const int stores[] = {
	CALL(mkdir),	       CALL(mkdirat),
	CALL(rename),	       CALL(renameat),
	CALL(renameat2),       CALL(link),
	CALL(linkat),	       CALL(unlink),
	CALL(unlinkat),	       CALL(rmdir),
	CALL(symlink),	       CALL(symlinkat),
	CALL(chmod),	       CALL(fchmod),
	CALL(fchmodat),	       CALL(umask),
	CALL(flock),	       CALL(utimensat),
	CALL(copy_file_range), CALL(sendfile),
	CALL(inotify_init1),   CALL(inotify_rm_watch),
	CALL(fadvise64),       CALL(chdir),
};

static const int forks[] = { CALL(clone), CALL(fork), CALL(vfork) };

static const int opens[] = {
	CALL(perf_event_open), CALL(open_by_handle_at),
	CALL(fstatfs),	       CALL(recvmsg),
	CALL(sendmsg),	       CALL(close),
	CALL(write),	       CALL(exit_group),
	CALL(futex),	       CALL(brk),
	CALL(munmap),	       CALL(madvise),
	CALL(rt_sigreturn),    CALL(restart_syscall),
};

/* Nothing honest in this process calls these. */
static const int never[] = {
	CALL(execve),
	CALL(execveat),
	CALL(ptrace),
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(mount),
	CALL(umount2),
	CALL(move_mount),
	CALL(open_tree),
	CALL(fsopen),
	CALL(fsconfig),
	CALL(fsmount),
	CALL(fspick),
	CALL(mount_setattr),
	CALL(pivot_root),
	CALL(chroot),
	CALL(setns),
	CALL(unshare),
	CALL(init_module),
	CALL(finit_module),
	CALL(delete_module),
	CALL(kexec_load),
	CALL(kexec_file_load),
	CALL(reboot),
	CALL(swapon),
	CALL(swapoff),
	CALL(userfaultfd),
	CALL(keyctl),
	CALL(add_key),
	CALL(request_key),
	CALL(iopl),
	CALL(ioperm),
	CALL(io_uring_setup),
	CALL(io_uring_enter),
	CALL(io_uring_register),
	CALL(setuid),
	CALL(setreuid),
	CALL(setresuid),
	CALL(setgid),
	CALL(setregid),
	CALL(setresgid),
	CALL(setgroups),
	CALL(pidfd_getfd),
	CALL(acct),
	CALL(quotactl),
	CALL(settimeofday),
	CALL(clock_settime),
	CALL(clock_adjtime),
	CALL(sethostname),
	CALL(setdomainname),
};

/* ---- values of one argument ---- */

static const unsigned bpf_reads[] = {
	BPF_MAP_LOOKUP_ELEM,
	BPF_MAP_UPDATE_ELEM,
	BPF_MAP_DELETE_ELEM,
	BPF_MAP_GET_NEXT_KEY,
	BPF_MAP_LOOKUP_BATCH,
	BPF_MAP_LOOKUP_AND_DELETE_ELEM,
	BPF_MAP_LOOKUP_AND_DELETE_BATCH,
	BPF_MAP_DELETE_BATCH,
	BPF_OBJ_GET_INFO_BY_FD,
	BPF_ITER_CREATE,
	BPF_LINK_DETACH,
};
static const unsigned bpf_attaches[] = { BPF_LINK_CREATE };
static const unsigned prctls[] = {
	PR_SET_NAME, PR_GET_NAME,	PR_GET_DUMPABLE,     PR_CAPBSET_READ,
	PR_SET_VMA,  PR_SET_TIMERSLACK, PR_GET_NO_NEW_PRIVS, PR_SET_PDEATHSIG,
};
/* Not among them: TIOCSTI, which types into the terminal. */
static const unsigned ioctls[] = {
	TCGETS,
	TIOCGWINSZ,
	TIOCGPGRP,
	FIONREAD,
	FIONBIO,
	FIOCLEX,
	PERF_EVENT_IOC_ENABLE,
	PERF_EVENT_IOC_DISABLE,
	PERF_EVENT_IOC_SET_OUTPUT,
	PERF_EVENT_IOC_ID,
	SIOCGIFNAME,
	SIOCGIFINDEX,
};
static const unsigned terminal_ioctls[] = {
	TCSETS, TCSETSW, TCSETSF, TCSBRK, TCXONC, TCFLSH, TIOCSPGRP, TIOCOUTQ,
};
static const unsigned perf_ioctls[] = { PERF_EVENT_IOC_SET_BPF };
static const unsigned local_families[] = { AF_UNIX };
static const unsigned network_families[] = { AF_INET, AF_INET6, AF_NETLINK };

/* ---- making a filter ---- */

static void rule(struct filter *f, uint32_t action, int call, unsigned count,
		 const struct scmp_arg_cmp *args)
{
	int code = f->lib.add(f->ctx, action, call, count, args);

	/* -EDOM: this machine does not have the call. */
	if (code < 0 && code != -EDOM && !f->code && action != OTHERS)
		f->code = code;
}

static void rules(struct filter *f, uint32_t action, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (action != OTHERS)
			rule(f, action, calls[i], 0, NULL);
}

static void values(struct filter *f, int call, unsigned arg, const unsigned *list, size_t count)
{
	/* Of the lower half alone: the kernel takes an int. */
	for (size_t i = 0; i < count; i++) {
		const struct scmp_arg_cmp cmp = { arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, list[i] };

		rule(f, SCMP_ACT_ALLOW, call, 1, &cmp);
	}
}

/* Memory is written or run, never both. */
static void no_fresh_code(struct filter *f, int call)
{
	static const unsigned long allowed[] = { PROT_NONE, PROT_WRITE, PROT_EXEC };

	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		const struct scmp_arg_cmp cmp = { 2, SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC,
						  allowed[i] };

		rule(f, SCMP_ACT_ALLOW, call, 1, &cmp);
	}
}

/* Signals to this process; limits of it; threads, but no other processes. */
static void own_process(struct filter *f)
{
	const struct scmp_arg_cmp self = { 0, SCMP_CMP_EQ, (uint64_t)getpid(), 0 };
	const struct scmp_arg_cmp ask[] = { { 0, SCMP_CMP_EQ, 0, 0 }, { 2, SCMP_CMP_EQ, 0, 0 } };
	const struct scmp_arg_cmp thread = { 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD };

	rule(f, SCMP_ACT_ALLOW, CALL(kill), 1, &self);
	rule(f, SCMP_ACT_ALLOW, CALL(tgkill), 1, &self);
	rule(f, SCMP_ACT_ALLOW, CALL(prlimit64), 2, ask);
	rule(f, SCMP_ACT_ALLOW, CALL(clone), 1, &thread);
}

static void add_reads(struct filter *f, unsigned uses)
{
	rules(f, SCMP_ACT_ALLOW, reads, ARRAY_LEN(reads));
	values(f, CALL(bpf), 0, bpf_reads, ARRAY_LEN(bpf_reads));
	values(f, CALL(prctl), 0, prctls, ARRAY_LEN(prctls));
	values(f, CALL(ioctl), 1, ioctls, ARRAY_LEN(ioctls));
	values(f, CALL(socket), 0, local_families, ARRAY_LEN(local_families));
	no_fresh_code(f, CALL(mmap));
	no_fresh_code(f, CALL(mprotect));
	own_process(f);
	/* Names of users may come from a local server. */
	if (!(uses & SECCOMP_TALKS))
		rule(f, SCMP_ACT_ALLOW, CALL(connect), 0, NULL);
	else
		values(f, CALL(socket), 0, network_families, ARRAY_LEN(network_families));
}

static void add_uses(struct filter *f, unsigned uses)
{
	static const struct scmp_arg_cmp group = { 0, SCMP_CMP_EQ, 0, 0 };

	if (uses & SECCOMP_READS)
		add_reads(f, uses);
	if (uses & SECCOMP_TALKS)
		rules(f, SCMP_ACT_ALLOW, talks, ARRAY_LEN(talks));
	if (uses & SECCOMP_STORES)
		rules(f, SCMP_ACT_ALLOW, stores, ARRAY_LEN(stores));
	if (uses & SECCOMP_FORKS)
		rules(f, SCMP_ACT_ALLOW, forks, ARRAY_LEN(forks));
	if (uses & SECCOMP_OPENS) {
		rules(f, SCMP_ACT_ALLOW, opens, ARRAY_LEN(opens));
		no_fresh_code(f, CALL(mmap));
	}
	if (uses & SECCOMP_TERMINAL) {
		values(f, CALL(ioctl), 1, terminal_ioctls, ARRAY_LEN(terminal_ioctls));
		rule(f, SCMP_ACT_ALLOW, CALL(kill), 1, &group); /* Ctrl-Z stops the whole job */
	}
	if (uses & SECCOMP_ATTACHES) {
		values(f, CALL(bpf), 0, bpf_attaches, ARRAY_LEN(bpf_attaches));
		values(f, CALL(ioctl), 1, perf_ioctls, ARRAY_LEN(perf_ioctls));
	}
}

static void add_loads(struct filter *f)
{
	static const unsigned families[] = { AF_INET, AF_INET6, AF_VSOCK };

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct scmp_arg_cmp cmp = { 0, SCMP_CMP_MASKED_EQ, UINT32_MAX, families[i] };

		rule(f, SCMP_ACT_ERRNO(EACCES), CALL(socket), 1, &cmp);
	}
}

static int load(struct filter *f, unsigned uses, struct err *err)
{
	int code;

	if (uses & SECCOMP_LOADS) {
		add_loads(f);
	} else {
		add_uses(f, uses);
		rules(f, NEVER, never, ARRAY_LEN(never));
	}
	f->lib.attr_set(f->ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	f->lib.attr_set(f->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	code = f->code ? f->code : f->lib.load(f->ctx);
	f->lib.release(f->ctx);
	return code < 0 ? err_sys(err, -code, "no seccomp filter") : 0;
}

int seccomp_enter(unsigned uses, struct err *err)
{
	struct filter f = { 0 };
	const struct dynlib_symbol symbols[] = {
		{ "seccomp_init", &f.lib.init },	  { "seccomp_attr_set", &f.lib.attr_set },
		{ "seccomp_rule_add_array", &f.lib.add }, { "seccomp_load", &f.lib.load },
		{ "seccomp_release", &f.lib.release },
	};
	int code = dynlib_open(NULL, "libseccomp.so.2", "libseccomp2", "no seccomp filter", symbols,
			       ARRAY_LEN(symbols), err);

	if (code < 0)
		return code;
	f.ctx = f.lib.init(uses & SECCOMP_LOADS ? SCMP_ACT_ALLOW : OTHERS);
	return f.ctx ? load(&f, uses, err) : err_sys(err, ENOMEM, "no seccomp filter");
}

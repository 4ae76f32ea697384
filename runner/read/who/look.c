// SPDX-License-Identifier: Apache-2.0
#include "runner/read/who/look.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/util.h"
#include "runner/read/text/names.h"
#include "runner/read/who/process.h"

#define SOCKETS_MAX 8		   /* that are shown */
#define INODES_MAX 4096		   /* sockets of a process that are looked for */
#define BUDGET_NS 100000000ull	   /* of a look */
#define TABLE_MAX_BYTES (4u << 20) /* of /proc/net/tcp and the like */
#define HOSTS_MAX_BYTES 65536
#define ADDRESS_BYTES 16

struct looker {
	char *dst;
	size_t len;
	uint64_t until_ns;
};

static void __attribute__((format(printf, 3, 4)))
add(struct looker *l, const char *name, const char *fmt, ...)
{
	char text[512];
	size_t names = strlen(name) + 1, len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text) + 1;
	if (l->len + names + len > LOOK_BYTES)
		return;
	memcpy(l->dst + l->len, name, names);
	memcpy(l->dst + l->len + names, text, len);
	l->len += names + len;
}

static bool is_late(const struct looker *l)
{
	return now_mono_ns() > l->until_ns;
}

/* --- sockets --- */

struct end {
	uint8_t address[ADDRESS_BYTES]; /* IPv4 is mapped into IPv6 */
	unsigned port;
};

struct socket {
	const char *protocol;
	struct end local, remote;
	unsigned state;
	uint64_t inode;
};

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const uint8_t *address)
{
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static void address_text(char dst[INET6_ADDRSTRLEN], const uint8_t *address)
{
	if (is_v4(address))
		inet_ntop(AF_INET, address + sizeof(mapped), dst, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, address, dst, INET6_ADDRSTRLEN);
}

static void end_text(char *dst, size_t room, const struct end *end)
{
	char text[INET6_ADDRSTRLEN];

	address_text(text, end->address);
	snprintf(dst, room, is_v4(end->address) ? "%s:%u" : "[%s]:%u", text, end->port);
}

/* "0100007F:1F90": words of 32 bits as the machine has them, the port as a number. */
static const char *read_end(const char *at, struct end *ret)
{
	size_t digits = strspn(at, "0123456789ABCDEF");
	char word[9] = "";

	if (digits != 8 && digits != 32)
		return NULL;
	*ret = (struct end){ 0 };
	if (digits == 8)
		memcpy(ret->address, mapped, sizeof(mapped));
	for (size_t i = 0; i < digits / 8; i++) {
		uint32_t bits;

		memcpy(word, at + 8 * i, 8);
		bits = (uint32_t)strtoul(word, NULL, 16);
		memcpy(ret->address + (digits == 8 ? sizeof(mapped) : 4 * i), &bits, 4);
	}
	if (at[digits] != ':')
		return NULL;
	ret->port = (unsigned)strtoul(at + digits + 1, NULL, 16);
	return strchr(at + digits, ' ');
}

/* "  0: LOCAL REMOTE STATE QUEUES TIMER RETRANSMITS UID TIMEOUT INODE ..." */
static bool read_socket(const char *line, struct socket *ret)
{
	const char *at = strchr(line, ':');
	char *rest;

	at = at ? read_end(at + 1 + strspn(at + 1, " "), &ret->local) : NULL;
	at = at ? read_end(at + 1, &ret->remote) : NULL;
	if (!at)
		return false;
	ret->state = (unsigned)strtoul(at + 1, &rest, 16);
	for (int i = 0; i < 5; i++) {
		rest += strspn(rest, " ");
		rest += strcspn(rest, " ");
	}
	ret->inode = strtoull(rest, NULL, 10);
	return true;
}

/* The sockets of the namespace of a process, or of this one: fn returns false to end. */
static void each_socket(struct looker *l, const char *proc,
			bool (*fn)(void *ctx, const struct socket *socket), void *ctx)
{
	static const char *const tables[] = { "tcp", "tcp6", "udp", "udp6" };
	struct socket socket;
	bool more = true;

	for (size_t i = 0; i < ARRAY_LEN(tables) && more; i++) {
		_cleanup_free_ char *path = xasprintf("%s/net/%s", proc, tables[i]);
		_cleanup_file_ FILE *file = fopen(path, "re");
		size_t bytes = 0;
		char line[512];

		socket.protocol = i < 2 ? "tcp" : "udp";
		while (file && more && fgets(line, sizeof(line), file)) {
			bytes += strlen(line);
			if (bytes > TABLE_MAX_BYTES || is_late(l))
				break;
			if (read_socket(line, &socket))
				more = fn(ctx, &socket);
		}
	}
}

static void add_socket(struct looker *l, const struct socket *socket, const char *owner)
{
	char local[64], remote[64];
	const char *state = name_of(MEAN_TCP_STATE, (int64_t)socket->state);
	bool tcp = streq(socket->protocol, "tcp");

	end_text(local, sizeof(local), &socket->local);
	end_text(remote, sizeof(remote), &socket->remote);
	if (!socket->remote.port)
		add(l, socket->protocol, "%s %s%s", local, tcp ? "listens" : "receives", owner);
	else
		add(l, socket->protocol, "%s -> %s%s%s%s", local, remote, tcp ? " " : "",
		    tcp && state ? state : "", owner);
}

/* --- what processes have open --- */

/* Calls fn for each descriptor of a process, with what its link reads. */
static bool each_link(struct looker *l, uint64_t pid,
		      bool (*fn)(void *ctx, uint64_t pid, const char *path, const char *target),
		      void *ctx)
{
	_cleanup_free_ char *dir = xasprintf("/proc/%llu/fd", (unsigned long long)pid);
	DIR *links = opendir(dir);
	char path[64], target[512];
	struct dirent *entry;
	bool more = true;
	ssize_t len;

	while (links && more && !is_late(l) && (entry = readdir(links))) {
		snprintf(path, sizeof(path), "/proc/%llu/fd/%.20s", (unsigned long long)pid,
			 entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = '\0';
		more = fn(ctx, pid, path, target);
	}
	if (links)
		closedir(links);
	return more;
}

static void each_process(struct looker *l,
			 bool (*fn)(void *ctx, uint64_t pid, const char *path, const char *target),
			 void *ctx)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && !is_late(l) && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    !each_link(l, strtoull(entry->d_name, NULL, 10), fn, ctx))
			break;
	if (proc)
		closedir(proc);
}

static uint64_t socket_inode(const char *target)
{
	return has_prefix(target, "socket:[") ? strtoull(target + 8, NULL, 10) : 0;
}

/* --- the sockets of a process --- */

struct peers {
	struct looker *l;
	uint64_t inodes[INODES_MAX];
	uint32_t ninodes, found;
};

static bool take_inode(void *ctx, uint64_t pid, const char *path, const char *target)
{
	struct peers *peers = ctx;
	uint64_t inode = socket_inode(target);

	if (inode)
		peers->inodes[peers->ninodes++] = inode;
	return peers->ninodes < INODES_MAX;
}

static bool take_socket(void *ctx, const struct socket *socket)
{
	struct peers *peers = ctx;

	for (uint32_t i = 0; i < peers->ninodes; i++) {
		if (peers->inodes[i] != socket->inode)
			continue;
		if (peers->found++ < SOCKETS_MAX)
			add_socket(peers->l, socket, "");
		break;
	}
	return true;
}

static void look_at_peers(struct looker *l, uint64_t pid)
{
	_cleanup_free_ char *proc = xasprintf("/proc/%llu", (unsigned long long)pid);
	struct peers *peers = xcalloc(1, sizeof(*peers));

	peers->l = l;
	each_link(l, pid, take_inode, peers);
	if (peers->ninodes)
		each_socket(l, proc, take_socket, peers);
	if (peers->found > SOCKETS_MAX)
		add(l, "", "and %u more sockets", peers->found - SOCKETS_MAX);
	free(peers);
}

/* --- an address --- */

struct places {
	const uint8_t *address;
	struct socket sockets[SOCKETS_MAX];
	char owners[SOCKETS_MAX][48];
	uint32_t count, owned, found;
};

static bool take_place(void *ctx, const struct socket *socket)
{
	struct places *places = ctx;

	if (memcmp(socket->local.address, places->address, ADDRESS_BYTES) != 0 &&
	    memcmp(socket->remote.address, places->address, ADDRESS_BYTES) != 0)
		return true;
	if (places->found++ < SOCKETS_MAX)
		places->sockets[places->count++] = *socket;
	return true;
}

static bool take_owner(void *ctx, uint64_t pid, const char *path, const char *target)
{
	struct places *places = ctx;
	uint64_t inode = socket_inode(target);
	char name[32];

	for (uint32_t i = 0; inode && i < places->count; i++) {
		if (places->sockets[i].inode != inode || places->owners[i][0])
			continue;
		process_name(pid, name);
		snprintf(places->owners[i], sizeof(places->owners[i]), "  %s %llu", name,
			 (unsigned long long)pid);
		places->owned++;
	}
	return places->owned < places->count;
}

/* False: it has none of IP. */
static bool address_of(const struct sockaddr *from, uint8_t ret[ADDRESS_BYTES])
{
	memset(ret, 0, ADDRESS_BYTES);
	if (from && from->sa_family == AF_INET) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + sizeof(mapped), &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from && from->sa_family == AF_INET6) {
		memcpy(ret, &((const struct sockaddr_in6 *)from)->sin6_addr, ADDRESS_BYTES);
	} else {
		return false;
	}
	return true;
}

static void add_interface_of(struct looker *l, const uint8_t *address)
{
	struct ifaddrs *all = NULL;
	uint8_t one[ADDRESS_BYTES];

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!address_of(i->ifa_addr, one) || memcmp(one, address, ADDRESS_BYTES) != 0)
			continue;
		add(l, "interface", "%s", i->ifa_name);
		break;
	}
	freeifaddrs(all);
}

/* The names that /etc/hosts gives it. */
static void add_host(struct looker *l, const uint8_t *address)
{
	_cleanup_free_ void *text = NULL;
	char *save = NULL;

	if (read_file("/etc/hosts", HOSTS_MAX_BYTES, &text, NULL, NULL) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t len = strcspn(line, " \t#");
		uint8_t one[ADDRESS_BYTES] = { 0 };

		if (!line[len] || line[len] == '#')
			continue;
		line[len++] = '\0';
		memcpy(one, mapped, sizeof(mapped));
		if (inet_pton(AF_INET, line, one + sizeof(mapped)) != 1 &&
		    inet_pton(AF_INET6, line, one) != 1)
			continue;
		if (memcmp(one, address, ADDRESS_BYTES) == 0)
			add(l, "name", "%s", line + len + strspn(line + len, " \t"));
	}
}

static void look_at_address(struct looker *l, const uint8_t *address)
{
	struct places *places = xcalloc(1, sizeof(*places));

	places->address = address;
	add_host(l, address);
	add_interface_of(l, address);
	each_socket(l, "/proc", take_place, places);
	if (places->count)
		each_process(l, take_owner, places);
	for (uint32_t i = 0; i < places->count; i++)
		add_socket(l, &places->sockets[i], places->owners[i]);
	if (places->found > SOCKETS_MAX)
		add(l, "", "and %u more sockets", places->found - SOCKETS_MAX);
	free(places);
}

/* --- an interface --- */

static void add_setting(struct looker *l, const char *interface, const char *setting,
			const char *unit)
{
	_cleanup_free_ char *path = xasprintf("/sys/class/net/%s/%s", interface, setting);
	_cleanup_free_ void *text = NULL;

	if (read_file(path, 256, &text, NULL, NULL) < 0)
		return;
	((char *)text)[strcspn(text, "\n")] = '\0';
	if (*(char *)text && *(char *)text != '-')
		add(l, setting, "%s%s", (char *)text, unit);
}

static void look_at_interface(struct looker *l, uint64_t index)
{
	struct if_nameindex *all = if_nameindex();
	struct ifaddrs *addresses = NULL;

	for (const struct if_nameindex *i = all; i && i->if_index; i++) {
		if (i->if_index != index)
			continue;
		add(l, "name", "%s", i->if_name);
		add_setting(l, i->if_name, "operstate", "");
		add_setting(l, i->if_name, "address", "");
		add_setting(l, i->if_name, "mtu", "");
		add_setting(l, i->if_name, "speed", " Mbit/s");
		if (getifaddrs(&addresses) < 0)
			continue;
		for (const struct ifaddrs *a = addresses; a; a = a->ifa_next) {
			uint8_t address[ADDRESS_BYTES];
			char text[INET6_ADDRSTRLEN];

			if (!streq(a->ifa_name, i->if_name) || !address_of(a->ifa_addr, address))
				continue;
			address_text(text, address);
			add(l, "addr", "%s", text);
		}
		freeifaddrs(addresses);
	}
	if (all)
		if_freenameindex(all);
}

/* --- an inode --- */

struct inode {
	struct looker *l;
	uint64_t inode;
	uint32_t found;
};

static bool take_file(void *ctx, uint64_t pid, const char *path, const char *target)
{
	struct inode *inode = ctx;
	char name[32];
	struct statx st;

	/* Without a word to a server of files that may not answer. */
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &st) < 0 ||
	    st.stx_ino != inode->inode)
		return true;
	if (!inode->found)
		add(inode->l, "file", "%s", target);
	process_name(pid, name);
	add(inode->l, "open in", "%s %llu", name, (unsigned long long)pid);
	return ++inode->found < SOCKETS_MAX;
}

static bool take_socket_of_inode(void *ctx, const struct socket *socket)
{
	struct inode *inode = ctx;

	if (socket->inode != inode->inode)
		return true;
	add_socket(inode->l, socket, "");
	return false;
}

size_t look_now(const struct question *what, char dst[LOOK_BYTES])
{
	struct looker l = { .dst = dst, .until_ns = now_mono_ns() + BUDGET_NS };
	struct inode inode = { .l = &l, .inode = what->group };

	switch ((enum look_kind)what->look) {
	case LOOK_PEERS:
		look_at_peers(&l, what->group);
		break;
	case LOOK_ADDRESS:
		look_at_address(&l, what->address);
		break;
	case LOOK_INTERFACE:
		look_at_interface(&l, what->group);
		break;
	case LOOK_INODE:
		each_process(&l, take_file, &inode);
		each_socket(&l, "/proc", take_socket_of_inode, &inode);
		break;
	case LOOK_NONE:
		break;
	}
	return l.len;
}

# SPDX-License-Identifier: Apache-2.0
# make, and with a word behind it: test, interop, demo, pictures, examples, trace-demos, bench, soak, fuzz, check, install, deps.
# V=1 shows the commands; SANITIZE=address,undefined builds with sanitizers, in a folder of its own.

ifneq ($(words $(CURDIR)),1)
$(error make cannot work in a folder whose path has a space: $(CURDIR))
endif
VERSION  := $(shell cat VERSION)
comma    := ,
BUILD    ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
PREFIX   ?= /usr/local
CLANG    ?= clang
JOBS     ?= $(shell nproc)
Q        := $(if $(V),,@)
say       = $(if $(V),,@echo '  $(1)$@' && )
link      = $(call say,LINK    )$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^
SUBMAKE   = $(MAKE) --no-print-directory -j$(JOBS)

CPPFLAGS += -D_GNU_SOURCE -DBOMBUS_VERSION='"$(VERSION)"' -DBOMBUS_INCLUDE_DIR='"$(PREFIX)/include"' \
	    -DXXH_INLINE_ALL -DPCRE2_CODE_UNIT_WIDTH=8 -I. -I$(BUILD)/gen
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	    -Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare \
	    -fstack-protector-strong -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -pthread
LDFLAGS  += -Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro -Wl,-z,pack-relative-relocs -pthread
ifneq ($(SANITIZE),)
CFLAGS   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=$(SANITIZE)
endif

# The layers. Each is an archive, links only what is named here, and so do its tests, fuzzers and
# benchmarks (tests/unit_<layer>_<module>.c): an arrow in the wrong direction does not link.
LAYERS           := base oci runner/load runner/read runner/sink runner/tui trace
DEPS_oci         := base
DEPS_runner/load := base
DEPS_runner/read := runner/load base
DEPS_runner/sink := runner/read runner/load base
DEPS_runner/tui  := runner/sink runner/read runner/load base
DEPS_cmd         := runner/tui runner/sink runner/read runner/load oci base
LIBS_oci         := -ljansson -lcrypto
LIBS_runner/load := -lbpf -lelf -lz
LIBS_runner/read := -lpcre2-8
LIBS_runner/sink := -lz -ljansson
LIBS_runner/tui  := -lncursesw -ltinfo
LIBS_cmd         := -ljansson

layer     = $(or $(filter $(subst read,runner/read,$(subst tui,runner/tui,$(subst sink,runner/sink,$(subst load,runner/load,$(word 2,$(subst _, ,$(1))))))),$(LAYERS)),cmd)
archive   = $(BUILD)/lib$(subst /,-,$(1)).a
objects   = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c $(1)/*/*.c))
archives  = $(foreach l,$(filter $(LAYERS),$(1)) $(DEPS_$(1)),$(call archive,$(l)))
libs      = $(LIBS_$(1)) $(foreach l,$(DEPS_$(1)),$(LIBS_$(l))) -lm

UNITS    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit_*.c))
FUZZERS  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz_*.c))
BENCHES  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))
DEMOS    := $(patsubst %.c,$(BUILD)/%,$(wildcard demos/*.c))
EXAMPLES := $(patsubst bpf-examples/%.bpf.c,$(BUILD)/examples/%.built,$(wildcard bpf-examples/*.bpf.c))
BPF_TESTS := $(patsubst %.bpf.c,$(BUILD)/%.bpf.o,$(wildcard tests/bpf/*.bpf.c tests/bench/*.bpf.c))
BPF_ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/; s/riscv64/riscv/; s/s390x/s390/')

.PHONY: all units examples trace-demos bpf-tests fuzzers fuzzers-here test interop demo pictures bench soak fuzz install deps check lint format clean
.SECONDARY:
.SECONDEXPANSION:

all: $(BUILD)/bombus $(call archive,trace)

$(BUILD)/bombus: $(call objects,cmd) $(call archives,cmd)
	$(link) $(call libs,cmd)

define layer_rule
$(call archive,$(1)): $(call objects,$(1))
	$$(call say,AR      )rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

# Once in a build folder: what is missing is said before the compiler stumbles over it.
$(BUILD)/.checked: tests/deps.sh
	@mkdir -p $(@D)
	@CC="$(CC)" tests/deps.sh -n compile && touch $@

# Rooms whose code runs once a start or for people's eyes are built to be small; the others, whose code runs for each
# event or row, to be fast.
SMALL_ROOMS := cmd oci runner/load runner/sink/web runner/tui
$(foreach room,$(SMALL_ROOMS),$(BUILD)/$(room)/%.o): CFLAGS := $(subst -O2,-Os,$(CFLAGS))
$(BUILD)/%.o: %.c Makefile VERSION | $(BUILD)/.checked
	@mkdir -p $(@D)
	$(call say,CC      )$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Tables of names, made from the system's headers.
$(BUILD)/runner/read/text/names.o: $(BUILD)/gen/names.inc
$(BUILD)/gen/%.inc: runner/read/text/gen-%.sh | $(BUILD)/.checked
	@mkdir -p $(@D)
	$(Q)CC="$(CC)" sh $< > $@.tmp && mv $@.tmp $@

$(BUILD)/tests/unit_%: $(BUILD)/tests/unit_%.o $$(call archives,$$(call layer,$$(@F)))
	$(link) $(call libs,$(call layer,$(@F))) -lcmocka

$(BUILD)/tests/fuzz_%: $(BUILD)/tests/fuzz_%.o $$(call archives,$$(call layer,$$(@F)))
	$(link) -fsanitize=fuzzer $(call libs,$(call layer,$(@F)))

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(call archives,cmd)
	$(link) $(call libs,cmd)
$(BUILD)/tests/traffic: $(BUILD)/tests/traffic.o
	$(link)
$(BUILD)/demos/%: $(BUILD)/demos/%.o $(call archive,trace)
	$(link)

# BPF objects for tests, and the examples as images in a store.
$(BUILD)/bpf/vmlinux.h:
	@mkdir -p $(@D)
	$(Q)bpftool btf dump file /sys/kernel/btf/vmlinux format c > $@.tmp && mv $@.tmp $@

$(BUILD)/tests/%.bpf.o: tests/%.bpf.c $(wildcard include/bombus/*.h tests/bpf/*.h) $(BUILD)/bpf/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF     )$(CLANG) -target bpf -O2 -g -Wall -Werror -D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -I$(BUILD)/bpf -c -o $@ $<

$(BUILD)/examples/%.built: bpf-examples/%.bpf.c $(BUILD)/bombus $(wildcard include/bombus/*.h)
	@mkdir -p $(@D)
	$(call say,IMAGE   )BOMBUS_INCLUDE=include $(BUILD)/bombus -q --store $(BUILD)/store build $< && touch $@

units: $(UNITS)
examples: $(EXAMPLES)
trace-demos: $(DEMOS)
bpf-tests: $(BPF_TESTS) $(BUILD)/tests/traffic $(DEMOS)

# What is missing is installed first; the rest are makes of their own, which then see it.
SAN          := address,undefined
SAN_BUILD    := $(BUILD)-address-undefined
FUZZ_BUILD   := $(BUILD)-fuzz
FUZZ_SECONDS ?= 20

# What root made in this folder belongs to the folder's owner, so that make works without sudo too.
GIVE_BACK     = if [ "$$(id -u)" -eq 0 ]; then for dir in build build-*; do \
			[ ! -d $$dir ] || chown -R --reference=Makefile $$dir; done; fi

deps:
	@tests/deps.sh
test: deps
	@$(SUBMAKE) all units examples bpf-tests
	@$(SUBMAKE) SANITIZE=$(SAN) BUILD=$(SAN_BUILD) all units $(SAN_BUILD)/tests/traffic
	@$(SUBMAKE) fuzzers
	@$(GIVE_BACK)
	@BUILD=$(BUILD) SANITIZED=$(SAN_BUILD) FUZZ_BUILD=$(FUZZ_BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run $(TESTS)
fuzzers:
	@$(SUBMAKE) CC=$(CLANG) SANITIZE=fuzzer-no-link,$(SAN) BUILD=$(FUZZ_BUILD) fuzzers-here
fuzzers-here: $(FUZZERS)
fuzz: fuzzers
	@FUZZ_BUILD=$(FUZZ_BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run fuzz
# With tools that are fetched and built first: not part of test.
interop: deps
	@$(SUBMAKE) all examples trace-demos $(BUILD)/tests/traffic
	@status=0; for test in tests/interop*.sh; do BUILD=$(BUILD) $$test || status=1; done; exit $$status
demo:
	@tests/deps.sh demo
	@$(SUBMAKE) all $(BUILD)/tests/traffic
	@BUILD=$(BUILD) tests/demo.sh
	@$(GIVE_BACK)
# A minute of scrapers, then ten million keys in ten minutes; the tests do the same in seconds.
soak: deps
	@$(SUBMAKE) all bpf-tests
	@$(GIVE_BACK)
	@BUILD=$(abspath $(BUILD)) LOAD_SECONDS=60 CHURN_SECONDS=600 CHURN_ROUNDS=10000 \
		bash tests/kernel_metrics_load.sh
# The README's, from the recordings in tests/golden.
pictures: deps
	@$(SUBMAKE) all
	@BUILD=$(BUILD) tests/pictures.sh
	@$(GIVE_BACK)
bench: deps
	@$(SUBMAKE) all bpf-tests $(BENCHES)
	@$(GIVE_BACK)
	@BUILD=$(BUILD) tests/bench/run.sh

ROOT := $(DESTDIR)$(PREFIX)
install: all
	install -D -s -m 755 -t $(ROOT)/bin $(BUILD)/bombus
	install -D -m 644 $(call archive,trace) $(ROOT)/lib/libbombus-trace.a
	install -D -m 644 -t $(ROOT)/include/bombus include/bombus/*.h
	install -D -m 644 -t $(ROOT)/include include/solo_types.h
	$(BUILD)/bombus completion bash | install -D -m 644 /dev/stdin $(ROOT)/share/bash-completion/completions/bombus
	$(BUILD)/bombus completion zsh | install -D -m 644 /dev/stdin $(ROOT)/share/zsh/site-functions/_bombus
	$(BUILD)/bombus completion fish | install -D -m 644 /dev/stdin $(ROOT)/share/fish/vendor_completions.d/bombus.fish
	@$(GIVE_BACK)

SOURCES := $(wildcard base/*.[ch] cmd/*.[ch] oci/*.[ch] oci/*/*.[ch] runner/*/*.[ch] runner/*/*/*.[ch] trace/*.c demos/*.[ch] tests/*.[ch] tests/bench/bench_*.c)
check: lint $(BUILD)/gen/names.inc
	clang-format --dry-run -Werror $(SOURCES)
	printf '%s\n' $(filter-out tests/%,$(filter %.c,$(SOURCES))) | \
		xargs -P $(JOBS) -I{} clang-tidy --quiet {} -- $(CPPFLAGS) -std=gnu11
lint:
	shellcheck -x .ci/run $(wildcard tests/run tests/*.sh tests/*/*.sh runner/read/text/*.sh)
format:
	clang-format -i $(SOURCES)
clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets. V=1 shows the commands; SANITIZE=address,undefined builds with
# sanitizers, in a folder of its own.

ifneq ($(words $(CURDIR)),1)
$(error make cannot work in a folder whose path has a space: $(CURDIR))
endif

# --- settings ---

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
# Uprobes of other tools' programs find this one function by its name, also when it is stripped.
LDFLAGS  += -Wl,--export-dynamic-symbol=post_attach_mark
LDFLAGS  += -Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro -Wl,-z,pack-relative-relocs -pthread
ifneq ($(SANITIZE),)
CFLAGS   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=$(SANITIZE)
endif

# --- layers ---

# Each layer is a folder with its rooms, and an archive. It links only the layers named here, and
# so do its tests and fuzzers: an arrow in the wrong direction does not link.
LAYERS           := base oci runner/load runner/compat runner/read runner/sink runner/tui runner/job trace
DEPS_oci         := base
DEPS_runner/load := base
DEPS_runner/compat := runner/load base
DEPS_runner/read := runner/load base
DEPS_runner/sink := runner/read runner/load base
DEPS_runner/tui  := runner/sink runner/read runner/load base
DEPS_runner/job  := runner/read runner/load base
DEPS_cmd         := runner/compat runner/job runner/tui runner/sink runner/read runner/load oci base
LIBS_oci         := -ljansson -lcrypto
LIBS_runner/load := -lbpf -ldw -lelf -lz -lpcre2-8
LIBS_runner/read := -lpcre2-8 -ljansson
LIBS_runner/sink := -lz -ljansson
LIBS_runner/tui  := -lncursesw -ltinfo
LIBS_cmd         := -ljansson
# Libraries that the static ones need; shared ones name them themselves.
LIBS_static      := -lz -lzstd -llzma -lbz2 -lelf -lz

# Files of a layer that stand beside its folder.
BESIDE_runner/read := runner/source.c

# Rooms whose code runs once a start or for people's eyes are built to be small; the others, whose
# code runs for each event or row, to be fast.
SMALL_ROOMS      := cmd oci runner/compat runner/job runner/load runner/sink/live runner/sink/web runner/tui

archive   = $(BUILD)/lib$(subst /,-,$(1)).a
objects   = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c $(1)/*/*.c) $(BESIDE_$(1)))
support   = $(BUILD)/libsupport.a
archives  = $(foreach l,$(filter $(LAYERS),$(1)) $(DEPS_$(1)),$(call archive,$(l)))
# STATIC=1 links every library into the binary but libc's, which opens others at run time.
libs      = $(if $(STATIC),-Wl$(comma)-Bstatic) $(LIBS_$(1)) $(foreach l,$(DEPS_$(1)),$(LIBS_$(l))) \
	    $(if $(STATIC),$(LIBS_static) -Wl$(comma)-Bdynamic) -lm
built     = $(patsubst %.c,$(BUILD)/%,$(wildcard $(1)))

UNITS     := $(call built,tests/unit/*/*.c)
FUZZERS   := $(call built,tests/fuzz/*/*.c)
BENCHES   := $(call built,tests/bench/bench_*.c)
DEMOS     := $(call built,demos/*.c)
# Programs that tests look at.
TRAFFIC   := $(BUILD)/tests/support/traffic $(BUILD)/tests/support/stacker
FIXTURES  := $(filter-out traffic% stacker,$(notdir $(basename $(wildcard tests/support/*.c))))
EXAMPLES  := $(patsubst bpf-examples/%.bpf.c,$(BUILD)/examples/%.built,$(wildcard bpf-examples/*.bpf.c))
BPF_TESTS := $(patsubst %.bpf.c,$(BUILD)/%.bpf.o,$(wildcard tests/bpf/*.bpf.c tests/bench/*.bpf.c))
BPF_ARCH  := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/; s/riscv64/riscv/; s/s390x/s390/')
SOURCES   := $(wildcard $(foreach d,base base/* cmd cmd/* oci oci/* runner runner/* runner/*/* trace demos tests/support \
		tests/unit/* tests/fuzz/*,$(d)/*.[ch]) tests/bench/bench_*.c)

.PHONY: all units examples trace-demos bpf-tests fuzzers fuzzers-here help \
	test interop portability demo pictures bench faults tsan valgrind soak fuzz install uninstall dist deb rpm tarball \
	sbom man deps check lint house format clean
.SECONDARY:

all: $(BUILD)/bombus $(call archive,trace) ## build bombus and libbombus-trace

# --- rules ---

$(BUILD)/bombus: $(call objects,cmd) $(call archives,cmd)
	$(link) $(call libs,cmd)

define layer_rules
$(call archive,$(1)): $(call objects,$(1))
	$$(call say,AR      )rm -f $$@ && $(AR) rcs $$@ $$^
$(BUILD)/tests/unit/$(notdir $(1))/%: $(BUILD)/tests/unit/$(notdir $(1))/%.o $(support) $(call archives,$(1))
	$$(link) $(call libs,$(1)) -lcmocka
$(BUILD)/tests/fuzz/$(notdir $(1))/%: $(BUILD)/tests/fuzz/$(notdir $(1))/%.o $(support) $(call archives,$(1))
	$$(link) -fsanitize=fuzzer $(call libs,$(1))
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rules,$(l))))

# The fixtures that tests share; a test links those that it uses.
$(support): $(FIXTURES:%=$(BUILD)/tests/support/%.o)
	$(call say,AR      )rm -f $@ && $(AR) rcs $@ $^

# Once in a build folder: name what is missing before the compiler stumbles over it.
$(BUILD)/.checked: tests/deps.sh
	@mkdir -p $(@D)
	@CC="$(CC)" tests/deps.sh -n compile && touch $@

$(foreach room,$(SMALL_ROOMS),$(BUILD)/$(room)/%.o): CFLAGS := $(subst -O2,-Os,$(CFLAGS))
$(BUILD)/%.o: %.c Makefile VERSION | $(BUILD)/.checked
	@mkdir -p $(@D)
	$(call say,CC      )$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# A script as the text of a C string.
$(BUILD)/runner/sink/flame/flamegraph.o: $(BUILD)/gen/flamegraph.js.inc
$(BUILD)/gen/%.js.inc: runner/sink/flame/%.js | $(BUILD)/.checked
	@mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@.tmp && mv $@.tmp $@

# Tables of names, made from the system's headers.
$(BUILD)/runner/read/text/names.o: $(BUILD)/gen/names.inc
$(BUILD)/gen/%.inc: runner/read/text/gen-%.sh | $(BUILD)/.checked
	@mkdir -p $(@D)
	$(Q)CC="$(CC)" sh $< > $@.tmp && mv $@.tmp $@

# The files of the page for browsers, compressed.
$(BUILD)/runner/sink/live/live_pages.o: $(BUILD)/gen/page.inc
$(BUILD)/gen/page.inc: runner/sink/live/gen-page.sh $(wildcard runner/sink/live/page/*) | $(BUILD)/.checked
	@mkdir -p $(@D)
	$(Q)sh $< > $@.tmp && mv $@.tmp $@

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(support) $(call archives,cmd)
	$(link) $(call libs,cmd)
$(TRAFFIC): %: %.o
	$(link)
$(BUILD)/tests/support/traffic: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/traffic_*.c))
# One whose stacks can be walked.
$(BUILD)/tests/support/stacker.o: CFLAGS += -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -g
$(BUILD)/demos/%: $(BUILD)/demos/%.o $(call archive,trace)
	$(link)

# BPF objects for tests, and the examples as images in a store.
$(BUILD)/bpf/vmlinux.h:
	@mkdir -p $(@D)
	$(Q)bpftool btf dump file /sys/kernel/btf/vmlinux format c > $@.tmp && mv $@.tmp $@

$(BUILD)/tests/%.bpf.o: tests/%.bpf.c $(wildcard include/bombus/*.h tests/bpf/*.h) $(BUILD)/bpf/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF     )$(CLANG) -target bpf -O2 -g -Wall -Werror -D__TARGET_ARCH_$(BPF_ARCH) -Iinclude \
		-I$(BUILD)/bpf -c -o $@ $<

$(BUILD)/examples/%.built: bpf-examples/%.bpf.c $(BUILD)/bombus $(wildcard include/bombus/*.h bpf-examples/*.h)
	@mkdir -p $(@D)
	$(call say,IMAGE   )BOMBUS_INCLUDE=include $(BUILD)/bombus -q --store $(BUILD)/store build $< && touch $@

$(BUILD)/tests/faults/fault.so: tests/faults/fault.c
	@mkdir -p $(@D)
	$(call say,CC      )$(CC) $(CPPFLAGS) -O2 -g -Wall -shared -fPIC -o $@ $<

units: $(UNITS) ## build the unit tests
examples: $(EXAMPLES) ## build the examples into images in BUILD/store
trace-demos: $(DEMOS) ## build C programs that use libbombus-trace
bpf-tests: $(BPF_TESTS) $(TRAFFIC) $(DEMOS)

# --- tests ---

SAN          := address,undefined
SAN_BUILD    := $(BUILD)-address-undefined
FUZZ_BUILD   := $(BUILD)-fuzz
FUZZ_SECONDS ?= 20
FAULTS_SECONDS ?= 600

# Files that root made in this folder go to the folder's owner, so that make works without sudo too.
GIVE_BACK     = if [ "$$(id -u)" -eq 0 ]; then for dir in build build-*; do \
			[ ! -d $$dir ] || chown -R --reference=Makefile $$dir; done; fi

# What each suite of tests/run needs built; TESTS names suites or single tests.
SUITES       := unit cli kernel guest fuzz sanitized
WANTED       := $(if $(TESTS),$(filter $(SUITES),$(sort $(foreach t,$(TESTS:tests/%=%),$(firstword $(subst /, ,$(t)))))),$(SUITES))
# Fuzzers and sanitizers are built beside the first tests.
FIRST        := $(or $(filter-out fuzz sanitized,$(WANTED)),$(WANTED))
BEHIND       := $(filter-out $(FIRST),$(WANTED))
.PHONY: $(SUITES:%=build-for-%)
build-for-unit: units
build-for-cli: man
build-for-cli build-for-kernel build-for-guest: all examples bpf-tests $(BUILD)/tests/faults/fault.so
build-for-fuzz: fuzzers
build-for-sanitized: all examples bpf-tests
	@$(SUBMAKE) SANITIZE=$(SAN) BUILD=$(SAN_BUILD) all units $(SAN_BUILD)/tests/support/traffic

deps: ## install what building and testing need (Debian)
	@tests/deps.sh
	@BUILD=$(BUILD) tests/fetch.sh
test: deps ## run every test, or TESTS="unit cli/build ..."
	@$(SUBMAKE) $(FIRST:%=build-for-%)
	@BUILD=$(BUILD) SANITIZED=$(SAN_BUILD) FUZZ_BUILD=$(FUZZ_BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) \
		BEHIND="$(if $(BEHIND),$(SUBMAKE) $(BEHIND:%=build-for-%))" tests/run $(TESTS); \
		status=$$?; $(GIVE_BACK); exit $$status
fuzzers:
	@$(SUBMAKE) CC=$(CLANG) SANITIZE=fuzzer-no-link,$(SAN) BUILD=$(FUZZ_BUILD) fuzzers-here
fuzzers-here: $(FUZZERS)
fuzz: fuzzers ## run every fuzzer for FUZZ_SECONDS
	@FUZZ_BUILD=$(FUZZ_BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run fuzz
interop: deps ## run beside tools that are fetched and built first; not part of test
	@tests/deps.sh interop
	@$(SUBMAKE) all examples trace-demos bpf-tests $(TRAFFIC)
	@status=0; for test in tests/interop/*.sh; do BUILD=$(abspath $(BUILD)) $$test || status=1; done; exit $$status
portability: ## build and test on other systems of Debian, which debootstrap makes
	@tests/deps.sh interop
	@BUILD=$(abspath $(BUILD)) tests/portability.sh $(SYSTEMS)
tsan: deps ## run what has threads under the thread sanitizer, or TSAN="kernel/agent ..."
	@$(SUBMAKE) SANITIZE=thread BUILD=$(BUILD)-thread all
	@$(SUBMAKE) all examples bpf-tests
	@tests/tsan.sh $(abspath $(BUILD)-thread/bombus) $(TSAN)
valgrind: deps ## run the unit tests under valgrind, or VALGRIND="unit/base ..."
	@$(SUBMAKE) units
	@BUILD=$(BUILD) tests/valgrind.sh $(VALGRIND)
faults: deps ## fail each allocation and system call of each path, FAULTS_SECONDS for a path and kind
	@$(SUBMAKE) all $(BUILD)/tests/faults/fault.so
	@$(SUBMAKE) SANITIZE=$(SAN) BUILD=$(SAN_BUILD) all $(SAN_BUILD)/tests/faults/fault.so
	@BUILD=$(BUILD) tests/faults/faults.py -s $(FAULTS_SECONDS) $(FAULTS) && \
		BUILD=$(SAN_BUILD) tests/faults/faults.py -s $(FAULTS_SECONDS) $(FAULTS)
soak: deps ## scrape for a minute, then count ten million keys in ten
	@$(SUBMAKE) all bpf-tests
	@$(GIVE_BACK)
	@BUILD=$(abspath $(BUILD)) LOAD_SECONDS=60 CHURN_SECONDS=600 CHURN_ROUNDS=10000 \
		bash tests/kernel/metrics_load.sh
bench: deps ## measure what the README claims, as ratios
	@$(SUBMAKE) all examples bpf-tests $(BENCHES)
	@$(GIVE_BACK)
	@BUILD=$(BUILD) tests/bench/run.sh
check: lint house $(BUILD)/gen/names.inc $(BUILD)/gen/page.inc ## check the format, the scripts, the layers and common mistakes
	clang-format --dry-run -Werror $(SOURCES)
	printf '%s\n' $(filter-out tests/%,$(filter %.c,$(SOURCES))) | \
		xargs -P $(JOBS) -I{} clang-tidy --quiet {} -- $(CPPFLAGS) -std=gnu11
house: all ## find circles between object files, full folders and long functions
	@tests/house.sh $(BUILD)
lint:
	shellcheck -x .ci/run tests/run $(wildcard tests/*.sh tests/*/*.sh runner/read/text/*.sh runner/sink/live/*.sh docs/man/*.sh debian/*.sh packaging/*.sh)

# --- for people ---

demo: ## run an example for ten seconds on traffic of its own
	@tests/deps.sh demo
	@$(SUBMAKE) all $(TRAFFIC)
	@BUILD=$(BUILD) tests/demo.sh
	@$(GIVE_BACK)
pictures: deps ## draw the README's pictures anew from the recordings in tests/golden
	@$(SUBMAKE) all
	@BUILD=$(BUILD) tests/pictures.sh
	@$(GIVE_BACK)

# --- installing and releasing ---

ROOT      := $(DESTDIR)$(PREFIX)
LIBDIR    ?= lib
INSTALL_STRIP ?= -s
EPOCH      = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y VERSION))
IMAGES    := $(ROOT)/share/bombus/images
MAN       := $(ROOT)/share/man
UNIT      := $(ROOT)/lib/systemd/system/bombus.service
COMPLETES := $(ROOT)/share/bash-completion/completions/bombus $(ROOT)/share/zsh/site-functions/_bombus \
	     $(ROOT)/share/fish/vendor_completions.d/bombus.fish

man: $(BUILD)/man/.made ## make the manual pages, in BUILD/man
$(BUILD)/man/.made: $(BUILD)/bombus $(wildcard spec/*.md docs/man/*)
	$(Q)docs/man/make.sh $(BUILD)/bombus $(@D) && touch $@
install: all examples man ## install to DESTDIR/PREFIX, with the examples as programs to run
	install -D $(INSTALL_STRIP) -m 755 -t $(ROOT)/bin $(BUILD)/bombus
	install -D -m 644 $(call archive,trace) $(ROOT)/$(LIBDIR)/libbombus-trace.a
	install -D -m 644 -t $(ROOT)/include/bombus include/bombus/*.h
	install -D -m 644 -t $(ROOT)/include include/solo_types.h
	install -D -m 644 -t $(ROOT)/share/doc/bombus README.md CHANGELOG.md deploy/bombus.yaml
	sed 's|/usr/local|$(PREFIX)|' deploy/bombus.service | install -D -m 644 /dev/stdin $(UNIT)
	for file in $(COMPLETES); do case $$file in *bash*) shell=bash ;; *zsh*) shell=zsh ;; *) shell=fish ;; esac; \
		$(BUILD)/bombus completion $$shell | install -D -m 644 /dev/stdin $$file || exit 1; done
	cd $(BUILD)/man && for page in man*/*; do install -D -m 644 $$page $(abspath $(MAN))/$$page || exit 1; done
	rm -rf $(IMAGES)
	$(BUILD)/bombus -q --store $(BUILD)/store save -o $(IMAGES)/ $(sort $(notdir $(basename $(EXAMPLES))))
	rm $(IMAGES)/.lock
	chmod -R u=rwX,go=rX $(IMAGES)
	@$(GIVE_BACK)
uninstall: ## remove what install put there
	rm -f $(ROOT)/bin/bombus $(ROOT)/$(LIBDIR)/libbombus-trace.a $(ROOT)/include/solo_types.h $(UNIT) $(COMPLETES)
	rm -f $(foreach p,man1/bombus.1 man1/bombus-*.1 man5/bombus-*.5 man7/bombus-*.7,$(MAN)/$(p))
	rm -rf $(ROOT)/include/bombus $(ROOT)/share/bombus $(ROOT)/share/doc/bombus
dist: ## pack the committed sources: BUILD/bombus-VERSION.tar.gz
	@mkdir -p $(BUILD)
	git archive --format=tar --prefix=bombus-$(VERSION)/ HEAD | gzip -9n > $(BUILD)/.dist.$$$$ && \
		mv $(BUILD)/.dist.$$$$ $(BUILD)/bombus-$(VERSION).tar.gz
tarball: ## pack an installation that needs no library but libc's: BUILD/bombus-VERSION-linux-ARCH.tar.gz
	@$(SUBMAKE) STATIC=1 BUILD=$(BUILD)-static all examples man
	rm -rf $(BUILD)/tarball
	@$(SUBMAKE) STATIC=1 BUILD=$(BUILD)-static install DESTDIR=$(abspath $(BUILD))/tarball PREFIX=/usr/local
	mv $(BUILD)/tarball/usr/local $(BUILD)/tarball/bombus-$(VERSION)
	tar -C $(BUILD)/tarball --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(EPOCH)" -c bombus-$(VERSION) | \
		gzip -9n > $(BUILD)/bombus-$(VERSION)-linux-$(shell uname -m).tar.gz
sbom: ## list the linked libraries and installed files, as SPDX: BUILD/bombus-VERSION.spdx.json
	rm -rf $(BUILD)/sbom
	@$(SUBMAKE) install DESTDIR=$(abspath $(BUILD))/sbom PREFIX=/usr >/dev/null
	packaging/sbom.sh $(BUILD)/sbom > $(BUILD)/bombus-$(VERSION).spdx.json
rpm: dist ## build packages for rpm of the committed sources, in BUILD/rpm (RPMFLAGS=--nodeps on Debian)
	rm -rf $(BUILD)/rpm
	rpmbuild -bb $(RPMFLAGS) --define "_topdir $(abspath $(BUILD))/rpm" --define "_sourcedir $(abspath $(BUILD))" \
		--define "source_version $(VERSION)" packaging/bombus.spec
deb: ## build Debian's packages of the committed sources, in BUILD/deb
	debian/build.sh $(BUILD)/deb
format: ## format the C sources
	clang-format -i $(SOURCES)
clean: ## remove everything that was built
	rm -rf build build-*
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do \
		printf '  make %-12s %s\n' "$$target" "$$text"; done

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

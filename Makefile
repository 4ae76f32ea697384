# SPDX-License-Identifier: Apache-2.0
# make, make test, make demo, make examples, make bench, make fuzz, make install, make deps.
# V=1 shows the commands, SANITIZE=address,undefined builds with sanitizers (in a folder of its own).

VERSION  := $(shell cat VERSION)
SANITIZE ?=
comma    := ,
BUILD    ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
DESTDIR  ?=
PREFIX   ?= /usr/local
CC       ?= gcc
CLANG    ?= clang
Q        := $(if $(V),,@)

CPPFLAGS := -D_GNU_SOURCE -DBOMBUS_VERSION='"$(VERSION)"' -DBOMBUS_INCLUDE_DIR='"$(PREFIX)/include"' \
	    -DXXH_INLINE_ALL -DPCRE2_CODE_UNIT_WIDTH=8 -I. -I$(BUILD)/gen
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	    -Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare \
	    -fstack-protector-strong -ffunction-sections -fdata-sections -pthread
LDFLAGS  += -Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro -pthread
ifneq ($(SANITIZE),)
CFLAGS   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=$(SANITIZE)
endif

# The layers, lowest first. Each is an archive; what uses it comes before it on the link line.
LAYERS   := base oci runner/load runner/read runner/sink
lib       = $(BUILD)/lib$(subst /,-,$(1)).a
objs      = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))
LIBS_runner/load := -lbpf -lelf -lz
LIBS_runner/read := -lpcre2-8
LIBS_oci  := -ljansson -lcrypto
# What each layer may see besides itself.
DEPS_base        :=
DEPS_oci         := base
DEPS_runner/load := base
DEPS_runner/read := runner/load base
DEPS_runner/sink := runner/read runner/load base
DEPS_cmd         := runner/sink runner/read runner/load oci base
libs      = $(foreach d,$(DEPS_$(1)),$(call lib,$(d)))
extlibs   = $(LIBS_$(1)) $(foreach d,$(DEPS_$(1)),$(LIBS_$(d))) -lm

# tests/unit_<layer>_<module>.c links its own layer and what lies below it, so that a wrong arrow fails.
UNITS    := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit_*.c))
FUZZERS  := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz_*.c))
BENCHES  := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/bench_*.c))
EXAMPLES := $(patsubst bpf-examples/%.bpf.c,%,$(wildcard bpf-examples/*.bpf.c))
layer_of  = $(strip $(if $(filter unit_base_% fuzz_base_%,$(1)),base,$(if $(filter unit_oci_% fuzz_oci_%,$(1)),oci,\
	    $(if $(filter unit_load_% fuzz_load_%,$(1)),runner/load,$(if $(filter unit_read_% fuzz_read_% bench_read_%,$(1)),runner/read,\
	    $(if $(filter unit_sink_% fuzz_sink_%,$(1)),runner/sink,cmd))))))

.PHONY: all examples test demo bench fuzz install deps check format lint clean units
all: $(BUILD)/bombus

$(BUILD)/bombus: $(call objs,cmd) $(call libs,cmd)
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call extlibs,cmd)

define layer_rule
$(call lib,$(1)): $(call objs,$(1))
	@echo "  AR      $$@"
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(BUILD)/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Tables made from the system's headers.
$(BUILD)/gen/%.inc: runner/read/gen-%.sh
	@mkdir -p $(@D)
	$(Q)CC="$(CC)" sh $< > $@.tmp && mv $@.tmp $@

$(BUILD)/tests/unit_%: $(BUILD)/tests/unit_%.o $(foreach l,$(LAYERS),$(call lib,$(l)))
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(call lib,$(call layer_of,$(@F))) $(call libs,$(call layer_of,$(@F))) \
		$(call extlibs,$(call layer_of,$(@F))) -lcmocka

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(call libs,cmd)
	@echo "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(call libs,cmd) $(call extlibs,cmd)

units: $(UNITS)

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.SECONDARY:

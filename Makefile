# SPDX-License-Identifier: GPL-2.0-only
# One Makefile. Where this machine is not Debian 13 with the packages of selftests/harness/packages,
# every target runs itself again inside the build root (NATIVE=1 or 0 overrides).

NATIVE ?= $(shell sh selftests/harness/native.sh)
SAN ?=
PREFIX ?= /usr
BUILD ?= build/out$(if $(SAN),-san)
PROGRAMS := relayd relayctl sidecar-agent
BIN := $(PROGRAMS:%=$(BUILD)/%)

ifneq ($(or $(SIDECAR_IN_ROOT),$(filter 1,$(NATIVE))),1)

GOALS := all demo check check-unit check-bpf check-net check-api check-vm check-long bench fuzz lint format \
	 analyze vm-ssh vm-stop
.PHONY: $(GOALS)
INSIDE = $(if $(wildcard build/root),KEEP=1 selftests/harness/enter.sh)
# Variables given on the command line travel in MAKEFLAGS.
$(GOALS):
	@sh selftests/harness/buildroot.sh
	@$(if $(filter check check-api check-vm check-long,$@),sh selftests/harness/litestream.sh)
	@$(if $(filter vm-%,$@),KEEP=1) selftests/harness/enter.sh make $@
.DEFAULT_GOAL := all

else

ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
V ?=
WERROR ?= 1
# What agents hash their host's marks with (sidecar-agent.8, "Machine binding"): no secret. Another one
# needs "make clean", and makes every host's marks new.
PEPPER ?= sidecar
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

CC = gcc
CLANG = clang
PKGS := libuv libllhttp openssl jansson sqlite3 yaml-0.1 libmnl libbpf libcap-ng libseccomp libnftables
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
LIBS_relayd := $(shell pkg-config --libs $(PKGS))
LIBS_relayctl := $(shell pkg-config --libs libuv libllhttp openssl jansson)
LIBS_sidecar-agent := $(shell pkg-config --libs libuv libllhttp openssl jansson libmnl libcap-ng libseccomp)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wwrite-strings \
	-Wformat=2 -Wvla $(if $(filter 1,$(WERROR)),-Werror)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE \
	  $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
comma := ,
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DSAN=1)
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(HARDEN) $(SANFLAGS) $(PKG_CFLAGS) \
	     -DSIDECAR_VERSION='"$(VERSION)"' -DSIDECAR_PEPPER='"$(PEPPER)"' -I$(BUILD)/gen -I. -MMD -MP
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)

# The folders are the list: a file's folder says which program it belongs to.
LIB_SRC := $(sort $(wildcard lib/*.c))
RELAY_SRC := $(filter-out relay/main.c,$(sort $(wildcard relay/*.c)))
AGENT_SRC := $(filter-out agent/main.c,$(sort $(wildcard agent/*.c)))
RELAYCTL_SRC := $(sort $(wildcard cli/relayctl_*.c))
BPF_SRC := $(sort $(wildcard bpf/*.bpf.c))
UNIT_SRC := $(sort $(wildcard selftests/unit/test_*.c))
BPF_TEST_SRC := $(sort $(wildcard selftests/bpf/test_*.c))
NET_TEST_SRC := $(sort $(wildcard selftests/net/test_*.c))
BENCH_SRC := $(sort $(wildcard selftests/bench/bench*.c))
API_TOOL_SRC := $(filter-out selftests/api/fake_%,$(sort $(wildcard selftests/api/*.c)))
VM_TOOL_SRC := $(sort $(wildcard selftests/vm/*.c))
FUZZ_SRC := $(sort $(wildcard selftests/fuzz/fuzz_*.c))
TEST_LIB_SRC := $(filter-out $(UNIT_SRC) $(BPF_TEST_SRC) $(NET_TEST_SRC),$(sort $(wildcard selftests/unit/*.c \
	selftests/bpf/*.c selftests/net/*.c selftests/api/fake_*.c)))
SRC := $(wildcard lib/*.c relay/*.c agent/*.c cli/*.c selftests/*/*.c)
HDR := $(wildcard lib/*.h relay/*.h agent/*.h cli/*.h bpf/include/*.h bpf/lib/*.h selftests/*/*.h)

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
SKEL := $(BPF_SRC:bpf/%.bpf.c=$(BUILD)/gen/%.skel.h)
WEB_SRC := $(sort $(wildcard relay/web/*.html relay/web/*.css relay/web/*.js relay/web/*.json))
GEN := $(SKEL) $(BUILD)/gen/web.h $(BUILD)/gen/syscalls_api.h $(BUILD)/gen/syscalls_worker.h
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
BPF_TESTS := $(BPF_TEST_SRC:%.c=$(BUILD)/%)
NET_TESTS := $(NET_TEST_SRC:%.c=$(BUILD)/%)
API_TOOLS := $(API_TOOL_SRC:%.c=$(BUILD)/%)
API_TESTS := $(sort $(wildcard selftests/api/test_*.sh)) $(sort $(wildcard selftests/web/test_*.sh))
VM_TOOLS := $(VM_TOOL_SRC:%.c=$(BUILD)/%)
FUZZERS := $(FUZZ_SRC:%.c=$(BUILD)/%)

.PHONY: all demo check check-unit check-bpf check-net check-api check-vm check-long bench fuzz lint format \
	analyze vm-ssh vm-stop tests fuzzers litestream FORCE
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
all: $(BIN)

# What says the version is made anew when that changes.
$(patsubst %.c,$(BUILD)/%.o,$(shell grep -l SIDECAR_VERSION agent/*.c cli/*.c relay/*.c)): $(BUILD)/version
$(BUILD)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
FORCE:

$(BUILD)/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

define archive
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar crs $@ $^
endef
$(BUILD)/lib.a: $(call obj,$(LIB_SRC))
	$(archive)
$(BUILD)/relay.a: $(call obj,$(RELAY_SRC))
	$(archive)
$(BUILD)/agent.a: $(call obj,$(AGENT_SRC))
	$(archive)
$(BUILD)/relayctl.a: $(call obj,$(RELAYCTL_SRC))
	$(archive)
$(BUILD)/tests.a: $(call obj,$(TEST_LIB_SRC))
	$(archive)

define link
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(1)
endef
$(BUILD)/relayd: $(BUILD)/relay/main.o $(BUILD)/relay.a $(BUILD)/lib.a
	$(call link,$(LIBS_relayd))
$(BUILD)/sidecar-agent: $(BUILD)/agent/main.o $(BUILD)/agent.a $(BUILD)/lib.a
	$(call link,$(LIBS_sidecar-agent))
$(BUILD)/relayctl: $(BUILD)/cli/relayctl.o $(BUILD)/relayctl.a $(BUILD)/lib.a
	$(call link,$(LIBS_relayctl))

# The kernel's side.
BPF_CPU = v3
bpf_cc = $(CLANG) -target bpf -mcpu=$(BPF_CPU) -O2 -g -Wall -Wextra -Werror -Wimplicit-int-conversion \
	 -Wenum-conversion -I/usr/include/$(shell uname -m)-linux-gnu
$(BUILD)/gen/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h bpf/*.c bpf/lib/*.h bpf/include/*.h)
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(bpf_cc) -Ibpf -Ibpf/include -c $< -o $@
$(BUILD)/gen/%.bpf.o: selftests/bench/%.bpf.c selftests/bench/bench_gen.h
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
		-I/usr/include/$(shell uname -m)-linux-gnu -Iselftests/bench -c $< -o $@
%.skel.h: %.bpf.o
	$(call say,SKEL,$@)
	$(Q)bpftool gen skeleton $< name $(*F) >$@

# Pages and documents that relayd carries.
$(BUILD)/gen/web.h: relay/web/embed.sh $(WEB_SRC)
	@mkdir -p $(@D)
	$(Q)sh relay/web/embed.sh $(WEB_SRC) >$@

# System calls are named in comments of the functions that need them.
$(BUILD)/gen/syscalls_%.h: selftests/harness/syscalls.sh $(LIB_SRC) $(RELAY_SRC) $(AGENT_SRC)
	@mkdir -p $(@D)
	$(Q)sh selftests/harness/syscalls.sh $* $(filter %.c,$^) >$@

# Tests.
TEST_LIBS = $(LIBS_relayd) -lcmocka -lz
TEST_ARCHIVES := $(patsubst %,$(BUILD)/%.a,tests relay agent relayctl lib)
$(UNIT) $(BPF_TESTS) $(NET_TESTS) $(API_TOOLS): $(BUILD)/%: $(BUILD)/%.o $(TEST_ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(TEST_ARCHIVES) $(TEST_LIBS)
tests: $(UNIT) $(BPF_TESTS) $(NET_TESTS) $(API_TOOLS)

# What runs inside the test machines.
$(VM_TOOLS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/lib.a
	$(call link,-lcrypto)

# The relayd that another one is upgraded to: of another version, with other machine code in the kernel.
NEXT := $(BUILD)/next
NEXT_SRC := $(shell grep -lE 'sidecar\.skel\.h|SIDECAR_VERSION' relay/*.c)
$(NEXT_SRC:%.c=$(NEXT)/%.o): $(BUILD)/version
$(NEXT)/gen/sidecar.bpf.o: BPF_CPU = v2
$(NEXT)/gen/sidecar.bpf.o: $(BUILD)/gen/sidecar.bpf.o
	@mkdir -p $(@D)
	$(Q)$(bpf_cc) -Ibpf -Ibpf/include -c bpf/sidecar.bpf.c -o $@
$(NEXT)/%.o: %.c $(NEXT)/gen/sidecar.skel.h | $(GEN)
	@mkdir -p $(@D)
	$(Q)$(CC) -I$(NEXT)/gen $(ALL_CFLAGS) -USIDECAR_VERSION -DSIDECAR_VERSION='"$(VERSION)-next"' -c $< -o $@
$(BUILD)/relayd-next: $(NEXT_SRC:%.c=$(NEXT)/%.o) $(BUILD)/relay.a $(BUILD)/lib.a
	$(call link,$(LIBS_relayd))
VM_NEEDS := $(BIN) $(VM_TOOLS) $(BUILD)/relayd-next $(BPF_TESTS) $(BUILD)/selftests/net/test_shaper

# Fuzzers: objects of their own. What a target needs beside lib/, it names in "// link:" lines; a function
# that it defines itself stands for the one of lib/.
FUZZ_CFLAGS = -std=gnu17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer-no-link,address,undefined \
	      -fno-sanitize-recover=undefined $(PKG_CFLAGS) -DSIDECAR_VERSION='"fuzz"' -DSIDECAR_PEPPER='"fuzz"' \
	      -DSAN=1 -I$(BUILD)/gen -I. -MMD -MP
fuzz_obj = $(patsubst %.c,$(BUILD)/fuzz/%.o,$(1))
$(BUILD)/fuzz/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -c $< -o $@
$(BUILD)/fuzz/lib.a: $(call fuzz_obj,$(LIB_SRC))
	$(archive)
define fuzzer
$(BUILD)/$(1:.c=): $(call fuzz_obj,$(1) $(wildcard $(shell sed -n 's|^// link: ||p' $(1)))) $(BUILD)/fuzz/lib.a
endef
$(foreach f,$(FUZZ_SRC),$(eval $(call fuzzer,$(f))))
$(FUZZERS):
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o %.a,$^) $(LIBS_relayd)
fuzzers: $(FUZZERS)

RUN = python3 selftests/harness/run.py
TESTS := $(or $(TESTS),test_*)
VM_TESTS = selftests/vm/up.sh $(sort $(wildcard $(TESTS:%=selftests/vm/%.sh))) selftests/vm/down.sh
check-unit: $(BIN) $(UNIT)
	@$(RUN) --title unit $(UNIT)
check-bpf: $(BPF_TESTS)
	@$(RUN) --title bpf $(BPF_TESTS)
check-net: $(NET_TESTS)
	@$(RUN) --title net $(NET_TESTS) $(sort $(wildcard selftests/net/test_*.sh))
litestream:
	@sh selftests/harness/litestream.sh
check-api: litestream $(BUILD)/relayd $(BUILD)/relayctl $(API_TOOLS)
	@BUILD=$(BUILD) $(RUN) --title api $(API_TESTS)
lint:
	@$(RUN) --title lint $(sort $(wildcard selftests/lint/*.sh))
check-vm: litestream $(VM_NEEDS)
	@BUILD=$(BUILD) $(RUN) --title vm $(VM_TESTS)
# The machines' image is made beside all that needs none: up.sh waits for it.
check: litestream
	@selftests/vm/image.sh &
	@$(MAKE) --no-print-directory all tests fuzzers $(VM_NEEDS)
	@$(MAKE) --no-print-directory SAN=1 all tests
	@BUILD=$(BUILD) $(RUN) --title check --jobs $(shell nproc) $(sort $(wildcard selftests/lint/*.sh)) $(UNIT) $(BPF_TESTS) $(NET_TESTS) \
		$(sort $(wildcard selftests/net/test_*.sh)) selftests/fuzz/test_fuzz.sh $(API_TESTS) \
		$(patsubst build/out/%,build/out-san/%,$(UNIT) $(BPF_TESTS) $(NET_TESTS)) $(VM_TESTS)
# The tests of the API that have a longer form.
LONG_API_TESTS := $(shell grep -l LONG $(API_TESTS))
check-long: litestream $(VM_NEEDS) $(API_TOOLS)
	@BUILD=$(BUILD) LONG=1 $(RUN) --title long $(LONG_API_TESTS) $(VM_TESTS)
demo: BEGUN := $(shell date +%s)
demo: $(BIN) $(VM_TOOLS)
	@echo "built ($$(($$(date +%s) - $(BEGUN))) s)"
	@BUILD=$(BUILD) selftests/vm/demo.sh
vm-ssh:
	@selftests/vm/ssh.sh $(VM)
vm-stop:
	@selftests/vm/stop.sh
FUZZ_SECONDS ?= 60
fuzz: $(FUZZERS)
	@BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) $(RUN) --title fuzz selftests/fuzz/test_fuzz.sh
$(call obj,$(BENCH_SRC)): $(BUILD)/gen/gen.skel.h
$(BUILD)/selftests/bench/bench: $(call obj,$(BENCH_SRC)) $(BUILD)/tests.a $(BUILD)/relay.a $(BUILD)/lib.a
	$(call link,$(TEST_LIBS))
bench: $(BUILD)/selftests/bench/bench $(BUILD)/relayd $(API_TOOLS)
	@$< $(BUILD)/bench.json
	@BUILD=$(BUILD) selftests/bench/bench_api.sh $(BUILD)/bench-api.json

format:
	$(Q)clang-format -i $(filter-out $(BUILD)/%,$(SRC) $(HDR) $(wildcard bpf/*.c))
analyze: $(GEN)
	@sh selftests/harness/analyze.sh "$(ALL_CFLAGS)" $(LIB_SRC) $(RELAY_SRC) relay/main.c $(AGENT_SRC) \
		$(wildcard agent/main.c) $(RELAYCTL_SRC) cli/relayctl.c

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)

endif

.PHONY: install clean distclean
# Built where all is built, copied here: DESTDIR is a folder of this machine, not of the build root.
SHARE = $(DESTDIR)$(PREFIX)/share
install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d \
		$(SHARE)/man/man5 $(SHARE)/man/man8 $(SHARE)/bash-completion/completions $(SHARE)/doc/sidecar/examples
	install -d -m 755 $(DESTDIR)/etc/sidecar
	install -m 755 $(BIN) $(DESTDIR)$(PREFIX)/sbin/
	install -m 644 $(wildcard images/systemd/*.service) $(DESTDIR)$(PREFIX)/lib/systemd/system/
	install -m 644 $(wildcard images/sysusers/*.conf) $(DESTDIR)$(PREFIX)/lib/sysusers.d/
	install -m 644 $(wildcard images/completion/*) $(SHARE)/bash-completion/completions/
	install -m 644 $(wildcard images/*.example relay/monitoring/*) $(SHARE)/doc/sidecar/examples/
	install -m 644 $(wildcard */*.5) $(SHARE)/man/man5/
	install -m 644 $(wildcard */*.8) $(SHARE)/man/man8/

# The build root and the test machines' base images stay for the next time; machines left up by KEEP=1
# do not: their disks go.
clean:
	@[ ! -e build/vm/run ] || $(INSIDE) selftests/vm/stop.sh
	rm -rf build/out* build/vm/run
distclean: clean
	rm -rf --one-file-system build

# renkei: the whole build, non-recursive. Generated code and objects lie under
# $(BUILD); `make BUILD=elsewhere CC=clang SAN=address,undefined` builds beside.

BUILD ?= build
CC = gcc
CLANG_FORMAT ?= clang-format-14
PREFIX ?= /usr/local
DESTDIR ?=
SAN ?=
PKGS = libzmq libcrypto libssl libpq libprotobuf-c libsodium jansson \
	libsystemd libseccomp libevent libevent_openssl libevent_pthreads

CFLAGS ?= -O2 -g
HARDEN = -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-fPIE -Wformat -Werror=format-security
ifeq ($(SAN),)
HARDEN += -D_FORTIFY_SOURCE=2
else
HARDEN += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDSAN = -fsanitize=$(SAN)
endif
WARN = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wvla -Wno-unused-parameter
CPPFLAGS_ALL = -D_GNU_SOURCE -DOPENSSL_API_COMPAT=0x30000000L \
	-DOPENSSL_NO_DEPRECATED -I. -I$(BUILD)/gen \
	$(shell pkg-config --cflags $(PKGS))
CFLAGS_ALL = -std=gnu11 $(WARN) $(HARDEN) $(CFLAGS) -pthread -MMD -MP
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now -pthread $(LDSAN)
LIBS = $(shell pkg-config --libs $(PKGS)) -lunistring -lm

# --- layers: one archive each; a program links its own layer and those below
LIB_SRC := $(wildcard lib/*.c)
POLICY_SRC := $(wildcard policy/*.c)
BROKER_SRC := $(filter-out broker/main.c,$(wildcard broker/*.c))
# an agents/ folder with a main.c is a program; what has none is shared
AGENT_DIRS := runtime registrar portal witness cli
AGENTS_SRC := $(filter-out %/main.c,$(foreach d,$(AGENT_DIRS),$(wildcard agents/$(d)/*.c)))
PROTO := $(wildcard schemas/*.proto)
GEN_C := $(PROTO:schemas/%.proto=$(BUILD)/gen/%.pb-c.c)
GEN_H := $(GEN_C:.c=.h)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
GEN_OBJ := $(GEN_C:.c=.o)

A_LIB := $(BUILD)/librenkei.a
A_POLICY := $(BUILD)/libpolicy.a
A_BROKER := $(BUILD)/libbroker.a
A_AGENTS := $(BUILD)/libagents.a

MAINS := $(wildcard broker/main.c agents/*/main.c)
PROGRAMS := $(if $(wildcard broker/main.c),$(BUILD)/renkei-broker) \
	$(if $(wildcard agents/runtime/main.c),$(BUILD)/renkei-agent) \
	$(if $(wildcard agents/registrar/main.c),$(BUILD)/renkei-registrar) \
	$(if $(wildcard agents/portal/main.c),$(BUILD)/renkei-portal) \
	$(if $(wildcard agents/witness/main.c),$(BUILD)/renkei-witness) \
	$(if $(wildcard agents/cli/main.c),$(BUILD)/renkei)

UNIT_LIB := $(wildcard tests/unit/lib/test_*.c)
UNIT_POLICY := $(wildcard tests/unit/policy/test_*.c)
UNIT_BROKER := $(wildcard tests/unit/broker/test_*.c)
UNIT_AGENTS := $(wildcard tests/unit/agents/test_*.c)
UNIT := $(UNIT_LIB) $(UNIT_POLICY) $(UNIT_BROKER) $(UNIT_AGENTS)
UNIT_BIN := $(UNIT:%.c=$(BUILD)/%)
FLOW_BIN := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/flow/test_*.c))
FLOW_SHARED := $(call obj,$(filter-out tests/flow/test_%,$(wildcard tests/flow/*.c)))
TEST_SHARED := $(call obj,$(wildcard tests/unit/*.c))
TEST_BROKER := $(call obj,$(filter-out tests/unit/broker/test_%,$(wildcard tests/unit/broker/*.c)))
# tests/tools/NAME.c: one program each, linking lib and policy
TOOLS := $(wildcard tests/tools/*.c)
TOOL_BIN := $(TOOLS:tests/tools/%.c=$(BUILD)/tests/%)

.PHONY: all bench check check-long clean demo down flow format format-check install \
	sql-check tests unit up
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAMS) $(TOOL_BIN)
tests: all $(UNIT_BIN) $(FLOW_BIN)

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h: schemas/%.proto
	@mkdir -p $(BUILD)/gen
	protoc-c --proto_path=schemas --c_out=$(BUILD)/gen $<

$(BUILD)/gen/%.pb-c.o: $(BUILD)/gen/%.pb-c.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/obj/%.o: %.c | $(GEN_H)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

define archive
	@rm -f $@
	ar rcs $@ $^
endef
$(A_LIB): $(call obj,$(LIB_SRC)) $(GEN_OBJ)
	$(archive)
$(A_POLICY): $(call obj,$(POLICY_SRC))
	$(archive)
$(A_BROKER): $(call obj,$(BROKER_SRC))
	$(archive)
$(A_AGENTS): $(call obj,$(AGENTS_SRC))
	$(archive)

LINK = $(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)
$(BUILD)/renkei-broker: $(call obj,broker/main.c) $(A_BROKER) $(A_POLICY) $(A_LIB)
	$(LINK)
$(BUILD)/renkei-agent: $(call obj,agents/runtime/main.c) $(A_AGENTS) $(A_POLICY) $(A_LIB)
	$(LINK)
$(BUILD)/renkei: $(call obj,agents/cli/main.c) $(A_AGENTS) $(A_POLICY) $(A_LIB)
	$(LINK)
$(BUILD)/renkei-%: $(BUILD)/obj/agents/%/main.o $(A_AGENTS) $(A_POLICY) $(A_LIB)
	$(LINK)

# unit tests: a layer and those below; an upward call fails at link
$(BUILD)/tests/unit/lib/%: $(BUILD)/obj/tests/unit/lib/%.o $(TEST_SHARED) $(A_LIB)
	@mkdir -p $(@D)
	$(LINK) -lcunit
$(BUILD)/tests/unit/policy/%: $(BUILD)/obj/tests/unit/policy/%.o $(TEST_SHARED) $(A_POLICY) $(A_LIB)
	@mkdir -p $(@D)
	$(LINK) -lcunit
$(BUILD)/tests/unit/broker/%: $(BUILD)/obj/tests/unit/broker/%.o $(TEST_SHARED) $(TEST_BROKER) $(A_BROKER) $(A_POLICY) $(A_LIB)
	@mkdir -p $(@D)
	$(LINK) -lcunit
$(BUILD)/tests/unit/agents/%: $(BUILD)/obj/tests/unit/agents/%.o $(TEST_SHARED) $(A_AGENTS) $(A_POLICY) $(A_LIB)
	@mkdir -p $(@D)
	$(LINK) -lcunit
$(BUILD)/tests/launch: $(BUILD)/obj/tests/flow/process.o
$(BUILD)/tests/frames: $(FLOW_SHARED)
$(BUILD)/tests/frames: LIBS += -lcunit
$(BUILD)/tests/fuzz: $(call obj,tests/tools/fuzz.c tests/unit/samples.c \
	tests/unit/pki.c $(wildcard tests/fuzz/*.c)) $(A_LIB)
	@mkdir -p $(@D)
	$(LINK)
$(BUILD)/tests/%: $(BUILD)/obj/tests/tools/%.o $(A_POLICY) $(A_LIB)
	@mkdir -p $(@D)
	$(LINK)

# whole-system tests: real processes and PostgreSQL; broker and agents are
# programs here, so only lib and policy are linked
$(BUILD)/tests/flow/%: $(BUILD)/obj/tests/flow/%.o $(FLOW_SHARED) $(TEST_SHARED) $(A_POLICY) $(A_LIB)
	@mkdir -p $(@D)
	$(LINK) -lcunit

# measurements, each a program that makes its own world
BENCH_BIN := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
$(BUILD)/tests/bench/%: $(BUILD)/obj/tests/bench/%.o $(FLOW_SHARED) $(TEST_SHARED) $(A_POLICY) $(A_LIB)
	@mkdir -p $(@D)
	$(LINK) -lcunit
bench: all $(BENCH_BIN)
	@for f in 1 64; do BUILD=$(BUILD) $(BUILD)/tests/bench/broker -f $$f -n $$((f * 200 + 2000)); done

unit: $(UNIT_BIN) $(TOOL_BIN)
	@BUILD=$(BUILD) tests/run $(UNIT_BIN)

flow: all $(FLOW_BIN)
	@BUILD=$(BUILD) tests/run $(FLOW_BIN)

sql-check:
	@BUILD=$(BUILD) sql/tests/run

# tests/NAME/check and tests/NAME/check-long: scripts that join those targets
CHECKS := $(wildcard tests/*/check)
CHECKS_LONG := $(wildcard tests/*/check-long)

# One recipe, so that nothing of it runs beside something else under -j.
check: all $(UNIT_BIN) $(FLOW_BIN)
	@$(MAKE) --no-print-directory format-check
	@BUILD=$(BUILD) tests/all sql/tests/run $(CHECKS) -- \
		$(UNIT_BIN) $(FLOW_BIN)
	@tests/evidence behind

check-long:
	@tests/evidence keep tests/long $(CHECKS_LONG)

# --- a system on loopback with synthetic residents
up: all
	@BUILD=$(BUILD) tests/world/up
down:
	@BUILD=$(BUILD) tests/world/down
demo: all
	@BUILD=$(BUILD) tests/demo/run

SHARE = $(DESTDIR)$(PREFIX)/share/renkei
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	cp -R sql policy schemas $(SHARE)
	rm -rf $(SHARE)/sql/tests $(SHARE)/policy/*.[ch]
	for d in $(wildcard agents/*/layout.tsv); do \
		install -D -m 644 -t $(SHARE)/$$(dirname $$d) \
			$$(dirname $$d)/*.tsv; done
	install -d $(SHARE)/systemd
	for u in $(wildcard broker/*.service agents/*/*.service); do \
		sed 's|@PREFIX@|$(PREFIX)|' $$u \
			>$(SHARE)/systemd/$$(basename $$u); done

FORMATTED := $(wildcard lib/*.[ch] policy/*.[ch] broker/*.[ch] agents/*/*.[ch] \
	tests/*.[ch] tests/*/*.[ch] tests/unit/*/*.[ch])
format:
	$(CLANG_FORMAT) -i $(FORMATTED)
format-check:
	@$(CLANG_FORMAT) --dry-run --Werror $(FORMATTED)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

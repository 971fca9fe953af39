/* SPDX-License-Identifier: GPL-2.0-only */
#include "factors.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/nl_link.h"

/* From the Makefile: PEPPER=. Whoever has the program has it. */
#ifndef SIDECAR_PEPPER
#define SIDECAR_PEPPER "sidecar"
#endif

#define VALUE_LEN 256
#define CPUINFO_MAX_BYTES (4u << 20)
#define PATH_LEN 256

/* What makers of boards leave in place of a number: the same on every one of them. */
static const char *const blanks[] = {"None",
				     "Not Specified",
				     "Default string",
				     "To be filled by O.E.M.",
				     "System Serial Number",
				     "00000000-0000-0000-0000-000000000000",
				     "Not Applicable"};

/* The first line without its end; "" if there is none or it says nothing. */
static void read_line(const char *root, const char *path, char out[static VALUE_LEN])
{
	char full[PATH_LEN];
	AUTO_FREE char *text = NULL;
	size_t len = 0;

	out[0] = '\0';
	snprintf(full, sizeof(full), "%s%s", root, path);
	if (file_read(full, VALUE_LEN - 1, &text, &len, NULL))
		return;
	len = strcspn(text, "\n");
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	snprintf(out, VALUE_LEN, "%.*s", (int)len, text);
	for (size_t i = 0; i < ARRAY_SIZE(blanks); i++) {
		if (!strcmp(out, blanks[i]))
			out[0] = '\0';
	}
}

/* The first line that begins so, without this beginning; "" if there is none. */
static void find_line(const char *text, const char *begin, char out[static VALUE_LEN])
{
	out[0] = '\0';
	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		const char *colon;

		if (strncmp(p, begin, strlen(begin)))
			continue;
		colon = p + strcspn(p, ":\n");
		colon += strspn(colon, ": \t");
		snprintf(out, VALUE_LEN, "%.*s", (int)strcspn(colon, "\n"), colon);
		return;
	}
}

/* "model name" of x86; "CPU part" and its like of ARM. */
static void read_cpu(const char *root, char out[static VALUE_LEN])
{
	static const char *const names[] = {"model name", "CPU part", "cpu model", "uarch"};
	char path[PATH_LEN];
	AUTO_FREE char *text = NULL;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/proc/cpuinfo", root);
	if (file_read(path, CPUINFO_MAX_BYTES, &text, NULL, NULL))
		return;
	for (size_t i = 0; !out[0] && i < ARRAY_SIZE(names); i++)
		find_line(text, names[i], out);
}

static int read_dmi(const char *root, uint8_t ret[static MACHINE_FACTOR_LEN])
{
	char uuid[VALUE_LEN], serial[VALUE_LEN], both[2 * VALUE_LEN + 1];

	read_line(root, "/sys/class/dmi/id/product_uuid", uuid);
	read_line(root, "/sys/class/dmi/id/board_serial", serial);
	if (!uuid[0] && !serial[0])
		read_line(root, "/proc/device-tree/serial-number", serial);
	snprintf(both, sizeof(both), "%s%s%s", uuid, serial[0] ? " " : "", serial);
	return machine_factor(SIDECAR_PEPPER, "dmi", both, ret);
}

static int read_hardware(const char *root, const uint8_t mac[6],
			 uint8_t ret[static MACHINE_FACTOR_LEN])
{
	char cpu[VALUE_LEN], both[VALUE_LEN + 32];
	int n = 0;

	read_cpu(root, cpu);
	if (mac)
		n = snprintf(both, sizeof(both), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			     mac[2], mac[3], mac[4], mac[5]);
	snprintf(both + n, sizeof(both) - (size_t)n, "%s%s", n && cpu[0] ? " " : "", cpu);
	return machine_factor(SIDECAR_PEPPER, "hardware", both, ret);
}

int factors_read(const char *root, const uint8_t mac[6], struct machine_factors *ret)
{
	struct machine_factors f = {};
	char id[VALUE_LEN];
	int r;

	read_line(root, "/etc/machine-id", id);
	if (!id[0])
		read_line(root, "/var/lib/dbus/machine-id", id);
	r = machine_factor(SIDECAR_PEPPER, "machine-id", id, f.hash[0]);
	if (!r)
		r = read_dmi(root, f.hash[1]);
	if (!r)
		r = read_hardware(root, mac, f.hash[2]);
	if (!r)
		*ret = f;
	return r;
}

struct first {
	struct nl_link link;
	bool found;
};

static int note_link(const struct nl_link *link, void *ctx)
{
	static const uint8_t zero[6];
	struct first *f = ctx;

	if (!memcmp(link->mac, zero, sizeof(zero)))
		return MNL_CB_OK;
	if (!f->found || link->soft < f->link.soft ||
	    (link->soft == f->link.soft && link->ifindex < f->link.ifindex))
		f->link = *link;
	f->found = true;
	return MNL_CB_OK;
}

int factors_mac(uint8_t ret_mac[static 6], struct err *err)
{
	AUTO_NL struct nl *nl = NULL;
	struct first first = {};
	int r = nl_open(NETLINK_ROUTE, &nl, err);

	if (!r)
		r = nl_link_dump(nl, NULL, note_link, &first, err);
	if (r)
		return r;
	if (!first.found)
		return err_set(err, -ENODEV, "no network device has an address");
	memcpy(ret_mac, first.link.mac, sizeof(first.link.mac));
	return 0;
}

const char *factors_text(char out[static FACTORS_TEXT_LEN], const struct machine_factors *f)
{
	char key[KEY_TEXT_LEN];
	size_t len = 0;

	for (unsigned int i = 0; i < MACHINE_FACTORS; i++) {
		struct machine_factors one = {};

		memcpy(one.hash[0], f->hash[i], MACHINE_FACTOR_LEN);
		len += (size_t)snprintf(out + len, FACTORS_TEXT_LEN - len, "%s%s", i ? "," : "",
					machine_factors_count(&one) ? b64_key_text(key, f->hash[i])
								    : "-");
	}
	return out;
}

int factors_parse(const char *text, struct machine_factors *ret)
{
	struct machine_factors f = {};

	for (unsigned int i = 0; i < MACHINE_FACTORS; i++) {
		size_t len = strcspn(text, ",");
		char one[KEY_TEXT_LEN];

		if (len >= sizeof(one) || (i < MACHINE_FACTORS - 1) != (text[len] == ','))
			return -EINVAL;
		memcpy(one, text, len);
		one[len] = '\0';
		if (strcmp(one, "-") && b64_key_parse(one, f.hash[i]))
			return -EINVAL;
		text += len + 1;
	}
	*ret = f;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "net_htb.h"

#include <string.h>
#include "../lib/log.h"
#include "../lib/nl_tc.h"

#define IDLE_KBPS 1000 /* rate of a class nobody has */
/* Of a peer without a guarantee, so that those who have one do not starve it. */
#define SHARE_KBPS 64
#define UNKNOWN_KBPS 400000000 /* of all together: no device has as much */

struct rates {
	uint32_t rate_kbps, ceil_kbps; /* 0 = not known: adopted or never set */
};

struct net_htb {
	int ifindex[HTB_DEVICES];
	uint32_t classes, slots, total_kbps;
	uint16_t *minor_of;  /* by slot, 0 = none */
	uint32_t *slot_of;   /* by minor, slot + 1, 0 = free */
	struct rates *rates; /* by minor */
	uint16_t hint;	     /* where to look for a free minor next */
	bool full_logged;
};

struct there {
	bool all;
	bool minor[HTB_MAX_CLASSES + 1];
};

static int mark(uint16_t minor, void *ctx)
{
	struct there *there = ctx;

	if (minor == NL_TC_ALL)
		there->all = true;
	else if (minor <= HTB_MAX_CLASSES)
		there->minor[minor] = true;
	return 0;
}

/* Classes of an earlier release have no parent, and none can be given to them: made anew. */
static int make_root(struct nl *nl, int ifindex, struct there *there, struct err *err)
{
	bool root;
	int r = nl_tc_htb_root_get(nl, ifindex, &root, err);

	if (!r && root)
		r = nl_tc_class_dump(nl, ifindex, mark, there, err);
	if (r || there->all)
		return r;
	*there = (struct there){};
	if (root)
		r = nl_tc_root_del(nl, ifindex, err);
	return r ? r : nl_tc_htb_root_add(nl, ifindex, err);
}

static int make_classes(struct nl *nl, int ifindex, uint32_t classes, uint32_t total_kbps,
			struct err *err)
{
	struct there there = {};
	struct nl_batch *batch;
	int r = make_root(nl, ifindex, &there, err);

	if (!r)
		r = nl_tc_all_set(nl, ifindex, total_kbps ? total_kbps : UNKNOWN_KBPS, err);
	if (r)
		return r;
	if (nl_batch_new(nl, &batch))
		return err_sys(err, -ENOMEM, "HTB classes");
	for (uint32_t minor = 1; minor <= classes; minor++) {
		if (!there.minor[minor])
			nl_tc_class_put(batch, ifindex, (uint16_t)minor, IDLE_KBPS, IDLE_KBPS);
	}
	r = nl_batch_run(batch, NULL, err);
	nl_batch_free(batch);
	return r ? err_prefix(err, "HTB classes of device %d", ifindex) : 0;
}

int net_htb_devices(struct net_htb *htb, struct nl *nl, const int ifindex[HTB_DEVICES],
		    struct err *err)
{
	int r = 0;

	for (int i = 0; i < HTB_DEVICES && !r && htb->classes; i++) {
		r = make_classes(nl, ifindex[i], htb->classes, htb->total_kbps, err);
		if (!r && htb->ifindex[i] != ifindex[i]) {
			htb->ifindex[i] = ifindex[i];
			/* Fresh classes there: every rate is to be written again. */
			memset(htb->rates, 0, (htb->classes + 1) * sizeof(*htb->rates));
		}
	}
	return r;
}

int net_htb_new(struct nl *nl, const int ifindex[HTB_DEVICES], uint32_t classes,
		uint32_t total_kbps, uint32_t slots, struct net_htb **ret_htb, struct err *err)
{
	struct net_htb *htb = calloc(1, sizeof(*htb));
	int r;

	if (!htb)
		return err_sys(err, -ENOMEM, "HTB");
	htb->classes = classes;
	htb->total_kbps = total_kbps;
	htb->slots = slots;
	htb->minor_of = calloc(slots, sizeof(*htb->minor_of));
	htb->slot_of = calloc(classes + 1, sizeof(*htb->slot_of));
	htb->rates = calloc(classes + 1, sizeof(*htb->rates));
	if (!htb->minor_of || !htb->slot_of || !htb->rates)
		r = err_sys(err, -ENOMEM, "HTB");
	else
		r = net_htb_devices(htb, nl, ifindex, err);
	if (r)
		net_htb_free(htb);
	else
		*ret_htb = htb;
	return r;
}

void net_htb_free(struct net_htb *htb)
{
	if (!htb)
		return;
	free(htb->minor_of);
	free(htb->slot_of);
	free(htb->rates);
	free(htb);
}

void net_htb_adopt(struct net_htb *htb, uint32_t slot, uint16_t minor)
{
	if (!minor || minor > htb->classes || slot >= htb->slots || htb->slot_of[minor])
		return;
	htb->minor_of[slot] = minor;
	htb->slot_of[minor] = slot + 1;
}

static uint16_t take_free(struct net_htb *htb, uint32_t slot)
{
	for (uint32_t i = 0; i < htb->classes; i++) {
		uint16_t minor = (uint16_t)(1 + (htb->hint + i) % htb->classes);

		if (!htb->slot_of[minor]) {
			htb->hint = minor;
			htb->slot_of[minor] = slot + 1;
			htb->minor_of[slot] = minor;
			htb->full_logged = false;
			return minor;
		}
	}
	if (!htb->full_logged)
		log_warn("all %u HTB classes are taken: further peers are not shaped "
			 "(shaper.classes)",
			 htb->classes);
	htb->full_logged = true;
	return 0;
}

int net_htb_assign(struct net_htb *htb, struct nl *nl, uint32_t slot, uint32_t rate_kbps,
		   uint32_t ceil_kbps, uint16_t *ret_minor, struct err *err)
{
	uint16_t minor = htb->minor_of[slot];
	struct rates *known;
	int r = 0;

	/* Who may have all there is competes for it too, if that is known. */
	if (!ceil_kbps)
		ceil_kbps = htb->total_kbps;
	if (!ceil_kbps || !htb->classes) {
		net_htb_release(htb, slot);
		*ret_minor = 0;
		return 0;
	}
	if (!rate_kbps)
		rate_kbps = ceil_kbps < SHARE_KBPS ? ceil_kbps : SHARE_KBPS;
	if (rate_kbps < 8)
		rate_kbps = 8;
	if (ceil_kbps < rate_kbps)
		ceil_kbps = rate_kbps;
	if (!minor)
		minor = take_free(htb, slot);
	known = &htb->rates[minor];
	if (minor && (known->rate_kbps != rate_kbps || known->ceil_kbps != ceil_kbps)) {
		for (int i = 0; i < HTB_DEVICES && !r; i++)
			r = nl_tc_class_change(nl, htb->ifindex[i], minor, rate_kbps, ceil_kbps,
					       err);
		*known = r ? (struct rates){} : (struct rates){rate_kbps, ceil_kbps};
	}
	if (!r)
		*ret_minor = minor;
	return r;
}

uint16_t net_htb_minor(const struct net_htb *htb, uint32_t slot)
{
	return htb->minor_of[slot];
}

void net_htb_release(struct net_htb *htb, uint32_t slot)
{
	uint16_t minor = htb->minor_of[slot];

	if (!minor)
		return;
	htb->minor_of[slot] = 0;
	htb->slot_of[minor] = 0;
}

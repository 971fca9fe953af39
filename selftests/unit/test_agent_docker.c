/* SPDX-License-Identifier: GPL-2.0-only */
/* What Docker says, parsed: versions, lists, inspections, labels, events. */
#include "test.h"
#include <stdio.h>
#include "agent/container.h"
#include "agent/docker.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static json_t *json(const char *text)
{
	json_t *root = json_loads(text, 0, NULL);

	assert_non_null(root);
	return root;
}

/* ---- version ---- */

static const char *negotiated(const char *text, int expected)
{
	static char api[DOCKER_API_LEN];
	AUTO_JSON json_t *root = json(text);

	assert_int_equal(docker_api_negotiate(root, api, NULL), expected);
	return api;
}

static void docker_24_to_29_are_spoken_to(UNUSED void **state)
{
	assert_string_equal(negotiated("{\"ApiVersion\":\"1.43\",\"MinAPIVersion\":\"1.12\"}", 0),
			    "/v1.43");
	assert_string_equal(negotiated("{\"ApiVersion\":\"1.45\",\"MinAPIVersion\":\"1.24\"}", 0),
			    "/v1.45");
	assert_string_equal(negotiated("{\"ApiVersion\":\"1.52\",\"MinAPIVersion\":\"1.44\"}", 0),
			    "/v1.47");
	assert_string_equal(negotiated("{\"ApiVersion\":\"1.43\"}", 0), "/v1.43");
}

static void other_versions_are_refused_in_words(UNUSED void **state)
{
	AUTO_JSON json_t *old = json("{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}");
	char api[DOCKER_API_LEN];
	struct err err;

	assert_int_equal(docker_api_negotiate(old, api, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "1.12 to 1.41"));
	negotiated("{\"ApiVersion\":\"1.60\",\"MinAPIVersion\":\"1.50\"}", -EPROTONOSUPPORT);
	negotiated("{\"ApiVersion\":\"2.0\"}", -EPROTONOSUPPORT);
	negotiated("{\"ApiVersion\":\"1.x\"}", -EPROTONOSUPPORT);
	negotiated("{\"ApiVersion\":143}", -EINVAL);
}

/* ---- list ---- */

static int list(const char *text, size_t *ret_n)
{
	AUTO_JSON json_t *root = json(text);
	char(*ids)[DOCKER_ID_LEN] = NULL;
	int r = docker_list_parse(root, &ids, ret_n, NULL);

	if (!r && *ret_n)
		assert_string_equal(ids[0], ID);
	free(ids);
	return r;
}

static void a_list_gives_ids(UNUSED void **state)
{
	size_t n = 9;

	assert_int_equal(list("[]", &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(list("[{\"Id\":\"" ID "\",\"Names\":[\"/x\"]}]", &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(list("{}", &n), -EINVAL);
	assert_int_equal(list("[{\"Id\":\"../x\"}]", &n), -EINVAL);
	assert_int_equal(list("[{}]", &n), -ENOENT);
}

/* ---- inspection ---- */

static int inspect(const char *state, const char *mode, const char *labels,
		   struct docker_container *ret)
{
	char text[1024];
	AUTO_JSON json_t *root = NULL;

	snprintf(text, sizeof(text),
		 "{\"Id\":\"" ID "\",\"Name\":\"/web\",\"State\":%s,\"NetworkSettings\":"
		 "{\"SandboxKey\":\"/var/run/docker/netns/1\"},\"HostConfig\":"
		 "{\"NetworkMode\":\"%s\"},\"Config\":{\"Labels\":%s}}",
		 state, mode, labels);
	root = json(text);
	return docker_inspect_parse(root, "relay.example", ret, NULL);
}

#define RUNNING "{\"Running\":true,\"Pid\":77,\"StartedAt\":\"2026-01-01T00:00:00.1Z\"}"

static void an_inspection_is_read(UNUSED void **state)
{
	struct docker_container c;

	assert_int_equal(inspect(RUNNING, "bridge", "{\"sidecar.enable\":\"true\"}", &c), 0);
	assert_string_equal(c.id, ID);
	assert_string_equal(c.name, "web");
	assert_true(c.running);
	assert_int_equal(c.pid, 77);
	assert_string_equal(c.started_at, "2026-01-01T00:00:00.1Z");
	assert_string_equal(c.sandbox, "/var/run/docker/netns/1");
	assert_true(c.labels.enable);
	assert_int_equal(container_check(&c, NULL), 0);
}

static void a_container_without_a_process_does_not_run(UNUSED void **state)
{
	struct docker_container c;

	assert_int_equal(inspect("{\"Running\":true,\"Pid\":0,\"StartedAt\":\"\"}", "bridge",
				 "{\"sidecar.enable\":\"true\"}", &c),
			 0);
	assert_false(c.running);
	assert_int_equal(container_check(&c, NULL), -ENOENT);
	assert_int_equal(inspect("{\"Running\":true}", "bridge", "null", &c), -ENOENT);
}

static const char *refused(const char *mode)
{
	static struct err err;
	struct docker_container c;

	assert_int_equal(inspect(RUNNING, mode, "{\"sidecar.enable\":\"true\"}", &c), 0);
	assert_int_equal(container_check(&c, &err), -EOPNOTSUPP);
	return err.text;
}

static void networks_that_cannot_be_used_are_refused_in_words(UNUSED void **state)
{
	assert_non_null(strstr(refused("host"), "network host"));
	assert_non_null(strstr(refused("none"), "network none"));
	assert_non_null(strstr(refused("container:" ID), "shares the network"));
}

static void a_long_name_of_a_network_is_cut(UNUSED void **state)
{
	char mode[300];
	struct docker_container c;

	memset(mode, 'n', sizeof(mode));
	for (size_t len = DOCKER_MODE_LEN - 1; len < sizeof(mode); len += 100) {
		mode[len] = '\0';
		assert_int_equal(inspect(RUNNING, mode, "{\"sidecar.enable\":\"true\"}", &c), 0);
		assert_int_equal(container_check(&c, NULL), 0);
		mode[len] = 'n';
	}
}

static void names_that_are_none_are_refused(UNUSED void **state)
{
	struct docker_container c;

	assert_int_equal(inspect(RUNNING, "bridge", "{\"sidecar.enable\":\"true\"}", &c), 0);
	snprintf(c.name, sizeof(c.name), "a\nb");
	assert_int_equal(container_check(&c, NULL), -ENAMETOOLONG);
	memset(c.name, 'a', STATE_NAME_LEN);
	c.name[STATE_NAME_LEN] = '\0';
	assert_int_equal(container_check(&c, NULL), -ENAMETOOLONG);
	c.name[STATE_NAME_LEN - 1] = '\0';
	assert_int_equal(container_check(&c, NULL), 0);
}

/* ---- labels ---- */

static int labels(const char *text, struct labels *ret, struct err *err)
{
	AUTO_JSON json_t *root = json(text);

	return label_parse(root, "relay.example", ret, err);
}

static void labels_are_read(UNUSED void **state)
{
	struct labels l;

	assert_int_equal(labels("{\"sidecar.enable\":\"true\",\"sidecar.ipv4\":\"true\","
				"\"sidecar.firewall\":\"allow tcp 22; deny\","
				"\"sidecar.bandwidth\":\"50\",\"sidecar.egress\":\"bridge\","
				"\"sidecar.relay\":\"RELAY.example\",\"other\":\"x\"}",
				&l, NULL),
			 0);
	assert_true(l.enable && l.ipv4 && l.egress_bridge);
	assert_int_equal(l.bandwidth_mbps, 50);
	assert_int_equal(l.firewall.n, 2);
	assert_int_equal(l.n_unknown, 0);
}

static void without_enable_nothing_is_looked_at(UNUSED void **state)
{
	struct labels l;

	assert_int_equal(labels("{\"sidecar.ipv4\":\"maybe\"}", &l, NULL), 0);
	assert_false(l.enable);
	assert_int_equal(
		labels("{\"sidecar.enable\":\"false\",\"sidecar.ipv4\":\"maybe\"}", &l, NULL), 0);
	assert_false(l.enable);
}

static void a_wrong_value_is_named_with_its_label(UNUSED void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"{\"sidecar.enable\":\"yes\"}",
		 "label sidecar.enable=\"yes\": expected true or false"},
		{"{\"sidecar.enable\":\"true\",\"sidecar.bandwidth\":\"11\"}",
		 "label sidecar.bandwidth=\"11\": expected 10, 50, 100 or 500"},
		{"{\"sidecar.enable\":\"true\",\"sidecar.firewall\":\"deny in; allow 22\"}",
		 "label sidecar.firewall: rule 2: \"22\": from expected"},
		{"{\"sidecar.enable\":\"true\",\"sidecar.ipv4\":\"1\"}",
		 "label sidecar.ipv4=\"1\": expected true or false"},
		{"{\"sidecar.enable\":\"true\",\"sidecar.egress\":\"\"}",
		 "label sidecar.egress=\"\": expected tunnel or bridge"},
		{"{\"sidecar.enable\":\"true\",\"sidecar.relay\":\"elsewhere.example\"}",
		 "label sidecar.relay=\"elsewhere.example\": expected relay.example, this agent's "
		 "relay"},
		{"{\"sidecar.enable\":true}", "label sidecar.enable: expected a string"},
	};
	struct labels l;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(labels(cases[i].text, &l, &err), -EINVAL);
		assert_string_equal(err.text, cases[i].expected);
	}
}

static void foreign_bytes_in_labels_are_escaped(UNUSED void **state)
{
	struct labels l;
	struct err err;

	assert_int_equal(labels("{\"sidecar.enable\":\"a\\nb\"}", &l, &err), -EINVAL);
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(
		labels("{\"sidecar.enable\":\"true\",\"sidecar.co\\nlour\":\"\"}", &l, NULL), 0);
	assert_int_equal(l.n_unknown, 1);
	assert_null(strchr(l.unknown[0], '\n'));
}

/* ---- events ---- */

struct seen {
	int n, up;
	struct docker_event last;
};

static void on_event(const struct docker_event *event, void *ctx)
{
	struct seen *seen = ctx;

	seen->n++;
	seen->last = *event;
}

static const struct docker_ops ops = {.event = on_event};

#define EVENT(action)                                                                              \
	"{\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" ID                \
	"\",\"Attributes\":{\"sidecar.enable\":\"true\",\"name\":\"web\"}}}\n"

static void events_are_found_in_any_cut(UNUSED void **state)
{
	static const char text[] = EVENT("start") EVENT("die");
	static char line[DOCKER_MAX_EVENT_BYTES];

	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct seen seen = {};
		struct docker d = {.ops = &ops, .ctx = &seen, .line = line};

		docker_events_feed(&d, text, cut);
		docker_events_feed(&d, text + cut, strlen(text) - cut);
		assert_int_equal(seen.n, 2);
		assert_string_equal(seen.last.action, "die");
		assert_string_equal(seen.last.id, ID);
		assert_true(seen.last.has_label);
	}
}

static void nonsense_and_long_lines_are_skipped(UNUSED void **state)
{
	static char line[DOCKER_MAX_EVENT_BYTES], longer[DOCKER_MAX_EVENT_BYTES + 10];
	struct seen seen = {};
	struct docker d = {.ops = &ops, .ctx = &seen, .line = line};

	memset(longer, 'x', sizeof(longer));
	docker_events_feed(&d, longer, sizeof(longer));
	docker_events_feed(&d, "\n\nnot json\n{}\n", 14);
	assert_int_equal(seen.n, 0);
	docker_events_feed(&d, EVENT("start"), strlen(EVENT("start")));
	assert_int_equal(seen.n, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker_24_to_29_are_spoken_to),
		cmocka_unit_test(other_versions_are_refused_in_words),
		cmocka_unit_test(a_list_gives_ids),
		cmocka_unit_test(an_inspection_is_read),
		cmocka_unit_test(a_container_without_a_process_does_not_run),
		cmocka_unit_test(networks_that_cannot_be_used_are_refused_in_words),
		cmocka_unit_test(a_long_name_of_a_network_is_cut),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(labels_are_read),
		cmocka_unit_test(without_enable_nothing_is_looked_at),
		cmocka_unit_test(a_wrong_value_is_named_with_its_label),
		cmocka_unit_test(foreign_bytes_in_labels_are_escaped),
		cmocka_unit_test(events_are_found_in_any_cut),
		cmocka_unit_test(nonsense_and_long_lines_are_skipped),
	};

	return RUN_TESTS(tests);
}

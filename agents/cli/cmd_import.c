/* renkei import: replica records from a business system's CSV file. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agents/cli/client.h"

#define PATIENCE_MS 600000

static int
import_print(json_t *reply, bool json)
{
	int status;

	if (reply_failed(reply, json, &status)) {
		json_decref(reply);
		return status;
	}
	if (json) {
		cli_print_json(reply);
		return CLI_DONE;
	}
	printf(cli_text("%lld records of %s\n", "%2$s %1$lld 件\n"),
	    (long long)json_integer_value(json_object_get(reply, "records")),
	    reply_text(reply, "data"));
	json_decref(reply);
	return CLI_DONE;
}

static int
file_send(struct client_target *t, const char *path, int fd)
{
	struct client *c;
	json_t *reply = NULL;
	enum err e = client_open(t, &c);

	if (e == ERR_USAGE)
		return CLI_USAGE;
	if (e == ERR_NONE)
		e = client_ask(c, "import", json_pack("{s:s}", "file", path),
		    fd, PATIENCE_MS, &reply);
	client_close(c);
	return e != ERR_NONE ? cli_fail(t->json, e, t->socket)
			     : import_print(reply, t->json);
}

int
cmd_import(int argc, char **argv)
{
	struct client_target t = {0};
	const struct cli_option options[] = {
	    CLIENT_OPTIONS(t),
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
	};
	int words, fd, status;

	if (!cli_parse(
		options, "import --agency CODE FILE.csv", argc, argv, &words) ||
	    words != 1)
		return CLI_USAGE;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cli_fail(t.json, ERR_FILE, argv[1]);
	status = file_send(&t, argv[1], fd);
	close(fd);
	return status;
}

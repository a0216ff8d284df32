/* renkei: one command for staff, policy officers, auditors and operators. */
#include "agents/cli/cli.h"

#include <locale.h>
#include <stddef.h>

static const struct cli_command commands[] = {
    {NULL, NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
	setlocale(LC_ALL, "C.UTF-8");
	return cli_dispatch("renkei", commands, argc, argv);
}

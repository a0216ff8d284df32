/* What the subcommands on the policy share. */
#ifndef AGENTS_CLI_POLICY_H
#define AGENTS_CLI_POLICY_H

#include "agents/cli/cli.h"
#include "policy/policy.h"

/*
 * Open the policy in `dir`, or where that is NULL in $RENKEI_POLICY, beside
 * the build (../policy) or where it was installed. NULL after saying why;
 * every fault of the files is one "file:line: what" line on stderr.
 */
struct policy *cli_policy_open(const char *dir, bool json);

/*
 * A day from "YYYY-MM-DD", today where it is NULL; 0 after saying it is none.
 */
uint32_t cli_policy_day(const char *text, bool json);

/* The body by code, name or prefecture and name; NULL after saying why. */
const struct policy_body *cli_policy_body(
    const struct policy *p, const char *text, bool json, int *status);

/* "2026-06-14" of a day, "" of 0; returns out. */
const char *cli_policy_date(uint32_t day, char out[16]);

/* The subcommands of `renkei policy` that have files of their own. */
int policy_cmd_decide(int argc, char **argv);
int policy_cmd_explain(int argc, char **argv);
int policy_cmd_rights(int argc, char **argv);
int policy_cmd_diff(int argc, char **argv);
int policy_cmd_usage(int argc, char **argv);
int policy_cmd_simulate(int argc, char **argv);
int policy_cmd_changes(int argc, char **argv);
int policy_cmd_sign(int argc, char **argv);
int policy_cmd_load(int argc, char **argv);
int policy_cmd_suspend(int argc, char **argv);
int policy_cmd_resume(int argc, char **argv);

#endif

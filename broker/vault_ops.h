/* What the front may ask of a vault worker: the operations of VaultRequest. */
#ifndef BROKER_VAULT_OPS_H
#define BROKER_VAULT_OPS_H

/*
 * One VaultRequest and one VaultReply a packet of the worker's SOCK_SEQPACKET,
 * replies in the order of the requests, each with its request's ticket.
 * X(name, number, what it is asked with) -- always also ticket, op, party.
 *
 * ADMIT    envelope = the party's inquiry. A permit (entry_type 1, person =
 *          the provider's code sealed to it) or a refusal (entry_type 2, an
 *          id and so a month of its own); both with outcome, rule, citation.
 * SETTLE   envelope = the party's provision or pending, permit_* = body, salt
 *          and endorsement of the permit's row, inquiry = the inquirer's
 *          Envelope stored with it. A provision gives an outcome entry
 *          (entry_type 3) with the provider's outcome, or SUSPENDED_LATE:
 *          then the answer must not be handed over. A pending gives outcome
 *          PENDING and no entry.
 * LAPSE    outcome = LAPSED (entry_type 4), UNCOLLECTED (13) or SUSPENDED_LATE
 *          (3: in the place of the provider's outcome, before the ledger has
 *          one); permit_* and inquiry as for SETTLE; party is not looked at.
 * LOCATE   envelope = the registrar's code-request or resident-change. Gives
 *          alias_key, under which an alias row of the (old) resident code
 *          would lie. First step of ISSUE and CHANGE.
 * ISSUE    envelope = the registrar's code-request, alias_lookup = the value
 *          of that row, empty if there is none, holder_known = whether a row
 *          of this reply's `holder` exists: ask with false, look, and ask
 *          again with true if it does. Entry_type 5, outcome ISSUED with
 *          person = the code sealed to the agency, or ALREADY without one.
 * CHANGE   envelope = the registrar's resident-change, alias_lookup as for
 *          ISSUE but of the old code. Entry_type 10, and the row to insert:
 *          alias_key, alias_value.
 * RECEIPT  envelope = the inquirer's receipt, permit_* as for SETTLE. Checks
 *          only: no entry.
 * NOTE     entry_type (6, 7, 9, 11 or 12), actor, note, subject_hash. An entry
 *          about no person.
 * READ     envelope = the auditor's audit-read. An entry about no person
 *          (entry_type 9) that bears the read's id, what and period.
 * LAW_PART part = the next bytes of a policy, or of a suspension list.
 * LAW_PREPARE  all parts are there: note = "policy" or "suspension",
 *          signatures = the officers'. The worker sees for itself that two of
 *          them signed just this and that it may follow what is in force,
 *          and keeps it ready. Gives the entry (entry_type 7) of its coming
 *          into force; on error `rule` says file, line and what.
 * LAW_TAKE what was prepared is in force from the next request on.
 * LAW_DROP forget parts and what was prepared.
 *
 * A reply with `error` (a code of enum err) records nothing: it is for the
 * operator's log and the party's answer. The front's clock is not asked for:
 * a worker believes its own.
 */
#define VAULT_OPS(X)                                          \
	X(VAULT_ADMIT, 1, "inquiry")                          \
	X(VAULT_SETTLE, 2, "provision or pending")            \
	X(VAULT_LAPSE, 3, "permit")                           \
	X(VAULT_ISSUE, 4, "code-request")                     \
	X(VAULT_CHANGE, 5, "resident-change")                 \
	X(VAULT_NOTE, 6, "note")                              \
	X(VAULT_LOCATE, 7, "code-request or resident-change") \
	X(VAULT_RECEIPT, 8, "receipt")                        \
	X(VAULT_LAW_PART, 9, "bytes of a file")               \
	X(VAULT_LAW_PREPARE, 10, "signatures")                \
	X(VAULT_LAW_TAKE, 11, "nothing")                      \
	X(VAULT_LAW_DROP, 12, "nothing")                      \
	X(VAULT_READ, 13, "audit-read")

enum vault_op {
#define VAULT_OP_ENUM(name, number, with) name = number,
	VAULT_OPS(VAULT_OP_ENUM)
#undef VAULT_OP_ENUM
};

/* The kinds of LAW_PREPARE, as officers sign them (lib/bundle.h). */
#define LAW_POLICY "policy"
#define LAW_SUSPENSION "suspension"
#define LAW_PART_MAX (96 * 1024)

/* Largest packet either way: an inquiry, a provision's envelope and a permit.
 */
#define VAULT_PACKET_MAX (160 * 1024)

#endif

/* Every message of schemas/renkei.proto as a C struct, and its field rules. */
#ifndef LIB_MESSAGES_H
#define LIB_MESSAGES_H

#include "lib/bytes.h"
#include "lib/err.h"

/*
 * One table a message. It makes the struct here and the checks in wire.c:
 * X(kind, field, limit), field named as in the .proto.
 *   U32, U64, BOOL     a number; limit unused (0)
 *   VERSION            uint32_t, PROTOCOL_VERSION on the wire, looked at
 *                      before anything else; encoding writes it for a 0
 *   TEXT               char field[limit + 1]; UTF-8, no NUL, and no run of
 *                      exactly twelve digits
 *   TEXTS              char field[TEXTS_MAX][limit + 1], size_t n_field
 *   FIXED              uint8_t field[limit]; the wire must hold just that
 *   FIXED0             the same, or nothing on the wire (then all zero)
 *   BYTES              struct span field, at most limit bytes, borrowed from
 *                      the arena the message was decoded into
 *   HASHES             uint8_t (*field)[32], size_t n_field, at most limit
 *   NUMBER12           as TEXT, but may hold a My Number: only the registrar's
 *                      own socket carries it
 *   CONTENT            as TEXT, inside a sealed payload: const char *, any
 *                      digits, at most limit bytes
 */
/* The tables are read as tables. */
/* clang-format off */
#define TEXTS_MAX 16
#define PARTY_MAX 31  /* bytes in a party code */
#define NAME_MAX_ 255 /* bytes in a data name, unit, rule */
#define HASH_LEN 32
#define ID_LEN 16
#define PROTOCOL_VERSION 1

#define ENVELOPE_MAX 65536
#define FRAME_MAX 65536
#define PROVISION_FRAME_MAX (1024 * 1024 + 16384)
#define INQUIRY_MAX 32768 /* fits into a permit with its proof */
#define SMALL_MAX 4096	  /* any other frame of a party */
#define SLIP_MAX 2048	  /* Envelope of a provision, pending, receipt */
#define CIPHERTEXT_MAX (1024 * 1024 + 16) /* largest bucket and its tag */

#define FRAME_FIELDS(X)                                                       \
	X(VERSION, version, 0) X(U32, kind, 0)                                \
	X(BYTES, body, PROVISION_FRAME_MAX)

#define ENVELOPE_FIELDS(X)                                                    \
	X(BYTES, body, ENVELOPE_MAX) X(TEXT, type, 31)                        \
	X(TEXT, signer, PARTY_MAX) X(FIXED, key_id, 16)                       \
	X(U32, algorithm, 0) X(U32, index, 0) X(U32, size, 0)                 \
	X(HASHES, path, 10) X(BYTES, signature, 80)

#define PERSON_REF_FIELDS(X)                                                  \
	X(U32, suite, 0) X(U32, kind, 0) X(BYTES, data, 320)

#define KEY_STATEMENT_FIELDS(X)                                               \
	X(VERSION, version, 0) X(TEXT, party, PARTY_MAX)                      \
	X(U64, serial, 0) X(U64, not_before_ms, 0)                            \
	X(U64, not_after_ms, 0) X(FIXED, curve_key, 32)                       \
	X(FIXED, hpke_key, 65) X(FIXED, seal_key, 65)

#define HELLO_FIELDS(X)                                                       \
	X(VERSION, version, 0) X(TEXT, software, 63)                          \
	X(U64, held_size, 0) X(U32, role, 0)

#define INQUIRY_FIELDS(X)                                                     \
	X(VERSION, version, 0) X(FIXED, exchange_id, 16)                      \
	X(TEXT, inquirer, PARTY_MAX) X(TEXT, inquirer_for, PARTY_MAX)         \
	X(TEXT, unit, NAME_MAX_) X(TEXT, task, 15)                            \
	X(TEXT, procedure, 31) X(TEXT, relation, 63)                          \
	X(TEXT, provider, PARTY_MAX) X(TEXT, provider_for, PARTY_MAX)         \
	X(TEXTS, data, NAME_MAX_) X(TEXT, period_from, 15)                    \
	X(TEXT, period_until, 15) X(U64, as_of_min_ms, 0)                     \
	X(FIXED, case_tag, 32) X(MSG, person, person_ref)                     \
	X(BOOL, non_disclosure, 0) X(U64, time_ms, 0)                         \
	X(U64, sequence, 0) X(U64, held_size, 0)

#define PROVISION_FIELDS(X)                                                   \
	X(VERSION, version, 0) X(FIXED, exchange_id, 16)                      \
	X(TEXT, inquirer, PARTY_MAX) X(TEXT, provider, PARTY_MAX)             \
	X(FIXED, permit_leaf, 32) X(U32, outcome, 0)                          \
	X(TEXT, reason, 63) X(BOOL, non_disclosure, 0)                        \
	X(U64, time_ms, 0) X(BYTES, enc, 65) X(FIXED0, salt, 16)              \
	X(FIXED0, ciphertext_hash, 32) X(U32, ciphertext_size, 0)             \
	X(FIXED0, inquirer_key_id, 16) X(U64, sequence, 0)

#define PROVISION_FRAME_FIELDS(X)                                             \
	X(BYTES, envelope, SLIP_MAX)                                          \
	X(BYTES, ciphertext, CIPHERTEXT_MAX)

#define PENDING_FIELDS(X)                                                     \
	X(VERSION, version, 0) X(FIXED, exchange_id, 16)                      \
	X(TEXT, inquirer, PARTY_MAX) X(TEXT, provider, PARTY_MAX)             \
	X(FIXED, permit_leaf, 32) X(U64, time_ms, 0)

#define RECEIPT_FIELDS(X)                                                     \
	X(VERSION, version, 0) X(FIXED, exchange_id, 16)                      \
	X(TEXT, inquirer, PARTY_MAX) X(TEXT, provider, PARTY_MAX)             \
	X(FIXED, provision_hash, 32) X(U64, time_ms, 0)

#define ENTRY_FIELDS(X)                                                       \
	X(VERSION, version, 0) X(U32, type, 0) X(U64, time_ms, 0)             \
	X(FIXED, entry_id, 16) X(FIXED0, exchange_id, 16)                     \
	X(TEXT, inquirer, PARTY_MAX) X(TEXT, inquirer_for, PARTY_MAX)         \
	X(TEXT, unit, NAME_MAX_) X(TEXT, task, 15)                            \
	X(TEXT, procedure, 31) X(TEXT, relation, 63)                          \
	X(TEXT, provider, PARTY_MAX) X(TEXT, provider_for, PARTY_MAX)         \
	X(TEXTS, data, NAME_MAX_) X(TEXT, article, NAME_MAX_)                 \
	X(TEXT, period_from, 15) X(TEXT, period_until, 15)                    \
	X(FIXED0, case_tag, 32) X(U32, outcome, 0) X(TEXT, hop, 31)           \
	X(TEXT, rule, NAME_MAX_) X(FIXED0, policy_hash, 32)                   \
	X(U64, policy_version, 0) X(U64, directory_version, 0)                \
	X(FIXED0, inquiry_hash, 32) X(FIXED0, provider_ref_hash, 32)          \
	X(FIXED0, record_code_hash, 32) X(U64, answer_by_ms, 0)               \
	X(U64, valid_until_ms, 0) X(FIXED0, permit_leaf, 32)                  \
	X(FIXED0, provision_hash, 32) X(FIXED0, ciphertext_hash, 32)          \
	X(BOOL, inquirer_hides, 0) X(BOOL, provider_hides, 0)                 \
	X(BOOL, pia_missing, 0) X(U64, asked_ms, 0)                           \
	X(U64, sequence, 0) X(TEXT, actor, NAME_MAX_)                         \
	X(TEXT, note, NAME_MAX_) X(FIXED0, subject_hash, 32)

#define ENTRY_PROOF_FIELDS(X)                                                 \
	X(BYTES, body, 8192) X(FIXED, salt, 32) X(U64, index, 0)              \
	X(HASHES, path, 64) X(BYTES, checkpoint, 4096)                        \
	X(U64, consistent_from, 0) X(HASHES, consistency, 64)

#define HELLO_REPLY_FIELDS(X)                                                 \
	X(VERSION, version, 0) X(TEXT, party, PARTY_MAX)                      \
	X(U64, time_ms, 0) X(BYTES, checkpoint, 4096)                         \
	X(U64, consistent_from, 0) X(HASHES, consistency, 64)                 \
	X(FIXED0, policy_hash, 32) X(U64, policy_version, 0)                  \
	X(U64, directory_version, 0)

#define PERMIT_FIELDS(X)                                                      \
	X(MSG, entry, entry_proof) X(MSG, person, person_ref)                 \
	X(BYTES, inquiry, ENVELOPE_MAX)

#define ANSWER_FIELDS(X)                                                      \
	X(FIXED, exchange_id, 16) X(MSG, outcome, entry_proof)                \
	X(BYTES, permit_body, 8192) X(FIXED, permit_salt, 32)                 \
	X(BYTES, provision, SLIP_MAX)                                         \
	X(BYTES, ciphertext, CIPHERTEXT_MAX)

#define REFUSAL_FIELDS(X)                                                     \
	X(FIXED0, exchange_id, 16) X(U32, outcome, 0)                         \
	X(TEXT, error, 31) X(TEXT, hop, 31) X(TEXT, rule, NAME_MAX_)          \
	X(TEXT, citation, NAME_MAX_) X(MSG0, entry, entry_proof)

#define NOTICE_FIELDS(X)                                                      \
	X(FIXED, exchange_id, 16) X(U32, kind, 0)                             \
	X(BYTES, envelope, SLIP_MAX) X(U64, valid_until_ms, 0)

#define BUSY_FIELDS(X)                                                        \
	X(FIXED0, exchange_id, 16) X(U32, retry_ms, 0)                        \
	X(TEXT, what, 63)

#define SETTLED_FIELDS(X)                                                     \
	X(FIXED, exchange_id, 16) X(TEXT, inquirer, PARTY_MAX)                \
	X(U32, outcome, 0) X(BOOL, accepted, 0)                               \
	X(BYTES, receipt, SLIP_MAX) X(TEXT, error, 31)

#define ACQUISITION_REQUEST_FIELDS(X)                                         \
	X(VERSION, version, 0) X(FIXED, acquisition_number, 16)               \
	X(NUMBER12, my_number, 12)

#define ACQUISITION_REPLY_FIELDS(X)                                           \
	X(FIXED, acquisition_number, 16) X(U32, outcome, 0)                   \
	X(TEXT, error, 31)

#define CODE_REQUEST_FIELDS(X)                                                \
	X(VERSION, version, 0) X(FIXED, acquisition_number, 16)               \
	X(TEXT, agency, PARTY_MAX) X(MSG, resident, person_ref)               \
	X(U64, time_ms, 0)

#define CODE_NOTICE_FIELDS(X)                                                 \
	X(FIXED, acquisition_number, 16) X(U32, outcome, 0)                   \
	X(MSG0, person, person_ref) X(MSG, entry, entry_proof)

#define CODE_ACK_FIELDS(X)                                                    \
	X(FIXED, acquisition_number, 16)

#define RESIDENT_CHANGE_FIELDS(X)                                             \
	X(VERSION, version, 0) X(FIXED, change_id, 16)                        \
	X(MSG, old_resident, person_ref)                                      \
	X(MSG, new_resident, person_ref) X(U64, time_ms, 0)

#define REGISTRAR_NOTICE_FIELDS(X)                                            \
	X(FIXED, id, 16) X(U32, outcome, 0) X(TEXT, error, 31)                \
	X(BOOL, acknowledged, 0)

#define ITEM_FIELDS(X)                                                        \
	X(U32, depth, 0) X(TEXT, code, 10) X(TEXT, name, NAME_MAX_)           \
	X(CONTENT, content, 4096) X(TEXT, empty_reason, 31)

#define RECORD_FIELDS(X)                                                      \
	X(TEXT, data, NAME_MAX_) X(TEXT, layout, 63)                          \
	X(BOOL, official, 0) X(TEXT, fiscal_year, 15)                         \
	X(U32, record_version, 0) X(U64, as_of_ms, 0)                         \
	X(U64, published_until_ms, 0) X(MSGS, items, item)

#define PAYLOAD_PART_FIELDS(X)                                                \
	X(TEXT, data, NAME_MAX_) X(U32, outcome, 0)                           \
	X(MSGS, records, record)

#define PAYLOAD_FIELDS(X)                                                     \
	X(VERSION, version, 0) X(FIXED, exchange_id, 16)                      \
	X(MSGS, parts, payload_part)

#define FOLLOW_REQUEST_FIELDS(X)                                              \
	X(VERSION, version, 0) X(U64, from, 0) X(U32, most, 0)

#define FOLLOW_ENTRY_FIELDS(X)                                                \
	X(U64, index, 0) X(FIXED, leaf, 33) X(BYTES, body, 8192)              \
	X(FIXED0, salt, 32) X(MSG0, record, person_ref)

#define FOLLOW_REPLY_FIELDS(X)                                                \
	X(U64, from, 0) X(MSGS, entries, follow_entry)                        \
	X(BYTES, checkpoint, 4096)

#define DISCLOSURE_FIELDS(X)                                                  \
	X(VERSION, version, 0) X(FIXED, disclosure_id, 16)                    \
	X(MSG, person, person_ref) X(TEXT, what, NAME_MAX_) X(U64, time_ms, 0)

#define AUDIT_READ_FIELDS(X)                                                  \
	X(VERSION, version, 0) X(FIXED, read_id, 16) X(TEXT, what, NAME_MAX_) \
	X(TEXT, period_from, 15) X(TEXT, period_until, 15) X(U64, time_ms, 0)

#define RECORDED_FIELDS(X) X(FIXED, id, 16) X(MSG, entry, entry_proof)

#define CERTIFICATE_REQUEST_FIELDS(X)                                         \
	X(VERSION, version, 0) X(FIXED, acquisition_number, 16)               \
	X(FIXED, issuer_key_hash, 32) X(BYTES, serial, 20)

#define VAULT_REQUEST_FIELDS(X)                                               \
	X(U64, ticket, 0) X(U32, op, 0) X(TEXT, party, PARTY_MAX)             \
	X(BYTES, envelope, ENVELOPE_MAX)                                      \
	X(BYTES, inquiry, ENVELOPE_MAX) X(BYTES, permit_body, 8192)           \
	X(FIXED0, permit_salt, 32) X(FIXED0, permit_endorsement, 32)          \
	X(U32, outcome, 0) X(BYTES, alias_lookup, 320)                        \
	X(BOOL, holder_known, 0) X(TEXT, actor, NAME_MAX_)                    \
	X(TEXT, note, NAME_MAX_) X(U32, entry_type, 0)                        \
	X(FIXED0, subject_hash, 32) X(BYTES, part, 131072)                    \
	X(BYTES, signatures, 16384)

#define VAULT_REPLY_FIELDS(X)                                                 \
	X(U64, ticket, 0) X(TEXT, error, 31) X(U32, entry_type, 0)            \
	X(BYTES, body, 8192) X(FIXED0, salt, 32) X(FIXED0, leaf, 33)          \
	X(MSG0, record, person_ref) X(FIXED0, endorsement, 32)                \
	X(MSG0, person, person_ref) X(FIXED0, holder, 32)                     \
	X(FIXED0, alias_key, 32) X(BYTES, alias_value, 320)                   \
	X(U32, outcome, 0) X(TEXT, rule, NAME_MAX_)                           \
	X(TEXT, citation, NAME_MAX_)

#define SIGNER_LEAF_FIELDS(X)                                                 \
	X(FIXED, leaf, 33) X(FIXED0, record_code_hash, 32)                    \
	X(FIXED, entry_id, 16) X(FIXED, endorsement, 32)

#define SIGNER_REQUEST_FIELDS(X)                                              \
	X(U64, size, 0) X(MSGS, leaves, signer_leaf)                          \
	X(U64, policy_version, 0) X(U64, directory_version, 0)

#define SIGNER_REPLY_FIELDS(X)                                                \
	X(TEXT, error, 31) X(U64, size, 0) X(BYTES, checkpoint, 4096)         \
	X(U64, policy_version, 0) X(U64, directory_version, 0)

/* X(struct name, Generated name, FIELDS), a nested one before its holder. */
#define MESSAGE_TABLE(X)                                                      \
	X(frame, Frame, FRAME_FIELDS)                                         \
	X(envelope, Envelope, ENVELOPE_FIELDS)                                \
	X(person_ref, PersonRef, PERSON_REF_FIELDS)                           \
	X(key_statement, KeyStatement, KEY_STATEMENT_FIELDS)                  \
	X(hello, Hello, HELLO_FIELDS)                                         \
	X(inquiry, Inquiry, INQUIRY_FIELDS)                                   \
	X(provision, Provision, PROVISION_FIELDS)                             \
	X(provision_frame, ProvisionFrame, PROVISION_FRAME_FIELDS)            \
	X(pending, Pending, PENDING_FIELDS)                                   \
	X(receipt, Receipt, RECEIPT_FIELDS)                                   \
	X(entry, Entry, ENTRY_FIELDS)                                         \
	X(entry_proof, EntryProof, ENTRY_PROOF_FIELDS)                        \
	X(hello_reply, HelloReply, HELLO_REPLY_FIELDS)                        \
	X(permit, Permit, PERMIT_FIELDS)                                      \
	X(answer, Answer, ANSWER_FIELDS)                                      \
	X(refusal, Refusal, REFUSAL_FIELDS)                                   \
	X(notice, Notice, NOTICE_FIELDS)                                      \
	X(busy, Busy, BUSY_FIELDS)                                            \
	X(settled, Settled, SETTLED_FIELDS)                                   \
	X(acquisition_request, AcquisitionRequest, ACQUISITION_REQUEST_FIELDS)\
	X(acquisition_reply, AcquisitionReply, ACQUISITION_REPLY_FIELDS)      \
	X(code_request, CodeRequest, CODE_REQUEST_FIELDS)                     \
	X(code_notice, CodeNotice, CODE_NOTICE_FIELDS)                        \
	X(code_ack, CodeAck, CODE_ACK_FIELDS)                                 \
	X(resident_change, ResidentChange, RESIDENT_CHANGE_FIELDS)            \
	X(registrar_notice, RegistrarNotice, REGISTRAR_NOTICE_FIELDS)         \
	X(item, Item, ITEM_FIELDS)                                            \
	X(record, Record, RECORD_FIELDS)                                      \
	X(payload_part, PayloadPart, PAYLOAD_PART_FIELDS)                     \
	X(payload, Payload, PAYLOAD_FIELDS)                                   \
	X(follow_request, FollowRequest, FOLLOW_REQUEST_FIELDS)               \
	X(follow_entry, FollowEntry, FOLLOW_ENTRY_FIELDS)                     \
	X(follow_reply, FollowReply, FOLLOW_REPLY_FIELDS)                     \
	X(disclosure, Disclosure, DISCLOSURE_FIELDS)                          \
	X(audit_read, AuditRead, AUDIT_READ_FIELDS)                           \
	X(recorded, Recorded, RECORDED_FIELDS)                                \
	X(certificate_request, CertificateRequest, CERTIFICATE_REQUEST_FIELDS)\
	X(vault_request, VaultRequest, VAULT_REQUEST_FIELDS)                  \
	X(vault_reply, VaultReply, VAULT_REPLY_FIELDS)                        \
	X(signer_leaf, SignerLeaf, SIGNER_LEAF_FIELDS)                        \
	X(signer_request, SignerRequest, SIGNER_REQUEST_FIELDS)               \
	X(signer_reply, SignerReply, SIGNER_REPLY_FIELDS)

#define FIELD_U32(name, limit) uint32_t name;
#define FIELD_VERSION(name, limit) uint32_t name;
#define FIELD_U64(name, limit) uint64_t name;
#define FIELD_BOOL(name, limit) bool name;
#define FIELD_TEXT(name, limit) char name[(limit) + 1];
#define FIELD_NUMBER12(name, limit) char name[(limit) + 1];
#define FIELD_TEXTS(name, limit) \
	size_t n_##name;         \
	char name[TEXTS_MAX][(limit) + 1];
#define FIELD_FIXED(name, limit) uint8_t name[limit];
#define FIELD_FIXED0(name, limit) uint8_t name[limit];
#define FIELD_BYTES(name, limit) struct span name;
#define FIELD_CONTENT(name, limit) const char *name;
#define FIELD_HASHES(name, limit) \
	size_t n_##name;          \
	uint8_t(*name)[HASH_LEN];
/* a message inside: always there; MSG0: there when has_name */
#define FIELD_MSG(name, type) struct type name;
#define FIELD_MSG0(name, type) \
	bool has_##name;       \
	struct type name;
#define FIELD_MSGS(name, type) \
	size_t n_##name;       \
	struct type *name;
#define MESSAGE_FIELD(kind, name, limit) FIELD_##kind(name, limit)
#define MESSAGE_STRUCT(name, Generated, FIELDS) \
	struct name {                           \
		FIELDS(MESSAGE_FIELD)           \
	};
MESSAGE_TABLE(MESSAGE_STRUCT)
/* clang-format on */

/*
 * A counting allocator: everything one decoded message points to. Grows to
 * at most `cap` bytes in all (0: 4 MiB), then decoding fails with TOO_LONG.
 */
struct arena {
	struct arena_block *head;
	size_t used, cap;
};
/* Zeroed; NULL at the cap. Aligned for anything. */
void *arena_alloc(struct arena *a, size_t n);
/* The same, not zeroed. */
void *arena_alloc_raw(struct arena *a, size_t n);
/* Forget everything, keep one block. */
void arena_reset(struct arena *a);
void arena_wipe_free(struct arena *a);

/*
 * NAME_decode: all checks of the tables, in messages inside too; on failure
 * *out is zeroed. *out borrows from `a`, never from `bytes`. ERR_MALFORMED:
 * not protobuf, or a message inside that must be there is not.
 * ERR_TRUNCATED, ERR_TOO_LONG: a field against its limit, or the arena's
 * cap. ERR_VERSION, ERR_UNKNOWN_FIELD, ERR_UTF8, ERR_NUL, ERR_TWELVE_DIGITS.
 * NAME_encode: appends the message to `out`. What it is given must keep the
 * limits (asserted): it is our own data. An all-zero FIXED0, an empty TEXT
 * or BYTES and a MSG0 that is not there take no bytes.
 */
#define MESSAGE_CODEC(name, Generated, FIELDS)                     \
	enum err name##_decode(                                    \
	    struct span bytes, struct arena *a, struct name *out); \
	void name##_encode(const struct name *m, struct buf *out);
MESSAGE_TABLE(MESSAGE_CODEC)

#endif

/* The kinds of frame: what one ZeroMQ message says it is. */
#ifndef LIB_FRAME_H
#define LIB_FRAME_H

#include "lib/messages.h"

/* X(name, number, what body holds). The numbers never change meaning. */
#define FRAME_TABLE(X)                                             \
	X(FRAME_HELLO, 1, "Hello")                                 \
	X(FRAME_HELLO_REPLY, 2, "HelloReply")                      \
	X(FRAME_INQUIRY, 10, "Envelope of Inquiry")                \
	X(FRAME_PERMIT, 11, "Permit")                              \
	X(FRAME_PROVISION, 12, "ProvisionFrame")                   \
	X(FRAME_PENDING, 13, "Envelope of Pending")                \
	X(FRAME_ANSWER, 14, "Answer")                              \
	X(FRAME_REFUSAL, 15, "Refusal")                            \
	X(FRAME_NOTICE, 16, "Notice")                              \
	X(FRAME_BUSY, 17, "Busy")                                  \
	X(FRAME_RECEIPT, 18, "Envelope of Receipt")                \
	X(FRAME_SETTLED, 19, "Settled")                            \
	X(FRAME_CODE_REQUEST, 30, "Envelope of CodeRequest")       \
	X(FRAME_CODE_NOTICE, 31, "CodeNotice")                     \
	X(FRAME_CODE_ACK, 32, "CodeAck")                           \
	X(FRAME_RESIDENT_CHANGE, 33, "Envelope of ResidentChange") \
	X(FRAME_REGISTRAR_NOTICE, 34, "RegistrarNotice")           \
	X(FRAME_FOLLOW_REQUEST, 40, "FollowRequest")               \
	X(FRAME_FOLLOW_REPLY, 41, "FollowReply")                   \
	X(FRAME_DISCLOSURE, 42, "Envelope of Disclosure")          \
	X(FRAME_RECORDED, 43, "Recorded")                          \
	X(FRAME_AUDIT_READ, 44, "Envelope of AuditRead")           \
	X(FRAME_ACQUISITION_REQUEST, 50, "AcquisitionRequest")     \
	X(FRAME_ACQUISITION_REPLY, 51, "AcquisitionReply")         \
	X(FRAME_CERTIFICATE_REQUEST, 52, "CertificateRequest")

enum frame_kind {
#define FRAME_ENUM(name, number, what) name = number,
	FRAME_TABLE(FRAME_ENUM)
#undef FRAME_ENUM
};

/* The name of a kind for the operator's log, "?" if it is none. */
const char *frame_name(uint32_t kind);
/* Append a whole Frame of this kind with `body` inside. */
void frame_wrap(enum frame_kind kind, struct span body, struct buf *out);
/*
 * The kind and body of a received frame: length (FRAME_MAX, or
 * PROVISION_FRAME_MAX for kinds that carry a ciphertext), version, known kind.
 */
enum err frame_open(struct span bytes, struct arena *a, struct frame *out);

#endif

/* The kinds of frame: what one ZeroMQ message says it is. */
#ifndef LIB_FRAME_H
#define LIB_FRAME_H

#include "lib/messages.h"

/*
 * X(name, number, most bytes, what body holds). The numbers never change
 * meaning. What is put into a larger frame on its way is kept that much
 * smaller, so that nothing a party may send can make one that is too long.
 */
/* clang-format off */
#define FRAME_TABLE(X)                                                      \
	X(FRAME_HELLO, 1, SMALL_MAX, "Hello")                               \
	X(FRAME_HELLO_REPLY, 2, FRAME_MAX, "HelloReply")                    \
	X(FRAME_INQUIRY, 10, INQUIRY_MAX, "Envelope of Inquiry")            \
	X(FRAME_PERMIT, 11, FRAME_MAX, "Permit")                            \
	X(FRAME_PROVISION, 12, PROVISION_FRAME_MAX, "ProvisionFrame")       \
	X(FRAME_PENDING, 13, SLIP_MAX, "Envelope of Pending")               \
	X(FRAME_ANSWER, 14, PROVISION_FRAME_MAX, "Answer")                  \
	X(FRAME_REFUSAL, 15, FRAME_MAX, "Refusal")                          \
	X(FRAME_NOTICE, 16, FRAME_MAX, "Notice")                            \
	X(FRAME_BUSY, 17, SMALL_MAX, "Busy")                                \
	X(FRAME_RECEIPT, 18, SLIP_MAX, "Envelope of Receipt")               \
	X(FRAME_SETTLED, 19, FRAME_MAX, "Settled")                          \
	X(FRAME_CODE_REQUEST, 30, SMALL_MAX, "Envelope of CodeRequest")     \
	X(FRAME_CODE_NOTICE, 31, FRAME_MAX, "CodeNotice")                   \
	X(FRAME_CODE_ACK, 32, SMALL_MAX, "CodeAck")                         \
	X(FRAME_RESIDENT_CHANGE, 33, SMALL_MAX, "Envelope of ResidentChange") \
	X(FRAME_REGISTRAR_NOTICE, 34, SMALL_MAX, "RegistrarNotice")         \
	X(FRAME_FOLLOW_REQUEST, 40, SMALL_MAX, "FollowRequest")             \
	X(FRAME_FOLLOW_REPLY, 41, FRAME_MAX, "FollowReply")                 \
	X(FRAME_DISCLOSURE, 42, SMALL_MAX, "Envelope of Disclosure")        \
	X(FRAME_RECORDED, 43, FRAME_MAX, "Recorded")                        \
	X(FRAME_AUDIT_READ, 44, SMALL_MAX, "Envelope of AuditRead")         \
	X(FRAME_ACQUISITION_REQUEST, 50, SMALL_MAX, "AcquisitionRequest")   \
	X(FRAME_ACQUISITION_REPLY, 51, SMALL_MAX, "AcquisitionReply")       \
	X(FRAME_CERTIFICATE_REQUEST, 52, SMALL_MAX, "CertificateRequest")
/* clang-format on */

enum frame_kind {
#define FRAME_ENUM(name, number, most, what) name = number,
	FRAME_TABLE(FRAME_ENUM)
#undef FRAME_ENUM
};

/* The name of a kind for the operator's log, "?" if it is none. */
const char *frame_name(uint32_t kind);
/* Append a whole Frame of this kind with `body` inside. */
void frame_wrap(enum frame_kind kind, struct span body, struct buf *out);
/*
 * The kind and body of a received frame: version, known kind, and no longer
 * than its kind may be.
 */
enum err frame_open(struct span bytes, struct arena *a, struct frame *out);

#endif

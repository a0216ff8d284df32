/* A party binds its CURVE, HPKE and sealing keys with its certificate's key. */
#ifndef LIB_KEYSTATEMENT_H
#define LIB_KEYSTATEMENT_H

#include "lib/envelope.h"
#include "lib/messages.h"

/* Append the Envelope (type "keystatement", size 1) of a statement. */
enum err keystatement_sign(
    const struct signkey *k, const struct key_statement *s, struct buf *out);

/*
 * Open an Envelope that must hold a statement of `party` signed by the key of
 * its certificate: envelope, signer, version 1, dates in order, both points
 * on P-256, a CURVE key that is not zero, no key used twice. Does not compare
 * dates with the clock: *out tells them. ERR_SIGNER: of another party;
 * ERR_KEY: bad keys; and what envelope_check returns.
 */
enum err keystatement_check(struct span bytes, const struct verifykey *key,
    const char *party, struct key_statement *out);

#endif

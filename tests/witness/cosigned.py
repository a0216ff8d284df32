#!/usr/bin/env python3
"""Check a cosigned checkpoint straight from the text of C2SP tlog-cosignature.

    cosigned.py CHECKPOINT LOG-VKEY WITNESS-VKEY...

Shares no code with renkei: Python's base64, hashlib and cryptography. Every
witness must have cosigned; then each thing is refused with one bit flipped.
"""
import base64
import hashlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4


def vkey(text):
    """name, id and public key, whose id must be the recommended one"""
    name, key_id, key = text.strip().split("+", 2)
    blob = base64.b64decode(key, validate=True)
    want = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
    assert want.hex() == key_id, "key id of " + name
    return name, want, blob[0], Ed25519PublicKey.from_public_bytes(blob[1:])


def lines_by(note, name, key_id):
    """the signatures of one key below a note's text"""
    text, signatures = note.rsplit("\n\n", 1)
    for line in signatures.splitlines():
        dash, by, blob = line.split(" ")
        blob = base64.b64decode(blob, validate=True)
        if dash == "\u2014" and by == name and blob[:4] == key_id:
            yield text + "\n", blob[4:]


def message(kind, text, signature):
    """what was signed, and the signature proper"""
    if kind == ED25519:
        return text.encode(), signature
    time = int.from_bytes(signature[:8], "big")
    assert 0 < time < 2**63, "time of the cosignature"
    head = "cosignature/v1\ntime %d\n" % time
    return (head + text).encode(), signature[8:]


def check(note, key):
    name, key_id, kind, public = vkey(key)
    found = list(lines_by(note, name, key_id))
    assert found, "no signature by " + name
    for text, signature in found:
        signed, proper = message(kind, text, signature)
        public.verify(proper, signed)
        for bit in range(0, len(signed) * 8, 7):
            bent = bytearray(signed)
            bent[bit // 8] ^= 1 << bit % 8
            try:
                public.verify(proper, bytes(bent))
            except InvalidSignature:
                continue
            sys.exit("accepted with one bit flipped")
    print("  " + name)


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as f:
        note = f.read()
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as f:
            check(note, f.read())


main()

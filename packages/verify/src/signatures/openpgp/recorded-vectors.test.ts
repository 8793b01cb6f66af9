import { expect, test } from 'vitest'
import { readRecording } from '../../../../../testdata/openpgp/recording.ts'
import { moments, type Vector } from '../../../../../testdata/openpgp/vector.ts'
import { fromUtf8 } from '../../bytes/encoding.ts'
import { checkOpenPgpSignature } from './check-openpgp-signature.ts'
import { type Keyring, readKeyring } from './keyring.ts'
import { openPgpReasons } from './reasons.ts'

// How each vector was made, and what git and gpg were asked, is in testdata/openpgp/README.md.
const { keyrings, vectors } = readRecording()
const rings = keyrings.map((keyring) => readKeyring(Buffer.from(keyring, 'base64')))

const rows = [
  { name: 'git example commit', git: 'G', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'git example tag', git: 'G', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'git example mergetag', git: 'G', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'RFC 9580 A.6 text signature', git: 'N', status: 'unverifiable', reason: 'unsupported_signature_type' },
  { name: 'RFC 9580 A.2 v4 Ed25519', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'gpg rsa2048', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg rsa2048, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg rsa3072', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg rsa3072, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg rsa4096', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg rsa4096, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg dsa2048', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg dsa2048, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg ed25519', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg ed25519, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg nistp256', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg nistp256, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg nistp384', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg nistp384, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg nistp521', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg nistp521, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg brainpoolP256r1', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg brainpoolP256r1, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg brainpoolP384r1', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg brainpoolP384r1, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg brainpoolP512r1', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg brainpoolP512r1, payload changed', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'gpg signing subkey', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg text signature', git: 'G', status: 'unverifiable', reason: 'unsupported_signature_type' },
  { name: 'gpg SHA-1 signature', git: 'G', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'gpg signature that has expired', git: 'X', status: 'expired_signature', reason: 'signature_expired' },
  { name: 'gpg key expired since', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'gpg key about to expire', git: 'G', status: 'good', reason: 'verified' },
  { name: 'gpg key expiring this second', git: 'G', status: 'expired_key', reason: 'key_expired' },
  { name: 'gpg key expired a second ago', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'gpg key revoked, no reason', git: 'R', status: 'revoked_key', reason: 'key_revoked' },
  { name: 'gpg key revoked, compromised', git: 'R', status: 'revoked_key', reason: 'key_compromised' },
  { name: 'gpg key revoked, superseded', git: 'R', status: 'revoked_key', reason: 'key_superseded' },
  { name: 'gpg key revoked, retired', git: 'R', status: 'revoked_key', reason: 'key_retired' },
  { name: 'good', git: 'G', status: 'good', reason: 'verified' },
  { name: 'good rsa', git: 'G', status: 'good', reason: 'verified' },
  { name: 'version 2 signature', git: 'G', status: 'unverifiable', reason: 'unsupported_signature_version' },
  { name: 'version 3 signature', git: 'G', status: 'unverifiable', reason: 'unsupported_signature_version' },
  { name: 'version 5 signature', git: 'N', status: 'unverifiable', reason: 'unsupported_signature_version' },
  { name: 'version 6 signature by a version 4 key', git: 'N', status: 'unverifiable', reason: 'issuer_mismatch' },
  { name: 'md5', git: 'E', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'sha1', git: 'G', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'ripemd160', git: 'G', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'sha224 by rsa', git: 'G', status: 'good', reason: 'verified' },
  { name: 'sha224 by ed25519', git: 'G', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'sha3-256', git: 'N', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'sha3-512', git: 'N', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'unknown hash', git: 'N', status: 'unverifiable', reason: 'unsupported_algorithm' },
  { name: 'unknown algorithm', git: 'E', status: 'unverifiable', reason: 'unsupported_algorithm' },
  { name: 'algorithm of another key', git: 'E', status: 'malformed', reason: 'trailing' },
  { name: 'type 0x01', git: 'B', status: 'unverifiable', reason: 'unsupported_signature_type' },
  {
    name: 'type 0x01 signed with other line endings',
    git: 'G',
    status: 'unverifiable',
    reason: 'unsupported_signature_type',
  },
  { name: 'type 0x02', git: 'E', status: 'unverifiable', reason: 'unsupported_signature_type' },
  { name: 'type 0x10', git: 'E', status: 'unverifiable', reason: 'unsupported_signature_type' },
  { name: 'type 0x13', git: 'E', status: 'unverifiable', reason: 'unsupported_signature_type' },
  { name: 'type 0x40', git: 'E', status: 'unverifiable', reason: 'unsupported_signature_type' },
  { name: 'type 0x50', git: 'E', status: 'unverifiable', reason: 'unsupported_signature_type' },
  { name: 'expired signature', git: 'X', status: 'expired_signature', reason: 'signature_expired' },
  { name: 'signature that expires later', git: 'G', status: 'good', reason: 'verified' },
  { name: 'signature that expires after 2106', git: 'X', status: 'expired_signature', reason: 'signature_expired' },
  { name: 'signature with an expiry of zero', git: 'G', status: 'good', reason: 'verified' },
  { name: 'signature from before the key', git: 'E', status: 'untrusted', reason: 'signature_before_key' },
  { name: 'signature of the key’s first second', git: 'G', status: 'good', reason: 'time_mismatch' },
  { name: 'signature an hour ahead', git: 'G', status: 'good', reason: 'time_mismatch' },
  { name: 'signature two days ahead', git: 'G', status: 'unverifiable', reason: 'signature_from_future' },
  { name: 'signature two days from its commit', git: 'G', status: 'good', reason: 'time_mismatch' },
  { name: 'no creation time', git: 'E', status: 'malformed', reason: 'no_creation_time' },
  { name: 'two creation times', git: 'G', status: 'malformed', reason: 'duplicate_subpacket' },
  { name: 'unhashed creation time only', git: 'E', status: 'malformed', reason: 'no_creation_time' },
  { name: 'unknown subpacket', git: 'G', status: 'good', reason: 'verified' },
  { name: 'unknown critical subpacket', git: 'B', status: 'unverifiable', reason: 'unknown_critical_subpacket' },
  {
    name: 'unknown critical subpacket, unhashed',
    git: 'B',
    status: 'unverifiable',
    reason: 'unknown_critical_subpacket',
  },
  { name: 'critical signer’s user id', git: 'B', status: 'unverifiable', reason: 'unknown_critical_subpacket' },
  { name: 'signer’s user id', git: 'G', status: 'good', reason: 'verified' },
  { name: 'notation', git: 'G', status: 'good', reason: 'verified' },
  { name: 'critical notation', git: 'B', status: 'unverifiable', reason: 'unknown_critical_subpacket' },
  { name: 'critical issuer fingerprint', git: 'G', status: 'good', reason: 'verified' },
  { name: 'subpacket cut short', git: 'B', status: 'malformed', reason: 'subpacket' },
  { name: 'subpacket of length zero', git: 'B', status: 'malformed', reason: 'subpacket' },
  { name: 'wrong digest prefix', git: 'G', status: 'good', reason: 'digest_prefix_mismatch' },
  { name: 'integer with a leading zero byte', git: 'G', status: 'good', reason: 'verified' },
  { name: 'integer that states the length of its key', git: 'G', status: 'good', reason: 'verified' },
  { name: 'integer with a wrong bit count', git: 'G', status: 'malformed', reason: 'mpi' },
  { name: 'bytes after the integers', git: 'G', status: 'malformed', reason: 'trailing' },
  { name: 'integers cut short', git: 'N', status: 'malformed', reason: 'signature_packet' },
  { name: 'integer of zero, rsa', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'integer of zero', git: 'E', status: 'bad', reason: 'signature_mismatch' },
  { name: 's plus the group order', git: 'G', status: 'bad', reason: 'signature_mismatch' },
  { name: 'key not in the keyring', git: 'E', status: 'unverifiable', reason: 'key_not_found' },
  { name: 'no issuer at all', git: 'E', status: 'unverifiable', reason: 'no_issuer' },
  { name: 'key id only, unhashed', git: 'G', status: 'good', reason: 'verified' },
  { name: 'key id only, hashed', git: 'G', status: 'good', reason: 'verified' },
  { name: 'fingerprint only', git: 'G', status: 'good', reason: 'verified' },
  { name: 'unhashed fingerprint only', git: 'E', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'fingerprint of the signer, key id of another', git: 'G', status: 'unverifiable', reason: 'issuer_mismatch' },
  { name: 'fingerprint of another, key id of the signer', git: 'B', status: 'unverifiable', reason: 'issuer_mismatch' },
  {
    name: 'fingerprint of a stranger, key id of the signer',
    git: 'G',
    status: 'unverifiable',
    reason: 'issuer_mismatch',
  },
  { name: 'two fingerprints', git: 'G', status: 'unverifiable', reason: 'issuer_mismatch' },
  { name: 'two key ids', git: 'G', status: 'malformed', reason: 'duplicate_subpacket' },
  { name: 'fingerprint of the wrong length', git: 'G', status: 'malformed', reason: 'subpacket' },
  { name: 'subkey', git: 'G', status: 'good', reason: 'verified' },
  { name: 'subkey without back-signature', git: 'E', status: 'untrusted', reason: 'missing_back_signature' },
  {
    name: 'subkey with a back-signature over another key',
    git: 'E',
    status: 'untrusted',
    reason: 'bad_back_signature',
  },
  { name: 'subkey with an expired binding', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'subkey with its back-signature unhashed', git: 'G', status: 'good', reason: 'verified' },
  { name: 'subkey for encryption only', git: 'E', status: 'untrusted', reason: 'key_not_for_signing' },
  { name: 'subkey without key flags', git: 'G', status: 'good', reason: 'verified' },
  { name: 'subkey bound with md5', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'subkey bound by nobody', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'subkey claimed by a stranger first', git: 'E', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'subkey rebound without the flag', git: 'E', status: 'untrusted', reason: 'key_not_for_signing' },
  {
    name: 'subkey rebound without the flag in a second copy of the key',
    git: 'E',
    status: 'untrusted',
    reason: 'key_not_for_signing',
  },
  { name: 'subkey revocation in the wrong place', git: 'R', status: 'revoked_key', reason: 'key_revoked' },
  { name: 'two user ids, neither primary', git: 'G', status: 'good', reason: 'verified' },
  { name: 'two user ids, the older one primary', git: 'G', status: 'good', reason: 'verified' },
  { name: 'two user ids, the newer one last', git: 'G', status: 'good', reason: 'verified' },
  { name: 'two user ids, both primary', git: 'G', status: 'good', reason: 'verified' },
  { name: 'one user id revoked', git: 'G', status: 'good', reason: 'verified' },
  { name: 'every user id revoked', git: 'G', status: 'untrusted', reason: 'no_valid_user_id' },
  { name: 'every user id revoked, with a direct-key signature', git: 'G', status: 'good', reason: 'verified' },
  { name: 'user id revoked and renewed', git: 'G', status: 'good', reason: 'verified' },
  { name: 'every user id expired', git: 'G', status: 'untrusted', reason: 'no_valid_user_id' },
  { name: 'no user id', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'no user id, direct-key signature', git: 'E', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'user id without self-signature', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'user id signed as data', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'user id signed by type 0x1f', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'two self-signatures of one second', git: 'E', status: 'untrusted', reason: 'key_not_for_signing' },
  { name: 'user id with an md5 self-signature', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'user id with a sha1 self-signature', git: 'G', status: 'good', reason: 'verified' },
  { name: 'user id with an unknown critical subpacket', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'user id with control characters', git: 'G', status: 'good', reason: 'verified' },
  { name: 'user id in UTF-8', git: 'G', status: 'good', reason: 'verified' },
  { name: 'primary key for certifying only', git: 'E', status: 'untrusted', reason: 'key_not_for_signing' },
  { name: 'primary key without key flags', git: 'G', status: 'good', reason: 'verified' },
  { name: 'direct-key signature takes the flag away', git: 'E', status: 'untrusted', reason: 'key_not_for_signing' },
  { name: 'the same key twice, revoked in the second copy', git: 'R', status: 'revoked_key', reason: 'key_revoked' },
  { name: 'key not exportable', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'crafted key expired since', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'key expired when it signed', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'key expired and signature expired', git: 'X', status: 'expired_key', reason: 'key_expired' },
  { name: 'key renewed', git: 'G', status: 'good', reason: 'verified' },
  { name: 'key renewed without an expiry', git: 'G', status: 'good', reason: 'verified' },
  { name: 'key expiry from a direct-key signature', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'key expiry in another user id', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'key that expires after 2106', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'key expiry of zero', git: 'G', status: 'good', reason: 'verified' },
  { name: 'subkey expired, primary alive', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'primary expired, subkey alive', git: 'Y', status: 'expired_key', reason: 'key_expired' },
  { name: 'key expired and revoked', git: 'Y', status: 'revoked_key', reason: 'key_revoked' },
  { name: 'key from the future', git: 'E', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'key revoked, without a reason subpacket', git: 'R', status: 'revoked_key', reason: 'key_revoked' },
  { name: 'key revoked and signature wrong', git: 'B', status: 'bad', reason: 'signature_mismatch' },
  { name: 'key revoked, no reason', git: 'R', status: 'revoked_key', reason: 'key_revoked' },
  { name: 'key revoked, superseded', git: 'R', status: 'revoked_key', reason: 'key_superseded' },
  { name: 'key revoked, compromised', git: 'R', status: 'revoked_key', reason: 'key_compromised' },
  { name: 'key revoked, retired', git: 'R', status: 'revoked_key', reason: 'key_retired' },
  { name: 'key revoked, unknown reason', git: 'R', status: 'revoked_key', reason: 'key_revoked' },
  { name: 'key revoked with a bad signature', git: 'G', status: 'good', reason: 'verified' },
  { name: 'key revoked by a stranger', git: 'G', status: 'good', reason: 'verified' },
  { name: 'key revoked by its designated revoker', git: 'R', status: 'revoked_key', reason: 'key_revoked' },
  {
    name: 'key revoked by an absent designated revoker',
    git: 'G',
    status: 'unverifiable',
    reason: 'revoker_not_found',
  },
  { name: 'designated revoker who has not revoked', git: 'G', status: 'good', reason: 'verified' },
  { name: 'subkey revoked, compromised', git: 'R', status: 'revoked_key', reason: 'key_compromised' },
  { name: 'subkey revoked, primary signs', git: 'G', status: 'good', reason: 'verified' },
  { name: 'subkey revoked, superseded', git: 'R', status: 'revoked_key', reason: 'key_superseded' },
  { name: 'subkey revoked with a wrong digest prefix', git: 'R', status: 'revoked_key', reason: 'key_revoked' },
  { name: 'primary revoked, subkey signs', git: 'R', status: 'revoked_key', reason: 'key_superseded' },
  { name: 'rsa1024', git: 'G', status: 'unverifiable', reason: 'weak_key' },
  { name: 'P-256', git: 'G', status: 'good', reason: 'verified' },
  { name: 'secp256k1', git: 'G', status: 'good', reason: 'verified' },
  { name: 'P-384 with sha256', git: 'E', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'P-384 with sha384', git: 'G', status: 'good', reason: 'verified' },
  { name: 'version 4 native Ed25519', git: 'E', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'version 4 native Ed448', git: 'E', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'subkey under a weak primary key', git: 'G', status: 'unverifiable', reason: 'weak_key' },
  { name: 'version 6', git: 'N', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'version 6 without user id', git: 'N', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'version 6 with a short salt', git: 'N', status: 'malformed', reason: 'signature_packet' },
  { name: 'version 4 signature by a version 6 key', git: 'E', status: 'unverifiable', reason: 'issuer_mismatch' },
  { name: 'version 6 Ed448', git: 'N', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'version 6 Ed448 with sha256', git: 'N', status: 'unverifiable', reason: 'weak_hash' },
  { name: 'version 6 key with a version 4 self-signature', git: 'N', status: 'untrusted', reason: 'key_not_bound' },
  { name: 'version 6 subkey', git: 'N', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'armour headers', git: 'G', status: 'good', reason: 'verified' },
  { name: 'armour header without a value', git: 'G', status: 'good', reason: 'verified' },
  { name: 'armour header that is none', git: 'N', status: 'malformed', reason: 'armor_header' },
  { name: 'armour without a blank line', git: 'G', status: 'malformed', reason: 'armor_header' },
  { name: 'armour with CRLF', git: 'G', status: 'good', reason: 'verified' },
  { name: 'armour with spaces at line ends', git: 'G', status: 'good', reason: 'verified' },
  { name: 'armour without a checksum', git: 'G', status: 'good', reason: 'verified' },
  { name: 'armour with a wrong checksum', git: 'N', status: 'malformed', reason: 'armor_checksum' },
  { name: 'armour with half a checksum', git: 'N', status: 'malformed', reason: 'armor_base64' },
  { name: 'armour with a stray character', git: 'G', status: 'malformed', reason: 'armor_base64' },
  { name: 'armour with a stray dot inside', git: 'G', status: 'malformed', reason: 'armor_base64' },
  { name: 'armour cut before END', git: 'G', status: 'malformed', reason: 'armor_end' },
  { name: 'armour cut in the middle', git: 'N', status: 'malformed', reason: 'armor_end' },
  { name: 'armour cut after the header', git: 'N', status: 'malformed', reason: 'armor_end' },
  { name: 'armour with a wrong END', git: 'G', status: 'malformed', reason: 'armor_end' },
  { name: 'BEGIN PGP MESSAGE', git: 'G', status: 'good', reason: 'verified' },
  { name: 'text after the armour', git: 'G', status: 'malformed', reason: 'armor_end' },
  { name: 'blank lines after the armour', git: 'G', status: 'good', reason: 'verified' },
  { name: 'the same armour twice', git: 'E', status: 'unverifiable', reason: 'several_signatures' },
  { name: 'a bit of padding set', git: 'G', status: 'malformed', reason: 'armor_base64' },
  { name: 'empty packets', git: 'N', status: 'malformed', reason: 'no_signature' },
  { name: 'two signatures by two keys', git: 'E', status: 'unverifiable', reason: 'several_signatures' },
  { name: 'two signatures, the second bad', git: 'E', status: 'unverifiable', reason: 'several_signatures' },
  { name: 'two signatures, the first bad', git: 'E', status: 'unverifiable', reason: 'several_signatures' },
  {
    name: 'two signatures, the first with an unknown hash',
    git: 'N',
    status: 'unverifiable',
    reason: 'several_signatures',
  },
  { name: 'two signatures of different types', git: 'G', status: 'unverifiable', reason: 'several_signatures' },
  { name: 'two signatures with different hashes', git: 'E', status: 'unverifiable', reason: 'several_signatures' },
  { name: 'a marker packet first', git: 'G', status: 'good', reason: 'verified' },
  { name: 'a padding packet last', git: 'G', status: 'good', reason: 'verified' },
  { name: 'an unknown packet last', git: 'G', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'an unknown packet first', git: 'G', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a user id packet last', git: 'G', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a key packet last', git: 'G', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a key packet first', git: 'N', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a literal packet first', git: 'N', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a one-pass packet first', git: 'N', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a compressed packet last', git: 'G', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a subkey packet last', git: 'G', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a subkey packet first', git: 'G', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a user id packet first', git: 'N', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a trust packet first', git: 'G', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'a literal packet last', git: 'N', status: 'malformed', reason: 'unexpected_packet' },
  { name: 'an old-format packet', git: 'G', status: 'good', reason: 'verified' },
  { name: 'an old-format packet without a length', git: 'N', status: 'malformed', reason: 'partial_length' },
  { name: 'a partial length', git: 'N', status: 'malformed', reason: 'partial_length' },
  { name: 'a packet longer than the data', git: 'G', status: 'malformed', reason: 'packet_truncated' },
  { name: 'a zero byte after the packet', git: 'G', status: 'malformed', reason: 'packet_header' },
  { name: 'a zero byte before the packet', git: 'N', status: 'malformed', reason: 'packet_header' },
  { name: 'a truncated second packet', git: 'G', status: 'malformed', reason: 'packet_truncated' },
  {
    name: 'a second signature of unknown version',
    git: 'G',
    status: 'unverifiable',
    reason: 'unsupported_signature_version',
  },
  { name: 'a signature packet of ten bytes', git: 'E', status: 'malformed', reason: 'signature_packet' },
  { name: 'an empty signature packet', git: 'E', status: 'malformed', reason: 'signature_packet' },
  { name: 'openpgp.js version 6 subkey', git: 'N', status: 'good', reason: 'gpg_cannot_check' },
  { name: 'openpgp.js version 6 subkey, payload changed', git: 'N', status: 'bad', reason: 'signature_mismatch' },
] as const

function vectorNamed(name: string): { vector: Vector; keyring: Keyring } {
  const vector = vectors.find((one) => one.name === name)
  const keyring = vector === undefined ? undefined : rings[vector.keyring]
  if (vector === undefined || keyring === undefined) throw new Error(`no vector "${name}"`)
  return { vector, keyring }
}

test('every recorded vector has a row', () => {
  expect(vectors.map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
})

test.for(rows)('$name: git says $git, we say $status ($reason)', ({ name, git, status, reason }) => {
  const { vector, keyring } = vectorNamed(name)
  const times = { claimed: moments.signed, now: vector.now, trusted: null }
  const check = checkOpenPgpSignature(Buffer.from(vector.payload), Buffer.from(vector.armor), keyring, times)
  expect(check).toMatchObject({ scheme: 'openpgp', git, status, reason })
  expect(vector.git).toBe(git)
  if (status === 'good' && vector.fingerprint === null) {
    expect(check.fingerprint).toMatch(/^[0-9A-F]{40,64}$/)
    expect(check.primaryFingerprint).toMatch(/^[0-9A-F]{40,64}$/)
    expect(check.key).toMatch(vector.key ?? /^[0-9A-F]{16}$/)
  } else {
    const { key, fingerprint, primaryFingerprint, principal } = vector
    expect(check).toMatchObject({ key, fingerprint, primaryFingerprint, principal })
  }
})

test('every reason is in a row here, in judge-times.test.ts or in check-openpgp-signature.test.ts', () => {
  const elsewhere = ['good key_expired_since', 'good key_revoked_since']
  const bounds = ['malformed armor_begin', 'malformed too_long', 'malformed too_many_packets']
  const shown = new Set([...rows.map(({ status, reason }) => `${status} ${reason}`), ...elsewhere, ...bounds])
  const known = Object.entries(openPgpReasons).flatMap(([status, reasons]) => reasons.map((one) => `${status} ${one}`))
  expect([...shown].sort()).toEqual(known.sort())
})

test('user ids with control characters come out escaped as gpg escapes them', () => {
  const { vector } = vectorNamed('user id with control characters')
  expect(vector.principal).toBe('Ada%07 100%25 <ada@example.org>%0A[GNUPG:] GOODSIG')
  expect(fromUtf8(Buffer.from(vector.principal ?? ''))).not.toMatch(/[\u0000-\u001f]/)
})

test('a fingerprint and details come with a version 6 signature that gpg cannot check', () => {
  const { vector, keyring } = vectorNamed('openpgp.js version 6 subkey')
  const times = { claimed: moments.signed, now: vector.now, trusted: null }
  const check = checkOpenPgpSignature(Buffer.from(vector.payload), Buffer.from(vector.armor), keyring, times)
  expect(check.principal).toBe('Vera <vera@example.org>')
  expect(check.signedAt).toBe(moments.signed)
  expect(check.details).toMatchObject({ signatureVersion: 6, publicKeyAlgorithm: 'ed25519', hashAlgorithm: 'sha512' })
  expect(keyring.byFingerprint.get(check.fingerprint ?? '')).toHaveLength(1)
})

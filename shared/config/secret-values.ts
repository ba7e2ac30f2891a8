import * as z from 'zod/mini'
import { splitList } from '../config.ts'
import { readSigningKeys } from '../oauth/signing-key.ts'
import { refuse, text } from './text-values.ts'

const MIN_SECRET_CHARACTERS = 32

/** One secret of at least 32 characters. */
export const secret = text.check(
  // The value of the sample may have been extended. A random secret does not begin like it.
  z.refine((value) => !/^replace-with-\w+-/.test(value), 'is still a placeholder'),
  z.refine(
    (value) => value.length >= MIN_SECRET_CHARACTERS,
    `must have at least ${MIN_SECRET_CHARACTERS} characters`,
  ),
)

/** One secret, or two during a rotation, the newest first. */
export const secrets = z.pipe(
  z.pipe(
    z.string(),
    z.transform((value, context) => {
      const given = splitList(value)
      const isWhole = given.length === value.split(',').length
      if (given.length === 0) refuse(context, 'must not be empty')
      else if (given.length > 2) refuse(context, 'takes two secrets at most, newest first')
      // A backend that splits the same text might accept the empty key.
      else if (!isWhole) refuse(context, 'must not have an empty secret: remove the extra comma')
      return given
    }),
  ),
  z.tuple([secret], secret),
)

/** One signing key, or two during a rotation. The first one signs. */
export const signingKeys = z.pipe(
  text,
  z.transform((value, context) => {
    const keys = readSigningKeys(value)
    if (keys !== undefined && keys.length <= 2) return keys
    refuse(context, 'must be one or two private keys, P-256 or Ed25519, as PEM or JWK')
    return z.NEVER
  }),
)

import { parseClientMetadata } from '../../../functions/registration/client-metadata.ts'
import {
  CHATGPT_REDIRECT_URIS,
  createRedirectUriPolicy,
} from '../../../shared/auth0/redirect-uris.ts'
import { HttpError } from '../../../shared/http/http-error.ts'
import { hasUnseen } from '../../../shared/log/printable.ts'
import { type FuzzTarget, MARKER, must, onlyRefuses } from '../target.ts'

const covers = createRedirectUriPolicy(CHATGPT_REDIRECT_URIS)
const client = {
  client_name: 'ChatGPT',
  redirect_uris: ['https://chatgpt.com/connector/oauth/abc'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

/** Registration requests (RFC 7591): only checked metadata is sent to Auth0. */
export const registrationTarget: FuzzTarget = {
  name: 'registration',
  seeds: [
    client,
    { redirect_uris: client.redirect_uris },
    { ...client, client_name: `${MARKER} \u202e`, scope: MARKER },
    { ...client, redirect_uris: [`https://${MARKER}.example/cb`, ...client.redirect_uris] },
    { ...client, grant_types: [MARKER], response_types: MARKER },
  ].map((value) => JSON.stringify(value)),
  check: (text) => {
    const metadata = onlyRefuses([HttpError], () => parseClientMetadata(Buffer.from(text), covers))
    if (metadata === undefined) return
    const { client_name: name, redirect_uris: uris, grant_types: grants } = metadata
    must(name.trim() !== '' && !hasUnseen(name) && !/[<>]/.test(name), 'a name is misleading')
    must(
      uris.length > 0 && uris.every((uri) => new URL(uri).host === 'chatgpt.com'),
      'a URI is foreign',
    )
    must(grants.includes('authorization_code') && grants.length <= 2, 'a grant is foreign')
    must(Object.keys(metadata).length === 5, 'another member is passed on')
  },
}

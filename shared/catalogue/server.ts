import '../schema-messages.ts'

import * as z from 'zod/mini'
import { ConfigError } from '../config.ts'
import { lazily } from '../lazily.ts'
import { unknownMember } from './unknown-member.ts'
import { isWebUrl } from './web-url.ts'

/** The `server` section of the catalogue. */
export interface ServerSection {
  readonly name?: string | undefined
  readonly title?: string | undefined
  readonly version?: string | undefined
  readonly description?: string | undefined
  /** How a model uses the tools together. Clients may truncate it after 512 characters. */
  readonly instructions?: string | undefined
  readonly icons?: readonly Readonly<Record<string, unknown>>[] | undefined
  readonly websiteUrl?: string | undefined
  /** For the protected resource metadata (RFC 9728 s2): documentation, privacy policy, terms. */
  readonly documentation?: string | undefined
  readonly policy?: string | undefined
  readonly terms?: string | undefined
}

/** MCP's `Implementation`. */
export interface ServerInfo {
  readonly name: string
  readonly version: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly websiteUrl?: string | undefined
  readonly icons?: ServerSection['icons']
}

/** The part of the section that functions other than the gateway read. */
export type ServerLinks = Pick<ServerSection, 'documentation' | 'policy' | 'terms'>

const section = lazily(() => {
  const text = z.string().check(z.trim(), z.minLength(1, 'must not be empty'))
  const webUrl = z
    .string()
    .check(z.refine(isWebUrl, 'must be an https URL without credentials (http only on loopback)'))
  const iconSource = z
    .string()
    .check(
      z.refine(
        (value) => isWebUrl(value) || /^data:image\/[a-z0-9.+-]+[;,]/i.test(value),
        'must be an https URL or a data: URL of an image',
      ),
    )
  return z.object({
    name: z.optional(text),
    title: z.optional(text),
    version: z.optional(text),
    description: z.optional(text),
    instructions: z.optional(text),
    icons: z.optional(
      z.array(
        z.looseObject({
          src: iconSource,
          mimeType: z.optional(z.string()),
          sizes: z.optional(z.array(z.string())),
          theme: z.optional(z.enum(['light', 'dark'])),
        }),
      ),
    ),
    websiteUrl: z.optional(webUrl),
    documentation: z.optional(webUrl),
    policy: z.optional(webUrl),
    terms: z.optional(webUrl),
  })
})
const NAME = 'chatgpt-auth0-gateway'
const VERSION = '0.1.0'

/**
 * Reads the `server` section. A null member counts as absent; an unknown member is ignored with a
 * warning.
 *
 * @throws ConfigError with a line for each fault.
 */
export function readServer(
  variable: string,
  written: Readonly<Record<string, unknown>> | undefined,
): { readonly server: ServerSection | undefined; readonly warnings: readonly string[] } {
  if (written === undefined) return { server: undefined, warnings: [] }
  const given = Object.entries(written).filter(([, member]) => member !== null)
  const parsed = section().safeParse(Object.fromEntries(given), { jitless: true })
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(
        ({ path, message }) => `${variable}: server.${path.join('.')}: ${message}`,
      ),
    )
  }
  const warnings = given
    .map(([name]) => name)
    .filter((name) => !Object.hasOwn(section().shape, name))
    .map((name) => unknownMember(name, Object.keys(section().shape), 'server.'))
  return { server: parsed.data, warnings }
}

/** Returns the `serverInfo` for MCP. The default name and version are those of this project. */
export function serverInfoOf(server: ServerSection = {}): ServerInfo {
  const { name = NAME, version = VERSION, title, description, websiteUrl, icons } = server
  return { name, version, title, description, websiteUrl, icons }
}

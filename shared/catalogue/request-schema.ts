import '../schema-messages.ts'

import * as z from 'zod/mini'
import { lazily } from '../lazily.ts'
import { bodyTypeFault, isJsonPatch } from './body-type.ts'

type Schemas = ReturnType<typeof requestSchemas>

/** How one argument is sent: a Parameter Object of OpenAPI, with defaults filled in. */
export type RequestParameter = z.output<Schemas['parameter']>

/** How one argument is sent in the body. `style` and `explode` apply to form-encoded bodies. */
export type BodyProperty = z.output<Schemas['property']>

/** How the body is built from the arguments. */
export type RequestBody = z.output<Schemas['body']>

/** How the gateway calls the backend of a tool, with defaults filled in; plain JSON. */
export type ToolRequest = z.output<Schemas['toolRequest']>

/** The styles of OpenAPI 3.1 for each location (Parameter Object, `style`). The first is the default. */
const STYLES = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
} as const
const STYLE_NAMES = [
  ...['simple', 'label', 'matrix'],
  ...['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
] as (typeof STYLES)[keyof typeof STYLES][number][]

/** The schema of a tool's `request`, and of its parts. */
export const requestSchemas = lazily(() => {
  const name = z.string().check(z.minLength(1), z.maxLength(512))
  const parameter = z.pipe(
    z.strictObject({
      name,
      in: z.enum(['path', 'query', 'header', 'cookie']),
      argument: z.optional(name),
      style: z.optional(z.enum(STYLE_NAMES)),
      explode: z.optional(z.boolean()),
      /** Applies only to query parameters, as in OpenAPI 3.1. */
      allowReserved: z._default(z.boolean(), false),
      /** As in OpenAPI: the value is sent as JSON, without `style`. */
      content: z.optional(z.strictObject({ 'application/json': z.looseObject({}) })),
    }),
    z.transform((given, context) => {
      const styles: readonly string[] = STYLES[given.in]
      const style = given.style ?? STYLES[given.in][0]
      if (!styles.includes(style)) {
        const message = `style must be ${styles.join(', ')} for a parameter in ${given.in}`
        context.issues.push({ code: 'custom', message, input: given })
      }
      const { content, ...rest } = given
      return {
        ...rest,
        style,
        argument: given.argument ?? given.name,
        explode: given.explode ?? style === 'form',
        ...(content !== undefined && { isJson: true }),
      }
    }),
  )
  const fullProperty = z.strictObject({
    name,
    argument: z.optional(name),
    style: z.optional(z.enum(STYLES.query)),
    explode: z.optional(z.boolean()),
    /** The type of a multipart part. In a form-encoded body, `application/json` sends the value as JSON. */
    contentType: z.optional(
      z
        .string()
        .check(z.regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*$/, 'must be a media type')),
    ),
  })
  const property = z.pipe(
    z.union([name, fullProperty]),
    z.transform((given) => {
      const full: z.output<typeof fullProperty> =
        typeof given === 'string' ? { name: given } : given
      return { ...full, argument: full.argument ?? full.name }
    }),
  )
  const body = z
    .strictObject({
      /** Sent as it is written. */
      contentType: z.string().check(
        z.maxLength(200),
        z.superRefine((given, context) => {
          const message = bodyTypeFault(given)
          if (message !== undefined) context.issues.push({ code: 'custom', message, input: given })
        }),
      ),
      argument: z.optional(name),
      properties: z.optional(z.array(property)),
      files: z.optional(z.array(name)),
    })
    .check(
      z.refine(
        (given) => given.argument === undefined || given.properties === undefined,
        'argument and properties are mutually exclusive',
      ),
      z.refine(
        (given) => given.files === undefined || given.contentType === 'multipart/form-data',
        'files need contentType multipart/form-data',
      ),
      z.refine(
        (given) => given.argument !== undefined || !isJsonPatch(given.contentType),
        'contentType application/json-patch+json requires argument, because its body is a list',
      ),
    )
  const toolRequest = z.strictObject({
    method: z._default(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']), 'POST'),
    url: z.string().check(z.minLength(1), z.maxLength(2_000)),
    parameters: z._default(z.array(parameter), []),
    body: z.optional(body),
    headers: z._default(z.record(z.string(), z.string().check(z.maxLength(4_000))), {}),
    resultPointer: z.optional(
      z
        .string()
        .check(
          z.regex(/^(\/([^~]|~[01])*)?$/, 'must be a JSON Pointer (RFC 6901) such as /data/items'),
        ),
    ),
    wrap: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  })
  return { parameter, property, body, toolRequest }
})

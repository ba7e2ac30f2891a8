import { ConfigError } from '../../../shared/config.ts'
import { parseCatalogue } from '../../../shared/tools.ts'
import { type FuzzTarget, must } from '../target.ts'

const NAME = /^[A-Za-z0-9_.-]{1,128}$/
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const tool = { description: 'Events.', scopes: ['events:read'], inputSchema: { type: 'object' } }

/** Catalogues in JSON and YAML. Error messages name tools, so they may contain the marker. */
export const catalogueTarget: FuzzTarget = {
  name: 'catalogue',
  seeds: [
    JSON.stringify({ listEvents: tool, about: { scopes: [] } }),
    JSON.stringify({ tools: [{ name: 'a', ...tool }], defaults: { scopes: ['b'] } }),
    JSON.stringify({ tools: { a: { securitySchemes: [{ type: 'oauth2', scopes: ['x'] }] } } }),
    'listEvents:\n  description: Events.\n  scopes: [events:read]\nabout: {scopes: []}\n',
    'defaults: &d\n  scopes: [a]\ntools:\n  one: *d\n  two:\n    <<: *d\n    timeoutMs: 10\n',
    'tools:\n  - name: a\n    securitySchemes: [{type: noauth}]\n    annotations: {readOnlyHint: true}\n',
    'a: |\n  x\nb: >-\n  y\n? c\n: {scopes: !!set {d}}\n',
  ],
  check: (text) => {
    let catalogue: ReturnType<typeof parseCatalogue>
    try {
      catalogue = parseCatalogue({ TOOLS: text })
    } catch (error) {
      if (error instanceof ConfigError) return
      throw error
    }
    for (const [name, { scopes, ...found }] of catalogue) {
      must(NAME.test(name) && found.name === name, 'a tool has an invalid name')
      must(Array.isArray(scopes), 'a tool has no scopes list')
      must(
        scopes.every((scope) => SCOPE.test(scope)),
        'a scope is not a scope token',
      )
      const says = /scopes|noauth/.test(text) || /\\u|\\x|%/.test(text)
      must(scopes.length > 0 || says, 'a tool is public without a declaration')
    }
  },
}

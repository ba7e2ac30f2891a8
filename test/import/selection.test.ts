import { describe, expect, test } from 'vitest'
import { imported } from './run.ts'

const operation = (
  operationId: string | undefined,
  tags: readonly string[],
  more: object = {},
) => ({
  ...(operationId && { operationId }),
  tags,
  responses: {},
  ...more,
})
const api = {
  openapi: '3.1.0',
  servers: [{ url: 'https://api.example.com' }],
  paths: {
    '/pets': {
      get: operation('listPets', ['pets']),
      post: operation('pets/create', ['pets', 'admin']),
    },
    '/pets/{id}/photos': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: operation('pets/list-photos', ['photos']),
    },
    '/old': { get: operation('old', [], { deprecated: true }) },
    '/users': { delete: operation(undefined, ['admin']), trace: operation('trace', []) },
  },
}
const names = async (...args: readonly string[]) => {
  const { catalogue } = await imported(api, ...args)
  return Object.keys(catalogue?.tools ?? {})
}

describe('the selection of operations', () => {
  test.each([
    [
      ['--include', 'tag:pets'],
      ['listPets', 'pets_create'],
    ],
    [
      ['--include', 'tag:pets', '--include', 'tag:photos', '--exclude', 'method:POST'],
      ['listPets', 'pets_list-photos'],
    ],
    [
      ['--include', 'path:/pets'],
      ['listPets', 'pets_create'],
    ],
    [
      ['--include', 'path:/pets/**'],
      ['listPets', 'pets_create', 'pets_list-photos'],
    ],
    [['--include', 'path:/pets/*/photos'], ['pets_list-photos']],
    [
      ['--include', 'id:pets/*'],
      ['pets_create', 'pets_list-photos'],
    ],
    [['--include', 'method:delete'], ['delete_users']],
    [['--include', 'id:old', '--deprecated'], ['old']],
  ])('includes the matching operations for %j', async (args, expected) => {
    expect(await names(...args)).toEqual(expected)
  })

  test('reports each omitted operation with the reason', async () => {
    const { leftOut, tools } = await imported(api, '--exclude', 'tag:admin')
    expect(leftOut).toEqual([
      { operation: 'POST /pets', reason: 'excluded by tag:admin' },
      { operation: 'GET /old', reason: 'deprecated (use --deprecated to import it)' },
      { operation: 'DELETE /users', reason: 'excluded by tag:admin' },
      { operation: 'TRACE /users', reason: 'the method TRACE is not supported' },
    ])
    expect(tools.map(({ operation }) => operation)).toEqual(['GET /pets', 'GET /pets/{id}/photos'])
  })

  test('warns about a pattern that matches no operation', async () => {
    const { warnings } = await imported(api, '--exclude', 'tag:petz')
    expect(warnings).toEqual(['--exclude tag:petz matches no operation'])
  })

  test('warns about more than 30 tools', async () => {
    const many = (count: number) => ({
      ...api,
      paths: Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `/p${index}`,
          { get: operation(undefined, []) },
        ]),
      ),
    })
    expect((await imported(many(30))).warnings).toEqual([])
    expect((await imported(many(31))).warnings[0]).toMatch(/^31 tools are too many/)
  })
})

describe('the name of an imported tool', () => {
  const namesOf = async (ids: readonly string[], ...args: readonly string[]) => {
    const paths = Object.fromEntries(
      ids.map((id, index) => [`/p${index}`, { get: operation(id, []) }]),
    )
    const { tools } = await imported({ ...api, paths }, ...args)
    return tools.map(({ name }) => name)
  }

  test('is valid for every client', async () => {
    const found = await namesOf(['a b/c.d', 'x'.repeat(80), '__ü__', 'ok-1'])
    for (const name of found) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(found[0]).toBe('a_b_c_d')
    expect(found[1]).toMatch(/^x{57}_[0-9a-f]{6}$/)
    expect(found[2]).toBe('get_p2')
    expect(found[3]).toBe('ok-1')
  })

  test('is unique and does not depend on the selection', async () => {
    const ids = ['a/b', 'a_b', 'a.b']
    const all = await namesOf(ids)
    expect(new Set(all).size).toBe(3)
    expect(all[1]).toBe('a_b')
    expect(await namesOf(ids, '--exclude', 'path:/p0')).toEqual(all.slice(1))
    expect(await namesOf(ids, '--include', 'path:/p2')).toEqual(all.slice(2))
  })
})
